/* Values as people and sheets write them. */
#include "proto/value.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static char *han[] = {"汉", "汉民"};
static struct code code_list[] = {
    {"01", "汉族", han, 2}, {"05", "维吾尔族", NULL, 0},
};
static const struct codes codes = {"ethnic", code_list, 2, false};

static struct field field_of(enum field_type type)
{
    static char name[] = "f", label[] = "F";

    return (struct field){.id = 1, .name = name, .label = label,
                          .type = type, .max = 10, .codes = &codes};
}

static int clean(const struct field *field, const char *in, size_t len,
                 char *out, struct fault *fault)
{
    uint8_t *copy = xmalloc(len);
    struct buf buf;
    int rc;

    memcpy(copy, in, len);
    buf_init(&buf, 4000);
    buf_put(&buf, "<", 1);
    *fault = (struct fault){0};
    rc = value_clean(field, bytes_of(copy, len), &buf, fault);
    assert_true(buf.len < 1000 && buf.data[0] == '<');
    memcpy(out, buf.data + 1, buf.len - 1);
    out[buf.len - 1] = '\0';
    buf_done(&buf);
    free(copy);
    return rc;
}

static const struct row {
    enum field_type type;
    const char *in, *out;       /* NULL: refused */
} rows[] = {
    {FIELD_TEXT, "", ""},
    {FIELD_TEXT, " 　\t\n", ""},
    {FIELD_TEXT, " 　张三\xC2\xA0\xE2\x80\x8B\xEF\xBB\xBF", "张三"},
    {FIELD_TEXT, "a\r\nb", "a\nb"},
    {FIELD_TEXT, "无", "无"},
    {FIELD_TEXT, "１２", "１２"},
    {FIELD_TEXT, "一二三四五六七八九十", "一二三四五六七八九十"},
    {FIELD_TEXT, "一二三四五六七八九十一", NULL},
    {FIELD_TEXT, "\xF0\xAA\x9A\xA5", "\xF0\xAA\x9A\xA5"},       /* 𪚥 */
    {FIELD_TEXT, "a\rb", NULL},
    {FIELD_TEXT, "\xD5\xC5", NULL},
    {FIELD_TEXT, "\xED\xA0\x80", NULL},
    {FIELD_TEXT, "a\x01", NULL},

    {FIELD_DATE, "1987-06-01", "1987-06-01"},
    {FIELD_DATE, "1987-6-1", "1987-06-01"},
    {FIELD_DATE, " 1987.6.1 ", "1987-06-01"},
    {FIELD_DATE, "1987/06/1", "1987-06-01"},
    {FIELD_DATE, "19870601", "1987-06-01"},
    {FIELD_DATE, "1987年6月1日", "1987-06-01"},
    {FIELD_DATE, "1987 年 06 月 01 日", "1987-06-01"},
    {FIELD_DATE, "１９８７．０６．０１", "1987-06-01"},
    {FIELD_DATE, "１９８７－６－１", "1987-06-01"},
    {FIELD_DATE, "2024-02-29", "2024-02-29"},
    {FIELD_DATE, "无", ""},
    {FIELD_DATE, "—", ""},
    {FIELD_DATE, "／", ""},
    {FIELD_DATE, "暂无", ""},
    {FIELD_DATE, "-", ""},
    {FIELD_DATE, "2023-02-29", NULL},
    {FIELD_DATE, "1900-02-29", NULL},
    {FIELD_DATE, "1987-13-01", NULL},
    {FIELD_DATE, "1987-00-01", NULL},
    {FIELD_DATE, "1987-06-00", NULL},
    {FIELD_DATE, "1987-06-", NULL},
    {FIELD_DATE, "1987-06", NULL},
    {FIELD_DATE, "1987.06", NULL},
    {FIELD_DATE, "87-06-01", NULL},
    {FIELD_DATE, "870601", NULL},
    {FIELD_DATE, "0187-06-01", NULL},
    {FIELD_DATE, "9187-06-01", NULL},
    {FIELD_DATE, "1987-6.1", NULL},
    {FIELD_DATE, "1987-06-01x", NULL},
    {FIELD_DATE, "1987-006-01", NULL},
    {FIELD_DATE, "31929", NULL},
    {FIELD_DATE, "1987 11 1", NULL},
    {FIELD_DATE, "19870631", NULL},

    {FIELD_MONTH, "1987-06", "1987-06"},
    {FIELD_MONTH, "1987.6", "1987-06"},
    {FIELD_MONTH, "1987.10", "1987-10"},
    {FIELD_MONTH, "198706", "1987-06"},
    {FIELD_MONTH, "1987年6月", "1987-06"},
    {FIELD_MONTH, "1987/12", "1987-12"},
    {FIELD_MONTH, "1987-1", "1987-01"},
    {FIELD_MONTH, "1987.01", "1987-01"},
    {FIELD_MONTH, "无", ""},
    {FIELD_MONTH, "1987.1", NULL},      /* or October, in a spreadsheet */
    {FIELD_MONTH, "1987", NULL},
    {FIELD_MONTH, "1987.13", NULL},
    {FIELD_MONTH, "1987-06-01", NULL},
    {FIELD_MONTH, "1987-06-", NULL},

    {FIELD_INT, "0", "0"},
    {FIELD_INT, "-0", "0"},
    {FIELD_INT, "007", "7"},
    {FIELD_INT, "-12", "-12"},
    {FIELD_INT, "１２", "12"},
    {FIELD_INT, "999999999999999", "999999999999999"},
    {FIELD_INT, "1000000000000000", NULL},
    {FIELD_INT, "1.5", NULL},
    {FIELD_INT, "1,000", NULL},
    {FIELD_INT, "+1", NULL},
    {FIELD_INT, "--", ""},
    {FIELD_INT, "-x", NULL},
    {FIELD_INT, "一", NULL},

    {FIELD_BOOL, "true", "true"},
    {FIELD_BOOL, "是", "true"},
    {FIELD_BOOL, "√", "true"},
    {FIELD_BOOL, "YES", "true"},
    {FIELD_BOOL, "１", "true"},
    {FIELD_BOOL, "否", "false"},
    {FIELD_BOOL, "×", "false"},
    {FIELD_BOOL, "N", "false"},
    {FIELD_BOOL, "False", "false"},
    {FIELD_BOOL, "无", ""},
    {FIELD_BOOL, "2", NULL},
    {FIELD_BOOL, "maybe it is so", NULL},

    {FIELD_CODE, "汉族", "汉族"},
    {FIELD_CODE, " 汉 ", "汉族"},
    {FIELD_CODE, "汉民", "汉族"},
    {FIELD_CODE, "０１", "汉族"},
    {FIELD_CODE, "05", "维吾尔族"},
    {FIELD_CODE, "无", ""},
    {FIELD_CODE, "穿青人", NULL},
    {FIELD_CODE, "1", NULL},

    {FIELD_ID18, "11010519491231002X", "11010519491231002X"},
    {FIELD_ID18, "11010519491231002x", "11010519491231002X"},
    {FIELD_ID18, "110105 19491231 002X", "11010519491231002X"},
    {FIELD_ID18, "110105-19491231-002X", "11010519491231002X"},
    {FIELD_ID18, "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"},
    {FIELD_ID18, "110105491231002", "11010519491231002X"},
    {FIELD_ID18, "110105194912310021", "110105194912310021"},
    {FIELD_ID18, "", ""},
    {FIELD_ID18, "无", ""},
    {FIELD_ID18, "1.10105E+17", NULL},
    {FIELD_ID18, "110105194912310000", NULL},   /* rounded by a spreadsheet */
    {FIELD_ID18, "110105493231002", NULL},      /* no such day */
    {FIELD_ID18, "1101051949123100", NULL},
    {FIELD_ID18, "11010519491231002XX", NULL},
    {FIELD_ID18, "X1010519491231002X", NULL},
    {FIELD_ID18, "1101051949123100二X", NULL},

    {FIELD_ORG, "520527", "520527"},
    {FIELD_ORG, "５２０５２７００１", "520527001"},
    {FIELD_ORG, "52052", NULL},
    {FIELD_ORG, "5205270010011", NULL},
    {FIELD_ORG, "52052700A", NULL},

    {FIELD_SET, "", ""},
    {FIELD_SET, "无", ""},
    {FIELD_SET, " 支部委员 ", "支部委员"},
    {FIELD_SET, "甲、乙", "甲、乙"},
    {FIELD_SET, "一二三四五六七八九十一", NULL},
};

static void test_clean(void **state)
{
    char out[1000];
    struct fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct field field = field_of(rows[i].type);
        int rc = clean(&field, rows[i].in, strlen(rows[i].in), out, &fault);

        if ((rc == 0) != (rows[i].out != NULL) ||
            strcmp(out, rows[i].out ? rows[i].out : "") != 0)
            print_error("row %zu: \"%s\" gave \"%s\"\n", i, rows[i].in, out);
        assert_true((rc == 0) == (rows[i].out != NULL));
        assert_string_equal(out, rows[i].out ? rows[i].out : "");
        if (rc == 0) {
            /* What is clean stays as it is. */
            char again[1000];

            assert_int_equal(clean(&field, out, strlen(out), again, &fault),
                             0);
            assert_string_equal(again, out);
            continue;
        }
        /* The reason is told, and a personal value never is. */
        assert_true(rc == ERR_TEXT || rc == ERR_LONG || rc == ERR_VALUE);
        assert_int_equal(fault.err, rc);
        assert_string_equal(fault.field, "f");
        assert_true(fault.why[0] && text_valid(bytes_text(fault.why)));
        if (strlen(rows[i].in) > 9)
            assert_null(strstr(fault.why, rows[i].in));
    }
}

static void test_options(void **state)
{
    struct field name = field_of(FIELD_TEXT), phone = field_of(FIELD_TEXT);
    struct field open = field_of(FIELD_CODE), rough = field_of(FIELD_DATE);
    struct field phones = field_of(FIELD_SET);
    const struct {
        struct field *field;
        const char *in, *out;
    } table[] = {
        {&name, "买买提•艾力", "买买提·艾力"},
        {&name, "买买提‧艾力", "买买提·艾力"},
        {&name, "买买提．艾力", "买买提·艾力"},
        {&name, "买买提・艾力", "买买提·艾力"},
        {&name, "买买提·艾力", "买买提·艾力"},
        {&name, "张　三", "张三"},
        {&name, "张 \xC2\xA0 三", "张三"},
        {&name, "Li Ming", "Li Ming"},
        {&name, "李 A", "李 A"},
        {&phone, "１３８ 1234　5678", "13812345678"},
        {&phone, "0857-1234567", "0857-1234567"},
        {&phones, "138 12345678", "13812345678"},
        {&open, "穿青人", "穿青人"},
        {&open, "汉", "汉族"},
        {&open, "一二三四五六七八九十一", NULL},
        {&rough, "1987.06", "1987-06"},
        {&rough, "198706", "1987-06"},
        {&rough, "1987年6月", "1987-06"},
        {&rough, "1987.6.1", "1987-06-01"},
        {&rough, "1987.1", NULL},
        {&rough, "1987-06-", NULL},
    };
    char out[1000];
    struct fault fault;

    (void)state;
    name.clean = CLEAN_NAME;
    phone.clean = phones.clean = CLEAN_PHONE;
    phone.max = phones.max = 12;
    open.open = rough.rough = true;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int rc = clean(table[i].field, table[i].in, strlen(table[i].in), out,
                       &fault);

        assert_true((rc == 0) == (table[i].out != NULL));
        assert_string_equal(out, table[i].out ? table[i].out : "");
    }
}

static void test_too_much(void **state)
{
    struct field field = field_of(FIELD_SET);
    struct buf in, out;
    struct fault fault;

    (void)state;
    buf_init(&in, 100000);
    buf_init(&out, 100000);
    for (int i = 0; i < 300; i++) {
        uint8_t key[] = {(uint8_t)('a' + i / 26), (uint8_t)('a' + i % 26),
                         ','};

        buf_put(&in, key, sizeof(key));
    }
    assert_int_equal(value_clean(&field, buf_view(&in), &out, &fault),
                     ERR_LONG);
    buf_clear(&in);
    memset(buf_room(&in, 65537), 'a', 65537);
    assert_int_equal(value_clean(&field, buf_view(&in), &out, &fault),
                     ERR_LONG);
    buf_clear(&in);
    memset(buf_room(&in, 121), 'a', 121);
    field.max = 2000;       /* a key has 120 bytes at most on the wire */
    assert_int_equal(value_clean(&field, buf_view(&in), &out, &fault),
                     ERR_LONG);
    assert_int_equal(out.len, 0);
    buf_done(&out);
    buf_init(&out, 5);
    field = field_of(FIELD_TEXT);
    assert_int_equal(value_clean(&field, bytes_text("abcdef"), &out, NULL),
                     ERR_SIZE);
    assert_int_equal(out.len, 0);
    buf_done(&in);
    buf_done(&out);
}

static void test_masks(void **state)
{
    static const struct {
        enum field_type type;
        const char *text, *masked;
    } table[] = {
        {FIELD_ID18, "11010519491231002X", "110105********002X"},
        {FIELD_ID18, "", ""},
        {FIELD_ID18, "1101", "1***"},
        {FIELD_TEXT, "13812341234", "138****1234"},
        {FIELD_TEXT, "0857-1234567", "085*****4567"},
        {FIELD_TEXT, "1234567", "1***"},
        {FIELD_TEXT, "82345678", "82****78"},
        {FIELD_TEXT, "823-456-78", "82******78"},
        {FIELD_TEXT, "赫章县双河街道", "赫***"},
        {FIELD_TEXT, "张", "***"},
        {FIELD_SET, "13812341234", "138****1234"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct field field = field_of(table[i].type);

        buf_clear(&out);
        value_mask(&field, bytes_text(table[i].text), &out);
        assert_true(bytes_equal(buf_view(&out),
                                bytes_text(table[i].masked)));
    }
    buf_done(&out);
}

/* Bytes from a peer reach these: whatever they are, an answer and no crash. */
static void test_rubbish(void **state)
{
    char out[1000], text[100];
    struct fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct field field = field_of(rows[i].type);
        size_t len = strlen(rows[i].in);

        field.clean = CLEAN_NAME;
        for (size_t cut = 0; cut < len; cut++)
            clean(&field, rows[i].in, cut, out, &fault);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            memcpy(text, rows[i].in, len);
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            clean(&field, text, len, out, &fault);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_rubbish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
