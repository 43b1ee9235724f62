#include "tests/fuzz/help/pack.h"
#include "tests/fuzz/help/must.h"

#include <sodium.h>

enum { CHECK_SIZE = 16 };

static void hash_number(crypto_generichash_state *state, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    crypto_generichash_update(state, bytes, sizeof bytes);
}

/* Written from proto/README.md, as the product keeps its own to itself. */
static void checksum(const struct pack_head *head, struct bytes rows,
                     uint8_t out[CHECK_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, CHECK_SIZE);
    crypto_generichash_update(&state, head->kinds, HASH_SIZE);
    crypto_generichash_update(&state, head->origin.b, ID_SIZE);
    hash_number(&state, head->first);
    crypto_generichash_update(&state, head->before.b, HASH_SIZE);
    hash_number(&state, head->places);
    crypto_generichash_update(&state, rows.data, rows.len);
    crypto_generichash_final(&state, out, CHECK_SIZE);
}

void pack_batch(const struct pack_head *head, struct bytes rows,
                struct buf *out)
{
    uint8_t check[CHECK_SIZE];

    checksum(head, rows, check);
    buf_u8(out, head->version);
    buf_u8(out, head->layout);
    buf_put(out, head->kinds, HASH_SIZE);
    buf_put(out, head->origin.b, ID_SIZE);
    buf_varint(out, head->first);
    buf_put(out, head->before.b, HASH_SIZE);
    buf_varint(out, head->places);
    buf_varint(out, rows.len);
    buf_put(out, check, CHECK_SIZE);
    deflate_bytes(rows, out);
}

void pack_batch_from(struct cut *in, struct buf *out)
{
    struct pack_head head;

    head.version = cut_u8(in);
    head.layout = cut_u8(in);
    cut_copy(in, head.kinds, HASH_SIZE);
    cut_copy(in, head.origin.b, ID_SIZE);
    head.first = take_number(in);
    cut_copy(in, head.before.b, HASH_SIZE);
    head.places = take_number(in);
    pack_batch(&head, take_some(in, SIZE_MAX), out);
}

void pack_news_from(struct cut *in, struct buf *out)
{
    struct bytes stream = take_sized(in), items;
    uint64_t number[3];
    uint8_t more;

    for (int i = 0; i < 3; i++)
        number[i] = take_number(in);
    more = cut_u8(in);
    buf_bytes(out, stream);
    for (int i = 0; i < 3; i++)
        buf_varint(out, number[i]);
    buf_u8(out, more);
    buf_varint(out, take_number(in));
    items = take_some(in, SIZE_MAX);
    buf_varint(out, items.len);
    deflate_bytes(items, out);
}

void pack_kinds(struct bytes text, struct buf *out)
{
    buf_varint(out, text.len);
    deflate_bytes(text, out);
}
