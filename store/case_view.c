/* Reading cases: both values, both authors, and what both started from. */
#include "store/case.h"

#include <string.h>

enum { CASE_BYTES = 4 * (CHANGE_MAX + 1) };

void shown_case_init(struct shown_case *shown)
{
    buf_init(&shown->text, CASE_BYTES);
}

void shown_case_done(struct shown_case *shown)
{
    buf_done(&shown->text);
}

/* Parse bytes that lie at `at` in the result's own buffer. */
static bool read_at(const struct buf *text, size_t at, size_t len,
                    struct change *out)
{
    return len > 0 && change_read(bytes_of(text->data + at, len), out) == 0;
}

static size_t keep(struct buf *text, struct bytes bytes)
{
    size_t at = text->len;

    buf_put(text, bytes.data, bytes.len);
    return at;
}

struct lying {
    size_t parked, parked_len, force, force_len, base, base_len;
};

static void load_force(struct store *store, const struct case_row *row,
                       struct shown_case *out, struct lying *lying)
{
    struct cell_row cell;
    struct entry entry;

    if (row->record == 0 ||
        cell_find(store, row->record, row->cell, bytes_text(row->key),
                  &cell) < 0)
        return;
    out->number = row->cell == CELL_END ? show_end_base(store) : cell.number;
    if (cell.force.origin == 0)
        return;
    entry_init(&entry);
    if (journal_load(store, cell.force, &entry) == 1) {
        lying->force = keep(&out->text, buf_view(&entry.bytes));
        lying->force_len = entry.bytes.len;
    }
    entry_done(&entry);
}

static void load_base(struct store *store, int64_t id, struct shown_case *out,
                      struct lying *lying)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT base FROM cases WHERE id = ?1 AND base IS NOT NULL");

    db_int(stmt, 1, id);
    if (db_step(store, stmt) == 1) {
        struct bytes base = db_column(stmt, 0);

        lying->base = keep(&out->text, base);
        lying->base_len = base.len;
    }
    sqlite3_reset(stmt);
}

static void make_views(struct shown_case *out, const struct lying *lying)
{
    static const struct body empty;
    struct change force;
    struct cut base;

    out->readable = read_at(&out->text, lying->parked, lying->parked_len,
                            &out->parked);
    out->in_force_present = false;
    out->in_force = empty;
    out->in_force_author = bytes_of(NULL, 0);
    out->in_force_wall_ms = 0;
    if (read_at(&out->text, lying->force, lying->force_len, &force)) {
        out->in_force_present = !force.removal;
        out->in_force = force.body;
        out->in_force_author = force.author;
        out->in_force_wall_ms = force.stamp.wall_ms;
    }
    out->base_present = false;
    out->base_value = empty;
    if (lying->base_len > 0) {
        base = cut_of(bytes_of(out->text.data + lying->base,
                               lying->base_len));
        out->base_present = body_read(&base, &out->base_value) == 0 &&
                            body_valid(&out->base_value);
        if (!out->base_present)
            out->base_value = empty;
    }
}

static int fill(struct store *store, const struct case_row *row,
                struct shown_case *out)
{
    struct record_row record;
    struct lying lying = {0};
    struct entry entry;
    int rc = place_name(store, row->at, &out->name);

    if (rc < 0)
        return rc;
    buf_clear(&out->text);
    memset(&record, 0, sizeof record);
    if (row->record != 0 && record_by_row(store, row->record, &record) < 0)
        return store->rc;
    out->row = row->id;
    out->record = record.record;
    out->kind = kinds_by_id(store->kinds, record.kind);
    out->cell = out->kind == NULL ? -1
                                  : kind_cell_by_id(out->kind, row->cell);
    out->reason = row->reason;
    memcpy(out->field, row->field, sizeof out->field);
    memcpy(out->rule, row->rule, sizeof out->rule);
    out->open = row->open;
    out->own = place_is_own(store, row->at);
    out->number = 0;
    memset(&out->settled_by, 0, sizeof out->settled_by);
    settles_find(store, &out->name, &out->settled_by);
    keep(&out->text, bytes_text(row->key));
    entry_init(&entry);
    if (journal_load(store, row->at, &entry) == 1) {
        lying.parked = keep(&out->text, buf_view(&entry.bytes));
        lying.parked_len = entry.bytes.len;
    }
    entry_done(&entry);
    load_force(store, row, out, &lying);
    load_base(store, row->id, out, &lying);
    if (out->text.full)
        return ERR_SIZE;
    out->key = bytes_of(out->text.data, strlen(row->key));
    make_views(out, &lying);
    return store->rc;
}

int store_next_case(struct store *store, int64_t after, struct shown_case *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT c.id FROM cases c LEFT JOIN record r "
                       "ON r.id = c.record WHERE c.open = 1 AND c.id > ?1 "
                       "AND (ifnull(r.gone, 0) = 0 OR c.origin IN "
                       "(SELECT id FROM origin WHERE own = 1)) "
                       "ORDER BY c.id LIMIT 1");
    struct case_row row;
    int64_t id = 0;
    int rc;

    store->rc = 0;
    db_int(stmt, 1, after);
    rc = db_step(store, stmt);
    if (rc == 1)
        id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (rc != 1)
        return rc;
    rc = case_by_row(store, id, &row);
    if (rc == 1)
        rc = fill(store, &row, out);
    return rc < 0 ? rc : 1;
}

int store_case(struct store *store, const struct name *name,
               struct shown_case *out)
{
    struct case_row row;
    int rc;

    store->rc = 0;
    rc = case_find(store, place_of(store, name), &row);
    if (rc != 1)
        return rc < 0 ? rc : ERR_CASE;
    return fill(store, &row, out);
}
