/*
 * One run: a county in one process. The shipped objects of proto/, store/,
 * daemon/core.c, asking.c and answer.c do the work; what they need of the
 * world (clock, dice, disk, line, clerks) is simulated, and comes from the
 * seed alone. Who is told what is written down by the oracle, which knows
 * nothing else.
 */
#ifndef YZ_SIM_H
#define YZ_SIM_H

#include "store/store.h"
#include "tests/sim/heap.h"
#include "tests/sim/rng.h"

struct machine;
struct oracle;
struct net;
struct schedule;
struct copy;
struct stick;
struct work;

enum {
    MACHINES = 48,              /* stations, their clones, the hub */
    STATIONS_MAX = 32,
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    FAIL_ROOM = 400,
    TIME_ROOM = 48
};

#define COUNTY "520527"

/* What a history is made of besides the seed. 0 or -1: the seed draws it. */
struct setup {
    uint64_t seed;
    int days, stations;
    int64_t every_ms;
    int saves;                  /* of one clerk on one day */
    int64_t clock_shift_ms;     /* all clocks of this run go so wrong */
    bool even;                  /* a line on which bytes take no time, so that
                                 * what a clock says cannot move anything */
    bool twice;                 /* and again with other clocks: the register
                                 * must be the same */
    bool trace;                 /* say what happens, line by line */
};

enum happening {
    WHEN_START,                 /* a machine comes up */
    WHEN_WAKE,                  /* the core's time has come */
    WHEN_COMMIT,                /* a turn that waited for more ends */
    WHEN_SETTLE,                /* a confirmation was kept for later */
    WHEN_CLERK,                 /* somebody sits down to work */
    WHEN_FAULT,                 /* a line of the schedule */
    WHEN_COPY,                  /* of a disk, for a later line */
    WHEN_FAULT_ENDS,
    WHEN_HEAL,
    WHEN_LOOK,                  /* has everything converged? */
    WHEN_CONNECT,               /* from here on: of one exchange */
    WHEN_SAY,
    WHEN_HEARD,
    WHEN_ASKED,
    WHEN_TELL,
    WHEN_TOLD,
    WHEN_OVER,
    WHEN_STALL
};

enum phase { PHASE_SAFETY, PHASE_LIVENESS, PHASE_END };

struct sim_count {
    uint64_t events, saves, exchanges, whole, crashes, restarts, opens;
    uint64_t told;              /* changes that somebody was told to be saved */
    uint64_t bytes;
    uint64_t parked, lone, records, checks, mended;
};

struct sim {
    struct setup setup;
    int64_t now;                /* virtual ms since the start */
    int64_t ends_at;            /* of the safety phase */
    int64_t converged_at;
    enum phase phase;
    struct heap heap;
    struct machine *machine[MACHINES];  /* the hub is the last of the first
                                         * ones; clones come after it */
    int machines, hub;
    struct net *net;
    struct work *work;
    struct oracle *oracle;
    struct schedule *schedule;
    uint64_t trace, register_hash;
    struct copy *copies;        /* of disks, one for each line */
    struct stick *sticks;       /* likewise */
    uint64_t reach[REACHES];
    struct sim_count count;
    bool failed;
    char invariant[16];
    char why[FAIL_ROOM];
};

/* Run one history to its end. True when every invariant held. */
bool sim_run(struct sim *sim, const struct setup *setup,
             struct schedule *schedule);
void sim_done(struct sim *sim);

/* ---- for the parts ---- */

/* Something is to happen to a machine after so long. */
void sim_after(struct sim *sim, int64_t wait, const struct machine *machine,
               enum happening what, uint64_t of);
/* Everything observable goes into one hash. */
void sim_trace(struct sim *sim, uint64_t value);
void sim_trace_bytes(struct sim *sim, const void *data, size_t len);
/* A line for --trace. */
void sim_say(const struct sim *sim, const struct machine *machine,
             const char *what, ...) __attribute__((format(printf, 3, 4)));
/* The first breach of an invariant ends the run. */
void sim_fail(struct sim *sim, const char *invariant, const char *why, ...)
    __attribute__((format(printf, 3, 4)));
struct machine *sim_hub(const struct sim *sim);
/* "1d02:03:04.005" */
void time_text(int64_t at, char out[TIME_ROOM]);

#endif
