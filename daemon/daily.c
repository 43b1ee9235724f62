/*
 * One backup a day, where a directory for it is configured. First looked for a
 * minute after the start, then every hour: a machine that is on for a morning
 * makes its copy, and one that failed is tried again soon.
 */
#include "daemon/daily.h"
#include "daemon/backup.h"
#include "daemon/os.h"
#include "daemon/shell.h"

#include <stdlib.h>

enum { FIRST_MS = 60 * 1000, AGAIN_MS = 3600 * 1000 };

struct daily {
    struct node *node;
    uv_timer_t timer;
    struct job job;
    struct backup *backup;      /* NULL: none is under way */
};

static int on_step(void *user, struct fault *fault)
{
    return backup_step(((struct daily *)user)->backup, fault);
}

static void on_done(void *user, int rc, const struct fault *fault)
{
    struct daily *daily = user;

    (void)rc;                   /* the log has it, and the status its age */
    (void)fault;
    backup_free(daily->backup);
    daily->backup = NULL;
}

static void on_timer(uv_timer_t *timer)
{
    struct daily *daily = timer->data;
    struct node *node = daily->node;

    if (daily->backup != NULL ||
        !backup_due(store_recall(node->open.store, BACKUP_MS), os_wall_ms()))
        return;
    daily->backup = backup_new(node, node->config->backup);
    daily->job = (struct job){.step = on_step, .done = on_done, .user = daily};
    job_begin(node, &daily->job);
}

struct daily *daily_open(struct node *node)
{
    struct daily *daily;

    if (node->config->backup[0] == '\0')
        return NULL;
    daily = xmalloc(sizeof(*daily));
    *daily = (struct daily){.node = node};
    uv_timer_init(&node->loop, &daily->timer);
    daily->timer.data = daily;
    uv_timer_start(&daily->timer, on_timer, FIRST_MS, AGAIN_MS);
    return daily;
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

void daily_close(struct daily *daily)
{
    if (daily == NULL)
        return;
    job_forget(daily->node, &daily->job);
    backup_free(daily->backup);
    uv_close((uv_handle_t *)&daily->timer, on_close);
}
