/*
 * News, as a mind tells them: what comes down to a station.
 *
 * An item is mostly a change another wrote. Its hash covers the change before
 * it; where the reader has that one, the hash is made there and not told.
 */
#include "proto/mind_parts.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_BACK = 8, GAP_MOST = 15, TEXT_FIELD = 2, TEXT_RULE = 3 };
enum { CASE_IS_OPEN = 1, CASE_HAS_BASE = 2 };

/* What is remembered of an origin from one of its changes to the next. */
struct voice {
    bool met, hashed;
    uint64_t n;
    struct hash hash;           /* of the change n */
    struct stamp stamp;
    int64_t at_ms;
    struct bytes author;
};

struct telling {
    struct speech_room *room;
    struct speech *speech;
    struct voice voice[MIND_ORIGINS + 1];       /* the last: of all others */
    uint32_t now;               /* which of them spoke last */
    uint32_t what;              /* the last item's */
    uint64_t seq, gap;
    int64_t ahead[NEWS_VERDICT + 1];    /* number minus seq */
    struct buf base;
};

/* ---- who wrote it ---- */

/* The newest change before this one that the reader has. */
static uint64_t find_before(const struct speech *speech,
                            const struct name *name)
{
    struct name before = *name;
    struct hash hash;

    for (int i = 0; i < LOOK_BACK && before.n > 1; i++) {
        before.n--;
        if (speech->names->said(speech->names->user, &before, &hash, NULL))
            return before.n;
    }
    return 0;
}

static void voice_like(struct telling *on, struct voice *voice,
                       const struct name *name)
{
    const struct names *names = on->speech->names;
    struct change *change = &on->room->before;

    if (!names->said(names->user, name, &voice->hash, change)) {
        on->speech->bad = true;
        return;
    }
    voice->hashed = true;
    voice->n = name->n;
    voice->stamp = change->stamp;
    voice->author = speech_keep(on->speech, change->author);
}

/* One that was not heard yet goes on from a change that both have, else like the
 * one that spoke last. */
static void voice_begin(struct telling *on, struct voice *voice,
                        const struct name *name, uint64_t before)
{
    struct speech *speech = on->speech;
    struct name had = {name->origin, before};

    memset(voice, 0, sizeof *voice);
    voice->met = true;
    voice->stamp = speech->stamp;
    voice->at_ms = speech->at_ms;
    voice->author = speech->author;
    if (!speech_tree(speech, ON_BEFORE, 1, 0, 0, before > 0))
        return;
    had.n = speech_number(speech, ON_BEFORE, 1, 0, before);
    voice_like(on, voice, &had);
}

/* Name of the change that comes; its voice speaks. */
static struct voice *tell_name(struct telling *on, struct name *name)
{
    struct speech *speech = on->speech;
    struct voice *voice = &on->voice[on->now];
    uint64_t before = 0;
    bool met = false;

    voice->stamp = speech->stamp;
    voice->at_ms = speech->at_ms;
    voice->author = speech->author;
    if (!speech->coder.reading) {
        for (uint32_t i = 0; i < speech->origins && !met; i++)
            met = on->voice[i].met &&
                  id_equal(&speech->origin[i], &name->origin);
        before = met ? 0 : find_before(speech, name);
    }
    on->now = speech_origin(speech, ON_VOICE, on->now, before > 0,
                            &name->origin);
    voice = &on->voice[on->now];
    if (!voice->met || on->now == MIND_ORIGINS)
        voice_begin(on, voice, name, before);
    speech->stamp = voice->stamp;
    speech->at_ms = voice->at_ms;
    speech->author = voice->author;
    name->n = voice->n + 1 +
              (uint64_t)speech_signed(speech, ON_N, on->what, voice->n > 0,
                                      (int64_t)(name->n - voice->n - 1));
    return voice;
}

/* What its hash covers, if the reader has that. */
static bool hash_before(const struct telling *on, const struct voice *voice,
                        const struct name *name, struct hash *out)
{
    const struct names *names = on->speech->names;
    struct name before = {name->origin, name->n - 1};

    memset(out, 0, sizeof *out);
    if (name->n <= 1)
        return true;            /* zeros, where it goes on from nothing */
    if (!voice->hashed || voice->n != before.n)
        return names->said(names->user, &before, out, NULL);
    *out = voice->hash;
    return true;
}

static void tell_hash(struct telling *on, struct voice *voice,
                      const struct name *name, struct bytes bytes,
                      struct hash *hash)
{
    struct speech *speech = on->speech;
    bool next = voice->n + 1 == name->n, chained = false;
    struct hash before, made;

    if (!speech->coder.reading && hash_before(on, voice, name, &before)) {
        made = change_hash(&before, bytes);
        chained = memcmp(made.b, hash->b, HASH_SIZE) == 0;
    }
    if (!speech_tree(speech, ON_CHAIN, 1, on->what, next, chained)) {
        coder_plain_bytes(&speech->coder, hash->b, HASH_SIZE);
    } else if (speech->coder.reading) {
        if (hash_before(on, voice, name, &before))
            *hash = change_hash(&before, bytes);
        else
            speech->bad = true;
    }
    voice->n = name->n;
    voice->hash = *hash;
    voice->hashed = true;
}

/* ---- what it says ---- */

/* Told, not as it is; a damaged one is written all the same, and never used. */
static void tell_told(struct telling *on, struct news_item *item)
{
    struct speech *speech = on->speech;
    struct change *change = &on->room->change;
    struct name name = change->name;
    struct voice *voice = tell_name(on, &name);

    speech->name = name;
    speech_change(speech, change);
    if (speech->coder.reading) {
        if (!speech->bad)
            change_write(change, &on->room->bytes);
        item->change = buf_view(&on->room->bytes);
    }
    if (!speech->bad)
        tell_hash(on, voice, &name, item->change, &item->hash);
    speech_learn(speech, &change->record, item->number);
}

static void tell_change(struct telling *on, struct news_item *item)
{
    struct speech_room *room = on->room;
    struct speech *speech = on->speech;
    uint32_t tag = TAG_BYTES;

    if (item->change.len == 0)
        tag = TAG_EMPTY;
    else if (change_open(item->change, &room->change) == 0 &&
             change_tellable(&room->change))
        tag = TAG_CHANGE;
    tag = speech_tag(speech, tag);
    if (tag == TAG_CHANGE) {
        tell_told(on, item);
        return;
    }
    if (tag == TAG_BYTES && !speech->coder.reading)
        speech_write_bytes(speech, item->change);
    else if (tag == TAG_BYTES)
        speech_read_bytes(speech, &room->bytes);
    if (speech->coder.reading)
        item->change = buf_view(&room->bytes);
    coder_plain_bytes(&speech->coder, item->hash.b, HASH_SIZE);
    speech_learn(speech, NULL, 0);
}

static void tell_short(struct speech *speech, uint32_t field, char *text,
                       size_t size)
{
    struct bytes told = speech_text(speech, field, bytes_text(text));

    if (!speech->coder.reading)
        return;
    if (told.len >= size) {
        speech->bad = true;
        return;
    }
    memcpy(text, told.data, told.len);
    text[told.len] = '\0';
}

static void tell_why(struct telling *on, struct news_item *item)
{
    struct speech *speech = on->speech;
    uint64_t reason = speech_number(speech, ON_WHY, on->what, 0,
                                    (uint64_t)item->reason);

    if (reason > UINT8_MAX)
        speech->bad = true;
    item->reason = (int)(reason & UINT8_MAX);
    if (item->reason == 0)
        return;
    tell_short(speech, TEXT_FIELD, item->field, sizeof item->field);
    tell_short(speech, TEXT_RULE, item->rule, sizeof item->rule);
}

static void tell_case(struct telling *on, struct news_item *item)
{
    struct speech *speech = on->speech;
    uint32_t flags = (item->open ? CASE_IS_OPEN : 0) |
                     (item->has_base ? CASE_HAS_BASE : 0);

    tell_why(on, item);
    flags = speech_tree(speech, ON_CASE, 2, 0, 0, flags);
    item->open = (flags & CASE_IS_OPEN) != 0;
    item->has_base = (flags & CASE_HAS_BASE) != 0;
    if (!item->open) {
        speech_origin(speech, ON_ORIGIN, 1, false, &item->settled_by.origin);
        item->settled_by.n =
            speech_number(speech, ON_SETTLES, 1, 1, item->settled_by.n);
    }
    if (!item->has_base)
        return;
    if (speech->coder.reading) {
        speech_read_bytes(speech, &on->base);
        item->base_body = buf_view(&on->base);
    } else {
        speech_write_bytes(speech, item->base_body);
    }
}

static void tell_verdict(struct telling *on, struct news_item *item)
{
    struct speech *speech = on->speech;

    speech_origin(speech, ON_ORIGIN, 2, true, &item->name.origin);
    item->name.n = speech_number(speech, ON_FAR, 2, 0, item->name.n);
    item->verdict = (int)speech_tree(speech, ON_CASE, 8, 1, 0,
                                     (uint32_t)item->verdict & UINT8_MAX);
    tell_why(on, item);
    speech_learn(speech, NULL, 0);
}

static void tell_what(struct telling *on, struct news_item *item)
{
    struct speech *speech = on->speech;
    uint64_t gap;
    int64_t *ahead;

    item->what = (enum news_what)speech_tree(speech, ON_WHAT, 2, on->what, 0,
                                             item->what);
    on->what = item->what;
    gap = speech_number(speech, ON_SEQ, on->what, (uint32_t)on->gap,
                        item->seq - on->seq - 1);
    on->gap = gap < GAP_MOST ? gap : GAP_MOST;
    item->seq = on->seq + 1 + gap;
    on->seq = item->seq;
    ahead = &on->ahead[item->what];
    *ahead = wrap_add(
        *ahead,
        speech_signed(
            speech, ON_DRAWN, on->what, on->gap > 0,
            wrap_sub((int64_t)(item->number - item->seq), *ahead)));
    item->number = item->seq + (uint64_t)*ahead;
}

static int tell_item(struct telling *on, struct news_item *item)
{
    struct speech *speech = on->speech;

    speech->place.n++;
    tell_what(on, item);
    switch (item->what) {
    case NEWS_STATE:
        tell_change(on, item);
        break;
    case NEWS_CASE:
        tell_change(on, item);
        tell_case(on, item);
        break;
    case NEWS_GONE:
        speech_id(speech, 0, &item->record);
        speech_learn(speech, NULL, 0);
        break;
    case NEWS_VERDICT:
        tell_verdict(on, item);
        break;
    }
    return speech->bad || on->room->bytes.full ? ERR_FORMAT : 0;
}

/* ---- all of them ---- */

static struct telling *telling_new(const struct setting *setting,
                                   const struct news *head)
{
    static const struct id nobody;
    const struct welcome *welcome = setting->welcome;
    struct telling *on = xmalloc(sizeof *on);

    memset(on, 0, sizeof *on);
    on->room = speech_new(setting->mind, NULL, setting->names);
    on->speech = &on->room->speech;
    on->speech->news = true;
    speech_begin(on->room, &nobody, 1);
    on->speech->place.n = 0;
    on->speech->stamp.wall_ms = on->speech->stamp.mono_ms =
        on->speech->at_ms = welcome->wall_ms;
    on->seq = head->from;
    for (int i = 0; i <= NEWS_VERDICT; i++)
        on->ahead[i] = (int64_t)(welcome->number - welcome->seq);
    buf_init(&on->base, CHANGE_MAX);
    return on;
}

static void telling_free(struct telling *on)
{
    buf_done(&on->base);
    speech_free(on->room);
    free(on);
}

int mind_write_news(const struct setting *setting, const struct news *news,
                    struct buf *out)
{
    struct telling *on = telling_new(setting, news);
    struct news reading = *news;
    struct news_item item;
    int rc;

    reading.rest = cut_of(buf_view(&news->raw));
    coder_write(&on->speech->coder, &on->room->mind.learned, out);
    while ((rc = news_next(&reading, &item)) == 1) {
        rc = item.seq > on->seq ? tell_item(on, &item) : ERR_FORMAT;
        if (rc < 0)
            break;
    }
    coder_flush(&on->speech->coder);
    telling_free(on);
    return rc < 0 ? rc : out->full ? ERR_SIZE : 0;
}

int mind_read_news(const struct setting *setting, struct bytes in,
                   struct news_writer *out)
{
    struct telling *on = telling_new(setting, &out->head);
    uint64_t count = out->head.count;
    struct news_item item;
    int rc = 0;

    out->head.count = 0;
    coder_read(&on->speech->coder, &on->room->mind.learned, in);
    while (rc == 0 && out->head.count < count) {
        memset(&item, 0, sizeof item);
        memset(&on->room->change.name, 0, sizeof on->room->change.name);
        buf_clear(&on->room->bytes);
        buf_clear(&on->base);
        rc = tell_item(on, &item);
        if (rc == 0)
            news_add(out, &item);
        if (out->head.raw.full)
            rc = ERR_SIZE;
    }
    if (rc == 0 && !coder_done(&on->speech->coder))
        rc = ERR_FORMAT;
    telling_free(on);
    return rc;
}
