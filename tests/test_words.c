#include "daemon/words.h"
#include "proto/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOON INT64_C(1772424000000)     /* 2026-03-02T12:00:00+08:00 */

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Shanghai", 1);
    tzset();
    return 0;
}

static void test_language(void **state)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    (void)state;
    for (int i = 0; i < 3; i++)
        unsetenv(names[i]);
    assert_false(words_chinese(NULL));
    setenv("LANG", "zh_CN.UTF-8", 1);
    assert_true(words_chinese(NULL));
    assert_false(words_chinese("en"));
    setenv("LC_ALL", "", 1);
    assert_true(words_chinese(NULL));
    setenv("LC_ALL", "C.UTF-8", 1);
    assert_false(words_chinese(NULL));
    assert_true(words_chinese("zh"));
}

static void test_words(void **state)
{
    static const char *const states[] = {"queued", "received", "taken", "same",
                                         "parked", "returned", "aside",
                                         "settled"};

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_string_not_equal(words_state(states[i], true), states[i]);
        assert_string_not_equal(words_state(states[i], true),
                                words_state(states[i], false));
    }
    assert_string_equal(words_state("queued", true), "待上报");
    assert_string_equal(words_state("new one", true), "new one");
    assert_string_equal(words_reason("clash", true), "别人也改了同一项");
    assert_string_equal(words_advice(-1, true), "");
}

/* Every refusal a clerk can meet says what to do next. */
static void test_advice(void **state)
{
    static const int errs[] = {ERR_NET, ERR_PORTAL, ERR_REFUSED, ERR_STATION,
                               ERR_MAC, ERR_FULL, ERR_RULE, ERR_VALUE,
                               ERR_DOOR};

    (void)state;
    for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
        assert_true(strlen(words_advice(errs[i], true)) > 0);
        assert_true(strlen(words_advice(errs[i], false)) > 0);
    }
}

static void test_time(void **state)
{
    char text[WORDS_TIME];

    (void)state;
    words_time(0, NOON, true, text);
    assert_string_equal(text, "从没有");
    words_time(NOON - 3600000, NOON, true, text);
    assert_string_equal(text, "11:00");
    words_time(NOON - 86400000, NOON, true, text);
    assert_string_equal(text, "昨天 12:00");
    words_time(NOON - 2 * INT64_C(86400000), NOON, false, text);
    assert_string_equal(text, "2026-02-28 12:00");
    words_time(NOON + 900000, NOON, false, text);
    assert_string_equal(text, "12:15");
}

static void test_sizes(void **state)
{
    char text[WORDS_TIME];

    (void)state;
    words_bytes(0, text);
    assert_string_equal(text, "0 B");
    words_bytes(12345, text);
    assert_string_equal(text, "12.3 KB");
    words_bytes(3400000, text);
    assert_string_equal(text, "3.4 MB");
    words_span(-40000, true, text);
    assert_string_equal(text, "40 秒");
    words_span(660000, false, text);
    assert_string_equal(text, "11 min");
}

static void print_column(const char *text, int width, const char *want)
{
    char out[64] = "";
    FILE *file = fmemopen(out, sizeof(out), "w");

    words_column(file, text, width);
    fclose(file);
    assert_string_equal(out, want);
}

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(words_width("abc"), 3);
    assert_int_equal(words_width("王建国a"), 7);
    assert_int_equal(words_width(""), 0);
    print_column("王a", 6, "王a   ");
    print_column("王建国", 6, "王建国");
    print_column("王建国", 5, "王建…");
    print_column("王建国", 4, "王… ");
    print_column("\xE7\x8E", 4, "\xE7\x8E   ");    /* half a character */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language), cmocka_unit_test(test_words),
        cmocka_unit_test(test_advice),   cmocka_unit_test(test_time),
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_columns),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
