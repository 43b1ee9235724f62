/*
 * A station hears an answer. The input is the form (u8), then either the bytes
 * of an answer as they are (form & 1), or rows of frames (help/draw.h), which
 * get their MAC here; a welcome goes before them unless form & 2. Whatever was
 * said, the station's store stays whole, what it wrote is there unaltered, no
 * own value without a verdict is covered, no cursor goes back, and its next ask
 * is one that a hub can read.
 */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/hold.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/stage.h"
#include "tests/fuzz/help/story.h"
#include "tests/fuzz/help/walk.h"

#include <string.h>

enum { FORM_RAW = 1, FORM_COLD = 2, FORM_SMALL = 4, FORM_LATER = 8 };

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

static void feed_rows(struct asking *asking, struct draw *draw, size_t step,
                      bool cold)
{
    struct wire wire = {.answer = true};
    struct buf out;
    int rc;

    memcpy(wire.key, town->speaker.key, sizeof wire.key);
    memcpy(wire.ask_id, ask_id.b, ID_SIZE);
    buf_init(&out, FRAME_MAX + 256);
    wire_head_write(&wire, NULL, &out);
    if (!cold) {
        struct draw nothing = *draw;
        struct buf payload;

        nothing.in = cut_of(bytes_of("", 0));
        buf_init(&payload, FRAME_MAX);
        draw_welcome(&nothing, &payload);
        wire_frame_write(&wire, FRAME_WELCOME, buf_view(&payload), &out);
        buf_done(&payload);
    }
    do {
        rc = feed(asking, buf_view(&out), step);
        buf_clear(&out);
    } while (rc == 0 && draw_frame(draw, &wire, &out));
    buf_done(&out);
}

static void say_all(struct asking *asking)
{
    uint8_t piece[4096];
    long got;

    while ((got = asking_read(asking, piece, sizeof piece)) > 0)
        ;
    must(got == 0, "the ask ends with %ld", got);
}

static void settle_rest(struct later *later)
{
    struct fault fault = {.err = 0};

    while (later != NULL && later_waits(later))
        must_refuse(later_settle(later, &fault), &fault);
}

static void check(void)
{
    struct hold_station now;

    must(store_commit(town->store, NULL) == 0, "the commit");
    now = hold_station(town->store);
    hold_kept(town->store, &before, &now);
    if (hold_soon())
        must(walk_ask(town->store, town->name, false), "no next ask");
    if (hold_seldom())
        walk_shown(town->store);
    hold_whole(town->store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct asking_plan plan = {.hello_only = true,
                                            .room = 256 * 1024};
    struct draw draw = {.store = town->store, .station = town->name,
                        .org = town->org,
                        .in = cut_of(bytes_of(data, size))};
    uint8_t form = cut_u8(&draw.in);
    struct later *later = form & FORM_LATER ? later_new(town->store) : NULL;
    struct asking *asking = asking_new(town->store, town->name,
                                       town->speaker.key, &ask_id, &plan,
                                       later, county->clock);
    size_t step = form & FORM_SMALL ? 7 : SIZE_MAX / 2;
    struct asked asked;

    say_all(asking);
    if (form & FORM_RAW)
        feed(asking, bytes_of(draw.in.at, cut_left(&draw.in)), step);
    else
        feed_rows(asking, &draw, step, form & FORM_COLD);
    settle_end(asking, &asked);
    settle_rest(later);
    later_free(later);
    asking_free(asking);
    check();
    stage_back(&stage);
    return 0;
}
