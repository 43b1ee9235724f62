/*
 * A county in one process: one hub and a few stations, real SQLite files in a
 * directory of their own, and the bytes between them in memory, so that a
 * story can cut, keep and repeat them. A test includes world.c and is one
 * program with it.
 */
#ifndef YZ_TEST_WORLD_H
#define YZ_TEST_WORLD_H

#include "daemon/reconcile.h"
#include "store/peer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

enum { TOWNS = 6, PATH_ROOM = 400, ALL = -1 };

struct town {
    char name[16], org[16];
    char path[PATH_ROOM];
    struct store *store;
    const struct kinds *kinds;  /* files it starts with, NULL: the world's */
    uint64_t dice;              /* what its next random bytes are made of */
    bool cut;                   /* its next ask is the hello alone */
    struct later *later;        /* NULL: settles all at once */
    struct reconcile *reconcile;        /* NULL: nothing is compared */
    size_t room;                /* of its next ask; 0: 256 KiB */
    struct speaker speaker;
};

struct world {
    char dir[64];
    struct kinds *kinds;
    struct store *hub;
    char hub_path[PATH_ROOM];
    const char *vfs;
    uint64_t life, reserved;
    uint8_t hub_key;
    int reserve_calls;
    bool reserve_fails;
    void (*reach)(struct world *world, enum reach mark);    /* of the hub */
    int64_t clock;
    struct town town[TOWNS];
    int towns;
    struct fault fault;         /* of the last call that could fail */
    struct receipt receipt;     /* of the last put */
    struct asked asked;         /* of the last exchange */
    int hub_rc;                 /* what the hub said to the last ask */
};

/* One exchange in the air. */
struct talk {
    struct world *world;
    struct town *town;
    struct asking *asking;
    struct buf ask, answer;
};

/* A county with stations a, b, c (one township each) and county. */
struct world *world_new(void);
/* Check everything that must always hold, then throw it away. */
void world_end(struct world *world);
void world_check(struct world *world);
void world_free(struct world *world);
struct town *town_of(struct world *world, const char *name);
struct town *town_add(struct world *world, const char *name, const char *org);
void town_open(struct world *world, struct town *town);
void town_shut(struct town *town);
void restart(struct world *world, const char *name);
void hub_open(struct world *world);
void restart_hub(struct world *world);
/* Copy the closed file of a store, with its log, or put it back. */
void files_copy(const char *from, const char *to);
struct kinds *kinds_of_text(const char *text);
extern const char world_kinds[];

struct id record_id(int record);
/* What an edit says, in words: "mark=7 name=张三 tags+红 tags-蓝 end=迁出 undo".
 * A record the town has not got is made. The edit is the next call's too. */
struct edit *edit_of(struct world *world, const char *name, int record,
                     const char *what);
int put(struct world *world, const char *name, const struct edit *edit);
/* Save and commit; it must go. */
void say(struct world *world, const char *name, int record, const char *what);
/* The same, and what came of it: 0 or ERR_*. */
int try_say(struct world *world, const char *name, int record,
            const char *what);

/* Settle the oldest open case of this cell: `side` is "parked", "in-force" or
 * words as above. ERR_CASE when there is none. */
struct edit *settle_edit(struct world *world, const char *name, int record,
                         const char *cell, const char *side);
int settle(struct world *world, const char *name, int record,
           const char *cell, const char *side);

/* Exchange until nothing is left. */
void sync_with(struct world *world, const char *name);
/* One exchange of which so many bytes come through; ALL for all. */
int exchange(struct world *world, const char *name, long ask, long answer);
struct talk *talk_ask(struct world *world, const char *name, long ask);
int talk_settle(struct talk *talk, long answer);
void talk_free(struct talk *talk);
void sync_all(struct world *world);

/* What a store shows of a record: one line, "" when it shows none. */
const char *line_of(struct world *world, struct store *store, int record);
/* One cell as text; NULL when it is not there or emptied. */
const char *cell_of(struct world *world, const char *name, int record,
                    const char *cell);
/* Every station shows what the hub shows of its organisation, and no more. */
void assert_agree(struct world *world);
void assert_cell(struct world *world, const char *name, int record,
                 const char *cell, const char *text);
/* The number of what it shows there, 0 for nothing. */
uint64_t number_of(struct world *world, const char *name, int record,
                   const char *cell);
int open_cases(struct store *store);
/* The reason of the oldest open case of this record's cell, or -1. */
int reason_of(struct world *world, const char *name, int record,
              const char *cell);
uint64_t count_of(struct store *store, enum state state);
/* Frames of news a station would get from cursor 0: does one name the record,
 * or, if `text` is not NULL, hold this text? */
bool news_tell(struct world *world, const char *name, int record,
               const char *text);

#endif
