/* Going on under a new origin. Guts of store/. */
#ifndef YZ_STORE_FORK_H
#define YZ_STORE_FORK_H

#include "store/journal.h"

/* Station: from `from` on the hub knows this origin with other changes, as a
 * copy of this disk wrote them. Own changes without a verdict move to a new
 * origin, which goes on from the last common change; `alone`: from none. */
int fork_line(struct store *store, const struct origin_row *origin,
              uint64_t from, bool alone);
/* Station: the hub had no change of ours to compare, and spoke of another copy's
 * as ours. The next ask lets it find out; what it left out of the news as ours
 * is told again. */
int fork_suspect(struct store *store);

#endif
