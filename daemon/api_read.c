/*
 * show, list and export. Lists go out as they are read: each fill reads some
 * records, so the reply of a register of any size needs the room of one step.
 * Between two fills the register may change; each line is true when it is
 * written, and a record is told once, as the walk goes by id and never back.
 */
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "proto/message.h"

#include <stdlib.h>
#include <string.h>

/* A walk through the records, kind by kind, in order of id: what list and
 * export send, a piece at a time, whatever the size of the register. */
struct walk {
    int kind;                   /* index of the kind at hand */
    bool only_kind;             /* the walk ends with it */
    bool started;               /* `last` is set, of this kind */
    struct id last;
    uint64_t left;              /* records still to tell */
    int parts;
    bool list;                  /* with states, and by these: */
    int state;                  /* -1: any */
    int64_t since_ms;
    const char *scope;          /* of export; "" for all */
    const char *act;            /* as it stands in the audit trail; NULL: not */
    uint64_t told;
    struct shown shown;
};

static struct shown *shown_new(void)
{
    struct shown *shown = xmalloc(sizeof(*shown));

    shown_init(shown);
    return shown;
}

struct history {
    json_t *list;
    int parts;
};

enum { HISTORY_MAX = 2000 };    /* changes told of one record, the oldest */

static int on_past(void *user, const struct past *past)
{
    struct history *history = user;

    json_array_append_new(history->list,
                          json_from_past(past, history->parts));
    return json_array_size(history->list) == HISTORY_MAX;
}

enum { COUNTY_DIGITS = 6 };

/* A scope as it is noted: it comes from the caller, and what is of no
 * organisation of this county may be anything, a telephone too. */
static const char *scope_of(const struct request *request, const char *scope)
{
    return org_valid(scope) && strncmp(scope, node_config(request->node)->org,
                                       COUNTY_DIGITS) == 0
               ? scope : "-";
}

/* Who saw whole numbers, and of what: no value. The log has no record either. */
static int note_full(struct request *request, const struct shown *shown,
                     bool history, struct fault *fault)
{
    char id[40];

    id_text(&shown->record, id);
    log_event(LOG_I, 5012, "show.full", "kind=%s scope=-", shown->kind->name);
    return audit_asked(request, fault, "show.full", "%s %s%s",
                       shown->kind->name, id, history ? " history" : "");
}

int api_show(struct request *request, struct fault *fault)
{
    struct store *store = node_store(request->node);
    const char *text = request_query(request, "id");
    int parts = JSON_BASES | JSON_STATES |
                (request_asks(request, "full") ? JSON_FULL : 0);
    struct shown *shown;
    struct id id;
    json_t *out;
    int rc;

    if (!text || !id_parse(text, &id))
        return fault_set(fault, ERR_VALUE, "id", "a record id is expected");
    shown = shown_new();
    rc = store_show(store, &id, shown);
    if (rc < 0)
        fault_set(fault, rc, "id", "not shown on this machine");
    else if (parts & JSON_FULL)
        rc = note_full(request, shown, request_asks(request, "history"),
                       fault);
    if (rc == 0) {
        out = json_from_shown(shown, parts);
        if (request_asks(request, "history")) {
            struct history history = {json_array(), parts};

            rc = store_history(store, &id, on_past, &history);
            json_object_set_new(out, "history", history.list);
        }
        api_reply(request, out);
    }
    shown_done(shown);
    free(shown);
    return rc < 0 ? rc : 0;
}

/* A record is listed under every state one of its cells is in, as a clerk who
 * asks for what is queued wants all of it. */
static bool has_state(const struct shown *shown, int state)
{
    if (state < 0 || (int)shown->state == state)
        return true;
    for (int i = 0; i < shown->cells; i++)
        if ((int)shown->cell[i].state == state)
            return true;
    return false;
}

static bool begins(struct bytes text, const char *with)
{
    return text.len >= strlen(with) &&
           memcmp(text.data, with, strlen(with)) == 0;
}

static bool wanted(const struct walk *walk)
{
    const struct shown *shown = &walk->shown;

    if (walk->scope[0] && !begins(shown->org, walk->scope) &&
        !begins(shown->host, walk->scope))
        return false;
    return has_state(shown, walk->state) &&
           (walk->since_ms == 0 || json_newest(shown) >= walk->since_ms);
}

/* The next record of the walk, wanted or not. 1, 0 at its end, or an error. */
static int step(struct walk *walk, struct store *store)
{
    const struct kinds *kinds = store_kinds(store);

    while (walk->kind < kinds->count) {
        int rc = store_next(store, &kinds->list[walk->kind],
                            walk->started ? &walk->last : NULL, &walk->shown);

        /* Over a damaged page the walk might go round for ever. */
        if (rc > 0 && walk->started &&
            memcmp(walk->shown.record.b, walk->last.b, ID_SIZE) <= 0)
            return ERR_CORRUPT;
        if (rc > 0) {
            walk->started = true;
            walk->last = walk->shown.record;
        }
        if (rc != 0)
            return rc;
        walk->started = false;
        walk->kind = walk->only_kind ? kinds->count : walk->kind + 1;
    }
    return 0;
}

/* Once: how many it told. */
static void walk_ended(struct request *request, const char *how)
{
    struct walk *walk = request->state;

    if (walk->act)
        audit_ended(request, walk->act, "%s count=%llu", how,
                    (unsigned long long)walk->told);
    walk->act = NULL;
}

static int walk_fill(struct request *request)
{
    struct walk *walk = request->state;
    struct buf *out = &request->reply.body;
    size_t start = out->len;

    while (walk->left > 0 && out->len - start < REPLY_STEP) {
        int rc = step(walk, node_store(request->node));

        if (rc < 0)
            return rc;
        if (rc == 0)
            walk->left = 0;
        if (rc == 0 || !wanted(walk))
            continue;
        walk->left--;
        walk->told++;
        json_print_line(json_from_shown(&walk->shown, walk->parts), out);
    }
    if (walk->left == 0)
        walk_ended(request, "done");
    return 0;
}

static int walk_new(struct request *request, struct fault *fault)
{
    const struct kinds *kinds = store_kinds(node_store(request->node));
    const char *name = request_query(request, "kind");
    struct walk *walk = xmalloc(sizeof(*walk));

    request->state = walk;
    shown_init(&walk->shown);
    walk->kind = 0;
    walk->only_kind = name && name[0];
    walk->started = false;
    walk->left = UINT64_MAX;
    walk->state = -1;
    walk->since_ms = 0;
    walk->scope = request_query(request, "scope");
    walk->act = NULL;
    walk->told = 0;
    walk->parts = request_asks(request, "full") ? JSON_FULL : 0;
    if (!walk->scope)
        walk->scope = "";
    if (walk->only_kind) {
        const struct kind *kind = kinds_find(kinds, name);

        if (!kind)
            return fault_set(fault, ERR_KIND, "kind", "no such kind");
        walk->kind = (int)(kind - kinds->list);
    }
    request->reply.type = NDJSON_TYPE;
    request->reply.fill = walk_fill;
    return 0;
}

static int take_filter(struct request *request, struct fault *fault)
{
    struct walk *walk = request->state;
    const char *state = request_query(request, "state");
    const char *after = request_query(request, "after");
    int rc = api_number(request, "limit", UINT64_MAX, &walk->left, fault);

    if (rc == 0)
        rc = api_time(request, "since", &walk->since_ms, fault);
    if (rc < 0)
        return rc;
    for (int i = 0; state && state[0] && i < STATES; i++)
        if (strcmp(state, state_text((enum state)i)) == 0)
            walk->state = i;
    if (state && state[0] && walk->state < 0)
        return fault_set(fault, ERR_VALUE, "state", "no such state");
    if (!after || !after[0])
        return 0;
    if (!walk->only_kind || !id_parse(after, &walk->last))
        return fault_set(fault, ERR_VALUE, "after",
                         "a record id, together with kind");
    walk->started = true;
    return 0;
}

/* Before the first line goes out. */
static int walk_note(struct request *request, const char *act,
                     struct fault *fault)
{
    struct walk *walk = request->state;
    const struct kinds *kinds = store_kinds(node_store(request->node));
    const char *kind = walk->only_kind ? kinds->list[walk->kind].name : "-";
    const char *scope = scope_of(request, walk->scope);
    int rc = audit_asked(request, fault, act, "begun kind=%s scope=%s%s", kind,
                         scope, walk->parts & JSON_BASES ? " bases" : "");

    if (rc < 0)
        return rc;
    walk->act = act;
    if (walk->parts & JSON_FULL)
        log_event(LOG_I, 5012, act, "kind=%s scope=%s", kind, scope);
    else
        log_event(LOG_I, 5013, act, NULL);
    return 0;
}

int api_list(struct request *request, struct fault *fault)
{
    int rc = walk_new(request, fault);
    struct walk *walk = request->state;

    if (rc == 0)
        rc = take_filter(request, fault);
    walk->parts |= JSON_STATES;
    return rc == 0 && walk->parts & JSON_FULL
               ? walk_note(request, "list.full", fault) : rc;
}

int api_export(struct request *request, struct fault *fault)
{
    int rc = walk_new(request, fault);
    struct walk *walk = request->state;

    if (rc < 0)
        return rc;
    if (request_asks(request, "bases"))
        walk->parts |= JSON_BASES;
    return walk_note(request, walk->parts & JSON_FULL ? "export.full"
                                                      : "export", fault);
}

void api_list_drop(struct request *request)
{
    struct walk *walk = request->state;

    if (!walk)
        return;
    walk_ended(request, "cut");
    shown_done(&walk->shown);
    free(walk);
}
