/* Is everything whole: pages, counts, hash chains? */
#include "store/journal.h"

#include <string.h>

static int verify_count(struct store *store, struct fault *fault)
{
    int64_t count[STATES];

    count_journal(store, count);
    for (int i = 0; i < STATES; i++)
        if (count[i] != store->tally[i])
            return fault_set(fault, ERR_CORRUPT, state_text((enum state)i),
                             "%lld counted, %lld in the journal",
                             (long long)store->tally[i],
                             (long long)count[i]);
    return store->rc;
}

/* The chain of one origin, from its anchor to its newest change. */
static int verify_chain(struct store *store, const struct origin_row *origin,
                        struct fault *fault)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT n, hash, bytes FROM journal WHERE origin = ?1 "
                       "AND n <= ?2 ORDER BY n");
    struct hash at = origin->parent_hash, hash;
    uint64_t n = 0;
    bool broken = false;

    db_int(stmt, 1, origin->id);
    db_num(stmt, 2, origin->n);
    while (!broken && db_step(store, stmt) == 1) {
        struct bytes bytes = db_column(stmt, 2);

        db_column_hash(stmt, 1, &hash);
        at = bytes.len > 0 ? change_hash(&at, bytes) : hash;
        broken = db_column_num(stmt, 0) != ++n ||
                 memcmp(at.b, hash.b, HASH_SIZE) != 0;
    }
    sqlite3_reset(stmt);
    if (broken || n != origin->n)
        return fault_set(fault, ERR_CORRUPT, "journal",
                         "the chain of origin %lld breaks at change %llu",
                         (long long)origin->id, (unsigned long long)n);
    return store->rc;
}

static int verify_chains(struct store *store, struct fault *fault)
{
    int64_t after = 0;
    int rc;

    do {
        sqlite3_stmt *stmt =
            db_stmt(store, "SELECT id FROM origin WHERE id > ?1 AND n > 0 OR "
                           "id = ?2 AND id > ?1 ORDER BY id LIMIT 1");
        struct origin_row origin;

        db_int(stmt, 1, after);
        db_int(stmt, 2, store->self);
        rc = db_step(store, stmt);
        if (rc == 1)
            after = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        if (rc == 1 && origin_by_row(store, after, &origin) == 1 &&
            verify_chain(store, &origin, fault) < 0)
            return ERR_CORRUPT;
    } while (rc == 1);
    return rc;
}

static int verify_pages(struct store *store, struct fault *fault)
{
    sqlite3_stmt *stmt = db_stmt(store, "PRAGMA integrity_check(1)");
    char said[64] = "";

    if (db_step(store, stmt) == 1)
        db_column_text(stmt, 0, said, sizeof said);
    sqlite3_reset(stmt);
    return strcmp(said, "ok") == 0
               ? 0
               : fault_set(fault, ERR_CORRUPT, "", "a page is damaged");
}

int store_verify(struct store *store, struct fault *fault)
{
    int rc;

    store->rc = 0;
    rc = verify_pages(store, fault);
    if (rc == 0)
        rc = verify_count(store, fault);
    return rc == 0 ? verify_chains(store, fault) : rc;
}
