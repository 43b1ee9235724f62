#include "store/case.h"

#include <string.h>

#define CASE_COLUMNS \
    "id, origin, n, record, cell, key, reason, field, rule, open, seq"

static void case_read(sqlite3_stmt *stmt, struct case_row *out)
{
    out->id = sqlite3_column_int64(stmt, 0);
    out->at.origin = sqlite3_column_int64(stmt, 1);
    out->at.n = db_column_num(stmt, 2);
    out->record = sqlite3_column_int64(stmt, 3);
    out->cell = db_column_num(stmt, 4);
    db_column_text(stmt, 5, out->key, sizeof out->key);
    out->reason = (enum reason)sqlite3_column_int(stmt, 6);
    db_column_text(stmt, 7, out->field, sizeof out->field);
    db_column_text(stmt, 8, out->rule, sizeof out->rule);
    out->open = sqlite3_column_int(stmt, 9) != 0;
    out->seq = db_column_num(stmt, 10);
}

int case_find(struct store *store, struct place_id at, struct case_row *out)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT " CASE_COLUMNS " FROM cases "
                                        "WHERE origin = ?1 AND n = ?2");
    int rc;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    rc = db_step(store, stmt);
    if (rc == 1)
        case_read(stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

int case_by_row(struct store *store, int64_t id, struct case_row *out)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT " CASE_COLUMNS
                                        " FROM cases WHERE id = ?1");
    int rc;

    db_int(stmt, 1, id);
    rc = db_step(store, stmt);
    if (rc == 1)
        case_read(stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

int case_add(struct store *store, const struct entry *entry,
             enum reason reason, struct bytes base)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO cases (origin, n, record, cell, key, reason, "
               "field, rule, open, base) VALUES (?1, ?2, nullif(?3, 0), ?4, "
               "?5, ?6, ?7, ?8, 1, ?9) ON CONFLICT (origin, n) DO UPDATE SET "
               "record = excluded.record, cell = excluded.cell, "
               "key = excluded.key, reason = excluded.reason, "
               "field = excluded.field, rule = excluded.rule, open = 1, "
               "base = excluded.base "
               "WHERE reason = ?10 AND excluded.reason <> ?10");

    db_int(stmt, 1, entry->at.origin);
    db_num(stmt, 2, entry->at.n);
    db_int(stmt, 3, entry->record);
    db_num(stmt, 4, entry->cell);
    db_text(stmt, 5, bytes_text(entry->key));
    db_int(stmt, 6, (int64_t)reason);
    db_text(stmt, 7, bytes_text(entry->field));
    db_text(stmt, 8, bytes_text(entry->rule));
    if (base.len > 0)
        db_bytes(stmt, 9, base);
    else
        sqlite3_bind_null(stmt, 9);
    db_int(stmt, 10, REASON_UNREADABLE);
    return db_run(store, stmt);
}

int case_shut(struct store *store, struct place_id at)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE cases SET open = 0 WHERE origin = ?1 AND n = ?2");

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    return db_run(store, stmt);
}

int cases_forget(struct store *store, int64_t record)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "DELETE FROM cases WHERE record = ?1 AND origin NOT IN "
               "(SELECT id FROM origin WHERE own = 1)");

    db_int(stmt, 1, record);
    return db_run(store, stmt);
}

int case_set_seq(struct store *store, int64_t id, uint64_t seq)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "UPDATE cases SET seq = ?2 WHERE id = ?1");

    db_int(stmt, 1, id);
    db_num(stmt, 2, seq);
    return db_run(store, stmt);
}

/* The reason stays with the change: history must show why it waited. */
static int journal_settle(struct store *store, struct place_id at)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "UPDATE journal SET state = ?3 "
                       "WHERE origin = ?1 AND n = ?2");
    struct entry entry;
    int rc;

    entry_init(&entry);
    rc = journal_load(store, at, &entry);
    entry_done(&entry);
    if (rc != 1 ||
        (entry.state != STATE_PARKED && entry.state != STATE_RETURNED))
        return rc < 0 ? rc : 0;
    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    db_int(stmt, 3, STATE_SETTLED);
    rc = db_run(store, stmt);
    if (rc == 0 && (store->hub || place_is_own(store, at)))
        tally_move(store, (int)entry.state, STATE_SETTLED, 1);
    return rc;
}

int case_close(struct store *store, struct place_id at, const struct name *by)
{
    struct name named;
    int rc = place_name(store, at, &named);

    if (rc == 0)
        rc = settles_keep(store, &named, by);
    if (rc == 0)
        rc = case_shut(store, at);
    return rc < 0 ? rc : journal_settle(store, at);
}

int settles_keep(struct store *store, const struct name *named,
                 const struct name *by)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO settles (origin, n, by_origin, by_n) "
                       "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING");

    db_id(stmt, 1, &named->origin);
    db_num(stmt, 2, named->n);
    db_id(stmt, 3, &by->origin);
    db_num(stmt, 4, by->n);
    return db_run(store, stmt);
}

int settles_find(struct store *store, const struct name *named,
                 struct name *by)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT by_origin, by_n FROM settles "
                       "WHERE origin = ?1 AND n = ?2");
    int rc;

    db_id(stmt, 1, &named->origin);
    db_num(stmt, 2, named->n);
    rc = db_step(store, stmt);
    if (rc == 1) {
        db_column_id(stmt, 0, &by->origin);
        by->n = db_column_num(stmt, 1);
    }
    sqlite3_reset(stmt);
    return rc;
}
