/* A look at the whole store, under way. Guts of store/. */
#ifndef YZ_STORE_VERIFY_H
#define YZ_STORE_VERIFY_H

#include "store/audit.h"
#include "store/care.h"
#include "store/case.h"

enum { SLICE_ROWS = 2000 }; /* some ms of them */

enum verify_phase {
    VERIFY_SCHEMA,
    VERIFY_TABLES,
    VERIFY_ORIGINS,
    VERIFY_CHAIN,
    VERIFY_CELLS,
    VERIFY_CASES,
    VERIFY_RECEIPTS,
    VERIFY_COUNTS,
    VERIFY_AUDIT                /* last: who restores may do without it */
};

struct verify {
    struct store *store;
    enum verify_phase phase;
    struct verified found;
    char table[64];           /* done through here, in order of name */
    struct origin_row origin; /* under way, as it stood when it began */
    bool chained;             /* without a gap through origin.n */
    uint64_t n;               /* last row seen of it, 0: none */
    struct hash hash;         /* of that row, or what stands before n = 1 */
    int64_t count[STATES];
    int64_t writes; /* SQLite's count of them when it began */
    uint64_t lost;
    struct cell_row cell;    /* cells are done through this one */
    int64_t cases;           /* and cases */
    struct place_id receipt; /* and receipts through this */
    struct audit_head audit; /* and the trail through this */
    struct confirm confirm;  /* scratch */
};

/* Tell of change `n` of on->origin what is wrong with it. */
int verify_damaged(struct verify *on, const char *table, uint64_t n,
                   const char *what, struct fault *fault);
/* One slice each, as verify_step. */
int verify_schema(struct verify *on, struct fault *fault);
int verify_cells(struct verify *on, struct fault *fault);
int verify_cases(struct verify *on, struct fault *fault);
int verify_receipts(struct verify *on, struct fault *fault);
int verify_audit(struct verify *on, struct fault *fault);
/* Add a row in the turn that is open. Was the table made yet? What makes it. */
int audit_add(struct store *store, const struct audited *row);
int audit_there(struct store *store);
extern const char store_trail[];
/* A change decided here that waits, or waited, for a person has its case: 1, or
 * an error. */
int verify_waits(struct verify *on, uint64_t n, enum state state,
                 struct fault *fault);

#endif
