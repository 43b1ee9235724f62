/*
 * An exchange is one ask and one answer; each is a head and a row of frames,
 * every frame with a MAC of its own, so that each can be trusted, and
 * committed, as it completes. proto/README.md draws the bytes.
 */
#ifndef YZ_MESSAGE_H
#define YZ_MESSAGE_H

#include "proto/batch.h"

enum {
    WIRE_VERSION = 1,
    WIRE_HEAD = 4,              /* bytes before the ask's id */
    MAC_SIZE = 16,
    /* What news are before deflate: the writer stops behind the item that
     * passes BATCH_SIZE_MAX, and a case holds a change and a body. */
    NEWS_RAW_MAX = BATCH_SIZE_MAX + 2 * CHANGE_MAX + 4096,
    FRAME_MAX = NEWS_RAW_MAX + 4096,    /* payload of one frame */
    STATION_MAX = 60,           /* bytes of a station's name */
    ORG_MAX = 12,               /* characters of an organisation's code */
    STREAM_MAX = 64,
    STREAMS = 16,               /* streams of news of one station */
    HEADS = 64,                 /* origins one hello names */
    RUNS = 1024,                /* runs in one confirm */
    WHY_FIELD = 40,             /* bytes of a field's name and of a rule's, */
    WHY_RULE = 16               /* with their NUL */
};

enum frame_type {
    FRAME_HELLO = 1,            /* ask */
    FRAME_BATCH = 2,
    FRAME_END = 3,              /* ask and answer */
    FRAME_WELCOME = 4,          /* answer */
    FRAME_CONFIRM = 5,
    FRAME_NEWS = 6,
    FRAME_KINDS = 7,
    FRAME_FACTS = 8,            /* ask */
    FRAME_TERSE_NEWS = 9,       /* answer */
    FRAME_BRIEF_WELCOME = 10,
    FRAME_BRIEF_CONFIRM = 11,
    FRAME_DIGEST = 16,          /* ask: comparing, digest.h and rows.h */
    FRAME_DIGESTS = 17,         /* answer */
    FRAME_ROWS = 18,
    FRAME_WANT = 19,            /* ask */
    FRAME_MEND = 20             /* answer; in the form of news */
};

/* One direction of one exchange. */
struct wire {
    uint8_t key[32];            /* the station's secret, hashed */
    uint8_t ask_id[ID_SIZE];    /* drawn by the station, named by the answer */
    bool answer;
    uint64_t frames;            /* written or read so far */
};

/* Derive the key from the bytes of the secret file. */
void wire_key(struct bytes secret, uint8_t key[32]);

/* The head: an ask names the station, an answer the ask. */
void wire_head_write(const struct wire *wire, const char *station,
                     struct buf *out);
/* Read a head from the front of *in. Returns 1 and moves *in, 0 if more bytes
 * are needed, or an error. `station` (STATION_MAX + 1 bytes) is set for asks;
 * for answers wire->ask_id must already be that of the ask. */
int wire_head_read(struct wire *wire, struct bytes *in, char *station);

void wire_frame_write(struct wire *wire, enum frame_type type,
                      struct bytes payload, struct buf *out);
/* The same as head_read, for the next frame. ERR_MAC, ERR_SIZE, ERR_FORMAT.
 * An unknown type is returned as it is: the caller passes it over. */
int wire_frame_read(struct wire *wire, struct bytes *in, int *type,
                    struct bytes *payload);

/* A number, seq or n, as a varint: what is past INT64_MAX is bad, as nobody can
 * have drawn it. */
uint64_t number_read(struct cut *cut);

/* ---- what the station says ---- */

struct head {                   /* of one origin of this station */
    struct id origin;
    uint64_t confirmed;         /* through here an answer was settled */
    uint64_t n;                 /* its newest change */
    struct hash hash;
    bool has_parent;
    bool untold;                /* it has one, which was told before */
    struct name parent;
    struct hash parent_hash;
};

struct cursor {
    char stream[STREAM_MAX + 1];
    uint64_t seq;
};

/* What the newest change says of its author and machine: those before it mostly
 * say the same. Told by a station that writes terse batches (terse.h). */
struct last_said {
    bool told;
    uint8_t dictionary[8];      /* names the one it tells by */
    char author[AUTHOR_MAX + 1];
    uint8_t boot[8];
    int64_t drift;              /* wall clock minus time since boot */
};

struct hello {
    uint64_t life, number, seq; /* newest this station knows */
    uint8_t kinds[HASH_SIZE];   /* the kinds it has from the hub */
    uint64_t room;              /* bytes of news it can take in this answer */
    int64_t wall_ms;
    uint64_t written, queued, parked, returned, aside;
    int heads;
    struct head head[HEADS];    /* the newest origin first, if there is one;
                                 * then each with unconfirmed changes */
    int cursors;
    struct cursor cursor[STREAMS];
    struct last_said last;
    bool brief;                 /* its answer may leave out what says nothing;
                                 * told behind `last` */
    bool brief_confirm;         /* and it reads confirmations told briefly */
};

/* Cursor of a stream, 0 if it names none. */
uint64_t hello_cursor(const struct hello *hello, const char *stream);
void hello_write(const struct hello *hello, struct buf *out);
int hello_read(struct bytes in, struct hello *out);

/* ---- what the hub answers ---- */

struct welcome {
    struct id hub;
    uint64_t life;
    uint64_t number, seq;       /* newest drawn */
    uint64_t secured;           /* number through which an off-box copy is */
    int64_t wall_ms;
    uint8_t kinds[HASH_SIZE];
    int streams;
    char stream[STREAMS][STREAM_MAX + 1];       /* what this station may see */
    bool terse;                 /* it reads terse batches, told by this */
    uint8_t dictionary[8];
    bool brief;                 /* what an answer of it does not tell is quiet,
                                 * and it reads brief asks */
};

void welcome_write(const struct welcome *welcome, struct buf *out);
int welcome_read(struct bytes in, struct welcome *out);
/* Does it say nothing that the hello has not said, but how far the hub is? Then
 * that is told alone; `hub` stays behind, which no station looks at. */
bool welcome_brief(const struct welcome *welcome, const struct hello *hello);
void welcome_write_brief(const struct welcome *welcome, struct buf *out);
int welcome_read_brief(struct bytes in, const struct hello *hello,
                       struct welcome *out);

enum standing {                 /* of an origin at the hub */
    STANDING_GOOD = 0,
    STANDING_FORKED = 1,        /* another change stands behind the runs */
    STANDING_ORPHAN = 2,        /* its parent is not known yet */
    STANDING_FOREIGN = 3        /* another station speaks with it */
};

enum { VERDICT_RECEIVED = 1 };  /* the only one without a number */

/* Verdicts of `count` changes in a row. Numbers run up with n. Only a single
 * change has a reason. */
struct run {
    uint64_t count;
    int verdict;                /* enum state of the store */
    uint64_t number;
    int reason;
    char field[WHY_FIELD], rule[WHY_RULE];
};

struct confirm {
    struct id origin;
    enum standing standing;
    uint64_t from;              /* first n the runs speak of, from 1 */
    uint64_t through;           /* the hub has all up to here */
    struct hash hash;           /* of change from + counts - 1 */
    bool more;                  /* there is more to confirm */
    int runs;
    struct run run[RUNS];
    uint8_t receipt[HASH_SIZE]; /* the hub's MAC over all of the above */
    uint64_t life;              /* of the hub; not written, from the welcome */
};

/* Why a change is not plainly taken, in runs and in news: the reason, and
 * unless it is 0 the field and the rule concerned. */
void why_write(int reason, const char *field, const char *rule,
               struct buf *out);
void why_read(struct cut *cut, int *reason, char field[WHY_FIELD],
              char rule[WHY_RULE]);

void confirm_write(const struct confirm *confirm, struct buf *out);
int confirm_read(struct bytes in, struct confirm *out);
/* Does it confirm, of this head of the hello, just all that no answer had
 * confirmed? Then its runs and its receipt tell the rest. */
bool confirm_brief(const struct confirm *confirm, const struct hello *hello,
                   int head);
void confirm_write_brief(const struct confirm *confirm, int head,
                         struct buf *out);
int confirm_read_brief(struct bytes in, const struct hello *hello,
                       struct confirm *out);
/* The bytes a receipt is the MAC of. */
void confirm_signed(const struct confirm *confirm, const struct id *hub,
                    uint64_t life, struct buf *out);

enum news_what {
    NEWS_STATE = 0,             /* a change in force */
    NEWS_GONE = 1,              /* a record left the organisation */
    NEWS_CASE = 2,              /* a case opened or closed */
    NEWS_VERDICT = 3            /* a later verdict of an own change */
};

struct news_item {
    enum news_what what;
    uint64_t seq, number;
    struct bytes change;        /* canonical, STATE and CASE */
    struct hash hash;           /* of that change */
    struct id record;           /* GONE */
    struct name name;           /* VERDICT */
    int verdict;                /* VERDICT; enum state */
    int reason;                 /* CASE, VERDICT */
    char field[WHY_FIELD], rule[WHY_RULE];
    bool open;                  /* CASE */
    struct name settled_by;     /* CASE, when closed */
    bool has_base;              /* CASE: what both started from */
    struct bytes base_body;
};

/* A frame of news: head, then items, deflated. Reading one allocates at most
 * NEWS_RAW_MAX, whatever it says of itself. */
struct news {
    char stream[STREAM_MAX + 1];
    uint64_t from, to;          /* seqs: (from, to] */
    uint64_t as_of;             /* all decisions up to this number are told */
    bool more;
    uint64_t count;
    struct buf raw;
    struct cut rest;
};

struct news_writer {
    struct news head;
};

void news_open(struct news_writer *writer, const char *stream, uint64_t from);
void news_add(struct news_writer *writer, const struct news_item *item);
/* Append the frame's payload and release the writer. ERR_SIZE; `out` is then of
 * no use. */
int news_close(struct news_writer *writer, struct buf *out);
/* On error nothing needs releasing. ERR_FORMAT, ERR_SIZE. */
int news_read(struct bytes in, struct news *out);
void news_done(struct news *news);
int news_next(struct news *news, struct news_item *out);    /* 1, 0, error */

#endif
