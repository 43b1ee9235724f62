/*
 * Enrolment at both ends, and the hub's list of who may speak. What is drawn or
 * let in is durable before it is told: the file is written in the handler, the
 * store's part is committed with the turn.
 */
#include "daemon/address.h"
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/beside.h"
#include "daemon/gate.h"
#include "daemon/log.h"
#include "daemon/open.h"
#include "store/peer.h"
#include "store/reach.h"

#include <sodium.h>
#include <string.h>

/* ---- the hub ---- */

int api_hub(struct request *request, struct devices **out, struct fault *fault)
{
    *out = node_opened(request->node)->devices;
    return *out ? 0
                : fault_set(fault, ERR_USAGE, "", "only at a hub whose "
                            "stations enrol (no stations = in its "
                            "configuration)");
}

/* A text of the body, NUL at its end. */
static int take_text(const json_t *body, const char *name, char *out,
                     size_t size, struct fault *fault)
{
    struct bytes text;
    int rc = json_to_text(body, name, size - 1, &text, fault);

    if (rc < 0)
        return rc;
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return 0;
}

/* The one text that the body holds. */
static int take_only(struct request *request, const char *name, char *out,
                     size_t size, struct fault *fault)
{
    json_t *body = NULL;
    int rc = api_body(request, &body, fault);

    if (rc == 0)
        rc = json_only(body, name, fault);
    if (rc == 0)
        rc = take_text(body, name, out, size, fault);
    json_decref(body);
    return rc;
}

int api_invite(struct request *request, struct fault *fault)
{
    char org[32], code[CODE_TEXT];
    struct devices *devices;
    int rc = api_hub(request, &devices, fault);

    if (rc == 0)
        rc = take_only(request, "org", org, sizeof(org), fault);
    if (rc == 0 && org_valid(org))
        rc = audit_asked(request, fault, "invite", "for %s", org);
    if (rc == 0)
        rc = devices_invite(devices, org, node_stamp(request->node).wall_ms,
                            code, fault);
    if (rc < 0)
        return rc;
    log_event(LOG_I, 8020, "enrol.invite", "org=%s", org);
    api_reply(request, json_pack("{s:s, s:s, s:i}", "org", org, "code", code,
                                 "hours", 72));
    sodium_memzero(code, sizeof(code));
    return 0;
}

/* Who was let in or shut out must stay so when this disk is lost: it is told
 * when the off-box copy has it too. Asked once more, the answer is the same. */
static int keep_off_box(struct request *request, struct fault *fault)
{
    const struct config *config = node_config(request->node);

    return config->backup[0] ? beside_keep(config, config->backup, fault) : 0;
}

/* Both ways in end here: over the line, where nobody says who it is, and from a
 * stick. */
static int admit(struct request *request, const char *person,
                 struct bytes ask, struct buf *answer, struct fault *fault)
{
    struct opened *open = node_opened(request->node);
    struct devices *devices;
    const struct device *fresh = NULL;
    int rc = api_hub(request, &devices, fault);

    if (rc == 0)
        rc = devices_admit(devices, ask, node_stamp(request->node).wall_ms,
                           answer, &fresh, fault);
    if (rc == 0 && fresh) {
        reached(open->store, REACH_ADMITTED);
        rc = node_tell_stations(open, fault);
    }
    if (rc == 0 && fresh)
        rc = audit_by(request->node, person, fault, "admit", "%s",
                      fresh->name);
    if (rc == 0)
        rc = keep_off_box(request, fault);
    if (rc < 0)
        log_event(LOG_W, 8022, "enrol.refuse", "code=YZ%04d why=\"%s\"",
                  err_code(rc), fault->why);
    else
        log_event(LOG_I, 8021, "enrol.done", "fresh=%d", fresh != NULL);
    return rc;
}

int gate_enrol(struct request *request, struct fault *fault)
{
    request->reply.type = ENROL_TYPE;
    return admit(request, "", buf_view(&request->body), &request->reply.body,
                 fault);
}

int api_admit(struct request *request, struct fault *fault)
{
    const char *person;
    char ask[NOTE_MAX];
    struct buf answer;
    int rc = take_only(request, "ask", ask, sizeof(ask), fault);

    buf_init(&answer, NOTE_MAX);
    if (rc == 0)
        rc = audit_person(request, &person, fault);
    if (rc == 0)
        rc = admit(request, person, bytes_text(ask), &answer, fault);
    if (rc == 0)
        api_reply(request, json_pack("{s:o}", "answer",
                                     json_from_bytes(buf_view(&answer))));
    buf_done(&answer);
    return rc;
}

/* What it last said of itself, or nothing if it never spoke. */
static json_t *from_health(const struct health *health)
{
    uint64_t cases = health->parked + health->returned + health->aside;

    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "last_contact", json_from_time(health->contact_ms),
                     "clock_offset_ms", (json_int_t)health->offset_ms,
                     "written", (json_int_t)health->written, "queued",
                     (json_int_t)health->queued, "acknowledged",
                     (json_int_t)(health->written - health->queued), "parked",
                     (json_int_t)health->parked, "returned",
                     (json_int_t)health->returned, "aside",
                     (json_int_t)health->aside, "cases",
                     (json_int_t)cases);
}

/* By what it came last: an ask that was cut counts, and is no stick's. Null at a
 * hub that was updated since. */
static void put_way(json_t *out, struct store *store, const char *name,
                    const struct health *health)
{
    int64_t line = gate_came_ms(store, BY_LINE, name);
    int64_t stick = gate_came_ms(store, BY_STICK, name);
    const char *by = stick >= health->contact_ms ? BY_STICK : BY_LINE;

    json_object_set_new(out, "by", line == 0 && stick == 0
                                       ? json_null() : json_string(by));
    json_object_set_new(out, "last_line", json_from_time(line));
}

static int tell_device(struct request *request, const struct devices *devices,
                       const struct device *device)
{
    char check[CHECK_TEXT];
    struct health health;
    json_t *out;
    int rc = store_health(node_store(request->node), device->name, &health);

    if (rc < 0)
        return rc;
    devices_check(devices, device, check);
    out = rc == 1 ? from_health(&health) : json_object();
    if (rc == 1)
        put_way(out, node_store(request->node), device->name, &health);
    json_object_set_new(out, "device", json_string(device->name));
    json_object_set_new(out, "org", json_string(device->org));
    json_object_set_new(out, "state", json_string(device->revoked ? "revoked"
                                                                  : "allowed"));
    json_object_set_new(out, "check", json_string(check));
    json_object_set_new(out, "enrolled", json_from_time(device->since_ms));
    json_print_line(out, &request->reply.body);
    return 0;
}

int api_devices(struct request *request, struct fault *fault)
{
    const struct device *device;
    struct devices *devices;
    int rc = api_hub(request, &devices, fault);

    if (rc < 0)
        return rc;
    request->reply.type = NDJSON_TYPE;
    for (int i = 0; rc == 0 && (device = devices_at(devices, i)); i++)
        rc = tell_device(request, devices, device);
    return rc < 0 ? fault_set(fault, rc, "", "the list stopped") : 0;
}

int api_revoke(struct request *request, struct fault *fault)
{
    char name[STATION_MAX + 1];
    struct devices *devices;
    int rc = api_hub(request, &devices, fault);

    if (rc == 0)
        rc = take_only(request, "device", name, sizeof(name), fault);
    if (rc == 0 && station_name_valid(name))
        rc = audit_asked(request, fault, "revoke", "%s", name);
    if (rc == 0)
        rc = devices_revoke(devices, name, fault);
    if (rc == 0)
        rc = keep_off_box(request, fault);
    if (rc < 0)
        return rc;
    log_event(LOG_W, 8023, "enrol.revoke", "station=%s", name);
    api_reply(request, json_pack("{s:s, s:s}", "device", name, "state",
                                 "revoked"));
    return 0;
}

/* ---- the station ---- */

static int need_station(struct request *request, struct fault *fault)
{
    const struct config *config = node_config(request->node);

    return !config->hub && !config->secret[0]
               ? 0
               : fault_set(fault, ERR_USAGE, "", "only at a station without "
                           "secret = in its configuration");
}

static void make_ask(struct request *request, const struct pass *pass,
                     struct note *out)
{
    const struct config *config = node_config(request->node);

    memset(out, 0, sizeof(*out));
    snprintf(out->org, sizeof(out->org), "%s", config->org);
    snprintf(out->name, sizeof(out->name), "%.60s", config->name);
    out->pins = node_opened(request->node)->keys.pins;
    note_ask(out, pass);
}

/* The hub's note proves itself by the code: only then are its keys ours. */
static int take_answer(struct request *request, const struct note *ask,
                       const struct pass *pass, const char *answer,
                       const char *url, struct fault *fault)
{
    struct opened *open = node_opened(request->node);
    struct enrolled county = {.url = ""};
    int rc = note_read(bytes_text(answer), "answer", &county.note, fault);

    if (rc == 0 && !note_answered(&county.note, ask, pass->key))
        rc = fault_set(fault, ERR_KEY, "", "the answer does not prove that "
                       "it is the county's");
    if (rc < 0)
        return rc;
    snprintf(county.url, sizeof(county.url), "%s", url);
    reached(open->store, REACH_ENROL);
    rc = enrolled_write(node_config(request->node), &county, fault);
    if (rc < 0)
        return rc;
    reached(open->store, REACH_ENROLLED);
    open->county = county;
    return node_enrolled(request->node, fault);
}

static void tell_enrolled(struct request *request)
{
    const struct opened *open = node_opened(request->node);
    char check[CHECK_TEXT];

    enrol_check(&open->county.note.pins, &open->keys.pins, check);
    log_event(LOG_I, 8024, "enrolled", "station=%s", open->name);
    api_reply(request, json_pack("{s:s, s:s, s:s, s:s}", "device", open->name,
                                 "org", open->county.note.org, "hub",
                                 open->county.url, "check", check));
}

static int tell_ask(struct request *request, const struct note *ask)
{
    struct buf text;

    buf_init(&text, NOTE_MAX);
    note_write(ask, "ask", &text);
    api_reply(request, json_pack("{s:o}", "ask",
                                 json_from_bytes(buf_view(&text))));
    buf_done(&text);
    return 0;
}

static int take_url(const json_t *body, char url[CONFIG_HOST],
                    struct fault *fault)
{
    const char *objection;
    int rc = take_text(body, "hub", url, CONFIG_HOST, fault);

    if (rc < 0 || url[0] == '\0')
        return rc;
    objection = strncmp(url, "https://", 8) == 0
                    ? url_objection(url) : "allowed: https://HOST:PORT";
    return objection ? fault_set(fault, ERR_VALUE, "hub", "%s", objection) : 0;
}

static int enrol(struct request *request, const json_t *body,
                 struct pass *pass, struct fault *fault)
{
    char code[64], url[CONFIG_HOST] = "", answer[NOTE_MAX] = "";
    uint8_t bits[CODE_SIZE];
    struct note ask;
    int rc = take_text(body, "code", code, sizeof(code), fault);

    if (rc == 0)
        rc = take_url(body, url, fault);
    if (rc == 0)
        rc = take_text(body, "answer", answer, sizeof(answer), fault);
    if (rc < 0)
        return rc;
    if (!code_parse(code, bits))
        return fault_set(fault, ERR_CODE, "", "it has 16 letters and digits");
    if (code_pass(bits, pass) < 0)
        return fault_set(fault, ERR_FAULT, "", "no memory for the code");
    make_ask(request, pass, &ask);
    if (answer[0] == '\0')
        return tell_ask(request, &ask);
    if (!url[0] && !node_config(request->node)->uplink[0])
        return fault_set(fault, ERR_USAGE, "hub", "say where the hub is");
    rc = audit_asked(request, fault, "enroll", "as %s", ask.name);
    if (rc == 0)
        rc = take_answer(request, &ask, pass, answer, url, fault);
    if (rc == 0)
        tell_enrolled(request);
    return rc;
}

/* {"code"} gives the note to bring to the hub; {"code","answer","hub"} takes in
 * what came back. */
int api_enroll(struct request *request, struct fault *fault)
{
    struct pass pass = {.key = {0}};
    json_t *body = NULL;
    int rc = need_station(request, fault);

    if (rc == 0)
        rc = api_body(request, &body, fault);
    if (rc == 0)
        rc = json_only(body, "code answer hub", fault);
    if (rc == 0)
        rc = enrol(request, body, &pass, fault);
    sodium_memzero(&pass, sizeof(pass));
    json_decref(body);
    return rc;
}
