#include "proto/digest.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

int id_compare(const struct id *a, const struct id *b)
{
    return memcmp(a->b, b->b, ID_SIZE);
}

bool id_next(struct id *id)
{
    for (int i = ID_SIZE - 1; i >= 0; i--)
        if (++id->b[i] != 0)
            return true;
    memset(id->b, 0xff, ID_SIZE);
    return false;
}

bool id_before(struct id *id)
{
    for (int i = ID_SIZE - 1; i >= 0; i--)
        if (id->b[i]-- != 0)
            return true;
    memset(id->b, 0, ID_SIZE);
    return false;
}

/* ---- digests ---- */

static uint64_t low_first(const uint8_t *at)
{
    uint64_t out = 0;

    for (int i = 7; i >= 0; i--)
        out = out << 8 | at[i];
    return out;
}

static void put_low_first(uint64_t value, uint8_t *at)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void digest_cell(const struct id *record, uint64_t cell, struct bytes key,
                 const struct hash *hash, struct bytes change,
                 uint8_t out[DIGEST_SIZE])
{
    crypto_generichash_state state;
    uint8_t place[ID_SIZE + 8 + 1];

    memcpy(place, record->b, ID_SIZE);
    put_low_first(cell, place + ID_SIZE);
    place[ID_SIZE + 8] = (uint8_t)key.len;
    crypto_generichash_init(&state, NULL, 0, DIGEST_SIZE);
    crypto_generichash_update(&state, place, sizeof place);
    crypto_generichash_update(&state, key.data, key.len);
    crypto_generichash_update(&state, hash->b, HASH_SIZE);
    crypto_generichash_update(&state, change.data, change.len);
    crypto_generichash_final(&state, out, DIGEST_SIZE);
}

static void add(struct digest *to, uint64_t low, uint64_t high)
{
    to->low += low;
    to->high += high + (to->low < low);
}

void digest_add(struct digest *to, const uint8_t cell[DIGEST_SIZE])
{
    add(to, low_first(cell), low_first(cell + 8));
    to->cells++;
}

void digest_join(struct digest *to, const struct digest *more)
{
    add(to, more->low, more->high);
    to->records += more->records;
    to->cells += more->cells;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->records == b->records && a->cells == b->cells &&
           a->low == b->low && a->high == b->high;
}

void digest_text(const struct digest *digest, char out[DIGEST_TEXT])
{
    snprintf(out, DIGEST_TEXT, "%016llx%016llx",
             (unsigned long long)digest->high,
             (unsigned long long)digest->low);
}

static void digest_write(const struct digest *digest, struct buf *out)
{
    uint8_t sum[DIGEST_SIZE];

    put_low_first(digest->low, sum);
    put_low_first(digest->high, sum + 8);
    buf_varint(out, digest->records);
    buf_varint(out, digest->cells);
    buf_put(out, sum, sizeof sum);
}

static void digest_read(struct cut *cut, struct digest *out)
{
    uint8_t sum[DIGEST_SIZE];

    out->records = cut_varint(cut);
    out->cells = cut_varint(cut);
    cut_copy(cut, sum, sizeof sum);
    out->low = low_first(sum);
    out->high = low_first(sum + 8);
    if (out->records > out->cells || out->cells > INT64_MAX)
        cut->bad = true;        /* whoever adds them up must not run over */
}

/* ---- ask ---- */

void digest_ask_write(const struct digest_ask *ask, struct buf *out)
{
    buf_bytes(out, bytes_text(ask->stream));
    buf_varint(out, (uint64_t)ask->ranges);
    for (int i = 0; i < ask->ranges; i++) {
        buf_put(out, ask->part[i].range.from.b, ID_SIZE);
        buf_put(out, ask->part[i].range.to.b, ID_SIZE);
        buf_varint(out, ask->part[i].grain);
    }
}

/* Ranges that rise and stay apart cost the hub one look at each record,
 * however many they are. */
int digest_ask_read(struct bytes in, struct digest_ask *out)
{
    struct cut cut = cut_of(in);
    uint64_t ranges;

    memset(out, 0, sizeof *out);
    cut_text(&cut, out->stream, sizeof out->stream);
    ranges = cut_varint(&cut);
    if (cut.bad || ranges == 0 || ranges > RANGES)
        return ERR_FORMAT;
    for (int i = 0; i < (int)ranges && !cut.bad; i++) {
        struct grained *part = &out->part[i];

        cut_copy(&cut, part->range.from.b, ID_SIZE);
        cut_copy(&cut, part->range.to.b, ID_SIZE);
        part->grain = cut_varint(&cut);
        if (id_compare(&part->range.from, &part->range.to) > 0 ||
            (i > 0 &&
             id_compare(&part[-1].range.to, &part->range.from) >= 0))
            cut.bad = true;
    }
    out->ranges = (int)ranges;
    return cut.bad || cut_left(&cut) > 0 ? ERR_FORMAT : 0;
}

/* ---- answer ---- */

void digests_write(const struct digests *digests, struct buf *out)
{
    buf_varint(out, digests->seq);
    buf_put(out, digests->from.b, ID_SIZE);
    buf_varint(out, (uint64_t)digests->chunks);
    for (int i = 0; i < digests->chunks; i++) {
        buf_put(out, digests->chunk[i].to.b, ID_SIZE);
        digest_write(&digests->chunk[i].sum, out);
    }
}

int digests_read(struct bytes in, struct digests *out)
{
    struct cut cut = cut_of(in);
    const struct id *before;
    uint64_t chunks;

    memset(out, 0, sizeof *out);
    out->seq = cut_varint(&cut);
    cut_copy(&cut, out->from.b, ID_SIZE);
    chunks = cut_varint(&cut);
    if (cut.bad || chunks == 0 || chunks > CHUNKS)
        return ERR_FORMAT;
    before = &out->from;
    for (int i = 0; i < (int)chunks && !cut.bad; i++) {
        struct chunk *chunk = &out->chunk[i];
        int order;

        cut_copy(&cut, chunk->to.b, ID_SIZE);
        digest_read(&cut, &chunk->sum);
        order = id_compare(before, &chunk->to);
        if (order > 0 || (order == 0 && i > 0))
            cut.bad = true;
        before = &chunk->to;
    }
    out->chunks = (int)chunks;
    return cut.bad || cut_left(&cut) > 0 ? ERR_FORMAT : 0;
}
