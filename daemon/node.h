/*
 * The node: the shell around the core. Owns the loop, the store, the doors and
 * the uplink. Callbacks become events for core_step, its todos become calls.
 *
 * A turn of the loop: requests come in and write to the store; at the end of
 * the turn everything is committed once; then everybody who waited for that is
 * answered. If the commit fails nobody is answered and the process ends.
 */
#ifndef YZ_NODE_H
#define YZ_NODE_H

#include "daemon/config.h"
#include "store/store.h"

#include <uv.h>

struct node;

/* Run until SIGTERM or SIGINT: 0, or why it could not be. A failed commit ends
 * the process at once. */
int node_run(const struct config *config, struct fault *fault);

struct store *node_store(struct node *node);
/* What it was opened with. */
struct opened *node_opened(struct node *node);
const struct config *node_config(const struct node *node);
uv_loop_t *node_loop(struct node *node);

/* Have `done` called once this turn's commit is on disk. `wait` is the caller's
 * and must live until then; node_forget takes it back. */
struct node_wait {
    void (*done)(void *user);
    void *user;
    struct node_wait *next;
    bool queued;
};
void node_wait(struct node *node, struct node_wait *wait);
void node_forget(struct node *node, struct node_wait *wait);

void node_saved(struct node *node);     /* something new waits to be sent */
void node_sync(struct node *node);      /* exchange now */
/* This station was enrolled just now: talk. (In link.c.) */
int node_enrolled(struct node *node, struct fault *fault);
/* This hub's keys were turned: its public door shows them. (In link.c.) */
int node_turned(struct node *node, struct fault *fault);
/* NULL on a hub. */
struct reconcile *node_reconcile(struct node *node);

/* How the talking with the hub goes. Wall times in ms, 0 for never. */
struct node_progress {
    bool station;               /* has an uplink */
    bool busy;                  /* an exchange is running */
    uint64_t started, done, failed;     /* exchanges since start */
    uint64_t up, down;          /* changes sent, news taken in, since start */
    uint64_t bytes_up, bytes_down;
    uint64_t taken, parked, returned, aside;    /* of what was sent */
    int64_t last_contact;       /* a proven answer of the hub */
    int64_t last_complete;      /* nothing was left to send or to take in */
    int64_t next_try;
    int cause;                  /* ERR_* of the last failure, 0 */
    int64_t clock_offset_ms;    /* this clock minus the hub's */
    bool clock_measured;        /* in this run */
    bool small;                 /* the line passes small packets only */
    uint64_t life;
};
void node_progress(const struct node *node, struct node_progress *out);

/* The hub's file of numbers as it is now, in NUMBERS_MAX bytes; "" at a
 * station. */
void node_numbers(const struct node *node, char *out);

/* Now, as a change keeps it. */
struct stamp node_stamp(struct node *node);

#endif
