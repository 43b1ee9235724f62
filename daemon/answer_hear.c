/* The hub hears an ask: head and hello first, then whatever comes, frame by
 * frame, each decided as it completes. */
#include "daemon/answering.h"

#include <string.h>

static int hear_head(struct answer *answer, struct bytes *rest,
                     struct fault *fault)
{
    const struct speaker *speaker;
    char name[STATION_MAX + 1];
    int rc = wire_head_read(&answer->in, rest, name);

    if (rc == 0)
        return 0;
    if (rc < 0)
        return fault_set(fault, rc, "ask", "this program speaks version %d",
                         WIRE_VERSION);
    speaker = answer->speaker(answer->user, name);
    if (speaker == NULL)
        return fault_set(fault, ERR_STATION, "station",
                         "it must be in the hub's stations.conf");
    memcpy(answer->name, name, sizeof name);
    answer->station = (struct station){answer->name, speaker->org,
                                       answer->wall_ms};
    memcpy(answer->in.key, speaker->key, sizeof answer->in.key);
    answer->out = answer->in;
    answer->out.answer = true;
    answer->greeted = true;
    return 1;
}

static int hear_hello(struct answer *answer, struct bytes payload,
                      struct fault *fault)
{
    int rc = answer->helloed ? ERR_FORMAT
                             : hello_read(payload, &answer->hello);

    if (rc < 0)
        return fault_set(fault, rc, "hello", "one, and whole");
    rc = store_take_hello(answer->store, &answer->station, &answer->hello,
                          fault);
    answer->helloed = rc == 0;
    if (rc == 0)
        answer->framing.room = answer->framing.heard.max;
    return rc;
}

static void note_forked(struct answer *answer, const struct id *origin,
                        uint64_t at)
{
    for (int i = 0; i < answer->hello.heads; i++)
        if (id_equal(&answer->hello.head[i].origin, origin) &&
            answer->forked_at[i] == 0)
            answer->forked_at[i] = at;
}

/* Only the store's own trouble ends the exchange: whatever is wrong with a
 * batch, the confirmation tells its sender how far the hub has come. */
static int heard(struct answer *answer, int rc, const struct taken *taken,
                 const struct fault *why, struct fault *fault)
{
    answer->taken += taken->count;
    switch (rc) {
    case ERR_IO:
    case ERR_FULL:
    case ERR_UNKNOWN:
    case ERR_NUMBERS:
    case ERR_AGAIN:
    case ERR_BUSY:
        *fault = *why;
        return rc;
    default:
        return 0;
    }
}

static int hear_batch(struct answer *answer, struct bytes payload,
                      struct fault *fault)
{
    struct batch batch;
    struct taken taken;
    struct fault why = {.err = 0};
    int rc = store_read_batch(answer->store, &answer->hello, payload, &batch,
                              &why);

    if (rc < 0)
        return 0;
    rc = store_take(answer->store, &answer->station, &batch, &taken, &why);
    if (taken.forked_at > 0)
        note_forked(answer, &batch.origin, taken.forked_at);
    batch_done(&batch);
    return heard(answer, rc, &taken, &why, fault);
}

static int hear_facts(struct answer *answer, struct bytes payload,
                      struct fault *fault)
{
    struct fault why = {.err = 0};
    struct taken taken;
    int rc = store_take_facts(answer->store, &answer->station, payload,
                              &taken, &why);

    if (taken.forked_at > 0)
        note_forked(answer, &taken.origin, taken.forked_at);
    return heard(answer, rc, &taken, &why, fault);
}

static int hear(struct answer *answer, int type, struct bytes payload,
                struct fault *fault)
{
    if (type == FRAME_HELLO)
        return hear_hello(answer, payload, fault);
    if (!answer->helloed)
        return fault_set(fault, ERR_FORMAT, "ask", "no hello");
    if (type == FRAME_BATCH)
        return hear_batch(answer, payload, fault);
    if (type == FRAME_FACTS)
        return hear_facts(answer, payload, fault);
    if (type == FRAME_END)
        answer->whole = true;
    /* Unknown ones are of a newer station. */
    return compared_hear(&answer->compared, type, payload, fault);
}

int answer_hear(void *user, struct bytes *rest, struct fault *fault)
{
    struct answer *answer = user;
    struct bytes payload;
    int type, rc;

    if (!answer->greeted)
        return hear_head(answer, rest, fault);
    if (answer->whole && rest->len > 0)
        return fault_set(fault, ERR_FORMAT, "ask", "bytes behind its end");
    rc = wire_frame_read(&answer->in, rest, &type, &payload);
    if (rc < 0)
        return fault_set(fault, rc, "ask", "check this station's secret");
    if (rc == 0)
        return 0;
    rc = hear(answer, type, payload, fault);
    return rc < 0 ? rc : 1;
}

int answer_feed(struct answer *answer, const uint8_t *data, size_t len,
                struct fault *fault)
{
    return framing_feed(&answer->framing, bytes_of(data, len), fault);
}
