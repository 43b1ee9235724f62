/*
 * Heads, frames and what frames say. The first byte chooses a reader; frames
 * also come from rows of (type, payload) with their MAC made here.
 */
#include "proto/facts.h"
#include "proto/rows.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/pack.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM_BYTES = 64 * 1024, FRAMES = 64 };

/* What came out of a row of bytes. */
struct heard {
    int rc;                     /* of the last call */
    bool greeted;
    char station[STATION_MAX + 1];
    int frames;
    int type[FRAMES];
    size_t len[FRAMES], end[FRAMES];    /* `end`: where it ended */
};

static void wire_begin(struct wire *wire, bool answer)
{
    memset(wire, 0, sizeof *wire);
    wire->answer = answer;
    memset(wire->key, 7, sizeof wire->key);
}

/* One frame, or the head, from the front of `rest`. */
static int hear_one(struct wire *wire, struct bytes *rest, size_t at,
                    struct heard *out)
{
    struct bytes payload;
    int type, rc;

    if (!out->greeted) {
        rc = wire_head_read(wire, rest, out->station);
        out->greeted = rc == 1;
        return rc;
    }
    if (out->frames == FRAMES)
        return rest->len > 0 ? ERR_SIZE : 0;
    rc = wire_frame_read(wire, rest, &type, &payload);
    if (rc != 1)
        return rc;
    must(payload.len <= FRAME_MAX, "a payload of %zu bytes", payload.len);
    out->type[out->frames] = type;
    out->len[out->frames] = payload.len;
    out->end[out->frames++] = at - rest->len;
    return 1;
}

/* Read with the bytes coming `step` at a time. */
static void hear(struct bytes all, size_t step, bool answer,
                 struct heard *out)
{
    struct wire wire;
    size_t done = 0, have = 0;

    wire_begin(&wire, answer);
    memset(out, 0, sizeof *out);
    while (out->rc == 0 && have < all.len) {
        have = all.len - have < step ? all.len : have + step;
        do {
            struct bytes rest = bytes_of(all.data + done, have - done);

            out->rc = hear_one(&wire, &rest, have, out);
            must(out->rc == 1 || rest.len == have - done,
                 "bytes are gone without a frame");
            done = have - rest.len;
        } while (out->rc == 1);
    }
}

/* The same bytes say the same, however they are cut into pieces. */
static void check_pieces(struct bytes all, size_t step, bool answer,
                         struct heard *whole)
{
    static struct heard pieces;

    hear(all, SIZE_MAX, answer, whole);
    hear(all, step, answer, &pieces);
    must(whole->greeted == pieces.greeted && whole->frames == pieces.frames &&
             whole->rc == pieces.rc,
         "in pieces of %zu bytes: %d frames, %d; in one piece: %d, %d", step,
         pieces.frames, pieces.rc, whole->frames, whole->rc);
    must(strcmp(whole->station, pieces.station) == 0, "another station");
    for (int i = 0; i < whole->frames; i++)
        must(whole->type[i] == pieces.type[i] &&
                 whole->len[i] == pieces.len[i],
             "frame %d is another one", i);
}

/* Frames with good MACs are all heard; one changed bit, and the frame it is in
 * is not, nor any behind it. */
static void check_frames(struct cut *in, bool answer)
{
    static struct heard whole;
    struct wire wire;
    struct buf out;
    size_t at = (size_t)take_number(in), step = cut_u8(in) + 1u;
    uint8_t bit = cut_u8(in);
    int frames = 0, before = 0;
    size_t head;

    wire_begin(&wire, answer);
    buf_init(&out, STREAM_BYTES);
    wire_head_write(&wire, "gate", &out);
    head = out.len;
    while (cut_left(in) > 0 && frames < FRAMES) {
        int type = cut_u8(in);

        wire_frame_write(&wire, (enum frame_type)type, take_sized(in), &out);
        frames++;
    }
    if (!out.full && frames > 0) {
        check_pieces(buf_view(&out), step, answer, &whole);
        must(whole.frames == frames && whole.rc == 0, "%d of %d frames, %d",
             whole.frames, frames, whole.rc);
        at = head + at % (out.len - head);
        while (whole.end[before] <= at)
            before++;
        out.data[at] ^= (uint8_t)(1u << (bit & 7));
        check_pieces(buf_view(&out), step, answer, &whole);
        must(whole.frames <= before,
             "%d frames pass, but frame %d was changed", whole.frames,
             before);
    }
    buf_done(&out);
}

/* ---- what frames say ---- */

/* Bytes behind what is known are passed over, but what is known is written
 * back to the same bytes. */
static void must_begin(struct bytes in, struct buf *again, const char *what)
{
    struct bytes is = buf_view(again);

    must(is.len <= in.len, "%s: more than was read", what);
    must_equal(is, bytes_of(in.data, is.len), what);
    buf_done(again);
}

static void check_hello(struct bytes in)
{
    static struct hello hello;
    struct buf again;

    if (hello_read(in, &hello) < 0)
        return;
    buf_init(&again, FRAME_MAX);
    hello_write(&hello, &again);
    must_begin(in, &again, "a hello");
}

static void check_welcome(struct bytes in)
{
    static struct welcome welcome;
    struct buf again;

    if (welcome_read(in, &welcome) < 0)
        return;
    buf_init(&again, FRAME_MAX);
    welcome_write(&welcome, &again);
    must_begin(in, &again, "a welcome");
}

static void check_confirm(struct bytes in)
{
    static struct confirm confirm;
    struct buf again;
    uint64_t n = 0;

    if (confirm_read(in, &confirm) < 0)
        return;
    for (int i = 0; i < confirm.runs; i++)
        n += confirm.run[i].count;
    must(n <= (uint64_t)INT64_MAX - confirm.from + 1, "n beyond all bounds");
    buf_init(&again, FRAME_MAX);
    confirm_write(&confirm, &again);
    must_begin(in, &again, "a confirm");
}

/* As it is heard behind a hello of two heads. */
static void check_brief_confirm(struct bytes in)
{
    static struct confirm confirm;
    static struct hello hello = {.brief = true, .brief_confirm = true,
                                 .heads = 2};
    struct buf again;
    int head;

    hello.head[0] = (struct head){.confirmed = 3, .n = 8};
    hello.head[1] = (struct head){.n = INT64_MAX};
    if (confirm_read_brief(in, &hello, &confirm) < 0)
        return;
    head = confirm.from == 1;
    must(confirm_brief(&confirm, &hello, head), "it was not to be brief");
    buf_init(&again, FRAME_MAX);
    confirm_write_brief(&confirm, head, &again);
    must_begin(in, &again, "a brief confirm");
}

static void check_facts(struct bytes in)
{
    static struct facts facts;
    struct buf confirm, again;

    if (facts_read(in, &facts) < 0)
        return;
    must(facts.batch.len <= in.len, "a batch behind the end");
    must(confirm_count(&facts.confirm) <= INT64_MAX, "n beyond all bounds");
    buf_init(&confirm, FRAME_MAX);
    buf_init(&again, 2 * FRAME_MAX);
    confirm_write(&facts.confirm, &confirm);
    facts_write(facts.life, buf_view(&confirm), facts.batch, &again);
    /* Behind the receipt a confirm may say more, to a newer hub. */
    must(again.len <= in.len, "facts: more than was read");
    if (again.len == in.len)
        must_equal(buf_view(&again), in, "facts");
    buf_done(&confirm);
    buf_done(&again);
}

static void check_news(struct bytes in)
{
    struct news news, reading;
    struct news_writer writer;
    struct news_item item;
    int rc;

    if (news_read(in, &news) < 0)
        return;
    reading = news;
    news_open(&writer, news.stream, news.from);
    while ((rc = news_next(&reading, &item)) == 1)
        news_add(&writer, &item);
    if (rc == 0) {
        must_equal(buf_view(&writer.head.raw), buf_view(&news.raw),
                   "items of news");
        must(writer.head.count == news.count, "items are missing");
    }
    news_done(&writer.head);
    news_done(&news);
}

/* ---- what is told when registers are compared ---- */

static void check_ranges(struct bytes in)
{
    static struct digest_ask ask;
    struct buf again;

    if (digest_ask_read(in, &ask) < 0)
        return;
    for (int i = 0; i < ask.ranges; i++)
        must(id_compare(&ask.part[i].range.from, &ask.part[i].range.to) <= 0 &&
                 (i == 0 || id_compare(&ask.part[i - 1].range.to,
                                       &ask.part[i].range.from) < 0),
             "range %d is not behind the one before", i);
    buf_init(&again, FRAME_MAX);
    digest_ask_write(&ask, &again);
    must_begin(in, &again, "ranges");
}

static void check_digests(struct bytes in)
{
    static struct digests digests;
    struct buf again;

    if (digests_read(in, &digests) < 0)
        return;
    buf_init(&again, FRAME_MAX);
    digests_write(&digests, &again);
    must_begin(in, &again, "digests");
}

static void check_rows(struct bytes in)
{
    static struct rows rows, reading;
    static struct row row, last;
    uint64_t left;
    bool first = true;
    int rc;

    if (rows_read(in, &rows) < 0)
        return;
    reading = rows;
    left = cut_left(&rows.rest) + 1;
    while ((rc = rows_next(&reading, &row)) == 1) {
        must(left-- > 0, "rows without bytes");
        must(id_compare(&rows.range.from, &row.record) <= 0 &&
                 id_compare(&row.record, &rows.range.to) <= 0,
             "a row outside its range");
        must(first || row_compare(&last, &row) < 0, "rows out of order");
        first = false;
        last = row;
    }
}

static void check_wants(struct bytes in)
{
    static struct want want[WANTS];
    char stream[STREAM_MAX + 1];
    struct buf again;
    int count = wants_read(in, stream, want);

    must(count != 0 && count <= WANTS, "%d wants", count);
    if (count < 0)
        return;
    buf_init(&again, FRAME_MAX);
    buf_bytes(&again, bytes_text(stream));
    buf_varint(&again, (uint64_t)count);
    for (int i = 0; i < count; i++)
        want_write(&want[i], &again);
    must_begin(in, &again, "wants");
}

static void check_packed_news(struct cut *in)
{
    struct buf out;

    buf_init(&out, FRAME_MAX);
    pack_news_from(in, &out);
    check_news(buf_view(&out));
    buf_done(&out);
}

static void (*const reader[])(struct bytes in) = {
    check_hello, check_welcome, check_confirm, check_news,   check_facts,
    check_ranges, check_digests, check_rows,   check_wants,
    check_brief_confirm};

enum { READERS = sizeof reader / sizeof reader[0] };
/* How the rest is meant: bytes of an ask, bytes of an answer, rows of frames,
 * plain news, or what one frame says. */
enum { AS_ASK, AS_ANSWER, AS_ROWS, AS_NEWS, AS_FRAME };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct heard heard;
    struct cut in = cut_of(bytes_of(data, size));
    uint8_t mode = cut_u8(&in) % (AS_FRAME + READERS);
    struct bytes rest = bytes_of(in.at, cut_left(&in));

    if (size == 0)
        return 0;
    if (mode == AS_ROWS)
        check_frames(&in, cut_flag(&in));
    else if (mode == AS_NEWS)
        check_packed_news(&in);
    else if (mode >= AS_FRAME)
        reader[mode - AS_FRAME](rest);
    else
        check_pieces(rest, data[size - 1] + 1u, mode == AS_ANSWER, &heard);
    return 0;
}
