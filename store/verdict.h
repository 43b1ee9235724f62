/* Station: a verdict on an own change, and the cells it moves. Guts of store/. */
#ifndef YZ_STORE_VERDICT_H
#define YZ_STORE_VERDICT_H

#include "store/case.h"

struct verdict {
    struct place_id at;
    int64_t record;             /* 0: could not be read */
    uint64_t cell;
    struct bytes key;
    enum state state;
    uint64_t number;
    enum reason reason;
    const char *field, *rule;   /* never NULL */
};

/* Is it another than the one that is known, and newer? A hub that was set back may
 * decide once more what nobody has a receipt for. */
bool verdict_differs(const struct verdict *verdict, enum state known,
                     uint64_t number);
/* Apply it to a change that was in state `from`. */
int verdict_apply(struct store *store, const struct verdict *verdict,
                  enum state from);
/* Only the cell's part: a taken change is in force, any other is off. */
int verdict_cell(struct store *store, const struct verdict *verdict);
/* Save a cell that stood as `was`; if another change is shown now, the columns
 * of its record follow. */
int cell_turn(struct store *store, const struct cell_row *was,
              struct cell_row *is);
/* While an import runs: remember the number the cell had. */
int import_keep(struct store *store, const struct cell_row *cell);

#endif
