/* The places of a batch, one after the other; and dictionaries, which are
 * batches that are read for what is learned of them. */
#include "proto/mind_parts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_EMPTY = 1, TAG_BYTES = 2 };

/* ---- a speech ---- */

struct talk { /* large: on the heap */
    struct speech speech;
    struct mind mind;
    struct id told[TERSE_PLACES];
    uint16_t by_record[MIND_RECORDS];
    struct change change;
    struct buf bytes; /* reading: of one change */
};

/* `hello` is NULL for a dictionary. */
static struct talk *talk_new(const struct mind *mind, const struct hello *hello,
                             const struct names *names)
{
    struct talk *talk = xmalloc(sizeof *talk);
    struct speech *speech = &talk->speech;

    memset(speech, 0, sizeof *speech);
    memset(talk->by_record, 0, sizeof talk->by_record);
    mind_copy(&talk->mind, mind);
    speech->mind = &talk->mind;
    speech->told = talk->told;
    speech->by_record = talk->by_record;
    speech->names = names;
    buf_init(&talk->bytes, BATCH_RAW_MAX);
    if (hello == NULL)
        return talk;
    speech->stamp.wall_ms = speech->at_ms = hello->wall_ms;
    speech->stamp.mono_ms = wrap_sub(hello->wall_ms, hello->last.drift);
    memcpy(speech->stamp.boot, hello->last.boot, sizeof hello->last.boot);
    speech->author = speech_keep(speech, bytes_text(hello->last.author));
    return talk;
}

static void talk_begin(struct talk *talk, const struct id *origin,
                       uint64_t first)
{
    struct speech *speech = &talk->speech;

    speech->name = (struct name){*origin, first};
    speech->first = first;
    speech->origin[speech->origins++] = *origin;
    for (int i = 0; i <= MIND_SHAPES; i++)
        speech->ref_n[i] = first;
}

static void talk_free(struct talk *talk)
{
    if (talk == NULL)
        return;
    buf_done(&talk->bytes);
    free(talk);
}

/* ---- places ---- */

/* What the mind can tell; anything else goes as it is. */
static bool is_plain(const struct speech *speech, const struct change *change)
{
    if (!name_equal(&change->name, &speech->name) ||
        change->body.count > SHAPE_FIELDS ||
        memchr(change->author.data, 0, change->author.len) != NULL ||
        (change->key.len > 0 &&
         memchr(change->key.data, 0, change->key.len) != NULL))
        return false;
    for (int i = 0; i < change->body.count; i++)
        if (change->body.value[i].field > UINT16_MAX ||
            memchr(change->body.value[i].text.data, 0,
                   change->body.value[i].text.len) != NULL)
            return false;
    return true;
}

static void tell_bytes(struct speech *speech, uint8_t *bytes, size_t len)
{
    uint8_t before = 0;

    for (size_t i = 0; i < len; i++) {
        bytes[i] =
            (uint8_t)speech_tree(speech, ON_BYTE, 8, 0, before, bytes[i]);
        before = bytes[i];
    }
}

/* Which kind of place comes; a change says nothing more of it. */
static uint32_t tell_tag(struct speech *speech, uint32_t tag)
{
    if (speech_tree(speech, ON_SIZE, 1, 0, 0, tag != 0) == 0)
        return 0;
    return 1 + speech_tree(speech, ON_SIZE, 1, 1, 0, tag - 1);
}

static int write_place(struct talk *talk, const struct place *place)
{
    struct speech *speech = &talk->speech;
    struct change *change = &talk->change;
    struct hash hash = place->hash;

    speech->name.n = place->n;
    if (place->bytes.len == 0) {
        tell_tag(speech, TAG_EMPTY);
        coder_plain_bytes(&speech->coder, hash.b, HASH_SIZE);
    } else if (change_open(place->bytes, change) == 0 &&
               is_plain(speech, change)) {
        tell_tag(speech, 0);
        speech_change(speech, change);
        speech_learn_record(speech, &change->record);
        return speech->bad ? ERR_SIZE : 0;
    } else {
        uint8_t *copy = xmalloc(place->bytes.len);

        memcpy(copy, place->bytes.data, place->bytes.len);
        tell_tag(speech, TAG_BYTES);
        speech_number(speech, ON_SIZE, 1, 0, place->bytes.len);
        tell_bytes(speech, copy, place->bytes.len);
        free(copy);
    }
    speech_learn_record(speech, NULL);
    return 0;
}

static int read_bytes(struct talk *talk)
{
    struct speech *speech = &talk->speech;
    uint64_t len = speech_number(speech, ON_SIZE, 1, 0, 0);
    uint8_t *room;

    if (len == 0 || len > BATCH_RAW_MAX)
        return ERR_FORMAT;
    room = buf_room(&talk->bytes, (size_t)len);
    memset(room, 0, (size_t)len);
    tell_bytes(speech, room, (size_t)len);
    return 0;
}

/* One place, onto the end of the rows. */
static int read_place(struct talk *talk, struct buf *rows)
{
    struct speech *speech = &talk->speech;
    uint32_t tag = tell_tag(speech, 0);
    struct hash hash = {{0}};
    int rc = 0;

    buf_clear(&talk->bytes);
    if (tag == TAG_EMPTY) {
        coder_plain_bytes(&speech->coder, hash.b, HASH_SIZE);
        buf_u8(rows, TAG_EMPTY);
        buf_put(rows, hash.b, HASH_SIZE);
    } else if (tag == TAG_BYTES) {
        rc = read_bytes(talk);
    } else {
        speech_change(speech, &talk->change);
        if (!speech->bad)
            change_write(&talk->change, &talk->bytes);
    }
    if (rc < 0 || speech->bad || talk->bytes.full)
        return ERR_FORMAT;
    if (tag != TAG_EMPTY) {
        buf_u8(rows, 0);
        buf_bytes(rows, buf_view(&talk->bytes));
    }
    speech_learn_record(speech, tag == 0 ? &talk->change.record : NULL);
    speech->name.n++;
    return rows->full ? ERR_SIZE : 0;
}

/* ---- all of them ---- */

/* Rows as they stand in a batch of version 1. */
static struct batch rows_of(struct bytes rows, uint64_t first)
{
    struct batch out;

    memset(&out, 0, sizeof out);
    out.first = first;
    out.rest = cut_of(rows);
    out.count = UINT64_MAX;
    return out;
}

static int write_rows(struct talk *talk, struct bytes rows, uint64_t first,
                      struct buf *out)
{
    struct batch reading = rows_of(rows, first);
    struct place place;

    coder_write(&talk->speech.coder, &talk->mind.learned, out);
    while (cut_left(&reading.rest) > 0) {
        int rc = batch_next(&reading, &place) == 1 &&
                         talk->speech.places < TERSE_PLACES
                     ? write_place(talk, &place)
                     : ERR_FORMAT;

        if (rc < 0)
            return rc;
    }
    coder_flush(&talk->speech.coder);
    return out->full ? ERR_SIZE : 0;
}

static int read_rows(struct talk *talk, struct bytes in, uint64_t count,
                     struct buf *rows)
{
    coder_read(&talk->speech.coder, &talk->mind.learned, in);
    if (count > TERSE_PLACES)
        return ERR_SIZE;
    for (uint64_t i = 0; i < count; i++) {
        int rc = read_place(talk, rows);

        if (rc < 0)
            return rc;
    }
    return coder_done(&talk->speech.coder) ? 0 : ERR_FORMAT;
}

int mind_write(const struct setting *setting, const struct batch *head,
               struct bytes rows, struct buf *out)
{
    struct talk *talk = talk_new(setting->mind, setting->hello, setting->names);
    int rc;

    talk_begin(talk, &head->origin, head->first);
    rc = write_rows(talk, rows, head->first, out);
    talk_free(talk);
    return rc;
}

int mind_read(const struct setting *setting, struct bytes in,
              const struct batch *head, struct buf *rows)
{
    struct talk *talk = talk_new(setting->mind, setting->hello, setting->names);
    int rc;

    talk_begin(talk, &head->origin, head->first);
    rc = read_rows(talk, in, head->count, rows);
    talk_free(talk);
    return rc;
}

/* ---- dictionaries ---- */

static struct mind *mind_blank(void)
{
    struct mind *mind = xmalloc(sizeof *mind);

    mind_init(mind);
    return mind;
}

int dictionary_write(struct bytes rows, struct buf *out)
{
    static const struct id nobody;
    struct mind *mind = mind_blank();
    struct talk *talk = talk_new(mind, NULL, NULL);
    struct batch counting = rows_of(rows, 1);
    struct place place;
    uint64_t count = 0;
    int rc;

    while (cut_left(&counting.rest) > 0 && batch_next(&counting, &place) == 1)
        count++;
    buf_varint(out, count);
    talk_begin(talk, &nobody, 1);
    rc = write_rows(talk, rows, 1, out);
    talk_free(talk);
    mind_free(mind);
    return rc;
}

struct mind *mind_new(struct bytes dictionary)
{
    static const struct id nobody;
    struct mind *mind = mind_blank();
    struct talk *talk = talk_new(mind, NULL, NULL);
    struct cut cut = cut_of(dictionary);
    uint64_t count = cut_varint(&cut);
    uint8_t hash[HASH_SIZE];
    struct buf rows;
    int rc;

    buf_init(&rows, (size_t)BATCH_RAW_MAX * 2);
    talk_begin(talk, &nobody, 1);
    rc = cut.bad
             ? ERR_FORMAT
             : read_rows(talk, bytes_of(cut.at, cut_left(&cut)), count, &rows);
    buf_done(&rows);
    mind_copy(mind, &talk->mind);
    talk_free(talk);
    crypto_generichash(hash, sizeof hash, dictionary.data, dictionary.len, NULL,
                       0);
    memcpy(mind->name, hash, DICTIONARY_NAME);
    if (rc == 0)
        return mind;
    mind_free(mind);
    return NULL;
}

/* A constant that is too large to be written down: every store of this process
 * shares it, as it shares the dictionary. */
const struct mind *mind_built(void)
{
    static const struct mind *built;

    if (built == NULL)
        built = mind_new(dictionary_built());
    return built;
}

void mind_free(struct mind *mind)
{
    free(mind);
}

void mind_name(const struct mind *mind, uint8_t name[DICTIONARY_NAME])
{
    memcpy(name, mind->name, DICTIONARY_NAME);
}
