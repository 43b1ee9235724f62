/* Station: what an ask says: hello and batches. */
#include "proto/text.h"
#include "store/speak.h"

#include <stdio.h>
#include <string.h>

static void head_read(struct store *store, sqlite3_stmt *stmt,
                      struct head *out)
{
    memset(out, 0, sizeof *out);
    db_column_id(stmt, 1, &out->origin);
    out->confirmed = db_column_count(stmt, 2);
    out->n = db_column_count(stmt, 3);
    db_column_hash(stmt, 4, &out->hash);
    origin_newest(store, sqlite3_column_int64(stmt, 0), &out->n,
                  &out->hash, &out->confirmed);
    out->has_parent = db_column_id(stmt, 5, &out->parent.origin);
    if (!out->has_parent)
        return;
    out->parent.n = db_column_count(stmt, 6);
    db_column_hash(stmt, 7, &out->parent_hash);
}

/* The newest origin first (it names the whole line), then each with changes
 * that no answer has confirmed, parents before children. */
static void hello_heads(struct store *store, struct hello *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT o.id, o.origin, o.confirmed, o.n, o.hash, p.origin, "
               "o.parent_n, o.parent_hash FROM origin o "
               "LEFT JOIN origin p ON p.id = o.parent WHERE o.own = 1 AND "
               "(o.confirmed <> o.n OR o.again = 1 OR o.id = ?1 OR o.id = "
               "(SELECT max(id) FROM origin WHERE own = 1)) "
               "ORDER BY o.id = (SELECT max(id) FROM origin WHERE own = 1) "
               "DESC, o.id LIMIT ?2");

    db_int(stmt, 1, store->self);
    db_int(stmt, 2, HEADS);
    while (db_step(store, stmt) == 1)
        head_read(store, stmt, &out->head[out->heads++]);
    sqlite3_reset(stmt);
}

static void hello_cursors(struct store *store, struct hello *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT name, cursor FROM stream ORDER BY id LIMIT ?1");

    db_int(stmt, 1, STREAMS);
    while (db_step(store, stmt) == 1) {
        if (!text_valid(db_column(stmt, 0)))
            continue;           /* spoilt: all of that stream is told again */
        db_column_text(stmt, 0, out->cursor[out->cursors].stream,
                       sizeof out->cursor[0].stream);
        out->cursor[out->cursors++].seq = db_column_count(stmt, 1);
    }
    sqlite3_reset(stmt);
}

#define COUNT_MAX ((int64_t)1 << 48)

/* A count that its disk has spoilt is no reason to be turned away. */
static uint64_t counted(const struct store *store, enum state state)
{
    int64_t count = store->tally[state];

    return count > 0 && count < COUNT_MAX ? (uint64_t)count : 0;
}

int store_hello(struct store *store, struct hello *out)
{
    store->rc = 0;
    memset(out, 0, sizeof *out);
    out->life = store->life;
    out->number = store->number;
    out->seq = store->seq;
    memcpy(out->kinds, store->kinds->hash, HASH_SIZE);
    for (int i = 0; i < STATES; i++)
        out->written += counted(store, (enum state)i);
    out->queued = counted(store, STATE_QUEUED);
    out->parked = counted(store, STATE_PARKED);
    out->returned = counted(store, STATE_RETURNED);
    out->aside = counted(store, STATE_ASIDE);
    hello_heads(store, out);
    hello_cursors(store, out);
    terse_hello(store, out);
    return store->rc;
}

/* Hash before `from`: of the change before it, or the parent's. */
static int hash_before(struct store *store, const struct origin_row *origin,
                       uint64_t from, struct hash *out)
{
    int rc;

    if (from == 1) {
        *out = origin->parent_hash;
        return 0;
    }
    rc = journal_hash(store, (struct place_id){origin->id, from - 1}, out);
    return rc == 1 ? 0 : ERR_CORRUPT;
}

static void kinds_hash(struct store *store, int64_t row,
                       uint8_t out[HASH_SIZE])
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT hash FROM kinds WHERE id = ?1");

    db_int(stmt, 1, row);
    memset(out, 0, HASH_SIZE);
    if (db_step(store, stmt) == 1)
        memcpy(out, sqlite3_column_blob(stmt, 0), HASH_SIZE);
    sqlite3_reset(stmt);
}

struct packing {
    struct store *store;
    const struct origin_row *origin;
    struct batch_writer writer;
    struct hash before;         /* of the change before the next */
    bool open;
    int64_t kinds;              /* one batch, one set of kinds */
    uint64_t next;
};

/* What the disk has changed since it was written is not sent as what its author
 * meant: an empty place goes, and is set aside. */
static struct bytes as_written(struct packing *on, struct bytes bytes,
                               const struct hash *hash)
{
    struct hash is = change_hash(&on->before, bytes);

    on->before = *hash;
    if (bytes.len == 0 || memcmp(is.b, hash->b, HASH_SIZE) == 0)
        return bytes;
    reached(on->store, REACH_DAMAGED);
    return bytes_of(NULL, 0);
}

/* False when this change belongs into the next batch. */
static bool pack(struct packing *on, sqlite3_stmt *stmt, size_t size)
{
    int64_t kinds = sqlite3_column_int64(stmt, 1);
    struct hash hash;
    struct bytes bytes;
    uint8_t name[HASH_SIZE];

    if (!on->open) {
        kinds_hash(on->store, kinds, name);
        batch_open(&on->writer, name, &on->origin->origin, on->next,
                   &on->before);
        on->open = true;
        on->kinds = kinds;
    }
    if (kinds != on->kinds)
        return false;
    db_column_hash(stmt, 2, &hash);
    bytes = as_written(on, db_column(stmt, 3), &hash);
    return batch_add(&on->writer, bytes, &hash, size);
}

static int pack_all(struct store *store, const struct hello *hello,
                    const struct head *head, uint64_t from, size_t size,
                    struct buf *out, uint64_t *next)
{
    sqlite3_stmt *stmt;
    struct origin_row row;
    struct packing on = {.store = store, .origin = &row, .next = from};
    int rc, count = 0;

    store->rc = 0;
    *next = 0;
    if (origin_find(store, &head->origin, &row) != 1)
        return ERR_FAULT;
    rc = hash_before(store, &row, from, &on.before);
    if (rc < 0)
        return rc;
    stmt = db_stmt(store, "SELECT n, kinds, hash, bytes FROM journal "
                          "WHERE origin = ?1 AND n >= ?2 AND n <= ?3 "
                          "ORDER BY n");
    db_int(stmt, 1, row.id);
    db_num(stmt, 2, from);
    db_num(stmt, 3, head->n);
    while (db_step(store, stmt) == 1) {
        uint64_t n = db_column_num(stmt, 0);

        if (n != from + (uint64_t)count)
            break;              /* the disk lost one: verify says which */
        if (!pack(&on, stmt, size)) {
            *next = n;
            break;
        }
        count++;
    }
    sqlite3_reset(stmt);
    if (on.open && terse_say(store, hello, &on.writer, out)) {
        batch_drop(&on.writer);
        on.open = false;
    }
    if (on.open)
        rc = batch_close(&on.writer, out);
    if (store->rc < 0)
        rc = store->rc;
    return rc < 0 ? rc : count;
}

int store_batch(struct store *store, const struct head *head, uint64_t from,
                size_t size, struct buf *out, uint64_t *next)
{
    return pack_all(store, NULL, head, from, size, out, next);
}

int store_say_batch(struct store *store, const struct hello *hello,
                    const struct head *head, uint64_t from, size_t size,
                    struct buf *out, uint64_t *next)
{
    return pack_all(store, hello, head, from, size, out, next);
}
