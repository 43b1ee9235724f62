/*
 * Merge: what becomes of one change of one cell. Pure; the same object file
 * decides at the hub and foretells at the station. The letter of it, with the
 * reasons, is in store/README.md.
 */
#ifndef YZ_MERGE_H
#define YZ_MERGE_H

#include "proto/change.h"
#include "proto/kind.h"
#include "store/view.h"

struct merge_in {
    const struct kind *kind;
    int cell;                   /* index */
    /* What is in force. */
    bool ever;                  /* anything ever was */
    bool removed;               /* and it was emptied */
    const struct body *force;   /* its body when ever and not removed */
    bool ended;                 /* the record has ended */
    /* The change. */
    bool removal;
    const struct body *body;
    bool settles;               /* it names a case on this cell */
    bool knew;                  /* its author knew what is in force */
    /* How its author's scope stands to the record. */
    bool owner, host, county;
};

/* Returns STATE_TAKEN, STATE_SAME or STATE_PARKED with a reason. */
enum state merge(const struct merge_in *in, enum reason *reason);

/* May somebody so placed write as `writer`? */
bool merge_may(enum writer writer, bool owner, bool host, bool county);

#endif
