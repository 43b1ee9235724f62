/*
 * The hub hears an ask. The input is the form (u8), the station that speaks
 * (u8), then either the bytes of an ask as they are (form & 1), or rows of
 * frames (help/draw.h), which get their MAC here. Whatever was said, the hub's
 * store stays whole, nothing outside the speaker's scope changed, and the
 * answer tells nothing from there.
 */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/hold.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/stage.h"
#include "tests/fuzz/help/story.h"
#include "store/news.h"

#include <stdio.h>
#include <string.h>

enum { FORM_RAW = 1, FORM_CUT = 2, FORM_SMALL = 4, FORM_CAREFUL = 8 };

static struct world *county;
static struct world kept;       /* as it was, to put back what is counted */
static struct stage stage;
static struct hold_outside outside[TOWNS];  /* what each station must leave alone */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    county = story_county(false);
    story_unlink(county);
    for (int i = 0; i < county->towns; i++) {
        const struct town *town = &county->town[i];

        hold_note(county->hub, town->name, town->org);
        outside[i] = hold_outside(county->hub, town->name);
    }
    stage_open(&stage, county->hub);
    kept = *county;
    return 0;
}

/* ---- hearing ---- */

/* A refusal is the asker's fault, never the store's. */
static void must_refuse(int rc, const struct fault *fault)
{
    must(rc == 0 || rc == ERR_FORMAT || rc == ERR_SIZE || rc == ERR_MAC ||
             rc == ERR_VERSION || rc == ERR_STATION,
         "the hub says %d: %s %s", rc, fault->field, fault->why);
}

static int feed(struct answer *answer, struct bytes bytes, size_t step)
{
    struct fault fault = {.err = 0};
    int rc = 0;

    for (size_t at = 0; at < bytes.len && rc == 0; at += step)
        rc = answer_feed(answer, bytes.data + at,
                         bytes.len - at < step ? bytes.len - at : step,
                         &fault);
    must_refuse(rc, &fault);
    return rc;
}

/* Frame by frame, so that what is drawn fits what came before. */
static int feed_rows(struct answer *answer, struct draw *draw,
                     struct wire *wire, size_t step, bool end)
{
    struct buf out;
    int rc;

    buf_init(&out, FRAME_MAX + 256);
    wire_head_write(wire, draw->station, &out);
    rc = feed(answer, buf_view(&out), step);
    buf_clear(&out);
    while (rc == 0 && draw_frame(draw, wire, &out)) {
        rc = feed(answer, buf_view(&out), step);
        buf_clear(&out);
    }
    if (rc == 0 && end) {
        wire_frame_write(wire, FRAME_END, bytes_of("", 0), &out);
        rc = feed(answer, buf_view(&out), step);
    }
    buf_done(&out);
    return rc;
}

/* ---- what the answer tells ---- */

struct told {
    const struct town *town;
    struct wire wire;
    bool forged;                /* what it rests on no station can say */
    bool greeted, end;
    struct welcome welcome;
};

/* The station wrote it itself, or sees the record, or is the county, which
 * hears of what has no place yet. */
static void must_concern(const struct told *told, const struct change *change)
{
    struct store *hub = county->hub;
    struct place_id at = place_of(hub, &change->name);
    struct record_row row;
    char name[STATION_MAX + 1];

    origin_station(hub, at.origin, name, sizeof name);
    if (strcmp(name, told->town->name) == 0)
        return;
    if (record_find(hub, &change->record, &row) == 1 &&
        org_sees(told->town->org, &row))
        return;
    must(org_covers(told->town->org, bytes_text(hub->org)),
         "%s is told of what it may not see", told->town->org);
}

static void hear_news(const struct told *told, struct bytes payload)
{
    static struct change change;
    struct news news;
    struct news_item item;
    bool mine = false;
    int rc;

    must(news_read(payload, &news) == 0, "news that cannot be read");
    for (int i = 0; i < told->welcome.streams; i++)
        mine = mine || strcmp(told->welcome.stream[i], news.stream) == 0;
    must(mine, "news of %s", news.stream);
    while ((rc = news_next(&news, &item)) == 1) {
        must(item.seq > news.from && item.seq <= news.to, "an item between");
        /* What was set aside may name itself as it likes. */
        if (!told->forged &&
            (item.what == NEWS_STATE ||
             (item.what == NEWS_CASE && item.reason != REASON_UNREADABLE)) &&
            change_read(item.change, &change) == 0)
            must_concern(told, &change);
        must(item.what != NEWS_STATE || change_read(item.change, &change) == 0,
             "a state that cannot be read");
    }
    must(rc == 0, "an item that cannot be read");
    news_done(&news);
}

static void hear_told(struct told *told, int type, struct bytes payload)
{
    static struct confirm confirm;
    struct buf again;

    must(told->greeted || type == FRAME_WELCOME ||
             type == FRAME_BRIEF_WELCOME, "no welcome at first");
    must(!told->end, "a frame behind the end");
    told->end = type == FRAME_END;
    buf_init(&again, FRAME_MAX);
    if (type == FRAME_WELCOME) {
        must(welcome_read(payload, &told->welcome) == 0, "a welcome");
        told->greeted = true;
        welcome_write(&told->welcome, &again);
        must_equal(buf_view(&again), payload, "a welcome");
    } else if (type == FRAME_BRIEF_WELCOME) {
        struct station asker = {told->town->name, told->town->org, 0};

        store_welcome(county->hub, &asker, &told->welcome);
        told->greeted = true;
    } else if (type == FRAME_CONFIRM) {
        must(confirm_read(payload, &confirm) == 0, "a confirm");
        confirm_write(&confirm, &again);
        must_equal(buf_view(&again), payload, "a confirm");
    } else if (type == FRAME_NEWS) {
        hear_news(told, payload);
    }
    buf_done(&again);
}

static struct town *town_named(const char *name)
{
    for (int i = 0; i < county->towns; i++)
        if (strcmp(county->town[i].name, name) == 0)
            return &county->town[i];
    must(false, "a station %s", name);
    return NULL;
}

static void check_answer(struct answer *answer, const struct wire *asked,
                         bool forged)
{
    static struct told told;
    struct buf out;
    struct bytes rest, payload;
    uint8_t piece[1400];
    long got;
    int type;

    memset(&told, 0, sizeof told);
    told.town = town_named(answer_station(answer));
    told.forged = forged;
    told.wire = *asked;
    told.wire.frames = 0;
    told.wire.answer = true;
    memcpy(told.wire.key, told.town->speaker.key, sizeof told.wire.key);
    buf_init(&out, 8u << 20);
    while ((got = answer_read(answer, piece, sizeof piece)) > 0)
        buf_put(&out, piece, (size_t)got);
    must(got == 0, "the answer ends with %ld", got);
    rest = buf_view(&out);
    must(wire_head_read(&told.wire, &rest, NULL) == 1, "an answer's head");
    while (wire_frame_read(&told.wire, &rest, &type, &payload) == 1)
        hear_told(&told, type, payload);
    must(told.end && rest.len == 0, "an answer without end");
    buf_done(&out);
}

/* ---- one input ---- */

static struct wire ask_wire(const struct town *town)
{
    struct wire wire = {.ask_id = {7}};

    memcpy(wire.key, town->speaker.key, sizeof wire.key);
    return wire;
}

static void must_keep_out(const char *station)
{
    const struct town *town = town_named(station);
    struct hold_outside now = hold_outside(county->hub, station);
    const char *moved = hold_moved(&outside[town - county->town], &now);

    must(moved == NULL, "%s outside the scope of %s has changed", moved,
         station);
}

static void put_back(void)
{
    stage_back(&stage);
    county->life = kept.life;
    county->reserved = kept.reserved;
    county->reserve_calls = kept.reserve_calls;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct draw draw = {.store = county->hub,
                        .in = cut_of(bytes_of(data, size))};
    uint8_t form = cut_u8(&draw.in);
    const struct town *town =
        &county->town[cut_u8(&draw.in) % county->towns];
    struct wire wire = ask_wire(town);
    struct answer *answer = answer_new(county->hub, story_speaker, county,
                                       county->clock);
    size_t step = form & FORM_SMALL ? 7 : SIZE_MAX / 2;
    struct bytes raw = bytes_of(draw.in.at, cut_left(&draw.in));
    int rc;

    county->hub->careful = form & FORM_CAREFUL;     /* as after a crash */
    draw.station = town->name;
    draw.org = town->org;
    if (form & FORM_RAW) {
        rc = feed(answer, raw, step);
        if (raw.len >= 4 + ID_SIZE)
            memcpy(wire.ask_id, raw.data + 4, ID_SIZE);
    } else {
        rc = feed_rows(answer, &draw, &wire, step, !(form & FORM_CUT));
    }
    must(store_commit(county->hub, NULL) == 0, "the commit");
    if (rc == 0 && answer_whole(answer))
        check_answer(answer, &wire, draw.forged);
    if (hold_soon() && !draw.forged && answer_station(answer)[0] != '\0')
        must_keep_out(answer_station(answer));
    answer_free(answer);
    hold_whole(county->hub, false);
    put_back();
    return 0;
}
