/*
 * A machine: a disk, clocks, and while it is up one process with a store on
 * that disk. A station has a core and talks; the hub answers, and keeps a file
 * of numbers beside its database.
 *
 * A process ends in four ways: told to stop, killed between two events, by a
 * power cut, or in the middle of a call, at a mark of store/reach.h. In the last
 * case its disk dies under it: everything it still does comes to nothing until
 * the call has come back, and then it is gone.
 */
#ifndef YZ_SIM_MACHINE_H
#define YZ_SIM_MACHINE_H

#include "daemon/core.h"
#include "daemon/later.h"
#include "tests/sim/clock.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

enum { ARMS = 8, KILLED = -1, LINE_FAULTS = 16, KEY = 32 };

struct reconcile;
struct talk;
struct copy;

/* To die when a mark was reached so many times. */
struct arm {
    enum reach mark;
    int64_t times;
    int survival;               /* enum disk_survival, or KILLED */
    int64_t down_ms;
};

/* What goes wrong with an exchange that is begun later. */
struct line_fault {
    int kind;                   /* enum fault_kind */
    int64_t a, b, c;
};

struct numbers_file {           /* as the hub keeps it on its disk */
    uint64_t life, reserved;
    struct id hub;
    uint8_t key[KEY];
};

struct machine {
    struct sim *sim;
    int at;                     /* in sim->machine */
    bool hub;
    char name[16], org[16];
    uint8_t key[KEY];           /* a station's secret, hashed */
    struct disk *disk;
    struct clock clock;
    struct rng dice;            /* its program's: origins, jitter; drawn again
                                 * by a machine resumed from a snapshot */
    struct rng shell;           /* ids of asks; when turns are put together */
    struct store *store;        /* NULL: the process is not running */
    unsigned run;
    bool retired;               /* it will never come up again */
    bool wanted;                /* it is to be up */
    bool lies;                  /* its disk says it has what it has not */
    bool lied;
    bool misdirects;
    bool rotten;                /* it once changed bits by itself */
    bool unsound;               /* likewise, or it lied: looked at in the end */
    const struct copy *spare;   /* to be put back when all is lost */
    int64_t sleeps_until;       /* asleep until then */
    bool dying;                 /* a mark was reached; who called comes back */
    struct arm arm[ARMS];
    int arms;
    struct arm death;           /* the one that was reached */
    bool commit_planned;
    int kinds;                  /* which set of kind files it starts with */
    unsigned lineage;           /* raised when its disk was set back */
    int failed_starts;
    /* a station's: */
    struct core core;
    struct later *later;
    struct reconcile *reconcile;        /* NULL: nothing was compared */
    bool begin;
    struct asking_plan plan;
    int64_t wake_at;            /* virtual, -1: never */
    struct talk *talk;
    struct line_fault line[LINE_FAULTS];
    int lines;
    bool revoked;               /* the hub does not know it at present */
    bool clone;
    /* the hub's: */
    struct numbers_file numbers;
};

struct machine *machine_new(struct sim *sim, const char *name,
                            const char *org, bool hub);
void machine_free(struct machine *machine);

void machine_start(struct machine *machine);
/* A clean stop; it comes up again after `down_ms` (-1: never). */
void machine_stop(struct machine *machine, int64_t down_ms);
/* It is switched off for good. */
void machine_retire(struct machine *machine);
/* It ends here and now. `survival` as in struct arm. */
void machine_crash(struct machine *machine, int survival, int64_t down_ms);
void machine_arm(struct machine *machine, const struct arm *arm);
void machine_sleep(struct machine *machine, int64_t for_ms);

/* To be called after every call into the store: false when the process did not
 * outlive it. */
bool machine_lives(struct machine *machine);
/* The end of a turn: commit, at once when somebody waits for it, perhaps later
 * when nobody does. False when the process ended of it. */
bool machine_turn(struct machine *machine, bool waits);

/* ---- station.c ---- */
void station_started(struct machine *machine);
void station_wake(struct machine *machine);
void station_saved(struct machine *machine);
void station_done(struct machine *machine, const struct asked *asked,
                  bool good);
/* A person asks for an exchange. */
void station_now(struct machine *machine);
/* A quiet moment: what was kept for later is settled. */
void station_settle(struct machine *machine);

/* ---- mends.c ---- */
/* In the end every station whose disk is unsound compares, and mends; every one
 * when nobody can refill the hub. True until all have. */
bool mends_wait(struct sim *sim);
/* An exchange ended: true when another one should follow. */
bool mends_on(struct machine *machine, const struct asked *asked, bool good);

/* ---- hub.c ---- */
int hub_numbers(struct machine *hub, bool have_store, struct fault *fault);
int hub_open(struct machine *hub, struct fault *fault);
int hub_stations(struct machine *machine);
/* Whatever was put back, the file of numbers stays as it was last written. */
void hub_keep_numbers(struct machine *hub);
const struct speaker *hub_speaker(void *hub, const char *station);
/* The reserve of struct store_world. */
int hub_reserve(void *hub, uint64_t life, uint64_t upto);

/* ---- kinds.c ---- */
enum { KINDS_OLD, KINDS_NOW, KINDS_NEW, KINDS_SETS };
/* Never freed before the end of the program. */
const struct kinds *sim_kinds(int set);

#endif
