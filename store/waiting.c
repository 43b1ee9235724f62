/* Since when something waits to be sent. */
#include "store/care.h"
#include "store/journal.h"

#include <string.h>

/* The first change of each own origin that no answer has confirmed; of the oldest
 * origin that has one. */
int64_t store_waiting_since(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT o.id, o.confirmed + 1 FROM origin o WHERE o.own = 1 "
               "AND o.confirmed < CASE WHEN o.id = ?1 THEN ?2 ELSE o.n END "
               "ORDER BY o.id LIMIT 1");
    struct place_id at = {0, 0};
    struct entry entry;
    int64_t since = 0;

    store->rc = 0;
    db_int(stmt, 1, store->self);
    db_num(stmt, 2, store->self_n);
    if (db_step(store, stmt) == 1)
        at = (struct place_id){sqlite3_column_int64(stmt, 0),
                               db_column_num(stmt, 1)};
    sqlite3_reset(stmt);
    entry_init(&entry);
    if (at.origin != 0 && journal_load(store, at, &entry) == 1 &&
        entry.readable)
        since = entry.change.stamp.wall_ms;
    entry_done(&entry);
    return since;
}
