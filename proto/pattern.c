#include "proto/text.h"

#include <string.h>

enum { TIMES_MAX = 999 };

/* One part of a pattern: what a character may be, and how often. */
struct part {
    struct bytes set;           /* inside of [], or the one literal */
    bool any, is_set, not;
    int least, most;
};

static bool take(struct bytes *pattern, char sign)
{
    if (pattern->len == 0 || pattern->data[0] != (uint8_t)sign)
        return false;
    *pattern = bytes_of(pattern->data + 1, pattern->len - 1);
    return true;
}

static bool read_set(struct bytes *pattern, struct part *part)
{
    const uint8_t *end;

    part->is_set = true;
    part->not = take(pattern, '^');
    end = pattern->len ? memchr(pattern->data, ']', pattern->len) : NULL;
    if (!end || end == pattern->data)
        return false;
    part->set = bytes_of(pattern->data, (size_t)(end - pattern->data));
    *pattern = bytes_of(end + 1, pattern->len - part->set.len - 1);
    return true;
}

static bool read_number(struct bytes *pattern, int *out)
{
    size_t len = 0;

    *out = 0;
    while (len < pattern->len && pattern->data[len] >= '0' &&
           pattern->data[len] <= '9' && *out <= TIMES_MAX)
        *out = *out * 10 + (pattern->data[len++] - '0');
    *pattern = bytes_of(pattern->data + len, pattern->len - len);
    return len > 0 && *out <= TIMES_MAX;
}

/* "{m}" or "{m,n}", or nothing, which is once. */
static bool read_times(struct bytes *pattern, struct part *part)
{
    part->least = part->most = 1;
    if (!take(pattern, '{'))
        return true;
    if (!read_number(pattern, &part->least))
        return false;
    part->most = part->least;
    if (take(pattern, ',') && !read_number(pattern, &part->most))
        return false;
    return take(pattern, '}') && part->most >= part->least && part->most > 0;
}

static bool read_part(struct bytes *pattern, struct part *part)
{
    struct bytes before = *pattern;
    uint32_t sign = text_next(pattern);

    *part = (struct part){0};
    if (sign == '[') {
        if (!read_set(pattern, part))
            return false;
    } else if (sign == '.') {
        part->any = true;
    } else if (sign < 0x80 && strchr("*+?()|\\^${}]", (int)sign)) {
        return false;
    } else {
        part->set = bytes_of(before.data, before.len - pattern->len);
    }
    return read_times(pattern, part);
}

/* A '-' is a range only between two characters, else itself. */
static bool set_has(struct bytes set, uint32_t point)
{
    while (set.len > 0) {
        uint32_t low = text_next(&set), high = low;

        if (set.len > 1 && set.data[0] == '-') {
            text_next(&set);
            high = text_next(&set);
        }
        if (point >= low && point <= high)
            return true;
    }
    return false;
}

static bool part_has(const struct part *part, uint32_t point)
{
    if (part->any)
        return true;
    if (!part->is_set) {
        struct bytes literal = part->set;

        return text_next(&literal) == point;
    }
    return set_has(part->set, point) != part->not;
}

bool pattern_fits(const char *pattern, struct bytes text)
{
    struct bytes left = bytes_text(pattern);
    struct part part;

    while (left.len > 0) {
        int times = 0;

        if (!read_part(&left, &part))
            return false;
        while (times < part.most && text.len > 0) {
            struct bytes next = text;

            if (!part_has(&part, text_next(&next)))
                break;
            text = next;
            times++;
        }
        if (times < part.least)
            return false;
    }
    return text.len == 0;
}

bool pattern_valid(const char *pattern)
{
    struct bytes left = bytes_text(pattern);
    struct part part;

    if (left.len == 0 || !text_valid(left))
        return false;
    while (left.len > 0)
        if (!read_part(&left, &part))
            return false;
    return true;
}
