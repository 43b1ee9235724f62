#include "daemon/job.h"
#include "daemon/os.h"
#include "daemon/shell.h"

enum { SLICE_MS = 10 };

/* It does nothing: while it is active the loop does not wait for anything. */
static void on_busy(uv_idle_t *idle)
{
    (void)idle;
}

void job_begin(struct node *node, struct job *job)
{
    struct job **at = &node->jobs;

    while (*at != NULL)
        at = &(*at)->next;
    *at = job;
    job->next = NULL;
    job->queued = true;
    uv_idle_start(&node->busy, on_busy);
}

void job_forget(struct node *node, struct job *job)
{
    struct job **at = &node->jobs;

    if (!job->queued)
        return;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    job->queued = false;
    if (node->jobs == NULL)
        uv_idle_stop(&node->busy);
}

void job_turn(struct node *node)
{
    struct job *job = node->jobs;
    struct fault fault = {.err = 0};
    int64_t until;
    int rc;

    if (job == NULL ||
        (!job->writes && store_pending(node->open.store) > 0))
        return;
    until = os_mono_ms() + SLICE_MS;
    do {
        rc = job->step(job->user, &fault);
    } while (rc == 1 && os_mono_ms() < until);
    if (rc == 1)
        return;
    job_forget(node, job);
    job->done(job->user, rc, &fault);
}
