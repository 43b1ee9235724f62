/* Reading the log back, for `yizhan log`. Works without a daemon: the log is
 * wanted most when there is none. */
#include "daemon/log.h"
#include "proto/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void log_time(int64_t ms, char *out)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm local;
    long offset;

    if (ms < 0 || !localtime_r(&seconds, &local)) {
        snprintf(out, 32, "-");
        return;
    }
    offset = local.tm_gmtoff / 60;
    snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u",
             (unsigned)(local.tm_year + 1900) % 10000u,
             (unsigned)(local.tm_mon + 1) % 100u,
             (unsigned)local.tm_mday % 100u, (unsigned)local.tm_hour % 100u,
             (unsigned)local.tm_min % 100u, (unsigned)local.tm_sec % 100u,
             offset < 0 ? '-' : '+', (unsigned)labs(offset) / 60 % 100u,
             (unsigned)labs(offset) % 60);
}

/* Take `sign` (0: none) and then a number of at most `width` digits, up to
 * `most`, off `text`. */
static bool take(const char **text, char sign, size_t width, int most,
                 int *out)
{
    const char *at = sign ? *text + 1 : *text;
    size_t len = 0;

    if (!sign || **text == sign)
        len = strspn(at, "0123456789");
    if (len < 1 || len > width)
        return false;
    *out = (int)strtol(at, NULL, 10);
    *text = at + len;
    return *out <= most;
}

/* Hours and minutes, with or without seconds; parts of a second are passed
 * over. */
static bool take_time(const char **text, struct tm *tm)
{
    if (!take(text, 0, 2, 23, &tm->tm_hour) ||
        !take(text, ':', 2, 59, &tm->tm_min))
        return false;
    if (**text == ':' && !take(text, ':', 2, 60, &tm->tm_sec))
        return false;
    if (**text == '.')
        *text += 1 + strspn(*text + 1, "0123456789");
    return true;
}

static bool take_date(const char **text, struct tm *tm)
{
    if (!take(text, 0, 4, 9999, &tm->tm_year) ||
        !take(text, '-', 2, 12, &tm->tm_mon) ||
        !take(text, '-', 2, 31, &tm->tm_mday))
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return tm->tm_mon >= 0 && tm->tm_mday >= 1;
}

bool log_time_parse(const char *text, int64_t *ms)
{
    struct tm tm = {.tm_isdst = -1};
    int hours, minutes, offset;
    char sign;

    if (!take_date(&text, &tm))
        return false;
    if (*text == 'T' || *text == ' ') {
        text++;
        if (!take_time(&text, &tm))
            return false;
    }
    if (*text == '\0') {
        *ms = (int64_t)mktime(&tm) * 1000;
        return *ms >= 0;
    }
    if (strcmp(text, "Z") == 0) {
        *ms = (int64_t)timegm(&tm) * 1000;
        return true;
    }
    sign = *text;
    if ((sign != '+' && sign != '-') || !take(&text, sign, 2, 23, &hours) ||
        !take(&text, ':', 2, 59, &minutes) || *text != '\0')
        return false;
    offset = (hours * 60 + minutes) * 60;
    *ms = ((int64_t)timegm(&tm) - (sign == '-' ? -offset : offset)) * 1000;
    return true;
}

bool log_code_fits(int code, const char *pattern)
{
    char digits[12];

    if (!pattern)
        return true;
    if (strncmp(pattern, "YZ", 2) == 0 || strncmp(pattern, "yz", 2) == 0)
        pattern += 2;
    snprintf(digits, sizeof(digits), "%04d", code);
    for (int i = 0; pattern[i]; i++)
        if (i > 3 || (pattern[i] != 'x' && pattern[i] != digits[i]))
            return false;
    return true;
}

/* Take a line apart in place; false when it is none of ours. */
static bool parse(char *text, struct log_line *out)
{
    char *level = strstr(text, " lv="), *code, *event, *rest, *msg;

    memset(out, 0, sizeof(*out));
    text[strcspn(text, "\n")] = '\0';
    if (!level || strncmp(level + 5, " ev=YZ", 6) != 0)
        return false;
    *level = '\0';
    out->level = level[4];
    code = level + 11;
    out->code = (int)strtol(code, &event, 10);
    if (event == code || *event != ' ' || !log_time_parse(text, &out->at_ms))
        return false;
    event++;
    rest = event + strcspn(event, " ");
    if (*rest)
        *rest++ = '\0';
    msg = strncmp(rest, "msg=", 4) == 0 ? rest : strstr(rest, " msg=");
    if (msg)
        *msg = '\0';
    out->time = text;
    out->event = event;
    out->rest = rest;
    return true;
}

static int read_file(FILE *file, int64_t since_ms, const char *code,
                     log_each_fn each, void *user)
{
    char text[LOG_LINE + 8];
    struct log_line line;
    int rc = 0;

    while (rc == 0 && fgets(text, sizeof(text), file))
        if (parse(text, &line) && line.at_ms >= since_ms &&
            log_code_fits(line.code, code))
            rc = each(user, &line);
    return rc;
}

int log_read(const char *path, int64_t since_ms, const char *code,
             log_each_fn each, void *user)
{
    bool any = false;
    int rc = 0;

    for (int i = LOG_FILES - 1; i >= 0 && rc == 0; i--) {
        char name[320];
        FILE *file;

        snprintf(name, sizeof(name), i > 0 ? "%s.%d" : "%s", path, i);
        file = fopen(name, "r");
        if (!file)
            continue;
        any = true;
        rc = read_file(file, since_ms, code, each, user);
        fclose(file);
    }
    return any ? 0 : ERR_IO;
}

/* The file under this name is another one now: it was turned over. */
static bool replaced(FILE *file, const char *path)
{
    struct stat open, named;

    return fstat(fileno(file), &open) == 0 && stat(path, &named) == 0 &&
           (open.st_ino != named.st_ino || open.st_dev != named.st_dev);
}

int log_follow(const char *path, const char *code, log_each_fn each,
               void *user)
{
    const struct timespec pause = {.tv_nsec = 500000000};
    FILE *file = fopen(path, "r");
    int rc;

    if (!file)
        return ERR_IO;
    rc = fseek(file, 0, SEEK_END) == 0 ? 0 : ERR_IO;
    while (rc == 0) {
        rc = read_file(file, INT64_MIN, code, each, user);
        if (rc == 0)
            rc = each(user, NULL);
        nanosleep(&pause, NULL);
        clearerr(file);
        if (rc == 0 && replaced(file, path)) {
            rc = read_file(file, INT64_MIN, code, each, user);
            fclose(file);
            file = fopen(path, "r");
            if (!file)
                return ERR_IO;
        }
    }
    fclose(file);
    return rc < 0 ? rc : 0;
}
