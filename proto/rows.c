#include "proto/rows.h"
#include "proto/value.h"

#include <string.h>

void rows_write(const struct rows *head, struct bytes records,
                struct buf *out)
{
    buf_varint(out, head->seq);
    buf_put(out, head->range.from.b, ID_SIZE);
    buf_put(out, head->range.to.b, ID_SIZE);
    buf_varint(out, head->records);
    buf_put(out, records.data, records.len);
}

void rows_record_write(const struct id *record, const char *org,
                       uint64_t cells, struct buf *out)
{
    buf_put(out, record->b, ID_SIZE);
    buf_bytes(out, bytes_text(org));
    buf_varint(out, cells);
}

void rows_cell_write(const struct row *row, struct buf *out)
{
    buf_varint(out, row->cell);
    buf_bytes(out, row->key);
    buf_varint(out, row->number);
    buf_put(out, row->digest, DIGEST_SIZE);
}

int rows_read(struct bytes in, struct rows *out)
{
    struct cut cut = cut_of(in);

    memset(out, 0, sizeof *out);
    out->seq = cut_varint(&cut);
    cut_copy(&cut, out->range.from.b, ID_SIZE);
    cut_copy(&cut, out->range.to.b, ID_SIZE);
    out->records = cut_varint(&cut);
    if (cut.bad || id_compare(&out->range.from, &out->range.to) > 0 ||
        out->records > cut_left(&cut))
        return ERR_FORMAT;
    out->rest = cut;
    return 0;
}

/* A key as it stands in a change: proper text, and short. */
static struct bytes key_read(struct cut *cut)
{
    char key[KEY_MAX + 1];
    struct cut look = *cut;
    struct bytes view = cut_bytes(cut, KEY_MAX);

    cut_text(&look, key, sizeof key);
    if (look.bad)
        cut->bad = true;
    return view;
}

static void record_read(struct rows *rows)
{
    struct cut *cut = &rows->rest;
    struct row *last = &rows->last;
    struct id before = last->record;

    cut_copy(cut, last->record.b, ID_SIZE);
    cut_text(cut, last->org, sizeof last->org);
    rows->cells = cut_varint(cut);
    if (rows->cells == 0 || rows->cells > ROW_CELLS ||
        id_compare(&last->record, &rows->range.from) < 0 ||
        id_compare(&last->record, &rows->range.to) > 0 ||
        (rows->started && id_compare(&before, &last->record) >= 0))
        cut->bad = true;
    rows->records--;
    rows->started = last->fresh = true;
}

static void cell_read(struct rows *rows)
{
    struct cut *cut = &rows->rest;
    struct row *last = &rows->last, before = *last;

    last->cell = cut_varint(cut);
    last->key = key_read(cut);
    last->number = cut_varint(cut);
    cut_copy(cut, last->digest, DIGEST_SIZE);
    if (!last->fresh && row_compare(&before, last) >= 0)
        cut->bad = true;
    rows->cells--;
}

int rows_next(struct rows *rows, struct row *out)
{
    if (rows->cells == 0 && rows->records == 0)
        return cut_left(&rows->rest) == 0 ? 0 : ERR_FORMAT;
    rows->last.fresh = false;
    if (rows->cells == 0)
        record_read(rows);
    if (!rows->rest.bad)
        cell_read(rows);
    if (rows->rest.bad)
        return ERR_FORMAT;
    *out = rows->last;
    return 1;
}

int row_compare(const struct row *a, const struct row *b)
{
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = id_compare(&a->record, &b->record);

    if (order == 0)
        order = (a->cell > b->cell) - (a->cell < b->cell);
    if (order == 0 && len > 0)
        order = memcmp(a->key.data, b->key.data, len);
    return order != 0 ? order
                      : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

/* ---- what is wanted ---- */

/* A key that rotted is none the hub has: it travels as an empty one. */
void want_write(const struct want *want, struct buf *out)
{
    struct bytes key = bytes_text(want->key);

    buf_put(out, want->record.b, ID_SIZE);
    buf_varint(out, want->cell);
    buf_bytes(out, text_valid(key) ? key : bytes_of("", 0));
    buf_u8(out, want->has);
    if (!want->has)
        return;
    name_write(&want->name, out);
    buf_put(out, want->hash.b, HASH_SIZE);
}

static void want_read(struct cut *cut, struct want *out)
{
    memset(out, 0, sizeof *out);
    cut_copy(cut, out->record.b, ID_SIZE);
    out->cell = cut_varint(cut);
    cut_text(cut, out->key, sizeof out->key);
    out->has = cut_flag(cut);
    if (!out->has)
        return;
    name_read(cut, &out->name);
    cut_copy(cut, out->hash.b, HASH_SIZE);
}

int wants_read(struct bytes in, char stream[STREAM_MAX + 1],
               struct want *want)
{
    struct cut cut = cut_of(in);
    uint64_t count;

    cut_text(&cut, stream, STREAM_MAX + 1);
    count = cut_varint(&cut);
    if (cut.bad || count == 0 || count > WANTS)
        return ERR_FORMAT;
    for (int i = 0; i < (int)count && !cut.bad; i++)
        want_read(&cut, &want[i]);
    return cut.bad || cut_left(&cut) > 0 ? ERR_FORMAT : (int)count;
}
