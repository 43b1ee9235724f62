/*
 * The node's link to the hub: events to the core, its todos into exchanges, and
 * how they went for the status and the log.
 */
#include "daemon/shell.h"
#include "daemon/door.h"
#include "daemon/log.h"
#include "daemon/os.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    WAKE_MAX_MS = 60 * 1000,
    LOOK_MS = 5000,
    CLOCK_OFF_MS = 10 * 60 * 1000
};

void node_progress(const struct node *node, struct node_progress *out)
{
    *out = node->progress;
    out->busy = node->core.busy;
    out->next_try = node->uplink == NULL || node->core.next_at < 0
                        ? 0
                        : os_wall_ms() + node->core.next_at - os_mono_ms();
}

static void on_look(uv_timer_t *timer)
{
    struct node *node = timer->data;
    struct event event = {.type = EV_LOOK};

    node->looking = false;
    if (!node->begin && node->core.busy)
        uplink_moved(node->uplink, &event.moved, &event.owed);
    link_step(node, event);
}

/* libuv's clock stands still while the machine sleeps, so no timer is longer
 * than a minute: after a night the first minute finds out. While an exchange
 * runs there is nothing to wake for, but to look whether it moves. */
static void wake_at(struct node *node, int64_t at)
{
    int64_t wait = at - os_mono_ms();

    if (at < 0 && node->core.busy && node->looking)
        return;
    node->looking = at < 0 && node->core.busy;
    if (at < 0 && !node->looking) {
        uv_timer_stop(&node->wake);
        return;
    }
    wait = node->looking ? LOOK_MS
           : wait < 0    ? 0
           : wait > WAKE_MAX_MS ? WAKE_MAX_MS
                                : wait;
    uv_update_time(&node->loop);
    uv_timer_start(&node->wake, node->looking ? on_look : on_wake,
                   (uint64_t)wait, 0);
}

void link_step(struct node *node, struct event event)
{
    struct todo todo;

    if (!node->progress.station || uv_is_closing((uv_handle_t *)&node->wake))
        return;
    event.now = os_mono_ms();
    if (event.type == EV_START || event.type == EV_DONE)
        event.dice = randombytes_random();
    todo = core_step(&node->core, event);
    if (todo.exchange) {
        node->begin = true;
        node->plan = todo.plan;
        node->plain = todo.plain;
        node->connect_ms = todo.connect_ms;
    }
    wake_at(node, todo.wake_at);
    if (todo.give_up)
        uplink_give_up(node->uplink);
}

void on_wake(uv_timer_t *timer)
{
    link_step(timer->data, (struct event){.type = EV_WAKE});
}

void node_saved(struct node *node)
{
    link_step(node, (struct event){.type = EV_SAVED});
}

void node_sync(struct node *node)
{
    link_step(node, (struct event){.type = EV_NOW});
}

/* ---- the exchange ---- */

static void note_contact(struct node *node, const struct asked *asked)
{
    struct node_progress *progress = &node->progress;
    bool was_off = llabs(progress->clock_offset_ms) > CLOCK_OFF_MS;

    if (!asked->proven)
        return;
    progress->last_contact = os_wall_ms();
    store_remember(node->open.store, LAST_CONTACT, progress->last_contact);
    progress->clock_offset_ms = os_wall_ms() - asked->hub_wall_ms;
    progress->clock_measured = true;
    if (!was_off && llabs(progress->clock_offset_ms) > CLOCK_OFF_MS)
        log_event(LOG_W, 7301, "clock.skew", "offset_ms=%lld",
                  (long long)progress->clock_offset_ms);
}

/* Two proofs: its next key on the line, the key of the frames in the answer. If
 * it cannot be kept, it is told again on the next connection. */
static void note_turn(struct node *node, const struct uplink_end *end)
{
    struct fault fault = {.err = 0};

    if (!end->turned || !end->asked.proven)
        return;
    if (enrolled_turn(node->config, &node->open.county, end->next,
                      &fault) == 0) {
        node->tls.by_next = false;
        log_event(LOG_I, 8026, "county.turned", NULL);
    } else {
        log_event(LOG_W, err_code(fault.err), "county.turned", "why=\"%s\"",
                  fault.why);
    }
}

static void note_end(struct node *node, const struct uplink_end *end)
{
    struct node_progress *progress = &node->progress;
    const struct asked *asked = &end->asked;

    progress->up += asked->confirmed;
    progress->down += asked->down;
    progress->bytes_up += asked->gone_up;
    progress->bytes_down += asked->came_down;
    progress->taken += asked->taken;
    progress->parked += asked->parked;
    progress->returned += asked->returned;
    progress->aside += asked->aside;
    if (end->err == 0) {
        progress->done++;
        progress->cause = 0;
        if (!asked->more) {
            progress->last_complete = os_wall_ms();
            store_remember(node->open.store, LAST_COMPLETE,
                           progress->last_complete);
        }
        log_event(LOG_I, 2002, "exchange.done",
                  "sent=%llu confirmed=%llu down=%llu up_bytes=%llu "
                  "down_bytes=%llu more=%d",
                  (unsigned long long)asked->up,
                  (unsigned long long)asked->confirmed,
                  (unsigned long long)asked->down,
                  (unsigned long long)asked->gone_up,
                  (unsigned long long)asked->came_down, asked->more);
        return;
    }
    progress->failed++;
    progress->cause = end->err;
    log_event(LOG_W, 7104, "exchange.fail",
              "cause=YZ%04d http=%d confirmed=%llu down=%llu why=\"%s\"",
              err_code(end->err), end->http_status,
              (unsigned long long)asked->confirmed,
              (unsigned long long)asked->down, end->fault.why);
}

static void note_compared(struct node *node)
{
    struct reconcile_view view;

    reconcile_view(node->reconcile, &view);
    log_event(view.state == RECONCILE_FAILED || view.left > 0 ? LOG_W : LOG_I,
              view.state == RECONCILE_FAILED ? err_code(view.cause)
              : view.left > 0                ? 6022
                                             : 6021,
              "reconcile.end",
              "cells=%llu mended=%llu cases=%llu left=%llu damaged=%llu "
              "exchanges=%llu",
              (unsigned long long)view.cells, (unsigned long long)view.mended,
              (unsigned long long)view.cases, (unsigned long long)view.left,
              (unsigned long long)view.damaged,
              (unsigned long long)view.exchanges);
}

static void note_packets(struct node *node)
{
    bool small = uplink_small(node->uplink);

    if (small && !node->progress.small)
        log_event(LOG_W, 7113, "line.small", NULL);
    node->progress.small = small;
}

/* A comparison is worked off a frame a turn, before another exchange begins,
 * and goes on with the next one without waiting for its time. */
static void on_compare(uv_idle_t *idle)
{
    struct node *node = idle->data;

    if (reconcile_waits(node->reconcile)) {
        reconcile_work(node->reconcile);
        return;
    }
    uv_idle_stop(idle);
    if (!reconcile_next(node->reconcile))
        note_compared(node);
    else if (!node->core.busy)
        node_sync(node);
}

void link_ended(struct node *node, int err, const struct asked *asked)
{
    if (!reconcile_runs(node->reconcile))
        return;
    reconcile_ended(node->reconcile, err, asked);
    uv_idle_start(&node->compare, on_compare);
}

static void on_settle(uv_idle_t *idle)
{
    struct node *node = idle->data;
    struct fault fault = {.err = 0};

    if (node->begin)
        return;                 /* first give the hub something to do */
    if (later_waits(node->later) && later_settle(node->later, &fault) < 0)
        log_event(LOG_W, err_code(fault.err), "settle.fail", "why=\"%s\"",
                  fault.why);
    if (!later_waits(node->later))
        uv_idle_stop(idle);
}

static void on_exchanged(void *user, const struct uplink_end *end)
{
    struct node *node = user;

    note_contact(node, &end->asked);
    note_turn(node, end);
    note_end(node, end);
    note_packets(node);
    /* Perhaps it is an older hub today: it is asked as every hub reads it. */
    if (end->http_status == 400 || end->http_status == 415)
        store_speak_in_full(node->open.store);
    if (later_waits(node->later))
        uv_idle_start(&node->settle, on_settle);
    link_ended(node, end->err, &end->asked);
    link_step(node,
              (struct event){
                  .type = EV_DONE,
                  .whole = end->err == 0 && end->asked.whole,
                  .more = end->asked.more,
                  .terse = end->asked.terse,
                  .bytes = end->asked.gone_up + end->asked.came_down,
                  .bytes_up = end->asked.gone_up,
                  .unsent = end->unsent,
                  .up = end->asked.up,
                  .progress = end->asked.confirmed > 0 ||
                              end->asked.down > 0,
                  .healed = end->asked.healed,
                  .retry_after_ms = end->retry_after_ms,
              });
}

struct reconcile *node_reconcile(struct node *node)
{
    return node->reconcile;
}

void link_open(struct node *node)
{
    const struct opened *open = &node->open;

    if (node->uplink != NULL || (!open->enrolled && !node->config->secret[0]))
        return;
    node->tls.keys = &open->keys;
    node->tls.hub = &open->county.note.pins;
    node->uplink = uplink_open(&node->loop,
                               node->config->uplink[0] ? node->config->uplink
                                                       : open->county.url,
                               open->enrolled ? &node->tls : NULL);
}

/* Enrolled once more, perhaps at another hub: its line begins anew. */
int node_enrolled(struct node *node, struct fault *fault)
{
    static const struct asked nothing;
    int rc = node_enrol(&node->open, fault);

    if (rc < 0)
        return rc;
    uplink_close(node->uplink);
    node->uplink = NULL;
    if (node->core.busy) {
        link_ended(node, ERR_NET, &nothing);
        link_step(node, (struct event){.type = EV_DONE});
    }
    link_open(node);
    node_sync(node);
    return 0;
}

void link_begin(struct node *node)
{
    /* What is compared must be settled: nothing may wait for later. */
    bool compare =
        reconcile_runs(node->reconcile) && !later_waits(node->later);
    struct asking *asking;
    struct id ask_id;

    node->begin = false;
    node->progress.started++;
    if (node->plain)
        store_speak_in_full(node->open.store);
    os_random(NULL, ask_id.b, ID_SIZE);
    asking = asking_new(node->open.store, node->open.name, node->open.key,
                        &ask_id, &node->plan, compare ? NULL : node->later,
                        os_wall_ms());
    if (compare)
        asking_compare(asking, node->reconcile);
    uplink_start(node->uplink, asking, node->connect_ms, on_exchanged, node);
}

int node_turned(struct node *node, struct fault *fault)
{
    return door_anew(&node->public, fault);
}
