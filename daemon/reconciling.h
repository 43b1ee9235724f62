/* The private half of reconcile.h: what is asked still, and what was found. */
#ifndef YZ_RECONCILING_H
#define YZ_RECONCILING_H

#include "daemon/reconcile.h"

struct reconcile {
    struct store *store;
    struct reconcile_view view;
    struct sums sums;
    struct found *list;
    /* What is to be asked still; each part of the register is in one of these:
     * behind the walk, a span, an asked span, or done. */
    struct grained *span;
    int spans, span_room;
    struct grained asked[RANGES];
    int asks;
    struct mending *queue;      /* cells the hub's word is wanted on */
    int queued, queue_room;
    int wanted, told;           /* of the queue: asked for, and answered */
    uint64_t done;              /* cells of this pass that may agree now */
    struct buf frames;          /* heard: type, length, payload */
    size_t worked;              /* of them */
    bool ended;                 /* an exchange has, and how: */
    int err;
    bool more;
    bool behind;                /* there are news to take in first */
    bool spoke, moving;         /* the hub did; but its register had moved */
    uint64_t heard;             /* frames that brought us on */
    int fails, vain;
};

/* No way on. */
void reconcile_fail(struct reconcile *reconcile, int err);
void reconcile_push(struct reconcile *reconcile, const struct range *range,
                    uint64_t grain);
/* A cell differs: count it, and list it or have the hub asked. */
void reconcile_differs(void *user, const struct differing *one);
/* The hub gave its word on it. */
void reconcile_mended(struct reconcile *reconcile,
                      const struct mending *cell);

#endif
