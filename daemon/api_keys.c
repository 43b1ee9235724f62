/*
 * A hub's keys: what stations pin of them, and the turn that makes the next one
 * the present. A turn too early shuts out whoever does not know the next key
 * yet, so who that would be is asked first.
 */
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/gate.h"
#include "daemon/log.h"
#include "daemon/node.h"
#include "daemon/open.h"

#include <stdlib.h>
#include <string.h>

/* Those that may speak and have not come over the line since the last turn: they
 * know the present key, and not the one after it. */
static json_t *list_behind(struct request *request)
{
    const struct opened *open = node_opened(request->node);
    const struct device *device;
    json_t *list = json_array();

    for (int i = 0; (device = devices_at(open->devices, i)); i++)
        if (!device->revoked && device->since_ms < open->keys.turned_ms &&
            gate_came_ms(open->store, BY_LINE, device->name) <
                open->keys.turned_ms)
            json_array_append_new(list, json_string(device->name));
    return list;
}

static json_t *from_pins(const struct pins *hub)
{
    char present[CHECK_TEXT], next[CHECK_TEXT];

    enrol_pin(hub->pin, present);
    enrol_pin(hub->next, next);
    return json_pack("{s:s, s:s}", "present", present, "next", next);
}

static void tell_keys(struct request *request)
{
    const struct keys *keys = &node_opened(request->node)->keys;
    json_t *out = from_pins(&keys->pins);

    json_object_set_new(out, "turned", json_from_time(keys->turned_ms));
    json_object_set_new(out, "behind", list_behind(request));
    api_reply(request, out);
}

/* At a station: what it takes for the county's. */
int api_keys(struct request *request, struct fault *fault)
{
    const struct opened *open = node_opened(request->node);

    if (open->devices)
        tell_keys(request);
    else if (open->enrolled)
        api_reply(request, from_pins(&open->county.note.pins));
    else
        return node_config(request->node)->hub
                   ? fault_set(fault, ERR_USAGE, "", "the stations of this "
                               "hub share secrets (stations =)")
                   : fault_set(fault, ERR_ENROL, "", "it knows no key of the "
                               "county");
    return 0;
}

static int refuse_early(struct request *request, struct fault *fault)
{
    json_t *list = list_behind(request);
    size_t count = json_array_size(list), i;
    char names[160] = "";
    json_t *name;
    size_t at = 0;

    json_array_foreach(list, i, name)
        if (at + json_string_length(name) + 8 < sizeof(names))
            at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
                                   at ? ", " : "", json_string_value(name));
        else if (names[at - 1] != '.')
            at += (size_t)snprintf(names + at, sizeof(names) - at, " ...");
    json_decref(list);
    return count == 0 ? 0
                      : fault_set(fault, ERR_RUNNING, "", "%zu PCs do not know "
                                  "the next key yet and would be shut out: "
                                  "%s", count, names);
}

static int turn(struct request *request, struct fault *fault)
{
    struct opened *open = node_opened(request->node);
    int rc = keys_turn(node_config(request->node), &open->keys,
                       node_stamp(request->node).wall_ms, fault);

    if (rc < 0)
        return rc;
    log_event(LOG_W, 8025, "keys.turned", NULL);
    /* The keys are turned for good; the next start would show them. */
    if (node_turned(request->node, fault) < 0) {
        log_event(LOG_E, err_code(fault->err), "keys.turned", "why=\"%s\"",
                  fault->why);
        abort();
    }
    tell_keys(request);
    return 0;
}

int api_keys_turn(struct request *request, struct fault *fault)
{
    struct devices *devices;
    json_t *body = NULL;
    bool force;
    int rc = api_hub(request, &devices, fault);

    if (rc == 0)
        rc = api_body(request, &body, fault);
    if (rc == 0)
        rc = json_only(body, "force", fault);
    force = json_is_true(json_object_get(body, "force"));
    json_decref(body);
    if (rc == 0 && !force)
        rc = refuse_early(request, fault);
    if (rc == 0)
        rc = audit_asked(request, fault, "keys.turn", "force=%d", force);
    return rc < 0 ? rc : turn(request, fault);
}
