/* What a county really says, taken apart as far as a target wants it. */
#include "daemon/reconcile.h"
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/seed.h"
#include "tests/fuzz/help/story.h"

#include <stdio.h>
#include <string.h>

/* Until the next one. */
static const char *tailed(const char *name, const char *tail)
{
    static char both[80];

    snprintf(both, sizeof both, "%s-%s", name, tail);
    return both;
}

/* As draw.h reads a frame. */
static void put_frame(struct buf *out, int type, struct bytes payload)
{
    buf_u8(out, (uint8_t)type);
    put_sized(out, payload);
}

/* A batch as pack_batch_from reads it. */
static void put_plain_batch(struct buf *out, struct bytes payload)
{
    struct batch batch;

    must(batch_read(payload, &batch, NULL) == 0, "a batch");
    buf_put(out, payload.data, 2 + HASH_SIZE + ID_SIZE);
    put_number(out, batch.first);
    buf_put(out, batch.before.b, HASH_SIZE);
    put_number(out, batch.count);
    buf_put(out, batch.raw.data, batch.raw.len);
    batch_done(&batch);
}

static void put_plain_news(struct buf *out, struct bytes payload)
{
    struct news news;

    must(news_read(payload, &news) == 0, "news");
    put_sized(out, bytes_text(news.stream));
    put_number(out, news.from);
    put_number(out, news.to);
    put_number(out, news.as_of);
    buf_u8(out, news.more);
    put_number(out, news.count);
    buf_put(out, news.raw.data, news.raw.len);
    news_done(&news);
}

static void seed_batches(const char *name, struct bytes payload,
                         struct buf *out)
{
    struct batch batch, reading;
    struct place place;

    buf_u8(out, 0);
    buf_put(out, payload.data, payload.len);
    seed_write("batch", name, out);
    buf_u8(out, 1);
    put_plain_batch(out, payload);
    seed_write("batch", tailed(name, "plain"), out);
    must(batch_read(payload, &batch, NULL) == 0, "a batch");
    reading = batch;
    if (batch_next(&reading, &place) == 1 && place.bytes.len > 0) {
        buf_u8(out, 0);
        buf_put(out, place.bytes.data, place.bytes.len);
        seed_write("batch", tailed(name, "change"),
                   out);
    }
    batch_done(&batch);
}

/* The frame alone, for the reader of its type. */
static void seed_frame(const char *name, int type, struct bytes payload,
                       struct buf *out)
{
    /* As wire.c numbers its readers. */
    static const uint8_t mode[] = {
        [FRAME_HELLO] = 4,   [FRAME_WELCOME] = 5,  [FRAME_CONFIRM] = 6,
        [FRAME_NEWS] = 7,    [FRAME_MEND] = 7,     [FRAME_FACTS] = 8,
        [FRAME_DIGEST] = 9,  [FRAME_DIGESTS] = 10, [FRAME_ROWS] = 11,
        [FRAME_WANT] = 12,   [FRAME_BRIEF_CONFIRM] = 13};

    if (type == FRAME_BATCH)
        seed_batches(name, payload, out);
    if (type >= (int)sizeof mode || mode[type] == 0)
        return;
    buf_u8(out, mode[type]);
    buf_put(out, payload.data, payload.len);
    seed_write("wire", name, out);
    if (type != FRAME_NEWS && type != FRAME_MEND)
        return;
    buf_u8(out, 3);
    put_plain_news(out, payload);
    seed_write("wire", tailed(name, "plain"), out);
}

/* All frames of one direction: alone, and as rows with their MAC made anew. */
static void seed_frames(const char *name, struct bytes said, struct wire wire,
                        struct buf *rows)
{
    char station[STATION_MAX + 1], one[80];
    struct bytes payload;
    struct buf out;
    int type, rc;

    buf_init(&out, 2 * SEED_MAX);
    must(wire_head_read(&wire, &said, station) == 1, "a head");
    for (int i = 0; (rc = wire_frame_read(&wire, &said, &type, &payload)) == 1;
         i++) {
        snprintf(one, sizeof one, "%s-%d", name, i);
        /* The kinds are the largest, and stand in every answer but few. */
        if (type != FRAME_KINDS)
            put_frame(rows, type, payload);
        seed_frame(one, type, payload, &out);
    }
    must(rc == 0, "a frame");
    buf_done(&out);
}

static void seed_ask(struct world *world, int at, const struct talk *talk)
{
    const char *name = world->town[at].name;
    struct bytes said = buf_view(&talk->ask);
    struct wire wire = {.answer = false};
    struct buf out, rows;

    buf_init(&out, SEED_MAX);
    buf_init(&rows, SEED_MAX);
    memcpy(wire.key, world->town[at].speaker.key, sizeof wire.key);
    buf_u8(&out, 1);
    buf_u8(&out, (uint8_t)at);
    buf_put(&out, said.data, said.len);
    seed_write("ask", name, &out);
    buf_u8(&out, 0);
    buf_put(&out, said.data, said.len);
    seed_write("wire", name, &out);
    seed_frames(name, said, wire, &rows);
    buf_u8(&out, 2);            /* the end stands among them */
    buf_u8(&out, (uint8_t)at);
    buf_put(&out, rows.data, rows.len);
    seed_write("ask", tailed(name, "rows"), &out);
    buf_put(&out, "\2\0\40\7\3", 5);
    buf_put(&out, rows.data, rows.len);
    seed_write("wire", tailed(name, "rows"), &out);
    buf_done(&out);
    buf_done(&rows);
}

/* Only a's own: that is who hears answers. */
static void seed_answer(struct world *world, const struct talk *talk)
{
    struct bytes said = buf_view(&talk->answer);
    struct wire wire = {.answer = true};
    struct buf out, rows;

    buf_init(&out, SEED_MAX);
    buf_init(&rows, SEED_MAX);
    memcpy(wire.key, town_of(world, "a")->speaker.key, sizeof wire.key);
    memcpy(wire.ask_id, talk->ask.data + 4, ID_SIZE);
    seed_frames("answer", said, wire, &rows);
    buf_u8(&out, 2);            /* the welcome stands among them */
    buf_put(&out, rows.data, rows.len);
    seed_write("answer", "rows", &out);
    buf_u8(&out, 1);
    buf_put(&out, said.data, said.len);
    seed_write("answer", "raw", &out);
    buf_u8(&out, 1);
    buf_put(&out, said.data, said.len);
    seed_write("wire", "answer", &out);
    buf_done(&out);
    buf_done(&rows);
}

/* ---- comparing ---- */

/* What the hub lost to a bad disk: a state, and which one is the newest. */
static void damage(struct store *hub)
{
    static const char sql[] =
        "UPDATE cell SET origin = NULL, n = NULL, number = 0 "
        "WHERE record = 1 AND cell = 9; "
        "UPDATE cell SET origin = 1, n = 2 WHERE record = 1 AND cell = 2";

    must(sqlite3_exec(hub->db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
         sqlite3_errmsg(hub->db));
}

/* One exchange of a comparison: its frames of either side as rows. */
static bool compare_once(struct world *world, struct town *town, int round,
                         struct buf *asks, struct buf *answers)
{
    struct talk *talk = talk_ask(world, town->name, ALL);
    struct wire wire = {.answer = false};
    char name[40];
    int rc;

    memcpy(wire.key, town->speaker.key, sizeof wire.key);
    memcpy(wire.ask_id, talk->ask.data + 4, ID_SIZE);
    snprintf(name, sizeof name, "compare-ask-%d", round);
    seed_frames(name, buf_view(&talk->ask), wire, asks);
    wire.answer = true;
    snprintf(name, sizeof name, "compare-%d", round);
    seed_frames(name, buf_view(&talk->answer), wire, answers);
    rc = talk_settle(talk, ALL);
    reconcile_ended(town->reconcile, rc, &world->asked);
    while (reconcile_waits(town->reconcile))
        reconcile_work(town->reconcile);
    must(store_commit(town->store, NULL) == 0, "the commit");
    talk_free(talk);
    return reconcile_next(town->reconcile);
}

static void seed_compare(void)
{
    struct world *world = story_county(false);
    struct town *town = town_of(world, "a");
    struct buf asks, answers;
    bool more = true;

    buf_init(&asks, SEED_MAX);
    buf_init(&answers, SEED_MAX);
    damage(world->hub);
    town->reconcile = reconcile_new(town->store);
    must(reconcile_start(town->reconcile, true) == 0, "a comparison");
    buf_u8(&answers, 2 + 16 + 32);
    for (int round = 0; more && round < 6; round++) {
        if (round > 0)
            buf_u8(&answers, 0xff);
        buf_u8(&asks, 2);
        buf_u8(&asks, 0);
        more = compare_once(world, town, round, &asks, &answers);
        if (round == 1 || round == 2)
            seed_write("ask", round == 1 ? "compare" : "mend", &asks);
        buf_clear(&asks);
    }
    seed_write("answer", "compare", &answers);
    reconcile_free(town->reconcile);
    buf_done(&asks);
    buf_done(&answers);
    world_free(world);
}

void seed_messages(void)
{
    struct world *world = story_county(false);

    for (int i = 0; i < world->towns; i++) {
        struct talk *talk = talk_ask(world, world->town[i].name, ALL);

        seed_ask(world, i, talk);
        if (strcmp(world->town[i].name, "a") == 0)
            seed_answer(world, talk);
        talk_free(talk);
    }
    world_free(world);
    seed_compare();
}
