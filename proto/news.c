#include "proto/message.h"

#include <string.h>

void news_open(struct news_writer *writer, const char *stream, uint64_t from)
{
    struct news *head = &writer->head;
    size_t len = strlen(stream);

    memset(writer, 0, sizeof *writer);
    memcpy(head->stream, stream, len < STREAM_MAX ? len : STREAM_MAX);
    head->from = head->to = from;
    buf_init(&head->raw, BATCH_RAW_MAX);
}

static void case_write(const struct news_item *item, struct buf *raw)
{
    buf_u8(raw, (uint8_t)item->reason);
    buf_bytes(raw, bytes_text(item->field));
    buf_bytes(raw, bytes_text(item->rule));
    buf_u8(raw, (uint8_t)((item->open ? 1 : 0) | (item->has_base ? 2 : 0)));
    if (!item->open) {
        buf_put(raw, item->settled_by.origin.b, ID_SIZE);
        buf_varint(raw, item->settled_by.n);
    }
    if (item->has_base)
        buf_bytes(raw, item->base_body);
}

void news_add(struct news_writer *writer, const struct news_item *item)
{
    struct buf *raw = &writer->head.raw;

    buf_u8(raw, (uint8_t)item->what);
    buf_varint(raw, item->seq);
    buf_varint(raw, item->number);
    switch (item->what) {
    case NEWS_STATE:
    case NEWS_CASE:
        buf_bytes(raw, item->change);
        buf_put(raw, item->hash.b, HASH_SIZE);
        if (item->what == NEWS_CASE)
            case_write(item, raw);
        break;
    case NEWS_GONE:
        buf_put(raw, item->record.b, ID_SIZE);
        break;
    case NEWS_VERDICT:
        buf_put(raw, item->name.origin.b, ID_SIZE);
        buf_varint(raw, item->name.n);
        buf_u8(raw, (uint8_t)item->verdict);
        buf_u8(raw, (uint8_t)item->reason);
        buf_bytes(raw, bytes_text(item->field));
        buf_bytes(raw, bytes_text(item->rule));
        break;
    }
    writer->head.count++;
}

int news_close(struct news_writer *writer, struct buf *out)
{
    struct news *head = &writer->head;
    int rc = head->raw.full ? ERR_SIZE : 0;

    buf_bytes(out, bytes_text(head->stream));
    buf_varint(out, head->from);
    buf_varint(out, head->to);
    buf_varint(out, head->as_of);
    buf_u8(out, head->more);
    buf_varint(out, head->count);
    buf_varint(out, head->raw.len);
    if (rc == 0 && head->raw.len > 0)
        rc = deflate_bytes(buf_view(&head->raw), out);
    news_done(head);
    return rc;
}

int news_read(struct bytes in, struct news *out)
{
    struct cut cut = cut_of(in);
    struct bytes stream;
    uint64_t raw_size;
    int rc;

    memset(out, 0, sizeof *out);
    stream = cut_bytes(&cut, STREAM_MAX);
    out->from = cut_varint(&cut);
    out->to = cut_varint(&cut);
    out->as_of = cut_varint(&cut);
    out->more = cut_u8(&cut) != 0;
    out->count = cut_varint(&cut);
    raw_size = cut_varint(&cut);
    if (cut.bad || raw_size > BATCH_RAW_MAX || out->count > raw_size)
        return ERR_FORMAT;
    memcpy(out->stream, stream.data, stream.len);
    buf_init(&out->raw, BATCH_RAW_MAX);
    rc = inflate_bytes(bytes_of(cut.at, cut_left(&cut)), (size_t)raw_size,
                       &out->raw);
    if (rc < 0)
        news_done(out);
    out->rest = cut_of(buf_view(&out->raw));
    return rc;
}

void news_done(struct news *news)
{
    buf_done(&news->raw);
}

static void text_read(struct cut *cut, char *out, size_t size)
{
    struct bytes text = cut_bytes(cut, size - 1);

    if (!cut->bad)
        memcpy(out, text.data, text.len);
    out[cut->bad ? 0 : text.len] = '\0';
}

static void case_read(struct cut *cut, struct news_item *out)
{
    uint8_t flags;

    out->reason = cut_u8(cut);
    text_read(cut, out->field, sizeof out->field);
    text_read(cut, out->rule, sizeof out->rule);
    flags = cut_u8(cut);
    out->open = (flags & 1) != 0;
    out->has_base = (flags & 2) != 0;
    if (!out->open) {
        cut_copy(cut, out->settled_by.origin.b, ID_SIZE);
        out->settled_by.n = cut_varint(cut);
    }
    if (out->has_base)
        out->base_body = cut_bytes(cut, CHANGE_MAX);
}

static void item_read(struct cut *cut, struct news_item *out)
{
    switch (out->what) {
    case NEWS_STATE:
    case NEWS_CASE:
        out->change = cut_bytes(cut, CHANGE_MAX);
        cut_copy(cut, out->hash.b, HASH_SIZE);
        if (out->what == NEWS_CASE)
            case_read(cut, out);
        break;
    case NEWS_GONE:
        cut_copy(cut, out->record.b, ID_SIZE);
        break;
    case NEWS_VERDICT:
        cut_copy(cut, out->name.origin.b, ID_SIZE);
        out->name.n = cut_varint(cut);
        out->verdict = cut_u8(cut);
        out->reason = cut_u8(cut);
        text_read(cut, out->field, sizeof out->field);
        text_read(cut, out->rule, sizeof out->rule);
        break;
    default:
        cut->bad = true;
    }
}

int news_next(struct news *news, struct news_item *out)
{
    struct cut *cut = &news->rest;

    if (news->count == 0)
        return cut_left(cut) == 0 ? 0 : ERR_FORMAT;
    memset(out, 0, sizeof *out);
    out->what = (enum news_what)cut_u8(cut);
    out->seq = cut_varint(cut);
    out->number = cut_varint(cut);
    item_read(cut, out);
    if (cut->bad)
        return ERR_FORMAT;
    news->count--;
    return 1;
}
