/*
 * Hub: lines of work that part, because a disk was copied, set back, or resumed.
 *
 * What came under a new name after a fork is known by its old one. A line that
 * goes on from where its parent did not end is told the county once: two machines
 * may be running with one name.
 */
#include "store/taking.h"

#include <string.h>

static int moved_find(struct store *store, const struct change *change)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT 1 FROM moved WHERE origin = ?1 "
                                        "AND n = ?2 AND hash = ?3");
    int rc;

    db_id(stmt, 1, &change->was.origin);
    db_num(stmt, 2, change->was.n);
    db_hash(stmt, 3, &change->was_hash);
    rc = db_step(store, stmt);
    sqlite3_reset(stmt);
    return rc;
}

static int moved_keep(struct store *store, const struct change *change)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO moved (origin, n, hash) VALUES (?1, ?2, ?3)");

    db_id(stmt, 1, &change->was.origin);
    db_num(stmt, 2, change->was.n);
    db_hash(stmt, 3, &change->was_hash);
    return db_run(store, stmt);
}

int came_before(struct taking *on)
{
    const struct change *change = &on->entry.change;
    struct store *store = on->store;
    struct hash known;
    int rc;

    if (!change->has_was)
        return 0;
    rc = journal_hash(store, place_of(store, &change->was), &known);
    if (rc == 1)
        rc = memcmp(known.b, change->was_hash.b, HASH_SIZE) == 0;
    if (rc == 0)
        rc = moved_find(store, change);
    if (rc == 0)
        rc = moved_keep(store, change);
    else if (rc == 1)
        reached(store, REACH_MOVED_KNOWN);
    return rc;
}

int branch_find(struct taking *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT o.branch IS NULL AND (p.n > o.parent_n OR EXISTS "
                   "(SELECT 1 FROM origin s WHERE s.parent = o.parent AND "
                   "s.id <> o.id AND s.n > 0)) FROM origin o "
                   "JOIN origin p ON p.id = o.parent WHERE o.id = ?1");
    int rc;

    db_int(stmt, 1, on->origin.id);
    rc = db_step(on->store, stmt);
    on->branched = rc == 1 && sqlite3_column_int(stmt, 0) != 0;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

int branch_tell(struct taking *on)
{
    sqlite3_stmt *stmt;
    int rc;

    if (!on->branched || on->entry.state != STATE_TAKEN)
        return 0;
    on->branched = false;
    reached(on->store, REACH_BRANCH);
    stmt = db_stmt(on->store, "UPDATE origin SET branch = 1 WHERE id = ?1");
    db_int(stmt, 1, on->origin.id);
    rc = db_run(on->store, stmt);
    return rc < 0 ? rc : case_open(&on->on, REASON_COPIED);
}
