#include "store/cell.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

#define RECORD_COLUMNS "id, record, kind, org, host, ended, gone"

static void record_read(sqlite3_stmt *stmt, struct record_row *out)
{
    out->id = sqlite3_column_int64(stmt, 0);
    db_column_id(stmt, 1, &out->record);
    out->kind = db_column_num(stmt, 2);
    db_column_text(stmt, 3, out->org, sizeof out->org);
    db_column_text(stmt, 4, out->host, sizeof out->host);
    out->ended = sqlite3_column_int(stmt, 5) != 0;
    out->gone = db_column_num(stmt, 6);
}

int record_find(struct store *store, const struct id *record,
                struct record_row *out)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT " RECORD_COLUMNS
                                        " FROM record WHERE record = ?1");
    int rc;

    db_id(stmt, 1, record);
    rc = db_step(store, stmt);
    if (rc == 1)
        record_read(stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

int record_by_row(struct store *store, int64_t id, struct record_row *out)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT " RECORD_COLUMNS
                                        " FROM record WHERE id = ?1");
    int rc;

    db_int(stmt, 1, id);
    rc = db_step(store, stmt);
    if (rc == 1)
        record_read(stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

/* A disk may have lost the row of a record and kept its cells: they are not of
 * the next one that would get its short name. */
static int64_t record_alone(struct store *store, int64_t id)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE record SET id = (SELECT max(record) + 1 FROM cell "
               "WHERE record < 9223372036854775807) WHERE id = ?1 AND "
               "EXISTS (SELECT 1 FROM cell WHERE record = ?1) RETURNING id");

    db_int(stmt, 1, id);
    if (db_step(store, stmt) == 1)
        id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return id;
}

int record_add(struct store *store, const struct id *record, uint64_t kind,
               struct record_row *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO record (record, kind) VALUES (?1, ?2)");
    int rc;

    db_id(stmt, 1, record);
    db_num(stmt, 2, kind);
    rc = db_run(store, stmt);
    memset(out, 0, sizeof *out);
    out->record = *record;
    out->kind = kind;
    if (rc == 0)
        out->id = record_alone(store, sqlite3_last_insert_rowid(store->db));
    return db_result(store, rc);
}

bool record_shown(const struct record_row *row)
{
    return row->org[0] != '\0' && row->gone == 0;
}

static bool record_counted(const struct record_row *row)
{
    return record_shown(row) && !row->ended;
}

static int record_save(struct store *store, const struct record_row *row)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE record SET org = nullif(?2, ''), "
               "host = nullif(?3, ''), ended = ?4, gone = ?5 WHERE id = ?1");

    db_int(stmt, 1, row->id);
    db_text(stmt, 2, bytes_text(row->org));
    db_text(stmt, 3, bytes_text(row->host));
    db_int(stmt, 4, row->ended);
    db_num(stmt, 5, row->gone);
    return db_run(store, stmt);
}

static int record_change(struct store *store, struct record_row *row,
                         const struct record_row *to)
{
    int by = (int)record_counted(to) - (int)record_counted(row);

    *row = *to;
    store->records += by;
    if (by != 0)
        store->tally_dirty = true;
    return record_save(store, row);
}

int record_set_gone(struct store *store, struct record_row *row,
                    uint64_t seq)
{
    struct record_row to = *row;

    to.gone = seq;
    return record_change(store, row, &to);
}

static void org_take(char out[ORG_ROOM], const struct kind *kind, int field,
                     const struct body *body)
{
    struct bytes text = {NULL, 0};

    if (body != NULL)
        text = body_get(body, (uint64_t)kind->fields[field].id);
    memset(out, 0, ORG_ROOM);
    if (text.len < ORG_ROOM && text.len > 0)
        memcpy(out, text.data, text.len);
}

static int64_t lookup_hash(const struct kind *kind, int field,
                           struct bytes value)
{
    crypto_generichash_state state;
    uint64_t at[2] = {(uint64_t)kind->id, (uint64_t)kind->fields[field].id};
    uint8_t hash[crypto_generichash_BYTES_MIN];
    int64_t out;

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)at, sizeof at);
    crypto_generichash_update(&state, value.data, value.len);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&out, hash, sizeof out);
    return out;
}

static int lookup_set(struct store *store, int64_t hash, int64_t record,
                      bool there)
{
    sqlite3_stmt *stmt = db_stmt(
        store, there ? "INSERT OR IGNORE INTO lookup (hash, record) "
                       "VALUES (?1, ?2)"
                     : "DELETE FROM lookup WHERE hash = ?1 AND record = ?2");

    db_int(stmt, 1, hash);
    db_int(stmt, 2, record);
    return db_run(store, stmt);
}

static int lookup_note(struct store *store, int64_t record,
                       const struct kind *kind, int cell,
                       const struct body *before, const struct body *body)
{
    int rc = 0;

    for (int i = 0; i < kind->nfields && rc == 0; i++) {
        const struct field *field = &kind->fields[i];
        struct bytes was = {NULL, 0}, is = {NULL, 0};

        if (field->cell != cell || (!field->unique && !field->lookup))
            continue;
        if (before != NULL)
            was = body_get(before, (uint64_t)field->id);
        if (body != NULL)
            is = body_get(body, (uint64_t)field->id);
        if (bytes_equal(was, is))
            continue;
        if (was.len > 0)
            rc = lookup_set(store, lookup_hash(kind, i, was), record, false);
        if (rc == 0 && is.len > 0)
            rc = lookup_set(store, lookup_hash(kind, i, is), record, true);
    }
    return rc;
}

/* What record_note may change; never by memcmp, as a row has padding. */
static bool noted(const struct record_row *a, const struct record_row *b)
{
    return a->ended == b->ended && strcmp(a->org, b->org) == 0 &&
           strcmp(a->host, b->host) == 0;
}

bool record_as(const struct kind *kind, int cell, const struct body *body,
               struct record_row *out)
{
    bool host = kind->host_field >= 0 &&
                kind->fields[kind->host_field].cell == cell;

    if (cell == 1)
        org_take(out->org, kind, kind->org_field, body);
    if (host)
        org_take(out->host, kind, kind->host_field, body);
    return cell == 1 || host;
}

int record_note(struct store *store, struct record_row *row,
                const struct kind *kind, int cell, const struct body *before,
                const struct body *body)
{
    struct record_row to = *row;
    int rc;

    if (cell == 0)
        to.ended = body != NULL;
    record_as(kind, cell, body, &to);
    rc = lookup_note(store, row->id, kind, cell, before, body);
    if (rc < 0 || noted(&to, row))
        return rc;
    return record_change(store, row, &to);
}

int64_t lookup_other(struct store *store, const struct kind *kind, int field,
                     struct bytes value, int64_t not_this)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT l.record FROM lookup l JOIN record r ON r.id = "
               "l.record WHERE l.hash = ?1 AND l.record <> ?2 AND "
               "r.org IS NOT NULL AND r.ended = 0 AND r.gone = 0 LIMIT 1");
    int64_t other = 0;

    db_int(stmt, 1, lookup_hash(kind, field, value));
    db_int(stmt, 2, not_this);
    if (db_step(store, stmt) == 1)
        other = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return other;
}

void cell_new(int64_t record, uint64_t cell, struct bytes key,
              struct cell_row *out)
{
    memset(out, 0, offsetof(struct cell_row, key));
    out->record = record;
    out->cell = cell;
    if (key.len > 0)
        memcpy(out->key, key.data, key.len);
    out->key[key.len] = '\0';
}

int cell_find(struct store *store, int64_t record, uint64_t cell,
              struct bytes key, struct cell_row *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT origin, n, number, seq, own_origin, own_n, own_base, "
               "last_origin, last_n FROM cell WHERE record = ?1 AND cell = ?2 AND key = ?3");
    int rc;

    if (key.len > KEY_MAX) {    /* of a damaged row: nobody wrote such a one */
        cell_new(record, cell, bytes_of(NULL, 0), out);
        store->rc = ERR_CORRUPT;
        return ERR_CORRUPT;
    }
    cell_new(record, cell, key, out);
    db_int(stmt, 1, record);
    db_num(stmt, 2, cell);
    db_text(stmt, 3, key);
    rc = db_step(store, stmt);
    if (rc == 1) {
        out->exists = true;
        out->force.origin = sqlite3_column_int64(stmt, 0);
        out->force.n = db_column_num(stmt, 1);
        out->number = db_column_num(stmt, 2);
        out->seq = db_column_num(stmt, 3);
        out->own.origin = sqlite3_column_int64(stmt, 4);
        out->own.n = db_column_num(stmt, 5);
        out->own_base = db_column_num(stmt, 6);
        out->last.origin = sqlite3_column_int64(stmt, 7);
        out->last.n = db_column_num(stmt, 8);
    }
    sqlite3_reset(stmt);
    return rc;
}

int cell_newest(struct store *store, sqlite3_stmt *stmt,
                struct cell_row *cell)
{
    int rc;

    cell->force = (struct place_id){0, 0};
    cell->number = 0;
    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, STATE_TAKEN);
    db_int(stmt, 5, REASON_LOST);
    rc = db_step(store, stmt);
    if (rc == 1) {
        cell->force = (struct place_id){sqlite3_column_int64(stmt, 0),
                                        db_column_num(stmt, 1)};
        cell->number = db_column_num(stmt, 2);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

int cell_save(struct store *store, struct cell_row *row)
{
    sqlite3_stmt *stmt = db_stmt(
        store, row->exists
                   ? "UPDATE cell SET origin = ?4, n = ?5, number = ?6, "
                     "seq = ?7, own_origin = ?8, own_n = ?9, own_base = ?10, "
                     "last_origin = ?11, last_n = ?12 "
                     "WHERE record = ?1 AND cell = ?2 AND key = ?3"
                   : "INSERT INTO cell (record, cell, key, origin, n, number, "
                     "seq, own_origin, own_n, own_base, last_origin, last_n) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                     "?12)");

    db_int(stmt, 1, row->record);
    db_num(stmt, 2, row->cell);
    db_text(stmt, 3, bytes_text(row->key));
    db_some(stmt, 4, (uint64_t)row->force.origin);
    db_some(stmt, 5, row->force.n);
    db_num(stmt, 6, row->number);
    db_some(stmt, 7, row->seq);
    db_some(stmt, 8, (uint64_t)row->own.origin);
    db_some(stmt, 9, row->own.n);
    sqlite3_bind_null(stmt, 10);
    if (row->own.origin != 0)
        db_num(stmt, 10, row->own_base);
    db_some(stmt, 11, (uint64_t)row->last.origin);
    db_some(stmt, 12, row->last.n);
    row->exists = true;
    return db_run(store, stmt);
}

int cell_write(struct store *store, struct cell_row *row)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE cell SET own_origin = ?4, own_n = ?5, own_base = ?6, "
               "last_origin = ?4, last_n = ?5 "
               "WHERE record = ?1 AND cell = ?2 AND key = ?3");

    if (!row->exists)
        return cell_save(store, row);
    db_int(stmt, 1, row->record);
    db_num(stmt, 2, row->cell);
    db_text(stmt, 3, bytes_text(row->key));
    db_int(stmt, 4, row->own.origin);
    db_num(stmt, 5, row->own.n);
    db_num(stmt, 6, row->own_base);
    return db_run(store, stmt);
}

void cell_chain(struct cell_row *cell, struct entry *entry)
{
    entry->past = cell->last;
    cell->last = entry->at;
}

struct place_id cell_shown(const struct cell_row *row)
{
    return row->own.origin != 0 ? row->own : row->force;
}
