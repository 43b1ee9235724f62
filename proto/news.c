#include "proto/message.h"

#include <string.h>

enum { CASE_OPEN = 1, CASE_BASE = 2, CASE_KNOWN = 3 };

void news_open(struct news_writer *writer, const char *stream, uint64_t from)
{
    struct news *head = &writer->head;
    size_t len = strlen(stream);

    memset(writer, 0, sizeof *writer);
    memcpy(head->stream, stream, len < STREAM_MAX ? len : STREAM_MAX);
    head->from = head->to = from;
    buf_init(&head->raw, NEWS_RAW_MAX);
}

static void case_write(const struct news_item *item, struct buf *raw)
{
    why_write(item->reason, item->field, item->rule, raw);
    buf_u8(raw, (uint8_t)((item->open ? CASE_OPEN : 0) |
                          (item->has_base ? CASE_BASE : 0)));
    if (!item->open)
        name_write(&item->settled_by, raw);
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
        name_write(&item->name, raw);
        buf_u8(raw, (uint8_t)item->verdict);
        why_write(item->reason, item->field, item->rule, raw);
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
    if (rc == 0)
        rc = deflate_bytes(buf_view(&head->raw), out);
    news_done(head);
    return rc;
}

int news_read(struct bytes in, struct news *out)
{
    struct cut cut = cut_of(in);
    uint64_t raw_size;
    int rc;

    memset(out, 0, sizeof *out);
    cut_text(&cut, out->stream, sizeof out->stream);
    out->from = number_read(&cut);
    out->to = number_read(&cut);
    out->as_of = number_read(&cut);
    out->more = cut_flag(&cut);
    out->count = cut_varint(&cut);
    raw_size = cut_varint(&cut);
    if (cut.bad || out->from > out->to)
        return ERR_FORMAT;
    if (raw_size > NEWS_RAW_MAX || out->count > raw_size)
        return ERR_SIZE;
    buf_init(&out->raw, NEWS_RAW_MAX);
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

static void case_read(struct cut *cut, struct news_item *out)
{
    uint8_t flags;

    why_read(cut, &out->reason, out->field, out->rule);
    flags = cut_u8(cut);
    if (flags > CASE_KNOWN)
        cut->bad = true;
    out->open = (flags & CASE_OPEN) != 0;
    out->has_base = (flags & CASE_BASE) != 0;
    if (!out->open)
        name_read(cut, &out->settled_by);
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
        name_read(cut, &out->name);
        out->verdict = cut_u8(cut);
        why_read(cut, &out->reason, out->field, out->rule);
        break;
    default:
        cut->bad = true;
    }
}

/* Does it tell what came from a decision? */
static bool decided(const struct news_item *item)
{
    return item->what != NEWS_GONE && (item->what != NEWS_VERDICT ||
                                       item->verdict != VERDICT_RECEIVED);
}

int news_next(struct news *news, struct news_item *out)
{
    struct cut *cut = &news->rest;

    if (news->count == 0)
        return cut_left(cut) == 0 ? 0 : ERR_FORMAT;
    memset(out, 0, sizeof *out);
    out->what = (enum news_what)cut_u8(cut);
    out->seq = number_read(cut);
    out->number = number_read(cut);
    item_read(cut, out);
    if (out->number == 0 && decided(out))
        cut->bad = true;
    if (cut->bad)
        return ERR_FORMAT;
    news->count--;
    return 1;
}
