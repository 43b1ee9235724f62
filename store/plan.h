/* A save worked out before anything is written: which cells change, to what,
 * from which base. Guts of store/. */
#ifndef YZ_STORE_PLAN_H
#define YZ_STORE_PLAN_H

#include "store/cell.h"

struct plan_cell {
    int cell;                   /* index */
    struct bytes key;
    bool removal;
    struct body body;
    const struct shown_cell *before;    /* NULL: not shown until now */
    uint64_t base;
};

struct plan {
    const struct edit *edit;
    const struct kind *kind;
    struct record_row row;
    bool existed;
    struct shown shown;         /* before the edit; empty for a new record */
    char survivor[37];          /* text of edit->survivor */
    int cells;
    struct plan_cell cell[RECEIPT_CHANGES];
};

/* Fill store->plan and check the rules. Warnings go into `out`. */
int plan_make(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault);

/* Check what plan_make planned. A new record is checked whole; an edit only
 * where it touches, so that a rule made later is a to-do and never stands in
 * the way of other work. */
int plan_check(struct store *store, const struct plan *plan,
               struct receipt *out, struct fault *fault);

#endif
