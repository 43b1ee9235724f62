/*
 * Unpacking.
 *
 * Happy path: the head, which names the station and so the key; then chunk by
 * chunk what the two halves of the conversation hear, as from a line; at the
 * end the last chunk, which proves that nothing is missing.
 * What can fail: it is no bundle, or another machine's (nothing of it is
 * opened); a chunk does not open (what stands before it was proven and stays);
 * the conversation refuses what it hears, as it would by line.
 */
#include "daemon/bundling.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the message heard at a time: no more than a frame or two, as one may
 * confirm thousands of changes. */
enum { STEP = 128 };

struct unpacking {
    struct store *store;
    int64_t wall_ms;
    bool hub;
    speaker_fn speaker;         /* at the hub */
    void *user;
    char station[STATION_MAX + 1];      /* at a station: its name and key */
    uint8_t key[32];
    struct bundle_reader reader;
    struct answer *answer;      /* at the hub, from the head on */
    struct asking *asking;      /* at a station, from the first chunk on */
    size_t heard;               /* of reader.plain */
    bool last;                  /* the last chunk was opened */
    bool overtaken;             /* by a newer life of the hub */
};

static struct unpacking *unpacking_new(struct store *store, int64_t wall_ms)
{
    struct unpacking *unpacking = xmalloc(sizeof *unpacking);

    memset(unpacking, 0, sizeof *unpacking);
    unpacking->store = store;
    unpacking->wall_ms = wall_ms;
    bundle_reader_init(&unpacking->reader);
    return unpacking;
}

struct unpacking *unpacking_ask(struct store *store, speaker_fn speaker,
                                void *user, int64_t wall_ms)
{
    struct unpacking *unpacking = unpacking_new(store, wall_ms);

    unpacking->hub = true;
    unpacking->speaker = speaker;
    unpacking->user = user;
    return unpacking;
}

struct unpacking *unpacking_answer(struct store *store, const char *station,
                                   const uint8_t key[32], int64_t wall_ms)
{
    struct unpacking *unpacking = unpacking_new(store, wall_ms);

    memcpy(unpacking->station, station, strnlen(station, STATION_MAX));
    memcpy(unpacking->key, key, sizeof unpacking->key);
    return unpacking;
}

void unpacking_free(struct unpacking *unpacking)
{
    if (unpacking == NULL)
        return;
    answer_free(unpacking->answer);
    asking_free(unpacking->asking);
    bundle_reader_done(&unpacking->reader);
    sodium_memzero(unpacking->key, sizeof unpacking->key);
    free(unpacking);
}

const struct bundle_head *unpacking_head(const struct unpacking *unpacking)
{
    return &unpacking->reader.head;
}

const struct bundle_counts *
unpacking_counts(const struct unpacking *unpacking)
{
    return &unpacking->reader.counts;
}

bool unpacking_asked(struct unpacking *unpacking, struct asked *out)
{
    memset(out, 0, sizeof *out);
    if (unpacking->asking != NULL)
        settle_end(unpacking->asking, out);
    return !unpacking->overtaken;
}

struct packing *unpacking_reply(struct unpacking *unpacking)
{
    struct bundle_head head = unpacking->reader.head;
    struct packing *packing;

    head.answer = true;
    packing = packing_new(&head, unpacking->key);
    packing->answer = unpacking->answer;
    return packing;
}

/* ---- whose it is ---- */

static int head_at_hub(struct unpacking *unpacking, struct fault *fault)
{
    const struct bundle_head *head = &unpacking->reader.head;
    const struct speaker *speaker;

    if (head->answer)
        return fault_set(fault, ERR_ASTRAY, "",
                         "an answer: unpack it at station %s", head->station);
    speaker = unpacking->speaker(unpacking->user, head->station);
    if (speaker == NULL)
        return fault_set(fault, ERR_STATION, "station",
                         "%s must be in the hub's stations.conf",
                         head->station);
    memcpy(unpacking->key, speaker->key, sizeof unpacking->key);
    unpacking->answer = answer_new(unpacking->store, unpacking->speaker,
                                   unpacking->user, unpacking->wall_ms);
    return 0;
}

static int head_at_station(struct unpacking *unpacking, struct fault *fault)
{
    const struct bundle_head *head = &unpacking->reader.head;

    if (!head->answer)
        return fault_set(fault, ERR_ASTRAY, "",
                         "station %s asks with it: unpack it at the hub, and "
                         "bring the answer here", head->station);
    if (strcmp(head->station, unpacking->station) != 0)
        return fault_set(fault, ERR_ASTRAY, "",
                         "it is the answer to station %s: unpack it there",
                         head->station);
    return 0;
}

static int hear_head(struct unpacking *unpacking, struct fault *fault)
{
    uint8_t key[32];
    int rc = unpacking->hub ? head_at_hub(unpacking, fault)
                            : head_at_station(unpacking, fault);

    if (rc < 0)
        return rc;
    bundle_key(unpacking->key, key);
    bundle_unlock(&unpacking->reader, key);
    sodium_memzero(key, sizeof key);
    return 0;
}

/* ---- what it says ---- */

/* The answer names its ask, of which a station keeps nothing: that it is an
 * answer to this station its key has proven. */
static int begin_answer(struct unpacking *unpacking, struct bytes plain,
                        struct fault *fault)
{
    struct id ask_id;

    if (plain.len < WIRE_HEAD + ID_SIZE)
        return fault_set(fault, ERR_TORN, "", "it holds no answer");
    memcpy(ask_id.b, plain.data + WIRE_HEAD, ID_SIZE);
    unpacking->asking = asking_new(unpacking->store, unpacking->station,
                                   unpacking->key, &ask_id, NULL, NULL, 0);
    return 0;
}

static int hear_answer(struct unpacking *unpacking, struct bytes plain,
                       struct fault *fault)
{
    int rc = 0;

    if (unpacking->overtaken)
        return 0;
    if (unpacking->asking == NULL)
        rc = begin_answer(unpacking, plain, fault);
    if (rc == 0)
        rc = settle_feed(unpacking->asking, plain.data, plain.len, fault);
    unpacking->overtaken = rc == ERR_VERSION &&
                           strcmp(fault->field, "life") == 0;
    return unpacking->overtaken ? 0 : rc;
}

static int hear(struct unpacking *unpacking, struct fault *fault)
{
    const struct buf *plain = &unpacking->reader.plain;
    size_t left = plain->len - unpacking->heard;
    struct bytes piece = bytes_of(plain->data + unpacking->heard,
                                  left < STEP ? left : STEP);

    unpacking->heard += piece.len;
    return unpacking->hub ? answer_feed(unpacking->answer, piece.data,
                                        piece.len, fault)
                          : hear_answer(unpacking, piece, fault);
}

/* Before the first chunk opened, a wrong secret looks like damage. */
static int refuse(const struct unpacking *unpacking, int rc,
                  struct fault *fault)
{
    if (rc == ERR_BUNDLE)
        return fault_set(fault, rc, "", "it does not begin like one");
    if (rc == ERR_VERSION)
        return fault_set(fault, rc, "bundle",
                         "this program reads version %d", BUNDLE_VERSION);
    if (!unpacking->reader.begun)
        return fault_set(fault, rc, "", "nothing of it was taken in");
    if (unpacking->reader.chunks == 0)
        return fault_set(fault, rc, "",
                         "nothing of it was taken in; or the secret of %s is "
                         "not the same here and there",
                         unpacking->reader.head.station);
    return fault_set(fault, rc, "",
                     "what stands before the damage was taken in, nothing "
                     "behind it");
}

/* Which ask it answers nobody remembers. If nothing of that was confirmed, the
 * hub may have been unable to read it in few bytes: the next goes in full. */
static int end_answer(struct unpacking *unpacking, struct fault *fault)
{
    struct asked asked;

    if (!unpacking_asked(unpacking, &asked))
        return 0;
    if (!asked.whole)
        return fault_set(fault, ERR_TORN, "", "it ends too early");
    if (asked.confirmed == 0)
        store_speak_in_full(unpacking->store);
    return 0;
}

static int end(struct unpacking *unpacking, struct fault *fault)
{
    if (!unpacking->hub)
        return end_answer(unpacking, fault);
    return answer_whole(unpacking->answer)
               ? 0 : fault_set(fault, ERR_TORN, "", "it ends too early");
}

int unpacking_step(struct unpacking *unpacking, bool ended,
                   struct fault *fault)
{
    struct bundle_reader *reader = &unpacking->reader;
    int rc;

    if (unpacking->heard < reader->plain.len) {
        rc = hear(unpacking, fault);
        return rc < 0 ? rc : 1;
    }
    if (unpacking->last)
        return end(unpacking, fault);
    rc = bundle_next(reader);
    if (rc == BUNDLE_MORE && !ended)
        return 0;
    if (rc == BUNDLE_MORE) {
        rc = bundle_last(reader);
        unpacking->last = true;
    }
    if (rc < 0)
        return refuse(unpacking, rc, fault);
    unpacking->heard = 0;
    if (rc == BUNDLE_HEAD)
        rc = hear_head(unpacking, fault);
    return rc < 0 ? rc : 1;
}

size_t unpacking_hold(struct unpacking *unpacking, struct bytes bytes)
{
    return bundle_hold(&unpacking->reader, bytes);
}
