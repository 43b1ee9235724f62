/*
 * Texts, letter by letter.
 *
 * A text mostly goes on as one before it did: the last bytes are looked up, and
 * whether the next byte is the one that followed then is one cheap decision.
 * Else the byte is told by what stands before it.
 */
#include "proto/mind_parts.h"

#include <string.h>

enum { LOOK_BACK = 6, MATCH_LEAST = 3, MATCH_MOST = 15 };

/* Where a text stands. */
struct place_in {
    uint32_t field, from;
    uint32_t follow;   /* where the byte that is expected stands; 0 */
    uint32_t length;   /* how many before it agree, at most 15 */
    uint32_t letters;  /* whole ones so far */
    uint32_t letter;   /* bytes of the one that is told */
    uint32_t left;     /* of its bytes, behind this one */
    uint32_t one, two; /* the letters before it */
};

uint32_t mind_hash(struct bytes text)
{
    uint32_t hash = 0x811c9dc5u;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ text.data[i]) * 0x01000193u;
    return hash ^ hash >> 15;
}

static uint32_t *match_slot(struct speech *speech, const struct place_in *in)
{
    struct mind *mind = speech->mind;
    uint32_t told = mind->len - in->from, hash;

    if (told == 0) {
        hash = coder_mix(in->field, speech->anchor);
    } else {
        bool whole = told >= LOOK_BACK;

        hash = whole ? 0 : in->field;
        for (uint32_t i = whole ? mind->len - LOOK_BACK : in->from;
             i < mind->len; i++)
            hash = (hash ^ mind->text[i]) * 0x2c9277b5u + 0x9e3779b9u;
        hash ^= hash >> 15;
    }
    return &mind->match[hash % MIND_MATCHES];
}

/* Find what may follow, and remember this place for those to come. */
static void match_look(struct speech *speech, struct place_in *in)
{
    const struct mind *mind = speech->mind;
    uint32_t *slot = match_slot(speech, in), told = mind->len - in->from;

    /* A place beyond the texts is one of a text that did not fit. */
    if (in->follow == 0 && *slot != 0 && *slot < mind->len) {
        in->follow = *slot;
        in->length = 0;
        while (in->length < MATCH_MOST && in->length < told &&
               in->length < in->follow &&
               mind->text[in->follow - 1 - in->length] ==
                   mind->text[mind->len - 1 - in->length])
            in->length++;
        if (in->length < MATCH_LEAST && told >= MATCH_LEAST)
            in->follow = 0;
    }
    *slot = mind->len;
}

static bool tell_match(struct speech *speech, const struct place_in *in,
                       uint8_t byte)
{
    uint8_t want = speech->mind->text[in->follow];
    uint32_t begins = speech->mind->len == in->from ? 4 : 0;

    return speech_tree3(speech, ON_MATCH, 1, in->length, want | in->left << 8,
                        coder_mix(in->field, in->left + begins), byte == want);
}

static uint8_t tell_letter(struct speech *speech, const struct place_in *in,
                           uint8_t byte)
{
    uint32_t part = coder_mix(in->letter, in->left);
    uint32_t contexts[4] = {
        coder_mix(coder_mix(in->field, in->letters < 3 ? in->letters : 3),
                  part),
        coder_mix(in->one + 7, part),
        coder_mix(coder_mix(in->two, in->one), part),
        coder_mix(910, part),
    };

    return (uint8_t)coder_tree(
        &speech->coder, 8, byte,
        ON_LETTER + (int)(in->left + 3 * (in->field & 15)), contexts, 4);
}

/* A letter is what UTF-8 says; of other bytes each is one. */
static void letter_next(struct place_in *in, uint8_t byte)
{
    in->letter = in->letter << 8 | byte;
    if (in->left > 0)
        in->left--;
    else
        in->left = byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    if (in->left > 0)
        return;
    in->two = in->one;
    in->one = in->letter;
    in->letter = 0;
    in->letters++;
}

static uint8_t tell_byte(struct speech *speech, struct place_in *in,
                         uint8_t byte)
{
    bool follows;

    match_look(speech, in);
    follows = in->follow != 0 && tell_match(speech, in, byte);
    if (follows) {
        byte = speech->mind->text[in->follow++];
        in->length += in->length < MATCH_MOST;
    } else {
        byte = tell_letter(speech, in, byte);
        in->follow = 0;
    }
    speech->mind->text[speech->mind->len++] = byte;
    letter_next(in, byte);
    return byte;
}

struct bytes speech_text(struct speech *speech, uint32_t field,
                         struct bytes text)
{
    struct mind *mind = speech->mind;
    struct place_in in = {.field = field, .from = mind->len};
    uint8_t byte;

    for (size_t i = 0;; i++) {
        if (mind->len == MIND_TEXT) {
            speech->bad = true;
            mind->len = in.from;
            return bytes_of("", 0);
        }
        byte = !speech->coder.reading && i < text.len ? text.data[i] : 0;
        if (tell_byte(speech, &in, byte) == 0)
            break;
    }
    return bytes_of(mind->text + in.from, mind->len - in.from - 1);
}

struct bytes speech_keep(struct speech *speech, struct bytes text)
{
    struct mind *mind = speech->mind;
    uint8_t *at = mind->text + mind->len;

    if (text.len + 1 > MIND_TEXT - mind->len) {
        speech->bad = true;
        return bytes_of("", 0);
    }
    memcpy(at, text.data, text.len);
    at[text.len] = 0;
    mind->len += (uint32_t)text.len + 1;
    return bytes_of(at, text.len);
}
