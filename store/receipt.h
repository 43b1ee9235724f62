/* Station: receipts, and what a hub that was set back is shown. Guts of store/. */
#ifndef YZ_STORE_RECEIPT_H
#define YZ_STORE_RECEIPT_H

#include "store/journal.h"

/* Keep what the hub confirmed of this origin; newer words take the place of
 * older ones from the same n on. */
int receipt_keep(struct store *store, int64_t origin,
                 const struct confirm *confirm);
/* The changes from this one on have other names now, and so has all that own
 * origins drawn later had: no receipt speaks of them any more. */
int receipt_forget(struct store *store, int64_t origin, uint64_t from);

#endif
