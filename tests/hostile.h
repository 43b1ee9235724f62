/*
 * A hostile station: enrolled as b, it says to a real hub whatever it likes.
 * What it may not see holds MARKER, and records it was never told of have
 * numbers from SECRET on, so that both can be looked for in what it is
 * answered. test_hostile.c includes the hostile_*.c, and is one program with
 * them.
 */
#ifndef YZ_TEST_HOSTILE_H
#define YZ_TEST_HOSTILE_H

#include "daemon/answering.h"
#include "daemon/bundle.h"
#include "proto/facts.h"
#include "proto/rows.h"
#include "store/case.h"
#include "tests/world.h"

#define MARKER "ZQJX"

enum { SECRET = 256, HEARD_MAX = 400, NEWS_ROOM = 32 << 20 };

/* What is tried, each counted. */
#define TRIES(X) \
    X(ALIEN, "others' records by their ids") \
    X(GUESSED, "records nobody has") \
    X(LOST, "records of a lost life") \
    X(CASES, "settling others' cases") \
    X(WAS, "claims of other names") \
    X(ORIGIN, "others' origins") \
    X(PARENT, "going on from others") \
    X(SCOPE, "organisations and hosts") \
    X(DUPLICATE, "numbers that others have") \
    X(FORGED, "forged receipts") \
    X(TAKEN_FACTS, "others' receipts") \
    X(MIXED, "own receipts on other changes") \
    X(CURSOR, "streams and cursors") \
    X(NUMBERS, "lives and numbers") \
    X(COMPARE, "comparing others' streams") \
    X(WANT, "words on others' cells") \
    X(REPLAY, "frames of others' exchanges") \
    X(NAME, "others' names") \
    X(UNKNOWN, "unknown frames and damage") \
    X(KINDS, "kinds nobody has") \
    X(STICK, "by a stick") \
    X(TERSE, "terse news")
#define TRY_ENUM(name, words) TRY_##name,
enum try { TRIES(TRY_ENUM) TRY_KINDS_OF };
extern const char *const try_words[];

struct frame {                  /* overheard */
    int type;
    struct buf payload;
};

struct foe {
    struct world *w;
    uint64_t dice;
    struct town *me;
    struct id line;             /* the origin it mostly writes under */
    struct frame heard[HEARD_MAX];      /* of others' exchanges, */
    int nheard;
    struct frame own[HEARD_MAX];        /* and of its own ones */
    int nown;
    struct buf whole[2];        /* others' asks, byte by byte */
    uint64_t heard_seq;         /* it was told all up to here */
    /* ---- this try ---- */
    uint64_t nth;
    enum try what;
    struct hello hello;
    struct wire wire;
    struct buf batch;           /* payload of what it says, if it has one */
    int type;                   /* of that frame */
    struct buf ask, answer;
    char said[STATION_MAX + 1]; /* the name it gives itself */
    bool stick;
    bool passed;                /* its hello was heard */
    uint64_t terse, unread;     /* frames of terse news, and of these unread */
    uint64_t tried[TRY_KINDS_OF], deep[TRY_KINDS_OF], bytes;
};

uint64_t dice(struct foe *foe, uint64_t below);
void foe_begin(struct foe *foe, uint64_t seed);
void foe_end(struct foe *foe);
/* Others work, and take in what came: never of what the foe may see. */
void others_work(struct foe *foe, int turn);
/* Put together what this kind of try says, into foe->ask. */
void foe_try(struct foe *foe);
/* Say it to the hub; its answer is in foe->answer. */
void foe_say(struct foe *foe);
/* Nothing it was answered may hold what it may not see. */
void foe_hear(struct foe *foe);

#endif
