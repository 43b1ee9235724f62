/*
 * The store's face for comparing a station with the hub, cell by cell, and for
 * mending what differs. The rules of store.h hold here too. Everything is done
 * in bounded pieces, so that no turn of the loop waits long for it.
 */
#ifndef YZ_STORE_COMPARE_H
#define YZ_STORE_COMPARE_H

#include "proto/rows.h"
#include "store/peer.h"

/* ---- hub: the payloads of an answer ---- */

/* May this station compare this stream? */
bool store_may_compare(const struct store *store,
                       const struct station *station, const char *stream);
/* Append what the beginning of `left` holds, about `size` bytes at most, and
 * move left->from on; *over once nothing is left. */
int store_tell_digests(struct store *store, const char *stream,
                       uint64_t grain, size_t size, struct range *left,
                       bool *over, struct buf *out);
int store_tell_rows(struct store *store, const char *stream, size_t size,
                    struct range *left, bool *over, struct buf *out);
/* The words on `want` from number *next on, about `size` bytes; *next moves. */
int store_tell_wants(struct store *store, const char *stream,
                     const struct want *want, int count, int *next,
                     size_t size, struct buf *out);

/* ---- station: comparing ---- */

/* The stream of what this station sees and how far its news were taken in;
 * false while it has never met the hub. */
bool store_stream(struct store *store, char stream[STREAM_MAX + 1],
                  uint64_t *seq);

/* What is in force here and at the county, by owning organisation. */
struct org_sum {
    char org[ORG_MAX + 1];
    struct digest here, there;
};

struct sums {
    struct org_sum *list;       /* in order of org */
    int count, room;
};

void sums_done(struct sums *sums);

/* Are the cells in force of this range those of `there`? Adds them to `sums`,
 * on both sides, if so. Looks at no more cells than `there` has and one. 1, 0
 * or an error. */
int store_agrees(struct store *store, const struct range *range,
                 const struct digest *there, struct sums *sums);

enum difference { DIFFER_NOT_HERE, DIFFER_NOT_THERE, DIFFER_BOTH };

/* One cell that is not in force alike. */
struct differing {
    enum difference what;
    struct want want;           /* with the change in force here, if any */
    uint64_t here, there;       /* numbers; 0: none */
};

/* Compare the hub's rows with the cells here and hand over what differs, until
 * `each` has had `most` of them: then rows->range is cut short behind the
 * record that was under way. Adds to `sums`. */
typedef void (*differing_fn)(void *user, const struct differing *one);
int store_compare(struct store *store, struct rows *rows, int most,
                  differing_fn each, void *user, struct sums *sums);

/* ---- station: mending ---- */

enum mended {
    MENDED_NOT,                 /* left: the county's own copy is in doubt */
    MENDED_NEWS,                /* the county's state is shown now */
    MENDED_CASE,                /* the same, and what stood here is a case */
    MENDED_ALIKE                /* it agreed meanwhile */
};

struct mending {
    struct differing on;
    enum mended outcome;
    bool damaged;               /* a row here was not what it should be */
};

/* The stretch of the reply to `list` that a frame speaks of, applied whole or
 * not at all. *first is the first of it, *next the one behind. */
int store_mend(struct store *store, struct news *told, struct mending *list,
               int count, int *first, int *next, struct fault *fault);

/* What store_remember keeps from the first damaged row that was mended until
 * the journal was folded again: chains and look-ups may still be wrong. */
#define MEND_DAMAGE "mend_damage"

#endif
