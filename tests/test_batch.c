/* A batch: what comes out is what went in, whatever its sizes claim. */
#include "proto/batch.h"
#include "tests/golden/golden.h"

#include <sodium.h>

enum { PLACES = 4, CHECK_SIZE = 16, HEAD_PLAIN = 2 + HASH_SIZE + ID_SIZE };

/* Three changes, the third of which its origin can no longer read. */
static void make(struct buf *out)
{
    struct batch_writer writer;
    struct hash kinds = sample_hash(0xC0), before = sample_hash(0xE0);
    struct id origin = sample_id(0x10);
    struct hash at = before;

    batch_open(&writer, kinds.b, &origin, 300, &before);
    for (uint64_t i = 0; i < PLACES; i++) {
        struct change change;
        struct buf bytes;

        if (i == 2) {
            at = sample_hash(0x05);
            assert_true(batch_add(&writer, bytes_of(NULL, 0), &at,
                                  BATCH_SIZE_MAX));
            continue;
        }
        if (i == 0)
            sample_whole(&change);
        else
            sample_change(300 + i, &change);
        sample_bytes(&change, &bytes);
        at = change_hash(&at, buf_view(&bytes));
        assert_true(batch_add(&writer, buf_view(&bytes), &at,
                              BATCH_SIZE_MAX));
        buf_done(&bytes);
    }
    buf_init(out, BATCH_MAX);
    assert_int_equal(batch_close(&writer, out), 0);
}

/* Read to its end; 0 or the error. */
static int walk(struct bytes in, struct batch *head, struct place *places)
{
    struct fault fault = {.err = 0};
    struct place place;
    uint64_t count;
    int rc = batch_read(in, head, &fault);

    if (rc < 0) {
        assert_int_equal(fault.err, rc);
        assert_null(head->raw.data);
        return rc;
    }
    count = head->count;
    for (uint64_t i = 0; (rc = batch_next(head, &place)) == 1; i++) {
        assert_true(i < count);
        if (places != NULL && i < PLACES)
            places[i] = place;
    }
    if (rc < 0 || places == NULL)
        batch_done(head);
    return rc;
}

/* The same head and the same places. */
static void assert_same(struct bytes a, struct bytes b)
{
    struct batch one, two;
    struct place from[PLACES], to[PLACES];

    assert_int_equal(walk(a, &one, from), 0);
    assert_int_equal(walk(b, &two, to), 0);
    assert_memory_equal(one.kinds, two.kinds, HASH_SIZE);
    assert_true(id_equal(&one.origin, &two.origin));
    assert_memory_equal(one.before.b, two.before.b, HASH_SIZE);
    for (int i = 0; i < PLACES; i++) {
        assert_true(from[i].n == to[i].n);
        assert_true(bytes_equal(from[i].bytes, to[i].bytes));
        assert_memory_equal(from[i].hash.b, to[i].hash.b, HASH_SIZE);
    }
    batch_done(&one);
    batch_done(&two);
}

static void test_places_come_back(void **state)
{
    struct hash before = sample_hash(0xE0), gone = sample_hash(0x05), at;
    struct place places[PLACES];
    struct change change;
    struct batch batch;
    struct buf made;

    (void)state;
    make(&made);
    golden_check("batch", buf_view(&made));
    assert_int_equal(walk(buf_view(&made), &batch, places), 0);
    for (int i = 0; i < PLACES; i++)
        assert_int_equal(places[i].n, 300 + i);
    at = change_hash(&before, places[0].bytes);
    assert_memory_equal(places[0].hash.b, at.b, HASH_SIZE);
    at = change_hash(&at, places[1].bytes);
    assert_memory_equal(places[1].hash.b, at.b, HASH_SIZE);
    assert_int_equal(places[2].bytes.len, 0);
    assert_memory_equal(places[2].hash.b, gone.b, HASH_SIZE);
    at = change_hash(&gone, places[3].bytes);
    assert_memory_equal(places[3].hash.b, at.b, HASH_SIZE);
    assert_memory_equal(batch.at.b, at.b, HASH_SIZE);
    assert_int_equal(change_read(places[3].bytes, &change), 0);
    assert_int_equal(change.name.n, 303);
    batch_done(&batch);
    buf_done(&made);
}

static void test_cut_anywhere_is_refused(void **state)
{
    struct batch batch;
    struct buf bytes;

    (void)state;
    golden_load("batch", &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_true(walk(bytes_of(bytes.data, len), &batch, NULL) < 0);
    buf_u8(&bytes, 0);
    assert_int_equal(walk(buf_view(&bytes), &batch, NULL), ERR_FORMAT);
    buf_done(&bytes);
}

/* Refused, or one of the bits that deflate leaves idle. */
static void test_flipped_bit_is_refused(void **state)
{
    struct batch batch;
    struct buf bytes, golden;
    int same = 0;

    (void)state;
    golden_load("batch", &golden);
    golden_load("batch", &bytes);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (walk(buf_view(&bytes), &batch, NULL) == 0) {
            assert_same(buf_view(&bytes), buf_view(&golden));
            same++;
        }
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(same < 8);
    buf_done(&bytes);
    buf_done(&golden);
}

static void test_unknown_version_and_layout(void **state)
{
    struct batch batch;
    struct buf bytes;

    (void)state;
    golden_load("batch", &bytes);
    for (int at = 0; at < 2; at++) {
        uint8_t was = bytes.data[at];

        bytes.data[at] = 9;
        assert_int_equal(walk(buf_view(&bytes), &batch, NULL), ERR_VERSION);
        bytes.data[at] = was;
    }
    buf_done(&bytes);
}

/* ---- made by hand, so that it can lie ---- */

struct lie {
    uint64_t first, count, raw_size;
    bool wrong_check;
};

static void put_u64(crypto_generichash_state *state, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    crypto_generichash_update(state, bytes, sizeof bytes);
}

static void check_of(const struct lie *lie, struct bytes raw,
                     uint8_t out[CHECK_SIZE])
{
    struct hash kinds = sample_hash(0xC0), before = sample_hash(0xE0);
    struct id origin = sample_id(0x10);
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, CHECK_SIZE);
    crypto_generichash_update(&state, kinds.b, HASH_SIZE);
    crypto_generichash_update(&state, origin.b, ID_SIZE);
    put_u64(&state, lie->first);
    crypto_generichash_update(&state, before.b, HASH_SIZE);
    put_u64(&state, lie->count);
    crypto_generichash_update(&state, raw.data, raw.len);
    crypto_generichash_final(&state, out, CHECK_SIZE);
    if (lie->wrong_check)
        out[3] ^= 1;
}

static void craft(const struct lie *lie, struct bytes raw, struct buf *out)
{
    struct hash kinds = sample_hash(0xC0), before = sample_hash(0xE0);
    struct id origin = sample_id(0x10);
    uint8_t check[CHECK_SIZE];

    check_of(lie, raw, check);
    buf_init(out, 8 * 1024 * 1024);
    buf_put(out, "\x01\x00", 2);
    buf_put(out, kinds.b, HASH_SIZE);
    buf_put(out, origin.b, ID_SIZE);
    buf_varint(out, lie->first);
    buf_put(out, before.b, HASH_SIZE);
    buf_varint(out, lie->count);
    buf_varint(out, lie->raw_size);
    buf_put(out, check, CHECK_SIZE);
    assert_int_equal(deflate_bytes(raw, out), 0);
}

static int lied(struct lie lie, struct bytes raw)
{
    struct batch batch;
    struct buf bytes;
    int rc;

    craft(&lie, raw, &bytes);
    rc = walk(buf_view(&bytes), &batch, NULL);
    buf_done(&bytes);
    return rc;
}

static void test_sizes_that_lie(void **state)
{
    static const char raw[] = "\x00\x03one\x00\x03two";
    struct bytes two = bytes_of(raw, 10);

    (void)state;
    assert_int_equal(lied((struct lie){1, 2, 10, false}, two), 0);
    assert_int_equal(lied((struct lie){1, 2, 10, true}, two), ERR_CHECKSUM);
    assert_int_equal(lied((struct lie){1, 2, 9, false}, two), ERR_FORMAT);
    assert_int_equal(lied((struct lie){1, 2, 11, false}, two), ERR_FORMAT);
    assert_int_equal(lied((struct lie){1, 1, 10, false}, two), ERR_FORMAT);
    assert_int_equal(lied((struct lie){1, 3, 10, false}, two), ERR_FORMAT);
    assert_int_equal(lied((struct lie){1, 0, 10, false}, two), ERR_FORMAT);
    assert_int_equal(lied((struct lie){0, 2, 10, false}, two), ERR_FORMAT);
    assert_int_equal(lied((struct lie){1, 11, 10, false}, two), ERR_SIZE);
    assert_int_equal(lied((struct lie){1, UINT64_MAX, 10, false}, two),
                     ERR_SIZE);
    assert_int_equal(lied((struct lie){1, 2, BATCH_RAW_MAX + 1, false}, two),
                     ERR_SIZE);
    assert_int_equal(lied((struct lie){1, 2, UINT64_MAX, false}, two),
                     ERR_SIZE);
}

/* n is kept as a signed number: none may come out above it. */
static void test_first_near_the_end_is_refused(void **state)
{
    struct bytes two = bytes_of("\x00\x03one\x00\x03two", 10);
    uint64_t last = INT64_MAX;

    (void)state;
    assert_int_equal(lied((struct lie){last - 1, 2, 10, false}, two), 0);
    assert_true(lied((struct lie){last, 2, 10, false}, two) < 0);
    assert_true(lied((struct lie){last + 1, 2, 10, false}, two) < 0);
    assert_true(lied((struct lie){UINT64_MAX, 2, 10, false}, two) < 0);
}

static void test_places_that_are_none(void **state)
{
    static const struct {
        const char *raw;
        size_t len;
    } rows[] = {
        {"\x02\x03one", 5},             /* a tag not known here */
        {"\x00\x00", 2},                /* a change of no bytes */
        {"\x00\x04one", 5},             /* longer than what is there */
        {"\x00\x83\x00one", 6},         /* a padded length */
        {"\x01short", 6},               /* half a hash */
        {"\x00\x03one\x00", 6},         /* more than is counted */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(lied((struct lie){1, 1, rows[i].len, false},
                              bytes_of(rows[i].raw, rows[i].len)),
                         ERR_FORMAT);
}

/* 1 KiB that says 1 GiB, 1 KiB that says little and is 1 GiB when inflated. */
static void test_bombs_are_refused(void **state)
{
    static uint8_t zeros[1024 * 1024];
    struct bytes many = bytes_of(zeros, sizeof zeros);
    struct bytes few = bytes_of(zeros, 100);
    struct batch batch;
    struct buf bytes;

    (void)state;
    assert_int_equal(lied((struct lie){1, 1, 1u << 30, false}, few),
                     ERR_SIZE);
    craft(&(struct lie){1, 1, BATCH_RAW_MAX, false}, many, &bytes);
    assert_true(bytes.len < 1500);
    assert_int_equal(walk(buf_view(&bytes), &batch, NULL), ERR_FORMAT);
    buf_done(&bytes);
    craft(&(struct lie){1, 1, 1, false}, many, &bytes);
    assert_int_equal(walk(buf_view(&bytes), &batch, NULL), ERR_FORMAT);
    buf_done(&bytes);
}

/* ---- writing ---- */

static void fill(uint8_t *out, size_t len, uint32_t *seed)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(golden_roll(seed) >> 11);
}

/* Bytes that do not deflate, as full as a batch can be, and as a single change
 * can be: it must fit the wire. */
static void test_fullest_batch_fits(void **state)
{
    static uint8_t change[CHANGE_MAX];
    struct hash hash = sample_hash(1);
    struct id origin = sample_id(1);
    struct batch_writer writer;
    struct batch batch;
    uint32_t seed = 7;

    (void)state;
    for (size_t size = BATCH_SIZE_MIN; size <= 2 * BATCH_SIZE_MAX; size *= 2) {
        struct buf bytes;
        uint64_t count = 0;

        batch_open(&writer, hash.b, &origin, 1, &hash);
        do
            fill(change, sizeof change, &seed);
        while (batch_add(&writer, bytes_of(change, sizeof change), &hash,
                         size) && ++count < 1000);
        assert_true(count >= 1 && count < 1000);
        buf_init(&bytes, BATCH_MAX);
        assert_int_equal(batch_close(&writer, &bytes), 0);
        assert_null(writer.raw.data);
        assert_int_equal(walk(buf_view(&bytes), &batch, NULL), 0);
        buf_done(&bytes);
    }
}

static void test_size_is_kept(void **state)
{
    static const uint8_t change[100] = {1};
    struct hash hash = sample_hash(1);
    struct id origin = sample_id(1);
    struct batch_writer writer;

    (void)state;
    batch_open(&writer, hash.b, &origin, 1, &hash);
    assert_true(batch_add(&writer, bytes_of(change, 100), &hash, 10));
    assert_false(batch_add(&writer, bytes_of(change, 100), &hash, 200));
    assert_false(batch_add(&writer, bytes_of(NULL, 0), &hash, 120));
    assert_true(batch_add(&writer, bytes_of(NULL, 0), &hash, 200));
    assert_int_equal(writer.head.count, 2);
    assert_true(writer.raw.len <= 200);
    batch_drop(&writer);
    assert_null(writer.raw.data);
}

static void test_all_places_empty(void **state)
{
    struct id origin = sample_id(1);
    struct hash hash = sample_hash(1);
    struct place places[PLACES];
    struct batch_writer writer;
    struct batch batch;
    struct buf bytes;

    (void)state;
    batch_open(&writer, hash.b, &origin, 1, &hash);
    for (uint8_t i = 0; i < PLACES; i++) {
        hash = sample_hash(i);
        assert_true(batch_add(&writer, bytes_of(NULL, 0), &hash, 1024));
    }
    buf_init(&bytes, BATCH_MAX);
    assert_int_equal(batch_close(&writer, &bytes), 0);
    assert_int_equal(walk(buf_view(&bytes), &batch, places), 0);
    for (uint8_t i = 0; i < PLACES; i++) {
        hash = sample_hash(i);
        assert_int_equal(places[i].bytes.len, 0);
        assert_memory_equal(places[i].hash.b, hash.b, HASH_SIZE);
    }
    batch_done(&batch);
    buf_done(&bytes);
}

/* ---- deflate ---- */

/* Kinds of half a megabyte deflate to a fifth; the room for their worst case
 * is more than a frame holds. */
static void test_deflated_text_needs_its_own_room_only(void **state)
{
    static char text[512 * 1024];
    struct buf bytes, again;

    (void)state;
    memset(text, 'a', sizeof text);
    buf_init(&bytes, 64 * 1024);
    assert_int_equal(deflate_bytes(bytes_of(text, sizeof text), &bytes), 0);
    buf_init(&again, sizeof text);
    assert_int_equal(inflate_bytes(buf_view(&bytes), sizeof text, &again), 0);
    assert_memory_equal(again.data, text, sizeof text);
    buf_done(&again);
    buf_done(&bytes);
}

/* Whatever fails leaves nothing half-written behind. */
static void test_failure_adds_nothing(void **state)
{
    static uint8_t noise[1000];
    uint32_t seed = 3;
    struct buf bytes, out;

    (void)state;
    fill(noise, sizeof noise, &seed);
    buf_init(&out, 500);
    buf_put(&out, "abc", 3);
    assert_int_equal(deflate_bytes(bytes_of(noise, sizeof noise), &out),
                     ERR_SIZE);
    assert_int_equal(out.len, 3);
    assert_true(out.full);
    buf_done(&out);
    buf_init(&bytes, 2000);
    assert_int_equal(deflate_bytes(bytes_of(noise, sizeof noise), &bytes), 0);
    buf_init(&out, 2000);
    buf_put(&out, "abc", 3);
    for (size_t size = 0; size < 1200; size += 100) {
        int rc = inflate_bytes(buf_view(&bytes), size, &out);

        assert_int_equal(rc, size == 1000 ? 0 : ERR_FORMAT);
        assert_int_equal(out.len, size == 1000 ? 1003 : 3);
        out.len = 3;
    }
    assert_int_equal(inflate_bytes(buf_view(&bytes), 1998, &out), ERR_SIZE);
    buf_done(&out);
    buf_done(&bytes);
}

static void test_nothing_deflates_to_nothing(void **state)
{
    struct buf bytes;

    (void)state;
    buf_init(&bytes, 100);
    assert_int_equal(deflate_bytes(bytes_of(NULL, 0), &bytes), 0);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(inflate_bytes(bytes_of(NULL, 0), 0, &bytes), 0);
    assert_int_equal(inflate_bytes(bytes_text("x"), 0, &bytes), ERR_FORMAT);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_come_back),
        cmocka_unit_test(test_cut_anywhere_is_refused),
        cmocka_unit_test(test_flipped_bit_is_refused),
        cmocka_unit_test(test_unknown_version_and_layout),
        cmocka_unit_test(test_sizes_that_lie),
        cmocka_unit_test(test_first_near_the_end_is_refused),
        cmocka_unit_test(test_places_that_are_none),
        cmocka_unit_test(test_bombs_are_refused),
        cmocka_unit_test(test_fullest_batch_fits),
        cmocka_unit_test(test_size_is_kept),
        cmocka_unit_test(test_all_places_empty),
        cmocka_unit_test(test_deflated_text_needs_its_own_room_only),
        cmocka_unit_test(test_failure_adds_nothing),
        cmocka_unit_test(test_nothing_deflates_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
