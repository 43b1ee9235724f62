#include "proto/text.h"

/* Bytes of the character that `lead` begins; 0 if no character begins so. */
static size_t width(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead < 0xE0)
        return 2;
    if (lead >= 0xE0 && lead < 0xF0)
        return 3;
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

/* The second byte says whether three and four bytes are the shortest form, no
 * surrogate and not beyond U+10FFFF (RFC 3629). */
static bool second_ok(uint8_t lead, uint8_t second)
{
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

    return second >= low && second <= high;
}

static bool character_ok(const uint8_t *at, size_t left, size_t len)
{
    if (len == 0 || len > left)
        return false;
    if (len == 1)
        return at[0] >= 0x20 || at[0] == '\n' || at[0] == '\t';
    if (!second_ok(at[0], at[1]))
        return false;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xC0) != 0x80)
            return false;
    return true;
}

bool text_valid(struct bytes text)
{
    size_t i = 0;

    while (i < text.len) {
        size_t len = width(text.data[i]);

        if (!character_ok(text.data + i, text.len - i, len))
            return false;
        i += len;
    }
    return true;
}

size_t text_count(struct bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] & 0xC0) != 0x80)
            count++;
    return count;
}

uint32_t text_next(struct bytes *text)
{
    const uint8_t *at = text->data;
    size_t len = text->len ? width(at[0]) : 0;
    uint32_t point = 0;

    if (len == 0 || len > text->len) {
        /* Only for text that was never checked; go on by one byte. */
        if (text->len > 0)
            *text = bytes_of(at + 1, text->len - 1);
        return 0xFFFD;
    }
    point = len == 1 ? at[0] : at[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++)
        point = point << 6 | (at[i] & 0x3Fu);
    *text = bytes_of(at + len, text->len - len);
    return point;
}

void text_put(struct buf *out, uint32_t point)
{
    if (point < 0x80) {
        buf_u8(out, (uint8_t)point);
    } else if (point < 0x800) {
        buf_u8(out, (uint8_t)(0xC0 | point >> 6));
        buf_u8(out, (uint8_t)(0x80 | (point & 0x3F)));
    } else if (point < 0x10000) {
        buf_u8(out, (uint8_t)(0xE0 | point >> 12));
        buf_u8(out, (uint8_t)(0x80 | (point >> 6 & 0x3F)));
        buf_u8(out, (uint8_t)(0x80 | (point & 0x3F)));
    } else {
        buf_u8(out, (uint8_t)(0xF0 | point >> 18));
        buf_u8(out, (uint8_t)(0x80 | (point >> 12 & 0x3F)));
        buf_u8(out, (uint8_t)(0x80 | (point >> 6 & 0x3F)));
        buf_u8(out, (uint8_t)(0x80 | (point & 0x3F)));
    }
}
