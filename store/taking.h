/* Hub: a batch on its way in. Guts of store/. */
#ifndef YZ_STORE_TAKING_H
#define YZ_STORE_TAKING_H

#include "store/decide.h"

struct taking {
    struct store *store;
    const char *org, *station;
    struct kinds *kinds;        /* its batch was written under */
    int64_t kinds_row;
    struct origin_row origin;
    struct entry entry;
    struct deciding on;
    bool branched;              /* its line parted, and nobody was told yet */
    bool waits;                 /* changes of this record wait for its identity */
    uint64_t forked_at;         /* 0, or where another change is here */
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
/* The record of on->entry.change into on->on.row, made if it is new. */
int find_record(struct taking *on);
/* The verdict on on->entry, whose record and cell were looked up. */
int verdict_on(struct taking *on);
/* If on->entry is a record's first identity, decide whatever waited for it. */
int decide_waiting_for(struct taking *on);
/* Keep it with its bytes; on->wrong says why. */
int set_aside(struct taking *on);

/* Begin with a batch: its origin is known and goes on here, else ERR_GAP,
 * ERR_SCOPE, ERR_FORKED. Close it in any case, after taking_end. */
int taking_open(struct taking *on, struct store *store,
                const struct station *station, const struct batch *batch);
int taking_end(struct taking *on, int rc, uint64_t count, struct taken *out,
               struct fault *fault);
void taking_close(struct taking *on);
/* Take in all places of the batch with `take`, carefully where it must be; what is
 * here already is compared. */
typedef int take_fn(struct taking *on, const struct place *place, void *user);
int take_places(struct taking *on, struct batch batch, take_fn *take,
                void *user);

/* Is on->entry here already, under the name it had before a fork? 1 yes; if not,
 * that name is kept. (branch.c, like the next two.) */
int came_before(struct taking *on);
/* Did this line part from where its parent ended? Sets on->branched. */
int branch_find(struct taking *on);
/* If it did, open a case for the county with the first change that is taken. */
int branch_tell(struct taking *on);

#endif
