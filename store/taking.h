/* Hub: a batch on its way in. Guts of store/. */
#ifndef YZ_STORE_TAKING_H
#define YZ_STORE_TAKING_H

#include "store/decide.h"

struct taking {
    struct store *store;
    const char *org, *station;
    const struct kinds *kinds;
    int64_t kinds_row;
    struct origin_row origin;
    struct entry entry;
    struct deciding on;
    bool waits;                 /* changes of this record wait for its identity */
    const char *wrong;          /* what could not be read */
    struct buf cleaned;         /* scratch */
};

/* The change belongs here and speaks of things its kinds have: then kind and
 * cell are set in `on->on`, else `on->wrong` says what could not be read. */
bool legible(struct taking *on);
/* Index of the field whose value no station of ours would have saved, or -1. */
int unclean_field(struct taking *on);


/* The place's bytes into on->entry. */
void begin_place(struct taking *on, const struct place *place);
/* Decide it. */
int take_place(struct taking *on, const struct place *place);
/* Keep it with its bytes; on->wrong says why. */
int set_aside(struct taking *on);

#endif
