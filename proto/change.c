#include "proto/change.h"
#include "proto/value.h"

#include <sodium.h>
#include <string.h>

enum { CHANGE_VERSION = 1 };
enum { FLAG_REMOVAL = 1, FLAG_AT = 2, FLAG_SETTLES = 4, FLAG_WAS = 8,
       FLAGS_KNOWN = 15 };

void name_write(const struct name *name, struct buf *out)
{
    buf_put(out, name->origin.b, ID_SIZE);
    buf_varint(out, name->n);
}

void name_read(struct cut *cut, struct name *out)
{
    cut_copy(cut, out->origin.b, ID_SIZE);
    out->n = cut_varint(cut);
    if (out->n > INT64_MAX)
        cut->bad = true;
}

/* Of a change that exists: n begins at 1. */
static void real_name_read(struct cut *cut, struct name *out)
{
    name_read(cut, out);
    if (out->n == 0)
        cut->bad = true;
}

static uint64_t change_flags(const struct change *change)
{
    return (change->removal ? FLAG_REMOVAL : 0u) |
           (change->has_at ? FLAG_AT : 0u) |
           (change->nsettles > 0 ? FLAG_SETTLES : 0u) |
           (change->has_was ? FLAG_WAS : 0u);
}

void change_write(const struct change *change, struct buf *out)
{
    buf_u8(out, CHANGE_VERSION);
    name_write(&change->name, out);
    buf_varint(out, change_flags(change));
    buf_put(out, change->record.b, ID_SIZE);
    buf_varint(out, change->kind);
    buf_varint(out, change->cell);
    buf_bytes(out, change->key);
    buf_varint(out, change->base);
    buf_bytes(out, change->author);
    buf_zigzag(out, change->stamp.wall_ms);
    buf_zigzag(out, change->stamp.mono_ms);
    buf_put(out, change->stamp.boot, sizeof change->stamp.boot);
    if (change->has_at)
        buf_zigzag(out, change->at_ms);
    if (change->nsettles > 0) {
        buf_varint(out, (uint64_t)change->nsettles);
        for (int i = 0; i < change->nsettles; i++)
            name_write(&change->settles[i], out);
    }
    if (change->has_was) {
        name_write(&change->was, out);
        buf_put(out, change->was_hash.b, HASH_SIZE);
    }
    body_write(&change->body, out);
}

static int read_extras(struct cut *cut, uint64_t flags, struct change *out)
{
    uint64_t settles;

    out->has_at = (flags & FLAG_AT) != 0;
    out->at_ms = out->has_at ? cut_zigzag(cut) : 0;
    out->nsettles = 0;
    if (flags & FLAG_SETTLES) {
        settles = cut_varint(cut);
        if (cut->bad || settles == 0 || settles > SETTLES_MAX)
            return ERR_FORMAT;
        for (; (uint64_t)out->nsettles < settles; out->nsettles++)
            real_name_read(cut, &out->settles[out->nsettles]);
    }
    out->has_was = (flags & FLAG_WAS) != 0;
    if (out->has_was) {
        real_name_read(cut, &out->was);
        cut_copy(cut, out->was_hash.b, HASH_SIZE);
    }
    return 0;
}

static int read_parts(struct cut *cut, struct change *out)
{
    uint64_t flags;
    int rc;

    real_name_read(cut, &out->name);
    flags = cut_varint(cut);
    out->removal = (flags & FLAG_REMOVAL) != 0;
    cut_copy(cut, out->record.b, ID_SIZE);
    out->kind = cut_varint(cut);
    out->cell = cut_varint(cut);
    out->key = cut_bytes(cut, KEY_MAX);
    out->base = cut_varint(cut);
    out->author = cut_bytes(cut, AUTHOR_MAX);
    out->stamp.wall_ms = cut_zigzag(cut);
    out->stamp.mono_ms = cut_zigzag(cut);
    cut_copy(cut, out->stamp.boot, sizeof out->stamp.boot);
    if (cut->bad || (flags & ~(uint64_t)FLAGS_KNOWN) != 0)
        return ERR_FORMAT;
    rc = read_extras(cut, flags, out);
    if (rc < 0)
        return rc;
    return body_read(cut, &out->body);
}

int change_open(struct bytes in, struct change *out)
{
    struct cut cut = cut_of(in);
    int rc;

    if (in.len > CHANGE_MAX)
        return ERR_SIZE;
    if (cut_u8(&cut) != CHANGE_VERSION)
        return cut.bad ? ERR_FORMAT : ERR_VERSION;
    rc = read_parts(&cut, out);
    if (rc < 0)
        return rc;
    if (cut.bad || cut_left(&cut) > 0 ||
        (out->removal && out->body.count > 0))
        return ERR_FORMAT;
    return 0;
}

int change_read(struct bytes in, struct change *out)
{
    int rc = change_open(in, out);

    if (rc < 0)
        return rc;
    if (!text_valid(out->key) || !text_valid(out->author) ||
        !body_valid(&out->body))
        return ERR_TEXT;
    return 0;
}

struct hash change_hash(const struct hash *before, struct bytes canonical)
{
    crypto_generichash_state state;
    struct hash out;

    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(&state, before->b, HASH_SIZE);
    crypto_generichash_update(&state, canonical.data, canonical.len);
    crypto_generichash_final(&state, out.b, HASH_SIZE);
    return out;
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->b, b->b, ID_SIZE) == 0;
}

bool name_equal(const struct name *a, const struct name *b)
{
    return a->n == b->n && id_equal(&a->origin, &b->origin);
}

void id_text(const struct id *id, char *out)
{
    static const char hex[] = "0123456789abcdef";

    for (int i = 0; i < ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[id->b[i] >> 4];
        *out++ = hex[id->b[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_parse(const char *text, struct id *out)
{
    bool hyphens = strlen(text) == 36;

    for (int i = 0; i < ID_SIZE; i++) {
        int high, low;

        if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) &&
            *text++ != '-')
            return false;
        high = hex_digit(text[0]);
        low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        out->b[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return *text == '\0';
}
