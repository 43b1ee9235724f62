/* Names of changes and of records that both ends have. */
#include "proto/mind_parts.h"

#include <string.h>

enum { REF_ALIKE, REF_NEAR, REF_FAR, NEAR = 600 };

int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

int64_t wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* ---- decisions ---- */

uint64_t speech_number(struct speech *speech, enum decision on, uint32_t a,
                       uint32_t b, uint64_t value)
{
    uint32_t first = coder_mix((uint32_t)on, a),
             contexts[2] = {first, coder_mix(first + 1, b)};

    return coder_number(&speech->coder, value, (int)on, contexts, 2);
}

int64_t speech_signed(struct speech *speech, enum decision on, uint32_t a,
                      uint32_t b, int64_t value)
{
    uint64_t folded = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);

    folded = speech_number(speech, on, a, b, folded);
    return (int64_t)(folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0));
}

uint32_t speech_tree(struct speech *speech, enum decision on, int bits,
                     uint32_t a, uint32_t b, uint32_t value)
{
    uint32_t first = coder_mix((uint32_t)on, a),
             contexts[2] = {first, coder_mix(first + 1, b)};

    return coder_tree(&speech->coder, bits, value, (int)on, contexts, 2);
}

uint32_t speech_tree3(struct speech *speech, enum decision on, int bits,
                      uint32_t a, uint32_t b, uint32_t c, uint32_t value)
{
    uint32_t first = coder_mix((uint32_t)on, a);
    uint32_t contexts[3] = {first, coder_mix(first + 1, b),
                            coder_mix(first + 2, c)};

    return coder_tree(&speech->coder, bits, value, (int)on, contexts, 3);
}

/* ---- records of this batch ---- */

static uint16_t *record_slot(struct speech *speech, const struct id *record)
{
    uint32_t at = mind_hash(bytes_of(record->b, ID_SIZE)) % MIND_RECORDS;

    while (speech->by_record[at] != 0 &&
           !id_equal(&speech->told[speech->by_record[at] - 1], record))
        at = (at + 1) % MIND_RECORDS;
    return &speech->by_record[at];
}

void speech_learn(struct speech *speech, const struct id *record,
                  uint64_t number)
{
    struct id *place = &speech->told[speech->places];

    memset(place, 0, sizeof *place);
    speech->number[speech->places] = number;
    if (record != NULL) {
        *place = *record;
        if (!speech->coder.reading) {
            uint16_t *slot = record_slot(speech, record);

            if (*slot == 0)
                *slot = (uint16_t)(speech->places + 1);
        }
    }
    speech->places++;
}

static bool find_here(struct speech *speech, const struct id *record,
                      const struct change *of, struct known *out)
{
    uint64_t place = *record_slot(speech, record);

    /* In a dictionary a change has its n for a number. */
    if (speech->names == NULL && of != NULL && of->base >= speech->first &&
        of->base - speech->first < speech->places &&
        id_equal(&speech->told[of->base - speech->first], record))
        place = of->base - speech->first + 1;
    if (place == 0)
        return false;
    out->name.origin = speech->place.origin;
    out->name.n = speech->first + place - 1;
    out->record = *record;
    out->number = speech->number[place - 1];
    return true;
}

bool speech_find(struct speech *speech, const struct id *record,
                 const struct change *of, struct known *out)
{
    bool here = find_here(speech, record, of, out);
    struct known there;

    if (speech->names == NULL ||
        (here && (speech->news || of == NULL || of->base == 0)))
        return here;
    memset(&there, 0, sizeof there);
    if (!speech->names->find(speech->names->user, record, of, &there) ||
        there.name.n == 0 ||
        (id_equal(&there.name.origin, &speech->place.origin) &&
         there.name.n >= speech->first))
        return here;
    *out = there;
    return true;
}

/* ---- how they are told ---- */

/* One that both have is told by its first bytes. */
static void tell_origin(struct speech *speech, enum decision on, bool there,
                        struct id *origin)
{
    const struct names *names = speech->names;
    struct id found;

    if (speech->news && !speech->coder.reading)
        there = there && names->origin(names->user, origin->b, &found) &&
                id_equal(&found, origin);
    if (!speech->news ||
        !speech_tree(speech, ON_PREFIX, 1, (uint32_t)on, 0, there)) {
        coder_plain_bytes(&speech->coder, origin->b, ID_SIZE);
        return;
    }
    coder_plain_bytes(&speech->coder, origin->b, ORIGIN_PREFIX);
    if (!speech->coder.reading)
        return;
    if (names->origin(names->user, origin->b, &found))
        *origin = found;
    else
        speech->bad = true;
}

uint32_t speech_origin(struct speech *speech, enum decision on, uint32_t a,
                       bool there, struct id *origin)
{
    uint64_t at = 0;

    if (!speech->coder.reading)
        while (at < speech->origins && !id_equal(&speech->origin[at], origin))
            at++;
    at = speech_number(speech, on, a, 0, at);
    if (at < speech->origins) {
        *origin = speech->origin[at];
        return (uint32_t)at;
    }
    tell_origin(speech, on, there, origin);
    if (speech->origins == MIND_ORIGINS)
        return MIND_ORIGINS;
    speech->origin[speech->origins] = *origin;
    return speech->origins++;
}

static uint64_t tell_n(struct speech *speech, uint32_t shape, bool own,
                       uint64_t n)
{
    uint64_t last = speech->ref_n[shape], step = speech->ref_step[shape];
    int64_t from = (int64_t)(n - last);
    uint32_t how = n - last == step              ? REF_ALIKE
                   : from > -NEAR && from < NEAR ? REF_NEAR
                                                 : REF_FAR;

    how = speech_tree(speech, ON_REF, 2, 0, shape, how);
    if (how == REF_ALIKE)
        return last + step;
    if (how == REF_NEAR)
        return last + (uint64_t)speech_signed(speech, ON_NEAR, 0, shape, from);
    if (own)
        return speech->place.n -
               speech_number(speech, ON_FAR, 1, 0, speech->place.n - n);
    return speech_number(speech, ON_FAR, 0, 0, n);
}

static bool look_here(const struct speech *speech, struct known *known)
{
    uint64_t place = known->name.n - speech->first;

    if (place >= speech->places)
        return false;
    known->record = speech->told[place];
    known->number = speech->number[place];
    return true;
}

void speech_known(struct speech *speech, uint32_t shape, struct known *known)
{
    struct name *name = &known->name;
    bool own, here;

    speech_origin(speech, ON_ORIGIN, 0, true, &name->origin);
    own = id_equal(&name->origin, &speech->place.origin);
    name->n = tell_n(speech, shape, own, name->n);
    speech->ref_step[shape] = name->n - speech->ref_n[shape];
    speech->ref_n[shape] = name->n;
    here = own && name->n >= speech->first;
    if (speech->coder.reading && !speech->bad &&
        (name->n == 0 || name->n > INT64_MAX ||
         (here || speech->names == NULL
              ? !look_here(speech, known)
              : !speech->names->look(speech->names->user, known))))
        speech->bad = true;
    /* A station may settle its number later than the hub. */
    if (speech->news && !here)
        known->number = 0;
}
