/*
 * Cases: listing them, settling them, and sending an own one once more. A case
 * is never altered: settling is a new change of the same cell that names it,
 * written on the base of what is in force now, as the person who settles has
 * seen that beside the other value.
 */
#include "daemon/api.h"
#include "daemon/audit.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2 * BODY_MAX };

/* ---- reading ---- */

int api_find_case(struct store *store, const char *text,
                  struct shown_case *out, struct fault *fault)
{
    struct name name;
    int digits, rc;

    if (!json_name_parse(text, &name, &digits))
        return fault_set(fault, ERR_CASE, "case", "a case as listed");
    if (digits == 2 * ID_SIZE) {
        rc = store_case(store, &name, out);
        return rc < 0 ? fault_set(fault, rc, "case", "not known here") : 0;
    }
    for (int64_t row = 0; (rc = store_next_case(store, row, out)) > 0;
         row = out->row)
        if (out->name.n == name.n &&
            memcmp(out->name.origin.b, name.origin.b, (size_t)digits / 2) == 0)
            return 0;
    return fault_set(fault, rc < 0 ? rc : ERR_CASE, "case", "none is open");
}

/* A walk through the open cases. */
struct walk {
    int64_t row;
    int parts;
    struct shown_case shown;
};

static int cases_fill(struct request *request)
{
    struct walk *walk = request->state;
    struct buf *out = &request->reply.body;
    size_t start = out->len;

    while (out->len - start < REPLY_STEP) {
        int rc = store_next_case(node_store(request->node), walk->row,
                                 &walk->shown);

        if (rc <= 0)
            return rc;
        walk->row = walk->shown.row;
        json_print_line(json_from_case(&walk->shown, walk->parts), out);
    }
    return 0;
}

/* Both values, for the one who asks for this case in order to choose. */
static int tell_case(struct request *request, const struct shown_case *shown,
                     struct fault *fault)
{
    char name[NAME_TEXT], id[40];
    int rc = 0;

    json_name_text(&shown->name, name);
    id_text(&shown->record, id);
    if (json_case_secret(shown))
        rc = audit_asked(request, fault, "case.full", "%s of %s", name, id);
    if (rc == 0)
        api_reply(request, json_from_case(shown, JSON_FULL));
    return rc;
}

int api_cases(struct request *request, struct fault *fault)
{
    const char *name = request_query(request, "case");
    struct walk *walk = xmalloc(sizeof(*walk));
    int rc;

    request->state = walk;
    walk->row = 0;
    walk->parts = request_asks(request, "full") ? JSON_FULL : 0;
    shown_case_init(&walk->shown);
    if (!name) {
        request->reply.type = NDJSON_TYPE;
        request->reply.fill = cases_fill;
        return walk->parts ? audit_asked(request, fault, "cases.full", "all")
                           : 0;
    }
    rc = api_find_case(node_store(request->node), name, &walk->shown, fault);
    return rc == 0 ? tell_case(request, &walk->shown, fault) : rc;
}

void api_cases_drop(struct request *request)
{
    struct walk *walk = request->state;

    if (!walk)
        return;
    shown_case_done(&walk->shown);
    free(walk);
}

/* ---- settling: a new change that names the case ---- */

static int settle_ending(const struct body *body, struct json_edit *out,
                         struct fault *fault)
{
    struct edit *edit = &out->edit;
    struct bytes survivor;
    char text[40] = "";

    edit->ending = body ? ENDING_END : ENDING_UNDO;
    if (!body)
        return 0;
    edit->reason = body_get(body, END_REASON);
    survivor = body_get(body, END_SURVIVOR);
    if (survivor.len == 0)
        return 0;
    if (survivor.len < sizeof(text))
        memcpy(text, survivor.data, survivor.len);
    return id_parse(text, &edit->survivor)
               ? 0
               : fault_set(fault, ERR_UNREADABLE, "survivor", "no record id");
}

/* Make the cell say `body`, all of it; NULL empties it. */
static int settle_body(const struct shown_case *shown, const struct body *body,
                       struct json_edit *out, struct fault *fault)
{
    const struct kind *kind = shown->kind;
    struct edit *edit = &out->edit;

    if (shown->cell == 0)
        return settle_ending(body, out, fault);
    if (kind->cells[shown->cell].keyed) {
        edit->key[0].cell = shown->cell;
        edit->key[0].key = shown->key;
        edit->key[0].present = body != NULL;
        edit->nkeys = 1;
        return 0;
    }
    for (int i = 0; i < kind->nfields; i++) {
        struct bytes text = bytes_of("", 0);
        int rc;

        if (kind->fields[i].cell != shown->cell ||
            kind->fields[i].type == FIELD_SET)
            continue;
        if (body)
            text = body_get(body, (uint64_t)kind->fields[i].id);
        rc = json_edit_set(out, i, text, fault);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static const struct body *parked_body(const struct shown_case *shown)
{
    return shown->parked.removal ? NULL : &shown->parked.body;
}

static int settle_frame(const struct shown_case *shown, struct json_edit *out,
                        struct fault *fault)
{
    struct edit *edit = &out->edit;
    char name[NAME_TEXT];

    if (!shown->open) {
        json_name_text(&shown->settled_by, name);
        return fault_set(fault, ERR_CASE, "case", "settled by %s", name);
    }
    if (!shown->kind || shown->cell < 0)
        return fault_set(fault, ERR_KIND, "case", "not known here");
    edit->record = shown->record;
    edit->kind = shown->kind;
    edit->settles[edit->nsettles++] = shown->name;
    edit->has_base = true;
    edit->base = shown->number;
    edit->force = true;
    return 0;
}

static int settle_side(const struct shown_case *shown, const char *side,
                       struct json_edit *out, struct fault *fault)
{
    if (strcmp(side, "in-force") == 0)
        return settle_body(shown,
                           shown->in_force_present ? &shown->in_force : NULL,
                           out, fault);
    if (strcmp(side, "parked") != 0)
        return fault_set(fault, ERR_VALUE, "side", "parked or in-force");
    if (!shown->readable)
        return fault_set(fault, ERR_UNREADABLE, "case", "%s",
                         "it can only be settled with another value");
    return settle_body(shown, parked_body(shown), out, fault);
}

/* The parked body with the given fields in place of its own. */
static int settle_set(const struct shown_case *shown, const json_t *fields,
                      struct json_edit *out, struct fault *fault)
{
    int rc = 0;

    if (shown->cell == 0) {
        out->edit.ending = ENDING_END;
        return json_to_text(fields, "reason", JSON_REASON_MAX,
                            &out->edit.reason, fault);
    }
    if (shown->readable && !shown->kind->cells[shown->cell].keyed)
        rc = settle_body(shown, parked_body(shown), out, fault);
    return rc < 0 ? rc
                  : json_to_fields(fields, shown->kind, shown->cell, out,
                                   fault);
}

/* {"take":"parked"|"in-force"} (or "side" with "action":"take"), else
 * {"fields":{...}}. */
static int fill_settle(struct store *store, const json_t *body,
                       struct shown_case *shown, struct json_edit *out,
                       struct fault *fault)
{
    const char *name = json_string_value(json_object_get(body, "case"));
    const json_t *fields = json_object_get(body, "fields");
    struct bytes side;
    int rc = api_find_case(store, name ? name : "", shown, fault);

    if (rc == 0)
        rc = settle_frame(shown, out, fault);
    if (rc == 0)
        rc = json_to_text(body, json_object_get(body, "take") ? "take" : "side",
                          JSON_NAME_MAX, &side, fault);
    if (rc != 0)
        return rc;
    if (side.len > 0 && !fields)
        return settle_side(shown, (const char *)side.data, out, fault);
    return settle_set(shown, fields, out, fault);
}

/* ---- retry: the same value once more, as a change that settles ---- */

/* The case to send again: given by its name, or the oldest own open one of a
 * record. Another station's value cannot be sent again: it would become this
 * person's change, under this station's scope. */
static int find_retry(struct store *store, const char *text,
                      struct shown_case *out, struct fault *fault)
{
    struct id record;
    int rc;

    if (!id_parse(text, &record))
        return api_find_case(store, text, out, fault);
    for (int64_t row = 0; (rc = store_next_case(store, row, out)) > 0;
         row = out->row)
        if (out->own && id_equal(&out->record, &record))
            return 0;
    return fault_set(fault, rc < 0 ? rc : ERR_CASE, "id",
                     "no own open case of this record");
}

static int fill_retry(struct store *store, const json_t *body,
                      struct shown_case *shown, struct json_edit *out,
                      struct fault *fault)
{
    const char *text = json_string_value(json_object_get(body, "id"));
    int rc = find_retry(store, text ? text : "", shown, fault);

    if (rc == 0 && !shown->own)
        rc = fault_set(fault, ERR_SCOPE, "id",
                       "another station's; settle the case instead");
    if (rc == 0)
        rc = settle_frame(shown, out, fault);
    return rc < 0 ? rc : settle_side(shown, "parked", out, fault);
}

/* ---- both ---- */

typedef int (*fill_fn)(struct store *store, const json_t *body,
                       struct shown_case *shown, struct json_edit *out,
                       struct fault *fault);

/* Author and token, but never a base: the case has its own. */
static int save(struct request *request, const json_t *body,
                const struct kind *kind, struct json_edit *edit,
                struct fault *fault)
{
    uint64_t base = edit->edit.base;
    int rc = json_to_frame(body, kind, edit, fault);

    edit->edit.base = base;
    edit->edit.nbases = 0;
    return rc < 0 ? rc : api_save(request, edit, kind, fault);
}

static int settle(struct request *request, const char *names, fill_fn fill,
                  struct fault *fault)
{
    struct json_edit *edit;
    struct shown_case *shown;
    json_t *body;
    int rc = api_body(request, &body, fault);

    if (rc < 0)
        return rc;
    shown = xmalloc(sizeof(*shown));
    shown_case_init(shown);
    edit = xmalloc(sizeof(*edit));
    json_edit_init(edit, TEXT_MAX);
    rc = json_only(body, names, fault);
    if (rc == 0)
        rc = fill(node_store(request->node), body, shown, edit, fault);
    if (rc == 0)
        rc = save(request, body, shown->kind, edit, fault);
    json_edit_done(edit);
    free(edit);
    shown_case_done(shown);
    free(shown);
    json_decref(body);
    return rc;
}

int api_settle(struct request *request, struct fault *fault)
{
    return settle(request, "case action side take fields why " JSON_FRAME,
                  fill_settle, fault);
}

int api_retry(struct request *request, struct fault *fault)
{
    return settle(request, "id why " JSON_FRAME, fill_retry, fault);
}
