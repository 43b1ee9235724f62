/* Each mistake in a configuration names its line and what is allowed. */
#include "daemon/address.h"
#include "daemon/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int read_text(const char *text, struct config *out,
                     struct fault *fault)
{
    FILE *file;

    strcpy(path, "/tmp/yizhan-config-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    memset(fault, 0, sizeof(*fault));
    return config_read(path, out, fault);
}

#define UPLINK "[uplink]\nhub = http://127.0.0.1:7443\nsecret = /s\n"
#define STATION "[station]\norg = 520527001\n"

static const struct mistake {
    const char *text;
    int line;                   /* 0: the file as a whole */
    const char *says;
} mistakes[] = {
    {"", 0, "one of them must be there"},
    {"[store]\npostgres =\n", 0, "one of them must be there"},
    {"[moon]\na = 1\n", 1, "no such section; allowed: [station]"},
    {STATION UPLINK "[hub]\norg = 520527\n", 6, "not both"},
    {"[hub]\norg = 520527\n" STATION UPLINK, 3, "not both"},
    {"[hub]\norg = 520527\n" UPLINK, 3, "a hub has no [uplink]"},
    {STATION, 0, "a station needs [uplink]"},
    {"[station]\nname = x\n" UPLINK, 0, "[station] needs org"},
    {"[hub]\nlisten = 127.0.0.1:1\n", 0, "[hub] needs org"},
    {STATION "[uplink]\nsecret = /s\n", 3, "a secret goes with http://"},
    {STATION "[uplink]\nhub = http://127.0.0.1:1\n", 3,
     "plain http:// needs secret"},
    {STATION "colour = red\n" UPLINK, 3,
     "allowed: org, name, data, listen, kinds"},
    {STATION "admin = 127.0.0.1:1\n" UPLINK, 3, "no such setting"},
    {STATION "org = 520527001\n" UPLINK, 3, "given before, in line 2"},
    {"[station]\norg = 52052\n" UPLINK, 2, "6 to 12 digits"},
    {"[station]\norg = 5205270010010\n" UPLINK, 2, "6 to 12 digits"},
    {"[station]\norg = 52052x\n" UPLINK, 2, "6 to 12 digits"},
    {STATION "name = a b\n" UPLINK, 3, "A-Z a-z 0-9 . _ -"},
    {STATION "name = 青石\n" UPLINK, 3, "A-Z a-z 0-9 . _ -"},
    {STATION "name =\n" UPLINK, 3, "A-Z a-z 0-9 . _ -"},
    {STATION "data = here\n" UPLINK, 3, "beginning with /"},
    {STATION "kinds = ../kinds\n" UPLINK, 3, "beginning with /"},
    {STATION "listen = 0.0.0.0:7070\n" UPLINK, 3, "a loopback address"},
    {STATION "listen = 127.1:7070\n" UPLINK, 3, "ADDRESS:PORT"},
    {STATION "listen = 127.0.0.1\n" UPLINK, 3, "ADDRESS:PORT"},
    {STATION "listen = 127.0.0.1:0\n" UPLINK, 3, "ADDRESS:PORT"},
    {STATION "listen = 127.0.0.1:65536\n" UPLINK, 3, "ADDRESS:PORT"},
    {STATION "listen = [::2]:7070\n" UPLINK, 3, "a loopback address"},
    {STATION "listen = ::1:7070\n" UPLINK, 3, "ADDRESS:PORT"},
    {STATION "listen = example.org:80\n" UPLINK, 3, "ADDRESS:PORT"},
    {STATION "[uplink]\nhub = https://hub:7443\nsecret = /s\n", 3,
     "a secret goes with http://"},
    {STATION "[uplink]\nhub = https://hub\n", 4, "https://HOST:PORT"},
    {STATION "[uplink]\nhub = https://hub:7443/x\n", 4, "nothing after it"},
    {STATION "[uplink]\nhub = https://a@hub:7443\n", 4, "nothing after it"},
    {STATION "[uplink]\nhub = https://hub:0\n", 4, "https://HOST:PORT"},
    {STATION "[uplink]\nhub = http://10.0.0.1:7443\nsecret = /s\n", 4,
     "loopback addresses only"},
    {STATION "[uplink]\nhub = http://127.0.0.1.evil.org:80\nsecret = /s\n", 4,
     "https://HOST:PORT"},
    {STATION "[uplink]\nhub = http://127.0.0.1:80@evil.org:80\n", 4,
     "https://HOST:PORT"},
    {STATION "[uplink]\nhub = http://127.0.0.1:80/x\nsecret = /s\n", 4,
     "nothing after it"},
    {STATION "[uplink]\nhub = ftp://127.0.0.1:80\n", 4, "https://"},
    {STATION "[uplink]\nhub = 127.0.0.1:80\n", 4, "https://"},
    {STATION "[uplink]\nsecret = key\n", 4, "beginning with /"},
    {STATION UPLINK "every = 15\n", 6, "with its unit"},
    {STATION UPLINK "every = 15m\n", 6, "with its unit"},
    {STATION UPLINK "every = 0s\n", 6, "from 1s to 24h"},
    {STATION UPLINK "every = 25h\n", 6, "from 1s to 24h"},
    {STATION UPLINK "every = -1s\n", 6, "with its unit"},
    {STATION UPLINK "every = 99999999999h\n", 6, "with its unit"},
    {STATION UPLINK "linger = 2min\n", 6, "from 0ms to 1min"},
    {STATION UPLINK "linger = 300\n", 6, "with its unit"},
    {STATION UPLINK "[store]\npostgres = host=x\n", 7, "not built in"},
    {"[hub]\norg = 520527\nstations = /s\nlisten = 0.0.0.0:7443\n", 1,
     "loopback addresses only"},
    {"[hub]\norg = 520527\nadmin = 0.0.0.0:1\n", 3, "a loopback address"},
    {"[hub]\norg = 520527\nname = x\n", 3,
     "allowed: org, data, listen, admin, stations, kinds"},
    {"org = 520527\n", 1, ""},
    {"[hub\norg = 520527\n", 1, ""},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        const struct mistake *mistake = &mistakes[i];
        struct config config;
        struct fault fault;
        char where[128];

        if (read_text(mistake->text, &config, &fault) != ERR_CONFIG)
            fail_msg("taken: %s", mistake->text);
        snprintf(where, sizeof(where), mistake->line ? "%s:%d" : "%s", path,
                 mistake->line);
        if (strcmp(fault.where, where) != 0 ||
            !strstr(fault.why, mistake->says))
            fail_msg("%s\ngives %s: %s", mistake->text, fault.where,
                     fault.why);
        unlink(path);
    }
}

static void test_station(void **state)
{
    struct config config;
    struct fault fault;
    char text[CONFIG_HOST], below[CONFIG_PATH + 64];

    (void)state;
    assert_int_equal(read_text(
        STATION "listen = localhost:7075\nkinds = /k\n"
        "[uplink]\nhub = http://[::1]:7443/\nsecret = /s\nevery = 2h\n",
        &config, &fault), 0);
    assert_false(config.hub);
    assert_string_equal(config.name, "520527001");
    assert_string_equal(config.data, "/var/lib/yizhan");
    assert_string_equal(config.local.host, "127.0.0.1");
    assert_int_equal(config.local.port, 7075);
    assert_string_equal(config.uplink, "http://[::1]:7443");
    assert_int_equal(config.every_ms, 7200000);
    assert_int_equal(config.linger_ms, 300);
    config_door(&config, text);
    assert_string_equal(text, "http://127.0.0.1:7075");
    config_path(&config, "token", below);
    assert_string_equal(below, "/var/lib/yizhan/token");
    unlink(path);
}

static void test_hub(void **state)
{
    struct config config;
    struct fault fault;

    (void)state;
    assert_int_equal(read_text("[hub]\norg = 520527\nlisten = 0.0.0.0:7443\n"
                               "[store]\npostgres =\n", &config, &fault), 0);
    assert_true(config.hub);
    assert_string_equal(config.public.host, "0.0.0.0");
    assert_int_equal(config.local.port, 7071);
    assert_string_equal(config.stations, "");
    unlink(path);
}

/* What `run --check` prints for nothing is read as nothing. */
static void test_nothing(void **state)
{
    struct config config;
    struct fault fault;

    (void)state;
    assert_int_equal(read_text(STATION "[uplink]\nhub =\nsecret =\n",
                               &config, &fault), 0);
    assert_string_equal(config.uplink, "");
    assert_string_equal(config.secret, "");
    unlink(path);
    assert_int_equal(read_text("[hub]\norg = 520527\nstations =\n", &config,
                               &fault), 0);
    assert_string_equal(config.stations, "");
    unlink(path);
}

static void test_manual(void **state)
{
    struct config config;
    struct fault fault;

    (void)state;
    assert_int_equal(read_text(STATION UPLINK "every = manual\n", &config,
                               &fault), 0);
    assert_int_equal(config.every_ms, 0);
    unlink(path);
}

/* What `run --check` prints: effective values, and the lines they stand in. */
static void test_origin(void **state)
{
    struct config_value value;
    struct config config;
    struct fault fault;
    int given = 0, ours = 0;

    (void)state;
    assert_int_equal(read_text(STATION UPLINK "every = 90s\n", &config,
                               &fault), 0);
    for (int i = 0; config_value(&config, i, &value); i++) {
        ours += value.section[0] != '\0';
        given += value.line > 0;
        if (strcmp(value.name, "every") == 0) {
            assert_string_equal(value.text, "90s");
            assert_int_equal(value.line, 6);
        }
        if (strcmp(value.name, "listen") == 0 &&
            strcmp(value.section, "station") == 0) {
            assert_string_equal(value.text, "127.0.0.1:7070");
            assert_int_equal(value.line, 0);
        }
    }
    assert_int_equal(ours, 11);
    assert_int_equal(given, 4);
    unlink(path);
}

/* Whether a backup secures anything hangs on the directory being this one. */
static void test_backup(void **state)
{
    struct config config;
    struct fault fault;

    (void)state;
    assert_int_equal(read_text(STATION UPLINK, &config, &fault), 0);
    assert_string_equal(config.backup, "");
    assert_int_equal(read_text(STATION UPLINK "[store]\nbackup =\n", &config,
                               &fault), 0);
    assert_string_equal(config.backup, "");
    assert_int_equal(read_text(STATION UPLINK "[store]\nbackup = /a/b/\n",
                               &config, &fault), 0);
    assert_string_equal(config.backup, "/a/b");
    assert_int_equal(read_text(STATION UPLINK "[store]\nbackup = a/b\n",
                               &config, &fault), ERR_CONFIG);
    assert_string_equal(fault.field, "backup");
    unlink(path);
}

static void test_no_file(void **state)
{
    struct config config;
    struct fault fault = {0};

    (void)state;
    assert_int_equal(config_read("/nowhere/x.conf", &config, &fault),
                     ERR_CONFIG);
    assert_string_equal(fault.where, "/nowhere/x.conf");
}

static void test_spans(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0ms"}, {1, "1ms"}, {300, "300ms"}, {1000, "1s"},
        {90000, "90s"}, {900000, "15min"}, {7200000, "2h"},
        {172800000, "2d"},
    };
    static const char *const wrong[] = {"", "s", "1", "1 s", "1S", "1.5s",
                                        "-1s", "+1s", "1sec", "1000000000s"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];

        assert_true(span_parse(rows[i].text, &ms));
        assert_int_equal(ms, rows[i].ms);
        span_text(ms, text);
        assert_string_equal(text, rows[i].text);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(span_parse(wrong[i], &ms));
}

/* The examples we ship are read by the program they are for. */
static void test_examples(void **state)
{
    static const char *const files[] = {"conf/yizhan.conf", "conf/hub.conf"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct config config;
        struct fault fault = {0};

        if (config_read(files[i], &config, &fault) != 0)
            fail_msg("%s: %s", fault.where, fault.why);
        assert_int_equal(config.hub, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_station),
        cmocka_unit_test(test_hub),      cmocka_unit_test(test_manual),
        cmocka_unit_test(test_origin),   cmocka_unit_test(test_backup),
        cmocka_unit_test(test_no_file),  cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_spans),    cmocka_unit_test(test_examples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
