/* Terse news: what comes out is what went in, and nothing else comes out. And
 * what hello and welcome say of it. */
#include "tests/golden/terse.h"

enum { TIMES = 1000 };

static void tell_news(const struct news_writer *writer, struct buf *out)
{
    struct setting on = setting();

    buf_init(out, FRAME_MAX);
    assert_int_equal(terse_write_news(&on, writer, out), 0);
}

static int heard_news(struct bytes in, struct news *out)
{
    struct setting on = setting();
    int rc = terse_read_news(&on, in, out);

    if (rc < 0)
        assert_null(out->raw.data);
    return rc;
}

static void same_news(const struct news *is, const struct news *was)
{
    assert_string_equal(is->stream, was->stream);
    assert_int_equal(is->from, was->from);
    assert_int_equal(is->to, was->to);
    assert_int_equal(is->as_of, was->as_of);
    assert_int_equal(is->more, was->more);
    assert_int_equal(is->count, was->count);
    assert_true(bytes_equal(buf_view(&is->raw), buf_view(&was->raw)));
}

static void test_whatever_news_are_told_come_back(void **state)
{
    static char room[SOME_ROOM];
    const char *given = getenv("YZ_SEED");
    struct news_writer writer;
    struct news news;
    struct buf out;

    (void)state;
    seed = given != NULL ? (uint32_t)atoi(given) : 20261124;
    print_message("seed %u\n", seed);
    for (int i = 0; i < TIMES; i++) {
        some_news(&writer, roll(roll(8) ? 6 : 200), room);
        tell_news(&writer, &out);
        assert_int_equal(heard_news(buf_view(&out), &news), 0);
        same_news(&news, &writer.head);
        news_done(&news);
        news_done(&writer.head);
        buf_done(&out);
    }
}

/* One of each, the state with a hash that is made here; and what it is cut or
 * flipped to. */
static void test_news_cut_or_flipped(void **state)
{
    static char room[SOME_ROOM];
    struct news_writer writer;
    struct news news;
    struct buf bytes;

    (void)state;
    seed = 12;
    some_news(&writer, 12, room);
    tell_news(&writer, &bytes);
    golden_check("terse_news", buf_view(&bytes));
    for (size_t len = 0; len < bytes.len; len++)
        if (heard_news(bytes_of(bytes.data, len), &news) == 0) {
            assert_true(bytes_equal(buf_view(&news.raw),
                                    buf_view(&writer.head.raw)));
            news_done(&news);
        }
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        /* Of the head a flip makes another frame; its MAC finds it. */
        if (heard_news(buf_view(&bytes), &news) == 0) {
            if (news.count > 0)
                assert_true(bytes_equal(buf_view(&news.raw),
                                        buf_view(&writer.head.raw)));
            news_done(&news);
        }
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_done(&bytes);
    news_done(&writer.head);
}

/* What the hub took for known here is not: it must be told in full. */
static void test_news_of_what_is_not_here(void **state)
{
    struct news_writer writer;
    struct known was = known[1];
    struct news_item item = {.what = NEWS_STATE, .seq = 4001, .number = 3901};
    struct hash before = sample_hash(0x27);
    struct change change;
    struct news news;
    struct buf bytes, out;

    (void)state;
    sample_change(known[1].name.n + 1, &change);
    change.record = known[1].record;
    change.name.origin = known[1].name.origin;
    sample_bytes(&change, &bytes);
    item.change = buf_view(&bytes);
    item.hash = change_hash(&before, buf_view(&bytes));
    news_open(&writer, "520527001", 4000);
    news_add(&writer, &item);
    writer.head.to = 4001;
    tell_news(&writer, &out);
    assert_true(out.len < 55);  /* no hash, no id in it */
    assert_int_equal(heard_news(buf_view(&out), &news), 0);
    same_news(&news, &writer.head);
    news_done(&news);
    known[1].name.n = 77;
    assert_int_equal(heard_news(buf_view(&out), &news), ERR_FORMAT);
    known[1] = was;
    known[1].record = sample_id(0xA0);
    assert_int_equal(heard_news(buf_view(&out), &news), ERR_CHECKSUM);
    known[1] = was;
    buf_done(&bytes);
    buf_done(&out);
    news_done(&writer.head);
}

static void test_claims_of_news_are_bounded(void **state)
{
    static const struct {
        uint8_t count[5];
        int rc;
    } claims[] = {
        {{0x80, 0x80, 0x80, 0x80, 0x04}, ERR_SIZE}, /* 1 Gi */
        {{0x81, 0x80, 0x01, 0, 0}, ERR_SIZE},       /* one too many */
        {{0x80, 0x80, 0x00, 0, 0}, ERR_FORMAT},     /* a padded number */
        {{0xFF, 0x7F, 0, 0, 0}, 0}, /* as many as there may be */
    };
    uint8_t bytes[1024] = {0, 0, 5, 0};
    struct setting on = setting();
    struct news news;

    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        for (int fill = 0; fill < 256; fill += 5) {
            int rc;

            memset(bytes + 4, fill, sizeof bytes - 4);
            memcpy(bytes + 4, claims[i].count, 5);
            rc = terse_read_news(&on, bytes_of(bytes, sizeof bytes), &news);
            assert_true(rc < 0);
            assert_null(news.raw.data);
            if (claims[i].rc != 0)
                assert_int_equal(rc, claims[i].rc);
        }
}

/* ---- what is said of it ---- */

static void test_hello_and_welcome(void **state)
{
    static struct hello said;
    struct welcome greeting, heard;
    struct buf bytes;

    (void)state;
    buf_init(&bytes, 4096);
    hello_write(&hello, &bytes);
    assert_int_equal(hello_read(buf_view(&bytes), &said), 0);
    assert_memory_equal(&said.last, &hello.last, sizeof said.last);
    bytes.len--;
    assert_int_equal(hello_read(buf_view(&bytes), &said), 0);
    assert_false(said.last.told);
    buf_clear(&bytes);
    memset(&greeting, 0, sizeof greeting);
    welcome_write(&greeting, &bytes);
    assert_int_equal(welcome_read(buf_view(&bytes), &heard), 0);
    assert_false(heard.terse);
    buf_clear(&bytes);
    greeting.terse = true;
    mind_name(mind, greeting.dictionary);
    welcome_write(&greeting, &bytes);
    assert_int_equal(welcome_read(buf_view(&bytes), &heard), 0);
    assert_true(heard.terse && !heard.brief);
    assert_memory_equal(heard.dictionary, greeting.dictionary, DICTIONARY_NAME);
    buf_done(&bytes);
}

static void test_a_brief_welcome(void **state)
{
    static struct hello said;
    struct welcome greeting, heard, other;
    struct buf bytes;

    (void)state;
    buf_init(&bytes, 4096);
    said = hello;
    said.brief = true;
    hello_write(&said, &bytes);
    assert_int_equal(hello_read(buf_view(&bytes), &said), 0);
    assert_true(said.brief);
    bytes.data[bytes.len - 1] = 2;      /* of a later one: not known here */
    assert_int_equal(hello_read(buf_view(&bytes), &said), 0);
    assert_false(said.brief);
    said.brief = true;
    memset(&greeting, 0, sizeof greeting);
    greeting.life = 3;
    greeting.number = 1000;
    greeting.seq = INT64_MAX;
    greeting.secured = 999;
    greeting.wall_ms = -5;
    memcpy(greeting.kinds, said.kinds, HASH_SIZE);
    greeting.streams = said.cursors;
    for (int i = 0; i < said.cursors; i++)
        memcpy(greeting.stream[i], said.cursor[i].stream, STREAM_MAX + 1);
    memcpy(greeting.dictionary, said.last.dictionary, DICTIONARY_NAME);
    greeting.terse = greeting.brief = true;
    assert_true(welcome_brief(&greeting, &said));
    buf_clear(&bytes);
    welcome_write_brief(&greeting, &bytes);
    assert_int_equal(welcome_read_brief(buf_view(&bytes), &said, &heard), 0);
    assert_memory_equal(&heard, &greeting, sizeof heard);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(welcome_read_brief(bytes_of(bytes.data, len), &said,
                                            &heard), ERR_FORMAT);
    for (int i = 0; i < 5; i++) {       /* something the hello did not say */
        other = greeting;
        other.kinds[31] ^= i == 0;
        other.dictionary[7] ^= i == 1;
        other.streams += i == 2;
        other.brief = i != 3;
        said.brief = i != 4;
        assert_false(welcome_brief(&other, &said));
    }
    assert_int_equal(welcome_read_brief(buf_view(&bytes), &said, &heard),
                     ERR_FORMAT);       /* nobody asked for it */
    buf_done(&bytes);
}

static void confirmation(struct confirm *out)
{
    memset(out, 0, sizeof *out);
    out->origin.b[3] = 7;
    out->from = 5;
    out->through = 9;
    out->hash.b[31] = 1;
    out->runs = 2;
    out->run[0] = (struct run){.count = 4, .verdict = 2, .number = 40};
    out->run[1] = (struct run){.count = 1, .verdict = 4, .number = 50,
                               .reason = 6, .field = "phone", .rule = "V1"};
    memset(out->receipt, 0x5a, sizeof out->receipt);
}

/* Whatever one says that the hello did not, it is told in full. */
static void test_what_is_not_told_briefly(void **state)
{
    static struct confirm confirm;
    static struct hello said;

    (void)state;
    for (int i = 0; i < 9; i++) {
        confirmation(&confirm);
        said = hello;
        said.heads = 2;
        said.head[1] = (struct head){.origin = confirm.origin, .n = 9,
                                     .confirmed = 4, .hash = confirm.hash};
        said.brief = i != 1;
        said.brief_confirm = i != 2;
        confirm.standing = i == 3 ? STANDING_FORKED : STANDING_GOOD;
        confirm.more = i == 4;
        confirm.from += i == 5;
        confirm.through -= i == 6;
        confirm.hash.b[0] ^= i == 7;
        confirm.run[0].count -= i == 8;
        assert_int_equal(confirm_brief(&confirm, &said, 1), i == 0);
    }
}

static void test_a_brief_confirm(void **state)
{
    static struct confirm confirm, heard;
    static struct hello said;
    struct buf bytes, again;

    (void)state;
    confirmation(&confirm);
    said = hello;
    said.heads = 2;
    said.head[1] = (struct head){.origin = confirm.origin, .n = 9,
                                 .confirmed = 4, .hash = confirm.hash};
    said.brief = said.brief_confirm = true;
    buf_init(&bytes, 4096);
    buf_init(&again, 4096);
    confirm_write_brief(&confirm, 1, &bytes);
    golden_check("brief_confirm", buf_view(&bytes));
    assert_int_equal(confirm_read_brief(buf_view(&bytes), &said, &heard), 0);
    assert_memory_equal(&heard, &confirm, sizeof heard);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(confirm_read_brief(bytes_of(bytes.data, len), &said,
                                            &heard), ERR_FORMAT);
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (confirm_read_brief(buf_view(&bytes), &said, &heard) == 0) {
            buf_clear(&again);  /* another of just so many */
            confirm_write_brief(&heard, 1, &again);
            assert_true(heard.through == 9 && heard.run[0].count == 4);
            assert_memory_equal(again.data, bytes.data, again.len);
        }
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    said.head[1].confirmed = 9;         /* nothing is unconfirmed */
    assert_int_equal(confirm_read_brief(buf_view(&bytes), &said, &heard),
                     ERR_FORMAT);
    said.head[1].confirmed = 4;
    said.brief_confirm = false;         /* nobody asked for it */
    assert_int_equal(confirm_read_brief(buf_view(&bytes), &said, &heard),
                     ERR_FORMAT);
    buf_done(&bytes);
    buf_done(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_news_are_told_come_back),
        cmocka_unit_test(test_news_cut_or_flipped),
        cmocka_unit_test(test_news_of_what_is_not_here),
        cmocka_unit_test(test_claims_of_news_are_bounded),
        cmocka_unit_test(test_hello_and_welcome),
        cmocka_unit_test(test_a_brief_welcome),
        cmocka_unit_test(test_what_is_not_told_briefly),
        cmocka_unit_test(test_a_brief_confirm),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
