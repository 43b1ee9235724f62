/* What a station says: hellos and batches. */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/must.h"

#include <stdio.h>
#include <string.h>

enum { PLACES = 24 };

/* Kinds of this store, of an earlier time, or of nobody. */
static void draw_kinds_hash(struct draw *draw, uint8_t out[HASH_SIZE])
{
    uint8_t pick = cut_u8(&draw->in);
    sqlite3_stmt *stmt;

    memcpy(out, draw->store->kinds->hash, HASH_SIZE);
    if (pick == 0)
        return;
    memset(out, pick, HASH_SIZE);
    stmt = db_stmt(draw->store,
                   "SELECT hash FROM kinds WHERE id = ?1 AND "
                   "length(hash) = 32");
    db_int(stmt, 1, pick);
    if (db_step(draw->store, stmt) == 1)
        memcpy(out, sqlite3_column_blob(stmt, 0), HASH_SIZE);
    sqlite3_reset(stmt);
}

static void draw_head(struct draw *draw, struct head *out)
{
    struct origin_row row = {.n = 0};
    struct name at;
    uint8_t parent;

    memset(out, 0, sizeof *out);
    draw_origin(draw, &out->origin);
    origin_find(draw->store, &out->origin, &row);
    out->confirmed = draw_number(draw, row.n);
    out->n = draw_number(draw, row.n);
    at = (struct name){out->origin, out->n};
    out->hash = draw_hash(draw, &at);
    out->hash.b[0] ^= cut_u8(&draw->in);
    parent = cut_u8(&draw->in);
    out->has_parent = parent & 1;
    out->untold = parent == 2 && out->confirmed > 0;
    if (!out->has_parent)
        return;
    draw_name(draw, &out->parent);
    out->parent_hash = draw_hash(draw, &out->parent);
    out->parent_hash.b[0] ^= cut_u8(&draw->in);
}

static void draw_cursor(struct draw *draw, struct cursor *out)
{
    uint8_t pick = cut_u8(&draw->in);
    struct bytes text;

    memset(out, 0, sizeof *out);
    if (pick == 0)
        snprintf(out->stream, sizeof out->stream, "%s", draw->org);
    else if (pick == 1)
        snprintf(out->stream, sizeof out->stream, "@%s", draw->station);
    else {
        text = take_some(&draw->in, pick % STREAM_MAX);
        snprintf(out->stream, sizeof out->stream, "%.*s", (int)text.len,
                 (const char *)text.data);
    }
    out->seq = draw_number(draw, draw->store->seq);
}

void draw_hello(struct draw *draw, struct buf *out)
{
    static struct hello hello;
    struct store *store = draw->store;

    memset(&hello, 0, sizeof hello);
    hello.life = draw_number(draw, store->life);
    hello.number = draw_number(draw, store->number);
    hello.seq = draw_number(draw, store->seq);
    draw_kinds_hash(draw, hello.kinds);
    hello.room = take_number(&draw->in);
    hello.wall_ms = (int64_t)take_number(&draw->in);
    hello.queued = hello.written = draw_number(draw, 3);
    hello.heads = cut_u8(&draw->in) % 6;
    for (int i = 0; i < hello.heads; i++)
        draw_head(draw, &hello.head[i]);
    hello.cursors = cut_u8(&draw->in) % 4;
    for (int i = 0; i < hello.cursors; i++)
        draw_cursor(draw, &hello.cursor[i]);
    hello.last.told = hello.brief = hello.room % 4 == 1;
    hello.brief_confirm = hello.room % 8 == 1;
    hello_write(&hello, out);
}

static void draw_place(struct draw *draw, struct name *name,
                       struct hash *at, struct buf *rows)
{
    uint8_t tag = cut_u8(&draw->in);
    struct buf change;

    if (tag == 255) {           /* empty: only its hash is left */
        at->b[0] ^= cut_u8(&draw->in);
        buf_u8(rows, 1);
        buf_put(rows, at->b, HASH_SIZE);
        return;
    }
    buf_init(&change, CHANGE_MAX + 64);
    draw_change(draw, name, &change);
    buf_u8(rows, tag == 254 ? cut_u8(&draw->in) : 0);
    buf_bytes(rows, buf_view(&change));
    *at = change_hash(at, buf_view(&change));
    buf_done(&change);
}

/* *end: the hash its last change has. */
static void make_batch(struct draw *draw, struct pack_head *head,
                       struct hash *end, struct buf *out)
{
    struct origin_row row;
    struct name name;
    struct buf rows;
    uint8_t lie;

    memset(head, 0, sizeof *head);
    head->version = 1;
    draw_origin(draw, &head->origin);
    draw_kinds_hash(draw, head->kinds);
    memset(&row, 0, sizeof row);
    origin_find(draw->store, &head->origin, &row);
    name = (struct name){head->origin, draw_number(draw, row.n)};
    head->first = name.n + 1;
    head->before = name.n == row.n ? row.hash : draw_hash(draw, &name);
    head->before.b[0] ^= cut_u8(&draw->in);
    *end = head->before;
    lie = cut_u8(&draw->in);
    buf_init(&rows, BATCH_RAW_MAX);
    while (cut_left(&draw->in) > 0 && head->places < PLACES) {
        name.n++;
        draw_place(draw, &name, end, &rows);
        head->places++;
    }
    head->places += lie > 250 ? lie - 250u : 0;
    pack_batch(head, buf_view(&rows), out);
    buf_done(&rows);
}

void draw_batch(struct draw *draw, struct buf *out)
{
    struct pack_head head;
    struct hash end;

    make_batch(draw, &head, &end, out);
}

/* One run of all, or one for each change. */
static void draw_runs(struct draw *draw, uint64_t count, struct confirm *out)
{
    uint64_t number = draw_number(draw, draw->store->number);

    out->runs = cut_u8(&draw->in) & 1 ? (int)count : 1;
    for (int i = 0; i < out->runs; i++) {
        struct run *run = &out->run[i];

        run->count = out->runs == 1 ? count : 1;
        run->verdict = 1 + cut_u8(&draw->in) % 6;
        run->number = draw_number(draw, number + (uint64_t)i);
        draw_why(draw, &run->reason, run->field, run->rule);
    }
}

/* The receipt is right unless the input says otherwise: no station can make
 * one, so what it says of the verdicts is the hub's own word. */
void draw_facts(struct draw *draw, struct buf *out)
{
    static struct confirm confirm;
    struct cut verdicts = cut_of(take_sized(&draw->in)), rest;
    uint64_t life = draw_number(draw, draw->store->life);
    struct pack_head head;
    struct buf batch, said;

    memset(&confirm, 0, sizeof confirm);
    buf_init(&batch, BATCH_MAX);
    make_batch(draw, &head, &confirm.hash, &batch);
    rest = draw->in;
    draw->in = verdicts;
    confirm.origin = head.origin;
    confirm.from = draw_number(draw, head.first);
    confirm.through = draw_number(draw, head.first + head.places - 1);
    draw_runs(draw, head.places, &confirm);
    confirm_mac(&confirm, &draw->store->hub_id, life, draw->store->key,
                confirm.receipt);
    confirm.receipt[0] ^= cut_u8(&draw->in);
    draw->in = rest;
    buf_init(&said, FRAME_MAX);
    confirm_write(&confirm, &said);
    facts_write(life, buf_view(&said), buf_view(&batch), out);
    buf_done(&said);
    buf_done(&batch);
    draw->forged = true;
}
