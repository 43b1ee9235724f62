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
    double until;               /* no run begins after it; 0: all do */
    const char *commit;
    bool all;                   /* go on after a failure */
    const char *save;           /* where a shrunk schedule goes, or NULL */
    struct result total;
    uint64_t failures, runs, station_hours;
    uint64_t traces;            /* hash of all traces, in order of seed */
};

/* The host's monotonic clock: how long it took, and when to stop. */
double host_seconds(void);

/* Run all seeds; say each failure, and shrink the first. False when any
 * failed. */
bool runs_all(struct runs *runs);
void result_say(const struct runs *runs, const struct result *result);

/* ---- table.c ---- */
void table_counts(const struct runs *runs);
void table_line(const struct runs *runs, double took);
void table_page(const struct runs *runs, double took);
/* False when a kind of fault was never struck, or a mark never reached that can
 * be; says which. */
bool table_all_reached(const struct runs *runs);
/* Why no run ever reaches it; NULL when one can. */
const char *beyond(enum reach mark);

/* Cut a failing schedule down: the same invariant still breaks. Takes four
 * minutes at most, and a run. Replaces *schedule and returns how many runs it
 * took. */
int shrink(struct schedule *schedule, const char *invariant);

#endif
