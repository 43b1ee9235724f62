/*
 * The sealing is libsodium's secretstream: a chunk that was altered, swapped,
 * repeated or left out does not open, nor does any behind it, and only the last
 * one is tagged as the last. Every chunk also proves the head, and the last one
 * the counts.
 */
#include "proto/bundle.h"

#include "proto/value.h"

#include <string.h>

#define TAG_LAST crypto_secretstream_xchacha20poly1305_TAG_FINAL
#define TAG_OTHER crypto_secretstream_xchacha20poly1305_TAG_MESSAGE

enum {
    SEAL_HEAD = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    HELD = 2 * BUNDLE_SEALED    /* of a file that is read */
};

_Static_assert(BUNDLE_SEALED - BUNDLE_CHUNK ==
                   crypto_secretstream_xchacha20poly1305_ABYTES,
               "what a seal adds");

static const uint8_t magic[3] = {'Y', 'Z', 'B'};
static const uint8_t ending[4] = {'Y', 'Z', 'B', 'E'};

void bundle_key(const uint8_t station_key[32], uint8_t out[32])
{
    static const char purpose[] = "yizhan bundle 1";

    crypto_generichash(out, 32, (const uint8_t *)purpose, sizeof purpose - 1,
                       station_key, 32);
}

/* ---- head and tail ---- */

static void head_write(const struct bundle_head *head, struct buf *out)
{
    buf_put(out, magic, sizeof magic);
    buf_u8(out, BUNDLE_VERSION);
    buf_u8(out, head->answer ? 'R' : 'A');
    buf_bytes(out, bytes_text(head->station));
    buf_varint(out, head->number);
}

static int begins_well(struct bytes in)
{
    size_t known = in.len < sizeof magic ? in.len : sizeof magic;

    if (memcmp(in.data, magic, known) != 0)
        return ERR_BUNDLE;
    if (in.len > 3 && in.data[3] != BUNDLE_VERSION)
        return ERR_VERSION;
    if (in.len > 4 && in.data[4] != 'A' && in.data[4] != 'R')
        return ERR_BUNDLE;
    if (in.len > 5 && (in.data[5] == 0 || in.data[5] > STATION_MAX))
        return ERR_BUNDLE;
    return 0;
}

int bundle_head_read(struct bytes *in, struct bundle_head *out)
{
    struct cut cut = cut_of(*in);
    struct bytes name;
    int rc = in->len > 0 ? begins_well(*in) : 0;

    memset(out, 0, sizeof *out);
    if (rc < 0 || in->len < 6)
        return rc;
    cut_take(&cut, 4);
    out->answer = cut_u8(&cut) == 'R';
    name = cut_bytes(&cut, STATION_MAX);
    out->number = number_read(&cut);
    if (cut.bad)                /* a number is no longer than the longest */
        return in->len < BUNDLE_HEAD_MAX ? 0 : ERR_BUNDLE;
    if (!text_valid(name))
        return ERR_BUNDLE;
    memcpy(out->station, name.data, name.len);
    *in = bytes_of(cut.at, cut_left(&cut));
    return 1;
}

static void put_fixed(uint64_t value, uint8_t *out)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t fixed_of(const uint8_t *in)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | in[i];
    return value;
}

static void tail_write(const struct bundle_counts *counts,
                       uint8_t out[BUNDLE_TAIL])
{
    memcpy(out, ending, sizeof ending);
    put_fixed(counts->changes, out + 4);
    put_fixed(counts->left, out + 12);
}

int bundle_tail_read(struct bytes in, struct bundle_counts *out)
{
    memset(out, 0, sizeof *out);
    if (in.len != BUNDLE_TAIL || memcmp(in.data, ending, sizeof ending) != 0)
        return ERR_TORN;
    out->changes = fixed_of(in.data + 4);
    out->left = fixed_of(in.data + 12);
    return out->changes > INT64_MAX || out->left > INT64_MAX ? ERR_TORN : 0;
}

/* ---- writing ---- */

void bundle_open(struct bundle_writer *writer, const struct bundle_head *head,
                 const uint8_t key[32], struct buf *out)
{
    uint8_t *seal;
    size_t before = out->len;

    head_write(head, out);
    writer->head_len = out->len - before;
    memcpy(writer->head, out->data + before, writer->head_len);
    buf_init(&writer->plain, BUNDLE_CHUNK);
    seal = buf_room(out, SEAL_HEAD);
    if (seal != NULL)
        crypto_secretstream_xchacha20poly1305_init_push(&writer->seal, seal,
                                                        key);
}

static void seal_chunk(struct bundle_writer *writer, uint8_t tag,
                       struct buf *out)
{
    size_t len = writer->plain.len;
    uint8_t *sealed = buf_room(out, len + BUNDLE_SEALED - BUNDLE_CHUNK);

    if (sealed != NULL)
        crypto_secretstream_xchacha20poly1305_push(
            &writer->seal, sealed, NULL, writer->plain.data, len,
            writer->head, writer->head_len, tag);
    buf_clear(&writer->plain);
}

void bundle_put(struct bundle_writer *writer, struct bytes bytes,
                struct buf *out)
{
    while (bytes.len > 0) {
        size_t step = BUNDLE_CHUNK - writer->plain.len;

        step = step < bytes.len ? step : bytes.len;
        buf_put(&writer->plain, bytes.data, step);
        bytes = bytes_of(bytes.data + step, bytes.len - step);
        if (writer->plain.len == BUNDLE_CHUNK)
            seal_chunk(writer, TAG_OTHER, out);
    }
}

void bundle_close(struct bundle_writer *writer,
                  const struct bundle_counts *counts, struct buf *out)
{
    uint8_t *tail = writer->head + writer->head_len;

    tail_write(counts, tail);
    writer->head_len += BUNDLE_TAIL;
    seal_chunk(writer, TAG_LAST, out);
    buf_put(out, tail, BUNDLE_TAIL);
}

void bundle_writer_done(struct bundle_writer *writer)
{
    buf_done(&writer->plain);
    sodium_memzero(&writer->seal, sizeof writer->seal);
}

/* ---- reading ---- */

void bundle_reader_init(struct bundle_reader *reader)
{
    memset(reader, 0, sizeof *reader);
    buf_init(&reader->held, HELD);
    buf_init(&reader->plain, BUNDLE_CHUNK);
}

void bundle_reader_done(struct bundle_reader *reader)
{
    buf_done(&reader->held);
    buf_done(&reader->plain);
    sodium_memzero(&reader->seal, sizeof reader->seal);
    sodium_memzero(reader->key, sizeof reader->key);
}

size_t bundle_hold(struct bundle_reader *reader, struct bytes bytes)
{
    size_t room = reader->held.max - reader->held.len;
    size_t step = room < bytes.len ? room : bytes.len;

    buf_put(&reader->held, bytes.data, step);
    return step;
}

static void let_go(struct bundle_reader *reader, size_t len)
{
    struct buf *held = &reader->held;

    memmove(held->data, held->data + len, held->len - len);
    held->len -= len;
}

static int next_head(struct bundle_reader *reader)
{
    struct bytes rest = buf_view(&reader->held);
    int rc = bundle_head_read(&rest, &reader->head);

    if (rc != 1)
        return rc;
    reader->proven_len = reader->held.len - rest.len;
    memcpy(reader->proven, reader->held.data, reader->proven_len);
    let_go(reader, reader->proven_len);
    reader->begun = true;
    return BUNDLE_HEAD;
}

void bundle_unlock(struct bundle_reader *reader, const uint8_t key[32])
{
    memcpy(reader->key, key, sizeof reader->key);
}

/* The stream has a head of its own, which must have come. */
static bool unlocked(struct bundle_reader *reader)
{
    if (reader->unlocked || reader->held.len < SEAL_HEAD)
        return reader->unlocked;
    crypto_secretstream_xchacha20poly1305_init_pull(
        &reader->seal, reader->held.data, reader->key);
    let_go(reader, SEAL_HEAD);
    reader->unlocked = true;
    return true;
}

static int open_chunk(struct bundle_reader *reader, size_t len, uint8_t tag)
{
    size_t plain = len - (BUNDLE_SEALED - BUNDLE_CHUNK);
    uint8_t nothing, is, *room = &nothing;

    buf_clear(&reader->plain);
    if (plain > 0)
        room = buf_room(&reader->plain, plain);
    if (room == NULL || crypto_secretstream_xchacha20poly1305_pull(
            &reader->seal, room, NULL, &is, reader->held.data, len,
            reader->proven, reader->proven_len) != 0 ||
        is != tag) {
        buf_clear(&reader->plain);
        return ERR_TORN;
    }
    let_go(reader, len);
    reader->chunks++;
    return BUNDLE_PLAIN;
}

/* What may be the last chunk is not opened before the end is known. */
int bundle_next(struct bundle_reader *reader)
{
    if (!reader->begun)
        return next_head(reader);
    if (!unlocked(reader) ||
        reader->held.len <= BUNDLE_SEALED + BUNDLE_TAIL)
        return BUNDLE_MORE;
    return open_chunk(reader, BUNDLE_SEALED, TAG_OTHER);
}

int bundle_last(struct bundle_reader *reader)
{
    const struct buf *held = &reader->held;
    size_t least = BUNDLE_SEALED - BUNDLE_CHUNK + BUNDLE_TAIL;
    const uint8_t *tail;
    int rc;

    if (!reader->begun)
        return held->len < 3 ? ERR_BUNDLE : ERR_TORN;
    if (!unlocked(reader) || held->len < least)
        return ERR_TORN;
    tail = held->data + held->len - BUNDLE_TAIL;
    rc = bundle_tail_read(bytes_of(tail, BUNDLE_TAIL), &reader->counts);
    if (rc < 0)
        return rc;
    memcpy(reader->proven + reader->proven_len, tail, BUNDLE_TAIL);
    reader->proven_len += BUNDLE_TAIL;
    return open_chunk(reader, held->len - BUNDLE_TAIL, TAG_LAST);
}
