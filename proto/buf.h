/*
 * Bytes going out (struct buf) and bytes coming in (struct cut).
 *
 * A buf is born with a maximum and never grows past it: once something did not
 * fit it is `full` for good, and the caller checks that once, at the end.
 * A cut is a view that owns nothing: once something was missing or malformed
 * it is `bad` for good and every further read gives zero.
 */
#ifndef YZ_BUF_H
#define YZ_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of bytes somebody else owns. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

struct buf {
    uint8_t *data;
    size_t len, cap, max;
    bool full;
};

struct cut {
    const uint8_t *at, *end;
    bool bad;
};

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_text(const char *text);      /* without its NUL */
bool bytes_equal(struct bytes a, struct bytes b);

/* `max` in bytes; nothing is allocated yet. buf_done accepts a zeroed buf. */
void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf);                /* keeps the memory */
void buf_put(struct buf *buf, const void *data, size_t len);
/* Room for `len` more bytes, counted as written; NULL when full. */
uint8_t *buf_room(struct buf *buf, size_t len);
void buf_u8(struct buf *buf, uint8_t byte);
void buf_varint(struct buf *buf, uint64_t value);       /* LEB128 */
void buf_zigzag(struct buf *buf, int64_t value);        /* signed varint */
void buf_bytes(struct buf *buf, struct bytes bytes);    /* length, then bytes */
struct bytes buf_view(const struct buf *buf);

struct cut cut_of(struct bytes bytes);
size_t cut_left(const struct cut *cut);
uint8_t cut_u8(struct cut *cut);
/* More than 64 bits, or longer than buf_varint would write it, is bad: a number
 * has one form only, so equal meaning is equal bytes. */
uint64_t cut_varint(struct cut *cut);
int64_t cut_zigzag(struct cut *cut);
struct bytes cut_take(struct cut *cut, size_t len);
/* A length, then that many bytes; more than `max` is bad. */
struct bytes cut_bytes(struct cut *cut, size_t max);
void cut_copy(struct cut *cut, void *to, size_t len);
/* A text as cut_bytes reads it into `out` of `size` bytes, NUL included. What
 * is no proper text (text_valid) is bad, and `out` is "" then. */
void cut_text(struct cut *cut, char *out, size_t size);
/* A byte that is 0 or 1; any other is bad. */
bool cut_flag(struct cut *cut);

/* Like malloc and realloc, but never NULL: out of memory ends the process,
 * and the journal is whole at every instant (see store/README.md). */
void *xmalloc(size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

#endif
