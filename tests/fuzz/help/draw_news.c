/*
 * What a hub says: news. A station takes some of it on trust: a hub of ours
 * does not say it, and it has proven that it is one. That is what `honest`
 * leaves out; everything else is said, in any order and twice.
 */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/must.h"

#include <string.h>

enum { ITEMS = 24 };

/* What one frame has told of. */
struct telling {
    int items;
    struct {
        struct name name;
        struct hash hash;
        struct buf bytes;
    } change[ITEMS];
};

/* The hash of a change, here or told before in this frame. */
static bool hash_of(struct draw *draw, const struct telling *on,
                    const struct name *name, struct hash *out)
{
    for (int i = 0; i < on->items; i++)
        if (name_equal(&on->change[i].name, name)) {
            *out = on->change[i].hash;
            return true;
        }
    return journal_hash(draw->store, place_of(draw->store, name), out) == 1;
}

/* A hub has all of an origin, so each change's hash covers the one before it,
 * wherever that is here. A name that is new goes on from what is here, or stands
 * so far away that nothing can come to stand beside it. */
static void fresh_name(struct draw *draw, const struct telling *on,
                       struct name *name)
{
    struct name before = {name->origin, name->n - 1};
    struct name behind = {name->origin, name->n + 1};
    struct hash hash;

    if (hash_of(draw, on, name, &hash) ||
        (hash_of(draw, on, &before, &hash) &&
         !hash_of(draw, on, &behind, &hash)))
        return;
    name->n = 1001 + name->n % 400 * 2;
}

static void fresh_hash(struct draw *draw, const struct telling *on,
                       const struct name *name, struct bytes bytes,
                       struct hash *out)
{
    struct name before = {name->origin, name->n - 1};
    struct hash hash = {{1}};

    hash_of(draw, on, &before, &hash);
    *out = change_hash(&hash, bytes);
}

/* What is known here under this name, or was told in this frame before: a name
 * stands for one change, always. A hub that meets two tells of the first. */
static bool told_before(struct draw *draw, const struct telling *on,
                        const struct name *name, struct news_item *item,
                        struct entry *entry)
{
    if (journal_load(draw->store, place_of(draw->store, name), entry) == 1) {
        item->change = buf_view(&entry->bytes);
        item->hash = entry->hash;
        return true;
    }
    for (int i = 0; i < on->items; i++)
        if (name_equal(&on->change[i].name, name)) {
            item->change = buf_view(&on->change[i].bytes);
            item->hash = on->change[i].hash;
        }
    return false;
}

static void honest(struct draw *draw, const struct telling *on,
                   struct news_item *item, struct entry *entry)
{
    struct change change;
    bool known;

    if (change_read(item->change, &change) < 0)
        return;
    if (name_equal(&change.name, &item->name))
        fresh_hash(draw, on, &item->name, item->change, &item->hash);
    else if (!hash_of(draw, on, &change.name, &item->hash))
        item->what = NEWS_GONE; /* a copy of what nobody told */
    known = told_before(draw, on, &change.name, item, entry);
    /* How an own change fared is told by its verdict. */
    if (item->what == NEWS_STATE && known &&
        place_is_own(draw->store, entry->at))
        item->what = NEWS_VERDICT;
}

static void draw_item(struct draw *draw, const struct telling *on,
                      struct buf *change, struct news_item *item)
{
    item->what = (enum news_what)(cut_u8(&draw->in) % 4);
    draw_name(draw, &item->name);
    fresh_name(draw, on, &item->name);
    draw_change(draw, &item->name, change);
    item->change = buf_view(change);
    item->record.b[0] = 0x52;
    item->record.b[15] = cut_u8(&draw->in);
    item->verdict = cut_u8(&draw->in) % 10;
    draw_why(draw, &item->reason, item->field, item->rule);
    item->open = !(cut_u8(&draw->in) & 1);
    draw_name(draw, &item->settled_by);
    item->has_base = cut_u8(&draw->in) & 1;
    item->base_body = take_some(&draw->in, cut_u8(&draw->in));
}

static void draw_items(struct draw *draw, struct news_writer *writer)
{
    static struct telling on;
    static struct change change;
    uint64_t seq = draw->store->seq, number = draw->store->number;
    struct entry entry;

    entry_init(&entry);
    on.items = 0;
    while (on.items < ITEMS && cut_left(&draw->in) > 0) {
        struct news_item item = {.seq = draw_number(draw, ++seq)};
        struct buf *bytes = &on.change[on.items].bytes;

        item.number = draw_number(draw, ++number);
        buf_init(bytes, CHANGE_MAX + 64);
        draw_item(draw, &on, bytes, &item);
        honest(draw, &on, &item, &entry);
        news_add(writer, &item);
        memset(&change.name, 0, sizeof change.name);
        change_read(buf_view(bytes), &change);
        on.change[on.items].hash = item.hash;
        on.change[on.items++].name = change.name;
    }
    for (int i = 0; i < on.items; i++)
        buf_done(&on.change[i].bytes);
    entry_done(&entry);
    writer->head.to = draw_number(draw, seq);
}

static uint64_t cursor_of(struct store *store, const char *stream)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT cursor FROM stream WHERE name = ?1");
    uint64_t cursor = 0;

    db_text(stmt, 1, bytes_text(stream));
    if (db_step(store, stmt) == 1)
        cursor = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return cursor;
}

void draw_news(struct draw *draw, struct buf *out)
{
    struct news_writer writer;
    char stream[STREAM_MAX + 1];

    draw_stream(draw, stream);
    news_open(&writer, stream,
              draw_number(draw, cursor_of(draw->store, stream)));
    writer.head.as_of = draw_number(draw, draw->store->number);
    writer.head.more = cut_u8(&draw->in) & 1;
    draw_items(draw, &writer);
    news_close(&writer, out);
}
