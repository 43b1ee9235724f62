#include "proto/buf.h"
#include "proto/value.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){data, len};
}

struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len &&
           (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
    if (!buf)
        return;
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->full = false;
}

static void grow(struct buf *buf, size_t need)
{
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;

    while (cap < need)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    if (cap > buf->max)
        cap = buf->max;
    buf->data = xrealloc(buf->data, cap);
    buf->cap = cap;
}

uint8_t *buf_room(struct buf *buf, size_t len)
{
    uint8_t *room;

    if (buf->full || len > buf->max - buf->len) {
        buf->full = true;
        return NULL;
    }
    if (buf->len + len > buf->cap || !buf->data)
        grow(buf, buf->len + len);
    room = buf->data + buf->len;
    buf->len += len;
    return room;
}

void buf_put(struct buf *buf, const void *data, size_t len)
{
    uint8_t *room = buf_room(buf, len);

    if (room && len > 0)
        memcpy(room, data, len);
}

void buf_u8(struct buf *buf, uint8_t byte)
{
    buf_put(buf, &byte, 1);
}

void buf_varint(struct buf *buf, uint64_t value)
{
    uint8_t bytes[10];
    size_t len = 0;

    while (value > 0x7F) {
        bytes[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[len++] = (uint8_t)value;
    buf_put(buf, bytes, len);
}

void buf_zigzag(struct buf *buf, int64_t value)
{
    uint64_t bits = (uint64_t)value << 1;

    buf_varint(buf, value < 0 ? ~bits : bits);
}

void buf_bytes(struct buf *buf, struct bytes bytes)
{
    buf_varint(buf, bytes.len);
    buf_put(buf, bytes.data, bytes.len);
}

struct bytes buf_view(const struct buf *buf)
{
    return bytes_of(buf->data, buf->len);
}

struct cut cut_of(struct bytes bytes)
{
    /* NULL + 0 is undefined in C, so an empty view begins at a real byte. */
    static const uint8_t nothing[1] = {0};

    if (bytes.len == 0)
        return (struct cut){nothing, nothing, false};
    return (struct cut){bytes.data, bytes.data + bytes.len, false};
}

size_t cut_left(const struct cut *cut)
{
    return cut->bad ? 0 : (size_t)(cut->end - cut->at);
}

struct bytes cut_take(struct cut *cut, size_t len)
{
    struct bytes taken;

    if (cut->bad || len > cut_left(cut)) {
        cut->bad = true;
        return bytes_of(NULL, 0);
    }
    taken = bytes_of(cut->at, len);
    cut->at += len;
    return taken;
}

uint8_t cut_u8(struct cut *cut)
{
    struct bytes one = cut_take(cut, 1);

    return one.data ? one.data[0] : 0;
}

uint64_t cut_varint(struct cut *cut)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = cut_u8(cut);

        if (cut->bad)
            return 0;
        if ((shift == 63 && byte > 1) || (byte == 0 && shift > 0))
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    cut->bad = true;
    return 0;
}

int64_t cut_zigzag(struct cut *cut)
{
    uint64_t bits = cut_varint(cut);
    uint64_t value = bits & 1 ? ~(bits >> 1) : bits >> 1;
    int64_t out;

    /* By memcpy: converting a large unsigned number is up to the compiler. */
    memcpy(&out, &value, sizeof(out));
    return out;
}

struct bytes cut_bytes(struct cut *cut, size_t max)
{
    uint64_t len = cut_varint(cut);

    if (len > max) {
        cut->bad = true;
        return bytes_of(NULL, 0);
    }
    return cut_take(cut, (size_t)len);
}

void cut_copy(struct cut *cut, void *to, size_t len)
{
    struct bytes taken = cut_take(cut, len);

    if (!taken.data)
        memset(to, 0, len);
    else if (len > 0)
        memcpy(to, taken.data, len);
}

void cut_text(struct cut *cut, char *out, size_t size)
{
    struct bytes text = cut_bytes(cut, size - 1);

    if (!cut->bad && !text_valid(text))
        cut->bad = true;
    if (!cut->bad && text.len > 0)
        memcpy(out, text.data, text.len);
    out[cut->bad ? 0 : text.len] = '\0';
}

bool cut_flag(struct cut *cut)
{
    uint8_t byte = cut_u8(cut);

    if (byte > 1)
        cut->bad = true;
    return byte == 1;
}

void *xmalloc(size_t size)
{
    void *data = malloc(size ? size : 1);

    if (!data)
        abort();
    return data;
}

void *xrealloc(void *old, size_t size)
{
    void *data = realloc(old, size ? size : 1);

    if (!data)
        abort();
    return data;
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(xmalloc(size), text, size);
}
