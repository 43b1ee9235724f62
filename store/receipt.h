/* Station: receipts, and what a hub that was set back is shown. Guts of store/. */
#ifndef YZ_STORE_RECEIPT_H
#define YZ_STORE_RECEIPT_H

#include "store/journal.h"

/* Keep what the hub confirmed of this origin; newer words take the place of
 * older ones from the same n on. */
int receipt_keep(struct store *store, int64_t origin,
                 const struct confirm *confirm);

#endif
