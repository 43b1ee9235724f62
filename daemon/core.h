/*
 * The core: when to talk. A pure step function: it allocates nothing, asks
 * nothing and fails at nothing; time and dice come in with the event.
 */
#ifndef YZ_CORE_H
#define YZ_CORE_H

#include "daemon/exchange.h"

enum event_type {
    EV_START,                   /* the program is up */
    EV_SAVED,                   /* something new waits to be sent */
    EV_NOW,                     /* a person asks for an exchange */
    EV_WAKE,                    /* the time given as wake_at has come */
    EV_LOOK,                    /* some seconds of an exchange have passed */
    EV_DONE                     /* the exchange has ended */
};

struct event {
    enum event_type type;
    int64_t now;                /* monotonic, ms */
    uint32_t dice;              /* any number, for jitter */
    /* EV_DONE only: */
    bool whole;                 /* the answer came to its end */
    bool more;                  /* there is more to send or to take in */
    bool progress;              /* something was confirmed or taken in */
    bool healed;                /* something will be sent again: it has not */
    bool terse;                 /* some of it was told in few bytes, */
    uint64_t bytes;             /* and so many went, both ways, */
    uint64_t bytes_up;          /* of which up, */
    uint64_t unsent;            /* and so many more were made, and got stuck */
    uint64_t up;                /* changes said: the hub may have taken them */
    int64_t retry_after_ms;     /* the hub asks to wait, 0 if it does not */
    /* EV_LOOK only: */
    uint64_t moved;             /* bytes up and down that arrived so far */
    bool owed;                  /* a sign of the hub's is: that bytes arrived,
                                 * or the rest of its answer */
};

struct todo {
    bool exchange;              /* begin one now, as `plan` says */
    struct asking_plan plan;
    bool plain;                 /* spare the machines, not bytes */
    int64_t connect_ms;         /* how long to wait for a connection */
    bool give_up;               /* end the one that runs: nothing moves */
    int64_t wake_at;            /* monotonic ms, -1: only when something comes */
};

struct core {
    int64_t every_ms;           /* 0: only when asked */
    int64_t linger_ms;
    bool busy;
    bool again;                 /* something came while busy */
    bool alone;                 /* the one that runs is a hello alone */
    bool cut;                   /* how far the hub came is not known */
    int failures;               /* in a row, without progress */
    int64_t next_at;            /* -1: nothing planned */
    int64_t begun_at;           /* of the one that runs */
    int64_t failed_at;          /* the first of these failures */
    uint64_t moved;             /* of it, */
    int64_t moved_at;           /* since when no more has */
    bool fast;                  /* the line carries more than few bytes save */
    bool tried;                 /* whether it does, since there is more */
    /* What the line carries, in bytes on it: */
    uint64_t rate;              /* a second, 0: not known */
    uint64_t since, span;       /* since the last cut; from cut to cut */
    uint64_t change;            /* of 16 changes, as they were told */
};

void core_init(struct core *core, int64_t every_ms, int64_t linger_ms);
struct todo core_step(struct core *core, struct event event);

#endif
