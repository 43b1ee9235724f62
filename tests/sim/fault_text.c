/* A schedule as text: what the setup is, then one line a fault. */
#include "tests/sim/fault.h"
#include "tests/sim/disk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 200, WORD = 32 };

static void put(struct buf *out, const char *text)
{
    buf_put(out, text, strlen(text));
}

static void put_setup(const struct setup *setup, struct buf *out)
{
    char line[LINE_ROOM];

    snprintf(line, sizeof line,
             "seed %" PRIu64 "\ndays %d\nstations %d\nsaves %d\n"
             "every %" PRId64 "\n",
             setup->seed, setup->days, setup->stations, setup->saves,
             setup->every_ms);
    put(out, line);
    if (setup->clock_shift_ms != 0) {
        snprintf(line, sizeof line, "shift %" PRId64 "\n",
                 setup->clock_shift_ms);
        put(out, line);
    }
    if (setup->even)
        put(out, "even\n");
    if (setup->twice)
        put(out, "twice\n");
}

static void put_line(const struct schedule *schedule,
                     const struct fault_line *line, struct buf *out)
{
    char text[LINE_ROOM], at[TIME_ROOM], who[WORD] = "hub";
    int args = FAULT_ARGS;

    time_text(line->at, at);
    if (line->machine < schedule->setup.stations)
        snprintf(who, sizeof who, "s%d", line->machine);
    snprintf(text, sizeof text, "%s %s %s", at, who, fault_text(line->kind));
    put(out, text);
    while (args > 0 && line->arg[args - 1] == 0)
        args--;
    for (int i = 0; i < args; i++) {
        snprintf(text, sizeof text, " %" PRId64, line->arg[i]);
        if (i == 0 && line->kind == FAULT_DIE)
            snprintf(text, sizeof text, " %s",
                     reach_text((enum reach)line->arg[0]));
        put(out, text);
    }
    put(out, "\n");
}

void schedule_write(const struct schedule *schedule, struct buf *out)
{
    put_setup(&schedule->setup, out);
    for (int i = 0; i < schedule->count; i++)
        put_line(schedule, &schedule->list[i], out);
}

/* ---- reading ---- */

static bool read_setup(const char *line, struct setup *setup)
{
    return sscanf(line, "seed %" SCNu64, &setup->seed) == 1 ||
           sscanf(line, "days %d", &setup->days) == 1 ||
           sscanf(line, "stations %d", &setup->stations) == 1 ||
           sscanf(line, "saves %d", &setup->saves) == 1 ||
           sscanf(line, "every %" SCNd64, &setup->every_ms) == 1 ||
           sscanf(line, "shift %" SCNd64, &setup->clock_shift_ms) == 1;
}

static int64_t read_arg(enum fault_kind kind, int at, const char *word)
{
    if (kind == FAULT_DIE && at == 0)
        for (int i = 0; i < REACHES; i++)
            if (strcmp(reach_text((enum reach)i), word) == 0)
                return i;
    return strtoll(word, NULL, 10);
}

static bool read_fault(const char *line, const struct setup *setup,
                       struct fault_line *out)
{
    int64_t day, hour, minute, second, ms;
    char who[WORD], kind[WORD], word[FAULT_ARGS][WORD];
    int words;

    memset(out, 0, sizeof *out);
    words = sscanf(line,
                   "%" SCNd64 "d%" SCNd64 ":%" SCNd64 ":%" SCNd64 ".%" SCNd64
                   " %31s %31s %31s %31s %31s %31s",
                   &day, &hour, &minute, &second, &ms, who, kind, word[0],
                   word[1], word[2], word[3]);
    if (words < 7)
        return false;
    out->at = day * DAY + hour * HOUR + minute * MINUTE + second * SECOND + ms;
    out->kind = fault_find(kind);
    out->machine = who[0] == 's' ? atoi(who + 1) : setup->stations;
    for (int i = 0; i < words - 7; i++)
        out->arg[i] = read_arg(out->kind, i, word[i]);
    return out->kind < FAULTS;
}

static bool read_line(const char *line, struct schedule *out)
{
    struct fault_line fault;

    if (line[0] == '\0' || line[0] == '#' || read_setup(line, &out->setup))
        return true;
    if (strcmp(line, "even") == 0)
        return out->setup.even = true;
    if (strcmp(line, "twice") == 0)
        return out->setup.twice = true;
    if (!read_fault(line, &out->setup, &fault))
        return false;
    schedule_add(out, &fault);
    return true;
}

int schedule_read(struct bytes text, struct schedule *out)
{
    const char *at = (const char *)text.data;
    const char *end = at + text.len;
    char line[LINE_ROOM];
    int number = 0;

    memset(out, 0, sizeof *out);
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop == NULL ? end : stop) - at);

        number++;
        if (len >= sizeof line)
            return number;
        memcpy(line, at, len);
        line[len] = '\0';
        if (!read_line(line, out))
            return number;
        at += len + 1;
    }
    return 0;
}
