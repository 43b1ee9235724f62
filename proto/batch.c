#include "proto/batch.h"

#include <sodium.h>
#include <string.h>

enum { BATCH_VERSION = 1, LAYOUT_ROWS = 0, CHECK_SIZE = 16 };
enum { PLACE_CHANGE = 0, PLACE_EMPTY = 1 };

void batch_open(struct batch_writer *writer, const uint8_t *kinds,
                const struct id *origin, uint64_t first,
                const struct hash *before)
{
    memset(writer, 0, sizeof *writer);
    buf_init(&writer->raw, BATCH_RAW_MAX);
    memcpy(writer->head.kinds, kinds, HASH_SIZE);
    writer->head.origin = *origin;
    writer->head.first = first;
    writer->head.before = *before;
}

bool batch_add(struct batch_writer *writer, struct bytes canonical,
               const struct hash *hash, size_t size)
{
    size_t need = canonical.len > 0 ? canonical.len + 6 : HASH_SIZE + 1;

    if (size > BATCH_RAW_MAX)
        size = BATCH_RAW_MAX;
    if (writer->head.count > 0 && writer->raw.len + need > size)
        return false;
    if (canonical.len > 0) {
        buf_u8(&writer->raw, PLACE_CHANGE);
        buf_bytes(&writer->raw, canonical);
    } else {
        buf_u8(&writer->raw, PLACE_EMPTY);
        buf_put(&writer->raw, hash->b, HASH_SIZE);
    }
    writer->head.count++;
    return true;
}

static void check_number(crypto_generichash_state *state, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    crypto_generichash_update(state, bytes, sizeof bytes);
}

/* All that the batch says, whatever its layout: a bundle has no other guard
 * against a stick that turned a bit of the head. */
static void batch_checksum(const struct batch *head, struct bytes raw,
                           uint8_t out[CHECK_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, CHECK_SIZE);
    crypto_generichash_update(&state, head->kinds, HASH_SIZE);
    crypto_generichash_update(&state, head->origin.b, ID_SIZE);
    check_number(&state, head->first);
    crypto_generichash_update(&state, head->before.b, HASH_SIZE);
    check_number(&state, head->count);
    crypto_generichash_update(&state, raw.data, raw.len);
    crypto_generichash_final(&state, out, CHECK_SIZE);
}

int batch_close(struct batch_writer *writer, struct buf *out)
{
    const struct batch *head = &writer->head;
    uint8_t check[CHECK_SIZE];
    int rc;

    batch_checksum(head, buf_view(&writer->raw), check);
    buf_u8(out, BATCH_VERSION);
    buf_u8(out, LAYOUT_ROWS);
    buf_put(out, head->kinds, HASH_SIZE);
    buf_put(out, head->origin.b, ID_SIZE);
    buf_varint(out, head->first);
    buf_put(out, head->before.b, HASH_SIZE);
    buf_varint(out, head->count);
    buf_varint(out, writer->raw.len);
    buf_put(out, check, CHECK_SIZE);
    rc = writer->raw.full ? ERR_SIZE
                          : deflate_bytes(buf_view(&writer->raw), out);
    batch_drop(writer);
    return rc;
}

void batch_drop(struct batch_writer *writer)
{
    buf_done(&writer->raw);
}

static int batch_read_head(struct cut *cut, struct batch *out,
                           uint64_t *raw_size, struct fault *fault)
{
    uint8_t version = cut_u8(cut), layout = cut_u8(cut);

    if (!cut->bad && (version != BATCH_VERSION || layout != LAYOUT_ROWS))
        return fault_set(fault, ERR_VERSION, "batch",
                         "this program reads version %d, layout %d",
                         BATCH_VERSION, LAYOUT_ROWS);
    cut_copy(cut, out->kinds, HASH_SIZE);
    cut_copy(cut, out->origin.b, ID_SIZE);
    out->first = cut_varint(cut);
    cut_copy(cut, out->before.b, HASH_SIZE);
    out->count = cut_varint(cut);
    *raw_size = cut_varint(cut);
    if (cut->bad || out->first == 0 || out->count == 0)
        return fault_set(fault, ERR_FORMAT, "batch", "its head is cut off");
    if (*raw_size > BATCH_RAW_MAX || out->count > *raw_size)
        return fault_set(fault, ERR_SIZE, "batch", "at most %d bytes",
                         BATCH_RAW_MAX);
    if (out->first > INT64_MAX - out->count + 1)
        return fault_set(fault, ERR_FORMAT, "batch", "n beyond all bounds");
    return 0;
}

int batch_read(struct bytes in, struct batch *out, struct fault *fault)
{
    struct cut cut = cut_of(in);
    uint8_t stated[CHECK_SIZE], check[CHECK_SIZE];
    uint64_t raw_size = 0;
    int rc;

    memset(out, 0, sizeof *out);
    rc = batch_read_head(&cut, out, &raw_size, fault);
    if (rc < 0)
        return rc;
    cut_copy(&cut, stated, CHECK_SIZE);
    buf_init(&out->raw, BATCH_RAW_MAX);
    rc = cut.bad ? ERR_FORMAT
                 : inflate_bytes(bytes_of(cut.at, cut_left(&cut)),
                                 (size_t)raw_size, &out->raw);
    if (rc < 0) {
        batch_done(out);
        return fault_set(fault, rc, "batch", "does not inflate as stated");
    }
    batch_checksum(out, buf_view(&out->raw), check);
    if (memcmp(check, stated, CHECK_SIZE) != 0) {
        batch_done(out);
        return fault_set(fault, ERR_CHECKSUM, "batch", "it is sent again");
    }
    out->rest = cut_of(buf_view(&out->raw));
    out->at = out->before;
    return 0;
}

void batch_done(struct batch *batch)
{
    buf_done(&batch->raw);
}

int batch_next(struct batch *batch, struct place *out)
{
    uint8_t tag;

    if (batch->count == 0)
        return cut_left(&batch->rest) == 0 ? 0 : ERR_FORMAT;
    tag = cut_u8(&batch->rest);
    out->n = batch->first;
    if (tag == PLACE_CHANGE) {
        out->bytes = cut_bytes(&batch->rest, BATCH_RAW_MAX);
        out->hash = change_hash(&batch->at, out->bytes);
    } else {
        out->bytes = bytes_of(NULL, 0);
        cut_copy(&batch->rest, out->hash.b, HASH_SIZE);
    }
    if (batch->rest.bad || tag > PLACE_EMPTY ||
        (tag == PLACE_CHANGE && out->bytes.len == 0))
        return ERR_FORMAT;
    batch->at = out->hash;
    batch->first++;
    batch->count--;
    return 1;
}
