/* A change, as it is told: its shape first, then what the shape leaves open. */
#include "proto/mind_parts.h"

#include <string.h>

enum {
    FLAG_REMOVAL = 1,
    FLAG_AT = 2,
    FLAG_SETTLES = 4,
    FLAG_WAS = 8,
    FLAG_KEY = 16
};
/* How its record is named. */
enum { RECORD_SAME, RECORD_KNOWN, RECORD_NOW, RECORD_TIMED, RECORD_ID };
enum { BASE_NONE, BASE_KNOWN, BASE_NUMBER };
enum { STAMP_SAME = 1, STAMP_AUTHOR = 2, STAMP_BOOT = 4, STAMP_DRIFT = 8 };
enum { FIELDS_APART = 165, KEYS_FROM = 80, BOOT_SIZE = 8 };

void mind_init(struct mind *mind)
{
    memset(mind, 0, offsetof(struct mind, text));
    learned_init(&mind->learned);
    mind->text[0] = 0;
    mind->len = 1; /* place 0 means none */
}

void mind_copy(struct mind *to, const struct mind *from)
{
    memcpy(to, from, offsetof(struct mind, text));
    memcpy(to->text, from->text, from->len);
}

/* ---- its shape ---- */

static bool shape_is(const struct mind *mind, uint32_t at,
                     const struct shape *shape)
{
    return at < mind->shapes && mind->shape[at].cell == shape->cell &&
           memcmp(&mind->shape[at], shape, sizeof *shape) == 0;
}

static uint32_t shape_find(const struct mind *mind, const struct shape *shape,
                           uint32_t expected)
{
    uint32_t at = 0;

    if (shape_is(mind, expected, shape))
        return expected;
    while (at < mind->shapes && !shape_is(mind, at, shape))
        at++;
    return at < mind->shapes ? at : MIND_SHAPES;
}

static void shape_part(struct speech *speech, uint32_t part, uint8_t *value)
{
    uint64_t told = speech_number(speech, ON_PART, part, 0, *value);

    if (told > UINT8_MAX)
        speech->bad = true;
    *value = (uint8_t)told;
}

static void shape_spell(struct speech *speech, struct shape *shape)
{
    shape_part(speech, 1, &shape->flags);
    shape_part(speech, 2, &shape->record);
    shape_part(speech, 3, &shape->base);
    shape_part(speech, 4, &shape->stamp);
    shape->kind = speech_number(speech, ON_PART, 5, 0, shape->kind);
    shape->cell = speech_number(speech, ON_PART, 6, 0, shape->cell);
    shape_part(speech, 7, &shape->fields);
    if (shape->record > RECORD_ID || shape->base > BASE_NUMBER ||
        shape->fields > SHAPE_FIELDS) {
        speech->bad = true;
        shape->fields = 0;
    }
    for (int i = 0; i < shape->fields; i++) {
        uint64_t field = speech_number(speech, ON_PART, 8, 0, shape->field[i]);

        if (field > UINT16_MAX)
            speech->bad = true;
        shape->field[i] = (uint16_t)field;
    }
}

static uint32_t speech_shape(struct speech *speech, struct shape *shape)
{
    struct mind *mind = speech->mind;
    uint32_t *seen = speech->seen;
    uint32_t *next = &mind->next[coder_mix(seen[0], seen[1]) % MIND_NEXT];
    uint32_t at = speech->coder.reading ? 0 : shape_find(mind, shape, *next);

    if (speech_tree(speech, ON_NEXT, 1, seen[0], seen[1], at == *next))
        at = *next;
    else
        at = speech_tree3(speech, ON_SHAPE, 8, seen[0], seen[1],
                          coder_mix(seen[1], seen[2]), at);
    *next = at;
    if (at < MIND_SHAPES && at >= mind->shapes)
        speech->bad = true;
    else if (at < MIND_SHAPES)
        *shape = mind->shape[at];
    else
        shape_spell(speech, shape);
    if (at == MIND_SHAPES && mind->shapes < MIND_SHAPES && !speech->bad)
        mind->shape[mind->shapes++] = *shape;
    seen[2] = seen[1];
    seen[1] = seen[0];
    seen[0] = at;
    return at;
}

static int64_t drift_of(const struct stamp *stamp)
{
    return wrap_sub(stamp->wall_ms, stamp->mono_ms);
}

static uint8_t stamp_shape(const struct speech *speech,
                           const struct change *change)
{
    const struct stamp *is = &change->stamp, *was = &speech->stamp;
    bool boot = memcmp(is->boot, was->boot, BOOT_SIZE) != 0;
    bool drift = drift_of(is) != drift_of(was);
    uint8_t out =
        bytes_equal(change->author, speech->author) ? 0 : STAMP_AUTHOR;

    if (!boot && !drift && is->wall_ms == was->wall_ms &&
        (!change->has_at || change->at_ms == speech->at_ms))
        return out | STAMP_SAME;
    return (uint8_t)(out | (boot ? STAMP_BOOT : 0) | (drift ? STAMP_DRIFT : 0));
}

static int64_t id_time(const struct id *id)
{
    uint64_t time = 0;

    for (int i = 0; i < 6; i++)
        time = time << 8 | id->b[i];
    return (int64_t)time;
}

static bool is_timed(const struct id *id)
{
    return id->b[6] >> 4 == 7 && id->b[8] >> 6 == 2;
}

static int64_t time_of(const struct change *change)
{
    return change->has_at ? change->at_ms : change->stamp.wall_ms;
}

static uint8_t record_shape(const struct speech *speech,
                            const struct change *change, bool known)
{
    if (id_equal(&change->record, &speech->record))
        return RECORD_SAME;
    if (known)
        return RECORD_KNOWN;
    if (!is_timed(&change->record))
        return RECORD_ID;
    return id_time(&change->record) == time_of(change) ? RECORD_NOW
                                                       : RECORD_TIMED;
}

static void shape_of(struct speech *speech, const struct change *change,
                     struct shape *shape, struct known *known)
{
    bool found = false;

    shape->kind = change->kind;
    shape->cell = change->cell;
    shape->flags = (uint8_t)((change->removal ? FLAG_REMOVAL : 0) |
                             (change->has_at ? FLAG_AT : 0) |
                             (change->nsettles > 0 ? FLAG_SETTLES : 0) |
                             (change->has_was ? FLAG_WAS : 0) |
                             (change->key.len > 0 ? FLAG_KEY : 0));
    shape->fields = (uint8_t)change->body.count;
    for (int i = 0; i < change->body.count; i++)
        shape->field[i] = (uint16_t)change->body.value[i].field;
    shape->stamp = stamp_shape(speech, change);
    if (change->base != 0 || !id_equal(&change->record, &speech->record))
        found = speech_find(speech, &change->record, change, known);
    shape->record = record_shape(speech, change, found);
    shape->base = change->base == 0 ? BASE_NONE
                  : speech->news || (found && known->number == change->base)
                      ? BASE_KNOWN
                      : BASE_NUMBER;
}

/* ---- what it leaves open ---- */

static void tell_times(struct speech *speech, const struct shape *shape,
                       struct change *change)
{
    struct stamp *is = &change->stamp, *was = &speech->stamp;
    int64_t drift = drift_of(was);

    if (shape->stamp & STAMP_BOOT)
        coder_plain_bytes(&speech->coder, is->boot, BOOT_SIZE);
    else
        memcpy(is->boot, was->boot, BOOT_SIZE);
    is->wall_ms = wrap_add(was->wall_ms,
                           speech_signed(speech, ON_WALL, 0, speech->seen[0],
                                         wrap_sub(is->wall_ms, was->wall_ms)));
    if (shape->stamp & STAMP_DRIFT)
        drift = wrap_add(drift, speech_signed(speech, ON_DRIFT, 0,
                                              shape->stamp & STAMP_BOOT,
                                              wrap_sub(drift_of(is), drift)));
    is->mono_ms = wrap_sub(is->wall_ms, drift);
    *was = *is;
    if (!change->has_at)
        return;
    change->at_ms = wrap_add(
        speech->at_ms, speech_signed(speech, ON_AT, 0, 0,
                                     wrap_sub(change->at_ms, speech->at_ms)));
    speech->at_ms = change->at_ms;
}

static void tell_stamp(struct speech *speech, const struct shape *shape,
                       struct change *change)
{
    if (shape->stamp & STAMP_AUTHOR)
        speech->author = speech_text(speech, 1, change->author);
    change->author = speech->author;
    if (!(shape->stamp & STAMP_SAME)) {
        tell_times(speech, shape, change);
        return;
    }
    change->stamp = speech->stamp;
    change->at_ms = change->has_at ? speech->at_ms : 0;
}

/* An id nobody has seen; those that begin with the time tell it by that. */
static void tell_new(struct speech *speech, uint8_t how, int64_t now,
                     struct id *id)
{
    struct coder *coder = &speech->coder;

    if (how == RECORD_ID) {
        coder_plain_bytes(coder, id->b, ID_SIZE);
        return;
    }
    if (how == RECORD_TIMED)
        now = wrap_add(now, speech_signed(speech, ON_BIRTH, 0, 0,
                                          wrap_sub(id_time(id), now)));
    for (int i = 0; i < 6; i++)
        id->b[i] = (uint8_t)((uint64_t)now >> (8 * (5 - i)));
    id->b[6] = (uint8_t)(0x70 | coder_plain(coder, 4, id->b[6] & 15));
    id->b[7] = (uint8_t)coder_plain(coder, 8, id->b[7]);
    id->b[8] = (uint8_t)(0x80 | coder_plain(coder, 6, id->b[8] & 63));
    coder_plain_bytes(coder, id->b + 9, 7);
}

static uint64_t tell_base(struct speech *speech, uint32_t context,
                          uint64_t from, uint64_t base)
{
    return from + (uint64_t)speech_signed(speech, ON_BASE, context > 0,
                                          context, (int64_t)(base - from));
}

/* The base of news is mostly nothing that both know: it is near what is. */
static void tell_bases(struct speech *speech, const struct shape *shape,
                       const struct known *known, struct change *change)
{
    if (shape->base == BASE_NONE)
        change->base = 0;
    else if (shape->base == BASE_NUMBER)
        change->base = tell_base(speech, 0, speech->base, change->base);
    else if (!speech->news)
        change->base = known->number;
    else
        change->base =
            tell_base(speech, 1 + speech->seen[0],
                      known->number > 0 ? known->number : speech->base,
                      change->base);
    if (change->base != 0)
        speech->base = change->base;
}

static void tell_record(struct speech *speech, const struct shape *shape,
                        struct known *known, struct change *change)
{
    bool refers = shape->record == RECORD_KNOWN ||
                  (shape->base == BASE_KNOWN && !speech->news);

    if (refers)
        speech_known(speech, speech->seen[0], known);
    else
        known->number = 0;
    if (shape->record == RECORD_SAME)
        change->record = speech->record;
    else if (shape->record == RECORD_KNOWN)
        change->record = known->record;
    else
        tell_new(speech, shape->record, time_of(change), &change->record);
    if (shape->record != RECORD_SAME) {
        speech->other = speech->record;
        speech->record = change->record;
        speech->anchor = 0;
    }
    tell_bases(speech, shape, known, change);
}

static void tell_settles(struct speech *speech, struct change *change)
{
    uint64_t count =
        speech_number(speech, ON_SETTLES, 0, 0, (uint64_t)change->nsettles);

    if (count == 0 || count > SETTLES_MAX) {
        speech->bad = true;
        count = 0;
    }
    change->nsettles = (int)count;
    for (int i = 0; i < change->nsettles; i++) {
        struct name *name = &change->settles[i];

        speech_origin(speech, ON_ORIGIN, 0, false, &name->origin);
        name->n = speech_number(speech, ON_SETTLES, 1, 0, name->n);
    }
}

static void tell_was(struct speech *speech, struct change *change)
{
    speech_origin(speech, ON_ORIGIN, 0, false, &change->was.origin);
    change->was.n = speech_number(speech, ON_SETTLES, 1, 0, change->was.n);
    coder_plain_bytes(&speech->coder, change->was_hash.b, HASH_SIZE);
}

static void tell_body(struct speech *speech, const struct shape *shape,
                      struct change *change)
{
    uint32_t fields = (uint32_t)shape->kind * FIELDS_APART, before = 0;

    change->body.count = 0; /* a value is told by those before it */
    if (shape->flags & FLAG_KEY)
        before =
            speech_value(speech, fields + KEYS_FROM + (uint32_t)shape->cell, 0,
                         change, &change->key);
    else
        change->key = bytes_of("", 0);
    for (int i = 0; i < shape->fields; i++) {
        struct value *value = &change->body.value[i];

        value->field = shape->field[i];
        before = speech_value(speech, fields + shape->field[i], before, change,
                              &value->text);
        change->body.count++;
    }
}

void speech_change(struct speech *speech, struct change *change)
{
    struct shape shape;
    struct known known;

    memset(&shape, 0, sizeof shape);
    memset(&known, 0, sizeof known);
    speech->made_len = 0;
    if (!speech->coder.reading)
        shape_of(speech, change, &shape, &known);
    speech_shape(speech, &shape);
    change->name = speech->name;
    change->kind = shape.kind;
    change->cell = shape.cell;
    change->removal = (shape.flags & FLAG_REMOVAL) != 0;
    change->has_at = (shape.flags & FLAG_AT) != 0;
    change->has_was = (shape.flags & FLAG_WAS) != 0;
    if (speech->coder.reading)
        change->nsettles = 0;
    tell_stamp(speech, &shape, change);
    tell_record(speech, &shape, &known, change);
    if (shape.flags & FLAG_SETTLES)
        tell_settles(speech, change);
    if (change->has_was)
        tell_was(speech, change);
    tell_body(speech, &shape, change);
}
