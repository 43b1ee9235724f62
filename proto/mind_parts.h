/*
 * The parts of a change as a mind tells them (mind.h): decisions, names, texts
 * and values. Both directions, like all of it.
 */
#ifndef YZ_MIND_PARTS_H
#define YZ_MIND_PARTS_H

#include "proto/mind.h"

/* ---- a speech with all it needs ---- */

struct speech_room {            /* large: on the heap */
    struct speech speech;
    struct mind mind;
    struct id told[TERSE_PLACES];
    uint64_t number[TERSE_PLACES];
    uint16_t by_record[MIND_RECORDS];
    struct change change;
    struct change before;       /* news: the one a voice goes on from */
    struct buf bytes;           /* reading: of one change */
};

/* `hello` is NULL for a dictionary and for news. */
struct speech_room *speech_new(const struct mind *mind,
                               const struct hello *hello,
                               const struct names *names);
void speech_begin(struct speech_room *room, const struct id *origin,
                  uint64_t first);
void speech_free(struct speech_room *room);

/* Which kind of change comes: one that is told, none, or bytes as they are. */
enum { TAG_CHANGE, TAG_EMPTY, TAG_BYTES };
uint32_t speech_tag(struct speech *speech, uint32_t tag);
/* Can speech_change tell it? Anything else goes as it is. */
bool change_tellable(const struct change *change);
void speech_write_bytes(struct speech *speech, struct bytes bytes);
void speech_read_bytes(struct speech *speech, struct buf *out);

/* ---- its parts ---- */

struct bytes speech_text(struct speech *speech, uint32_t field,
                         struct bytes text);
/* Keep a text that was told otherwise. */
struct bytes speech_keep(struct speech *speech, struct bytes text);
/* `before` is the hash of the value before it. Returns the hash of this one. */
uint32_t speech_value(struct speech *speech, uint32_t field, uint32_t before,
                      const struct change *of, struct bytes *text);
/* Which of the origins so far it is; MIND_ORIGINS: one too many to be kept.
 * Writing news: is it `there`, so that the first bytes of it will do? */
uint32_t speech_origin(struct speech *speech, enum decision on, uint32_t a,
                       bool there, struct id *origin);
/* A change both have; reading, also its record and number. */
void speech_known(struct speech *speech, uint32_t shape, struct known *known);
/* Writing: is there such a change of this record? */
bool speech_find(struct speech *speech, const struct id *record,
                 const struct change *of, struct known *out);
/* Call it behind each place; NULL for one without a record. */
void speech_learn(struct speech *speech, const struct id *record,
                  uint64_t number);
/* An id as text does, told for `field`: the record before, one that is known,
 * or any. */
void speech_id(struct speech *speech, uint32_t field, struct id *id);

uint64_t speech_number(struct speech *speech, enum decision on, uint32_t a,
                       uint32_t b, uint64_t value);
int64_t speech_signed(struct speech *speech, enum decision on, uint32_t a,
                      uint32_t b, int64_t value);
uint32_t speech_tree(struct speech *speech, enum decision on, int bits,
                     uint32_t a, uint32_t b, uint32_t value);
uint32_t speech_tree3(struct speech *speech, enum decision on, int bits,
                      uint32_t a, uint32_t b, uint32_t c, uint32_t value);

uint32_t mind_hash(struct bytes text);

/* ---- forms of values ---- */

enum form { FORM_PAIR, FORM_MEMO, FORM_DATE, FORM_MONTH, FORM_DIGITS,
            FORM_ID18, FORM_ID, FORM_TEXT };
enum { ID18 = 18 };

/* What it is, and its days, months or id. */
enum form form_of(struct bytes text, int64_t *number, struct id *id);
int64_t digits_read(const uint8_t *at, int len);
void digits_put(uint8_t *at, int len, int64_t value);
/* YYYYMMDD with its hyphens. */
void date_put(uint8_t out[10], const uint8_t *ymd);
/* Days since 1970 as YYYYMMDD; false when it is no date. */
bool days_put(int64_t days, uint8_t out[8]);
/* The last of an id number. */
uint8_t id18_sign(const uint8_t *first17);
/* Sums that run over are no accident here: they wrap. */
int64_t wrap_add(int64_t a, int64_t b);
int64_t wrap_sub(int64_t a, int64_t b);

#endif
