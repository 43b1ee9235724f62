/* The outer form of a bundle: what went in comes out, and nothing else ever
 * does, whatever happened to the file. */
#include "proto/bundle.h"
#include "tests/golden/golden.h"

static const uint8_t key[32] = "a key of the station at the gate";

static const struct bundle_head head = {.station = "gate", .number = 300};
static const struct bundle_counts counts = {.changes = 1000, .left = 7};

static void message_of(size_t len, struct buf *out)
{
    uint32_t seed = 1 + (uint32_t)len;

    buf_init(out, 4 * BUNDLE_CHUNK);
    for (size_t i = 0; i < len; i++)
        buf_u8(out, (uint8_t)golden_roll(&seed));
}

/* A bundle of this message, put in so many bytes at a time. */
static void write_all(const struct bundle_head *as, struct bytes message,
                      size_t step, struct buf *out)
{
    struct bundle_writer writer;

    buf_init(out, 8 * BUNDLE_CHUNK);
    bundle_open(&writer, as, key, out);
    for (size_t at = 0; at < message.len; at += step)
        bundle_put(&writer,
                   bytes_of(message.data + at, message.len - at < step
                                                   ? message.len - at : step),
                   out);
    bundle_close(&writer, &counts, out);
    bundle_writer_done(&writer);
    assert_false(out->full);
}

/* What a reader gets of it: 0 at its good end, or why not. */
static int read_all(struct bytes file, size_t step, const uint8_t with[32],
                    struct bundle_reader *reader, struct buf *out)
{
    int rc = 0;

    bundle_reader_init(reader);
    buf_init(out, 8 * BUNDLE_CHUNK);
    for (size_t at = 0; at < file.len && rc >= 0;) {
        size_t left = file.len - at;

        at += bundle_hold(reader, bytes_of(file.data + at,
                                           left < step ? left : step));
        while ((rc = bundle_next(reader)) > 0)
            if (rc == BUNDLE_HEAD)
                bundle_unlock(reader, with);
            else
                buf_put(out, reader->plain.data, reader->plain.len);
    }
    if (rc == 0)
        rc = bundle_last(reader);
    if (rc == BUNDLE_PLAIN && reader->plain.len > 0)
        buf_put(out, reader->plain.data, reader->plain.len);
    bundle_reader_done(reader);
    return rc < 0 ? rc : 0;
}

/* Refused, and what was handed on before stood so in the message. */
static void assert_refused(struct bytes file, struct bytes message,
                           const char *what, size_t at)
{
    struct bundle_reader reader;
    struct buf got;
    int rc = read_all(file, 4096, key, &reader, &got);

    if (rc == 0)
        fail_msg("%s at %zu: it passes", what, at);
    if (rc != ERR_TORN && rc != ERR_BUNDLE && rc != ERR_VERSION)
        fail_msg("%s at %zu: %d", what, at, rc);
    assert_true(got.len < message.len || message.len == 0);
    if (got.len > 0)
        assert_memory_equal(got.data, message.data, got.len);
    buf_done(&got);
}

static void test_what_goes_in_comes_out(void **state)
{
    static const size_t lens[] = {0, 1, 20, BUNDLE_CHUNK - 1, BUNDLE_CHUNK,
                                  BUNDLE_CHUNK + 1, 3 * BUNDLE_CHUNK};
    static const size_t steps[] = {1000, 7777, 4 * BUNDLE_CHUNK};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
            struct bundle_reader reader;
            struct buf message, file, got;

            message_of(lens[i], &message);
            write_all(&head, buf_view(&message), steps[k], &file);
            assert_int_equal(read_all(buf_view(&file), steps[2 - k], key,
                                      &reader, &got),
                             0);
            assert_int_equal(got.len, message.len);
            if (got.len > 0)
                assert_memory_equal(got.data, message.data, got.len);
            assert_string_equal(reader.head.station, "gate");
            assert_int_equal(reader.head.number, 300);
            assert_int_equal(reader.counts.changes, 1000);
            assert_int_equal(reader.counts.left, 7);
            buf_done(&message);
            buf_done(&file);
            buf_done(&got);
        }
}

static void test_every_truncation_is_refused(void **state)
{
    struct buf message, file;

    (void)state;
    message_of(200, &message);
    write_all(&head, buf_view(&message), 200, &file);
    for (size_t len = 0; len < file.len; len++)
        assert_refused(bytes_of(file.data, len), buf_view(&message), "cut",
                       len);
    buf_u8(&file, 0);
    assert_refused(buf_view(&file), buf_view(&message), "longer", file.len);
    buf_done(&message);
    buf_done(&file);
}

static void test_every_bit_counts(void **state)
{
    struct buf message, file;

    (void)state;
    message_of(200, &message);
    write_all(&head, buf_view(&message), 200, &file);
    for (size_t at = 0; at < file.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            file.data[at] ^= (uint8_t)(1u << bit);
            assert_refused(buf_view(&file), buf_view(&message), "bit", at);
            file.data[at] ^= (uint8_t)(1u << bit);
        }
    buf_done(&message);
    buf_done(&file);
}

/* Cut, and flipped, around every seam of a large one. */
static void test_large_ones_are_refused_too(void **state)
{
    struct buf message, file;
    size_t first = 3 + 1 + 1 + 5 + 2 + 24;

    (void)state;
    message_of(3 * BUNDLE_CHUNK - 5, &message);
    write_all(&head, buf_view(&message), 60000, &file);
    for (size_t chunk = 0; chunk <= 3; chunk++)
        for (size_t by = 0; by < 60; by++) {
            size_t at = first + chunk * BUNDLE_SEALED + by - 30;

            if (at >= file.len)
                continue;
            assert_refused(bytes_of(file.data, at), buf_view(&message), "cut",
                           at);
            file.data[at] ^= 0x10;
            assert_refused(buf_view(&file), buf_view(&message), "bit", at);
            file.data[at] ^= 0x10;
        }
    buf_done(&message);
    buf_done(&file);
}

static void test_chunks_keep_their_places(void **state)
{
    size_t first = 3 + 1 + 1 + 5 + 2 + 24, chunk = BUNDLE_SEALED;
    struct buf message, file;
    uint8_t *kept = xmalloc(BUNDLE_SEALED);

    (void)state;
    message_of(3 * BUNDLE_CHUNK + 10, &message);
    write_all(&head, buf_view(&message), 60000, &file);
    memcpy(kept, file.data + first, chunk);
    memcpy(file.data + first, file.data + first + chunk, chunk);
    memcpy(file.data + first + chunk, kept, chunk);
    assert_refused(buf_view(&file), buf_view(&message), "swapped", first);
    memcpy(file.data + first, kept, chunk);
    assert_refused(buf_view(&file), buf_view(&message), "repeated", first);
    memmove(file.data + first + chunk, file.data + first + 2 * chunk,
            file.len - first - 2 * chunk);
    file.len -= chunk;
    assert_refused(buf_view(&file), buf_view(&message), "left out", first);
    free(kept);
    buf_done(&message);
    buf_done(&file);
}

/* A head in front of another body: the number, name and direction are proven. */
static void test_the_head_belongs_to_the_body(void **state)
{
    struct bundle_head others[] = {
        {.station = "gate", .number = 301},
        {.station = "gaze", .number = 300},
        {.answer = true, .station = "gate", .number = 300},
    };
    struct buf message, file, other;

    (void)state;
    message_of(100, &message);
    write_all(&head, buf_view(&message), 100, &file);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        write_all(&others[i], buf_view(&message), 100, &other);
        assert_int_equal(other.len, file.len);
        memcpy(other.data + 12, file.data + 12, file.len - 12);
        assert_refused(buf_view(&other), buf_view(&message), "head", i);
        buf_done(&other);
    }
    buf_done(&message);
    buf_done(&file);
}

static void test_another_key_opens_nothing(void **state)
{
    static const uint8_t wrong[32] = "a key of the station at the lake";
    uint8_t ours[32], theirs[32];
    struct bundle_reader reader;
    struct buf message, file, got;

    (void)state;
    message_of(2 * BUNDLE_CHUNK, &message);
    write_all(&head, buf_view(&message), 5000, &file);
    assert_int_equal(read_all(buf_view(&file), 4096, wrong, &reader, &got),
                     ERR_TORN);
    assert_int_equal(got.len, 0);
    assert_int_equal(reader.chunks, 0);
    buf_done(&got);
    buf_done(&message);
    buf_done(&file);
    bundle_key(key, ours);
    bundle_key(wrong, theirs);
    assert_memory_not_equal(ours, theirs, 32);
    assert_memory_not_equal(ours, key, 32);
}

static void test_nothing_of_the_message_shows(void **state)
{
    static const char name[] = "a name that nobody who finds the stick reads";
    struct buf file;

    (void)state;
    write_all(&head, bytes_text(name), 8, &file);
    assert_null(memmem(file.data, file.len, name, 4));
    buf_done(&file);
}

/* Bytes once written are read for ever. */
static void test_golden(void **state)
{
    static const char text[] = "an ask, as it were";
    struct bundle_reader reader;
    struct buf file, got;

    (void)state;
    write_all(&head, bytes_text(text), 100, &file);
    golden_make("bundle", buf_view(&file));
    buf_done(&file);
    golden_load("bundle", &file);
    assert_int_equal(read_all(buf_view(&file), 9, key, &reader, &got), 0);
    assert_true(bytes_equal(buf_view(&got), bytes_text(text)));
    assert_int_equal(reader.head.number, 300);
    assert_int_equal(reader.counts.changes, 1000);
    buf_done(&file);
    buf_done(&got);
}

static void test_heads(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int rc;
    } rows[] = {
        {"", 0, 0},
        {"YZ", 2, 0},
        {"PK\3\4", 4, ERR_BUNDLE},
        {"YZ\1A", 4, ERR_BUNDLE},
        {"YZB\2A\4gate\1", 11, ERR_VERSION},
        {"YZB\1X\4gate\1", 11, ERR_BUNDLE},
        {"YZB\1A\0\1", 7, ERR_BUNDLE},
        {"YZB\1A\75", 6, ERR_BUNDLE},
        {"YZB\1A\4ga\377e\1", 11, ERR_BUNDLE},
        {"YZB\1A\4ga\0e\1", 11, ERR_BUNDLE},
        {"YZB\1A\4gate", 10, 0},
        {"YZB\1A\4gate\200", 11, 0},
        {"YZB\1A\4gate\200\1", 12, 1},
        {"YZB\1R\4gate\1", 11, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes in = bytes_of(rows[i].bytes, rows[i].len);
        struct bundle_head out;

        assert_int_equal(bundle_head_read(&in, &out), rows[i].rc);
        assert_int_equal(in.len, rows[i].rc == 1 ? 0 : rows[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes_in_comes_out),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_large_ones_are_refused_too),
        cmocka_unit_test(test_chunks_keep_their_places),
        cmocka_unit_test(test_the_head_belongs_to_the_body),
        cmocka_unit_test(test_another_key_opens_nothing),
        cmocka_unit_test(test_nothing_of_the_message_shows),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_heads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
