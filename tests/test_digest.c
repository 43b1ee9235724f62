/* What two ends say of digests, rows and wants: golden bytes, every truncation,
 * every flipped bit, every bound; and the sums themselves. */
#include "proto/rows.h"
#include "tests/golden/golden.h"

static struct range sample_range(uint8_t from, uint8_t to)
{
    return (struct range){sample_id(from), sample_id(to)};
}

static void sample_ask(struct digest_ask *out)
{
    memset(out, 0, sizeof *out);
    strcpy(out->stream, "522000001");
    out->ranges = 2;
    out->part[0].range = sample_range(0x10, 0x20);
    out->part[0].grain = 512;
    out->part[1].range = sample_range(0x30, 0x30);
}

static void put_ask(struct buf *out)
{
    struct digest_ask ask;

    sample_ask(&ask);
    digest_ask_write(&ask, out);
}

static void sample_cell(int i, uint8_t out[DIGEST_SIZE])
{
    struct id record = sample_id(0x40);
    struct hash hash = sample_hash((uint8_t)i);

    digest_cell(&record, (uint64_t)i, bytes_text("键"), &hash,
                bytes_text("the bytes of a change"), out);
}

static void put_digests(struct buf *out)
{
    static struct digests told;
    uint8_t cell[DIGEST_SIZE];

    memset(&told, 0, sizeof told);
    told.seq = 300;
    told.from = sample_id(0x10);
    told.chunks = 2;
    told.chunk[0].to = sample_id(0x18);
    told.chunk[0].sum.records = 1;
    for (int i = 0; i < 3; i++) {
        sample_cell(i, cell);
        digest_add(&told.chunk[0].sum, cell);
    }
    told.chunk[1].to = sample_id(0x20);
    digests_write(&told, out);
}

static void put_row(uint8_t id, uint64_t cell, const char *key,
                    struct buf *out)
{
    struct row row = {.cell = cell, .number = 70 + cell};

    row.key = bytes_text(key);
    sample_cell(id, row.digest);
    rows_cell_write(&row, out);
}

static void put_rows(struct buf *out)
{
    struct rows head = {.seq = 300, .records = 2};
    struct id first = sample_id(0x11), second = sample_id(0x12);
    struct buf records;

    head.range = sample_range(0x10, 0x20);
    buf_init(&records, FRAME_MAX);
    rows_record_write(&first, "522000001", 3, &records);
    put_row(1, 1, "", &records);
    put_row(2, 7, "a", &records);
    put_row(3, 7, "键", &records);
    rows_record_write(&second, "522000001002", 1, &records);
    put_row(4, 0, "", &records);
    rows_write(&head, buf_view(&records), out);
    buf_done(&records);
}

static void sample_want(struct want *out)
{
    memset(out, 0, 2 * sizeof *out);
    out[0].record = sample_id(0x40);
    out[0].cell = 3;
    out[1].record = sample_id(0x41);
    out[1].cell = 7;
    strcpy(out[1].key, "键");
    out[1].has = true;
    out[1].name = (struct name){sample_id(0x20), 300};
    out[1].hash = sample_hash(0x80);
}

static void put_wants(struct buf *out)
{
    struct want want[2];

    sample_want(want);
    buf_bytes(out, bytes_text("522000001"));
    buf_varint(out, 2);
    want_write(&want[0], out);
    want_write(&want[1], out);
}

/* ---- readers, to the last byte ---- */

static int read_ask(struct bytes in)
{
    static struct digest_ask ask;

    return digest_ask_read(in, &ask);
}

static int read_digests(struct bytes in)
{
    static struct digests digests;

    return digests_read(in, &digests);
}

static int read_rows(struct bytes in)
{
    struct rows rows;
    struct row row;
    int rc = rows_read(in, &rows);

    while (rc >= 0 && (rc = rows_next(&rows, &row)) == 1)
        assert_true(row.key.len <= KEY_MAX);
    return rc;
}

static int read_wants(struct bytes in)
{
    static struct want want[WANTS];
    char stream[STREAM_MAX + 1];
    int rc = wants_read(in, stream, want);

    return rc < 0 ? rc : 0;
}

static const struct {
    const char *name;
    void (*put)(struct buf *out);
    int (*read)(struct bytes in);
} frames[] = {
    {"digest", put_ask, read_ask},
    {"digests", put_digests, read_digests},
    {"rows", put_rows, read_rows},
    {"want", put_wants, read_wants},
};

enum { FRAMES = sizeof frames / sizeof frames[0] };

static void test_golden(void **state)
{
    struct buf made;

    (void)state;
    for (int i = 0; i < FRAMES; i++) {
        buf_init(&made, FRAME_MAX);
        frames[i].put(&made);
        assert_false(made.full);
        golden_check(frames[i].name, buf_view(&made));
        assert_int_equal(frames[i].read(buf_view(&made)), 0);
        buf_done(&made);
    }
}

/* Nothing may be missing or follow, and no flipped bit does harm. */
static void test_bends(void **state)
{
    struct buf bytes;

    (void)state;
    for (int i = 0; i < FRAMES; i++) {
        golden_load(frames[i].name, &bytes);
        for (size_t len = 0; len < bytes.len; len++)
            assert_int_equal(frames[i].read(bytes_of(bytes.data, len)),
                             ERR_FORMAT);
        for (size_t bit = 0; bit < bytes.len * 8; bit++) {
            bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            frames[i].read(buf_view(&bytes));
            bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        buf_u8(&bytes, 0);
        assert_int_equal(frames[i].read(buf_view(&bytes)), ERR_FORMAT);
        buf_done(&bytes);
    }
}

/* ---- what is read is what was written ---- */

static void test_ask(void **state)
{
    static struct digest_ask said, heard;
    struct buf bytes;

    (void)state;
    sample_ask(&said);
    buf_init(&bytes, FRAME_MAX);
    digest_ask_write(&said, &bytes);
    assert_int_equal(digest_ask_read(buf_view(&bytes), &heard), 0);
    assert_memory_equal(&said, &heard, sizeof said);
    buf_done(&bytes);
}

static int ask_with(int ranges, const uint8_t *from, const uint8_t *to)
{
    static struct digest_ask ask, heard;
    struct buf bytes;
    int rc;

    sample_ask(&ask);
    ask.ranges = ranges;
    for (int i = 0; i < ranges && i < RANGES; i++)
        ask.part[i].range = sample_range(from[i % 3], to[i % 3]);
    buf_init(&bytes, FRAME_MAX);
    digest_ask_write(&ask, &bytes);
    rc = digest_ask_read(buf_view(&bytes), &heard);
    buf_done(&bytes);
    return rc;
}

/* Whoever asks for the same records twice would make the hub look twice. */
static void test_ranges_rise_and_stay_apart(void **state)
{
    static const uint8_t up[] = {0x10, 0x30, 0x50}, end[] = {0x20, 0x40, 0x60};
    static const uint8_t meet[] = {0x10, 0x20, 0x50}, less[] = {5, 0x40, 0x60};
    static const uint8_t back[] = {0x10, 0x08, 0x50};

    (void)state;
    assert_int_equal(ask_with(3, up, end), 0);
    assert_int_equal(ask_with(1, up, up), 0);
    assert_int_equal(ask_with(3, meet, end), ERR_FORMAT);
    assert_int_equal(ask_with(3, up, less), ERR_FORMAT);
    assert_int_equal(ask_with(3, back, end), ERR_FORMAT);
    assert_int_equal(ask_with(0, up, end), ERR_FORMAT);
}

static void test_rows(void **state)
{
    static const struct {
        uint8_t id;
        uint64_t cell;
        const char *key, *org;
    } want[] = {
        {0x11, 1, "", "522000001"},
        {0x11, 7, "a", "522000001"},
        {0x11, 7, "键", "522000001"},
        {0x12, 0, "", "522000001002"},
    };
    struct buf bytes;
    struct rows rows;
    struct row row;

    (void)state;
    golden_load("rows", &bytes);
    assert_int_equal(rows_read(buf_view(&bytes), &rows), 0);
    assert_int_equal(rows.seq, 300);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(rows_next(&rows, &row), 1);
        assert_int_equal(row.record.b[0], want[i].id);
        assert_int_equal(row.cell, want[i].cell);
        assert_int_equal(row.number, 70 + want[i].cell);
        assert_true(bytes_equal(row.key, bytes_text(want[i].key)));
        assert_string_equal(row.org, want[i].org);
        assert_int_equal(row.fresh, i != 1 && i != 2);
    }
    assert_int_equal(rows_next(&rows, &row), 0);
    buf_done(&bytes);
}

static int rows_with(uint64_t records, uint8_t second, uint64_t cells,
                     uint64_t cell, struct bytes key)
{
    struct rows head = {.seq = 1, .records = records};
    struct id a = sample_id(0x11), b = sample_id(second);
    struct buf list, bytes;
    struct row row = {.cell = 2};
    int rc;

    head.range = sample_range(0x10, 0x20);
    buf_init(&list, FRAME_MAX);
    buf_init(&bytes, FRAME_MAX);
    rows_record_write(&a, "522000001", 1, &list);
    rows_cell_write(&row, &list);
    rows_record_write(&b, "522000001", cells, &list);
    rows_cell_write(&row, &list);
    row.cell = cell;
    row.key = key;
    rows_cell_write(&row, &list);
    rows_write(&head, buf_view(&list), &bytes);
    rc = read_rows(buf_view(&bytes));
    buf_done(&list);
    buf_done(&bytes);
    return rc;
}

static void test_rows_that_are_none(void **state)
{
    static char key[KEY_MAX + 1];
    struct bytes none = bytes_text("");

    (void)state;
    memset(key, 'k', sizeof key);
    assert_int_equal(rows_with(2, 0x12, 2, 3, none), 0);
    assert_int_equal(rows_with(2, 0x12, 2, 2, bytes_of(key, KEY_MAX)), 0);
    assert_int_equal(rows_with(2, 0x12, 2, 2, bytes_of(key, KEY_MAX + 1)),
                     ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x12, 2, 2, bytes_text("\xff")),
                     ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x12, 2, 2, none), ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x12, 2, 1, none), ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x11, 2, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x21, 2, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(1, 0x12, 2, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(3, 0x12, 2, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x12, 1, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x12, 0, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(UINT64_MAX, 0x12, 2, 3, none), ERR_FORMAT);
    assert_int_equal(rows_with(2, 0x12, ROW_CELLS + 1, 3, none), ERR_FORMAT);
}

static void test_wants(void **state)
{
    static struct want heard[WANTS];
    struct want said[2];
    char stream[STREAM_MAX + 1];
    struct buf bytes;

    (void)state;
    sample_want(said);
    buf_init(&bytes, FRAME_MAX);
    put_wants(&bytes);
    assert_int_equal(wants_read(buf_view(&bytes), stream, heard), 2);
    assert_string_equal(stream, "522000001");
    assert_memory_equal(said, heard, sizeof said);
    /* A key that rotted at the station must not spoil the whole ask. */
    buf_clear(&bytes);
    buf_bytes(&bytes, bytes_text("522000001"));
    buf_varint(&bytes, 1);
    strcpy(said[0].key, "\xff");
    want_write(&said[0], &bytes);
    assert_int_equal(wants_read(buf_view(&bytes), stream, heard), 1);
    assert_string_equal(heard[0].key, "");
    buf_done(&bytes);
}

/* ---- sums ---- */

static void test_sums_have_no_order(void **state)
{
    struct digest forth = {0}, back = {0}, half[2] = {{0}, {0}};
    uint8_t cell[DIGEST_SIZE];

    (void)state;
    for (int i = 0; i < 100; i++) {
        sample_cell(i, cell);
        digest_add(&forth, cell);
        digest_add(&half[i % 2], cell);
        sample_cell(99 - i, cell);
        digest_add(&back, cell);
    }
    assert_true(digest_equal(&forth, &back));
    assert_int_equal(forth.cells, 100);
    digest_join(&half[0], &half[1]);
    assert_true(digest_equal(&forth, &half[0]));
    sample_cell(5, cell);
    digest_add(&back, cell);
    assert_false(digest_equal(&forth, &back));
}

/* The carry goes from one half to the other, and over the end. */
static void test_sums_carry(void **state)
{
    struct digest sum = {.low = UINT64_MAX, .high = 7};
    uint8_t one[DIGEST_SIZE] = {1}, all[DIGEST_SIZE];
    char text[DIGEST_TEXT];

    (void)state;
    digest_add(&sum, one);
    assert_true(sum.low == 0 && sum.high == 8);
    digest_text(&sum, text);
    assert_string_equal(text, "00000000000000080000000000000000");
    memset(all, 0xff, sizeof all);
    digest_add(&sum, all);
    digest_add(&sum, one);
    assert_true(sum.low == 0 && sum.high == 8);
}

/* Every part of a cell is in its digest, and none runs into the next. */
static void test_everything_counts(void **state)
{
    struct id record = sample_id(1), other = sample_id(2);
    struct hash hash = sample_hash(3), hash2 = sample_hash(4);
    struct bytes key = bytes_text("ab"), text = bytes_text("cd");
    uint8_t all[7][DIGEST_SIZE];

    (void)state;
    digest_cell(&record, 5, key, &hash, text, all[0]);
    digest_cell(&other, 5, key, &hash, text, all[1]);
    digest_cell(&record, 6, key, &hash, text, all[2]);
    digest_cell(&record, 5, bytes_text("ac"), &hash, text, all[3]);
    digest_cell(&record, 5, key, &hash2, text, all[4]);
    digest_cell(&record, 5, key, &hash, bytes_text("ce"), all[5]);
    digest_cell(&record, 5, bytes_text("a"), &hash, text, all[6]);
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(all[i], all[j], DIGEST_SIZE);
}

static void test_ids_count(void **state)
{
    struct id id = {{0}}, zero = {{0}};

    (void)state;
    id.b[14] = id.b[15] = 0xff;
    assert_true(id_next(&id));
    assert_true(id.b[13] == 1 && id.b[14] == 0 && id.b[15] == 0);
    assert_true(id_compare(&zero, &id) < 0);
    assert_true(id_before(&id));
    assert_true(id.b[13] == 0 && id.b[14] == 0xff && id.b[15] == 0xff);
    assert_false(id_before(&zero));
    assert_true(id_compare(&zero, &id) < 0);
    memset(id.b, 0xff, sizeof id.b);
    assert_false(id_next(&id));
    assert_int_equal(id.b[0], 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_bends),
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_ranges_rise_and_stay_apart),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_that_are_none),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_sums_have_no_order),
        cmocka_unit_test(test_sums_carry),
        cmocka_unit_test(test_everything_counts),
        cmocka_unit_test(test_ids_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
