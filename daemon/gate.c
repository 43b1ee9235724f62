/*
 * An exchange at the hub: the ask is taken in as it comes, so each whole batch
 * is committed with the turn it came in, also while the ask still runs. Once
 * all of it came, and its commit is on disk, the answer is drawn piece by
 * piece from the store. Nothing is kept of it afterwards.
 *
 * What can fail: the ask ends early (what came stays, no answer), it is no ask
 * of ours or of a stranger (refused, nothing more is read), the line goes away
 * while the answer runs (the next ask says how far it came).
 */
#include "daemon/gate.h"
#include "daemon/exchange.h"
#include "daemon/log.h"
#include "daemon/node.h"
#include "daemon/room.h"
#include "daemon/open.h"
#include "daemon/os.h"

#include <stdlib.h>
#include <string.h>

/* Who is enrolled speaks under its own name, over its own key: asked with each
 * request, so a revocation counts at once. */
static const struct speaker *find(void *user, const char *name)
{
    const struct request *request = user;
    struct opened *open = node_opened(request->node);

    return open->devices
               ? devices_speaker(open->devices, request->pin, name)
               : stations_find(open->stations, name);
}

/* A stranger is told so, and nothing of his is looked at. Not before his body
 * came: a reply in its middle could be lost with the connection. */
static int know(const struct request *request, struct fault *fault)
{
    const struct devices *devices = node_opened(request->node)->devices;
    const struct device *device;

    if (!devices)
        return 0;
    if (!request->keyed)
        return fault_set(fault, ERR_STATION, "", "it shows no key");
    device = devices_of(devices, request->pin);
    if (!device)
        return fault_set(fault, ERR_STATION, "", "its key is not enrolled "
                         "here");
    return device->revoked ? fault_set(fault, ERR_REVOKED, "", "%s",
                                       device->name) : 0;
}

static int gate_begin(struct request *request, struct fault *fault)
{
    struct stamp now = node_stamp(request->node);

    (void)fault;
    request->state = answer_new(node_store(request->node), find, request,
                                now.wall_ms);
    return 0;
}

/* A stranger's name is whatever was sent: it may not write into the log. */
static const char *station_of(const struct request *request)
{
    const char *name =
        request->state ? answer_station(request->state) : "";

    return station_name_valid(name) ? name : "-";
}

/* Whose two requests are, as far as that is proven: by key at once, by a shared
 * secret once the whole ask is there. */
static bool is_same(const struct request *one, const struct request *other)
{
    return one->keyed && other->keyed
               ? memcmp(one->pin, other->pin, sizeof one->pin) == 0
               : strcmp(station_of(one), station_of(other)) == 0;
}

/* One exchange of a station at a time, and not too often: who floods within its
 * rights waits, and nobody else. The newest counts: the line of an older one may
 * be dead without anybody having heard of it. */
static int admit(struct request *request, const char *name,
                 struct fault *fault)
{
    struct request *at = request;
    int64_t wait = quota_take(&node_opened(request->node)->quota, name,
                              os_mono_ms());

    request->admitted = true;
    request->reply.wait_ms = wait;
    if (wait > 0)
        return fault_set(fault, ERR_AGAIN, "", "%s comes too often", name);
    while (at->prev)
        at = at->prev;
    for (; at; at = at->next)
        if (at != request && at->state && is_same(at, request))
            request_abort(at);
    return 0;
}

static int look_at_key(struct request *request, struct fault *fault)
{
    const struct devices *devices = node_opened(request->node)->devices;
    int rc = know(request, fault);

    return rc < 0 || !devices || request->admitted
               ? rc
               : admit(request, devices_of(devices, request->pin)->name,
                       fault);
}

static int gate_piece(struct request *request, struct bytes data,
                      struct fault *fault)
{
    bool known = answer_station(request->state)[0] != '\0';
    int rc = room_check(node_config(request->node), ROOM_TO_TALK, fault);

    if (rc == 0 && !known)
        rc = look_at_key(request, fault);
    if (rc == 0)
        rc = answer_feed(request->state, data.data, data.len, fault);
    if (rc < 0)
        log_event(LOG_W, 8010, "exchange.refuse", "station=%s code=YZ%04d",
                  station_of(request), err_code(rc));
    return rc;
}

enum { MARK_TEXT = STATION_MAX + 8 };

static const char *mark(const char *by, const char *station,
                        char out[MARK_TEXT])
{
    snprintf(out, MARK_TEXT, "%s.%s", by, station);
    return out;
}

int gate_came(struct store *store, const char *by, const char *station,
              int64_t wall_ms)
{
    char name[MARK_TEXT];

    return store_remember(store, mark(by, station, name), wall_ms);
}

int64_t gate_came_ms(struct store *store, const char *by, const char *station)
{
    char name[MARK_TEXT];

    return store_recall(store, mark(by, station, name));
}

static int gate_end(struct request *request, struct fault *fault)
{
    struct opened *open = node_opened(request->node);
    int rc = 0;

    if (!answer_whole(request->state))
        return fault_set(fault, ERR_FORMAT, "", "the ask ends too early");
    if (!request->admitted)
        rc = admit(request, station_of(request), fault);
    if (rc == 0 && open->devices &&
        gate_came(open->store, BY_LINE, station_of(request),
                  node_stamp(request->node).wall_ms) < 0)
        rc = fault_set(fault, ERR_IO, "", "the contact cannot be kept");
    return rc;
}

static int gate_fill(struct request *request)
{
    struct buf *body = &request->reply.body;
    uint8_t *room = buf_room(body, REPLY_STEP);
    long got;

    if (!room)
        return ERR_SIZE;
    got = answer_read(request->state, room, REPLY_STEP);
    request->reply.slow = answer_slow(request->state);
    body->len -= REPLY_STEP - (got > 0 ? (size_t)got : 0);
    return got < 0 ? (int)got : 0;
}

static int gate_ready(struct request *request, struct fault *fault)
{
    (void)fault;
    request->reply.type = EXCHANGE_TYPE;
    request->reply.fill = gate_fill;
    log_event(LOG_I, 2003, "exchange.done", "station=%s changes=%llu",
              station_of(request),
              (unsigned long long)answer_taken(request->state));
    return 0;
}

static void gate_drop(struct request *request)
{
    reached(node_store(request->node), REACH_ANSWER_GONE);
    answer_free(request->state);
    request->state = NULL;
}

const struct route gate_routes[] = {
    {
        .method = "POST",
        .path = "/exchange",
        .type = EXCHANGE_TYPE,
        .bare = true,
        .begin = gate_begin,
        .piece = gate_piece,
        .end = gate_end,
        .ready = gate_ready,
        .drop = gate_drop,
    },
    {
        .method = "POST",
        .path = "/enroll",
        .type = ENROL_TYPE,
        .max = NOTE_MAX - 1,
        .end = gate_enrol,
    },
    {0},
};
