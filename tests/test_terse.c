/* A terse batch: what comes out is what went in, and nothing else comes out. */
#include "proto/mind.h"
#include "tests/golden/terse.h"

enum { TIMES = 1000 };

static void writer_add(struct batch_writer *writer, const struct change *change)
{
    struct buf bytes;

    sample_bytes(change, &bytes);
    assert_true(batch_add(writer, buf_view(&bytes), NULL, BATCH_RAW_MAX));
    buf_done(&bytes);
}

static int told(struct bytes in, struct batch *out)
{
    struct fault fault = {.err = 0};
    struct setting on = setting();
    int rc = terse_read(&on, in, out, &fault);

    assert_int_equal(fault.err, rc);
    if (rc < 0)
        assert_null(out->raw.data);
    return rc;
}

static void tell(const struct batch_writer *writer, struct buf *out)
{
    struct setting on = setting();

    buf_init(out, BATCH_MAX);
    assert_int_equal(terse_write(&on, writer, out), 0);
}

/* Tell it, hear it, compare; returns its bytes on the wire. */
static size_t there_and_back(struct batch_writer *writer)
{
    struct batch batch;
    struct buf out;
    size_t len;

    tell(writer, &out);
    assert_int_equal(told(buf_view(&out), &batch), 0);
    assert_int_equal(batch.first, writer->head.first);
    assert_int_equal(batch.count, writer->head.count);
    assert_memory_equal(&batch.before, &writer->head.before, HASH_SIZE);
    assert_true(bytes_equal(buf_view(&batch.raw), buf_view(&writer->raw)));
    batch_done(&batch);
    len = out.len;
    buf_done(&out);
    batch_drop(writer);
    return len;
}

/* One of each: all parts, ordinary ones of a known and of the same record, an
 * empty place, and what is no change. */
static void make(struct batch_writer *writer)
{
    struct hash gone = sample_hash(0x05);
    struct change change;

    writer_open(writer, 300);
    sample_whole(&change);
    writer_add(writer, &change);
    sample_change(301, &change);
    change.record = known[1].record;
    change.base = known[1].number;
    change.stamp.wall_ms += 5000;
    change.stamp.mono_ms += 5000;
    writer_add(writer, &change);
    assert_true(batch_add(writer, bytes_of(NULL, 0), &gone, BATCH_RAW_MAX));
    assert_true(
        batch_add(writer, bytes_text("no change"), NULL, BATCH_RAW_MAX));
    change.name.n = 304;
    body_set(&change.body, 9, bytes_of(NULL, 0));
    body_set(&change.body, 12, bytes_text("110101199003070002"));
    body_set(&change.body, 13, bytes_text("1990-03-07"));
    body_set(&change.body, 14, bytes_text("2024-11"));
    writer_add(writer, &change);
}

static void test_places_come_back(void **state)
{
    struct batch_writer writer;
    struct buf out;

    (void)state;
    make(&writer);
    tell(&writer, &out);
    golden_check("terse", buf_view(&out));
    buf_done(&out);
    there_and_back(&writer);
}

/* The dictionary that batches of long ago name must stay what it is. */
static void test_the_dictionary_stays(void **state)
{
    uint8_t name[DICTIONARY_NAME];

    (void)state;
    mind_name(mind, name);
    golden_check("dictionary", bytes_of(name, sizeof name));
}

static void same_or_refused(struct bytes bytes, struct bytes rows)
{
    struct batch batch;

    if (told(bytes, &batch) < 0)
        return;
    assert_true(bytes_equal(buf_view(&batch.raw), rows));
    assert_int_equal(batch.first, 300);
    batch_done(&batch);
}

static void test_cut_or_flipped_is_refused_or_the_same(void **state)
{
    struct batch_writer writer;
    struct buf bytes;

    (void)state;
    make(&writer);
    golden_load("terse", &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        same_or_refused(bytes_of(bytes.data, len), buf_view(&writer.raw));
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        size_t anchor = 4; /* says only what stood before, and is told */

        if (bit / 8 >= anchor && bit / 8 < anchor + 4)
            continue;
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        same_or_refused(buf_view(&bytes), buf_view(&writer.raw));
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_u8(&bytes, 0);
    same_or_refused(buf_view(&bytes), buf_view(&writer.raw));
    buf_done(&bytes);
    batch_drop(&writer);
}

/* A line that parts here: its reader must see that, not refuse it. */
static void test_another_anchor_is_told(void **state)
{
    struct batch_writer writer;
    struct hash known_here = sample_hash(0xE0);
    struct batch batch;
    struct buf out;

    (void)state;
    make(&writer);
    writer.head.before = sample_hash(0x55);
    tell(&writer, &out);
    assert_int_equal(told(buf_view(&out), &batch), 0);
    assert_memory_not_equal(&batch.before, &known_here, HASH_SIZE);
    batch_done(&batch);
    buf_done(&out);
    batch_drop(&writer);
}

static void test_what_is_not_here(void **state)
{
    struct batch_writer writer;
    struct known was = known[1];
    struct batch batch;
    struct buf out;

    (void)state;
    make(&writer);
    tell(&writer, &out);
    known[1].name.n = 77; /* the hub does not have it */
    assert_int_equal(told(buf_view(&out), &batch), ERR_FORMAT);
    known[1] = was;
    known[1].record = sample_id(0xA0); /* or it is another's */
    assert_int_equal(told(buf_view(&out), &batch), ERR_CHECKSUM);
    known[1] = was;
    known[1].number = 8000;
    assert_int_equal(told(buf_view(&out), &batch), ERR_CHECKSUM);
    known[1] = was;
    hello.last.dictionary[0] ^= 1;
    assert_int_equal(told(buf_view(&out), &batch), ERR_VERSION);
    hello.last.dictionary[0] ^= 1;
    hello.heads = 1;
    assert_int_equal(told(buf_view(&out), &batch), ERR_FORMAT);
    hello.heads = 2;
    assert_int_equal(told(buf_view(&out), &batch), 0);
    batch_done(&batch);
    buf_done(&out);
    batch_drop(&writer);
}

/* Some bytes that say they are very many changes. */
static void test_claims_are_bounded(void **state)
{
    uint8_t bytes[1024] = {2, 0, 1, 1, 0xE0, 0xE1, 0xE2, 0xE3};
    static const struct {
        uint8_t count[5];
        int rc;
    } claims[] = {
        {{0x80, 0x80, 0x80, 0x80, 0x04}, ERR_SIZE}, /* 1 Gi */
        {{0x80, 0x80, 0x10, 0, 0}, ERR_SIZE},       /* 256 Ki */
        {{0xFF, 0x7F, 0, 0, 0}, 0}, /* as many as there may be */
        {{0, 0, 0, 0, 0}, ERR_FORMAT},
    };
    struct batch batch;

    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        for (int fill = 0; fill < 256; fill += 5) {
            int rc;

            memset(bytes + 8, fill, sizeof bytes - 8);
            memcpy(bytes + 8, claims[i].count, 5);
            rc = told(bytes_of(bytes, sizeof bytes), &batch);
            assert_true(rc < 0);
            if (claims[i].rc != 0)
                assert_int_equal(rc, claims[i].rc);
        }
}

/* A value that came before is one bit, however long it is: few bytes that say
 * 12 MiB stop where a batch does. */
static void test_few_bytes_that_say_too_much(void **state)
{
    enum { PLACES = 200, LONG = 60000 };
    static char text[LONG];
    struct setting on = setting();
    struct batch head = {.origin = sample_id(0x10), .first = 300};
    struct change change;
    struct buf rows, bytes, out;

    (void)state;
    memset(text, 'a', LONG);
    sample_change(300, &change);
    body_set(&change.body, 25, bytes_of(text, LONG));
    buf_init(&rows, (size_t)PLACES * 2 * LONG);
    for (; head.count < PLACES; head.count++) {
        sample_bytes(&change, &bytes);
        buf_u8(&rows, 0);
        buf_bytes(&rows, buf_view(&bytes));
        buf_done(&bytes);
        change.name.n++;
    }
    buf_init(&out, BATCH_MAX);
    assert_int_equal(mind_write(&on, &head, buf_view(&rows), &out), 0);
    assert_true(out.len < 1024 && rows.len > 30 * (size_t)BATCH_RAW_MAX);
    buf_done(&rows);
    buf_init(&rows, BATCH_RAW_MAX);
    assert_int_equal(mind_read(&on, buf_view(&out), &head, &rows), ERR_SIZE);
    assert_true(rows.cap <= BATCH_RAW_MAX);
    buf_done(&rows);
    buf_done(&out);
}

/* BUG found by the fuzzer: an id number with the area of the one before it, when
 * there was none, was given a last sign from before the signs there are. */
static void test_an_area_that_never_came(void **state)
{
    static const uint8_t bytes[] = {2,    0,    1, 1, 0xE0, 0xE1, 0xE2,
                                    0xE3, 0x18, 0, 0, 0,    0,    0,
                                    0,    0,    0, 0xFF, 0xFF, 0x17};
    struct batch batch;

    (void)state;
    assert_int_equal(told(bytes_of(bytes, sizeof bytes), &batch),
                     ERR_FORMAT);
}

/* ---- at random ---- */

static void test_whatever_is_written_comes_back(void **state)
{
    static char room[SOME_ROOM];
    const char *given = getenv("YZ_SEED");

    (void)state;
    seed = given != NULL ? (uint32_t)atoi(given) : 20261123;
    print_message("seed %u\n", seed);
    for (int i = 0; i < TIMES; i++) {
        uint64_t first = 299 + roll(1000);
        struct batch_writer writer;
        struct change change;

        writer_open(&writer, first);
        for (uint32_t many = 1 + roll(roll(8) ? 6 : 200), at = 0; at < many;
             at++) {
            some_change(first + at, &change, room);
            if (roll(50) == 0)
                change.name.n++; /* not its name: goes as bytes */
            writer_add(&writer, &change);
        }
        there_and_back(&writer);
    }
}

/* As long, and as many, as they can be. */
static void test_fullest_batches(void **state)
{
    static char text[60000];
    struct batch_writer writer;
    struct change change;
    struct buf bytes;

    (void)state;
    seed = 7;
    for (int noise = 0; noise < 2; noise++) {
        writer_open(&writer, 300);
        for (uint64_t n = 300; n < 305; n++) {
            for (size_t i = 0; i < sizeof text; i++)
                text[i] = noise ? (char)(1 + roll(255)) : 'a';
            sample_change(n, &change);
            body_set(&change.body, 25, bytes_of(text, sizeof text));
            writer_add(&writer, &change);
        }
        there_and_back(&writer);
    }
    writer_open(&writer, 300);
    sample_change(300, &change);
    sample_bytes(&change, &bytes);
    while (batch_add(&writer, buf_view(&bytes), NULL, BATCH_RAW_MAX)) {
        buf_done(&bytes);
        change.name.n++;
        change.record.b[0]++;
        sample_bytes(&change, &bytes);
    }
    buf_done(&bytes);
    assert_true(writer.head.count > 3000);
    there_and_back(&writer);
}

/* What nobody told before, and what was told a hundred times. */
static void test_alike_costs_little(void **state)
{
    struct batch_writer writer;
    struct change change;
    size_t one, many;

    (void)state;
    writer_open(&writer, 300);
    sample_change(300, &change);
    writer_add(&writer, &change);
    one = there_and_back(&writer);
    writer_open(&writer, 300);
    for (uint64_t n = 300; n < 400; n++) {
        change.name.n = n;
        writer_add(&writer, &change);
    }
    many = there_and_back(&writer);
    assert_true(many < one + 100);
}

static void test_dictionaries_that_are_none(void **state)
{
    struct bytes made = dictionary_built();
    struct mind *other;

    (void)state;
    assert_null(mind_new(bytes_of("", 0)));
    assert_null(mind_new(bytes_of("\xff\xff\xff\xff\x0f", 5)));
    for (size_t len = 0; len < made.len; len += 1 + made.len / 40) {
        other = mind_new(bytes_of(made.data, len));
        mind_free(other); /* perhaps one, of another name */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_come_back),
        cmocka_unit_test(test_the_dictionary_stays),
        cmocka_unit_test(test_cut_or_flipped_is_refused_or_the_same),
        cmocka_unit_test(test_another_anchor_is_told),
        cmocka_unit_test(test_what_is_not_here),
        cmocka_unit_test(test_claims_are_bounded),
        cmocka_unit_test(test_few_bytes_that_say_too_much),
        cmocka_unit_test(test_an_area_that_never_came),
        cmocka_unit_test(test_whatever_is_written_comes_back),
        cmocka_unit_test(test_fullest_batches),
        cmocka_unit_test(test_alike_costs_little),
        cmocka_unit_test(test_dictionaries_that_are_none),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
