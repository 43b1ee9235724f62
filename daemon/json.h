/*
 * Between the structs of the store and JSON. What comes in is bounded and
 * judged here once: depth, duplicates, NUL, bad UTF-8, huge integers, unknown
 * fields and wrong types are errors with a code. A fault never quotes what
 * was sent, as it may be somebody's phone number.
 */
#ifndef YZ_JSON_H
#define YZ_JSON_H

#include "daemon/findings.h"
#include "daemon/node.h"
#include "store/store.h"

#include <jansson.h>

enum json_part {
    JSON_FIELDS = 0,            /* kind, id, org, ended, fields: an export */
    JSON_BASES = 1,
    JSON_STATES = 2,            /* with state and mark of news of each cell */
    JSON_FULL = 4               /* secret fields as they are, not masked */
};

/* The wire limits of texts a person gives beside fields. */
enum { JSON_NAME_MAX = 120, JSON_REASON_MAX = 600, JSON_TOKEN_MAX = 200 };

/* Parse one JSON object; *out is the caller's. ERR_JSON, with the position. */
int json_parse(struct bytes text, json_t **out, struct fault *fault);
/* Append compact, with sorted keys, not escaped, and let go of `value`. */
void json_print(json_t *value, struct buf *out);
/* The same, and a line feed. */
void json_print_line(json_t *value, struct buf *out);

json_t *json_from_bytes(struct bytes text);     /* null when it is no UTF-8 */
json_t *json_from_hash(const struct hash *hash);        /* in hex */
json_t *json_from_time(int64_t wall_ms);        /* ISO, local; null for 0 */
/* {"error":{"code","text","field","rule","where","why"}} */
json_t *json_from_fault(const struct fault *fault);
/* One refused line of an import: {"line","code","field","rule","why"}. */
json_t *json_from_wrong(uint64_t line, const struct fault *fault);
json_t *json_from_shown(const struct shown *shown, int parts);
/* The newest change shown of a record, for lists; 0 if there is none. */
int64_t json_newest(const struct shown *shown);
json_t *json_from_past(const struct past *past, int parts);
/* With JSON_FULL for who must choose between two telephone numbers. */
json_t *json_from_case(const struct shown_case *shown, int parts);
/* Would JSON_FULL tell more of it? */
bool json_case_secret(const struct shown_case *shown);
/* `kind` names the cells; NULL leaves their names out. */
json_t *json_from_receipt(const struct receipt *receipt,
                          const struct kind *kind);
/* {"code","name","level","text","text_zh"} */
json_t *json_from_finding(const struct finding *finding);
json_t *json_from_status(const struct config *config,
                         const struct store_status *status,
                         const struct node_progress *progress);

/* "0123...ef-17": the name of a change, 45 bytes at most with its NUL less
 * the digits of n. `out` holds NAME_TEXT bytes. */
enum { ORIGIN_TEXT = 2 * ID_SIZE, NAME_TEXT = 56 };
void json_name_text(const struct name *name, char *out);
/* The origin may be cut short to its first hex digits, at least 8: *digits. */
bool json_name_parse(const char *text, struct name *out, int *digits);

/* ---- into an edit (json_edit.c) ---- */

/* An edit and the texts it points to, for use over and over. */
struct json_edit {
    struct edit edit;
    struct buf text;            /* never moves once allocated */
};

void json_edit_init(struct json_edit *edit, size_t text_max);
void json_edit_clear(struct json_edit *edit);   /* for the next one */
void json_edit_done(struct json_edit *edit);
/* Keep a copy of `text` with the edit. */
struct bytes json_edit_keep(struct json_edit *edit, struct bytes text);

/* An object of fields: null, "" and [] clear; a list replaces the whole set.
 * With `cell` >= 0 only fields of that cell are allowed. */
int json_to_fields(const json_t *fields, const struct kind *kind, int cell,
                   struct json_edit *out, struct fault *fault);
/* Set or replace one field by its cleaned text. */
int json_edit_set(struct json_edit *out, int field, struct bytes text,
                  struct fault *fault);
/* Members that every write may have: who, once, and what was looked at. */
#define JSON_FRAME "author token base bases"
/* Are all members of `object` among these names (a blank between two)? A
 * misspelt "base" must not pass in silence. ERR_FIELD. */
int json_only(const json_t *object, const char *names, struct fault *fault);
/* Take those of JSON_FRAME. `kind` names the cells of "bases". */
int json_to_frame(const json_t *request, const struct kind *kind,
                  struct json_edit *out, struct fault *fault);
/* The text of a member, "" when it is absent or null. ERR_JSON when it is no
 * string, ERR_LONG past `max` bytes, ERR_TEXT. */
int json_to_text(const json_t *object, const char *name, size_t max,
                 struct bytes *out, struct fault *fault);
int json_to_id(const json_t *object, const char *name, struct id *out,
               struct fault *fault);

#endif
