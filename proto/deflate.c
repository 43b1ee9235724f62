/* zlib with a stated bound: what is inflated has a size that was checked
 * before, and nothing is ever inflated beyond it. */
#include "proto/batch.h"

#include <zlib.h>

int deflate_bytes(struct bytes in, struct buf *out)
{
    size_t start = out->len, left = out->max - start;
    uLongf size = compressBound((uLong)in.len);
    uint8_t *room;
    int rc;

    if (in.len == 0)
        return 0;
    /* The bound is for noise; text that deflates well must not need it. */
    if (size > left)
        size = (uLongf)left;
    room = buf_room(out, size);
    if (room == NULL)
        return ERR_SIZE;
    rc = compress2(room, &size, in.data, (uLong)in.len, 6);
    out->len = rc == Z_OK ? start + size : start;
    out->full = rc == Z_BUF_ERROR;
    return rc == Z_OK ? 0 : rc == Z_BUF_ERROR ? ERR_SIZE : ERR_FAULT;
}

int inflate_bytes(struct bytes in, size_t size, struct buf *out)
{
    size_t start = out->len;
    uint8_t *room = buf_room(out, size);
    uLongf got = (uLongf)size;
    uLong used = (uLong)in.len;

    if (room == NULL)
        return ERR_SIZE;
    if (size == 0)
        return in.len == 0 ? 0 : ERR_FORMAT;
    if (uncompress2(room, &got, in.data, &used) == Z_OK && got == size &&
        used == in.len)
        return 0;
    out->len = start;
    return ERR_FORMAT;
}
