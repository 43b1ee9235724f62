/* Station: the journal's row of a change that comes in force by mending. It may
 * be new here, or here already and sound, or have rotted. */
#include "store/lost.h"
#include "store/mending.h"

#include <string.h>

int mend_entry(struct mend *on)
{
    struct entry *entry = &on->entry;
    const struct news_item *item = &on->reply.state;
    int64_t origin = origin_row_of(on->store, &on->change.name.origin);

    if (origin < 0)
        return (int)origin;
    buf_clear(&entry->bytes);
    buf_put(&entry->bytes, item->change.data, item->change.len);
    entry->at = (struct place_id){origin, on->change.name.n};
    entry->record = on->row.id;
    entry->cell = on->change.cell;
    entry_set_key(entry, on->change.key);
    entry->kinds = on->store->kinds_row;
    entry->state = STATE_TAKEN;
    entry->number = item->number;
    entry->reason = REASON_NONE;
    entry->hash = item->hash;
    entry->past = (struct place_id){0, 0};
    return 0;
}

static bool same_content(const struct entry *a, const struct entry *b)
{
    return a->record == b->record && a->cell == b->cell &&
           strcmp(a->key, b->key) == 0 &&
           memcmp(a->hash.b, b->hash.b, HASH_SIZE) == 0 &&
           bytes_equal(buf_view(&a->bytes), buf_view(&b->bytes));
}

/* Does what stands here under this name stand here under its new one, too? A hub
 * that was set back gave the name to a copy of its author's disk. */
static bool moved(struct mend *on)
{
    const struct entry *old = &on->old;
    sqlite3_stmt *stmt = db_stmt(
        on->store, PAST_OF_RECORD
        "SELECT j.origin, j.n FROM past JOIN journal j USING (origin, n)");
    struct entry other;
    bool found = false;

    db_int(stmt, 1, old->record);
    db_num(stmt, 2, old->cell);
    entry_init(&other);
    while (!found && db_step(on->store, stmt) == 1) {
        struct place_id at = {sqlite3_column_int64(stmt, 0),
                              db_column_num(stmt, 1)};

        found = journal_load(on->store, at, &other) == 1 && other.readable &&
                other.change.has_was &&
                name_equal(&other.change.was, &old->change.name) &&
                memcmp(other.change.was_hash.b, old->hash.b, HASH_SIZE) == 0;
    }
    sqlite3_reset(stmt);
    entry_done(&other);
    return found;
}

/* Two changes under one name? A disk that rots does not make a second one, and
 * what is saved under no other name is never written over. */
static bool another(struct mend *on)
{
    const struct entry *old = &on->old, *is = &on->entry;

    return old->readable &&
           name_equal(&old->change.name, &on->change.name) &&
           memcmp(old->hash.b, is->hash.b, HASH_SIZE) != 0 &&
           !bytes_equal(buf_view(&old->bytes), buf_view(&is->bytes)) &&
           !moved(on);
}

/* The newest change of an own origin is its head, too. */
static int write_head(struct mend *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE origin SET hash = ?3 WHERE id = ?1 AND n = ?2");

    db_int(stmt, 1, on->entry.at.origin);
    db_num(stmt, 2, on->entry.at.n);
    db_hash(stmt, 3, &on->entry.hash);
    return db_run(on->store, stmt);
}

static int write_over(struct mend *on)
{
    const struct entry *is = &on->entry;
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE journal SET record = ?3, cell = ?4, key = ?5, "
                   "hash = ?6, bytes = ?7 WHERE origin = ?1 AND n = ?2");

    on->one->damaged = true;
    db_int(stmt, 1, is->at.origin);
    db_num(stmt, 2, is->at.n);
    db_int(stmt, 3, is->record);
    db_num(stmt, 4, is->cell);
    db_text(stmt, 5, bytes_text(is->key));
    db_hash(stmt, 6, &is->hash);
    db_bytes(stmt, 7, buf_view(&is->bytes));
    return db_run(on->store, stmt) < 0 ? on->store->rc : write_head(on);
}

/* Does the chain of this cell name the change, though its row is gone? */
static bool chained(struct mend *on)
{
    const struct entry *is = &on->entry;
    sqlite3_stmt *stmt = db_stmt(
        on->store, PAST_OF_RECORD
        "SELECT 1 FROM past WHERE origin = ?3 AND n = ?4 LIMIT 1");
    int rc;

    db_int(stmt, 1, is->record);
    db_num(stmt, 2, is->cell);
    db_int(stmt, 3, is->at.origin);
    db_num(stmt, 4, is->at.n);
    rc = db_step(on->store, stmt);
    sqlite3_reset(stmt);
    return rc == 1;
}

/* A chain that named it twice would go round: such a one is made again. */
static int add_change(struct mend *on, struct cell_row *cell)
{
    int rc;

    on->old.readable = false;
    if (chained(on))
        on->one->damaged = true;
    else
        cell_chain(cell, &on->entry);
    rc = journal_add(on->store, &on->entry);
    return rc < 0 ? rc : 1;
}

int mend_change(struct mend *on, struct cell_row *cell)
{
    struct entry *is = &on->entry, *old = &on->old;
    int rc = journal_load(on->store, is->at, old);

    if (rc == 0)
        return add_change(on, cell);
    if (rc < 0 || another(on))
        return rc < 0 ? rc : 0;
    if (cell->last.origin == 0)
        on->one->damaged = true;        /* of a cell that is not there */
    rc = same_content(old, is) ? 0 : write_over(on);
    if (rc == 0 && (old->state != STATE_TAKEN || old->number != is->number))
        rc = journal_decide(on->store, is->at, old->state, STATE_TAKEN,
                            is->number, REASON_NONE, "", "");
    if (rc == 0)
        rc = lost_found(on->store, is->at);
    if (rc == 0 && old->state != STATE_TAKEN)
        rc = lost_close(on->store, is->at);
    return rc < 0 ? rc : 1;
}
