#include "tests/fuzz/help/must.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* As main does it: libsodium then takes the quick way of hashing. */
__attribute__((constructor)) static void begin(void)
{
    must(sodium_init() >= 0, "libsodium begins");
}

void must(bool holds, const char *format, ...)
{
    va_list args;

    if (holds)
        return;
    fputs("fuzz: does not hold: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void must_equal(struct bytes is, struct bytes was, const char *what)
{
    must(is.len == was.len, "%s: %zu bytes, before %zu", what, is.len,
         was.len);
    must(bytes_equal(is, was), "%s: other bytes than before", what);
}

struct bytes take_some(struct cut *in, size_t max)
{
    size_t left = cut_left(in);

    return cut_take(in, left < max ? left : max);
}

enum { NUMBER_LONG = 0xf8 };

uint64_t take_number(struct cut *in)
{
    uint8_t first = cut_u8(in);
    uint64_t number = 0;

    if (first < NUMBER_LONG)
        return first;
    for (int i = NUMBER_LONG; i <= first; i++)
        number = number << 8 | cut_u8(in);
    return number;
}

struct bytes take_sized(struct cut *in)
{
    return take_some(in, (size_t)take_number(in));
}

void put_number(struct buf *out, uint64_t number)
{
    int bytes = 1;

    if (number < NUMBER_LONG) {
        buf_u8(out, (uint8_t)number);
        return;
    }
    while (bytes < 8 && number >> (8 * bytes) > 0)
        bytes++;
    buf_u8(out, (uint8_t)(NUMBER_LONG + bytes - 1));
    while (bytes-- > 0)
        buf_u8(out, (uint8_t)(number >> (8 * bytes)));
}

void put_sized(struct buf *out, struct bytes bytes)
{
    put_number(out, bytes.len);
    buf_put(out, bytes.data, bytes.len);
}
