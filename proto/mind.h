/*
 * Mind: what both ends have seen of changes, and how the next one is told by
 * it. Guts of the terse batch (terse.h); proto/README.md says every step.
 *
 * A function here does both directions, like the coder: writing, it is given
 * what is to be told; reading, it returns it and sets `bad` on what nobody
 * writes. What it returns then is of no use, but within its bounds.
 */
#ifndef YZ_MIND_H
#define YZ_MIND_H

#include "proto/coder.h"
#include "proto/terse.h"

enum {
    MIND_TEXT = 512 * 1024,     /* bytes of texts that are remembered */
    MIND_MATCHES = 1 << 14,
    MIND_FIELDS = 256,          /* fields beyond these share their place */
    MIND_MEMOS = 64,            /* values remembered of each */
    MIND_PAIRS = 1 << 12,
    MIND_SHAPES = 255,
    MIND_NEXT = 1 << 10,
    MIND_ORIGINS = 64,
    MIND_RECORDS = 2 * TERSE_PLACES,    /* so that one is always free */
    SHAPE_FIELDS = 8,
    MADE_MAX = 1024             /* bytes of the values made for one change */
};

/* What is decided; with each go weights of its own. Numbers of the wire. */
enum decision {
    ON_SHAPE = 1, ON_PART, ON_WALL, ON_DRIFT, ON_AT, ON_REF, ON_NEAR, ON_FAR,
    ON_ORIGIN, ON_BIRTH, ON_BASE, ON_SETTLES, ON_FORM, ON_MEMO, ON_DATE,
    ON_DAYS, ON_MONTHS, ON_LENGTH, ON_DIGIT, ON_TAIL, ON_AREA, ON_BORN,
    ON_SEX, ON_ID, ON_MATCH, ON_SIZE, ON_BYTE, ON_NEXT, ON_ALIKE, ON_WHAT,
    ON_SEQ, ON_DRAWN, ON_VOICE, ON_PREFIX, ON_BEFORE, ON_N, ON_CHAIN, ON_WHY,
    ON_CASE,
    ON_LETTER = 64              /* 48 of them */
};

/* All of a change that a number tells better. */
struct shape {
    uint64_t kind, cell;
    uint16_t field[SHAPE_FIELDS];
    uint8_t fields, flags, record, base, stamp;
    uint8_t unused[3];          /* they are compared as bytes */
};

/* A text that was told before; `len` 0: none. */
struct memo {
    uint32_t hash, at, len;
};

struct field_mind {
    struct memo memo[MIND_MEMOS];
    uint32_t next;              /* the memo that is written over next */
    uint32_t last_memo, last_form, last_len;
    int64_t since_date, since_day, months;
    uint8_t area[6];
};

struct mind {
    struct learned learned;
    uint32_t match[MIND_MATCHES];
    struct memo pair[MIND_PAIRS];
    struct field_mind field[MIND_FIELDS];
    struct shape shape[MIND_SHAPES];
    uint32_t shapes;
    uint32_t next[MIND_NEXT];   /* the shape that came behind the last two */
    uint8_t name[DICTIONARY_NAME];
    uint32_t len;               /* of text */
    uint8_t text[MIND_TEXT];
};

/* One batch, or one frame of news, on its way out or in. */
struct speech {
    struct mind *mind;
    struct coder coder;
    bool bad;
    bool news;
    const struct names *names;
    struct name name;           /* of the change that is told, */
    struct name place;          /* and what later places call it: of news, which
                                 * are of many origins, how many it is */
    uint64_t first;             /* n of the first place */
    uint32_t seen[3];           /* the last shapes */
    uint64_t ref_n[MIND_SHAPES + 1], ref_step[MIND_SHAPES + 1];
    struct id record, other;    /* the last, and the one before it */
    struct stamp stamp;
    int64_t at_ms;
    struct bytes author;
    int64_t date;               /* the last of this record */
    uint32_t anchor;            /* hash of the last paired value of it */
    uint64_t base;
    struct id origin[MIND_ORIGINS];
    uint32_t origins;
    struct id *told;            /* records of the places so far, */
    uint64_t *number;           /* and numbers, 0: none that both know */
    uint32_t places;
    uint16_t *by_record;        /* writing: of MIND_RECORDS, by hash, the
                                 * first place of each + 1 */
    uint8_t made[MADE_MAX];
    size_t made_len;
};

void mind_init(struct mind *mind);
/* `to` becomes like `from`. */
void mind_copy(struct mind *to, const struct mind *from);

/* A change; reading, its texts live as long as the speech, until the next. */
void speech_change(struct speech *speech, struct change *change);

/* The rows of a batch after its head, and back. The coded bytes go to the end
 * of `in`, and rows get all that head->count says. */
int mind_write(const struct setting *setting, const struct batch *head,
               struct bytes rows, struct buf *out);
int mind_read(const struct setting *setting, struct bytes in,
              const struct batch *head, struct buf *rows);
/* The same for the items of a frame of news: reading, out->head.count of them
 * are added to `out`. */
int mind_write_news(const struct setting *setting, const struct news *news,
                    struct buf *out);
int mind_read_news(const struct setting *setting, struct bytes in,
                   struct news_writer *out);

#endif
