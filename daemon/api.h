/*
 * The loopback API: a table of routes, one for each verb of the command line,
 * with the same objects (cli.md). What the handlers share stands here too.
 */
#ifndef YZ_API_H
#define YZ_API_H

#include "daemon/json.h"
#include "daemon/request.h"

#define NDJSON_TYPE "application/x-ndjson"

extern const struct route api_routes[];

/* ---- handlers, by file; the shape is that of struct route ---- */

int api_status(struct request *request, struct fault *fault);   /* api.c */
int api_sync(struct request *request, struct fault *fault);
int api_rebuild(struct request *request, struct fault *fault);
int api_page(struct request *request, struct fault *fault);
int api_metrics(struct request *request, struct fault *fault);

int api_show(struct request *request, struct fault *fault);     /* api_read.c */
int api_list(struct request *request, struct fault *fault);
int api_export(struct request *request, struct fault *fault);
void api_list_drop(struct request *request);

int api_log(struct request *request, struct fault *fault);      /* api_log.c */

int api_audit(struct request *request, struct fault *fault);    /* api_audit.c */
void api_audit_drop(struct request *request);

int api_verify(struct request *request, struct fault *fault);   /* api_care.c */
void api_verify_drop(struct request *request);
int api_backup(struct request *request, struct fault *fault);
void api_backup_drop(struct request *request);
int api_doctor(struct request *request, struct fault *fault);
void api_doctor_drop(struct request *request);
int api_release(struct request *request, struct fault *fault);

int api_put(struct request *request, struct fault *fault);      /* api_write.c */
int api_edit(struct request *request, struct fault *fault);
int api_end(struct request *request, struct fault *fault);

int api_cases(struct request *request, struct fault *fault);    /* api_cases.c */
int api_settle(struct request *request, struct fault *fault);
int api_retry(struct request *request, struct fault *fault);
void api_cases_drop(struct request *request);

int api_reconcile(struct request *request,
                  struct fault *fault);             /* api_reconcile.c */
int api_reconciled(struct request *request, struct fault *fault);
void api_reconciled_drop(struct request *request);

int api_invite(struct request *request,
               struct fault *fault);                /* api_devices.c */
int api_admit(struct request *request, struct fault *fault);
int api_devices(struct request *request, struct fault *fault);
int api_revoke(struct request *request, struct fault *fault);
int api_enroll(struct request *request, struct fault *fault);

int api_keys(struct request *request, struct fault *fault);     /* api_keys.c */
int api_keys_turn(struct request *request, struct fault *fault);

int api_import_begin(struct request *request, struct fault *fault);
int api_import_piece(struct request *request, struct bytes data,
                     struct fault *fault);
int api_import_end(struct request *request, struct fault *fault);
int api_import_ready(struct request *request, struct fault *fault);
void api_import_drop(struct request *request);

int api_pack(struct request *request, struct fault *fault);     /* api_bundle.c */
int api_pack_ready(struct request *request, struct fault *fault);
int api_unpack_begin(struct request *request, struct fault *fault);
int api_unpack_piece(struct request *request, struct bytes data,
                     struct fault *fault);
int api_unpack_end(struct request *request, struct fault *fault);
int api_unpack_ready(struct request *request, struct fault *fault);
void api_bundle_drop(struct request *request);

/* ---- shared ---- */

/* The body as an object; the caller lets go of it. */
int api_body(const struct request *request, json_t **out,
             struct fault *fault);
/* Make `value` the reply, and let go of it. */
void api_reply(struct request *request, json_t *value);
/* The list of a hub whose stations enrol; ERR_USAGE. (In api_devices.c.) */
struct devices;
int api_hub(struct request *request, struct devices **out,
            struct fault *fault);
/* A number in the query; `otherwise` when it is not given. */
int api_number(const struct request *request, const char *name,
               uint64_t otherwise, uint64_t *out, struct fault *fault);
/* Milliseconds of a time in the query, 0 when it is not given. */
int api_time(const struct request *request, const char *name, int64_t *out,
             struct fault *fault);
/* A case by its name, whole or with the origin cut short, which only finds open
 * ones. ERR_CASE. */
int api_find_case(struct store *store, const char *text,
                  struct shown_case *out, struct fault *fault);
/* Save, tell the core, and make the receipt the reply. */
int api_save(struct request *request, struct json_edit *edit,
             const struct kind *kind, struct fault *fault);

#endif
