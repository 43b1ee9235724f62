/* Reading: what this machine shows of a record. */
#include "store/cell.h"
#include "store/secured.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 4 * 1024 * 1024 };

void shown_init(struct shown *shown)
{
    shown->cells = 0;
    buf_init(&shown->text, SHOWN_MAX);
}

void shown_done(struct shown *shown)
{
    buf_done(&shown->text);
}

/* Where a cell's bytes begin in shown->text; views are made only when it no
 * longer grows. */
struct lying {
    size_t at, len;
    uint64_t cell;
};

static void cell_columns(sqlite3_stmt *stmt, struct shown_cell *cell,
                         struct lying *lying, struct buf *text)
{
    struct bytes bytes = db_column(stmt, 5);

    lying->cell = db_column_num(stmt, 0);
    cell->base = db_column_num(stmt, sqlite3_column_type(stmt, 2) ==
                                             SQLITE_NULL ? 1 : 3);
    cell->news = sqlite3_column_type(stmt, 2) != SQLITE_NULL &&
                 db_column_num(stmt, 1) > db_column_num(stmt, 3);
    cell->state = (enum state)sqlite3_column_int(stmt, 4);
    cell->last_origin = sqlite3_column_int64(stmt, 6);
    cell->last_n = db_column_num(stmt, 7);
    lying->at = text->len;
    lying->len = bytes.len;
    buf_put(text, bytes.data, bytes.len);
}

static bool cell_views(const struct kind *kind, struct shown_cell *cell,
                       const struct lying *lying, const struct buf *text,
                       struct change *change)
{
    struct bytes bytes = bytes_of(text->data + lying->at, lying->len);

    cell->cell = kind_cell_by_id(kind, lying->cell);
    if (cell->cell < 0 || change_open(bytes, change) < 0)
        return false;           /* of newer kinds: kept, not shown */
    cell->key = change->key;
    cell->present = !change->removal;
    cell->body = change->body;
    cell->author = change->author;
    cell->wall_ms = change->stamp.wall_ms;
    return true;
}

static void shown_cells(struct store *store, const struct record_row *row,
                        uint64_t wanted, struct shown *out,
                        struct lying *lying)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT c.cell, c.number, c.own_n, c.own_base, j.state, j.bytes, "
               "c.last_origin, c.last_n FROM cell c "
               "JOIN journal j ON j.origin = ifnull(c.own_origin, c.origin) "
               "AND j.n = ifnull(c.own_n, c.n) "
               "WHERE c.record = ?1 AND ?2 >> min(c.cell, 63) & 1 "
               "ORDER BY c.cell, c.key");
    int count = 0;

    db_int(stmt, 1, row->id);
    db_num(stmt, 2, wanted);
    while (count < SHOWN_CELLS && db_step(store, stmt) == 1) {
        cell_columns(stmt, &out->cell[count], &lying[count], &out->text);
        count++;
    }
    out->cells = count;
    sqlite3_reset(stmt);
}

/* The ending is no cell of the list: it is how the record stands. */
static void take_ending(struct shown *out, const struct shown_cell *cell)
{
    out->ended = cell->present;
    out->end_reason = body_get(&cell->body, END_REASON);
}

static void shown_views(const struct kind *kind, struct shown *out,
                        const struct lying *lying)
{
    struct change *change = xmalloc(sizeof *change);
    int kept = 0, all = out->cells;

    for (int i = 0; i < all; i++) {
        struct shown_cell *cell = &out->cell[i];

        if (!cell_views(kind, cell, &lying[i], &out->text, change))
            continue;
        if (cell->state == STATE_QUEUED || cell->state == STATE_RECEIVED)
            out->state = cell->state;
        if (cell->cell == 0)
            take_ending(out, cell);
        else if (kept++ != i)
            out->cell[kept - 1] = *cell;
    }
    out->cells = kept;
    free(change);
}

uint64_t show_bit(int cell_id)
{
    return (uint64_t)1 << (cell_id < 63 ? cell_id : 63);
}

int show_record(struct store *store, const struct record_row *row,
                uint64_t wanted, struct shown *out)
{
    struct lying lying[SHOWN_CELLS];
    size_t org, host;

    out->record = row->record;
    out->kind = kinds_by_id(store->kinds, row->kind);
    out->ended = false;
    out->cells = 0;
    out->state = STATE_TAKEN;
    out->end_reason = bytes_of(NULL, 0);
    buf_clear(&out->text);
    if (out->kind == NULL)
        return ERR_KIND;
    org = out->text.len;
    buf_put(&out->text, row->org, strlen(row->org));
    host = out->text.len;
    buf_put(&out->text, row->host, strlen(row->host));
    shown_cells(store, row, wanted, out, lying);
    if (out->text.full)
        return ERR_SIZE;
    out->org = bytes_of(out->text.data + org, strlen(row->org));
    out->host = bytes_of(out->text.data + host, strlen(row->host));
    shown_views(out->kind, out, lying);
    return store->rc < 0 ? store->rc : 0;
}

uint64_t show_end_base(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT ifnull(min(as_of), 0) FROM stream "
               "WHERE name NOT LIKE '@%'");
    uint64_t base = 0;

    if (db_step(store, stmt) == 1)
        base = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return store->hub ? store->number : base;
}

/* A cell whose case is open says so, whatever value it shows. */
static void mark_cases(struct store *store, int64_t record, struct shown *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT c.cell, c.key, j.state FROM cases c JOIN journal j "
               "ON j.origin = c.origin AND j.n = c.n "
               "WHERE c.record = ?1 AND c.open = 1");

    db_int(stmt, 1, record);
    while (db_step(store, stmt) == 1) {
        int cell = kind_cell_by_id(out->kind, db_column_num(stmt, 0));
        struct bytes key = db_column(stmt, 1);
        enum state state = (enum state)sqlite3_column_int(stmt, 2);

        for (int i = 0; i < out->cells; i++)
            if (out->cell[i].cell == cell &&
                bytes_equal(out->cell[i].key, key))
                out->cell[i].state = state;
        if (out->state != STATE_RETURNED)
            out->state = state;
    }
    sqlite3_reset(stmt);
}

static int show_row(struct store *store, const struct record_row *row,
                    struct shown *out)
{
    int rc = show_record(store, row, SHOW_ALL, out);

    if (rc < 0)
        return rc;
    out->end_base = show_end_base(store);
    mark_cases(store, row->id, out);
    return store->rc;
}

int store_kind_of(struct store *store, const struct id *record,
                  const struct kind **out)
{
    struct record_row row;
    int rc;

    store->rc = 0;
    rc = record_find(store, record, &row);
    if (rc < 0)
        return rc;
    *out = rc == 1 && record_shown(&row) ? kinds_by_id(store->kinds, row.kind)
                                         : NULL;
    return *out == NULL ? ERR_RECORD : 0;
}

int store_show(struct store *store, const struct id *record, struct shown *out)
{
    struct record_row row;
    int rc;

    store->rc = 0;
    rc = record_find(store, record, &row);
    if (rc < 0)
        return rc;
    if (rc == 0 || !record_shown(&row))
        return ERR_RECORD;
    return show_row(store, &row, out);
}

int store_next(struct store *store, const struct kind *kind,
               const struct id *after, struct shown *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT id FROM record WHERE record > ?1 AND kind = ?2 AND "
               "org IS NOT NULL AND gone = 0 ORDER BY record LIMIT 1");
    struct record_row row;
    int64_t id = 0;
    int rc;

    store->rc = 0;
    if (after == NULL)
        sqlite3_bind_zeroblob(stmt, 1, 0);
    else
        db_id(stmt, 1, after);
    db_int(stmt, 2, kind->id);
    rc = db_step(store, stmt);
    if (rc == 1)
        id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (rc != 1)
        return rc;
    rc = record_by_row(store, id, &row);
    /* A damaged id would lead nowhere, or back to the first record, round and
     * round. */
    if (rc == 0 || (rc == 1 && after != NULL &&
                    memcmp(row.record.b, after->b, ID_SIZE) <= 0))
        rc = ERR_CORRUPT;
    if (rc == 1)
        rc = show_row(store, &row, out);
    return rc < 0 ? rc : 1;
}

static int each_past(struct store *store, struct place_id at,
                     const struct kind *kind, struct entry *entry,
                     int (*each)(void *user, const struct past *past),
                     void *user)
{
    struct past past;

    if (journal_load(store, at, entry) != 1 || !entry->readable)
        return 0;
    past.change = entry->change;
    past.state = entry->state;
    past.number = entry->number;
    past.reason = entry->reason;
    past.kind = kind;
    return each(user, &past);
}

int store_history(struct store *store, const struct id *record,
                  int (*each)(void *user, const struct past *past),
                  void *user)
{
    struct record_row row;
    struct entry entry;
    sqlite3_stmt *stmt;
    int rc;

    store->rc = 0;
    rc = record_find(store, record, &row);
    if (rc < 0)
        return rc;
    if (rc == 0 || !record_shown(&row))
        return ERR_RECORD;
    /* Decided ones by number, then own ones as they were written. */
    stmt = db_stmt(store, PAST_OF_RECORD
                   "SELECT j.origin, j.n FROM past JOIN journal j "
                   "USING (origin, n) "
                   "ORDER BY j.number IS NULL, j.number, j.origin, j.n");
    db_int(stmt, 1, row.id);
    sqlite3_bind_null(stmt, 2);
    entry_init(&entry);
    while (db_step(store, stmt) == 1) {
        struct place_id at = {sqlite3_column_int64(stmt, 0),
                              db_column_num(stmt, 1)};

        if (each_past(store, at, kinds_by_id(store->kinds, row.kind), &entry,
                      each, user) != 0)
            break;
    }
    sqlite3_reset(stmt);
    entry_done(&entry);
    return store->rc;
}

int store_status(struct store *store, struct store_status *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT count(*) FROM cases c LEFT JOIN record r "
                       "ON r.id = c.record WHERE c.open = 1 AND "
                       "(ifnull(r.gone, 0) = 0 OR c.origin IN "
                       "(SELECT id FROM origin WHERE own = 1))");
    sqlite3_int64 pages = 0, size = 0;

    store->rc = 0;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < STATES; i++) {
        out->count[i] = (uint64_t)store->tally[i];
        out->written += out->count[i];
    }
    out->records = (uint64_t)store->records;
    if (db_step(store, stmt) == 1)
        out->cases = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    stmt = db_stmt(store, "SELECT page_count, page_size FROM "
                          "pragma_page_count(), pragma_page_size()");
    if (db_step(store, stmt) == 1) {
        pages = sqlite3_column_int64(stmt, 0);
        size = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    stmt = db_stmt(store, "SELECT EXISTS (SELECT 1 FROM stream "
                          "WHERE cursor > 0 AND as_of = 0)");
    out->loading = db_step(store, stmt) == 1 && !store->hub &&
                   sqlite3_column_int(stmt, 0) != 0;
    sqlite3_reset(stmt);
    out->life = store->life;
    out->number = store->number;
    out->seq = store->seq;
    out->secured = secured_number(store);
    out->secured_taken = secured_taken(store);
    out->db_bytes = pages * size;
    out->wal_bytes = store->wal_pages * size;
    return store->rc;
}
