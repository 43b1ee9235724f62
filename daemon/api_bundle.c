/*
 * An exchange on a stick, through the door: the daemon may be another user than
 * the clerk who holds the stick, so it never sees a path, and files are made by
 * the command line.
 *
 * POST /api/pack, at a station: the reply is an ask. Query: bytes, at most
 * about so many. POST /api/unpack: the body is a bundle. At the hub, where it
 * is an ask, the reply is the answer, a bundle too; at a station the counts.
 */
#include "daemon/api.h"
#include "daemon/bundle.h"
#include "daemon/carry.h"
#include "daemon/log.h"
#include "daemon/os.h"
#include "daemon/room.h"

#include <stdlib.h>
#include <string.h>

enum { PACK_LEAST = 64 * 1024 };        /* a hello and a batch fit in */

struct carried {
    struct packing *packing;
    struct unpacking *unpacking;
    uint64_t number, bytes;     /* of what is to be packed */
    bool told;                  /* in the log, that it is done */
    struct fault refusal;       /* told at the end: a reply in the middle of a
                                 * body would be lost with the connection */
};

static struct carried *carried_new(struct request *request)
{
    struct carried *carried = xmalloc(sizeof *carried);

    memset(carried, 0, sizeof *carried);
    request->state = carried;
    return carried;
}

void api_bundle_drop(struct request *request)
{
    struct carried *carried = request->state;

    if (carried == NULL)
        return;
    packing_free(carried->packing);
    unpacking_free(carried->unpacking);
    free(carried);
}

/* ---- out ---- */

static void log_packed(struct carried *carried)
{
    const struct bundle_head *head = packing_head(carried->packing);
    const struct bundle_counts *counts = packing_counts(carried->packing);

    if (!carried->told)
        log_event(LOG_I, 6033, "bundle.packed",
                  "station=%s number=%llu answer=%d changes=%llu left=%llu",
                  head->station, (unsigned long long)head->number,
                  head->answer, (unsigned long long)counts->changes,
                  (unsigned long long)counts->left);
    carried->told = true;
}

static int bundle_fill(struct request *request)
{
    struct carried *carried = request->state;
    size_t before = request->reply.body.len;
    int rc = packing_fill(carried->packing, &request->reply.body);

    if (rc == 0 && request->reply.body.len == before)
        log_packed(carried);
    return rc;
}

static void reply_bundle(struct request *request, struct packing *packing)
{
    struct carried *carried = request->state;

    carried->packing = packing;
    carried->told = false;
    request->reply.type = BUNDLE_TYPE;
    request->reply.fill = bundle_fill;
    request->reply.slow = true;
}

int api_pack(struct request *request, struct fault *fault)
{
    const struct config *config = node_config(request->node);
    struct carried *carried = carried_new(request);
    int rc;

    if (config->hub)
        return fault_set(fault, ERR_USAGE, "",
                         "a hub only answers: unpack a station's bundle, and "
                         "the answer is written beside it");
    rc = api_number(request, "bytes", BUNDLE_ROOM, &carried->bytes, fault);
    if (rc == 0 &&
        (carried->bytes < PACK_LEAST || carried->bytes > BUNDLE_ROOM * 64ull))
        rc = fault_set(fault, ERR_VALUE, "bytes", "%d to %llu", PACK_LEAST,
                       BUNDLE_ROOM * 64ull);
    if (rc == 0)
        rc = carry_may(request->node, fault);
    if (rc == 0)
        rc = room_check(config, ROOM_TO_TALK, fault);
    if (rc < 0)
        return rc;
    rc = carry_number(request->node, &carried->number);
    return rc < 0 ? fault_set(fault, rc, "", "no number") : 0;
}

/* Behind the commit: what is packed was on disk before. */
int api_pack_ready(struct request *request, struct fault *fault)
{
    struct node *node = request->node;
    struct carried *carried = request->state;
    struct id ask_id;

    (void)fault;
    os_random(NULL, ask_id.b, ID_SIZE);
    reply_bundle(request,
                 packing_ask(node_store(node), carry_name(node),
                             carry_key(node), &ask_id, carried->number,
                             (size_t)carried->bytes, os_wall_ms()));
    return 0;
}

/* ---- in ---- */

int api_unpack_begin(struct request *request, struct fault *fault)
{
    struct node *node = request->node;
    struct carried *carried = carried_new(request);

    carried->unpacking =
        node_config(node)->hub
            ? unpacking_ask(node_store(node), carry_speaker, node,
                            os_wall_ms())
            : unpacking_answer(node_store(node), carry_name(node),
                               carry_key(node), os_wall_ms());
    return carry_may(node, fault);
}

/* Its name is whatever stands in the file: it may not write into the log. */
static void refuse(struct carried *carried, int rc, const struct fault *fault)
{
    const struct bundle_head *head = unpacking_head(carried->unpacking);

    log_event(LOG_W, 6035, "bundle.refuse", "station=%s code=YZ%04d",
              station_name_valid(head->station) ? head->station : "-",
              err_code(rc));
    carried->refusal = *fault;
    carried->refusal.err = rc;
}

int api_unpack_piece(struct request *request, struct bytes data,
                     struct fault *fault)
{
    struct carried *carried = request->state;
    int rc;

    if (carried->refusal.err != 0)
        return 0;
    rc = room_check(node_config(request->node), ROOM_TO_TALK, fault);
    if (rc == 0)
        rc = unpacking_feed(carried->unpacking, data, fault);
    if (rc < 0)
        refuse(carried, rc, fault);
    return 0;
}

int api_unpack_end(struct request *request, struct fault *fault)
{
    struct carried *carried = request->state;
    struct asked asked;
    int rc = carried->refusal.err == 0
                 ? unpacking_end(carried->unpacking, fault) : 0;

    if (rc < 0)
        refuse(carried, rc, fault);
    *fault = carried->refusal;
    if (fault->err == 0 && unpacking_asked(carried->unpacking, &asked))
        carry_settled(request->node, &asked);
    return fault->err;
}

static int reply_counts(struct request *request, struct fault *fault)
{
    struct carried *carried = request->state;
    const struct bundle_head *head = unpacking_head(carried->unpacking);
    struct store_status status;
    struct asked asked;
    bool counts = unpacking_asked(carried->unpacking, &asked);
    int rc = store_status(node_store(request->node), &status);
    json_t *out;

    if (rc < 0)
        return fault_set(fault, rc, "", "no status");
    out = json_pack("{s:s, s:s, s:I, s:b}", "direction", "answer", "station",
                    head->station, "number", (json_int_t)head->number,
                    "overtaken", !counts);
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"up", asked.confirmed},      {"down", asked.down},
        {"taken", asked.taken},       {"parked", asked.parked},
        {"returned", asked.returned}, {"aside", asked.aside},
        {"queued", status.count[STATE_QUEUED]},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        json_object_set_new(out, rows[i].name,
                            json_integer((json_int_t)rows[i].count));
    json_object_set_new(out, "more", json_boolean(counts && asked.more));
    api_reply(request, out);
    return 0;
}

int api_unpack_ready(struct request *request, struct fault *fault)
{
    struct carried *carried = request->state;
    const struct bundle_head *head = unpacking_head(carried->unpacking);

    log_event(LOG_I, 6034, "bundle.unpacked", "station=%s number=%llu",
              head->station, (unsigned long long)head->number);
    if (!node_config(request->node)->hub)
        return reply_counts(request, fault);
    reply_bundle(request, unpacking_reply(carried->unpacking));
    return 0;
}
