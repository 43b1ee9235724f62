/* INI text: whatever libinih would quietly do otherwise must be refused. */
#include "proto/ini.h"
#include "proto/buf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE = 4096 };

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

/* One line per item, so that a test can be read: "3 section/name=value". */
static int on_item(void *user, const struct ini_item *item,
                   struct fault *fault)
{
    char *trace = user;
    size_t len = strlen(trace);

    if (item->name && strcmp(item->name, "refuse") == 0)
        return fault_set(fault, ERR_USAGE, item->name, "refused");
    snprintf(trace + len, TRACE - len, "%d %s/%s=%s\n", item->line,
             item->section, item->name ? item->name : "",
             item->value ? item->value : "");
    return 0;
}

static int read_text(const char *text, size_t len, char *trace,
                     struct fault *fault)
{
    char *copy = xmalloc(len);
    int rc;

    /* A copy of its exact size lets the sanitizer see one byte too far. */
    memcpy(copy, text, len);
    trace[0] = '\0';
    rc = ini_read("a.conf", copy, len, on_item, trace, fault);
    free(copy);
    return rc;
}

static void test_what_is_read(void **state)
{
    static const struct {
        const char *text, *trace;
    } rows[] = {
        {"", ""},
        {"\n\n# only\n; comments ; here\n", ""},
        {"[a]\nb = c\n", "2 a/b=c\n"},
        {"[a]\nb = c", "2 a/b=c\n"},
        {"[a]\nb=c\n[d e]\nf = g h \n", "2 a/b=c\n4 d e/f=g h\n"},
        {"\xEF\xBB\xBF[a]\r\nb = c\r\n", "2 a/b=c\n"},
        {"\xEF\xBB\xBF", ""},
        {"[a]\nb = c = d\nb = http://x:1/#y\n",
         "2 a/b=c = d\n3 a/b=http://x:1/#y\n"},
        {"[a]\nb =\n", "2 a/b=\n"},
        {"[a]\nb = x;y\nc=;\n", "2 a/b=x;y\n3 a/c=;\n"},
        {"[a]\n姓名 = 张·三\n", "2 a/姓名=张·三\n"},
        {"[a]\n\t \n  \nb = c\n", "4 a/b=c\n"},
        {"[a]\nb = [c]\n", "2 a/b=[c]\n"},
        {"[a]\nb = \"quoted\"\n", "2 a/b=\"quoted\"\n"},
    };
    char trace[TRACE];
    struct fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int rc = read_text(rows[i].text, strlen(rows[i].text), trace, &fault);

        assert_int_equal(rc, 0);
        assert_string_equal(trace, rows[i].trace);
    }
}

static const struct {
    const char *text;
    int line;
    const char *why;
} refusals[] = {
    {"[a]\nb = c ; note\n", 2, "comment"},
    {"[a]\nb = c\t; note\n", 2, "comment"},
    {"[a]\nb ;x = c\n", 2, "comment"},
    {"[a]\nb = ;\n", 2, "comment"},
    {"[a]\nb = c\n  more\n", 3, "margin"},
    {"[a]\nb = c\n\td = e\n", 3, "margin"},
    {" [a]\n", 1, "margin"},
    {"[a]\nword\n", 2, "name = value"},
    {"[a]\nname: value\n", 2, "name = value"},
    {"[a]\nb:c = d\n", 2, "\":\""},
    {"[a]\n= d\n", 2, "before the"},
    {"b = c\n", 1, "[section]"},
    {"[a\nb = c\n", 1, "heading"},
    {"[]\nb = c\n", 1, "needs a name"},
    {"[a] b\n", 1, "heading"},
    {"[a] ; b\n", 1, "comment"},
    {"[a]]\n", 1, "heading"},
    {"[" FIFTY "]\n", 1, "49"},
    {"[a]\n" FIFTY " = c\n", 2, "49"},
    {"[a]\nb = " FIFTY FIFTY FIFTY FIFTY "\n", 2, "198"},
    {"# " FIFTY FIFTY FIFTY FIFTY "\n", 1, "198"},
    {"[a]\nb = \xff\n", 2, "UTF-8"},
    {"[a]\nb = \xe5\xa7\n", 2, "UTF-8"},
    {"[a]\nb = \xd5\xc5\xc8\xfd\n", 2, "UTF-8"},        /* GBK */
    {"[a]\nb = \x01\n", 2, "control"},
    {"[a]\nb = c\rd = e\n", 2, "control"},
    {"[a]\nb = c\r", 2, "control"},
    {"[a ;b]\nc = d\n", 1, "comment"},
};

static void test_refusals_name_the_line(void **state)
{
    char trace[TRACE], where[40];
    struct fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const char *text = refusals[i].text;
        int rc = read_text(text, strlen(text), trace, &fault);

        snprintf(where, sizeof(where), "a.conf:%d", refusals[i].line);
        if (rc == 0 || strcmp(fault.where, where) != 0 ||
            !strstr(fault.why, refusals[i].why))
            print_error("row %zu: %d %s %s\n", i, rc, fault.where, fault.why);
        assert_true(rc == ERR_CONFIG || rc == ERR_TEXT);
        assert_string_equal(fault.where, where);
        assert_non_null(strstr(fault.why, refusals[i].why));
        assert_int_equal(ini_read("a.conf", text, strlen(text), on_item,
                                  (trace[0] = '\0', trace), NULL), rc);
    }
}

/* The longest lines that are allowed must arrive whole. */
static void test_limits_are_whole(void **state)
{
    static const char name[] = "[" TEN TEN TEN TEN "123456789]\n"
                               TEN TEN TEN TEN "123456789 = x\n";
    char line[300], trace[TRACE];
    struct fault fault;

    (void)state;
    assert_int_equal(read_text(name, strlen(name), trace, &fault), 0);
    assert_string_equal(trace, "2 " TEN TEN TEN TEN "123456789/" TEN TEN TEN
                               TEN "123456789=x\n");
    memset(line, 'v', sizeof(line));
    memcpy(line, "[a]\nb = ", 8);
    memcpy(line + 4 + 198, "\r\n", 3);
    assert_int_equal(read_text(line, strlen(line), trace, &fault), 0);
    assert_int_equal(strlen(trace), strlen("2 a/b=\n") + 198 - 4);
}

static void test_nul_is_refused(void **state)
{
    static const char text[] = "[a]\nb = c\0d\ne = f\n";
    char trace[TRACE];
    struct fault fault;

    (void)state;
    assert_int_equal(read_text(text, sizeof(text) - 1, trace, &fault),
                     ERR_TEXT);
    assert_string_equal(fault.where, "a.conf:2");
    assert_string_equal(trace, "");
}

/* The caller's own refusal gets the line, and ends the reading. */
static void test_refusal_of_the_caller(void **state)
{
    static const char text[] = "[a]\nb = c\n\nrefuse = x\nd = e\n";
    char trace[TRACE];
    struct fault fault;

    (void)state;
    assert_int_equal(read_text(text, strlen(text), trace, &fault), ERR_USAGE);
    assert_string_equal(fault.where, "a.conf:4");
    assert_string_equal(fault.field, "refuse");
    assert_string_equal(trace, "2 a/b=c\n");
}

static void test_sections_are_seen(void **state)
{
    static const char text[] = "[a]\n[b]\nc = d\n[b]\n";
    char trace[TRACE] = "";
    struct fault fault;

    (void)state;
    assert_int_equal(ini_read_sections("a.conf", text, strlen(text), on_item,
                                       trace, &fault), 0);
    assert_string_equal(trace, "1 a/=\n2 b/=\n3 b/c=d\n4 b/=\n");
}

/* Rubbish must be answered, never crash: each cut and each flipped bit. */
static void test_rubbish(void **state)
{
    static const char text[] =
        "\xEF\xBB\xBF# 注释\r\n[kind x]\nname = 姓名\n\n; c\n[r]\nV1 = a: b\n";
    char copy[sizeof(text)], trace[TRACE];
    struct fault fault;

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++)
        read_text(text, len, trace, &fault);
    for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
        memcpy(copy, text, sizeof(text));
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
        read_text(copy, sizeof(text) - 1, trace, &fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_refusals_name_the_line),
        cmocka_unit_test(test_limits_are_whole),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test(test_refusal_of_the_caller),
        cmocka_unit_test(test_sections_are_seen),
        cmocka_unit_test(test_rubbish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
