/*
 * The conversation: ask, answer, settle. Both ends and the bundle link this one
 * file. It knows no socket and no clock: bytes go in, bytes come out.
 *
 * The station: asking_new -> asking_read until it gives 0 (the body to send)
 * -> settle_feed with every piece of the answer -> settle_end.
 * The hub: answer_new -> answer_feed with every piece of the ask -> answer_end
 * -> (commit) -> answer_read until it gives 0 -> answer_free.
 *
 * Each batch and each frame of news is applied as it completes and becomes
 * durable with the commit of that turn; a cut loses at most the frame that was
 * on the wire.
 */
#ifndef YZ_EXCHANGE_H
#define YZ_EXCHANGE_H

#include "daemon/later.h"
#include "store/peer.h"

/* Media type of an ask and of an answer. */
#define EXCHANGE_TYPE "application/vnd.yizhan.exchange"

/* ---- station ---- */

struct asking;

struct asking_plan {            /* from core_step */
    bool hello_only;
    size_t batch_size;          /* bytes before compression, 1 to 256 KiB */
    int batches;                /* at most so many in this ask */
    size_t room;                /* bytes of news the answer may bring */
    bool brief;                 /* it may leave out what says nothing */
};

struct asked {                  /* what came of it */
    bool whole;                 /* the answer came to its end */
    bool proven;                /* at least its welcome was the hub's */
    bool more;                  /* there is more to send or to take in */
    bool healed;                /* the hub had lost something: sent again next */
    uint64_t up, confirmed, down;
    bool terse;                 /* some of it was told in few bytes */
    uint64_t gone_up;           /* bytes */
    uint64_t came_down;
    int64_t hub_wall_ms;        /* 0 if not proven */
    uint64_t taken, parked, returned, aside;
};

/* `later` may keep large confirmations; NULL: all are settled at once. `plan` may
 * be NULL: nothing is asked, only the answer to an ask of before is settled. */
struct asking *asking_new(struct store *store, const char *station,
                          const uint8_t key[32], const struct id *ask_id,
                          const struct asking_plan *plan, struct later *later,
                          int64_t wall_ms);
/* Let a comparison ride along (not behind a cut, when a hello goes alone). */
struct reconcile;
void asking_compare(struct asking *asking, struct reconcile *reconcile);
/* No further batch behind so many bytes. */
void asking_bound(struct asking *asking, size_t bytes);
/* Does it leave out what the hub knows? Then HTTP may, too. */
bool asking_brief(const struct asking *asking);
void asking_free(struct asking *asking);
/* Up to `max` bytes of the ask; 0 at its end; negative ERR_*. */
long asking_read(struct asking *asking, uint8_t *out, size_t max);
/* Take in a piece of the answer. ERR_PORTAL when it is not the hub's. */
int settle_feed(struct asking *asking, const uint8_t *data, size_t len,
                struct fault *fault);
void settle_end(struct asking *asking, struct asked *out);

/* ---- hub ---- */

struct answer;

/* Who may speak: fills org and key of the station with this name, or false. */
struct speaker {
    const char *name;
    const char *org;
    uint8_t key[32];
};
typedef const struct speaker *(*speaker_fn)(void *user, const char *station);

struct answer *answer_new(struct store *store, speaker_fn speaker, void *user,
                          int64_t wall_ms);
void answer_free(struct answer *answer);
/* ERR_STATION, ERR_MAC, ERR_FORMAT, ERR_SIZE ...: nothing more is read. */
int answer_feed(struct answer *answer, const uint8_t *data, size_t len,
                struct fault *fault);
/* The ask is complete (its end frame came)? */
bool answer_whole(const struct answer *answer);
/* Name of the station that asks, "" before its head was read. */
const char *answer_station(const struct answer *answer);
long answer_read(struct answer *answer, uint8_t *out, size_t max);
/* Is the next piece of it much work? */
bool answer_slow(const struct answer *answer);
/* Changes decided for this ask, for the log. */
uint64_t answer_taken(const struct answer *answer);

#endif
