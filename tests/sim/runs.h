/*
 * Many runs, each in a process of its own, so that a run that ends by a signal
 * is told like any other breach. Here, around the runs and not in them, the
 * host's processes may be used.
 */
#ifndef YZ_SIM_RUNS_H
#define YZ_SIM_RUNS_H

#include "tests/sim/fault.h"

struct result {
    uint64_t seed;
    bool failed;
    char invariant[16];         /* "signal 6", when it ended so */
    char why[FAIL_ROOM];
    int64_t at;                 /* virtual time of the end */
    struct setup setup;
    uint64_t trace, register_hash;
    struct sim_count count;
    uint64_t reach[REACHES], struck[FAULTS];
};

/* One run, here or (`apart`) in a process of its own. */
void run_one(struct schedule *schedule, bool apart, struct result *out);

/* What is to be run, and what came of it all. */
struct runs {
    uint64_t from, to;
    struct setup setup;
    uint64_t without;           /* kinds of fault, a bit for each */
    int jobs;
    const char *commit;
    bool all;                   /* go on after a failure */
    const char *save;           /* where a shrunk schedule goes, or NULL */
    struct result total;
    uint64_t failures, runs, station_hours;
    uint64_t traces;            /* hash of all traces, in order of seed */
};

/* Run all seeds; say each failure, and shrink the first. False when any
 * failed. */
bool runs_all(struct runs *runs);
void result_say(const struct runs *runs, const struct result *result);

/* Cut a failing schedule down: the same invariant still breaks. Replaces
 * *schedule and returns the number of runs it took. */
int shrink(struct schedule *schedule, const char *invariant);

#endif
