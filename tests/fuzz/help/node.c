/* A node without a loop: what the handlers of the API want of one. */
#include "tests/fuzz/help/node.h"
#include "daemon/job.h"
#include "daemon/open.h"
#include "daemon/reconcile.h"
#include "daemon/request.h"
#include "tests/fuzz/help/must.h"

#include <stddef.h>

struct desk desk;

struct store *node_store(struct node *node)
{
    (void)node;
    return desk.store;
}

const struct config *node_config(const struct node *node)
{
    (void)node;
    return &desk.config;
}

/* A machine that shares a secret: nobody is enrolled. */
struct opened *node_opened(struct node *node)
{
    static struct opened opened;

    (void)node;
    opened.store = desk.store;
    return &opened;
}

int node_enrolled(struct node *node, struct fault *fault)
{
    (void)node;
    return fault_set(fault, ERR_CONFIG, "secret", "it shares one");
}

int node_turned(struct node *node, struct fault *fault)
{
    (void)node;
    return fault_set(fault, ERR_CONFIG, "keys", "there is no door");
}

void node_saved(struct node *node)
{
    (void)node;
}

void node_sync(struct node *node)
{
    (void)node;
}

void node_progress(const struct node *node, struct node_progress *out)
{
    (void)node;
    *out = (struct node_progress){.station = true};
}

struct stamp node_stamp(struct node *node)
{
    (void)node;
    return (struct stamp){1700000000000, 1000, {1}};
}

/* One job at a time, done when its request has come to its end. */
static struct job *job_waits;

void job_begin(struct node *node, struct job *job)
{
    (void)node;
    must(job_waits == NULL, "two jobs of one request");
    job->queued = true;
    job_waits = job;
}

void job_forget(struct node *node, struct job *job)
{
    (void)node;
    job->queued = false;
    job_waits = NULL;
}

void node_do_job(struct fault *out)
{
    struct job *job = job_waits;
    struct fault fault = {.err = 0};
    int rc;

    *out = fault;
    if (job == NULL)
        return;
    do {
        rc = job->step(job->user, &fault);
    } while (rc == 1);
    job_forget(NULL, job);
    job->done(job->user, rc, &fault);
    *out = desk.fault;
}

void request_done(struct request *request, const struct fault *fault)
{
    (void)request;
    desk.fault = *fault;
}

void request_abort(struct request *request)
{
    (void)request;
}

/* Compares nothing, as nobody answers; but it is begun, watched and read. */
static struct reconcile *reconcile;

struct reconcile *node_reconcile(struct node *node)
{
    (void)node;
    if (reconcile == NULL)
        reconcile = reconcile_new(desk.store);
    return reconcile;
}

void node_numbers(const struct node *node, char *out)
{
    (void)node;
    out[0] = '\0';
}

void node_forget_all(void)
{
    reconcile_free(reconcile);
    reconcile = NULL;
}
