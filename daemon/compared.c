#include "daemon/compared.h"

#include <stdlib.h>
#include <string.h>

struct compared {
    bool asked;                 /* there is an `ask` */
    struct digest_ask ask;
    int range;                  /* which of its ranges is told */
    struct range left;          /* of that one */
    char stream[STREAM_MAX + 1];        /* of the wants */
    struct want *want;
    int wants, told;
    int frames;
};

/* Once of each kind in an ask: what it costs the hub has a bound. */
static int hear_ask(struct compared *compared, struct bytes payload)
{
    int rc = compared->asked ? ERR_FORMAT
                             : digest_ask_read(payload, &compared->ask);

    compared->asked = rc == 0;
    compared->left = compared->ask.part[0].range;
    return rc;
}

static int hear_wants(struct compared *compared, struct bytes payload)
{
    int rc;

    if (compared->want != NULL)
        return ERR_FORMAT;
    compared->want = xmalloc(sizeof *compared->want * WANTS);
    rc = wants_read(payload, compared->stream, compared->want);
    compared->wants = rc > 0 ? rc : 0;
    return rc < 0 ? rc : 0;
}

int compared_hear(struct compared **compared, int type, struct bytes payload,
                  struct fault *fault)
{
    int rc;

    if (type != FRAME_DIGEST && type != FRAME_WANT)
        return 0;
    if (*compared == NULL) {
        *compared = xmalloc(sizeof **compared);
        memset(*compared, 0, sizeof **compared);
    }
    rc = type == FRAME_DIGEST ? hear_ask(*compared, payload)
                              : hear_wants(*compared, payload);
    return rc < 0 ? fault_set(fault, rc, "digest", "one, and whole") : 0;
}

void compared_free(struct compared *compared)
{
    if (compared == NULL)
        return;
    free(compared->want);
    free(compared);
}

static int say_wants(struct compared *compared, struct store *store,
                     const struct station *station, size_t room,
                     struct buf *payload)
{
    if (compared->told == compared->wants ||
        !store_may_compare(store, station, compared->stream))
        return 0;
    return store_tell_wants(store, compared->stream, compared->want,
                            compared->wants, &compared->told, room, payload);
}

static int say_range(struct compared *compared, struct store *store,
                     size_t room, struct buf *payload)
{
    const struct digest_ask *ask = &compared->ask;
    uint64_t grain = ask->part[compared->range].grain;
    bool over = false;
    int rc = grain == 0 ? store_tell_rows(store, ask->stream, room,
                                          &compared->left, &over, payload)
                        : store_tell_digests(store, ask->stream, grain, room,
                                             &compared->left, &over, payload);

    if (over && ++compared->range < ask->ranges)
        compared->left = ask->part[compared->range].range;
    return rc < 0 ? rc : grain == 0 ? FRAME_ROWS : FRAME_DIGESTS;
}

/* The type of the next frame, 0 for none. */
static int say_next(struct compared *compared, struct store *store,
                    const struct station *station, size_t room,
                    struct buf *payload)
{
    int rc = say_wants(compared, store, station, room, payload);

    if (rc < 0 || payload->len > 0)
        return rc < 0 ? rc : FRAME_MEND;
    if (!compared->asked || compared->range == compared->ask.ranges ||
        !store_may_compare(store, station, compared->ask.stream))
        return 0;
    return say_range(compared, store, room, payload);
}

int compared_say(struct compared *compared, struct store *store,
                 const struct station *station, struct wire *wire,
                 size_t *room, struct buf *out)
{
    struct buf payload;
    int type;

    if (compared == NULL || (compared->frames > 0 && *room == 0))
        return 0;
    buf_init(&payload, FRAME_MAX);
    type = say_next(compared, store, station,
                    *room < BATCH_SIZE_MAX ? *room : BATCH_SIZE_MAX,
                    &payload);
    if (type > 0) {
        wire_frame_write(wire, (enum frame_type)type, buf_view(&payload),
                         out);
        compared->frames++;
        *room -= payload.len < *room ? payload.len : *room;
    }
    buf_done(&payload);
    return type > 0 ? 1 : type;
}
