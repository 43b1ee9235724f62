/* How much of the work is in the hub's off-box copy. Guts of store/. */
#ifndef YZ_STORE_SECURED_H
#define YZ_STORE_SECURED_H

#include "store/db.h"

/* Hub: through which number its newest off-box copy goes. Station: the newest it
 * was told. 0: none. */
uint64_t secured_number(struct store *store);
/* Station: a welcome tells of it. */
int secured_told(struct store *store, const struct welcome *welcome);
/* Station: how many of its own taken changes were in it when that was told; what
 * it has learned since counts with the next copy. */
uint64_t secured_taken(struct store *store);

#endif
