/* The guts of the node, for node.c and link.c only. */
#ifndef YZ_SHELL_H
#define YZ_SHELL_H

#include "daemon/core.h"
#include "daemon/job.h"
#include "daemon/node.h"
#include "daemon/open.h"
#include "daemon/reconcile.h"
#include "daemon/uplink.h"

struct node {
    const struct config *config;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t wake, watchdog, defer;
    uv_idle_t settle;           /* runs while `later` has something */
    uv_idle_t busy;             /* runs while there is a job */
    struct job *jobs;           /* the first is under way */
    struct daily *daily;
    uv_idle_t compare;          /* runs while frames of a comparison wait */
    uv_signal_t term, interrupt;
    struct opened open;
    struct door *local, *public;
    struct uplink *uplink;      /* NULL: hub, not enrolled, or it ends */
    struct tls tls;
    struct later *later;
    struct reconcile *reconcile;
    struct core core;
    bool deferring;             /* writes wait for a later commit */
    bool looking;               /* `wake` is to see whether it moves */
    bool begin;                 /* an exchange as `plan` begins after commit */
    struct asking_plan plan;
    bool plain;                 /* as core_step says */
    int64_t connect_ms;
    struct node_wait *waiting, **waiting_end;
    struct node_progress progress;
    int64_t watchdog_ms, fed;   /* how often it is fed; when it last was */
    uint8_t boot[8];
    uint64_t asks;
};

/* What the store remembers of the link, for the status after a restart. */
#define LAST_CONTACT "last_contact"
#define LAST_COMPLETE "last_complete"

/* Hand an event to the core and do what it says; `now` and `dice` are filled
 * in here. Nothing happens on a hub. */
void link_step(struct node *node, struct event event);
/* Begin the exchange the core asked for. Called after a commit: what is not on
 * disk must not be told. */
void link_begin(struct node *node);
/* As soon as this station may talk: with its secret, or once it is enrolled. */
void link_open(struct node *node);
/* An exchange ended, or could not begin: whoever rode along must know. */
void link_ended(struct node *node, int err, const struct asked *asked);
void on_wake(uv_timer_t *timer);

#endif
