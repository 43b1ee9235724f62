/* zlib with a stated bound: what is inflated has a size that was checked
 * before, and nothing is ever inflated beyond it. */
#include "proto/batch.h"

#include <zlib.h>

int deflate_bytes(struct bytes in, struct buf *out)
{
    uLongf size = compressBound((uLong)in.len);
    size_t start = out->len;
    uint8_t *room = buf_room(out, size);

    if (room == NULL)
        return ERR_SIZE;
    if (compress2(room, &size, in.data, (uLong)in.len, 6) != Z_OK)
        return ERR_FAULT;
    out->len = start + size;
    return 0;
}

int inflate_bytes(struct bytes in, size_t size, struct buf *out)
{
    uint8_t *room = buf_room(out, size);
    uLongf got = (uLongf)size;
    uLong used = (uLong)in.len;

    if (room == NULL)
        return ERR_SIZE;
    if (size == 0)
        return in.len == 0 ? 0 : ERR_FORMAT;
    if (uncompress2(room, &got, in.data, &used) != Z_OK || got != size ||
        used != in.len)
        return ERR_FORMAT;
    return 0;
}
