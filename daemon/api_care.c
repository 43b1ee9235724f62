/*
 * Care of the store: what takes long is a job, and its request waits for it.
 */
#include "daemon/api.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "store/care.h"

#include <stdlib.h>

/* ---- verify ---- */

struct looking {
    struct request *request;
    struct job job;
    struct verify *verify;
};

static int on_look(void *user, struct fault *fault)
{
    struct looking *looking = user;

    return verify_step(looking->verify, fault);
}

static void on_looked(void *user, int rc, const struct fault *fault)
{
    struct looking *looking = user;
    const struct verified *found = verify_found(looking->verify);

    if (rc < 0)
        log_event(LOG_E, err_code(rc), "store.verify", "where=%s why=\"%s\"",
                  fault->field, fault->why);
    else
        log_event(LOG_I, 6012, "store.verified", "changes=%llu",
                  (unsigned long long)found->changes);
    if (rc == 0)
        api_reply(looking->request,
                  json_pack("{s:b, s:I, s:I, s:I, s:I}", "ok", 1, "origins",
                            (json_int_t)found->origins, "changes",
                            (json_int_t)found->changes, "cells",
                            (json_int_t)found->cells, "receipts",
                            (json_int_t)found->receipts));
    request_done(looking->request, fault);
}

int api_verify(struct request *request, struct fault *fault)
{
    struct looking *looking = xmalloc(sizeof(*looking));

    (void)fault;
    looking->request = request;
    looking->verify = verify_new(node_store(request->node));
    looking->job = (struct job){on_look, on_looked, looking, NULL, false};
    request->state = looking;
    request->later = true;
    job_begin(request->node, &looking->job);
    return 0;
}

void api_verify_drop(struct request *request)
{
    struct looking *looking = request->state;

    if (!looking)
        return;
    job_forget(request->node, &looking->job);
    verify_free(looking->verify);
    free(looking);
}
