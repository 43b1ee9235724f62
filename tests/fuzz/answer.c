/*
 * A station hears an answer. The input is the form (u8), then either the bytes
 * of an answer as they are (form & 1), or rows of frames (help/draw.h), which
 * get their MAC here; a welcome goes before them unless form & 2; ff begins the
 * next answer. With form & 16 the registers are compared, with 32 they are
 * mended. Whatever was said, the station's store stays whole, what it wrote is
 * there unaltered, no own value without a verdict is covered, no cursor goes
 * back, and its next ask is one that a hub can read.
 */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/hold.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/stage.h"
#include "tests/fuzz/help/story.h"
#include "tests/fuzz/help/walk.h"

#include <string.h>

enum { FORM_RAW = 1, FORM_COLD = 2, FORM_SMALL = 4, FORM_LATER = 8,
       FORM_COMPARE = 16, FORM_REPAIR = 32 };
enum { ANSWERS = 4, NEXT_ANSWER = 0xff };
#define ALL_OF_IT (SIZE_MAX / 2)

static const struct id ask_id = {{7}};
static struct world *county;
static struct town *town;
static struct stage stage;
static struct hold_station before;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    county = story_county(false);
    story_unlink(county);
    town = town_of(county, "a");
    before = hold_station(town->store);
    stage_open(&stage, town->store);
    return 0;
}

/* The store itself never fails, whatever it refuses. */
static void must_refuse(int rc, const struct fault *fault)
{
    must(rc == 0 || rc == ERR_FORMAT || rc == ERR_SIZE || rc == ERR_MAC ||
             rc == ERR_VERSION || rc == ERR_PORTAL || rc == ERR_FORKED ||
             rc == ERR_CONFIG || rc == ERR_TEXT,
         "the station says %d: %s %s", rc, fault->field, fault->why);
}

static int feed(struct asking *asking, struct bytes bytes, size_t step)
{
    struct fault fault = {.err = 0};
    int rc = 0;

    for (size_t at = 0; at < bytes.len && rc == 0; at += step)
        rc = settle_feed(asking, bytes.data + at,
                         bytes.len - at < step ? bytes.len - at : step,
                         &fault);
    must_refuse(rc, &fault);
    return rc;
}

/* A welcome that says nothing new. */
static void put_welcome(const struct draw *draw, struct wire *wire,
                        struct buf *out)
{
    struct draw nothing = *draw;
    struct buf payload;

    nothing.in = cut_of(bytes_of("", 0));
    buf_init(&payload, FRAME_MAX);
    draw_welcome(&nothing, &payload);
    wire_frame_write(wire, FRAME_WELCOME, buf_view(&payload), out);
    buf_done(&payload);
}

/* Is the next frame one of the next answer? */
static bool over(struct draw *draw)
{
    if (cut_left(&draw->in) == 0 || *draw->in.at != NEXT_ANSWER)
        return false;
    cut_u8(&draw->in);
    return true;
}

static int feed_rows(struct asking *asking, struct draw *draw, uint8_t form)
{
    struct wire wire = {.answer = true};
    struct buf out;
    int rc;

    memcpy(wire.key, town->speaker.key, sizeof wire.key);
    memcpy(wire.ask_id, ask_id.b, ID_SIZE);
    buf_init(&out, FRAME_MAX + 256);
    wire_head_write(&wire, NULL, &out);
    if (!(form & FORM_COLD))
        put_welcome(draw, &wire, &out);
    do {
        rc = feed(asking, buf_view(&out), form & FORM_SMALL ? 7 : ALL_OF_IT);
        buf_clear(&out);
    } while (rc == 0 && !over(draw) && draw_frame(draw, &wire, &out));
    buf_done(&out);
    return rc;
}

static void say_all(struct asking *asking)
{
    uint8_t piece[4096];
    long got;

    while ((got = asking_read(asking, piece, sizeof piece)) > 0)
        ;
    must(got == 0, "the ask ends with %ld", got);
}

/* ---- one exchange ---- */

struct helpers {
    struct later *later;        /* each may be NULL */
    struct reconcile *reconcile;
};

static void helpers_new(struct helpers *helpers, uint8_t form)
{
    *helpers = (struct helpers){NULL, NULL};
    if (form & FORM_LATER)
        helpers->later = later_new(town->store);
    if (form & FORM_COMPARE) {
        helpers->reconcile = reconcile_new(town->store);
        reconcile_start(helpers->reconcile, form & FORM_REPAIR);
    }
}

static void helpers_done(struct helpers *helpers)
{
    struct fault fault = {.err = 0};

    while (helpers->later != NULL && later_waits(helpers->later))
        must_refuse(later_settle(helpers->later, &fault), &fault);
    later_free(helpers->later);
    reconcile_free(helpers->reconcile);
}

static void exchange_once(struct draw *draw, uint8_t form,
                          struct helpers *helpers)
{
    struct asking_plan plan = {.hello_only = !(form & FORM_COMPARE),
                               .batch_size = 1024, .batches = 1,
                               .room = 256 * 1024, .brief = true};
    struct asking *asking = asking_new(town->store, town->name,
                                       town->speaker.key, &ask_id, &plan,
                                       helpers->later, county->clock);
    struct asked asked;
    int rc;

    asking_compare(asking, helpers->reconcile);
    say_all(asking);
    rc = form & FORM_RAW
             ? feed(asking, bytes_of(draw->in.at, cut_left(&draw->in)),
                    form & FORM_SMALL ? 7 : ALL_OF_IT)
             : feed_rows(asking, draw, form);
    settle_end(asking, &asked);
    asking_free(asking);
    if (helpers->reconcile == NULL)
        return;
    reconcile_ended(helpers->reconcile, rc, &asked);
    while (reconcile_waits(helpers->reconcile))
        reconcile_work(helpers->reconcile);
    reconcile_next(helpers->reconcile);
}

/* Whatever was heard, people go on working. */
static void must_save(void)
{
    static struct edit edit;
    static struct receipt receipt;
    struct fault fault = {.err = 0};
    int rc;

    memset(&edit, 0, sizeof edit);
    edit.kind = kinds_find(store_kinds(town->store), "thing");
    if (edit.kind == NULL)
        return;                 /* the hub's files have no such kind */
    edit.create = true;
    edit.record.b[0] = 0x99;
    edit.author = bytes_text("经办人");
    edit.nset = 1;
    edit.set[0].field = edit.kind->org_field;
    edit.set[0].text = bytes_text(town->org);
    rc = store_put(town->store, &edit, &receipt, &fault);
    must(rc == 0 || rc == ERR_RULE, "a save fails: %d %s %s", rc, fault.field,
         fault.why);
}

static void check(bool forged)
{
    struct hold_station now;

    must(store_commit(town->store, NULL) == 0, "the commit");
    now = hold_station(town->store);
    hold_kept(town->store, &before, &now);
    if (hold_soon())
        must(walk_ask(town->store, town->name, false), "no next ask");
    if (hold_seldom())
        walk_shown(town->store);
    if (!forged)
        must_save();
    hold_whole(town->store, forged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct draw draw = {.store = town->store, .station = town->name,
                        .org = town->org,
                        .in = cut_of(bytes_of(data, size))};
    uint8_t form = cut_u8(&draw.in);
    struct helpers helpers;
    int answers = 0;

    helpers_new(&helpers, form);
    do {
        exchange_once(&draw, form, &helpers);
    } while (++answers < ANSWERS && !(form & FORM_RAW) &&
             cut_left(&draw.in) > 0);
    helpers_done(&helpers);
    check(draw.forged);
    stage_back(&stage);
    return 0;
}
