#include "tests/sim/fault.h"
#include "tests/sim/disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum how { LINEAR, SCALE };

struct span {
    enum how how;
    int64_t least, most;
};

/* How often at most in a run of three days, and what its numbers may be. */
struct form {
    int most;
    struct span arg[FAULT_ARGS];
};

#define DOWN {SCALE, SECOND, 4 * HOUR}
#define SURVIVAL {LINEAR, DISK_NONE, DISK_SURVIVALS - 1}
#define WAY {LINEAR, 0, 1}
#define BYTE {SCALE, 1, 40000}
#define YEARS_20 (INT64_C(20) * 365 * DAY)

static const struct form forms[FAULTS] = {
    [FAULT_STOP] = {20, {DOWN}},
    [FAULT_KILL] = {30, {DOWN}},
    [FAULT_POWER] = {30, {DOWN, SURVIVAL}},
    [FAULT_DIE] = {60, {{LINEAR, 0, REACHES - 1}, {SCALE, 1, 60},
                        {LINEAR, -1, DISK_SURVIVALS - 1}, DOWN}},
    [FAULT_DISK] = {20, {{LINEAR, 0, DISK_OPS - 1}, {SCALE, 1, 2000},
                         {SCALE, 1, 30}, {LINEAR, 0, 1}}},
    [FAULT_FULL] = {6, {{SCALE, 1, 200000}, {SCALE, MINUTE, 6 * HOUR}}},
    [FAULT_LIE] = {4, {{SCALE, MINUTE, 12 * HOUR}, SURVIVAL}},
    [FAULT_ROT] = {4, {{SCALE, 1, 8}, DOWN}},
    [FAULT_MISDIRECT] = {4, {{SCALE, 1, 500}}},
    [FAULT_JUMP] = {12, {{LINEAR, -YEARS_20, YEARS_20}}},
    [FAULT_DRIFT] = {6, {{LINEAR, -300, 300}}},
    [FAULT_BATTERY] = {4, {DOWN}},
    [FAULT_SLEEP] = {12, {{SCALE, MINUTE, 20 * HOUR}}},
    [FAULT_CUT] = {300, {WAY, BYTE}},
    [FAULT_CLOG] = {60, {WAY, BYTE, {SCALE, SECOND, 10 * MINUTE}}},
    [FAULT_GARBLE] = {60, {WAY, BYTE, {LINEAR, 0, 7}}},
    [FAULT_TWICE] = {60, {{SCALE, 1, DAY}}},
    [FAULT_LATE] = {60, {{SCALE, SECOND, DAY}}},
    [FAULT_STALE] = {20, {{LINEAR, 0, 0}}},
    [FAULT_REPLAY] = {60, {{LINEAR, 0, 5}}},
    [FAULT_NONE] = {40, {{SCALE, MINUTE, 2 * DAY}}},
    [FAULT_DEAF] = {20, {{SCALE, MINUTE, DAY}}},
    [FAULT_MUTE] = {20, {{SCALE, MINUTE, DAY}}},
    [FAULT_PORTAL] = {20, {{SCALE, MINUTE, DAY}}},
    [FAULT_SLOW] = {20, {{SCALE, MINUTE, DAY}, {SCALE, 50, 20000}}},
    [FAULT_AWAY] = {4, {{SCALE, MINUTE, 2 * DAY}, WAY}},
    [FAULT_RESTORE] = {3, {{SCALE, MINUTE, 2 * DAY},
                           {LINEAR, 0, RESTORE_MODES - 1}, DOWN}},
    [FAULT_HERD] = {20, {{LINEAR, 0, 0}}},
    [FAULT_SETBACK] = {6, {{SCALE, MINUTE, 2 * DAY}, DOWN}},
    [FAULT_RESUME] = {4, {{SCALE, MINUTE, 2 * DAY}, DOWN}},
    [FAULT_CLONE] = {3, {{SCALE, 1, DAY}, {SCALE, HOUR, 2 * DAY}}},
    [FAULT_TWIN] = {2, {{SCALE, 1, DAY}, {SCALE, HOUR, 2 * DAY}}},
    [FAULT_LOST] = {3, {DOWN}},
    [FAULT_POISON] = {60, {{LINEAR, 0, 15}, {LINEAR, 0, 1 << 30}}},
    [FAULT_REVOKE] = {3, {{SCALE, MINUTE, 3 * DAY}}},
    [FAULT_KINDS] = {4, {{LINEAR, 0, 2}}},
    [FAULT_STICK] = {60, {{SCALE, MINUTE, 2 * DAY}, {SCALE, MINUTE, 2 * DAY},
                          {LINEAR, 0, 3}}},
};

struct named {
    const char *text;
    enum fault_who who;
    int healing;
};

static const struct named names[FAULTS] = {
#define FAULT_NAMED(name, text, who, healing) [name] = {text, who, healing},
    FAULT_LIST(FAULT_NAMED)
#undef FAULT_NAMED
};

const char *fault_text(enum fault_kind kind)
{
    return kind < FAULTS ? names[kind].text : "";
}

enum fault_kind fault_find(const char *text)
{
    int kind = 0;

    while (kind < FAULTS && strcmp(names[kind].text, text) != 0)
        kind++;
    return (enum fault_kind)kind;
}

bool fault_healing(enum fault_kind kind)
{
    return names[kind].healing != 0;
}

enum fault_who fault_who(enum fault_kind kind)
{
    return names[kind].who;
}

/* ---- drawing ---- */

/* The seed chooses what is left open. */
static void setup_draw(struct setup *setup, struct rng *dice)
{
    static const int64_t every[] = {5 * MINUTE, 15 * MINUTE, 15 * MINUTE,
                                    30 * MINUTE, HOUR, 3 * HOUR};
    int64_t saves = rng_scale(dice, 4, 80);
    int64_t pause = every[rng_below(dice, sizeof every / sizeof every[0])];

    if (setup->days == 0)
        setup->days = 3;
    if (setup->stations == 0)
        setup->stations = 10;
    if (setup->saves == 0)
        setup->saves = (int)saves;
    if (setup->every_ms == 0)
        setup->every_ms = pause;
}

static void line_draw(struct rng *dice, const struct setup *setup,
                      enum fault_kind kind, struct fault_line *out)
{
    const struct form *form = &forms[kind];

    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->at = rng_range(dice, 0, (int64_t)setup->days * DAY);
    out->machine = (int)rng_below(dice, (uint64_t)setup->stations);
    if (fault_who(kind) == WHO_HUB ||
        (fault_who(kind) == WHO_ANY && rng_chance(dice, 400)))
        out->machine = setup->stations;
    for (int i = 0; i < FAULT_ARGS; i++)
        out->arg[i] = form->arg[i].how == SCALE
                          ? rng_scale(dice, form->arg[i].least,
                                      form->arg[i].most)
                          : rng_range(dice, form->arg[i].least,
                                      form->arg[i].most);
}

static int by_time(const void *a, const void *b)
{
    const struct fault_line *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

/* Swarm: each run has a part of the kinds, each of them as often as it is
 * drawn; what all have at once hides what one alone would show. */
void schedule_draw(struct schedule *schedule, const struct setup *setup,
                   uint64_t without)
{
    struct fault_line line;
    struct rng dice;

    memset(schedule, 0, sizeof *schedule);
    schedule->setup = *setup;
    rng_seed(&dice, setup->seed, 1);
    setup_draw(&schedule->setup, &dice);
    for (int kind = 0; kind < FAULTS; kind++) {
        struct rng own;
        int64_t count;

        rng_seed(&own, setup->seed, 100 + (uint64_t)kind);
        if (!rng_chance(&own, 350) || (without >> kind & 1) != 0)
            continue;
        count = rng_scale(&own, 1, forms[kind].most);
        count = (count * schedule->setup.days + 2) / 3;
        for (int64_t i = 0; i < count; i++) {
            line_draw(&own, &schedule->setup, (enum fault_kind)kind, &line);
            schedule_add(schedule, &line);
        }
    }
    if (schedule->count > 0)
        qsort(schedule->list, (size_t)schedule->count, sizeof line, by_time);
}

void schedule_add(struct schedule *schedule, const struct fault_line *line)
{
    if (schedule->count == schedule->cap) {
        schedule->cap = schedule->cap == 0 ? 64 : schedule->cap * 2;
        schedule->list = xrealloc(schedule->list, sizeof *schedule->list *
                                                      (size_t)schedule->cap);
    }
    schedule->list[schedule->count++] = *line;
}

void schedule_copy(struct schedule *to, const struct schedule *from)
{
    memset(to, 0, sizeof *to);
    to->setup = from->setup;
    for (int i = 0; i < from->count; i++)
        schedule_add(to, &from->list[i]);
}

void schedule_done(struct schedule *schedule)
{
    free(schedule->list);
    memset(schedule, 0, sizeof *schedule);
}
