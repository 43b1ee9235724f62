/* The keys of a keyed cell as one value: a JSON list of texts. */
#include "proto/change.h"
#include "proto/text.h"

#include <string.h>

enum { KEYS_MAX = 256 };

static bool take(struct bytes *text, uint8_t sign)
{
    *text = text_trim(*text);
    if (text->len == 0 || text->data[0] != sign)
        return false;
    *text = bytes_of(text->data + 1, text->len - 1);
    return true;
}

struct set_reader set_open(struct bytes text)
{
    struct set_reader reader = {.left = text, .first = true};

    reader.json = take(&reader.left, '[');
    return reader;
}

static int hex_digit(uint8_t sign)
{
    if (sign >= '0' && sign <= '9')
        return sign - '0';
    sign |= 0x20;
    return sign >= 'a' && sign <= 'f' ? sign - 'a' + 10 : -1;
}

/* Four hex digits; half a surrogate pair, which is no text, if there are
 * none. */
static uint32_t hex4(struct bytes *text)
{
    uint32_t point = 0;

    for (size_t i = 0; i < 4; i++) {
        int digit = i < text->len ? hex_digit(text->data[i]) : -1;

        if (digit < 0)
            return 0xDFFF;
        point = point << 4 | (uint32_t)digit;
    }
    *text = bytes_of(text->data + 4, text->len - 4);
    return point;
}

/* After "\u"; characters beyond U+FFFF come as two of them. */
static bool read_unicode(struct bytes *text, struct buf *out)
{
    uint32_t point = hex4(text), low;

    if (point >= 0xD800 && point < 0xDC00) {
        if (text->len < 2 || memcmp(text->data, "\\u", 2) != 0)
            return false;
        *text = bytes_of(text->data + 2, text->len - 2);
        low = hex4(text);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point <= 0xDFFF) {
        return false;
    }
    text_put(out, point);
    return true;
}

static bool read_escape(struct bytes *text, struct buf *out)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char *at;
    uint32_t sign;

    if (text->len == 0)
        return false;
    sign = text_next(text);
    if (sign == 'u')
        return read_unicode(text, out);
    at = sign > 0 && sign < 0x80 ? strchr(names, (int)sign) : NULL;
    if (at)
        text_put(out, (uint8_t)means[at - names]);
    return at != NULL;
}

static int next_json(struct set_reader *reader, struct buf *out)
{
    if (take(&reader->left, ']')) {
        reader->left = text_trim(reader->left);
        return reader->left.len == 0 ? 0 : ERR_VALUE;
    }
    if (!reader->first && !take(&reader->left, ','))
        return ERR_VALUE;
    reader->first = false;
    if (!take(&reader->left, '"'))
        return ERR_VALUE;
    while (reader->left.len > 0) {
        uint32_t point = text_next(&reader->left);

        if (point == '"')
            return 1;
        if (point != '\\')
            text_put(out, point);
        else if (!read_escape(&reader->left, out))
            return ERR_VALUE;
    }
    return ERR_VALUE;
}

static bool parts(uint32_t point)
{
    return point == ',' || point == ';' || point == '\n' ||
           point == 0x3001 /* 、 */ || point == 0xFF0C /* ， */ ||
           point == 0xFF1B /* ； */;
}

int set_next(struct set_reader *reader, struct buf *out)
{
    if (reader->json)
        return next_json(reader, out);
    if (reader->left.len == 0)
        return 0;
    while (reader->left.len > 0) {
        uint32_t point = text_next(&reader->left);

        if (parts(point))
            break;
        text_put(out, point);
    }
    return 1;
}

void set_put(struct buf *out, struct bytes key, bool first)
{
    if (!first)
        buf_u8(out, ',');
    buf_u8(out, '"');
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] == '"' || key.data[i] == '\\')
            buf_u8(out, '\\');
        buf_u8(out, key.data[i]);
    }
    buf_u8(out, '"');
}

static int check_key(const struct field *field, struct bytes key,
                     struct fault *fault)
{
    if (!text_valid(key))
        return fault_set(fault, ERR_TEXT, field->name, "%s",
                         err_text(ERR_TEXT, 1));
    if (memchr(key.data, '\n', key.len) || memchr(key.data, '\t', key.len))
        return fault_set(fault, ERR_VALUE, field->name,
                         "每项写在一行内 (each on one line)");
    if (key.len > KEY_MAX || text_count(key) > (size_t)field->max)
        return fault_set(fault, ERR_LONG, field->name,
                         "每项最多 %d 个字 (at most %d characters each)",
                         field->max, field->max);
    return 0;
}

/* Keys seen so far, as places in one buf. */
struct seen {
    size_t from[KEYS_MAX + 1];
    int count;
    struct buf text;
};

/* Add one key to `seen` unless it is empty or there already. */
static int add_key(const struct field *field, struct bytes raw,
                   struct seen *seen, struct fault *fault)
{
    size_t from = seen->from[seen->count];
    struct bytes key;
    int rc;

    raw = text_trim(raw);
    if (raw.len == 0)
        return 0;
    text_clean(field->clean, raw, &seen->text);
    key = bytes_of(seen->text.data + from, seen->text.len - from);
    rc = check_key(field, key, fault);
    if (rc < 0)
        return rc;
    for (int i = 0; i < seen->count; i++) {
        size_t at = seen->from[i];

        if (bytes_equal(key, bytes_of(seen->text.data + at,
                                      seen->from[i + 1] - at))) {
            seen->text.len = from;
            return 0;
        }
    }
    if (seen->count == KEYS_MAX)
        return fault_set(fault, ERR_LONG, field->name,
                         "最多 %d 项 (at most %d of them)", KEYS_MAX,
                         KEYS_MAX);
    seen->from[++seen->count] = seen->text.len;
    return 0;
}

int set_clean(const struct field *field, struct bytes in, struct buf *out,
              struct fault *fault)
{
    struct set_reader reader = set_open(in);
    struct seen seen = {.count = 0};
    struct buf raw;
    int rc;

    buf_init(&raw, in.len);
    /* No key grows by being cleaned: every step keeps or shortens it. */
    buf_init(&seen.text, in.len);
    while (buf_clear(&raw), (rc = set_next(&reader, &raw)) > 0) {
        rc = add_key(field, buf_view(&raw), &seen, fault);
        if (rc < 0)
            goto out;
    }
    if (rc < 0) {
        fault_set(fault, rc, field->name,
                  "应为 JSON 文本列表，或用顿号隔开 (a JSON list of texts)");
        goto out;
    }
    buf_u8(out, '[');
    for (int i = 0; i < seen.count; i++)
        set_put(out, bytes_of(seen.text.data + seen.from[i],
                              seen.from[i + 1] - seen.from[i]), i == 0);
    buf_u8(out, ']');
out:
    buf_done(&raw);
    buf_done(&seen.text);
    return rc;
}
