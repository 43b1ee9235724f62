#include "tests/fuzz/help/walk.h"
#include "daemon/exchange.h"
#include "daemon/json.h"
#include "tests/fuzz/help/must.h"

#include <stdlib.h>
#include <string.h>

enum { WALK_MAX = 200, PRINT_MAX = 8 * 1024 * 1024 };

/* What was printed is JSON again. Lets go of `value`. */
static void print(json_t *value, struct buf *out)
{
    struct fault fault = {.err = 0};
    json_t *again = NULL;

    buf_clear(out);
    json_print(value, out);
    must(!out->full, "an object of more than 8 MiB");
    must(json_parse(buf_view(out), &again, &fault) == 0, "%s: %.*s",
         fault.why, (int)out->len, (const char *)out->data);
    json_decref(again);
}

static int on_past(void *user, const struct past *past)
{
    print(json_from_past(past, JSON_BASES | JSON_STATES | JSON_FULL), user);
    return 0;
}

static void walk_records(struct store *store, bool history, struct buf *out)
{
    const struct kinds *kinds = store_kinds(store);
    struct shown *shown = xmalloc(sizeof *shown);

    shown_init(shown);
    for (int i = 0; i < kinds->count; i++) {
        struct id last, *after = NULL;

        for (int n = 0; n < WALK_MAX && store_next(store, &kinds->list[i],
                                                   after, shown) == 1; n++) {
            must(after == NULL || memcmp(last.b, shown->record.b, ID_SIZE) < 0,
                 "records out of order");
            last = shown->record;
            after = &last;
            if (history)
                store_history(store, &last, on_past, out);
            else
                print(json_from_shown(shown, n % 2 ? JSON_BASES | JSON_STATES
                                                   : JSON_FULL), out);
        }
    }
    shown_done(shown);
    free(shown);
}

static void walk_cases(struct store *store, struct buf *out)
{
    struct shown_case *shown = xmalloc(sizeof *shown);
    struct name name;
    int64_t row = 0;

    shown_case_init(shown);
    for (int i = 0; i < WALK_MAX && store_next_case(store, row, shown) == 1;
         i++) {
        must(shown->row > row && shown->open, "cases out of order");
        row = shown->row;
        print(json_from_case(shown, 0), out);
        print(json_from_case(shown, JSON_FULL), out);
        name = shown->name;
        store_case(store, &name, shown);
    }
    shown_case_done(shown);
    free(shown);
}

static void walk_status(struct store *store, struct buf *out)
{
    static const struct config config;
    struct node_progress progress = {.station = true};
    struct store_status status;

    if (store_status(store, &status) == 0)
        print(json_from_status(&config, &status, &progress), out);
}

void walk_one(struct store *store, enum walk_part part)
{
    struct buf out;

    buf_init(&out, PRINT_MAX);
    if (part == WALK_STATUS)
        walk_status(store, &out);
    else if (part == WALK_CASES)
        walk_cases(store, &out);
    else
        walk_records(store, part == WALK_HISTORY, &out);
    buf_done(&out);
}

void walk_shown(struct store *store)
{
    for (int part = 0; part < WALK_PARTS; part++)
        walk_one(store, (enum walk_part)part);
}

/* ---- the next ask ---- */

static void must_batch(struct bytes payload)
{
    struct batch batch;
    struct place place;
    int rc;

    if (batch_terse(payload))
        return;                 /* its names are the hub's to look up */
    must(batch_read(payload, &batch, NULL) == 0, "a batch that is none");
    while ((rc = batch_next(&batch, &place)) == 1)
        ;
    must(rc == 0, "a batch with other places");
    batch_done(&batch);
}

static void must_ask(struct bytes rest, struct wire *wire)
{
    static struct hello hello;
    char station[STATION_MAX + 1];
    struct bytes payload;
    int type = 0;

    wire->frames = 0;
    must(wire_head_read(wire, &rest, station) == 1, "an ask without a head");
    while (wire_frame_read(wire, &rest, &type, &payload) == 1) {
        if (type == FRAME_HELLO)
            must(hello_read(payload, &hello) == 0, "a hello that is none");
        if (type == FRAME_BATCH)
            must_batch(payload);
    }
    must(type == FRAME_END && rest.len == 0, "an ask without end");
}

bool walk_ask(struct store *store, const char *station, bool lax)
{
    static const struct id ask_id = {{9}};
    struct asking_plan plan = {false, 64 * 1024, 4, 256 * 1024, true};
    struct wire wire = {.key = {1}};
    struct asking *asking = asking_new(store, station, wire.key, &ask_id,
                                       &plan, NULL, 1700000000000);
    struct buf out;
    uint8_t piece[4096];
    long got;

    buf_init(&out, 8u << 20);
    while ((got = asking_read(asking, piece, sizeof piece)) > 0)
        buf_put(&out, piece, (size_t)got);
    if (got == 0 && !lax)
        must_ask(buf_view(&out), &wire);
    buf_done(&out);
    asking_free(asking);
    return got == 0;
}
