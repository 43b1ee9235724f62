#include "daemon/log.h"
#include "proto/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define NOON INT64_C(1772414047000)     /* 2026-03-02T09:14:07+08:00 */

static char dir[64], path[96];
static int64_t now;

static int64_t clock_of_test(void)
{
    return now;
}

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Shanghai", 1);
    tzset();
    strcpy(dir, "/tmp/yizhan-log-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/yizhan.log", dir);
    now = NOON;
    log_clock(clock_of_test);
    log_open(path, false);
    return 0;
}

static int tear_down(void **state)
{
    char name[128];

    (void)state;
    log_close();
    log_clock(NULL);
    unlink(path);
    for (int i = 1; i <= LOG_FILES; i++) {
        snprintf(name, sizeof(name), "%s.%d", path, i);
        unlink(name);
    }
    return rmdir(dir);
}

static const char *content(void)
{
    static char text[8192];
    FILE *file = fopen(path, "r");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    return text;
}

static void test_line(void **state)
{
    (void)state;
    log_event(LOG_I, 2001, "push.start", "try=%d queued=%d", 1, 5);
    assert_string_equal(content(), "2026-03-02T09:14:07+08:00 lv=I ev=YZ2001 "
                        "push.start try=1 queued=5 msg=开始上报\n");
}

static void test_no_pairs_no_text(void **state)
{
    (void)state;
    log_event(LOG_W, 9999, "x.y", NULL);
    assert_string_equal(content(),
                        "2026-03-02T09:14:07+08:00 lv=W ev=YZ9999 x.y\n");
}

/* A text from outside cannot pose as a line of its own. */
static void test_forged_line(void **state)
{
    (void)state;
    log_event(LOG_W, 9999, "x", "rec=%s", "a\n2026 lv=I\x7f\tb");
    assert_string_equal(content(), "2026-03-02T09:14:07+08:00 lv=W ev=YZ9999 "
                        "x rec=a 2026 lv=I  b\n");
}

static void test_long_line(void **state)
{
    char text[5000];

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = "汉"[i % 3];
    text[sizeof(text) - 1] = '\0';
    log_event(LOG_W, 1010, "x", "a%s", text);
    assert_true(strlen(content()) <= LOG_LINE);
    assert_non_null(strstr(content(), "汉 msg=已启动\n"));
}

static int count_of(const char *what)
{
    const char *at = content();
    int count = 0;

    while ((at = strstr(at, what))) {
        count++;
        at++;
    }
    return count;
}

static void test_rate(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        log_event(LOG_W, 7104, "net.noanswer", "try=%d", i);
        now += 1000;
    }
    assert_int_equal(count_of("YZ7104"), 1);
    log_event(LOG_W, 7301, "clock.skew", NULL);     /* another code */
    assert_int_equal(count_of("YZ7301"), 1);
    now = NOON + 60000;
    log_event(LOG_W, 7104, "net.noanswer", "try=10");
    assert_int_equal(count_of("try=10 repeated=9 "), 1);
    log_event(LOG_W, 7104, "net.noanswer", "try=11");
    log_close();                                    /* tells what it held */
    assert_int_equal(count_of("net.noanswer repeated=1 "), 1);
}

static void test_contacts_are_all_told(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        log_event(LOG_I, 2002, "push.done", "sent=%d", i);
    assert_int_equal(count_of("YZ2002"), 5);
    for (int i = 0; i < 3; i++)
        log_event(LOG_I, 5012, "export.full", NULL);
    assert_int_equal(count_of("YZ5012"), 3);
    for (int i = 0; i < 5; i++)
        log_event(LOG_W, 2031, "push.return", NULL);
    assert_int_equal(count_of("YZ2031"), 1);
}

/* A clock set back by years must not silence a code for years. */
static void test_clock_set_back(void **state)
{
    (void)state;
    log_event(LOG_W, 7104, "a", NULL);
    now = 1000;
    log_event(LOG_W, 7104, "a", NULL);
    assert_int_equal(count_of("YZ7104"), 2);
    assert_int_equal(count_of("1970-01-01T08:00:01+08:00"), 1);
}

static void test_turn_over(void **state)
{
    char name[128], text[900];
    struct stat info;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 65000; i++)
        log_event(LOG_I, 2001, "a", "%s", text);
    for (int i = 0; i < LOG_FILES; i++) {
        snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
        assert_int_equal(stat(name, &info), 0);
        assert_true(info.st_size <= LOG_BYTES);
    }
    snprintf(name, sizeof(name), "%s.%d", path, LOG_FILES);
    assert_int_not_equal(stat(name, &info), 0);
}

struct seen {
    int count;
    int64_t last;
    char rest[100], event[40];
    int code;
    char level;
};

static int on_line(void *user, const struct log_line *line)
{
    struct seen *seen = user;

    seen->count++;
    assert_true(line->at_ms >= seen->last);
    seen->last = line->at_ms;
    seen->code = line->code;
    seen->level = line->level;
    snprintf(seen->rest, sizeof(seen->rest), "%s", line->rest);
    snprintf(seen->event, sizeof(seen->event), "%s", line->event);
    return 0;
}

static void test_read(void **state)
{
    struct seen seen = {0};

    (void)state;
    log_event(LOG_I, 2001, "push.start", "try=1");
    now += 1000;
    log_event(LOG_W, 2031, "push.return", "field=%s", "joined");
    now += 1000;
    log_event(LOG_E, 6001, "disk", NULL);
    assert_int_equal(log_read(path, 0, NULL, on_line, &seen), 0);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.code, 6001);
    assert_int_equal(seen.level, 'E');
    assert_string_equal(seen.event, "disk");
    assert_string_equal(seen.rest, "");
    seen = (struct seen){0};
    log_read(path, 0, "YZ2xxx", on_line, &seen);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.rest, "field=joined");
    seen = (struct seen){0};
    log_read(path, NOON + 1000, NULL, on_line, &seen);
    assert_int_equal(seen.count, 2);
}

static void test_read_nothing(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(log_read("/nowhere/x", 0, NULL, on_line, &seen), ERR_IO);
}

static void test_codes(void **state)
{
    (void)state;
    assert_true(log_code_fits(2031, NULL));
    assert_true(log_code_fits(2031, "2031"));
    assert_true(log_code_fits(2031, "YZ2031"));
    assert_true(log_code_fits(2031, "YZ2xxx"));
    assert_true(log_code_fits(2031, "20"));
    assert_false(log_code_fits(2031, "2032"));
    assert_false(log_code_fits(2031, "20311"));
    assert_string_equal(log_text(2001, false), "sending begins");
    assert_string_equal(log_text(7201, true), err_text(ERR_DOOR, 1));
    assert_string_equal(log_text(0, true), "");
    assert_string_equal(log_text(4999, true), "");
}

static void test_times(void **state)
{
    static const char *const good[] = {
        "2026-03-02T09:14:07+08:00", "2026-03-02T01:14:07Z",
        "2026-03-02T01:14:07.999Z",  "2026-03-02 09:14:07",
        "2026-03-02T09:14:07",       "2026-03-01T21:14:07-04:00",
    };
    static const char *const wrong[] = {"", "1h", "2026", "2026-03",
                                        "2026-03-02Tx", "2026-03-02T09",
                                        "2026-03-02T09:14:07+0", "x",
                                        "2026-13-02", "2026-03-00",
                                        "2026-03--2", "-026-03-02",
                                        "2026-03-02T24:00",
                                        "2026-03-02T09:-1",
                                        "2026-03-02T09:14:",
                                        "2026-03-02T09:14:07+24:00",
                                        "2026-03-02T09:14:07+08:60"};
    int64_t ms;
    char text[32];

    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_true(log_time_parse(good[i], &ms));
        assert_int_equal(ms, NOON);
    }
    assert_true(log_time_parse("2026-03-02", &ms));
    log_time(ms, text);
    assert_string_equal(text, "2026-03-02T00:00:00+08:00");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(log_time_parse(wrong[i], &ms));
}

/* A log that cannot be written is no reason to stop work. */
static void test_no_file(void **state)
{
    (void)state;
    log_open("/nowhere/yizhan.log", false);
    log_event(LOG_E, 6001, "disk", NULL);
    log_open(NULL, false);
    log_event(LOG_E, 6001, "disk", NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_line),         TEST(test_no_pairs_no_text),
        TEST(test_forged_line),  TEST(test_long_line),
        TEST(test_rate),         TEST(test_contacts_are_all_told),
        TEST(test_clock_set_back), TEST(test_turn_over),
        TEST(test_read),         TEST(test_read_nothing),
        TEST(test_codes),        TEST(test_times),
        TEST(test_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
