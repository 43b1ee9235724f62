/*
 * Care of the store: what takes long is a job, and its request waits for it.
 */
#include "daemon/address.h"
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/backup.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/room.h"
#include "store/care.h"

#include <stdlib.h>
#include <string.h>

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
                  json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "ok", 1, "origins",
                            (json_int_t)found->origins, "changes",
                            (json_int_t)found->changes, "cells",
                            (json_int_t)found->cells, "receipts",
                            (json_int_t)found->receipts, "audited",
                            (json_int_t)found->audited));
    request_done(looking->request, fault);
}

int api_verify(struct request *request, struct fault *fault)
{
    struct looking *looking = xmalloc(sizeof(*looking));

    (void)fault;
    looking->request = request;
    looking->verify = verify_new(node_store(request->node));
    looking->job = (struct job){.step = on_look, .done = on_looked, .user = looking};
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

/* ---- backup ---- */

struct backing {
    struct request *request;
    struct job job;
    struct backup *backup;
};

static int on_back(void *user, struct fault *fault)
{
    return backup_step(((struct backing *)user)->backup, fault);
}

static json_t *from_backup(const struct backup_made *made)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:i}", "file",
                     made->file, "bytes", (json_int_t)made->bytes, "life",
                     (json_int_t)made->facts.life, "number",
                     (json_int_t)made->facts.number, "records",
                     (json_int_t)made->facts.records, "changes",
                     (json_int_t)made->facts.written, "secured",
                     made->secures, "removed", made->removed);
}

static void on_backed(void *user, int rc, const struct fault *fault)
{
    struct backing *backing = user;

    if (rc == 0)
        api_reply(backing->request,
                  from_backup(backup_made(backing->backup)));
    request_done(backing->request, fault);
}

/* {"dir":...}, or nothing for the configured directory. */
static int take_dir(struct request *request, char *out, struct fault *fault)
{
    const char *dir = node_config(request->node)->backup;
    struct bytes text;
    json_t *body;
    int rc = api_body(request, &body, fault);

    if (rc < 0)
        return rc;
    rc = json_only(body, "dir", fault);
    if (rc == 0)
        rc = json_to_text(body, "dir", CONFIG_PATH - 1, &text, fault);
    if (rc == 0 && text.len > 0)
        dir = (const char *)text.data;
    if (rc == 0 && dir[0] == '\0')
        rc = fault_set(fault, ERR_USAGE, "dir",
                       "no directory for backups is configured ([store] "
                       "backup); name one");
    else if (rc == 0 && !path_whole(dir))
        rc = fault_set(fault, ERR_VALUE, "dir", "a whole path, beginning "
                       "with /");
    if (rc == 0)
        snprintf(out, CONFIG_PATH, "%s", dir);
    json_decref(body);
    return rc;
}

int api_backup(struct request *request, struct fault *fault)
{
    struct backing *backing;
    char dir[CONFIG_PATH], name[AUDIT_FILE];
    int rc = take_dir(request, dir, fault);

    audit_file(rc < 0 ? "" : dir, name);
    if (rc == 0)
        rc = audit_asked(request, fault, "backup", "into %s", name);
    if (rc < 0)
        return rc;
    backing = xmalloc(sizeof(*backing));
    backing->request = request;
    backing->backup = backup_new(request->node, dir);
    backing->job = (struct job){.step = on_back, .done = on_backed, .user = backing};
    request->state = backing;
    request->later = true;
    job_begin(request->node, &backing->job);
    return 0;
}

void api_backup_drop(struct request *request)
{
    struct backing *backing = request->state;

    if (!backing)
        return;
    job_forget(request->node, &backing->job);
    backup_free(backing->backup);
    free(backing);
}

/* ---- release ---- */

static json_t *from_released(const struct name *name,
                             const struct released *done)
{
    bool why = done->state == STATE_ASIDE || done->reason != REASON_NONE;
    char text[NAME_TEXT];

    json_name_text(name, text);
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "case", text, "state",
                     state_text(done->state), "number",
                     (json_int_t)done->number, "reason",
                     why ? reason_text(done->reason) : "", "field",
                     why ? done->field : "", "rule", why ? done->rule : "");
}

static int release(struct request *request, const char *text,
                   struct fault *fault)
{
    struct store *store = node_store(request->node);
    struct shown_case *shown = xmalloc(sizeof(*shown));
    struct released done = {.state = STATE_ASIDE};
    struct name name;
    char as[NAME_TEXT];
    int rc;

    shown_case_init(shown);
    rc = api_find_case(store, text, shown, fault);
    name = shown->name;
    shown_case_done(shown);
    free(shown);
    if (rc == 0)
        rc = room_check(node_config(request->node), ROOM_TO_SAVE, fault);
    if (rc == 0) {
        json_name_text(&name, as);
        rc = audit_asked(request, fault, "release", "%s", as);
    }
    if (rc == 0)
        rc = store_release(store, &name, &done, fault);
    if (rc < 0)
        return rc;
    log_event(LOG_I, 2034, "take.release", "state=%s number=%llu",
              state_text(done.state), (unsigned long long)done.number);
    api_reply(request, from_released(&name, &done));
    return 0;
}

int api_release(struct request *request, struct fault *fault)
{
    struct bytes text;
    json_t *body;
    int rc = api_body(request, &body, fault);

    if (rc < 0)
        return rc;
    rc = json_only(body, "id", fault);
    if (rc == 0 && !node_config(request->node)->hub)
        rc = fault_set(fault, ERR_SCOPE, "",
                       "the hub decides: there, yizhan release ID");
    if (rc == 0)
        rc = json_to_text(body, "id", JSON_NAME_MAX, &text, fault);
    if (rc == 0)
        rc = release(request, text.len > 0 ? (const char *)text.data : "",
                     fault);
    json_decref(body);
    return rc;
}
