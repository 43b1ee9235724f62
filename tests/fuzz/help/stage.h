/*
 * A store that is set back to where it stood, as often as wanted and quickly:
 * it stays open, and everything it does happens inside one transaction that
 * nobody commits. For that its own BEGIN, COMMIT and ROLLBACK are made marks
 * within it.
 */
#ifndef YZ_FUZZ_STAGE_H
#define YZ_FUZZ_STAGE_H

#include "store/db.h"

struct stage {
    struct store *store;
    struct store was;           /* as it stood, but for the statements */
    struct kinds *kinds;        /* those it had: a copy */
};

/* From here on the store is the stage's. */
void stage_open(struct stage *stage, struct store *store);
void stage_back(struct stage *stage);

#endif
