/* Hub: the verdict on one change. Guts of store/. */
#ifndef YZ_STORE_DECIDE_H
#define YZ_STORE_DECIDE_H

#include "store/news.h"

/* One change on its way to a verdict. */
struct deciding {
    struct store *store;
    const char *org;            /* scope of the author's station */
    struct entry *entry;        /* gets state, number, reason, field, rule */
    const struct kind *kind;    /* of the kinds it was written under */
    int cell;                   /* index */
    struct record_row row;
    struct cell_row at;         /* the cell as it is */
    struct entry force;         /* the change in force, if `ever` */
    bool ever;
    bool owner, host, county;
    bool withdrew;              /* it only took back what was refused */
    /* The record was added just now, and has no cell with a greater id than
     * `past`: nobody need look for one. */
    bool fresh;
    uint64_t past;
};


/* Look the cell of entry->change up, and what is in force there. */
int decide_cell(struct deciding *on);
/* Decide entry->change, which is readable, whose record is in `row` and whose
 * cell was looked up, and apply the verdict. The journal row itself is the
 * caller's: written after this for a new change, updated for one that waited. */
int decide(struct deciding *on);
/* What follows from a verdict once the change is in the journal: its case, the
 * cases it settles. */
int decide_after(struct deciding *on);

/* Put entry->change in force: the cell, its record, the news. */
int decide_enter(struct deciding *on);
/* Open a case for entry->change, which is in the journal. */
int case_open(struct deciding *on, enum reason reason);

int knew_add(struct store *store, const struct cell_row *cell,
             struct place_id place);
/* Settled in favour of a change of its cell: that one's line knows what is now in
 * force, whether its case is here or was lost. `force` is the change in force. */
int knew_favoured(struct store *store, const struct cell_row *cell,
                  const struct entry *force);
/* Who knows the state in force, by what the journal tells: for a rebuild, and for
 * facts, which come in any order. `force` is the change in force. */
int knew_fold(struct store *store, const struct cell_row *cell,
              const struct entry *force);
/* Did the author of `line` know what is in force in this cell? */
bool knew(struct store *store, const struct cell_row *cell,
          struct place_id line, uint64_t base);

#endif
