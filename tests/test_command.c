#include "daemon/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The order in which `status` and `sync` judge: 4, 3, 2, 1, 0. */
static void test_status_exit(void **state)
{
    static const struct {
        const char *status;
        int code;
    } rows[] = {
        {"{}", EXIT_DONE},
        {"{\"taken\":5,\"same\":1,\"settled\":2,\"cause\":null}", EXIT_DONE},
        {"{\"queued\":1}", EXIT_PENDING},
        {"{\"received\":1}", EXIT_PENDING},
        {"{\"parked\":1}", EXIT_PERSON},
        {"{\"returned\":1,\"queued\":4}", EXIT_PERSON},
        {"{\"aside\":1}", EXIT_PERSON},
        {"{\"cases\":1,\"queued\":1}", EXIT_PERSON},
        {"{\"cases\":0}", EXIT_DONE},
        {"{\"cause\":\"YZ8001\",\"cases\":1}", EXIT_STRANGER},
        {"{\"cause\":\"YZ7101\"}", EXIT_NO_HUB},
        {"{\"cause\":\"YZ7102\",\"parked\":1}", EXIT_NO_HUB},
        {"{\"cause\":\"YZ2101\",\"queued\":1}", EXIT_NO_HUB},
        {"{\"cause\":\"YZ2105\",\"queued\":1}", EXIT_STRANGER},
        {"{\"cause\":\"YZ2106\",\"parked\":1}", EXIT_STRANGER},
        {"{\"cause\":\"YZ6002\",\"queued\":1}", EXIT_STORAGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *status = json_loads(rows[i].status, 0, NULL);

        if (status_exit(status) != rows[i].code)
            fail_msg("%s gives %d", rows[i].status, status_exit(status));
        json_decref(status);
    }
}

static void test_query(void **state)
{
    struct buf query;

    (void)state;
    query_open(&query, "/api/list");
    query_add(&query, "kind", NULL);
    query_add(&query, "state", "a b&c=1");
    query_add(&query, "q", "王/?#%");
    assert_string_equal(query_text(&query),
                        "/api/list?state=a%20b%26c%3D1"
                        "&q=%E7%8E%8B%2F%3F%23%25");
    buf_done(&query);
}

static void test_fields(void **state)
{
    char phone[] = "phone=1=2", empty[] = "remark=", list[] = "posts=[\"a\"]";
    char broken[] = "posts=[", bare[] = "phone", nameless[] = "=1";
    char *good[] = {phone, empty, list}, *text[] = {broken};
    char *wrong[] = {bare}, *without[] = {nameless};
    json_t *fields = cli_fields(3, good);

    (void)state;
    assert_string_equal(json_text(fields, "phone"), "1=2");
    assert_string_equal(json_text(fields, "remark"), "");
    assert_true(json_is_array(json_object_get(fields, "posts")));
    json_decref(fields);
    fields = cli_fields(1, text);
    assert_string_equal(json_text(fields, "posts"), "[");
    json_decref(fields);
    assert_null(cli_fields(1, wrong));
    assert_null(cli_fields(1, without));
}

static void test_readable(void **state)
{
    json_t *value = json_loads("[\"a\",3,true,null,\"b\"]", 0, NULL);
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    json_readable(value, &out);
    buf_u8(&out, 0);
    assert_string_equal((const char *)out.data, "a, 3, true, , b");
    buf_done(&out);
    json_decref(value);
}

static void test_when(void **state)
{
    json_t *value = json_loads("{\"a\":\"2026-03-02T01:14:07.123Z\","
                               "\"b\":5,\"c\":null,\"d\":\"x\"}", 0, NULL);
    int64_t ms;

    (void)state;
    assert_int_equal(json_when(value, "a"), 1772414047000);
    assert_int_equal(json_when(value, "b"), 5);
    assert_int_equal(json_when(value, "c"), 0);
    assert_int_equal(json_when(value, "d"), 0);
    assert_int_equal(json_when(value, "none"), 0);
    json_decref(value);
    assert_true(cli_since("1h", &ms));
    assert_true(cli_now() - ms >= 3600000 && cli_now() - ms < 3610000);
    assert_true(cli_since("2026-03-02", &ms));
    assert_false(cli_since("yesterday", &ms));
}

/* A reply cut to a letter or two is read no further than it goes. */
static void test_err(void **state)
{
    json_t *value = json_loads("{\"a\":\"YZ7101\",\"b\":\"Y\",\"c\":\"\","
                               "\"d\":\"YZ\",\"e\":\"XX7101\"}", 0, NULL);

    (void)state;
    assert_int_equal(json_err(value, "a"), ERR_NET);
    for (const char *name = "bcdef"; *name; name++)
        assert_int_equal(json_err(value, (char[]){*name, '\0'}), 0);
    json_decref(value);
}

/* cli_usage is main.c's, which has a main of its own. */
int cli_usage(struct cli *cli, const char *why)
{
    (void)cli;
    (void)why;
    return EXIT_USAGE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_exit), cmocka_unit_test(test_query),
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_readable),
        cmocka_unit_test(test_when),        cmocka_unit_test(test_err),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
