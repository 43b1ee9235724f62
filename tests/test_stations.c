#include "daemon/stations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "0123456789abcdef0123456789abcdef"

static char dir[64];

static const char *put_file(const char *name, const char *text, mode_t mode)
{
    static char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/yizhan-stations-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"s.conf", "good", "short", "open"};
    char path[128];

    (void)state;
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static int read_text(const char *format, struct stations **out,
                     struct fault *fault)
{
    char text[2048];
    size_t len = 0;

    /* % stands for the folder. */
    for (; *format; format++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                *format == '%' ? "%s" : "%.1s",
                                *format == '%' ? dir : format);
    memset(fault, 0, sizeof(*fault));
    return stations_read(put_file("s.conf", text, 0644), "520527", out, fault);
}

static void test_find(void **state)
{
    struct stations *stations;
    const struct speaker *speaker;
    const struct station *list;
    struct fault fault;
    uint8_t key[32];
    int count;

    (void)state;
    put_file("good", SECRET "\n", 0600);
    assert_int_equal(read_text("# who\n[qs-01]\norg = 520527001\n"
                               "secret = %/good\n[county]\nsecret = %/good\n"
                               "org = 520527\n", &stations, &fault), 0);
    wire_key(bytes_text(SECRET), key);
    speaker = stations_find(stations, "qs-01");
    assert_non_null(speaker);
    assert_string_equal(speaker->name, "qs-01");
    assert_string_equal(speaker->org, "520527001");
    assert_memory_equal(speaker->key, key, 32);
    assert_string_equal(stations_find(stations, "county")->org, "520527");
    assert_null(stations_find(stations, "qs-02"));
    assert_null(stations_find(stations, ""));
    list = stations_list(stations, &count);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "qs-01");
    assert_string_equal(list[1].org, "520527");
    stations_free(stations);
}

static void test_empty(void **state)
{
    struct stations *stations;
    struct fault fault;
    int count;

    (void)state;
    assert_int_equal(read_text("# nobody yet\n", &stations, &fault), 0);
    stations_list(stations, &count);
    assert_int_equal(count, 0);
    assert_null(stations_find(stations, "x"));
    stations_free(stations);
    stations_free(NULL);
}

static const struct mistake {
    const char *text;
    int line;
    const char *says;
} mistakes[] = {
    {"[a b]\norg = 520527001\n", 1, "A-Z a-z 0-9"},
    {"[a]\norg = 520528001\nsecret = %/good\n", 2, "begin with 520527"},
    {"[a]\norg = 52052700x\n", 2, "begin with 520527"},
    {"[a]\norg = 520527001\n", 1, "needs org and secret"},
    {"[a]\nsecret = %/good\n", 1, "needs org and secret"},
    {"[b]\norg = 520527\nsecret = %/good\n[a]\n", 4, "needs org and secret"},
    {"[a]\norg = 520527\norg = 520527\n", 3, "given before"},
    {"[a]\nsecret = %/good\nsecret = %/good\n", 3, "given before"},
    {"[a]\norg = 520527\n[a]\n", 3, "stands before, in line 1"},
    {"[a]\nsecret = good\n", 2, "whole path"},
    {"[a]\nkey = x\n", 2, "allowed: org, secret"},
    {"[a]\norg = 520527\nsecret = %/none\n", 3, "No such file"},
    {"[a]\norg = 520527\nsecret = %/short\n", 3, "at least 32 bytes"},
    {"[a]\norg = 520527\nsecret = %/open\n", 3, "others may read it"},
};

static void test_mistakes(void **state)
{
    (void)state;
    put_file("good", SECRET, 0600);
    put_file("short", "0123456789abcdef0123456789abcde\n", 0600);
    put_file("open", SECRET, 0644);
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct stations *stations;
        struct fault fault;
        char where[128];

        if (read_text(mistakes[i].text, &stations, &fault) != ERR_CONFIG)
            fail_msg("taken: %s", mistakes[i].text);
        assert_null(stations);
        snprintf(where, sizeof(where), "%s/s.conf:%d", dir, mistakes[i].line);
        if (strcmp(fault.where, where) != 0 ||
            !strstr(fault.why, mistakes[i].says))
            fail_msg("%s\ngives %s: %s", mistakes[i].text, fault.where,
                     fault.why);
    }
}

/* The line end an editor leaves is no part of the secret. */
static void test_line_end(void **state)
{
    static const char *const texts[] = {SECRET, SECRET "\n", SECRET "\r\n"};
    uint8_t key[32], want[32];

    (void)state;
    wire_key(bytes_text(SECRET), want);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(secret_read(put_file("good", texts[i], 0640), key,
                                     NULL), 0);
        assert_memory_equal(key, want, 32);
    }
    assert_int_equal(secret_read(put_file("good", SECRET " \n\n", 0600), key,
                                 NULL), 0);
    assert_memory_not_equal(key, want, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_line_end),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
