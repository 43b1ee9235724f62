/*
 * What goes wrong, as data: lines of "time machine fault numbers", drawn from
 * the seed before the run and obeyed by it. A line says all there is to say, so
 * a schedule can be kept, cut down and run again.
 */
#ifndef YZ_SIM_FAULT_H
#define YZ_SIM_FAULT_H

#include "tests/sim/sim.h"

enum fault_who { WHO_STATION, WHO_HUB, WHO_ANY };

/* name, who, healing (a disk is lost, copied or false; see README.md). A machine
 * that is resumed from a snapshot, and a twin, draw the same dice a second time;
 * what is set back or cloned draws others. */
#define FAULT_LIST(X) \
    X(FAULT_STOP, "stop", WHO_ANY, 0)       /* down_ms */ \
    X(FAULT_KILL, "kill", WHO_ANY, 0)       /* down_ms */ \
    X(FAULT_POWER, "power", WHO_ANY, 0)     /* down_ms survival */ \
    X(FAULT_DIE, "die", WHO_ANY, 0)         /* mark times survival down_ms */ \
    X(FAULT_DISK, "disk", WHO_ANY, 0)       /* op after times code */ \
    X(FAULT_FULL, "full", WHO_ANY, 0)       /* bytes_left for_ms */ \
    X(FAULT_LIE, "lie", WHO_STATION, 1)     /* for_ms survival; power cut */ \
    X(FAULT_ROT, "rot", WHO_STATION, 1)     /* bits down_ms */ \
    X(FAULT_MISDIRECT, "misdirect", WHO_STATION, 1)     /* after */ \
    X(FAULT_JUMP, "jump", WHO_ANY, 0)       /* off_ms */ \
    X(FAULT_DRIFT, "drift", WHO_ANY, 0)     /* ppm */ \
    X(FAULT_BATTERY, "battery", WHO_ANY, 0) /* down_ms */ \
    X(FAULT_SLEEP, "sleep", WHO_STATION, 0) /* for_ms */ \
    X(FAULT_CUT, "cut", WHO_STATION, 0)     /* down byte */ \
    X(FAULT_CLOG, "clog", WHO_STATION, 0)   /* down byte for_ms */ \
    X(FAULT_GARBLE, "garble", WHO_STATION, 0)           /* down byte bit */ \
    X(FAULT_TWICE, "twice", WHO_STATION, 0) /* after_ms */ \
    X(FAULT_LATE, "late", WHO_STATION, 0)   /* by_ms */ \
    X(FAULT_STALE, "stale", WHO_STATION, 0) /* an old answer to a new ask */ \
    X(FAULT_REPLAY, "replay", WHO_STATION, 0)           /* how_far_back */ \
    X(FAULT_NONE, "none", WHO_STATION, 0)   /* for_ms: no way through */ \
    X(FAULT_DEAF, "deaf", WHO_STATION, 0)   /* for_ms: one way only */ \
    X(FAULT_MUTE, "mute", WHO_STATION, 0)   /* for_ms: the other way only */ \
    X(FAULT_PORTAL, "portal", WHO_STATION, 0)           /* for_ms */ \
    X(FAULT_SLOW, "slow", WHO_STATION, 0)   /* for_ms rate */ \
    X(FAULT_AWAY, "away", WHO_HUB, 0)       /* for_ms silent */ \
    X(FAULT_HERD, "herd", WHO_HUB, 0)       /* all stations ask at once */ \
    X(FAULT_RESTORE, "restore", WHO_HUB, 1) /* age mode down_ms */ \
    X(FAULT_SETBACK, "setback", WHO_STATION, 1)         /* age down_ms */ \
    X(FAULT_RESUME, "resume", WHO_STATION, 1)           /* age down_ms */ \
    X(FAULT_CLONE, "clone", WHO_STATION, 1) /* age for_ms */ \
    X(FAULT_TWIN, "twin", WHO_STATION, 1)   /* age for_ms */ \
    X(FAULT_LOST, "lost", WHO_STATION, 1)   /* down_ms; a new PC comes */ \
    X(FAULT_POISON, "poison", WHO_STATION, 0)           /* what dice */ \
    X(FAULT_REVOKE, "revoke", WHO_STATION, 0)           /* for_ms */ \
    X(FAULT_KINDS, "kinds", WHO_ANY, 0)     /* set */ \
    X(FAULT_STICK, "stick", WHO_STATION, 0) /* to_ms back_ms twice; a bundle
                                             * is carried */

enum fault_kind {
#define FAULT_ENUM(name, text, who, healing) name,
    FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
    FAULTS
};

enum { FAULT_ARGS = 4 };

struct fault_line {
    int64_t at;
    int machine;
    enum fault_kind kind;
    int64_t arg[FAULT_ARGS];
};

struct schedule {
    struct setup setup;
    struct fault_line *list;
    int count, cap;
    uint64_t struck[FAULTS];    /* filled by the run */
};

/* Modes of FAULT_RESTORE. */
enum {
    RESTORE_NOTICED,            /* the file of numbers stays as it is now */
    RESTORE_UNNOTICED,          /* everything is as of then */
    RESTORE_MODES
};

const char *fault_text(enum fault_kind kind);
/* FAULTS when there is none of that name. */
enum fault_kind fault_find(const char *text);
bool fault_healing(enum fault_kind kind);
enum fault_who fault_who(enum fault_kind kind);

/* Draw what the setup leaves open, and the lines; none of a kind in `without`
 * (a bit for each). */
void schedule_draw(struct schedule *schedule, const struct setup *setup,
                   uint64_t without);
void schedule_add(struct schedule *schedule, const struct fault_line *line);
void schedule_copy(struct schedule *to, const struct schedule *from);
void schedule_done(struct schedule *schedule);
/* As text: what the setup is, then a line each. */
void schedule_write(const struct schedule *schedule, struct buf *out);
/* 0, or the number of the line that is wrong. */
int schedule_read(struct bytes text, struct schedule *out);

/* strike.c: a line's time has come; something that lasted is over; copies of
 * disks that later lines will need. */
void strike_plan(struct sim *sim);
void strike(struct sim *sim, int line);
void strike_end(struct sim *sim, int line);
void strike_copy(struct sim *sim, int line);
void strike_heal(struct sim *sim);
void strike_done(struct sim *sim);

#endif
