/* Values, by the form they have: whatever fits none is spelled. */
#include "proto/mind_parts.h"

#include <string.h>

enum {
    MEMO_LONGEST = 64,
    DIGITS_MOST = 31,
    ID_TEXT = 36,
    DAY_MS = 86400000,
    ZONE_MS = 8 * 3600000
};

struct telling_value {
    struct speech *speech;
    struct field_mind *mind;
    uint32_t field;
    const struct change *of;
};

/* ---- what is told of each ---- */

static uint8_t *make_room(struct speech *speech, size_t len)
{
    uint8_t *at = speech->made + speech->made_len;

    speech->made_len += len; /* SHAPE_FIELDS and a key fit */
    memset(at, '0', len);
    return at;
}

/* The day at the clerk's, eight hours east. */
static int64_t today(const struct change *of)
{
    int64_t ms = wrap_add(of->has_at ? of->at_ms : of->stamp.wall_ms, ZONE_MS);

    return ms / DAY_MS - (ms % DAY_MS < 0);
}

static int64_t tell_days(struct telling_value *on, int64_t days)
{
    struct speech *speech = on->speech;
    struct field_mind *mind = on->mind;
    int64_t now = today(on->of);
    uint32_t how = wrap_sub(days, speech->date) == mind->since_date ? 0
                   : wrap_sub(now, days) == mind->since_day         ? 1
                                                                    : 2;

    how = speech_tree(speech, ON_DATE, 2, on->field, 0, how);
    if (how == 0)
        days = wrap_add(speech->date, mind->since_date);
    else if (how == 1)
        days = wrap_sub(now, mind->since_day);
    else
        days = wrap_sub(now, speech_signed(speech, ON_DAYS, on->field, 0,
                                           wrap_sub(now, days)));
    mind->since_date = wrap_sub(days, speech->date);
    mind->since_day = wrap_sub(now, days);
    speech->date = days;
    return days;
}

static struct bytes tell_date(struct telling_value *on, int64_t days)
{
    uint8_t *out = make_room(on->speech, 10), ymd[8];

    memset(ymd, '0', sizeof ymd);
    if (!days_put(tell_days(on, days), ymd))
        on->speech->bad = true;
    date_put(out, ymd);
    return bytes_of(out, 10);
}

static struct bytes tell_month(struct telling_value *on, int64_t months)
{
    struct speech *speech = on->speech;
    uint8_t *out = make_room(speech, 7), ymd[8];
    int64_t now = 0, from;

    if (days_put(today(on->of), ymd))
        now = digits_read(ymd, 4) * 12 + digits_read(ymd + 4, 2) - 1;
    from =
        speech_signed(speech, ON_MONTHS, on->field,
                      (uint32_t)on->mind->months & 63, wrap_sub(now, months));
    months = wrap_sub(now, from);
    on->mind->months = from;
    if (months < 0 || months >= 120000)
        speech->bad = true;
    else {
        digits_put(out, 4, months / 12);
        digits_put(out + 5, 2, months % 12 + 1);
    }
    out[4] = '-';
    return bytes_of(out, 7);
}

enum { HEAD_DIGITS = 5 }; /* beyond them one digit says little of the next */
enum { PHONE = 11, PHONE_TAIL = 1000000 }; /* and of a phone nothing */

static void tell_digits(struct telling_value *on, const uint8_t *digits,
                        uint32_t len, uint8_t *out)
{
    struct speech *speech = on->speech;
    uint32_t head = 0;

    for (uint32_t i = 0; i < (len == PHONE ? HEAD_DIGITS : len); i++) {
        uint32_t at = on->field * 32 + i, context = coder_mix(ON_TAIL, at),
                 digit;

        digit = speech->coder.reading ? 0 : digits[i] - (uint32_t)'0';
        digit =
            i < HEAD_DIGITS
                ? speech_tree(speech, ON_DIGIT, 4, at, head, digit)
                : coder_tree(&speech->coder, 4, digit, ON_TAIL, &context, 1);
        if (digit > 9) {
            speech->bad = true;
            digit = 0;
        }
        out[i] = (uint8_t)('0' + digit);
        head = head * 10 + digit + 1;
    }
    if (len == PHONE) {
        uint32_t tail = speech->coder.reading
                            ? 0
                            : (uint32_t)digits_read(digits + HEAD_DIGITS,
                                                    PHONE - HEAD_DIGITS);

        tail = coder_even(&speech->coder, PHONE_TAIL, tail);
        digits_put(out + HEAD_DIGITS, PHONE - HEAD_DIGITS, tail);
    }
}

static struct bytes tell_number(struct telling_value *on, struct bytes text)
{
    uint8_t out[DIGITS_MOST];
    uint32_t len = speech_tree(on->speech, ON_LENGTH, 5, on->field,
                               on->mind->last_len, (uint32_t)text.len);

    on->mind->last_len = len;
    tell_digits(on, text.data, len, out);
    return speech_keep(on->speech, bytes_of(out, len));
}

/* Where it was issued, the birth date, and three digits of which the last tells
 * the sex; the sign at its end follows from these. */
static struct bytes tell_id18(struct telling_value *on, struct bytes text,
                              int64_t days)
{
    struct speech *speech = on->speech;
    const struct body *body = &on->of->body;
    uint8_t *out = make_room(speech, ID18);
    uint32_t order, odd;

    if (!speech->coder.reading)
        memcpy(out, text.data, ID18);
    if (speech_tree(speech, ON_AREA, 1, on->field, 0,
                    memcmp(out, on->mind->area, 6) == 0))
        memcpy(out, on->mind->area, 6);
    else
        tell_digits(on, out, 6, on->mind->area);
    memcpy(out, on->mind->area, 6);
    if (out[0] == 0)            /* none came before */
        speech->bad = true;
    if (speech_tree(speech, ON_BORN, 1, on->field, 0, days == speech->date))
        days = speech->date;
    else
        days = tell_days(on, days);
    order = (uint32_t)digits_read(out + 14, 3);
    if (!days_put(days, out + 6))
        speech->bad = true;
    odd = speech_tree(speech, ON_SEX, 1, on->field,
                      body->count > 2 ? mind_hash(body->value[2].text) : 0,
                      order & 1);
    order = coder_even(&speech->coder, 500, order >> 1) << 1 | odd;
    digits_put(out + 14, 3, order);
    out[ID18 - 1] = speech->bad ? 'X' : id18_sign(out);
    return bytes_of(out, ID18);
}

void speech_id(struct speech *speech, uint32_t field, struct id *id)
{
    struct known known;
    uint32_t how = 0;

    memset(&known, 0, sizeof known);
    if (!speech->coder.reading)
        how = id_equal(id, &speech->other)            ? 0
              : speech_find(speech, id, NULL, &known) ? 1
                                                      : 2;
    how = speech_tree(speech, ON_ID, 2, field, 0, how);
    if (how == 0) {
        *id = speech->other;
    } else if (how == 1) {
        speech_known(speech, MIND_SHAPES, &known);
        *id = known.record;
    } else {
        coder_plain_bytes(&speech->coder, id->b, ID_SIZE);
    }
}

/* A record another one speaks of. */
static struct bytes tell_id(struct telling_value *on, struct id id)
{
    uint8_t *out = make_room(on->speech, ID_TEXT + 1);

    speech_id(on->speech, on->field, &id);
    id_text(&id, (char *)out);
    return bytes_of(out, ID_TEXT);
}

/* ---- the whole ---- */

static struct bytes memo_text(const struct mind *mind, struct memo memo)
{
    return bytes_of(mind->text + memo.at, memo.len);
}

static uint32_t memo_find(const struct mind *mind,
                          const struct field_mind *field, struct bytes text)
{
    uint32_t hash = mind_hash(text), at = 0;

    while (at < MIND_MEMOS &&
           (field->memo[at].hash != hash ||
            !bytes_equal(memo_text(mind, field->memo[at]), text)))
        at++;
    return at;
}

/* What is new is kept, for those to come. */
static uint32_t value_keep(struct telling_value *on, struct memo *pair,
                           uint32_t pair_key, struct bytes text)
{
    struct memo memo = {mind_hash(text),
                        (uint32_t)(text.data - on->speech->mind->text),
                        (uint32_t)text.len};

    if (on->speech->bad)
        return 0;
    *pair = (struct memo){pair_key, memo.at, memo.len};
    if (text.len <= MEMO_LONGEST) {
        on->mind->memo[on->mind->next] = memo;
        on->mind->next = (on->mind->next + 1) % MIND_MEMOS;
    }
    return memo.hash;
}

static struct bytes tell_memo(struct telling_value *on, uint32_t before,
                              uint32_t memo)
{
    struct field_mind *mind = on->mind;

    memo = speech_tree3(on->speech, ON_MEMO, 6, on->field, before,
                        mind->last_memo, memo);
    mind->last_memo = memo;
    return memo_text(on->speech->mind, mind->memo[memo]);
}

static struct bytes tell_form(struct telling_value *on, enum form form,
                              struct bytes text, int64_t number, struct id id)
{
    switch (form) {
    case FORM_DATE:
        return tell_date(on, number);
    case FORM_MONTH:
        return tell_month(on, number);
    case FORM_ID18:
        return tell_id18(on, text, number);
    case FORM_ID:
        return tell_id(on, id);
    case FORM_DIGITS:
        return tell_number(on, text);
    default:
        return speech_text(on->speech, on->field, text);
    }
}

uint32_t speech_value(struct speech *speech, uint32_t field, uint32_t before,
                      const struct change *of, struct bytes *text)
{
    struct mind *mind = speech->mind;
    struct telling_value on = {speech, &mind->field[field % MIND_FIELDS], field,
                               of};
    uint32_t key = coder_mix(field, before), form = FORM_PAIR, memo = 0;
    struct memo *pair = &mind->pair[key % MIND_PAIRS];
    bool paired = pair->hash == key && pair->len > 0;
    struct id id = {{0}};
    int64_t number = 0;

    if (!speech->coder.reading &&
        !(paired && bytes_equal(memo_text(mind, *pair), *text))) {
        memo = memo_find(mind, on.mind, *text);
        form = memo < MIND_MEMOS ? FORM_MEMO : form_of(*text, &number, &id);
    }
    if (speech_tree(speech, ON_ALIKE, 1, field * 2 + paired, on.mind->last_form,
                    form == on.mind->last_form))
        form = on.mind->last_form;
    else
        form = speech_tree3(speech, ON_FORM, 3, field * 2 + paired, before,
                            on.mind->last_form, form);
    on.mind->last_form = form;
    if (form == FORM_PAIR)
        *text = paired ? memo_text(mind, *pair) : bytes_of("", 0);
    else if (form == FORM_MEMO)
        *text = tell_memo(&on, before, memo);
    else
        *text = tell_form(&on, (enum form)form, *text, number, id);
    if (text->len == 0)
        speech->bad = true; /* no change has an empty value */
    if (form == FORM_PAIR)
        return speech->anchor = mind_hash(*text);
    if (form == FORM_MEMO)
        *pair = (struct memo){key, (uint32_t)(text->data - mind->text),
                              (uint32_t)text->len};
    if (form == FORM_DIGITS || form == FORM_TEXT)
        return value_keep(&on, pair, key, *text);
    return mind_hash(*text);
}
