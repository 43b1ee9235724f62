/*
 * An exchange on a stick, through the door: the daemon may be another user than
 * the clerk who holds the stick, so it never sees a path, and files are made by
 * the command line.
 *
 * POST /api/pack, at a station: the reply is an ask. Query: bytes, at most
 * about so many. POST /api/unpack: the body is a bundle, kept in a nameless
 * temporary file and taken in by a job, as a small answer may confirm a million
 * changes. At the hub, where it is an ask, the reply is the answer, a bundle too;
 * at a station the counts.
 */
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/bundle.h"
#include "daemon/carry.h"
#include "daemon/gate.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/open.h"
#include "daemon/os.h"
#include "daemon/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACK_LEAST = 64 * 1024,     /* a hello and a batch fit in */
    READ_STEP = 16 * 1024       /* of a file that is unpacked */
};

struct carried {
    struct request *request;
    struct packing *packing;
    uint64_t number, bytes;     /* of what is to be packed */
    bool told;                  /* in the log, that it is packed */
    struct unpacking *unpacking;
    FILE *spool;
    bool ended;                 /* all of it was read */
    struct job job;
};

static struct carried *carried_new(struct request *request)
{
    struct carried *carried = xmalloc(sizeof *carried);

    memset(carried, 0, sizeof *carried);
    carried->request = request;
    request->state = carried;
    return carried;
}

void api_bundle_drop(struct request *request)
{
    struct carried *carried = request->state;

    if (carried == NULL)
        return;
    job_forget(request->node, &carried->job);
    packing_free(carried->packing);
    unpacking_free(carried->unpacking);
    if (carried->spool != NULL)
        fclose(carried->spool);
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
    return rc < 0 ? fault_set(fault, rc, "", "no number")
                  : audit_asked(request, fault, "pack", "number=%llu",
                                (unsigned long long)carried->number);
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

static int spool_fault(struct fault *fault)
{
    return fault_set(fault, errno == ENOSPC ? ERR_FULL : ERR_IO, "",
                     "the temporary file: %s", strerror(errno));
}

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
    carried->spool = tmpfile();
    return carried->spool == NULL ? spool_fault(fault)
                                  : carry_may(node, fault);
}

int api_unpack_piece(struct request *request, struct bytes data,
                     struct fault *fault)
{
    struct carried *carried = request->state;

    return fwrite(data.data, 1, data.len, carried->spool) == data.len
               ? 0 : spool_fault(fault);
}

/* More of the file, as much as there surely is room for. */
static int read_more(struct carried *carried, struct fault *fault)
{
    uint8_t piece[READ_STEP];
    size_t got = fread(piece, 1, sizeof piece, carried->spool);

    if (ferror(carried->spool))
        return spool_fault(fault);
    carried->ended = got < sizeof piece;
    unpacking_hold(carried->unpacking, bytes_of(piece, got));
    return room_check(node_config(carried->request->node), ROOM_TO_TALK,
                      fault);
}

static int on_step(void *user, struct fault *fault)
{
    struct carried *carried = user;
    int rc = unpacking_step(carried->unpacking, carried->ended, fault);

    if (rc != 0 || carried->ended)
        return rc;
    rc = read_more(carried, fault);
    return rc < 0 ? rc : 1;
}

/* Its name is whatever stands in the file: it may not write into the log. */
static void on_done(void *user, int rc, const struct fault *fault)
{
    struct carried *carried = user;
    const struct bundle_head *head = unpacking_head(carried->unpacking);
    const char *name = station_name_valid(head->station) ? head->station : "-";
    struct fault told = *fault;
    struct asked asked;

    told.err = rc;
    if (rc < 0)
        log_event(LOG_W, 6035, "bundle.refuse", "station=%s code=YZ%04d", name,
                  err_code(rc));
    else
        log_event(LOG_I, 6034, "bundle.unpacked", "station=%s number=%llu",
                  name, (unsigned long long)head->number);
    audit_ended(carried->request, "unpack", "%s %s number=%llu",
                rc < 0 ? "refused" : "done", name,
                (unsigned long long)head->number);
    if (rc == 0 && node_opened(carried->request->node)->devices)
        told.err = gate_came(node_store(carried->request->node), BY_STICK,
                             name, os_wall_ms());
    if (rc == 0 && unpacking_asked(carried->unpacking, &asked))
        carry_settled(carried->request->node, &asked);
    request_done(carried->request, &told);
}

int api_unpack_end(struct request *request, struct fault *fault)
{
    struct carried *carried = request->state;

    if (fflush(carried->spool) != 0 ||
        fseek(carried->spool, 0, SEEK_SET) != 0)
        return spool_fault(fault);
    carried->job = (struct job){
        .step = on_step, .done = on_done, .user = carried, .writes = true};
    request->later = true;
    job_begin(request->node, &carried->job);
    return 0;
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

    if (!node_config(request->node)->hub)
        return reply_counts(request, fault);
    reply_bundle(request, unpacking_reply(carried->unpacking));
    return 0;
}
