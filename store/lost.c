#include "store/lost.h"

/* The mark is a reason beside the verdict: the verdict stays, as it was one. */
int lost_mark(struct store *store, const struct cell_row *cell,
              uint64_t above)
{
    sqlite3_stmt *stmt = db_stmt(
        store, PAST_OF_RECORD
        "UPDATE journal SET reason = ?6 WHERE (origin, n) IN "
        "(SELECT origin, n FROM past) AND key = ?3 AND state = ?4 AND "
        "number > ?5");

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, STATE_TAKEN);
    db_num(stmt, 5, above);
    db_int(stmt, 6, REASON_LOST);
    return db_run(store, stmt);
}

static int mark_one(struct store *store, struct place_id at, enum reason was,
                    enum reason is)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE journal SET reason = ?4 WHERE origin = ?1 AND n = ?2 "
               "AND reason = ?3 AND state = ?5");

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    db_int(stmt, 3, (int64_t)was);
    db_int(stmt, 4, (int64_t)is);
    db_int(stmt, 5, STATE_TAKEN);
    return db_run(store, stmt);
}

int lost_case(struct store *store, const struct entry *entry)
{
    int rc = mark_one(store, entry->at, REASON_NONE, REASON_LOST);

    reached(store, REACH_LOST_LIFE);
    return rc < 0 ? rc
                  : case_add(store, entry, REASON_LOST, bytes_of("", 0));
}

int lost_found(struct store *store, struct place_id at)
{
    struct case_row found;
    int rc = mark_one(store, at, REASON_LOST, REASON_NONE);

    if (rc < 0 || sqlite3_changes(store->db) == 0 ||
        case_find(store, at, &found) != 1 || found.reason != REASON_LOST)
        return rc;
    return lost_close(store, at);
}

int lost_close(struct store *store, struct place_id at)
{
    struct case_row found;
    struct name self;
    int rc = case_find(store, at, &found);

    if (rc != 1 || !found.open)
        return rc < 0 ? rc : 0;
    rc = place_name(store, at, &self);
    return rc < 0 ? rc : case_close(store, at, &self);
}

int lost_settle(struct store *store, const struct name *named,
                const struct name *by)
{
    struct place_id at = place_of(store, named);
    struct case_row found;
    int rc = case_find(store, at, &found);

    if (rc != 1 || !found.open || found.reason != REASON_LOST)
        return rc < 0 ? rc : 0;
    return case_close(store, at, by);
}
