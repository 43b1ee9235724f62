/*
 * put, edit, end. All three make one edit of the body and save it; only what
 * goes into the edit differs. The base is what the request says its author
 * looked at; without one the store takes what it holds now.
 */
#include "daemon/api.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2 * BODY_MAX };       /* cleaned texts of one request */

/* A record that is here: its kind goes into the edit. ERR_RECORD. */
static int find(struct request *request, struct json_edit *edit,
                struct fault *fault)
{
    int rc = store_kind_of(node_store(request->node), &edit->edit.record,
                           &edit->edit.kind);

    return rc < 0 ? fault_set(fault, rc, "id", "not shown on this machine")
                  : 0;
}

/* UUID version 7: ids made together lie together in the store. */
static void draw_id(const struct stamp *now, struct id *out)
{
    uint64_t ms = (uint64_t)now->wall_ms;

    randombytes_buf(out->b, ID_SIZE);
    for (int i = 0; i < 6; i++)
        out->b[i] = (uint8_t)(ms >> (40 - 8 * i));
    out->b[6] = (uint8_t)(0x70 | (out->b[6] & 0x0F));
    out->b[8] = (uint8_t)(0x80 | (out->b[8] & 0x3F));
}

/* Which record a put is for: one that is here, or a new one. */
static int choose(struct request *request, const json_t *body,
                  struct json_edit *edit, struct fault *fault)
{
    const struct kinds *kinds = store_kinds(node_store(request->node));
    const json_t *id = json_object_get(body, "id");
    struct stamp now = node_stamp(request->node);
    const struct kind *kind;
    struct bytes name;
    int rc = json_to_text(body, "kind", JSON_NAME_MAX, &name, fault);

    if (rc < 0)
        return rc;
    kind = kinds_find(kinds, (const char *)name.data);
    if (!kind)
        return fault_set(fault, ERR_KIND, "kind", "no such kind");
    if (id && !json_is_null(id)) {
        rc = json_to_id(body, "id", &edit->edit.record, fault);
        if (rc == 0)
            rc = find(request, edit, fault);
        if (rc == 0 && edit->edit.kind != kind)
            return fault_set(fault, ERR_KIND, "kind", "the record is a %s",
                             edit->edit.kind->name);
        if (rc != ERR_RECORD)
            return rc;
        *fault = (struct fault){0};
    } else {
        draw_id(&now, &edit->edit.record);
    }
    edit->edit.kind = kind;
    edit->edit.create = true;
    return 0;
}

/* A new record of which nothing is said would leave no trace, and its id would
 * name nothing. */
static int need_something(const struct edit *edit, struct fault *fault)
{
    for (int i = 0; i < edit->nset; i++)
        if (edit->set[i].text.len > 0)
            return 0;
    for (int i = 0; i < edit->nkeys; i++)
        if (edit->key[i].present)
            return 0;
    return edit->create ? fault_set(fault, ERR_VALUE, "fields",
                                    "nothing was given, and a new record needs "
                                    "something")
                        : 0;
}

/* The shape of the three writes: `fill` makes the edit of the body. */
typedef int (*fill_fn)(struct request *request, const json_t *body,
                       struct json_edit *edit, struct fault *fault);

static int write_edit(struct request *request, const char *names, fill_fn fill,
                      struct fault *fault)
{
    struct json_edit *edit;
    json_t *body;
    int rc = api_body(request, &body, fault);

    if (rc < 0)
        return rc;
    edit = xmalloc(sizeof(*edit));
    json_edit_init(edit, TEXT_MAX);
    rc = json_only(body, names, fault);
    if (rc == 0)
        rc = fill(request, body, edit, fault);
    if (rc == 0)
        rc = json_to_frame(body, edit->edit.kind, edit, fault);
    if (rc == 0)
        rc = need_something(&edit->edit, fault);
    if (rc == 0)
        rc = api_save(request, edit, edit->edit.kind, fault);
    json_edit_done(edit);
    free(edit);
    json_decref(body);
    return rc;
}

static int fill_put(struct request *request, const json_t *body,
                    struct json_edit *edit, struct fault *fault)
{
    int rc = choose(request, body, edit, fault);

    return rc < 0 ? rc
                  : json_to_fields(json_object_get(body, "fields"),
                                   edit->edit.kind, -1, edit, fault);
}

static int fill_edit(struct request *request, const json_t *body,
                     struct json_edit *edit, struct fault *fault)
{
    int rc = json_to_id(body, "id", &edit->edit.record, fault);

    if (rc == 0)
        rc = find(request, edit, fault);
    return rc < 0 ? rc
                  : json_to_fields(json_object_get(body, "fields"),
                                   edit->edit.kind, -1, edit, fault);
}

static int fill_end(struct request *request, const json_t *body,
                    struct json_edit *edit, struct fault *fault)
{
    const json_t *survivor = json_object_get(body, "survivor");
    bool undo = json_is_true(json_object_get(body, "undo"));
    int rc = json_to_id(body, "id", &edit->edit.record, fault);

    if (rc == 0)
        rc = find(request, edit, fault);
    if (rc == 0)
        rc = json_to_text(body, "reason", JSON_REASON_MAX, &edit->edit.reason,
                          fault);
    if (rc == 0 && survivor && !json_is_null(survivor))
        rc = json_to_id(body, "survivor", &edit->edit.survivor, fault);
    if (rc < 0)
        return rc;
    edit->edit.ending = undo ? ENDING_UNDO : ENDING_END;
    if (!undo && edit->edit.reason.len == 0)
        return fault_set(fault, ERR_VALUE, "reason", "why it ends");
    return 0;
}

int api_put(struct request *request, struct fault *fault)
{
    return write_edit(request, "kind id fields " JSON_FRAME, fill_put, fault);
}

int api_edit(struct request *request, struct fault *fault)
{
    return write_edit(request, "id fields " JSON_FRAME, fill_edit, fault);
}

int api_end(struct request *request, struct fault *fault)
{
    return write_edit(request, "id reason survivor undo " JSON_FRAME, fill_end,
                      fault);
}
