#include "proto/change.h"
#include "proto/value.h"

#include <string.h>

bool body_equal(const struct body *a, const struct body *b)
{
    if (a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++)
        if (a->value[i].field != b->value[i].field ||
            !bytes_equal(a->value[i].text, b->value[i].text))
            return false;
    return true;
}

struct bytes body_get(const struct body *body, uint64_t field)
{
    for (int i = 0; i < body->count; i++)
        if (body->value[i].field == field)
            return body->value[i].text;
    return (struct bytes){NULL, 0};
}

static void body_remove(struct body *body, int at)
{
    body->count--;
    memmove(&body->value[at], &body->value[at + 1],
            (size_t)(body->count - at) * sizeof body->value[0]);
}

void body_set(struct body *body, uint64_t field, struct bytes text)
{
    int at = 0;

    while (at < body->count && body->value[at].field < field)
        at++;
    if (at < body->count && body->value[at].field == field) {
        if (text.len == 0)
            body_remove(body, at);
        else
            body->value[at].text = text;
        return;
    }
    if (text.len == 0 || body->count == BODY_FIELDS)
        return;
    memmove(&body->value[at + 1], &body->value[at],
            (size_t)(body->count - at) * sizeof body->value[0]);
    body->value[at] = (struct value){field, text};
    body->count++;
}

void body_write(const struct body *body, struct buf *out)
{
    buf_varint(out, (uint64_t)body->count);
    for (int i = 0; i < body->count; i++) {
        buf_varint(out, body->value[i].field);
        buf_bytes(out, body->value[i].text);
    }
}

bool body_valid(const struct body *body)
{
    for (int i = 0; i < body->count; i++)
        if (!text_valid(body->value[i].text))
            return false;
    return true;
}

/* Rising ids and no empty text: one body has one form of bytes. */
int body_read(struct cut *cut, struct body *out)
{
    uint64_t count = cut_varint(cut), last = 0;

    out->count = 0;
    if (cut->bad || count > BODY_FIELDS)
        return ERR_FORMAT;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t field = cut_varint(cut);
        struct bytes text = cut_bytes(cut, CHANGE_MAX);

        if (cut->bad || text.len == 0 || field <= last)
            return ERR_FORMAT;
        out->value[out->count++] = (struct value){field, text};
        last = field;
    }
    return 0;
}
