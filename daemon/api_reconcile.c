/*
 * Comparing with the hub: begun by a POST, watched and read by GET. What is
 * told names records and cells, never a value.
 */
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = {"never", "running", "done", "failed"};
static const char *const differences[] = {"not_here", "not_there", "differs"};
static const char *const outcomes[] = {"left", "mended", "case", "alike"};

static void put_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static json_t *from_digest(const struct digest *digest)
{
    char text[DIGEST_TEXT];
    json_t *out = json_object();

    digest_text(digest, text);
    put_number(out, "records", digest->records);
    put_number(out, "cells", digest->cells);
    json_object_set_new(out, "digest", json_string(text));
    return out;
}

static json_t *from_orgs(const struct sums *sums)
{
    struct digest here = {0}, there = {0};
    json_t *out = json_object(), *orgs = json_array();

    for (int i = 0; i < sums->count; i++) {
        const struct org_sum *sum = &sums->list[i];
        json_t *one = json_object();

        json_object_set_new(one, "org", json_string(sum->org));
        json_object_set_new(one, "here", from_digest(&sum->here));
        json_object_set_new(one, "county", from_digest(&sum->there));
        json_object_set_new(
            one, "agree",
            json_boolean(digest_equal(&sum->here, &sum->there)));
        json_array_append_new(orgs, one);
        digest_join(&here, &sum->here);
        digest_join(&there, &sum->there);
    }
    json_object_set_new(out, "here", from_digest(&here));
    json_object_set_new(out, "county", from_digest(&there));
    json_object_set_new(out, "orgs", orgs);
    return out;
}

static void put_found(json_t *out, const struct reconcile_view *view)
{
    for (int i = 0; i <= DIFFER_BOTH; i++)
        put_number(out, differences[i], view->found[i]);
    put_number(out, "mended", view->mended);
    put_number(out, "cases", view->cases);
    put_number(out, "damaged", view->damaged);
    put_number(out, "left", view->left);
    put_number(out, "listed", (uint64_t)view->listed);
}

static json_t *from_view(const struct reconcile_view *view)
{
    json_t *out = json_object(), *sums;
    char code[16];

    json_object_set_new(out, "state", json_string(states[view->state]));
    json_object_set_new(out, "repair", json_boolean(view->repair));
    put_number(out, "run", view->run);
    put_number(out, "passes", (uint64_t)view->passes);
    put_number(out, "compared", view->cells);
    put_found(out, view);
    put_number(out, "exchanges", view->exchanges);
    put_number(out, "bytes_up", view->bytes_up);
    put_number(out, "bytes_down", view->bytes_down);
    snprintf(code, sizeof(code), "YZ%04d", err_code(view->cause));
    json_object_set_new(out, "cause", view->cause ? json_string(code)
                                                  : json_null());
    if (view->state != RECONCILE_DONE)
        return out;
    sums = from_orgs(view->sums);
    json_object_update(out, sums);
    json_decref(sums);
    return out;
}

/* The cell by its name if this machine knows the record's kind, without its
 * key, which may be personal. */
static void put_cell(json_t *out, struct store *store, const struct want *want)
{
    const struct kind *kind = NULL;
    const char *name = NULL;
    char number[24];
    int cell;

    snprintf(number, sizeof(number), "%llu", (unsigned long long)want->cell);
    if (store_kind_of(store, &want->record, &kind) == 0 && kind) {
        json_object_set_new(out, "kind", json_string(kind->name));
        cell = kind_cell_by_id(kind, want->cell);
        name = cell > 0 ? kind->cells[cell].name : NULL;
    }
    if (want->cell == 0)
        name = "end";
    json_object_set_new(out, "cell", json_string(name ? name : number));
}

static json_t *from_found(struct store *store, const struct found *found)
{
    const struct mending *cell = &found->cell;
    json_t *out = json_object();
    char text[NAME_TEXT];

    id_text(&cell->on.want.record, text);
    json_object_set_new(out, "record", json_string(text));
    put_cell(out, store, &cell->on.want);
    json_object_set_new(out, "difference",
                        json_string(differences[cell->on.what]));
    put_number(out, "here", cell->on.here);
    put_number(out, "county", cell->on.there);
    if (!found->mended)
        return out;
    json_object_set_new(out, "outcome", json_string(outcomes[cell->outcome]));
    json_object_set_new(out, "damaged", json_boolean(cell->damaged));
    if (cell->outcome == MENDED_CASE) {
        json_name_text(&cell->on.want.name, text);
        json_object_set_new(out, "case", json_string(text));
    }
    return out;
}

/* A walk through the list of one run; another run ends it. */
struct walk {
    uint64_t run;
    int next;
    bool told;                  /* the sum at the end */
};

static int list_fill(struct request *request)
{
    struct node *node = request->node;
    struct walk *walk = request->state;
    struct buf *out = &request->reply.body;
    size_t start = out->len;
    struct reconcile_view view;

    reconcile_view(node_reconcile(node), &view);
    if (view.run != walk->run)
        return ERR_AGAIN;
    while (walk->next < view.listed && out->len - start < REPLY_STEP)
        json_print_line(from_found(node_store(node),
                                   &view.list[walk->next++]), out);
    if (walk->next == view.listed && !walk->told) {
        json_print_line(from_view(&view), out);
        walk->told = true;
    }
    return 0;
}

static int station_only(const struct request *request, struct fault *fault)
{
    return node_reconcile(request->node) == NULL
               ? fault_set(fault, ERR_USAGE, "", "a hub has nobody to ask")
               : 0;
}

/* With `brief` only the sum, as the last line of the list is. */
int api_reconciled(struct request *request, struct fault *fault)
{
    struct reconcile_view view;
    struct walk *walk;
    int rc = station_only(request, fault);

    if (rc < 0)
        return rc;
    reconcile_view(node_reconcile(request->node), &view);
    if (request_asks(request, "brief")) {
        api_reply(request, from_view(&view));
        return 0;
    }
    walk = xmalloc(sizeof(*walk));
    *walk = (struct walk){.run = view.run};
    request->state = walk;
    request->reply.type = NDJSON_TYPE;
    request->reply.fill = list_fill;
    return 0;
}

void api_reconciled_drop(struct request *request)
{
    free(request->state);
}

int api_reconcile(struct request *request, struct fault *fault)
{
    struct reconcile *reconcile = node_reconcile(request->node);
    struct reconcile_view view;
    json_t *body = NULL;
    bool repair;
    int rc = station_only(request, fault);

    if (rc == 0)
        rc = api_body(request, &body, fault);
    if (rc < 0)
        return rc;
    rc = json_only(body, "repair", fault);
    repair = json_is_true(json_object_get(body, "repair"));
    json_decref(body);
    if (rc == 0 && repair)
        rc = audit_asked(request, fault, "reconcile", "%s", "repair");
    if (rc < 0)
        return rc;
    if (reconcile_start(reconcile, repair) < 0)
        return fault_set(fault, ERR_RUNNING, "", "a comparison is under way");
    log_event(LOG_I, 6020, "reconcile.begin", "repair=%d", repair);
    node_sync(request->node);
    reconcile_view(reconcile, &view);
    api_reply(request, from_view(&view));
    return 0;
}
