/* News: what a station is told, and what a broken frame must not do to it. */
#include "proto/message.h"
#include "tests/golden/golden.h"

enum { ITEMS = 6 };

static void fill_change(struct news_item *item, struct buf *bytes)
{
    struct hash before = sample_hash(0xE0);
    struct change change;

    sample_change(1, &change);
    sample_bytes(&change, bytes);
    item->change = buf_view(bytes);
    item->hash = change_hash(&before, item->change);
}

/* One of each; `bytes` and `base` are to be released. */
static void items(struct news_item *out, struct buf *bytes, struct buf *base)
{
    struct change change;

    memset(out, 0, ITEMS * sizeof *out);
    for (uint64_t i = 0; i < ITEMS; i++) {
        out[i].seq = 100 + i;
        out[i].number = 5000 + i;
    }
    fill_change(&out[0], bytes);
    out[0].what = NEWS_STATE;
    out[1].what = NEWS_GONE;
    out[1].record = sample_id(0x40);
    out[2] = out[0];
    out[2].seq = 102;
    out[2].what = NEWS_CASE;
    out[2].reason = 1;
    out[2].open = true;
    out[2].has_base = true;
    sample_change(9, &change);
    buf_init(base, CHANGE_MAX);
    body_write(&change.body, base);
    out[2].base_body = buf_view(base);
    out[3] = out[2];
    out[3].seq = 103;
    out[3].open = out[3].has_base = false;
    out[3].base_body = bytes_of(NULL, 0);
    out[3].settled_by = (struct name){sample_id(0x30), 12};
    strcpy(out[3].field, "phone");
    strcpy(out[3].rule, "V10");
    out[4].what = NEWS_VERDICT;
    out[4].name = (struct name){sample_id(0x10), 77};
    out[4].verdict = 2;
    out[5] = out[4];
    out[5].seq = 105;
    out[5].verdict = 5;
    out[5].reason = 6;
    memset(out[5].field, 'f', WHY_FIELD - 1);
    memset(out[5].rule, 'r', WHY_RULE - 1);
}

static void make(struct buf *out)
{
    struct news_item list[ITEMS];
    struct news_writer writer;
    struct buf bytes, base;

    items(list, &bytes, &base);
    news_open(&writer, "522000001", 99);
    for (int i = 0; i < ITEMS; i++)
        news_add(&writer, &list[i]);
    writer.head.to = 105;
    writer.head.as_of = 6000;
    writer.head.more = true;
    buf_init(out, FRAME_MAX);
    assert_int_equal(news_close(&writer, out), 0);
    assert_null(writer.head.raw.data);
    buf_done(&bytes);
    buf_done(&base);
}

static void assert_item(const struct news_item *a, const struct news_item *b)
{
    assert_int_equal(a->what, b->what);
    assert_true(a->seq == b->seq && a->number == b->number);
    assert_true(bytes_equal(a->change, b->change));
    assert_memory_equal(a->hash.b, b->hash.b, HASH_SIZE);
    assert_true(id_equal(&a->record, &b->record));
    assert_true(name_equal(&a->name, &b->name));
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->reason, b->reason);
    assert_string_equal(a->field, b->field);
    assert_string_equal(a->rule, b->rule);
    assert_true(a->open == b->open && a->has_base == b->has_base);
    assert_true(name_equal(&a->settled_by, &b->settled_by));
    assert_true(bytes_equal(a->base_body, b->base_body));
}

/* Read to its end; 0 or the error. */
static int walk(struct bytes in)
{
    struct news_item item;
    struct news news;
    int rc = news_read(in, &news);

    if (rc < 0) {
        assert_null(news.raw.data);
        return rc;
    }
    while ((rc = news_next(&news, &item)) == 1)
        ;
    news_done(&news);
    return rc;
}

static void test_items_come_back(void **state)
{
    struct news_item list[ITEMS], item;
    struct buf made, bytes, base;
    struct news news;

    (void)state;
    items(list, &bytes, &base);
    make(&made);
    golden_check("news", buf_view(&made));
    assert_int_equal(news_read(buf_view(&made), &news), 0);
    assert_string_equal(news.stream, "522000001");
    assert_true(news.from == 99 && news.to == 105 && news.as_of == 6000);
    assert_true(news.more && news.count == ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(news_next(&news, &item), 1);
        assert_item(&item, &list[i]);
    }
    assert_int_equal(news_next(&news, &item), 0);
    news_done(&news);
    buf_done(&made);
    buf_done(&bytes);
    buf_done(&base);
}

static void test_no_news(void **state)
{
    struct news_writer writer;
    struct news_item item;
    struct news news;
    struct buf made;

    (void)state;
    news_open(&writer, "@gate", 7);
    buf_init(&made, 1000);
    assert_int_equal(news_close(&writer, &made), 0);
    assert_int_equal(news_read(buf_view(&made), &news), 0);
    assert_true(news.from == 7 && news.to == 7 && !news.more);
    assert_int_equal(news_next(&news, &item), 0);
    news_done(&news);
    buf_done(&made);
}

static void test_cut_anywhere_is_refused(void **state)
{
    struct buf bytes;

    (void)state;
    golden_load("news", &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_true(walk(bytes_of(bytes.data, len)) < 0);
    buf_u8(&bytes, 0);
    assert_true(walk(buf_view(&bytes)) < 0);
    buf_done(&bytes);
}

/* The frame's MAC stands before this; here a flip may say something else, but
 * what is deflated is guarded by zlib's own sum. */
static void test_flipped_bit_does_no_harm(void **state)
{
    struct buf bytes;
    int taken = 0;

    (void)state;
    golden_load("news", &bytes);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (walk(buf_view(&bytes)) == 0 && bit / 8 > 18)
            taken++;
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(taken < 8);
    buf_done(&bytes);
}

/* ---- made by hand, so that it can lie ---- */

struct lie {
    uint64_t from, to, count, raw_size;
    uint8_t more;
    struct bytes stream;
};

static int lied(struct lie lie, const void *raw, size_t len)
{
    struct buf bytes;
    int rc;

    buf_init(&bytes, 2 * FRAME_MAX);
    buf_bytes(&bytes, lie.stream.data ? lie.stream : bytes_text("522000"));
    buf_varint(&bytes, lie.from);
    buf_varint(&bytes, lie.to);
    buf_varint(&bytes, 0);
    buf_u8(&bytes, lie.more);
    buf_varint(&bytes, lie.count);
    buf_varint(&bytes, lie.raw_size);
    assert_int_equal(deflate_bytes(bytes_of(raw, len), &bytes), 0);
    rc = walk(buf_view(&bytes));
    buf_done(&bytes);
    return rc;
}

/* A departure: what, seq, number, record. */
static const char gone[] = "\x01\x05\x06" "0123456789abcdef";

enum { GONE = sizeof gone - 1 };

static void test_sizes_that_lie(void **state)
{
    (void)state;
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = GONE}, gone,
                          GONE), 0);
    assert_int_equal(lied((struct lie){.count = 2, .raw_size = GONE}, gone,
                          GONE), ERR_FORMAT);
    assert_int_equal(lied((struct lie){.count = 0, .raw_size = GONE}, gone,
                          GONE), ERR_FORMAT);
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = GONE - 1},
                          gone, GONE), ERR_FORMAT);
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = GONE + 1},
                          gone, GONE), ERR_FORMAT);
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = 1u << 30},
                          gone, GONE), ERR_SIZE);
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = UINT64_MAX},
                          gone, GONE), ERR_SIZE);
    assert_int_equal(lied((struct lie){.count = UINT64_MAX,
                                       .raw_size = GONE}, gone, GONE),
                     ERR_SIZE);
    assert_int_equal(lied((struct lie){.count = 0, .raw_size = 0}, gone,
                          GONE), ERR_FORMAT);
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = GONE,
                                       .more = 2}, gone, GONE), ERR_FORMAT);
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = GONE,
                                       .from = 2, .to = 1}, gone, GONE),
                     ERR_FORMAT);
}

static void test_bomb_is_refused(void **state)
{
    static uint8_t zeros[1024 * 1024];

    (void)state;
    assert_int_equal(lied((struct lie){.count = 1, .raw_size = NEWS_RAW_MAX},
                          zeros, sizeof zeros), ERR_FORMAT);
}

static void test_streams_are_text(void **state)
{
    static char name[STREAM_MAX + 1];
    struct lie lie = {.count = 1, .raw_size = GONE};

    (void)state;
    memset(name, 's', sizeof name);
    lie.stream = bytes_of(name, STREAM_MAX);
    assert_int_equal(lied(lie, gone, GONE), 0);
    lie.stream = bytes_of(name, STREAM_MAX + 1);
    assert_int_equal(lied(lie, gone, GONE), ERR_FORMAT);
    lie.stream = bytes_of("5\0", 2);
    assert_int_equal(lied(lie, gone, GONE), ERR_FORMAT);
    lie.stream = bytes_text("\xff");
    assert_int_equal(lied(lie, gone, GONE), ERR_FORMAT);
}

static void test_items_that_are_none(void **state)
{
    static const struct {
        const char *raw;
        size_t len;
    } rows[] = {
        {"\x04\x05\x06" "0123456789abcdef", 19},        /* no such news */
        {"\x01\x05\x06" "0123456789abcde", 18},         /* half an id */
        {"\x01\x85\x00\x06" "0123456789abcdef", 20},    /* padded */
        {"\x00\x05\x06\x81\x80\x04x", 7},               /* 65537 bytes */
        /* verdicts with texts that are none, or too long */
        {"\x03\x05\x06" "0123456789abcdef" "\x07\x05\x06\x01\xff\x00", 25},
        {"\x03\x05\x06" "0123456789abcdef" "\x07\x05\x06\x01\x00\x00", 25},
        {"\x03\x05\x06" "0123456789abcdef"
         "\x07\x05\x06\x00\x10" "0123456789abcdef", 40},
        /* a case with a flag not known here */
        {"\x02\x05\x06\x00" "0123456789abcdef0123456789abcdef" "\x00\x05",
         38},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(lied((struct lie){.count = 1,
                                           .raw_size = rows[i].len},
                              rows[i].raw, rows[i].len), ERR_FORMAT);
}

static int walk_item(const struct news_item *item, uint64_t to)
{
    struct news_writer writer;
    struct buf made;
    int rc;

    news_open(&writer, "522000", 0);
    news_add(&writer, item);
    writer.head.to = to;
    buf_init(&made, FRAME_MAX);
    assert_int_equal(news_close(&writer, &made), 0);
    rc = walk(buf_view(&made));
    buf_done(&made);
    return rc;
}

/* A station that kept them would hold negative numbers, and a state without a
 * number would be in its journal but never in force. */
static void test_numbers_nobody_drew(void **state)
{
    struct news_item item = {.what = NEWS_STATE, .seq = INT64_MAX,
                             .number = INT64_MAX};

    (void)state;
    assert_int_equal(walk_item(&item, INT64_MAX), 0);
    assert_int_equal(walk_item(&item, 1ull << 63), ERR_FORMAT);
    item.seq++;
    assert_int_equal(walk_item(&item, 9), ERR_FORMAT);
    item.seq = 9;
    item.number++;
    assert_int_equal(walk_item(&item, 9), ERR_FORMAT);
    item.number = 0;
    assert_int_equal(walk_item(&item, 9), ERR_FORMAT);
    item.what = NEWS_VERDICT;
    item.verdict = 2;
    assert_int_equal(walk_item(&item, 9), ERR_FORMAT);
    item.verdict = VERDICT_RECEIVED;
    assert_int_equal(walk_item(&item, 9), 0);
    item.what = NEWS_GONE;
    assert_int_equal(walk_item(&item, 9), 0);
}

/* The hub goes on adding while a frame is under its size: the last one may be
 * a case with the largest change and the largest body. If that did not fit, a
 * station behind it would never hear of anything again. */
static void test_fullest_frame_fits(void **state)
{
    static uint8_t noise[CHANGE_MAX];
    struct news_writer writer;
    struct news_item item;
    struct buf made;
    uint32_t seed = 5;

    (void)state;
    memset(&item, 0, sizeof item);
    item.what = NEWS_CASE;
    item.seq = item.number = INT64_MAX;
    item.reason = 5;
    memset(item.field, 'f', WHY_FIELD - 1);
    memset(item.rule, 'r', WHY_RULE - 1);
    item.settled_by.n = INT64_MAX;
    item.has_base = true;
    item.change = item.base_body = bytes_of(noise, CHANGE_MAX);
    news_open(&writer, "@a station with a name of sixty bytes, which is a lot "
              "of them", INT64_MAX - 1);
    while (writer.head.raw.len < BATCH_SIZE_MAX - 1) {
        size_t left = BATCH_SIZE_MAX - 1 - writer.head.raw.len;
        struct news_item state_item = {.what = NEWS_STATE, .number = 1};

        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)(golden_roll(&seed) >> 9);
        state_item.change = bytes_of(noise, left > 30000 ? 20000
                                            : left > 40 ? left - 40 : 0);
        news_add(&writer, &state_item);
    }
    news_add(&writer, &item);
    writer.head.to = INT64_MAX;
    buf_init(&made, FRAME_MAX);
    assert_int_equal(news_close(&writer, &made), 0);
    assert_int_equal(walk(buf_view(&made)), 0);
    buf_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_come_back),
        cmocka_unit_test(test_no_news),
        cmocka_unit_test(test_cut_anywhere_is_refused),
        cmocka_unit_test(test_flipped_bit_does_no_harm),
        cmocka_unit_test(test_sizes_that_lie),
        cmocka_unit_test(test_bomb_is_refused),
        cmocka_unit_test(test_streams_are_text),
        cmocka_unit_test(test_items_that_are_none),
        cmocka_unit_test(test_numbers_nobody_drew),
        cmocka_unit_test(test_fullest_frame_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
