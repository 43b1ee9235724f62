/* Bytes out and in: what must hold when a peer sends rubbish. */
#include "proto/buf.h"
#include "proto/err.h"
#include "proto/value.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t numbers[] = {
    0, 1, 127, 128, 16383, 16384, UINT32_MAX, (uint64_t)1 << 62,
    (uint64_t)1 << 63, UINT64_MAX,
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static void test_numbers_come_back(void **state)
{
    struct buf buf;
    struct cut cut;

    (void)state;
    buf_init(&buf, 1000);
    for (int i = 0; i < NUMBERS; i++) {
        buf_varint(&buf, numbers[i]);
        buf_zigzag(&buf, (int64_t)numbers[i]);
    }
    cut = cut_of(buf_view(&buf));
    for (int i = 0; i < NUMBERS; i++) {
        assert_true(cut_varint(&cut) == numbers[i]);
        assert_true(cut_zigzag(&cut) == (int64_t)numbers[i]);
    }
    assert_false(cut.bad);
    assert_int_equal(cut_left(&cut), 0);
    buf_done(&buf);
}

static void test_small_negative_is_short(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    buf_zigzag(&buf, -1);
    assert_int_equal(buf.len, 1);
    assert_int_equal(buf.data[0], 1);
    buf_done(&buf);
}

/* Two forms of one number would give one change two hashes. */
static void test_refused_numbers(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"", 0},
        {"\x80", 1},
        {"\x80\x00", 2},                                /* padded 0 */
        {"\xff\x00", 2},                                /* padded 127 */
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10}, /* 65 bits */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cut cut = cut_of(bytes_of(rows[i].bytes, rows[i].len));

        assert_true(cut_varint(&cut) == 0);
        assert_true(cut.bad);
    }
}

static void test_full_is_for_good(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    for (int i = 0; i < 100; i++)
        buf_u8(&buf, (uint8_t)i);
    assert_false(buf.full);
    buf_u8(&buf, 1);
    assert_true(buf.full);
    assert_int_equal(buf.len, 100);
    buf_put(&buf, "", 0);
    assert_null(buf_room(&buf, 0));
    buf_clear(&buf);
    assert_false(buf.full);
    buf_put(&buf, "abc", 3);
    assert_int_equal(buf.len, 3);
    buf_done(&buf);
}

static void test_huge_length_allocates_nothing(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, SIZE_MAX);
    buf_put(&buf, "x", 1);
    assert_null(buf_room(&buf, SIZE_MAX));
    assert_true(buf.full);
    assert_true(buf.cap < 1000);
    buf_done(&buf);
    buf_init(&buf, 0);
    assert_non_null(buf_room(&buf, 0));
    assert_null(buf_room(&buf, 1));
    buf_done(&buf);
}

static void test_length_is_met_before_bytes(void **state)
{
    struct buf buf;
    struct cut cut;
    struct bytes got;

    (void)state;
    buf_init(&buf, 100);
    buf_bytes(&buf, bytes_text("abc"));
    cut = cut_of(buf_view(&buf));
    got = cut_bytes(&cut, 3);
    assert_true(bytes_equal(got, bytes_text("abc")));
    cut = cut_of(buf_view(&buf));
    got = cut_bytes(&cut, 2);
    assert_null(got.data);
    assert_true(cut.bad);
    for (size_t len = 0; len < buf.len; len++) {
        cut = cut_of(bytes_of(buf.data, len));
        assert_null(cut_bytes(&cut, 100).data);
        assert_true(cut.bad);
    }
    buf_done(&buf);
}

static void test_bad_is_for_good(void **state)
{
    struct cut cut = cut_of(bytes_of("abcd", 4));
    char four[4] = "xxx";

    (void)state;
    assert_null(cut_take(&cut, 5).data);
    assert_int_equal(cut_u8(&cut), 0);
    assert_int_equal(cut_left(&cut), 0);
    cut_copy(&cut, four, 4);
    assert_memory_equal(four, "\0\0\0\0", 4);
    cut = cut_of(bytes_of(NULL, 0));
    assert_non_null(cut_take(&cut, 0).data);
    assert_false(cut.bad);
}

static void test_nothing_equals_nothing(void **state)
{
    struct buf buf = {0};

    (void)state;
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_text("")));
    assert_false(bytes_equal(bytes_text("a"), bytes_text("b")));
    assert_false(bytes_equal(bytes_text("a"), bytes_text("ab")));
    buf_done(&buf);
    buf_done(NULL);
}

/* A code on a printed sheet must mean the same for ever and one thing only. */
static void test_codes_are_single(void **state)
{
    static const int errs[] = {
#define ERR_NAME(name, code, en, zh) name,
        ERR_LIST(ERR_NAME)
#undef ERR_NAME
    };

    (void)state;
    for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
        assert_true(errs[i] < 0);
        assert_in_range(err_code(errs[i]), 1000, 9999);
        assert_int_equal(err_of_code(err_code(errs[i])), errs[i]);
        assert_non_null(strstr(err_text(errs[i], 1), ""));
        assert_true(strlen(err_text(errs[i], 0)) > 0);
    }
    assert_int_equal(err_code(ERR_IO), 6001);
    assert_int_equal(err_code(ERR_DENIED), 8001);
    assert_int_equal(err_code(-1), 0);
    assert_int_equal(err_code(0), 0);
    assert_int_equal(err_of_code(1), 0);
    assert_non_null(err_text(-1, 0));
}

/* Half a character in a message would break the JSON around it. */
static void test_fault_is_cut_between_characters(void **state)
{
    struct fault fault;
    char long_text[400];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(long_text, 'a', sizeof(long_text));
        for (size_t i = shift; i + 3 < sizeof(long_text); i += 3)
            memcpy(long_text + i, "县", 3);
        long_text[shift + 390] = '\0';
        assert_int_equal(fault_set(&fault, ERR_RULE, "name", "%s", long_text),
                         ERR_RULE);
        assert_int_equal((strlen(fault.why) - shift) % 3, 0);
        assert_true(strlen(fault.why) > 230);
    }
    /* Texts of the old fault may go into the new one. */
    fault_set(&fault, ERR_RULE, "name", "short");
    fault_set(&fault, ERR_VALUE, fault.field, "was: %s", fault.why);
    assert_string_equal(fault.why, "was: short");
    assert_string_equal(fault.field, "name");
    assert_int_equal(fault_set(NULL, ERR_IO, NULL, "x"), ERR_IO);
}

/* Wherever a message or a path is cut: no half character, or no reader of the
 * reply takes any of it. */
static void test_nothing_is_cut_inside_a_character(void **state)
{
    static const char *const letters[] = {"é", "县", "𠀀"};
    struct fault fault;
    char text[500];

    (void)state;
    for (size_t kind = 0; kind < 3; kind++)
        for (size_t shift = 0; shift < 5; shift++) {
            size_t len = strlen(letters[kind]), at = shift;

            memset(text, 'a', sizeof text);
            for (; at + len < sizeof text; at += len)
                memcpy(text + at, letters[kind], len);
            text[at] = '\0';
            fault_set(&fault, ERR_RULE, text, "%s", text);
            fault_place(&fault, text, 7);
            assert_true(text_valid(bytes_text(fault.why)));
            assert_true(text_valid(bytes_text(fault.field)));
            assert_true(text_valid(bytes_text(fault.where)));
            assert_true(strlen(fault.why) > sizeof fault.why - 6);
            assert_true(strlen(fault.field) > sizeof fault.field - 6);
            assert_string_equal(strrchr(fault.where, ':'), ":7");
        }
}

static void test_place_keeps_the_line(void **state)
{
    struct fault fault = {0};
    char path[400];

    (void)state;
    fault_place(&fault, "member.conf", 12);
    assert_string_equal(fault.where, "member.conf:12");
    memset(path, 'a', sizeof(path));
    strcpy(path + 380, "/member.conf");
    fault_place(&fault, path, 123456);
    assert_non_null(strstr(fault.where, "/member.conf:123456"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_come_back),
        cmocka_unit_test(test_small_negative_is_short),
        cmocka_unit_test(test_refused_numbers),
        cmocka_unit_test(test_full_is_for_good),
        cmocka_unit_test(test_huge_length_allocates_nothing),
        cmocka_unit_test(test_length_is_met_before_bytes),
        cmocka_unit_test(test_bad_is_for_good),
        cmocka_unit_test(test_nothing_equals_nothing),
        cmocka_unit_test(test_codes_are_single),
        cmocka_unit_test(test_fault_is_cut_between_characters),
        cmocka_unit_test(test_nothing_is_cut_inside_a_character),
        cmocka_unit_test(test_place_keeps_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
