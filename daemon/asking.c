/*
 * The station's half of the conversation: what it says, and in asking_hear.c what
 * it is answered.
 *
 * Happy path: hello, batches from the first change that no answer confirmed,
 * end; then the answer's welcome, confirmations, news, end, each settled as it
 * completes. What can fail: the store (nothing more is read), a frame that is
 * not the hub's (nothing of it counts), a cut (what was settled stays).
 */
#include "daemon/asking.h"

#include <stdlib.h>
#include <string.h>

enum { COMPARED_ROOM = 256 * 1024 };    /* its frames wait in memory */
/* A hello that goes alone must come through where nothing else does: it names the
 * origin with the oldest changes that no answer confirmed, and no other. With
 * what the station wrote unnamed, the hub would tell it as news: few will do. */
static void name_oldest(struct asking *asking)
{
    struct hello *hello = &asking->hello;

    if (hello->heads < 2)
        return;
    hello->head[0] = hello->head[1];
    hello->heads = 1;
    hello->room = 0;
    asking->left = true;
}

struct asking *asking_new(struct store *store, const char *station,
                          const uint8_t key[32], const struct id *ask_id,
                          const struct asking_plan *plan, struct later *later,
                          int64_t wall_ms)
{
    struct asking *asking = xmalloc(sizeof *asking);

    memset(asking, 0, sizeof *asking);
    asking->store = store;
    memcpy(asking->station, station, strnlen(station, STATION_MAX));
    asking->later = later;
    asking->bytes = SIZE_MAX;
    memcpy(asking->out.key, key, 32);
    memcpy(asking->out.ask_id, ask_id->b, ID_SIZE);
    asking->in = asking->out;
    asking->in.answer = true;
    buf_init(&asking->saying, FRAME_MAX + 256);
    asking->framing = (struct framing){.room = FRAME_MAX + 64,
                                       .take = asking_hear,
                                       .user = asking,
                                       .what = "answer"};
    buf_init(&asking->framing.heard, FRAME_MAX + 64);
    if (plan == NULL)
        return asking;
    asking->plan = *plan;
    asking->rc = store_hello(store, &asking->hello);
    if (later != NULL)
        later_tell(later, &asking->hello);
    asking->hello.room = plan->room;
    asking->hello.wall_ms = wall_ms;
    asking->hello.brief = plan->brief && asking->hello.last.told;
    asking->hello.brief_confirm = asking->hello.brief;
    asking->brief = asking->hello.brief && store_speaks_briefly(store);
    for (int i = 0; i < asking->hello.heads && asking->brief; i++)
        asking->hello.head[i].untold = asking->hello.head[i].has_parent &&
                                       asking->hello.head[i].confirmed > 0;
    if (plan->hello_only)
        name_oldest(asking);
    return asking;
}

bool asking_brief(const struct asking *asking)
{
    return asking->brief;
}

void asking_compare(struct asking *asking, struct reconcile *reconcile)
{
    if (reconcile == NULL || asking->plan.hello_only)
        return;
    asking->reconcile = reconcile;
    if (asking->hello.room > COMPARED_ROOM)
        asking->hello.room = COMPARED_ROOM;
}

void asking_bound(struct asking *asking, size_t bytes)
{
    asking->bytes = bytes;
}

void asking_free(struct asking *asking)
{
    if (asking == NULL)
        return;
    buf_done(&asking->saying);
    buf_done(&asking->framing.heard);
    free(asking);
}

/* ---- saying ---- */

static void say_hello(struct asking *asking)
{
    struct buf payload;

    buf_init(&payload, FRAME_MAX);
    hello_write(&asking->hello, &payload);
    wire_head_write(&asking->out, asking->station, &asking->saying);
    wire_frame_write(&asking->out, FRAME_HELLO, buf_view(&payload),
                     &asking->saying);
    buf_done(&payload);
    asking->phase = asking->plan.hello_only ? SAY_END : SAY_BATCHES;
    /* Parents before children: the newest origin stands first in the hello,
     * and is packed last. */
    asking->head = asking->hello.heads > 1 ? 1 : 0;
}

static void next_head(struct asking *asking)
{
    asking->next = 0;
    if (asking->head == 0)
        asking->phase = SAY_END;
    else
        asking->head = (asking->head + 1) % asking->hello.heads;
}

static int say_batch(struct asking *asking)
{
    const struct head *head = &asking->hello.head[asking->head];
    uint64_t from = asking->next > 0 ? asking->next : head->confirmed + 1;
    enum frame_type type;
    struct buf payload;
    uint64_t next;
    int count;

    if (asking->hello.heads == 0 || asking->batches == asking->plan.batches ||
        asking->asked.gone_up >= asking->bytes) {
        asking->left = asking->hello.heads > 0;
        asking->phase = SAY_END;
        return 0;
    }
    if (from > head->n) {
        next_head(asking);
        return 0;
    }
    buf_init(&payload, FRAME_MAX);
    type = FRAME_FACTS;
    count = store_facts(asking->store, head, from, &payload, &next);
    if (count == 0) {
        type = FRAME_BATCH;
        count = store_say_batch(asking->store, &asking->hello, head, from,
                                asking->plan.batch_size, &payload, &next);
        asking->terse |= count > 0 && batch_terse(buf_view(&payload));
    }
    if (count > 0) {
        wire_frame_write(&asking->out, type, buf_view(&payload),
                         &asking->saying);
        asking->batches++;
        asking->asked.up += (uint64_t)count;
    }
    buf_done(&payload);
    asking->next = next;
    if (next == 0)
        next_head(asking);
    return count < 0 ? count : 0;
}

static int say_more(struct asking *asking)
{
    buf_clear(&asking->saying);
    asking->said = 0;
    switch (asking->phase) {
    case SAY_HEAD:
        /* Half a hello would have the whole register told once more. */
        if (asking->rc < 0)
            return asking->rc;
        reached(asking->store, REACH_ASK);
        say_hello(asking);
        return 0;
    case SAY_BATCHES:
        return say_batch(asking);
    case SAY_END:
        reconcile_say(asking->reconcile, &asking->out, &asking->saying);
        wire_frame_write(&asking->out, FRAME_END, bytes_of("", 0),
                         &asking->saying);
        asking->phase = SAID;
        return 0;
    case SAID:
        break;
    }
    return 0;
}

long asking_read(struct asking *asking, uint8_t *out, size_t max)
{
    size_t left;

    while (asking->said == asking->saying.len && asking->phase != SAID) {
        int rc = say_more(asking);

        if (rc < 0)
            return rc;
    }
    left = asking->saying.len - asking->said;
    if (left > max)
        left = max;
    if (left > 0)
        memcpy(out, asking->saying.data + asking->said, left);
    asking->said += left;
    asking->asked.gone_up += left;
    return (long)left;
}
