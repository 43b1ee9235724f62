/*
 * Cutting a failing schedule down. Each candidate is a fresh run, and counts
 * when the same invariant breaks. First whole kinds of fault are left out, then
 * days, stations, the clerks' zeal; then ever smaller parts of the lines; at
 * last, how long what is left lasts.
 */
#include "tests/sim/runs.h"

#include <string.h>

enum { SECONDS_MAX = 240 };

struct shrinking {
    struct schedule *best;
    const char *invariant;
    int runs;
    double until;
};

/* Keep the candidate when it still fails; it is released otherwise. */
static bool try(struct shrinking *on, struct schedule *candidate)
{
    struct result result;

    if (host_seconds() > on->until) {
        schedule_done(candidate);
        return false;
    }
    on->runs++;
    run_one(candidate, true, &result);
    if (!result.failed || strcmp(result.invariant, on->invariant) != 0) {
        schedule_done(candidate);
        return false;
    }
    schedule_done(on->best);
    *on->best = *candidate;
    return true;
}

static bool without(struct shrinking *on, int from, int count)
{
    struct schedule candidate;

    memset(&candidate, 0, sizeof candidate);
    candidate.setup = on->best->setup;
    for (int i = 0; i < on->best->count; i++)
        if (i < from || i >= from + count)
            schedule_add(&candidate, &on->best->list[i]);
    return try(on, &candidate);
}

static void kinds(struct shrinking *on)
{
    for (int kind = 0; kind < FAULTS; kind++) {
        struct schedule candidate;

        memset(&candidate, 0, sizeof candidate);
        candidate.setup = on->best->setup;
        for (int i = 0; i < on->best->count; i++)
            if (on->best->list[i].kind != (enum fault_kind)kind)
                schedule_add(&candidate, &on->best->list[i]);
        if (candidate.count < on->best->count)
            try(on, &candidate);
        else
            schedule_done(&candidate);
    }
}

static void lines(struct shrinking *on)
{
    int part = on->best->count;

    while (part > 0) {
        int at = 0;
        bool less = false;

        while (at < on->best->count)
            if (without(on, at, part))
                less = true;
            else
                at += part;
        if (part > 1 || !less)
            part /= 2;
    }
}

/* The same with another number in the setup; what went wrong with stations that
 * are no more goes with them. */
static bool with(struct shrinking *on, int *number, int value)
{
    const struct schedule *best = on->best;
    struct schedule candidate;
    int was = *number, hub = best->setup.stations;

    *number = value;
    memset(&candidate, 0, sizeof candidate);
    candidate.setup = best->setup;
    *number = was;
    for (int i = 0; i < best->count; i++) {
        struct fault_line line = best->list[i];

        if (line.machine == hub)
            line.machine = candidate.setup.stations;
        else if (line.machine >= candidate.setup.stations)
            continue;
        schedule_add(&candidate, &line);
    }
    return try(on, &candidate);
}

/* Less and less of it. `number` is in on->best. */
static void setup(struct shrinking *on, int *number, int least)
{
    for (int step = *number / 2; step > 0; step /= 2)
        while (*number - step >= least && with(on, number, *number - step))
            ;
}

static void times(struct shrinking *on)
{
    for (int i = 0; i < on->best->count; i++)
        for (int arg = 0; arg < FAULT_ARGS; arg++)
            while (on->best->list[i].arg[arg] > SECOND) {
                struct schedule candidate;

                schedule_copy(&candidate, on->best);
                candidate.list[i].arg[arg] /= 4;
                if (!try(on, &candidate))
                    break;
            }
}

int shrink(struct schedule *schedule, const char *invariant)
{
    struct shrinking on = {.best = schedule, .invariant = invariant,
                           .until = host_seconds() + SECONDS_MAX};

    kinds(&on);
    setup(&on, &schedule->setup.days, 1);
    setup(&on, &schedule->setup.stations, 2);
    setup(&on, &schedule->setup.saves, 1);
    lines(&on);
    times(&on);
    return on.runs;
}
