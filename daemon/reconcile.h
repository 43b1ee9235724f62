/*
 * Comparing this station with the hub, cell by cell, and mending what differs.
 * It rides on ordinary exchanges: each ask carries what it wants to know next,
 * each frame of the answer that came whole is worked off, so a cut line costs
 * no more than the frame on the wire. Nothing is kept at the hub in between.
 *
 * A walk over all records compares digests of thousands of cells; what differs
 * is cut smaller until rows are worth it. With `repair` the hub is asked for
 * its word on each cell that differs, and all is walked once more to prove it.
 */
#ifndef YZ_RECONCILE_H
#define YZ_RECONCILE_H

#include "daemon/exchange.h"
#include "store/compare.h"

struct reconcile;

enum reconcile_state {
    RECONCILE_NEVER,
    RECONCILE_RUNNING,
    RECONCILE_DONE,
    RECONCILE_FAILED
};

/* One cell that differed, and what became of it. */
struct found {
    struct mending cell;
    bool mended;                /* the hub gave its word; see cell.outcome */
};

struct reconcile_view {
    enum reconcile_state state;
    bool repair;
    int cause;                  /* ERR_* when it failed */
    uint64_t run;               /* which one since the start */
    int passes;                 /* walks over all records, the last included */
    uint64_t cells;             /* compared in this pass */
    uint64_t found[DIFFER_BOTH + 1];    /* in the first pass, by what differs */
    uint64_t mended, cases, damaged;
    uint64_t left;              /* still differ */
    uint64_t exchanges, bytes_up, bytes_down;
    const struct sums *sums;    /* of the last pass */
    const struct found *list;   /* the first of those that differed */
    int listed;
};

struct reconcile *reconcile_new(struct store *store);
void reconcile_free(struct reconcile *reconcile);
/* ERR_RUNNING. */
int reconcile_start(struct reconcile *reconcile, bool repair);
bool reconcile_runs(const struct reconcile *reconcile);
/* The lists belong to it and live until the next start. */
void reconcile_view(const struct reconcile *reconcile,
                    struct reconcile_view *out);

/* ---- for the exchange ---- */

/* Append the frames this ask should carry, before its end. */
void reconcile_say(struct reconcile *reconcile, struct wire *wire,
                   struct buf *out);
/* Keep a frame of the answer; one of another type is passed over. */
void reconcile_hear(struct reconcile *reconcile, int type,
                    struct bytes payload);
/* The exchange ended with `err`. */
void reconcile_ended(struct reconcile *reconcile, int err,
                     const struct asked *asked);
/* Then, before another exchange begins: while frames wait, work one off, each
 * in a turn of its own. A failure ends the run. */
bool reconcile_waits(const struct reconcile *reconcile);
void reconcile_work(struct reconcile *reconcile);
/* At last: true when another exchange should follow. */
bool reconcile_next(struct reconcile *reconcile);

#endif
