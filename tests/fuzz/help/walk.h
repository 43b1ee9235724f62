/* Everything a store says of itself, read once through: whatever lies in it,
 * this ends, and what is told can be told. */
#ifndef YZ_FUZZ_WALK_H
#define YZ_FUZZ_WALK_H

#include "store/peer.h"

/* Status, lists, each record with its history, the cases; all of it as the
 * JSON of the API, which must be proper. Errors are answers too. */
void walk_shown(struct store *store);
/* One part of it. */
enum walk_part { WALK_STATUS, WALK_LISTS, WALK_HISTORY, WALK_CASES,
                 WALK_PARTS };
void walk_one(struct store *store, enum walk_part part);
/* A station's next ask. Gives false when the store refuses to make it; what it
 * makes must be what a hub can read, unless `lax`. */
bool walk_ask(struct store *store, const char *station, bool lax);

#endif
