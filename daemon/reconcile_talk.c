/* What an ask carries of comparing, and how the frames of its answer are worked
 * off. */
#include "daemon/reconciling.h"

#include <stdlib.h>
#include <string.h>

enum {
    SPLIT = 16,                 /* a chunk that differs is cut into so many */
    FEW = 64,                   /* so many cells are told as rows */
    ROUGH_MOST = 4096           /* differences of one frame of rows */
};

/* ---- saying ---- */

static int by_range(const void *a, const void *b)
{
    const struct grained *x = a, *y = b;

    return id_compare(&x->range.from, &y->range.from);
}

/* The newest spans first, so that what is open stays little. */
static void choose(struct reconcile *reconcile)
{
    while (reconcile->spans > 0 && reconcile->asks < RANGES)
        reconcile->asked[reconcile->asks++] =
            reconcile->span[--reconcile->spans];
    qsort(reconcile->asked, (size_t)reconcile->asks,
          sizeof reconcile->asked[0], by_range);
}

static void say_wants(struct reconcile *reconcile, const char *stream,
                      struct buf *payload)
{
    reconcile->wanted =
        reconcile->queued < WANTS ? reconcile->queued : WANTS;
    buf_bytes(payload, bytes_text(stream));
    buf_varint(payload, (uint64_t)reconcile->wanted);
    for (int i = 0; i < reconcile->wanted; i++)
        want_write(&reconcile->queue[i].on.want, payload);
}

static void say_digest(struct reconcile *reconcile, const char *stream,
                       struct buf *payload)
{
    struct digest_ask *ask = xmalloc(sizeof *ask);

    memcpy(ask->stream, stream, sizeof ask->stream);
    ask->ranges = reconcile->asks;
    memcpy(ask->part, reconcile->asked, sizeof reconcile->asked);
    digest_ask_write(ask, payload);
    free(ask);
}

void reconcile_say(struct reconcile *reconcile, struct wire *wire,
                   struct buf *out)
{
    char stream[STREAM_MAX + 1];
    struct buf payload;
    uint64_t seq;

    if (!reconcile_runs(reconcile) || reconcile->behind ||
        !store_stream(reconcile->store, stream, &seq))
        return;
    buf_init(&payload, FRAME_MAX);
    if (reconcile->queued > 0) {
        say_wants(reconcile, stream, &payload);
        wire_frame_write(wire, FRAME_WANT, buf_view(&payload), out);
        buf_clear(&payload);
    }
    if (reconcile->queued < WANTS)
        choose(reconcile);
    if (reconcile->asks > 0) {
        say_digest(reconcile, stream, &payload);
        wire_frame_write(wire, FRAME_DIGEST, buf_view(&payload), out);
    }
    buf_done(&payload);
}

/* ---- hearing ---- */

/* The asked span that a frame goes on with; NULL when it speaks of none. */
static struct grained *span_of(struct reconcile *reconcile,
                               const struct id *from, const struct id *to)
{
    reconcile->spoke = true;
    for (int i = 0; i < reconcile->asks; i++) {
        const struct range *range = &reconcile->asked[i].range;

        if (id_compare(&range->from, from) == 0 &&
            id_compare(to, &range->to) <= 0)
            return &reconcile->asked[i];
    }
    return NULL;
}

/* Did the hub tell of what this station has not heard yet? Then it proves no
 * difference, and is asked again behind the news. */
static bool ahead(struct reconcile *reconcile, uint64_t hub_seq)
{
    char stream[STREAM_MAX + 1];
    uint64_t seq;

    if (store_stream(reconcile->store, stream, &seq) && hub_seq <= seq)
        return false;
    reconcile->moving = true;
    return true;
}

static void span_on(struct reconcile *reconcile, struct grained *span,
                    const struct id *done)
{
    reconcile->heard++;
    if (id_compare(done, &span->range.to) >= 0) {
        *span = reconcile->asked[--reconcile->asks];
        return;
    }
    span->range.from = *done;
    id_next(&span->range.from);
}

/* 1 when this chunk is done with, 0 when it is to be asked for again. */
static int hear_chunk(struct reconcile *reconcile, const struct range *range,
                      const struct digest *sum, uint64_t hub_seq)
{
    int rc = store_agrees(reconcile->store, range, sum, &reconcile->sums);

    if (rc == 1)
        reconcile->view.cells += sum->cells;
    if (rc != 0 || ahead(reconcile, hub_seq))
        return rc;
    reconcile_push(reconcile, range,
                   sum->cells <= FEW                ? 0
                   : sum->cells / SPLIT < FEW / 2 ? FEW / 2
                                                    : sum->cells / SPLIT);
    return 1;
}

static int hear_chunks(struct reconcile *reconcile,
                       const struct digests *told)
{
    struct grained *span = span_of(reconcile, &told->from,
                                   &told->chunk[told->chunks - 1].to);
    struct range range = {.from = told->from};
    int rc = span != NULL;

    for (int i = 0; i < told->chunks && rc == 1; i++) {
        range.to = told->chunk[i].to;
        rc = hear_chunk(reconcile, &range, &told->chunk[i].sum, told->seq);
        if (rc == 1)
            span_on(reconcile, span, &range.to);
        range.from = range.to;
        id_next(&range.from);
    }
    return rc < 0 ? rc : 0;
}

static int hear_digests(struct reconcile *reconcile, struct bytes payload)
{
    struct digests *told = xmalloc(sizeof *told);
    int rc = digests_read(payload, told);

    if (rc == 0)
        rc = hear_chunks(reconcile, told);
    free(told);
    return rc;
}

static int hear_rows(struct reconcile *reconcile, struct bytes payload)
{
    struct rows rows;
    int rc = rows_read(payload, &rows);
    struct grained *span;

    if (rc < 0)
        return rc;
    span = span_of(reconcile, &rows.range.from, &rows.range.to);
    if (span == NULL || reconcile->queued >= WANTS ||
        ahead(reconcile, rows.seq))
        return 0;
    reached(reconcile->store, REACH_COMPARED);
    rc = store_compare(reconcile->store, &rows,
                       reconcile->view.repair ? WANTS : ROUGH_MOST,
                       reconcile_differs, reconcile, &reconcile->sums);
    if (rc == 0)
        span_on(reconcile, span, &rows.range.to);
    return rc;
}

static int hear_mend(struct reconcile *reconcile, struct bytes payload)
{
    int first = 0, next = 0, rc;
    struct fault fault;
    struct news told;

    rc = news_read(payload, &told);
    if (rc < 0)
        return rc;
    reconcile->spoke = true;
    if (told.from == (uint64_t)reconcile->told)
        rc = store_mend(reconcile->store, &told, reconcile->queue,
                        reconcile->wanted, &first, &next, &fault);
    news_done(&told);
    for (int i = first; i < next && rc == 0; i++)
        reconcile_mended(reconcile, &reconcile->queue[i]);
    if (rc == 0 && next > first) {
        reconcile->told = next;
        reconcile->heard++;
    }
    return rc;
}

void reconcile_hear(struct reconcile *reconcile, int type,
                    struct bytes payload)
{
    if (!reconcile_runs(reconcile) ||
        (type != FRAME_DIGESTS && type != FRAME_ROWS && type != FRAME_MEND) ||
        reconcile->frames.max - reconcile->frames.len < payload.len + 16)
        return;                 /* what has no room is asked for again */
    buf_u8(&reconcile->frames, (uint8_t)type);
    buf_bytes(&reconcile->frames, payload);
}

bool reconcile_waits(const struct reconcile *reconcile)
{
    return reconcile != NULL && reconcile->worked < reconcile->frames.len;
}

void reconcile_work(struct reconcile *reconcile)
{
    struct cut cut = cut_of(buf_view(&reconcile->frames));
    struct bytes payload;
    int type, rc;

    cut_take(&cut, reconcile->worked);
    type = cut_u8(&cut);
    payload = cut_bytes(&cut, FRAME_MAX);
    reconcile->worked = reconcile->frames.len - cut_left(&cut);
    rc = type == FRAME_DIGESTS ? hear_digests(reconcile, payload)
         : type == FRAME_ROWS  ? hear_rows(reconcile, payload)
                               : hear_mend(reconcile, payload);
    if (rc < 0)
        reconcile_fail(reconcile, rc);
}
