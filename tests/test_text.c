/* Text, dates, id numbers and patterns, as the rules ask after them. */
#include "proto/value.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_text(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        size_t count;
    } table[] = {
        {"", true, 0}, {"a\n\tb", true, 4}, {"姓名", true, 2},
        {"\xF4\x8F\xBF\xBF", true, 1}, {"\x7F", true, 1},
        {"\x1B", false, 0}, {"\r", false, 0},
        {"\x80", false, 0}, {"\xC0\x80", false, 0}, {"\xC1\xBF", false, 0},
        {"\xE0\x80\x80", false, 0}, {"\xED\xBF\xBF", false, 0},
        {"\xF0\x80\x80\x80", false, 0}, {"\xF4\x90\x80\x80", false, 0},
        {"\xF5\x80\x80\x80", false, 0}, {"\xE5\xA7", false, 0},
        {"\xE5", false, 0}, {"\xE5\xA7" "a", false, 0}, {"\xFF", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bytes text = bytes_text(table[i].text);

        assert_true(text_valid(text) == table[i].valid);
        if (table[i].valid)
            assert_int_equal(text_count(text), table[i].count);
    }
    assert_false(text_valid(bytes_of("a\0b", 3)));
    assert_true(text_valid(bytes_of(NULL, 0)));
}

static void test_dates(void **state)
{
    int64_t days;

    (void)state;
    assert_true(date_days(bytes_text("1970-01-01"), &days) && days == 0);
    assert_true(date_days(bytes_text("1969-12-31"), &days) && days == -1);
    assert_true(date_days(bytes_text("2000-03-01"), &days) && days == 11017);
    assert_true(date_days(bytes_text("2024-02-29"), &days) && days == 19782);
    assert_true(date_days(bytes_text("1900-01-01"), &days) && days == -25567);
    assert_true(date_days(bytes_text("0001-01-01"), &days) &&
                days == -719162);
    assert_false(date_days(bytes_text("1987-06"), &days));
    assert_false(date_days(bytes_text("1987-06-31"), &days));
    assert_false(date_days(bytes_text("1987-6-1"), &days));
    assert_false(date_days(bytes_text("0000-01-01"), &days));
    assert_false(date_days(bytes_text("1987-06-01 "), &days));
    assert_false(date_days(bytes_of(NULL, 0), &days));
}

static void test_every_day_follows_the_last(void **state)
{
    int64_t last, days;
    char text[40];

    (void)state;
    assert_true(date_days(bytes_text("1799-12-31"), &last));
    for (int n = 0; n < 400 * 12 * 31; n++) {
        snprintf(text, sizeof(text), "%04d-%02d-%02d", 1800 + n / 372,
                 n / 31 % 12 + 1, n % 31 + 1);
        if (!date_days(bytes_text(text), &days))
            continue;
        assert_true(days == last + 1);
        last = days;
    }
    assert_true(date_days(bytes_text("2199-12-31"), &days) && days == last);
}

static void test_years(void **state)
{
    static const struct {
        const char *from, *to;
        int years;
    } table[] = {
        {"1987-06-01", "2005-06-01", 18}, {"1987-06-02", "2005-06-01", 17},
        {"2000-02-29", "2018-02-28", 17}, {"2000-02-29", "2018-03-01", 18},
        {"1987-06-15", "2005-06", 18},    {"1987-06-15", "2005-05", 17},
        {"1987-06", "2005-06-01", 18},    {"2005-06-01", "1987-06-01", -18},
        {"", "1987-06-01", -1},           {"1987-06-01", "x", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(date_years(bytes_text(table[i].from),
                                    bytes_text(table[i].to)),
                         table[i].years);
}

/* The two numbers are the examples of GB 11643 itself. */
static void test_id18(void **state)
{
    static const char good[] = "11010519491231002X";
    char text[19];

    (void)state;
    assert_true(id18_valid(bytes_text(good)));
    assert_true(id18_valid(bytes_text("440524188001010014")));
    assert_false(id18_valid(bytes_text("11010519491231002x")));
    assert_false(id18_valid(bytes_text("11010519491331002X")));
    assert_false(id18_valid(bytes_text("110105194912310")));
    assert_false(id18_valid(bytes_text("11010519491231002X1")));
    assert_false(id18_valid(bytes_of(NULL, 0)));
    /* Every single wrong digit is noticed: that is what the 18th is for. */
    for (int i = 0; i < 17; i++)
        for (char digit = '0'; digit <= '9'; digit++) {
            memcpy(text, good, sizeof(text));
            text[i] = digit;
            assert_true(id18_valid(bytes_text(text)) == (good[i] == digit));
        }
}

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } table[] = {
        {"[^0-9]{2,25}", "张三", true},
        {"[^0-9]{2,25}", "张", false},
        {"[^0-9]{2,25}", "张3", false},
        {"1[3-9][0-9]{9}", "13812345678", true},
        {"1[3-9][0-9]{9}", "138123456789", false},
        {"1[3-9][0-9]{9}", "12812345678", false},
        {"0[0-9]{2,3}-{0,1}[0-9]{7,8}", "08571234567", true},
        {"0[0-9]{2,3}-{0,1}[0-9]{7,8}", "0857-1234567", true},
        {"0[0-9]{2,3}-{0,1}[0-9]{7,8}", "010-12345678", true},
        {"0[0-9]{2,3}-{0,1}[0-9]{7,8}", "01012345678", true},
        {"..", "甲乙", true},
        {"..", "甲", false},
        {"a{0,3}", "", true},
        {"a{0,3}", "aaaa", false},
        {"a{0,3}a", "aaa", false},      /* greedy, without going back */
        {"[a-c,x-]", "-", true},
        {"[a-c,x-]", "b", true},
        {"[一-十]", "七", true},        /* U+4E00 to U+5341 */
        {"[.]", "x", false},
        {"[*]", "*", true},
        {"组{1}", "组", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_true(pattern_valid(table[i].pattern));
        assert_true(pattern_fits(table[i].pattern,
                                 bytes_text(table[i].text)) ==
                    table[i].fits);
    }
}

static void test_refused_patterns(void **state)
{
    static const char *const table[] = {
        "", "[", "[]", "[^]", "[a", "a{", "a{1", "a{1,", "a{}", "a{,2}",
        "a{2,1}", "a{0}", "a{1000}", "a{99999999999}", "{2}", "a{1}{2}", "a*",
        "a+", "a?", "(a)", "a|b", "^a", "a$", "\\d", "a]", "}", "\xE5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (pattern_valid(table[i]))
            print_error("%s\n", table[i]);
        assert_false(pattern_valid(table[i]));
        assert_false(pattern_fits(table[i], bytes_text("a{")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_every_day_follows_the_last),
        cmocka_unit_test(test_years),
        cmocka_unit_test(test_id18),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_refused_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
