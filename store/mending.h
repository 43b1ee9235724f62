/* Station: one cell while it is mended. Guts of store/. */
#ifndef YZ_STORE_MENDING_H
#define YZ_STORE_MENDING_H

#include "store/cell.h"
#include "store/compare.h"

struct reply {                  /* the hub's word on one cell */
    bool has_state, has_verdict, gone;
    struct news_item state, verdict;
    uint64_t gone_seq;
};

struct mend {
    struct store *store;
    struct mending *one;
    struct reply reply;
    struct change change;       /* of reply.state */
    struct entry entry, old;
    struct record_row row;
};

/* Fill on->entry with the state that comes in force. */
int mend_entry(struct mend *on);
/* Make it the journal's row. 1 when it may come in force, 0 when there is
 * another change under its name. */
int mend_change(struct mend *on, struct cell_row *cell);

#endif
