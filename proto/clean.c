/* The steps of cleaning that work on characters; see text.h. */
#include "proto/text.h"

#include <string.h>

enum {
    MIDDLE_DOT = 0xB7,
    WIDE_SPACE = 0x3000
};

bool text_blank(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') ||
           point == 0xA0 || point == WIDE_SPACE || point == 0x200B ||
           point == 0xFEFF;
}

struct bytes text_trim(struct bytes text)
{
    struct bytes left = text, next = text;
    const uint8_t *end;

    while (next.len > 0 && text_blank(text_next(&next)))
        left = next;
    end = left.data;
    for (next = left; next.len > 0;)
        if (!text_blank(text_next(&next)))
            end = next.data;
    return bytes_of(left.data, (size_t)(end - left.data));
}

bool text_says_none(struct bytes text)
{
    static const char *const none[] = {"无", "暂无", "—", "——", "-", "--",
                                       "/", "／", "－"};

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (bytes_equal(text, bytes_text(none[i])))
            return true;
    return false;
}

static uint32_t halve(uint32_t point)
{
    if (point >= 0xFF01 && point <= 0xFF5E)
        return point - 0xFF01 + '!';
    return point == WIDE_SPACE ? ' ' : point;
}

void text_halve(struct bytes in, struct buf *out)
{
    while (in.len > 0)
        text_put(out, halve(text_next(&in)));
}

/* The signs that stand for the middle dot in typed names, and which
 * input methods and fonts mix up. */
static uint32_t dot(uint32_t point)
{
    switch (point) {
    case 0x2022:
    case 0x2027:
    case 0xFF0E:
    case 0x30FB:
    case 0xFF65:
        return MIDDLE_DOT;
    default:
        return point;
    }
}

/* Sheets space short names out to one width (张　三). Between Chinese
 * characters a blank means nothing; beside a Latin letter it does. */
static void clean_name(struct bytes in, struct buf *out)
{
    uint32_t last = 0;

    while (in.len > 0) {
        uint32_t point = dot(text_next(&in));

        if (text_blank(point)) {
            struct bytes after = text_trim(in);
            struct bytes peek = after;

            if (last >= 0x80 && text_next(&peek) >= 0x80) {
                in = after;
                continue;
            }
        }
        text_put(out, point);
        last = point;
    }
}

static void clean_phone(struct bytes in, struct buf *out)
{
    while (in.len > 0) {
        uint32_t point = halve(text_next(&in));

        if (!text_blank(point))
            text_put(out, point);
    }
}

void text_clean(enum clean how, struct bytes in, struct buf *out)
{
    if (how == CLEAN_NAME)
        clean_name(in, out);
    else if (how == CLEAN_PHONE)
        clean_phone(in, out);
    else
        buf_put(out, in.data, in.len);
}
