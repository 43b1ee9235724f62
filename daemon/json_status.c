/*
 * The status: what `yizhan status` prints and monitoring reads. The counts of
 * the eight states come from one read of the store, so that they add up to
 * `written` whatever is going on.
 */
#include "daemon/json.h"

#include <stdio.h>

#ifndef YIZHAN_VERSION
#define YIZHAN_VERSION "0.1.0"
#endif

static void put_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

/* The talking since the start: what `sync` takes differences of. */
static json_t *from_exchange(const struct node_progress *progress)
{
    json_t *out = json_object();

    json_object_set_new(out, "busy", json_boolean(progress->busy));
    put_number(out, "started", progress->started);
    put_number(out, "done", progress->done);
    put_number(out, "failed", progress->failed);
    put_number(out, "up", progress->up);
    put_number(out, "down", progress->down);
    put_number(out, "bytes_up", progress->bytes_up);
    put_number(out, "bytes_down", progress->bytes_down);
    put_number(out, "taken", progress->taken);
    put_number(out, "parked", progress->parked);
    put_number(out, "returned", progress->returned);
    put_number(out, "aside", progress->aside);
    json_object_set_new(out, "contact_ms",
                        json_integer(progress->last_contact));
    json_object_set_new(out, "complete_ms",
                        json_integer(progress->last_complete));
    return out;
}

static void put_progress(json_t *out, const struct node_progress *progress)
{
    char code[16];

    json_object_set_new(out, "last_contact",
                        json_from_time(progress->last_contact));
    json_object_set_new(out, "last_complete",
                        json_from_time(progress->last_complete));
    json_object_set_new(out, "next_try",
                        progress->station ? json_from_time(progress->next_try)
                                          : json_null());
    snprintf(code, sizeof(code), "YZ%04d", err_code(progress->cause));
    json_object_set_new(out, "cause",
                        progress->cause ? json_string(code) : json_null());
    json_object_set_new(out, "cause_text",
                        progress->cause
                            ? json_string(err_text(progress->cause, 0))
                            : json_null());
    json_object_set_new(out, "clock_offset_ms",
                        json_integer(progress->clock_offset_ms));
    json_object_set_new(out, "small_packets",
                        json_boolean(progress->small));
}

json_t *json_from_finding(const struct finding *finding)
{
    char code[16];

    snprintf(code, sizeof(code), "YZ%04d", finding_code(finding->name));
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", code, "name",
                     finding_text(finding->name), "level",
                     level_text(finding->level), "text", finding->en,
                     "text_zh", finding->zh);
}

json_t *json_from_status(const struct config *config,
                         const struct store_status *status,
                         const struct node_progress *progress)
{
    json_t *out = json_object(), *cursors = json_object();

    json_object_set_new(out, "role",
                        json_string(config->hub ? "hub" : "station"));
    json_object_set_new(out, "org", json_string(config->org));
    json_object_set_new(out, "name", json_string(config->name));
    put_number(out, "written", status->written);
    for (int i = 0; i < STATES; i++)
        put_number(out, state_text((enum state)i), status->count[i]);
    put_number(out, "records", status->records);
    put_number(out, "cases", status->cases);
    json_object_set_new(out, "loading", json_boolean(status->loading));
    put_number(cursors, "life", status->life);
    put_number(cursors, "number", status->number);
    put_number(cursors, "seq", status->seq);
    json_object_set_new(out, "cursors", cursors);
    put_number(out, "secured_number", status->secured);
    if (!config->hub) {
        put_number(out, "secured", status->secured_taken);
        put_number(out, "unsecured",
                   status->count[STATE_TAKEN] - status->secured_taken);
    }
    put_progress(out, progress);
    json_object_set_new(out, "exchange", from_exchange(progress));
    json_object_set_new(out, "db_bytes", json_integer(status->db_bytes));
    json_object_set_new(out, "wal_bytes", json_integer(status->wal_bytes));
    json_object_set_new(out, "version", json_string(YIZHAN_VERSION));
    return out;
}
