/*
 * The shell: the loop, and one commit for each turn of it.
 *
 * Happy path: open everything, say ready, run; each turn ends with a commit,
 * then with the answers that waited for it, then with the exchange that the
 * core asked for. SIGTERM or SIGINT: close all handles, commit, end.
 * What can fail: opening (said on standard error, exit code by kind), the
 * commit (outcome unknown: nobody is answered and the process ends at once, so
 * that the restart reads what the disk really holds).
 */
#include "daemon/shell.h"
#include "daemon/address.h"
#include "daemon/audit.h"
#include "daemon/daily.h"
#include "daemon/door.h"
#include "daemon/log.h"
#include "daemon/os.h"
#include "daemon/room.h"
#include "store/care.h"

#include <curl/curl.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFER_MS = 200, EXIT_STORAGE = 5 };      /* as in command.h */

struct store *node_store(struct node *node)
{
    return node->open.store;
}

const struct config *node_config(const struct node *node)
{
    return node->config;
}

uv_loop_t *node_loop(struct node *node)
{
    return &node->loop;
}

struct opened *node_opened(struct node *node)
{
    return &node->open;
}

void node_numbers(const struct node *node, char *out)
{
    out[0] = '\0';
    if (node->config->hub)
        numbers_text(&node->open.numbers, out);
}

struct stamp node_stamp(struct node *node)
{
    struct stamp stamp = {os_wall_ms(), os_mono_ms(), {0}};

    memcpy(stamp.boot, node->boot, sizeof stamp.boot);
    return stamp;
}

/* ---- the turn ---- */

void node_wait(struct node *node, struct node_wait *wait)
{
    wait->next = NULL;
    wait->queued = true;
    *node->waiting_end = wait;
    node->waiting_end = &wait->next;
}

void node_forget(struct node *node, struct node_wait *wait)
{
    struct node_wait **at = &node->waiting;

    if (!wait->queued)
        return;
    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    wait->queued = false;
    if (*at == NULL)
        node->waiting_end = at;
}

static void answer_waiting(struct node *node)
{
    while (node->waiting != NULL) {
        struct node_wait *wait = node->waiting;

        node->waiting = wait->next;
        if (node->waiting == NULL)
            node->waiting_end = &node->waiting;
        wait->queued = false;
        wait->done(wait->user);
    }
}

/* Nothing was promised for this turn: ending here loses nothing told saved. */
static void end_unknown(const struct fault *fault)
{
    log_event(LOG_E, err_code(fault->err), "store.commit", NULL);
    fprintf(stderr, "[YZ%04d] %s: %s\n", err_code(fault->err),
            err_text(fault->err, 0), fault->why);
    log_close();
    _Exit(EXIT_STORAGE);
}

static void on_defer(uv_timer_t *timer)
{
    (void)timer;                /* the turn that woke up commits */
}

/* While nobody waits for an answer a commit may take a few turns together:
 * an import, or an ask of many batches, then writes each page once. */
static bool may_defer(struct node *node)
{
    if (node->waiting != NULL || node->begin ||
        store_heavy(node->open.store))
        return false;
    if (uv_is_active((uv_handle_t *)&node->defer))
        return true;
    if (node->deferring)
        return false;           /* the time is over */
    node->deferring = true;
    uv_timer_start(&node->defer, on_defer, DEFER_MS, 0);
    return true;
}

/* An exchange writes what it hears: on a full disk it is as if it had failed,
 * and its cause tells why. */
static void begin(struct node *node)
{
    static const struct asked nothing;
    struct fault fault;
    int rc = room_check(node->config, ROOM_TO_TALK, &fault);

    if (rc == 0 && node->uplink == NULL)
        rc = fault_set(&fault, ERR_ENROL, "", "%s", "");
    if (rc == 0) {
        link_begin(node);
        return;
    }
    node->begin = false;
    node->progress.failed++;
    node->progress.cause = fault.err;
    log_event(LOG_W, err_code(fault.err), "exchange.fail", "why=\"%s\"",
              fault.why);
    link_ended(node, fault.err, &nothing);
    link_step(node, (struct event){.type = EV_DONE});
}

/* Not again when that was done less than `pause` ago. */
static void feed_watchdog(struct node *node, int64_t pause)
{
    int64_t now = os_mono_ms();

    if (now - node->fed < pause)
        return;
    os_notify("WATCHDOG=1");
    node->fed = now;
}

static void turn(struct node *node)
{
    struct fault fault = {.err = 0};

    if (store_pending(node->open.store) > 0 && may_defer(node))
        return;
    node->deferring = false;
    uv_timer_stop(&node->defer);
    if (store_commit(node->open.store, &fault) < 0)
        end_unknown(&fault);
    /* The timer alone would come after two commits: a slow disk is no fault. */
    if (node->watchdog_ms > 0)
        feed_watchdog(node, node->watchdog_ms / 2);
    answer_waiting(node);
    if (node->begin && !reconcile_waits(node->reconcile))
        begin(node);
}

static void on_prepare(uv_prepare_t *prepare)
{
    turn(prepare->data);
}

static void on_check(uv_check_t *check)
{
    turn(check->data);
    job_turn(check->data);
}

static void on_watchdog(uv_timer_t *timer)
{
    feed_watchdog(timer->data, 0);
}

/* ---- up and down ---- */

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct node *node = signal->data;

    (void)number;
    reached(node->open.store, REACH_STOP);
    os_notify("STOPPING=1");
    door_close(node->local);
    door_close(node->public);
    uplink_close(node->uplink);
    daily_close(node->daily);
    node->local = node->public = NULL;
    node->uplink = NULL;
    node->daily = NULL;
    node->begin = false;
    close_handle(&node->prepare);
    close_handle(&node->check);
    close_handle(&node->wake);
    close_handle(&node->watchdog);
    close_handle(&node->defer);
    close_handle(&node->settle);
    close_handle(&node->busy);
    close_handle(&node->compare);
    close_handle(&node->term);
    close_handle(&node->interrupt);
}

static void start_handles(struct node *node)
{
    node->watchdog_ms = os_watchdog_ms();
    node->fed = os_mono_ms();
    uv_prepare_init(&node->loop, &node->prepare);
    uv_check_init(&node->loop, &node->check);
    uv_timer_init(&node->loop, &node->wake);
    uv_timer_init(&node->loop, &node->watchdog);
    uv_timer_init(&node->loop, &node->defer);
    uv_idle_init(&node->loop, &node->settle);
    uv_idle_init(&node->loop, &node->busy);
    uv_idle_init(&node->loop, &node->compare);
    uv_signal_init(&node->loop, &node->term);
    uv_signal_init(&node->loop, &node->interrupt);
    node->prepare.data = node->check.data = node->wake.data = node;
    node->settle.data = node->compare.data = node;
    node->watchdog.data = node;
    node->term.data = node->interrupt.data = node;
    uv_prepare_start(&node->prepare, on_prepare);
    uv_check_start(&node->check, on_check);
    uv_signal_start(&node->term, on_signal, SIGTERM);
    uv_signal_start(&node->interrupt, on_signal, SIGINT);
    if (node->watchdog_ms > 0)
        uv_timer_start(&node->watchdog, on_watchdog,
                       (uint64_t)node->watchdog_ms,
                       (uint64_t)node->watchdog_ms);
}

static int start_doors(struct node *node, struct fault *fault)
{
    const struct config *config = node->config;
    int rc = door_open(node, &config->local, false, &node->local, fault);

    if (rc == 0 && config->hub)
        rc = door_open(node, &config->public, true, &node->public, fault);
    return rc;
}

static void start_uplink(struct node *node)
{
    if (node->config->hub)
        return;
    core_init(&node->core, node->config->every_ms, node->config->linger_ms);
    node->progress.station = true;
    node->progress.last_contact =
        store_recall(node->open.store, LAST_CONTACT);
    node->progress.last_complete =
        store_recall(node->open.store, LAST_COMPLETE);
    link_open(node);
    node->later = later_new(node->open.store);
    node->reconcile = reconcile_new(node->open.store);
    link_step(node, (struct event){.type = EV_START});
}

static int serve(struct node *node, struct fault *fault)
{
    const struct config *config = node->config;
    int rc = start_doors(node, fault);

    if (rc < 0) {
        on_signal(&node->term, 0);
    } else {
        start_uplink(node);
        node->daily = daily_open(node);
        log_event(LOG_I, 1013, "ready", "role=%s org=%s confined=%s",
                  config->hub ? "hub" : "station", config->org,
                  os_confine(config->hub ? 0 : url_port(config->uplink)));
        printf("ready\n");
        fflush(stdout);
        os_notify("READY=1");
    }
    uv_run(&node->loop, UV_RUN_DEFAULT);
    uv_loop_close(&node->loop);
    if (rc == 0)
        rc = store_commit(node->open.store, fault);
    reached(node->open.store, REACH_STOPPED);
    return rc;
}

static int run(struct node *node, struct fault *fault)
{
    int rc;

    uv_loop_init(&node->loop);
    start_handles(node);
    rc = serve(node, fault);
    log_event(LOG_I, 1011, "stopped", NULL);
    return rc;
}

/* Whoever asks why it is not running reads it in the log: also when it never
 * came so far as to open that. */
static void log_failure(const struct config *config, const struct fault *fault)
{
    char path[CONFIG_PATH + 64];

    config_path(config, LOG_FILE, path);
    log_open(path, false);
    log_event(LOG_E, err_code(fault->err), "failed", "why=\"%s%s%s\"",
              fault->where, fault->where[0] != '\0' ? ": " : "", fault->why);
}

static int open_and_run(struct node *node, struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    int rc = node_open(node->config, &node->open, fault);

    if (rc < 0)
        return rc;
    config_path(node->config, LOG_FILE, path);
    log_open(path, false);
    log_event(LOG_I, 1010, "started", NULL);
    log_event(LOG_I, store_was_cut(node->open.store) ? 1012 : 1014, "last",
              NULL);
    audit_started(node);
    rc = run(node, fault);
    later_free(node->later);
    reconcile_free(node->reconcile);
    node_opened_done(&node->open);
    return rc;
}

static void *xcalloc(size_t count, size_t size)
{
    void *data = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (data == NULL)
        abort();
    return data;
}

/* Out of memory in a library ends the process like ours: half of a reply, or a
 * timer that was never set, would be worse than a restart. */
static bool libraries_start(bool hub)
{
    json_set_alloc_funcs(xmalloc, free);
    return uv_replace_allocator(xmalloc, xrealloc, xcalloc, free) == 0 &&
           sodium_init() >= 0 &&
           (hub || curl_global_init_mem(CURL_GLOBAL_NOTHING, xmalloc, free,
                                        xrealloc, xstrdup, xcalloc) ==
                       CURLE_OK);
}

int node_run(const struct config *config, struct fault *fault)
{
    struct node *node = xcalloc(1, sizeof *node);
    int rc;

    node->config = config;
    node->waiting_end = &node->waiting;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);   /* a write too many fails like any other */
    os_keep_private();
    os_boot(node->boot);
    if (!libraries_start(config->hub))
        rc = fault_set(fault, ERR_FAULT, "", "a library does not start");
    else
        rc = open_and_run(node, fault);
    if (rc < 0)
        log_failure(config, fault);
    log_close();
    free(node);
    return rc;
}
