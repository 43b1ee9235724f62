#include "store/journal.h"

#include <assert.h>
#include <string.h>

void entry_init(struct entry *entry)
{
    entry->readable = false;
    buf_init(&entry->bytes, CHANGE_MAX + 1);
}

void entry_done(struct entry *entry)
{
    buf_done(&entry->bytes);
}

static void entry_read(sqlite3_stmt *stmt, struct entry *out)
{
    struct bytes bytes = db_column(stmt, 10);

    out->record = sqlite3_column_int64(stmt, 0);
    out->cell = db_column_num(stmt, 1);
    db_column_text(stmt, 2, out->key, sizeof out->key);
    out->kinds = sqlite3_column_int64(stmt, 3);
    out->state = (enum state)sqlite3_column_int(stmt, 4);
    out->number = db_column_num(stmt, 5);
    out->reason = (enum reason)sqlite3_column_int(stmt, 6);
    db_column_text(stmt, 7, out->field, sizeof out->field);
    db_column_text(stmt, 8, out->rule, sizeof out->rule);
    db_column_hash(stmt, 9, &out->hash);
    out->past.origin = sqlite3_column_int64(stmt, 11);
    out->past.n = db_column_num(stmt, 12);
    buf_clear(&out->bytes);
    buf_put(&out->bytes, bytes.data, bytes.len);
    /* What was set aside may be anything; the rest was read strictly once. */
    out->readable =
        bytes.len > 0 &&
        (out->state == STATE_ASIDE
             ? change_read(buf_view(&out->bytes), &out->change)
             : change_open(buf_view(&out->bytes), &out->change)) == 0;
}

int journal_load(struct store *store, struct place_id at, struct entry *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT record, cell, key, kinds, state, number, "
                       "reason, field, rule, hash, bytes, past_origin, past_n "
                       "FROM journal "
                       "WHERE origin = ?1 AND n = ?2");
    int rc;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    rc = db_step(store, stmt);
    if (rc == 1) {
        out->at = at;
        entry_read(stmt, out);
    }
    sqlite3_reset(stmt);
    return rc;
}

int journal_hash(struct store *store, struct place_id at, struct hash *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT hash FROM journal WHERE origin = ?1 AND n = ?2");
    int rc;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    rc = db_step(store, stmt);
    if (rc == 1)
        db_column_hash(stmt, 0, out);
    sqlite3_reset(stmt);
    return rc;
}

void entry_set_key(struct entry *entry, struct bytes key)
{
    if (key.len > 0)
        memcpy(entry->key, key.data, key.len);
    entry->key[key.len] = '\0';
}

/* What both ways to write a row say of it: ?1 to ?11, ?14 and ?15. */
static void bind_row(sqlite3_stmt *stmt, const struct entry *entry)
{
    bool why = entry->reason != REASON_NONE;

    db_int(stmt, 1, entry->at.origin);
    db_num(stmt, 2, entry->at.n);
    db_some(stmt, 3, (uint64_t)entry->record);
    if (entry->record != 0) {
        db_num(stmt, 4, entry->cell);
        db_text(stmt, 5, bytes_text(entry->key));
    } else {
        sqlite3_bind_null(stmt, 4);
        sqlite3_bind_null(stmt, 5);
    }
    db_int(stmt, 6, entry->kinds);
    db_int(stmt, 7, (int64_t)entry->state);
    db_some(stmt, 8, entry->number);
    db_int(stmt, 9, (int64_t)entry->reason);
    db_words(stmt, 10, why ? entry->field : "");
    db_words(stmt, 11, why ? entry->rule : "");
    db_some(stmt, 14, (uint64_t)entry->past.origin);
    db_some(stmt, 15, entry->past.n);
}

int journal_add(struct store *store, const struct entry *entry)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO journal (origin, n, record, cell, key, kinds, "
               "state, number, reason, field, rule, hash, bytes, "
               "past_origin, past_n) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
               "?9, ?10, ?11, ?12, ?13, ?14, ?15)");

    bind_row(stmt, entry);
    db_hash(stmt, 12, &entry->hash);
    if (entry->bytes.len > 0)
        db_bytes(stmt, 13, buf_view(&entry->bytes));
    else
        sqlite3_bind_null(stmt, 13);
    if (entry->at.origin == store->self && entry->at.n > store->self_met)
        store->self_met = entry->at.n;
    return db_run(store, stmt);
}

int journal_chain(struct store *store, const struct entry *entry)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE journal SET past_origin = ?3, past_n = ?4 "
               "WHERE origin = ?1 AND n = ?2");

    db_int(stmt, 1, entry->at.origin);
    db_num(stmt, 2, entry->at.n);
    db_some(stmt, 3, (uint64_t)entry->past.origin);
    db_some(stmt, 4, entry->past.n);
    return db_run(store, stmt);
}

int journal_place(struct store *store, const struct entry *entry)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE journal SET record = ?3, cell = ?4, key = ?5, "
               "kinds = ?6, state = ?7, number = ?8, reason = ?9, "
               "field = ?10, rule = ?11, past_origin = ?14, past_n = ?15 "
               "WHERE origin = ?1 AND n = ?2 AND record IS NULL");

    bind_row(stmt, entry);
    return db_run(store, stmt);
}

int journal_decide(struct store *store, struct place_id at, enum state from,
                   enum state to, uint64_t number, enum reason reason,
                   const char *field, const char *rule)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE journal SET state = ?3, "
               "number = ifnull(?4, number), reason = ?5, field = ?6, "
               "rule = ?7 WHERE origin = ?1 AND n = ?2");

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    db_int(stmt, 3, (int64_t)to);
    db_some(stmt, 4, number);
    db_int(stmt, 5, (int64_t)reason);
    db_words(stmt, 6, field);
    db_words(stmt, 7, rule);
    if (store->hub || place_is_own(store, at))
        tally_move(store, (int)from, (int)to, 1);
    return db_run(store, stmt);
}

int journal_write(struct store *store, struct change *change, int64_t record,
                  struct place_id past, struct place_id *at)
{
    struct entry entry;
    int rc = journal_self(store);

    if (rc < 0)
        return rc;
    memset(&entry.field, 0, sizeof entry.field + sizeof entry.rule);
    buf_init(&entry.bytes, CHANGE_MAX + 1);
    change->name.n = store->self_n + 1;
    change_write(change, &entry.bytes);
    assert(!entry.bytes.full && entry.bytes.len <= CHANGE_MAX); /* planned */
    entry.at = (struct place_id){store->self, change->name.n};
    entry.record = record;
    entry.cell = change->cell;
    entry_set_key(&entry, change->key);
    entry.kinds = store->kinds_row;
    entry.past = past;
    entry.state = STATE_QUEUED;
    entry.number = 0;
    entry.reason = REASON_NONE;
    entry.hash = change_hash(&store->self_hash, buf_view(&entry.bytes));
    rc = journal_add(store, &entry);
    buf_done(&entry.bytes);
    if (rc < 0)
        return rc;
    store->self_n = change->name.n;
    store->self_hash = entry.hash;
    tally_move(store, -1, STATE_QUEUED, 1);
    reached(store, REACH_PUT);
    *at = entry.at;
    return 0;
}
