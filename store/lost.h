/* Station: states of a life that the hub has lost and nobody refilled. Guts of
 * store/. */
#ifndef YZ_STORE_LOST_H
#define YZ_STORE_LOST_H

#include "store/case.h"

/* The hub has something older in force in this cell, of number `above` (0:
 * nothing): taken changes with greater numbers are not folded again. */
int lost_mark(struct store *store, const struct cell_row *cell,
              uint64_t above);
/* Open the case: known here, not at the county. */
int lost_case(struct store *store, const struct entry *entry);
/* The hub has it in force after all: nothing was lost. */
int lost_found(struct store *store, struct place_id at);
/* Its case, whatever it was about, is over: it is in force. */
int lost_close(struct store *store, struct place_id at);
/* A person decided; the hub knows nothing of such a case, so it closes here. */
int lost_settle(struct store *store, const struct name *named,
                const struct name *by);

#endif
