#include "proto/change.h"
#include "proto/text.h"

#include <string.h>

enum { INT_DIGITS = 15 };       /* what JSON readers keep exactly */

static int refuse(const struct field *field, struct fault *fault,
                  const char *allowed)
{
    return fault_set(fault, ERR_VALUE, field->name, "%s", allowed);
}

static int clean_text(const struct field *field, struct bytes in,
                      struct buf *out, struct fault *fault)
{
    size_t from = out->len;

    text_clean(field->clean, in, out);
    if (!out->full && text_count(bytes_of(out->data + from,
                                          out->len - from)) >
                          (size_t)field->max)
        return fault_set(fault, ERR_LONG, field->name,
                         "最多 %d 个字 (at most %d characters)", field->max,
                         field->max);
    return 0;
}

/* A key is part of a cell's name, which has a bound in bytes. */
static int clean_key(const struct field *field, struct bytes in,
                     struct buf *out, struct fault *fault)
{
    size_t from = out->len;
    int rc = clean_text(field, in, out, fault);

    if (rc == 0 && out->len - from > KEY_MAX)
        return fault_set(fault, ERR_LONG, field->name,
                         "最多 %d 个字节 (at most %d bytes)", KEY_MAX,
                         KEY_MAX);
    return rc;
}

static int clean_int(const struct field *field, struct bytes in,
                     struct buf *out, struct fault *fault)
{
    bool minus = in.data[0] == '-';
    size_t at = minus, len;

    while (at + 1 < in.len && in.data[at] == '0')
        at++;
    len = in.len - at;
    for (size_t i = at; i < in.len; i++)
        if (in.data[i] < '0' || in.data[i] > '9')
            len = 0;
    if (len == 0 || len > INT_DIGITS)
        return refuse(field, fault, "应为整数，如 12 (a whole number)");
    if (minus && in.data[at] != '0')
        buf_u8(out, '-');
    buf_put(out, in.data + at, len);
    return 0;
}

static int clean_bool(const struct field *field, struct bytes in,
                      struct buf *out, struct fault *fault)
{
    static const char *const yes[] = {"true", "是", "1", "yes", "y", "√"};
    static const char *const no[] = {"false", "否", "0", "no", "n", "×"};
    char text[8] = "";

    if (in.len < sizeof(text))
        for (size_t i = 0; i < in.len; i++)
            text[i] = (char)(in.data[i] >= 'A' && in.data[i] <= 'Z'
                                 ? in.data[i] | 0x20
                                 : in.data[i]);
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool is_yes = strcmp(text, yes[i]) == 0;

        if (!is_yes && strcmp(text, no[i]) != 0)
            continue;
        buf_put(out, is_yes ? "true" : "false", is_yes ? 4 : 5);
        return 0;
    }
    return refuse(field, fault, "应为是或否 (yes or no)");
}

static int clean_org(const struct field *field, struct bytes in,
                     struct buf *out, struct fault *fault)
{
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] < '0' || in.data[i] > '9')
            return refuse(field, fault,
                          "应为 6 至 12 位区划代码 (6 to 12 digits)");
    if (in.len < 6 || in.len > 12)
        return refuse(field, fault,
                      "应为 6 至 12 位区划代码 (6 to 12 digits)");
    buf_put(out, in.data, in.len);
    return 0;
}

/* Says which labels there are; the value itself may be personal. */
static int refuse_code(const struct field *field, struct fault *fault)
{
    char list[160] = "";
    size_t len = 0;

    for (int i = 0; i < field->codes->count; i++) {
        const char *label = field->codes->list[i].label;
        size_t more = strlen(label);

        if (len + more + 8 > sizeof(list)) {
            memcpy(list + len, "…", sizeof("…"));
            break;
        }
        if (i > 0)
            list[len++] = ' ';
        memcpy(list + len, label, more + 1);
        len += more;
    }
    return fault_set(fault, ERR_VALUE, field->name, "应为 (one of): %s", list);
}

static const char *find_label(const struct codes *codes, struct bytes text)
{
    char word[200];

    if (text.len >= sizeof(word))
        return NULL;
    memcpy(word, text.data, text.len);
    word[text.len] = '\0';
    return codes_label(codes, word);
}

static int clean_code(const struct field *field, struct bytes raw,
                      struct bytes half, struct buf *out, struct fault *fault)
{
    const char *label = find_label(field->codes, half);

    if (!label)
        label = find_label(field->codes, raw);
    if (label) {
        buf_put(out, label, strlen(label));
        return 0;
    }
    if (text_says_none(half))
        return 0;
    return field->open ? clean_text(field, raw, out, fault)
                       : refuse_code(field, fault);
}

/* `raw` is trimmed and not empty, `half` the same made half-width. */
static int clean_typed(const struct field *field, struct bytes raw,
                       struct bytes half, struct buf *out,
                       struct fault *fault)
{
    if (field->type == FIELD_TEXT)
        return clean_text(field, raw, out, fault);
    if (field->type == FIELD_CODE)
        return clean_code(field, raw, half, out, fault);
    if (text_says_none(half))
        return 0;
    switch (field->type) {
    case FIELD_DATE:
    case FIELD_MONTH:
        return date_clean(field, half, out, fault);
    case FIELD_INT:
        return clean_int(field, half, out, fault);
    case FIELD_BOOL:
        return clean_bool(field, half, out, fault);
    case FIELD_ID18:
        return id18_clean(field, half, out, fault);
    case FIELD_ORG:
        return clean_org(field, half, out, fault);
    case FIELD_SET:
        return clean_key(field, raw, out, fault);
    case FIELD_TEXT:
    case FIELD_CODE:
        break;
    }
    return fault_set(fault, ERR_FAULT, field->name, "unknown type");
}

/* Forms on web pages send CR LF; alone a CR is no text of ours. */
static struct bytes drop_cr(struct bytes in, struct buf *room)
{
    if (in.len == 0 || memchr(in.data, '\r', in.len) == NULL)
        return in;              /* nearly always: nothing to copy */
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] != '\r' || i + 1 == in.len || in.data[i + 1] != '\n')
            buf_u8(room, in.data[i]);
    return buf_view(room);
}

/* Full-width signs all begin with 0xE3 or 0xEF. */
static struct bytes halve(struct bytes in, struct buf *room)
{
    if (in.len == 0 || (memchr(in.data, 0xEF, in.len) == NULL &&
                        memchr(in.data, 0xE3, in.len) == NULL))
        return in;
    text_halve(in, room);
    return buf_view(room);
}

int value_clean(const struct field *field, struct bytes in, struct buf *out,
                struct fault *fault)
{
    size_t from = out->len;
    struct buf text, half;
    struct bytes raw;
    int rc = 0;

    if (in.len > CHANGE_MAX)
        return fault_set(fault, ERR_LONG, field->name,
                         "最多 %d 个字 (at most %d characters)", field->max,
                         field->max);
    buf_init(&text, CHANGE_MAX);
    buf_init(&half, CHANGE_MAX);
    raw = drop_cr(in, &text);
    if (!text_valid(raw))
        rc = fault_set(fault, ERR_TEXT, field->name,
                       "文字编码不是 UTF-8 (not UTF-8 text)");
    raw = text_trim(raw);
    if (rc == 0 && raw.len > 0)
        rc = clean_typed(field, raw, halve(raw, &half), out, fault);
    if (rc == 0 && out->full)
        rc = fault_set(fault, ERR_SIZE, field->name, "%s",
                       err_text(ERR_SIZE, 1));
    if (rc < 0)
        out->len = from;
    buf_done(&text);
    buf_done(&half);
    return rc;
}

enum { PHONE_LEN = 11 };        /* of a mobile one */

static bool like_phone(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] < '0' || text.data[i] > '9') && text.data[i] != '-')
            return false;
    return text.len >= 8;
}

static void put_stars(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_u8(out, '*');
}

static void mask_ends(struct bytes text, size_t head, size_t tail,
                      struct buf *out)
{
    buf_put(out, text.data, head);
    put_stars(out, text.len - head - tail);
    buf_put(out, text.data + text.len - tail, tail);
}

void value_mask(const struct field *field, struct bytes text, struct buf *out)
{
    struct bytes rest = text;

    if (text.len == 0)
        return;
    if (field->type == FIELD_ID18 && text.len == 18)
        mask_ends(text, 6, 4, out);
    else if (like_phone(text) && text.len >= PHONE_LEN)
        mask_ends(text, 3, 4, out);
    else if (like_phone(text))  /* else seven digits of eight would be told */
        mask_ends(text, 2, 2, out);
    else {
        uint32_t first = text_next(&rest);

        /* One character alone would be the whole text; and the number of
         * stars tells nothing of its length. */
        if (rest.len > 0)
            text_put(out, first);
        put_stars(out, 3);
    }
}
