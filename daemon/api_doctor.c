/*
 * doctor, the daemon's part: the look at the database is a job; then the rest
 * is judged as it is at that moment. The reply has a finding a line.
 */
#include "daemon/api.h"
#include "daemon/backup.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/open.h"
#include "daemon/os.h"

#include <stdlib.h>
#include <string.h>

#ifndef YIZHAN_VERSION
#define YIZHAN_VERSION "0.1.0"
#endif

struct examining {
    struct request *request;
    struct job job;
    struct verify *verify;
    char asker[40];             /* version of the program that asks */
    struct findings found;
};

static int on_look(void *user, struct fault *fault)
{
    struct examining *examining = user;

    return verify_step(examining->verify, fault);
}

static void find_files(struct findings *out, const struct config *config,
                       const struct store_status *status)
{
    char path[CONFIG_PATH + 64];

    config_path(config, "yizhan.db-wal", path);
    find_log(out, os_size(path));
    find_disk(out, os_room(config->data), status->db_bytes);
}

static void find_copies(struct findings *out, const struct config *config,
                        struct store *store)
{
    struct backup_state state = {
        .dir = config->backup,
        .hub = config->hub,
        .there = os_may_write(config->backup),
        .same_disk = os_same_disk(config->backup, config->data),
        .last_ms = store_recall(store, BACKUP_MS),
    };

    find_backup(out, &state, os_wall_ms());
}

static void find_hub(struct findings *out, struct node *node,
                     const struct store_status *status)
{
    struct store *store = node_store(node);
    struct node_progress progress;
    int64_t now = os_wall_ms();

    node_progress(node, &progress);
    find_clock(out, progress.station && progress.clock_measured,
               progress.clock_offset_ms,
               progress.station ? progress.last_contact
                                : store_recall(store, BACKUP_MS),
               now);
    if (!progress.station)
        return;
    find_contact(out, progress.last_contact, progress.cause, now);
    find_queue(out, status->count[STATE_QUEUED], store_waiting_since(store),
               now);
}

static void find_kind_files(struct findings *out, const struct config *config,
                            struct store *store)
{
    struct kinds *files = NULL;
    struct fault fault;

    if (kinds_load(config->kinds, &files, &fault) < 0) {
        find_fault(out, FIND_KINDS, &fault);
        return;
    }
    find_kinds(out, config->hub,
               memcmp(files->hash, store_kinds(store)->hash, HASH_SIZE) == 0,
               config->kinds);
    kinds_free(files);
}

static void find_service(struct findings *out)
{
    if (os_is_service() || !os_has_services())
        find_add(out, FIND_SERVICE, LEVEL_OK, "%s%.0s", "%.0s%s",
                 os_is_service() ? "It runs as a service."
                                 : "This machine has no service manager.",
                 os_is_service() ? "驿站是作为服务运行的。"
                                 : "这台机器没有服务管理程序。");
    else
        find_add(
            out, FIND_SERVICE, LEVEL_WARN,
            "It was started by hand and will not be there after a restart of "
            "this machine: systemctl enable --now yizhan",
            "驿站是手工启动的，重启电脑后不会自己运行：systemctl enable --now "
            "yizhan");
}

static void examine(struct examining *on, const struct fault *fault)
{
    struct node *node = on->request->node;
    const struct config *config = node_config(node);
    struct findings *out = &on->found;
    struct store_status status = {.written = 0};

    find_version(out, YIZHAN_VERSION, on->asker);
    find_fault(out, FIND_DATABASE, fault->err != 0 ? fault : NULL);
    store_status(node_store(node), &status);
    find_files(out, config, &status);
    find_copies(out, config, node_store(node));
    find_hub(out, node, &status);
    find_kind_files(out, config, node_store(node));
    find_service(out);
}

static void on_looked(void *user, int rc, const struct fault *fault)
{
    static const struct fault none;
    struct examining *on = user;
    struct request *request = on->request;
    int bad = 0;

    (void)rc;
    examine(on, fault);
    request->reply.type = NDJSON_TYPE;
    for (int i = 0; i < on->found.count; i++) {
        bad += on->found.list[i].level != LEVEL_OK;
        json_print_line(json_from_finding(&on->found.list[i]),
                        &request->reply.body);
    }
    log_event(bad > 0 ? LOG_W : LOG_I, 6017, "doctor", "findings=%d bad=%d",
              on->found.count, bad);
    request_done(request, &none);
}

static int take_asker(struct request *request, char *out, size_t size,
                      struct fault *fault)
{
    struct bytes text;
    json_t *body;
    int rc = api_body(request, &body, fault);

    if (rc < 0)
        return rc;
    rc = json_only(body, "version", fault);
    if (rc == 0)
        rc = json_to_text(body, "version", size - 1, &text, fault);
    if (rc == 0)
        snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
    json_decref(body);
    return rc;
}

int api_doctor(struct request *request, struct fault *fault)
{
    struct examining *on = xmalloc(sizeof(*on));

    if (take_asker(request, on->asker, sizeof(on->asker), fault) < 0) {
        free(on);
        return fault->err;
    }
    on->request = request;
    on->verify = verify_new(node_store(request->node));
    on->found.count = 0;
    on->job = (struct job){.step = on_look, .done = on_looked, .user = on};
    request->state = on;
    request->later = true;
    job_begin(request->node, &on->job);
    return 0;
}

void api_doctor_drop(struct request *request)
{
    struct examining *on = request->state;

    if (!on)
        return;
    job_forget(request->node, &on->job);
    verify_free(on->verify);
    free(on);
}
