/*
 * The table of routes, what their handlers share, and the handlers that are
 * too small for a file of their own. A handler never waits: it reads or writes
 * the store, makes the reply, and the door sends it after the turn's commit.
 */
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/backup.h"
#include "daemon/bundle.h"
#include "daemon/log.h"
#include "daemon/room.h"
#include "store/audit.h"

#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/json"

#define READ(at, names, handler) \
    {.method = "GET", .path = (at), .query = (names), .end = (handler)}
#define READ_DROP(at, names, handler, with_drop) \
    {.method = "GET", .path = (at), .query = (names), .end = (handler), \
     .drop = (with_drop)}
#define READ_PERSONAL(at, names, handler, with_drop) \
    {.method = "GET", .path = (at), .query = (names), .personal = true, \
     .end = (handler), .drop = (with_drop)}
#define WRITE(at, handler) \
    {.method = "POST", .path = (at), .type = JSON_TYPE, .max = BODY_MAX, \
     .end = (handler)}
#define WRITE_DROP(at, handler, with_drop) \
    {.method = "POST", .path = (at), .type = JSON_TYPE, .max = BODY_MAX, \
     .end = (handler), .drop = (with_drop)}

const struct route api_routes[] = {
    READ("/", NULL, api_page),
    READ("/metrics", NULL, api_metrics),
    READ("/api/status", NULL, api_status),
    READ("/api/show", "id history full", api_show),
    READ_DROP("/api/list", "kind state since after limit full", api_list,
              api_list_drop),
    READ_DROP("/api/export", "kind scope full bases", api_export,
              api_list_drop),
    READ_PERSONAL("/api/cases", "case full", api_cases, api_cases_drop),
    READ_PERSONAL("/api/cases/show", "case full", api_cases, api_cases_drop),
    READ_PERSONAL("/api/reconcile", "brief", api_reconciled,
                  api_reconciled_drop),
    READ("/api/log", "since code", api_log),
    READ_PERSONAL("/api/audit", "since", api_audit, api_audit_drop),
    READ("/api/devices", NULL, api_devices),
    READ("/api/keys", NULL, api_keys),
    WRITE("/api/invite", api_invite),
    WRITE("/api/admit", api_admit),
    WRITE("/api/revoke", api_revoke),
    WRITE("/api/keys/turn", api_keys_turn),
    WRITE("/api/enroll", api_enroll),
    WRITE("/api/put", api_put),
    WRITE("/api/edit", api_edit),
    WRITE("/api/end", api_end),
    WRITE("/api/cases", api_settle),
    WRITE("/api/cases/take", api_settle),
    WRITE("/api/cases/set", api_settle),
    WRITE("/api/retry", api_retry),
    WRITE("/api/release", api_release),
    WRITE("/api/sync", api_sync),
    WRITE("/api/reconcile", api_reconcile),
    WRITE("/api/rebuild", api_rebuild),
    WRITE_DROP("/api/verify", api_verify, api_verify_drop),
    WRITE_DROP("/api/backup", api_backup, api_backup_drop),
    WRITE_DROP("/api/doctor", api_doctor, api_doctor_drop),
    {
        .method = "POST",
        .path = "/api/import",
        .query = "mode dry_run dry-run report name",
        .type = NDJSON_TYPE,
        .begin = api_import_begin,
        .piece = api_import_piece,
        .end = api_import_end,
        .ready = api_import_ready,
        .drop = api_import_drop,
    },
    {
        .method = "POST",
        .path = "/api/pack",
        .query = "bytes",
        .type = JSON_TYPE,
        .max = BODY_MAX,
        .end = api_pack,
        .ready = api_pack_ready,
        .drop = api_bundle_drop,
    },
    {
        .method = "POST",
        .path = "/api/unpack",
        .type = BUNDLE_TYPE,
        .begin = api_unpack_begin,
        .piece = api_unpack_piece,
        .end = api_unpack_end,
        .ready = api_unpack_ready,
        .drop = api_bundle_drop,
    },
    {0},
};

int api_body(const struct request *request, json_t **out, struct fault *fault)
{
    return json_parse(buf_view(&request->body), out, fault);
}

void api_reply(struct request *request, json_t *value)
{
    json_print_line(value, &request->reply.body);
}

int api_number(const struct request *request, const char *name,
               uint64_t otherwise, uint64_t *out, struct fault *fault)
{
    const char *text = request_query(request, name);

    *out = otherwise;
    if (!text || !text[0])
        return 0;
    if (strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
        return fault_set(fault, ERR_VALUE, name, "a whole number");
    *out = strtoull(text, NULL, 10);
    return 0;
}

int api_time(const struct request *request, const char *name, int64_t *out,
             struct fault *fault)
{
    const char *text = request_query(request, name);

    *out = 0;
    if (!text || !text[0])
        return 0;
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) <= 18)
        *out = strtoll(text, NULL, 10);
    else if (!log_time_parse(text, out))
        return fault_set(fault, ERR_VALUE, name,
                         "a time like 2026-03-02T09:14:07+08:00");
    return 0;
}

int api_save(struct request *request, struct json_edit *edit,
             const struct kind *kind, struct fault *fault)
{
    struct receipt *receipt = xmalloc(sizeof(*receipt));
    int rc = room_check(node_config(request->node), ROOM_TO_SAVE, fault);

    edit->edit.stamp = node_stamp(request->node);
    if (rc == 0)
        rc = store_put(node_store(request->node), &edit->edit, receipt, fault);
    if (rc == 0) {
        node_saved(request->node);
        api_reply(request, json_from_receipt(receipt, kind));
    }
    free(receipt);
    return rc;
}

/* The newest copy in the configured directory; null where none is. */
static json_t *from_backup(struct node *node)
{
    struct store *store = node_store(node);

    if (node_config(node)->backup[0] == '\0')
        return json_null();
    return json_pack("{s:s, s:o, s:I}", "dir", node_config(node)->backup,
                     "last", json_from_time(store_recall(store, BACKUP_MS)),
                     "number",
                     (json_int_t)store_recall(store, BACKUP_NUMBER));
}

/* The head of the audit trail: who keeps it can tell a trail made anew. */
static json_t *from_trail(struct store *store)
{
    struct audit_head head;

    if (store_audit_head(store, &head) < 0)
        return json_null();
    return json_pack("{s:I, s:o}", "n", (json_int_t)head.n, "hash",
                     json_from_hash(&head.hash));
}

static int take_status(struct request *request, json_t **out,
                       struct fault *fault)
{
    struct node_progress progress;
    struct store_status status;
    int rc = store_status(node_store(request->node), &status);

    *out = NULL;
    if (rc < 0)
        return fault_set(fault, rc, "", "no status");
    node_progress(request->node, &progress);
    *out = json_from_status(node_config(request->node), &status, &progress);
    json_object_set_new(*out, "backup", from_backup(request->node));
    json_object_set_new(*out, "audit", from_trail(node_store(request->node)));
    return 0;
}

int api_status(struct request *request, struct fault *fault)
{
    json_t *status;
    int rc = take_status(request, &status, fault);

    if (rc == 0)
        api_reply(request, status);
    return rc;
}

int api_sync(struct request *request, struct fault *fault)
{
    struct node_progress progress;

    node_progress(request->node, &progress);
    if (!progress.station)
        return fault_set(fault, ERR_USAGE, "", "a hub has nobody to ask");
    node_sync(request->node);
    return api_status(request, fault);
}

static int told(struct request *request, int rc)
{
    json_t *out;

    if (rc < 0)
        return rc;
    out = json_object();
    json_object_set_new(out, "ok", json_true());
    api_reply(request, out);
    return 0;
}

int api_rebuild(struct request *request, struct fault *fault)
{
    int rc = room_check(node_config(request->node), ROOM_TO_SAVE, fault);

    if (rc == 0)
        rc = audit_asked(request, fault, "rebuild", "%s", "");
    if (rc < 0)
        return rc;
    log_event(LOG_I, 6010, "store.rebuild", NULL);
    rc = store_rebuild(node_store(request->node), fault);
    if (rc == 0)
        log_event(LOG_I, 6011, "store.rebuilt", NULL);
    return told(request, rc);
}

int api_page(struct request *request, struct fault *fault)
{
    static const char head[] =
        "<!doctype html>\n<html lang=\"zh\">\n<meta charset=\"utf-8\">\n"
        "<title>驿站 yizhan</title>\n<h1>驿站 yizhan</h1>\n"
        "<p>断网也能录入，通网自动上报。界面以后提供，现在请用命令 yizhan。</p>\n"
        "<p lang=\"en\">Work as if there were no network. Pages come later; "
        "for now use the command yizhan.</p>\n<pre>";
    json_t *status;
    int rc = take_status(request, &status, fault);

    if (rc < 0)
        return rc;
    /* The status holds names of the configuration only, which are checked
     * letters and digits: nothing in it needs escaping. */
    reply_text(&request->reply, "text/html; charset=utf-8", head);
    json_print_line(status, &request->reply.body);
    reply_text(&request->reply, "text/html; charset=utf-8", "</pre>\n");
    return 0;
}
