/*
 * The second mark of a change: it is also in the hub's newest off-box copy. A
 * receipt for people; nothing is ever decided or forgotten by it.
 */
#include "store/secured.h"
#include "store/care.h"

uint64_t secured_number(struct store *store)
{
    return (uint64_t)meta_get(store, "secured", 0);
}

int store_secure(struct store *store, uint64_t number)
{
    int rc = store_write(store);

    if (rc < 0 || number <= secured_number(store) || store->rc < 0)
        return db_result(store, rc);
    return meta_set(store, "secured", (int64_t)number);
}

/* How many own changes were taken under a number up to this. It reads the whole
 * journal, once for each copy the hub makes. */
static int64_t taken_upto(struct store *store, uint64_t number)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT count(*) FROM journal j JOIN origin o "
               "ON o.id = j.origin WHERE o.own = 1 AND j.n <= "
               "CASE WHEN o.id = ?1 THEN ?2 ELSE o.n END AND j.state = ?3 AND "
               "j.number <= ?4");
    int64_t count = 0;

    db_int(stmt, 1, store->self);
    db_num(stmt, 2, store->self_n);
    db_int(stmt, 3, STATE_TAKEN);
    db_num(stmt, 4, number);
    if (db_step(store, stmt) == 1)
        count = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return count;
}

int secured_told(struct store *store, const struct welcome *welcome)
{
    uint64_t known = secured_number(store);
    bool all = welcome->secured > 0 && welcome->secured == welcome->number;
    int64_t count;

    if (welcome->secured <= known && !all)
        return 0;
    count = all ? store->tally[STATE_TAKEN]
                : taken_upto(store, welcome->secured);
    if (welcome->secured > known)
        meta_set(store, "secured", (int64_t)welcome->secured);
    if (count != meta_get(store, "secured_taken", 0))
        meta_set(store, "secured_taken", count);
    return store->rc;
}

uint64_t secured_taken(struct store *store)
{
    int64_t count = meta_get(store, "secured_taken", 0);

    return (uint64_t)(count < store->tally[STATE_TAKEN]
                          ? count : store->tally[STATE_TAKEN]);
}
