/* The store's face for the exchange: what the two halves of the conversation
 * read from it and hand to it. The rules of store.h hold here too. */
#ifndef YZ_STORE_PEER_H
#define YZ_STORE_PEER_H

#include "proto/terse.h"
#include "store/store.h"

/* Station's half of an exchange. */
int store_hello(struct store *store, struct hello *out);
/* Pack a batch of the changes of `head` from number `from` through head->n, of
 * about `size` bytes before compression; *next is the first not packed, 0 when
 * there is no more. Returns the number of changes packed or an error. */
int store_batch(struct store *store, const struct head *head, uint64_t from,
                size_t size, struct buf *out, uint64_t *next);
/* The same for the changes of an ask that began with `hello`, whose head `head`
 * is: in a few bytes where the hub reads them (proto/terse.h). */
int store_say_batch(struct store *store, const struct hello *hello,
                    const struct head *head, uint64_t from, size_t size,
                    struct buf *out, uint64_t *next);
/* The next ask is in full: of one the hub took nothing, or bytes are cheap. */
void store_speak_in_full(struct store *store);
/* Did the last welcome say that the hub reads brief asks? */
bool store_speaks_briefly(struct store *store);
/* The same for changes that the hub confirmed once and has lost: those of the
 * receipt that speaks of `from`, with it, as the payload of FRAME_FACTS. 0 when
 * there is none: they go as a batch. */
int store_facts(struct store *store, const struct head *head, uint64_t from,
                struct buf *out, uint64_t *next);
/* Through which n of this own origin answers were settled; 0 if it is none. */
uint64_t store_confirmed(struct store *store, const struct id *origin);
/* *applied is false for an old answer, of which nothing is new; *healed is true
 * when the hub turned out to have lost something, and it will be sent again. */
int store_settle_confirm(struct store *store, const struct confirm *confirm,
                         bool *applied, bool *healed, struct fault *fault);
int store_settle_welcome(struct store *store, const struct welcome *welcome,
                         struct fault *fault);
int store_settle_news(struct store *store, const struct news *news,
                      struct settled *out, struct fault *fault);
/* Read the payload of FRAME_TERSE_NEWS, which an answer tells behind `welcome`,
 * as news_read. An error: it must be told in full. */
int store_read_news(struct store *store, const struct welcome *welcome,
                    struct bytes payload, struct news *out);
int store_set_kinds(struct store *store, struct bytes text,
                    struct fault *fault);

/* Hub's half. `station` is one of those given to store_stations. */
struct station {
    const char *name;
    const char *org;
    int64_t wall_ms;            /* the hub's clock when it asks, as evidence */
};
/* Make known who may speak; a new organisation gets its news from the start. */
int store_stations(struct store *store, const struct station *list, int count,
                   struct fault *fault);
int store_take_hello(struct store *store, const struct station *station,
                     const struct hello *hello, struct fault *fault);
/* A batch of an ask that began with `hello`, as batch_read. */
int store_read_batch(struct store *store, const struct hello *hello,
                     struct bytes payload, struct batch *out,
                     struct fault *fault);
/* What a station said of itself in its last hello: evidence for people. */
struct health {
    int64_t contact_ms;         /* the hub's clock then */
    int64_t offset_ms;          /* its clock minus the hub's */
    uint64_t written, queued, parked, returned, aside;
};
/* 1, 0 when it never said anything, or an error. */
int store_health(struct store *store, const char *station,
                 struct health *out);
/* Decide a batch. What it already knows is passed over; a gap or a fork is
 * told by the next confirm. A long one is committed on the way. ERR_FORMAT: what
 * stands before the damage was taken. ERR_AGAIN, ERR_IO ...: the turn was lost,
 * and with it everything since the last commit; the asker comes again. */
#define FORKED_ALONE UINT64_MAX /* it goes on from nothing the hub believes */
struct taken {
    struct id origin;
    uint64_t count;             /* changes in it, if it was taken */
    uint64_t forked_at;         /* 0; the n under which another one is here; or
                                 * FORKED_ALONE */
};
int store_take(struct store *store, const struct station *station,
               const struct batch *batch, struct taken *out,
               struct fault *fault);
/* How often a turn was lost. An answer whose ask began before may rest on what
 * is not there any more, and must not be given. */
uint64_t store_turns_lost(const struct store *store);
/* Enter what this hub decided in a life it has lost, as the payload of
 * FRAME_FACTS tells it: verdicts and numbers stand, nothing is decided again.
 * Fails as store_take does; ERR_MAC when the receipt is not this hub's. */
int store_take_facts(struct store *store, const struct station *station,
                     struct bytes payload, struct taken *out,
                     struct fault *fault);
void store_welcome(struct store *store, const struct station *station,
                   struct welcome *out);
/* What the hub knows of `head`, from head->confirmed + 1 on, at most `max`
 * changes, and not from `forked_at` on unless that is 0; sets out->more. What
 * one confirm speaks of fits into one batch. */
int store_confirm(struct store *store, const struct station *station,
                  const struct head *head, uint64_t max, uint64_t forked_at,
                  struct confirm *out);
/* News of one stream after `cursor`, about `size` bytes before compression;
 * `*to` is the cursor to go on from. */
int store_news(struct store *store, const struct station *station,
               const struct hello *hello, const char *stream, uint64_t cursor,
               size_t size, struct buf *out, bool *more, uint64_t *to);
/* The same in an answer that began with `welcome`. Returns which frame it is: in a
 * few bytes where the station reads them; 0 where silence says the same. */
int store_say_news(struct store *store, const struct station *station,
                   const struct hello *hello, const struct welcome *welcome,
                   const char *stream, uint64_t cursor, size_t size,
                   struct buf *out, bool *more, uint64_t *to);

#endif
