/* The head of terse news, and what proves that they are the news. Nothing of it
 * rests on the ask: a stick may bring the answer to one of long ago. */
#include "proto/mind.h"

#include <sodium.h>
#include <string.h>

enum { CHECK_SIZE = 8, FLAG_MORE = 1, FLAG_AS_OF = 2 };

/* Over the items as they stand in plain news: a name that means another record
 * or change over there is found. */
static void items_checksum(struct bytes items, uint8_t out[CHECK_SIZE])
{
    uint8_t full[16];

    crypto_generichash(full, sizeof full, items.data, items.len, NULL, 0);
    memcpy(out, full, CHECK_SIZE);
}

int terse_write_news(const struct setting *setting,
                     const struct news_writer *writer, struct buf *out)
{
    const struct welcome *welcome = setting->welcome;
    const struct news *head = &writer->head;
    uint8_t check[CHECK_SIZE];
    int at = 0;

    while (at < welcome->streams &&
           strcmp(welcome->stream[at], head->stream) != 0)
        at++;
    if (at == welcome->streams || head->raw.full ||
        head->count > TERSE_PLACES)
        return ERR_FORMAT;
    buf_varint(out, (uint64_t)at);
    buf_varint(out, head->from);
    buf_varint(out, head->to - head->from);
    buf_u8(out, (uint8_t)((head->more ? FLAG_MORE : 0) |
                          (head->as_of > 0 ? FLAG_AS_OF : 0)));
    if (head->as_of > 0)
        buf_zigzag(out, (int64_t)(head->as_of - welcome->number));
    buf_varint(out, head->count);
    if (head->count == 0)
        return 0;
    items_checksum(buf_view(&head->raw), check);
    buf_put(out, check, CHECK_SIZE);
    return mind_write_news(setting, head, out);
}

static int read_head(const struct setting *setting, struct cut *cut,
                     struct news *out)
{
    const struct welcome *welcome = setting->welcome;
    uint64_t at = cut_varint(cut), from = number_read(cut),
             span = number_read(cut);
    uint8_t flags = cut_u8(cut);

    if (cut->bad || at >= (uint64_t)welcome->streams ||
        flags > (FLAG_MORE | FLAG_AS_OF))
        return ERR_FORMAT;
    memcpy(out->stream, welcome->stream[at], sizeof out->stream);
    out->from = from;
    out->to = out->from + span;
    out->more = (flags & FLAG_MORE) != 0;
    if (flags & FLAG_AS_OF)
        out->as_of = welcome->number + (uint64_t)cut_zigzag(cut);
    out->count = cut_varint(cut);
    if (cut->bad || out->to > INT64_MAX || out->as_of > INT64_MAX)
        return ERR_FORMAT;
    return out->count > TERSE_PLACES ? ERR_SIZE : 0;
}

static int read_items(const struct setting *setting, struct cut *cut,
                      struct news *out)
{
    struct news_writer writer;
    struct bytes stated = cut_take(cut, CHECK_SIZE);
    uint8_t check[CHECK_SIZE];
    int rc;

    if (cut->bad)
        return ERR_FORMAT;
    news_open(&writer, out->stream, out->from);
    writer.head.count = out->count;
    rc = mind_read_news(setting, bytes_of(cut->at, cut_left(cut)), &writer);
    items_checksum(buf_view(&writer.head.raw), check);
    if (rc == 0 && memcmp(check, stated.data, CHECK_SIZE) != 0)
        rc = ERR_CHECKSUM;
    if (rc < 0)
        news_done(&writer.head);
    else
        out->raw = writer.head.raw;
    return rc;
}

int terse_read_news(const struct setting *setting, struct bytes in,
                    struct news *out)
{
    struct cut cut = cut_of(in);
    int rc;

    memset(out, 0, sizeof *out);
    rc = read_head(setting, &cut, out);
    if (rc == 0 && out->count > 0)
        rc = read_items(setting, &cut, out);
    else if (rc == 0 && cut_left(&cut) > 0)
        rc = ERR_FORMAT;
    out->rest = cut_of(buf_view(&out->raw));
    return rc;
}
