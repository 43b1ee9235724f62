/* Hub: its word on single cells, for a station that mends what it shows. */
#include "store/compare.h"
#include "store/news.h"

#include <string.h>

struct wording {
    struct store *store;
    const char *stream;
    struct news_writer writer;
    struct entry entry;
};

/* Is the change what its hash says, and one of this cell? Bytes that rotted
 * here must not go out as the county's word. */
static bool sound(struct store *store, const struct entry *entry,
                  const struct want *want)
{
    const struct change *change = &entry->change;
    struct place_id before = {entry->at.origin, entry->at.n - 1};
    struct origin_row origin;
    struct hash hash;

    if (!entry->readable || !id_equal(&change->record, &want->record) ||
        change->cell != want->cell ||
        !bytes_equal(change->key, bytes_text(want->key)) ||
        origin_by_row(store, entry->at.origin, &origin) != 1)
        return false;
    hash = origin.parent_hash;
    if (before.n > 0 && journal_hash(store, before, &hash) != 1)
        return false;
    hash = change_hash(&hash, buf_view(&entry->bytes));
    return memcmp(hash.b, entry->hash.b, HASH_SIZE) == 0;
}

static void add_state(struct wording *on, const struct cell_row *cell)
{
    struct news_item item = {.what = NEWS_STATE, .seq = cell->seq};

    item.number = on->entry.number;
    item.change = buf_view(&on->entry.bytes);
    item.hash = on->entry.hash;
    news_add(&on->writer, &item);
}

/* Of a departure that the hub does not remember, as it happened in a life that
 * it lost, the newest news of the record speak: what makes it come back is newer,
 * and no station is behind them for long. */
static int add_gone(struct wording *on, const struct record_row *row)
{
    struct news_item item = {.what = NEWS_GONE, .record = row->record};
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT ifnull((SELECT seq FROM gone WHERE record = ?1 AND "
                   "stream = (SELECT id FROM stream WHERE name = ?2)), "
                   "(SELECT max(seq) FROM cell WHERE record = ?1))");
    int rc;

    db_int(stmt, 1, row->id);
    db_text(stmt, 2, bytes_text(on->stream));
    rc = db_step(on->store, stmt);
    if (rc == 1)
        item.seq = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    if (rc == 1 && item.seq > 0)
        news_add(&on->writer, &item);
    return rc;
}

static int word_state(struct wording *on, const struct want *want)
{
    struct record_row row;
    struct cell_row cell;
    int rc = record_find(on->store, &want->record, &row);

    if (rc != 1)
        return rc;
    if (!org_sees(on->stream, &row))
        return add_gone(on, &row);
    rc = cell_find(on->store, row.id, want->cell, bytes_text(want->key),
                   &cell);
    if (rc != 1 || cell.force.origin == 0)
        return rc;
    rc = journal_load(on->store, cell.force, &on->entry);
    if (rc == 1 && sound(on->store, &on->entry, want))
        add_state(on, &cell);
    return rc;
}

/* Only whoever has a change can name its hash: nobody learns of one here. */
static int word_verdict(struct wording *on, const struct want *want)
{
    struct news_item item = {.what = NEWS_VERDICT, .name = want->name};
    struct entry *entry = &on->entry;
    int rc;

    if (!want->has)
        return 0;
    rc = journal_load(on->store, place_of(on->store, &want->name), entry);
    if (rc != 1 || memcmp(entry->hash.b, want->hash.b, HASH_SIZE) != 0)
        return rc;
    item.number = entry->number;
    item.verdict = (int)entry->state;
    item.reason = (int)entry->reason;
    memcpy(item.field, entry->field, sizeof item.field);
    memcpy(item.rule, entry->rule, sizeof item.rule);
    news_add(&on->writer, &item);
    return 0;
}

int store_tell_wants(struct store *store, const char *stream,
                     const struct want *want, int count, int *next,
                     size_t size, struct buf *out)
{
    struct wording on = {.store = store, .stream = stream};
    struct news *head = &on.writer.head;
    int rc = 0;

    store->rc = 0;
    news_open(&on.writer, stream, (uint64_t)*next);
    entry_init(&on.entry);
    do {
        rc = word_state(&on, &want[*next]);
        if (rc >= 0)
            rc = word_verdict(&on, &want[*next]);
        ++*next;
    } while (rc >= 0 && *next < count && head->raw.len < size);
    head->to = (uint64_t)*next;
    entry_done(&on.entry);
    rc = db_result(store, rc);
    if (rc >= 0)
        return news_close(&on.writer, out);
    news_done(head);
    return rc;
}
