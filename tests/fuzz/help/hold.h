/* What holds of a store whatever it was told. */
#ifndef YZ_FUZZ_HOLD_H
#define YZ_FUZZ_HOLD_H

#include "store/db.h"

/* It is not broken, it verifies, and what is derived is what its journal
 * says; the last two not after what no hub says (`forged`). To be called once
 * for each input, at its end. */
void hold_whole(struct store *store, bool forged);
/* Is this one of the inputs after which costlier questions are asked? */
bool hold_soon(void);
bool hold_seldom(void);

/* Of the hub: everything a station neither wrote nor may see, a number for
 * each table. What that is was noted when the input began: a station may give
 * away what is its own. */
enum { HOLD_TABLES = 6 };
struct hold_outside {
    uint64_t hash[HOLD_TABLES];
};
/* To be called before the store is a stage's. */
void hold_note(struct store *store, const char *station, const char *org);
struct hold_outside hold_outside(struct store *store, const char *station);
/* What differs between the two, NULL when nothing does. */
const char *hold_moved(const struct hold_outside *was,
                       const struct hold_outside *is);

/* Of a station: what no answer may take from it. */
enum { HOLD_CELLS = 64, HOLD_STREAMS = 8 };
struct hold_station {
    uint64_t own;               /* the changes it wrote, without verdicts */
    uint64_t written;
    int cells;                  /* those with an own value, undecided */
    struct {
        int64_t record;
        uint64_t cell;
        char key[KEY_MAX + 1];
        int64_t origin;         /* the change that is this value */
        uint64_t n;
    } cell[HOLD_CELLS];
    int streams;
    uint64_t cursor[HOLD_STREAMS];
};
struct hold_station hold_station(struct store *store);
void hold_kept(struct store *store, const struct hold_station *was,
               const struct hold_station *is);

/* A hash of what one statement gives. */
uint64_t hold_hash(sqlite3_stmt *stmt, uint64_t hash);

#endif
