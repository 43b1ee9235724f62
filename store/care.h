/* The store's face for its care: is it whole? The rules of store.h hold here
 * too. */
#ifndef YZ_STORE_CARE_H
#define YZ_STORE_CARE_H

#include "store/store.h"

/* ---- is it whole? ---- */

struct verified { /* looked at so far */
    uint64_t origins, changes, cells, receipts;
};

/* A look at every page and every hash, in slices, so that a loop can go on
 * between two of them; the store may change meanwhile. */
struct verify;
struct verify *verify_new(struct store *store);
void verify_free(struct verify *verify);
/* One slice. 1: there is more, 0: all is whole, ERR_CORRUPT: `fault` names the
 * first bad place, or another error. */
int verify_step(struct verify *verify, struct fault *fault);
const struct verified *verify_found(const struct verify *verify);
/* Did the run before this one end otherwise than by a stop? */
bool store_was_cut(const struct store *store);

#endif
