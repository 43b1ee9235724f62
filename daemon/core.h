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
    uint64_t bytes;             /* and so many went, both ways */
    int64_t retry_after_ms;     /* the hub asks to wait, 0 if it does not */
};

struct todo {
    bool exchange;              /* begin one now, as `plan` says */
    struct asking_plan plan;
    bool plain;                 /* spare the machines, not bytes */
    int64_t wake_at;            /* monotonic ms, -1: only when something comes */
};

struct core {
    int64_t every_ms;           /* 0: only when asked */
    int64_t linger_ms;
    bool busy;
    bool again;                 /* something came while busy */
    bool alone;                 /* the one that runs is a hello alone */
    bool cut;                   /* the last answer was not whole */
    int failures;               /* in a row, without progress */
    int64_t next_at;            /* -1: nothing planned */
    size_t batch_size;
    int batches;
    int64_t begun_at;           /* of the one that runs */
    bool fast;                  /* the line carries more than few bytes save */
    bool tried;                 /* whether it does, since there is more */
};

void core_init(struct core *core, int64_t every_ms, int64_t linger_ms);
struct todo core_step(struct core *core, struct event event);

#endif
