/* The places of a batch, one after the other; and dictionaries, which are
 * batches that are read for what is learned of them. */
#include "proto/mind_parts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>


/* ---- a speech ---- */

struct speech_room *speech_new(const struct mind *mind,
                               const struct hello *hello,
                               const struct names *names)
{
    struct speech_room *room = xmalloc(sizeof *room);
    struct speech *speech = &room->speech;

    memset(speech, 0, sizeof *speech);
    memset(room->by_record, 0, sizeof room->by_record);
    mind_copy(&room->mind, mind);
    speech->mind = &room->mind;
    speech->told = room->told;
    speech->number = room->number;
    speech->by_record = room->by_record;
    speech->names = names;
    buf_init(&room->bytes, BATCH_RAW_MAX);
    if (hello == NULL)
        return room;
    speech->stamp.wall_ms = speech->at_ms = hello->wall_ms;
    speech->stamp.mono_ms = wrap_sub(hello->wall_ms, hello->last.drift);
    memcpy(speech->stamp.boot, hello->last.boot, sizeof hello->last.boot);
    speech->author = speech_keep(speech, bytes_text(hello->last.author));
    return room;
}

void speech_begin(struct speech_room *room, const struct id *origin,
                  uint64_t first)
{
    struct speech *speech = &room->speech;

    speech->name = speech->place = (struct name){*origin, first};
    speech->first = first;
    speech->origin[speech->origins++] = *origin;
    for (int i = 0; i <= MIND_SHAPES; i++)
        speech->ref_n[i] = first;
}

void speech_free(struct speech_room *room)
{
    if (room == NULL)
        return;
    buf_done(&room->bytes);
    free(room);
}

/* ---- places ---- */

bool change_tellable(const struct change *change)
{
    if (change->body.count > SHAPE_FIELDS ||
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

uint32_t speech_tag(struct speech *speech, uint32_t tag)
{
    if (speech_tree(speech, ON_SIZE, 1, 0, 0, tag != 0) == 0)
        return 0;
    return 1 + speech_tree(speech, ON_SIZE, 1, 1, 0, tag - 1);
}

void speech_write_bytes(struct speech *speech, struct bytes bytes)
{
    uint8_t *copy = xmalloc(bytes.len + 1);

    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    speech_number(speech, ON_SIZE, 1, 0, bytes.len);
    tell_bytes(speech, copy, bytes.len);
    free(copy);
}

void speech_read_bytes(struct speech *speech, struct buf *out)
{
    uint64_t len = speech_number(speech, ON_SIZE, 1, 0, 0);
    uint8_t *room = len > out->max ? NULL : buf_room(out, (size_t)len);

    if (room == NULL) {
        speech->bad = true;
        return;
    }
    memset(room, 0, (size_t)len);
    tell_bytes(speech, room, (size_t)len);
}

/* In a dictionary the number of a change is its n. */
static void learn_place(struct speech *speech, const struct id *record)
{
    speech_learn(speech, record,
                 speech->names == NULL ? speech->place.n : 0);
}

static int write_place(struct speech_room *room, const struct place *place)
{
    struct speech *speech = &room->speech;
    struct change *change = &room->change;
    struct hash hash = place->hash;

    speech->name.n = speech->place.n = place->n;
    if (place->bytes.len == 0) {
        speech_tag(speech, TAG_EMPTY);
        coder_plain_bytes(&speech->coder, hash.b, HASH_SIZE);
    } else if (change_open(place->bytes, change) == 0 &&
               name_equal(&change->name, &speech->name) &&
               change_tellable(change)) {
        speech_tag(speech, TAG_CHANGE);
        speech_change(speech, change);
        learn_place(speech, &change->record);
        return speech->bad ? ERR_SIZE : 0;
    } else {
        speech_tag(speech, TAG_BYTES);
        speech_write_bytes(speech, place->bytes);
    }
    learn_place(speech, NULL);
    return 0;
}

/* One place, onto the end of the rows. */
static int read_place(struct speech_room *room, struct buf *rows)
{
    struct speech *speech = &room->speech;
    uint32_t tag = speech_tag(speech, 0);
    struct hash hash = {{0}};

    buf_clear(&room->bytes);
    if (tag == TAG_EMPTY) {
        coder_plain_bytes(&speech->coder, hash.b, HASH_SIZE);
        buf_u8(rows, TAG_EMPTY);
        buf_put(rows, hash.b, HASH_SIZE);
    } else if (tag == TAG_BYTES) {
        speech_read_bytes(speech, &room->bytes);
    } else {
        speech_change(speech, &room->change);
        if (!speech->bad)
            change_write(&room->change, &room->bytes);
    }
    if (speech->bad || room->bytes.full ||
        (tag != TAG_EMPTY && room->bytes.len == 0))
        return ERR_FORMAT;
    if (tag != TAG_EMPTY) {
        buf_u8(rows, 0);
        buf_bytes(rows, buf_view(&room->bytes));
    }
    learn_place(speech, tag == TAG_CHANGE ? &room->change.record : NULL);
    speech->name.n++;
    speech->place.n++;
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

static int write_rows(struct speech_room *room, struct bytes rows,
                      uint64_t first, struct buf *out)
{
    struct batch reading = rows_of(rows, first);
    struct place place;

    coder_write(&room->speech.coder, &room->mind.learned, out);
    while (cut_left(&reading.rest) > 0) {
        int rc = batch_next(&reading, &place) == 1 &&
                         room->speech.places < TERSE_PLACES
                     ? write_place(room, &place)
                     : ERR_FORMAT;

        if (rc < 0)
            return rc;
    }
    coder_flush(&room->speech.coder);
    return out->full ? ERR_SIZE : 0;
}

static int read_rows(struct speech_room *room, struct bytes in, uint64_t count,
                     struct buf *rows)
{
    coder_read(&room->speech.coder, &room->mind.learned, in);
    if (count > TERSE_PLACES)
        return ERR_SIZE;
    for (uint64_t i = 0; i < count; i++) {
        int rc = read_place(room, rows);

        if (rc < 0)
            return rc;
    }
    return coder_done(&room->speech.coder) ? 0 : ERR_FORMAT;
}

int mind_write(const struct setting *setting, const struct batch *head,
               struct bytes rows, struct buf *out)
{
    struct speech_room *room =
        speech_new(setting->mind, setting->hello, setting->names);
    int rc;

    speech_begin(room, &head->origin, head->first);
    rc = write_rows(room, rows, head->first, out);
    speech_free(room);
    return rc;
}

int mind_read(const struct setting *setting, struct bytes in,
              const struct batch *head, struct buf *rows)
{
    struct speech_room *room =
        speech_new(setting->mind, setting->hello, setting->names);
    int rc;

    speech_begin(room, &head->origin, head->first);
    rc = read_rows(room, in, head->count, rows);
    speech_free(room);
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
    struct speech_room *room = speech_new(mind, NULL, NULL);
    struct batch counting = rows_of(rows, 1);
    struct place place;
    uint64_t count = 0;
    int rc;

    while (cut_left(&counting.rest) > 0 && batch_next(&counting, &place) == 1)
        count++;
    buf_varint(out, count);
    speech_begin(room, &nobody, 1);
    rc = write_rows(room, rows, 1, out);
    speech_free(room);
    mind_free(mind);
    return rc;
}

struct mind *mind_new(struct bytes dictionary)
{
    static const struct id nobody;
    struct mind *mind = mind_blank();
    struct speech_room *room = speech_new(mind, NULL, NULL);
    struct cut cut = cut_of(dictionary);
    uint64_t count = cut_varint(&cut);
    uint8_t hash[HASH_SIZE];
    struct buf rows;
    int rc;

    buf_init(&rows, (size_t)BATCH_RAW_MAX * 2);
    speech_begin(room, &nobody, 1);
    rc = cut.bad
             ? ERR_FORMAT
             : read_rows(room, bytes_of(cut.at, cut_left(&cut)), count, &rows);
    buf_done(&rows);
    mind_copy(mind, &room->mind);
    speech_free(room);
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
