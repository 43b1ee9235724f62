/*
 * Facts are not decided twice: the journal holds every verdict, so the cells
 * can be folded again from it, in order of number, without asking merge.
 */
#include "store/decide.h"

#include <string.h>

struct fold {
    struct store *store;
    bool differed;
};

/* The change the journal puts in force in one cell: the newest taken. */
static int newest_taken(struct store *store, const struct cell_row *cell,
                        struct place_id *at, uint64_t *number)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT origin, n, number FROM journal WHERE record = ?1 AND "
               "cell = ?2 AND key = ?3 AND state = ?4 "
               "ORDER BY number DESC LIMIT 1");
    int rc;

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, STATE_TAKEN);
    *at = (struct place_id){0, 0};
    *number = 0;
    rc = db_step(store, stmt);
    if (rc == 1) {
        at->origin = sqlite3_column_int64(stmt, 0);
        at->n = db_column_num(stmt, 1);
        *number = db_column_num(stmt, 2);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

/* The newest own change of the cell that has no verdict yet. */
static int newest_own(struct store *store, const struct cell_row *cell,
                      struct place_id *at)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT j.origin, j.n FROM journal j JOIN origin o "
               "ON o.id = j.origin WHERE j.record = ?1 AND j.cell = ?2 AND "
               "j.key = ?3 AND j.state IN (?4, ?5) AND o.own = 1 "
               "ORDER BY j.origin DESC, j.n DESC LIMIT 1");
    int rc;

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, STATE_QUEUED);
    db_int(stmt, 5, STATE_RECEIVED);
    *at = (struct place_id){0, 0};
    rc = db_step(store, stmt);
    if (rc == 1) {
        at->origin = sqlite3_column_int64(stmt, 0);
        at->n = db_column_num(stmt, 1);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

static bool same_place(struct place_id a, struct place_id b)
{
    return a.origin == b.origin && a.n == b.n;
}

static int fold_cell(struct fold *on, const struct cell_row *key)
{
    struct cell_row was, is;
    struct entry own;
    int rc = cell_find(on->store, key->record, key->cell,
                       bytes_text(key->key), &was);

    is = was;
    if (rc >= 0)
        rc = newest_taken(on->store, key, &is.force, &is.number);
    if (rc == 0 && !on->store->hub)
        rc = newest_own(on->store, key, &is.own);
    if (rc < 0)
        return rc;
    if (same_place(was.own, is.own) && same_place(was.force, is.force) &&
        was.number == is.number)
        return 0;
    on->differed = true;
    is.own_base = 0;
    entry_init(&own);
    if (is.own.origin != 0 && journal_load(on->store, is.own, &own) == 1 &&
        own.readable)
        is.own_base = own.change.base;
    entry_done(&own);
    return cell_save(on->store, &is);
}

/* Every cell any change speaks of, in order. */
static int fold_cells(struct fold *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT DISTINCT record, cell, key FROM journal "
                   "WHERE record IS NOT NULL AND state IN (?1, ?2, ?3) "
                   "UNION SELECT record, cell, key FROM cell");
    struct cell_row key;
    int rc = 0;

    db_int(stmt, 1, STATE_TAKEN);
    db_int(stmt, 2, on->store->hub ? STATE_TAKEN : STATE_QUEUED);
    db_int(stmt, 3, on->store->hub ? STATE_TAKEN : STATE_RECEIVED);
    while (rc == 0 && db_step(on->store, stmt) == 1) {
        key.record = sqlite3_column_int64(stmt, 0);
        key.cell = db_column_num(stmt, 1);
        db_column_text(stmt, 2, key.key, sizeof key.key);
        rc = fold_cell(on, &key);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : on->store->rc;
}

int store_rebuild(struct store *store, struct fault *fault)
{
    struct fold on = {.store = store};
    int rc = store_write(store);

    if (rc == 0)
        rc = fold_cells(&on);
    if (rc < 0)
        return fault_set(fault, rc, "", "rebuild");
    if (on.differed)
        return fault_set(fault, ERR_CORRUPT, "",
                         "cells differed from the journal and were made again");
    return 0;
}

/* ---- verify ---- */

static int verify_count(struct store *store, struct fault *fault)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT j.state, count(*) FROM journal j JOIN origin o "
               "ON o.id = j.origin WHERE ?1 OR (o.own = 1 AND j.n <= "
               "CASE WHEN o.id = ?2 THEN ?3 ELSE o.n END) GROUP BY j.state");
    int64_t count[STATES] = {0};

    db_int(stmt, 1, store->hub);
    db_int(stmt, 2, store->self);
    db_num(stmt, 3, store->self_n);
    while (db_step(store, stmt) == 1)
        count[sqlite3_column_int(stmt, 0) % STATES] =
            sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
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
    sqlite3_stmt *stmt = db_stmt(store, "PRAGMA quick_check(1)");
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
