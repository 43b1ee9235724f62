/*
 * Writing the log. A line is put together in memory and written with one call,
 * so lines of a dying process are whole or missing. Files turn over by rename:
 * x becomes x.1, x.1 becomes x.2, the tenth is overwritten.
 */
#include "daemon/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LIMITS = 64, MINUTE = 60000 };

struct limit {                  /* of one code */
    int code, level;
    int64_t told;               /* when it was last written */
    unsigned held;              /* times since then */
    char event[40];
};

/* The one exception to "no state in statics": a process has one log, and a
 * handle to it in every call of the daemon would say nothing. */
static struct {
    char path[300];
    int file;                   /* -1: none */
    int64_t bytes;
    bool to_stderr;
    int64_t (*now)(void);
    struct limit limit[LIMITS];
    int limits;
} state = {.file = -1};

static int64_t now_ms(void)
{
    struct timespec now;

    if (state.now)
        return state.now();
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void open_file(void)
{
    struct stat info;

    state.file = open(state.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                      0640);
    state.bytes = 0;
    if (state.file >= 0 && fstat(state.file, &info) == 0)
        state.bytes = info.st_size;
}

void log_open(const char *path, bool to_stderr)
{
    log_close();
    state.to_stderr = to_stderr;
    if (!path || strlen(path) >= sizeof(state.path))
        return;
    snprintf(state.path, sizeof(state.path), "%s", path);
    open_file();
}

void log_clock(int64_t (*now)(void))
{
    state.now = now;
}

static void turn_over(void)
{
    char from[320], to[320];

    close(state.file);
    for (int i = LOG_FILES - 1; i > 0; i--) {
        snprintf(from, sizeof(from), i > 1 ? "%s.%d" : "%s", state.path,
                 i - 1);
        snprintf(to, sizeof(to), "%s.%d", state.path, i);
        rename(from, to);
    }
    open_file();
}

static void write_line(const char *line, size_t len)
{
    ssize_t done;

    if (state.to_stderr && write(STDERR_FILENO, line, len) < 0)
        state.to_stderr = false;        /* nobody reads it any more */
    if (state.file < 0)
        return;
    if (state.bytes > 0 && state.bytes + (int64_t)len > LOG_BYTES)
        turn_over();
    if (state.file < 0)
        return;
    done = write(state.file, line, len);
    if (done > 0)
        state.bytes += done;
}

/* Line ends and other controls would let a text pose as a line of its own. */
static void flatten(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

/* Cut a text to `max` bytes without halving a character. */
static void shorten(char *text, size_t max)
{
    if (strlen(text) <= max)
        return;
    while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    text[max] = '\0';
}

static void write_event(int64_t now, int level, int code, const char *event,
                        const char *pairs, unsigned repeated)
{
    const char *text = log_text(code, true);
    char line[LOG_LINE + 2], time[32], again[40] = "";
    int len;

    log_time(now, time);
    if (repeated > 0)
        snprintf(again, sizeof(again), " repeated=%u", repeated);
    len = snprintf(line, sizeof(line) - 1, "%s lv=%c ev=YZ%04d %.40s%s%s%s%s%s",
                   time, level, code, event, pairs[0] ? " " : "", pairs, again,
                   text[0] ? " msg=" : "", text);
    if (len < 0)
        return;
    flatten(line);
    shorten(line, LOG_LINE - 1);
    len = (int)strlen(line);
    line[len++] = '\n';
    write_line(line, (size_t)len);
}

/* The row of this code; with all rows taken the one told longest ago, whose
 * count is lost: there are fewer codes than rows. */
static struct limit *find_limit(int code)
{
    struct limit *oldest = &state.limit[0];

    for (int i = 0; i < state.limits; i++) {
        if (state.limit[i].code == code)
            return &state.limit[i];
        if (state.limit[i].told < oldest->told)
            oldest = &state.limit[i];
    }
    if (state.limits < LIMITS)
        oldest = &state.limit[state.limits++];
    *oldest = (struct limit){.code = code, .told = INT64_MIN};
    return oldest;
}

/* Contacts and what was imported, exported or shown in full are all told. */
static bool is_told_always(int level, int code)
{
    return level == LOG_I &&
           (code / 1000 == 2 || code / 1000 == 3 || code / 1000 == 5);
}

void log_event(int level, int code, const char *event, const char *format, ...)
{
    char pairs[LOG_LINE] = "";
    struct limit *limit = NULL;
    int64_t now = now_ms();
    unsigned repeated = 0;
    va_list args;

    if (!is_told_always(level, code)) {
        limit = find_limit(code);
        /* A clock that was set back must not silence the log for years. */
        if (limit->told != INT64_MIN && now >= limit->told &&
            now - limit->told < MINUTE) {
            limit->held++;
            limit->level = level;
            snprintf(limit->event, sizeof(limit->event), "%s", event);
            return;
        }
        repeated = limit->held;
        limit->held = 0;
        limit->told = now;
    }
    if (format) {
        va_start(args, format);
        vsnprintf(pairs, sizeof(pairs), format, args);
        va_end(args);
        shorten(pairs, LOG_LINE - 300);
    }
    write_event(now, level, code, event, pairs, repeated);
}

void log_close(void)
{
    for (int i = 0; i < state.limits; i++)
        if (state.limit[i].held > 0)
            write_event(now_ms(), state.limit[i].level, state.limit[i].code,
                        state.limit[i].event, "", state.limit[i].held);
    state.limits = 0;
    if (state.file >= 0)
        close(state.file);
    state.file = -1;
    state.to_stderr = false;
    state.path[0] = '\0';
}
