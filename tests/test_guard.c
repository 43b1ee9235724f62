/* Who may come in: heads that must be refused before a handler sees them. */
#include "daemon/guard.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const struct listen where = {"127.0.0.1", 7070};
static const char token[] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* "Name: value" for each, NULL at the end. */
static struct guard see(const char *const *lines)
{
    static char names[16][64];
    struct guard guard = {0};

    for (int i = 0; lines[i]; i++) {
        const char *colon = strchr(lines[i], ':');
        size_t len = (size_t)(colon - lines[i]);

        memcpy(names[i], lines[i], len);
        names[i][len] = '\0';
        guard_see(&guard, bytes_text(names[i]), bytes_text(colon + 2));
    }
    return guard;
}

#define SEE(...) see((const char *const[]){__VA_ARGS__, NULL})

static int framing(struct guard guard)
{
    struct fault fault = {0};
    int status = guard_framing(&guard, &fault);

    assert_true((status == 0) == (fault.err == 0));
    return status;
}

static void test_framing(void **state)
{
    (void)state;
    assert_int_equal(framing(SEE("Host: a")), 0);
    assert_int_equal(framing(SEE("Host: a", "Content-Length: 5")), 0);
    assert_int_equal(framing(SEE("Host: a", "Transfer-Encoding: Chunked")), 0);
    assert_int_equal(framing(SEE("X: a")), 400);
    assert_int_equal(framing(SEE("Host: a", "host: a")), 400);
    assert_int_equal(framing(SEE("Host: a", "Host : a")), 400);
    assert_int_equal(framing(SEE("Host: a", "Content-Length: 5",
                                 "content-length: 5")), 400);
    assert_int_equal(framing(SEE("Host: a", "Content-Length: 5",
                                 "Transfer-Encoding: chunked")), 400);
    assert_int_equal(framing(SEE("Host: a", "Content-Length: 5, 5")), 400);
    assert_int_equal(framing(SEE("Host: a", "Content-Length: -5")), 400);
    assert_int_equal(framing(SEE("Host: a", "Content-Length: ")), 400);
    assert_int_equal(framing(SEE("Host: a",
                                 "Content-Length: 9999999999999999999")), 400);
    assert_int_equal(framing(SEE("Host: a", "Transfer-Encoding: gzip")), 400);
    assert_int_equal(framing(SEE("Host: a", "X: a\nb")), 400);
    assert_int_equal(framing(SEE("Host: a", "Authorization: a",
                                 "Authorization: b")), 400);
}

static void test_head_size(void **state)
{
    static char value[HEAD_MAX + 1];
    struct guard guard = SEE("Host: a");

    (void)state;
    memset(value, 'a', HEAD_MAX);
    guard_see(&guard, bytes_text("X"), bytes_text(value));
    assert_int_equal(framing(guard), 431);
}

static int local(struct guard guard)
{
    struct fault fault = {0};

    return guard_local(&guard, &where, &fault);
}

static void test_rebinding(void **state)
{
    static const char *const wrong[] = {
        "Host: evil.example", "Host: evil.example:7070", "Host: 127.0.0.1:80",
        "Host: localhost.evil.example", "Host: 127.0.0.1.evil.example:7070",
        "Host: 127.0.0.10", "Host: ", "Host: 127.0.0.1:7070:7070",
    };

    (void)state;
    assert_int_equal(local(SEE("Host: localhost")), 0);
    assert_int_equal(local(SEE("Host: LocalHost:7070")), 0);
    assert_int_equal(local(SEE("Host: 127.0.0.1:7070")), 0);
    assert_int_equal(local(SEE("Host: [::1]:7070")), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (local(SEE(wrong[i])) != 403)
            fail_msg("%s", wrong[i]);
}

static void test_origin(void **state)
{
    static const char *const wrong[] = {
        "Origin: null", "Origin: ", "Origin: http://evil.example",
        "Origin: https://localhost:7070", "Origin: http://localhost",
        "Origin: http://127.0.0.1:7070", "Origin: http://localhost:7070.evil",
        "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
    };

    (void)state;
    assert_int_equal(local(SEE("Host: localhost:7070",
                               "Origin: http://localhost:7070")), 0);
    assert_int_equal(local(SEE("Host: localhost:7070",
                               "Sec-Fetch-Site: none")), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (local(SEE("Host: localhost:7070", wrong[i])) != 403)
            fail_msg("%s", wrong[i]);
}

static int with_token(const char *line)
{
    struct guard guard = SEE("Host: a", line);
    struct fault fault = {0};

    return guard_token(&guard, token, &fault);
}

static void test_token(void **state)
{
    char line[100] = "Authorization: Bearer ";

    (void)state;
    assert_int_equal(with_token("X: a"), 401);
    assert_int_equal(with_token("Authorization: Bearer "), 401);
    assert_int_equal(with_token("Authorization: Bearer x"), 401);
    strcat(line, token);
    assert_int_equal(with_token(line), 0);
    strcat(line, "0");
    assert_int_equal(with_token(line), 401);
    line[strlen(line) - 2] = 'e';
    line[strlen(line) - 1] = '\0';
    assert_int_equal(with_token(line), 401);
}

static void test_type(void **state)
{
    struct fault fault = {0};
    struct guard guard = SEE("Content-Type: application/json; charset=utf-8");

    (void)state;
    assert_int_equal(guard_type(&guard, "application/json", &fault), 0);
    guard = SEE("Content-Type: application/jsonp");
    assert_int_equal(guard_type(&guard, "application/json", &fault), 415);
    guard = SEE("Content-Type: text/plain");
    assert_int_equal(guard_type(&guard, "application/json", &fault), 415);
    guard = SEE("X: a");
    assert_int_equal(guard_type(&guard, "application/json", &fault), 415);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),   cmocka_unit_test(test_head_size),
        cmocka_unit_test(test_rebinding), cmocka_unit_test(test_origin),
        cmocka_unit_test(test_token),     cmocka_unit_test(test_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
