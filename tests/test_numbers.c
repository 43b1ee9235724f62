/* The file that keeps a restored hub from using a number twice. */
#include "daemon/numbers.h"
#include "daemon/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct config config;

static int set_up(void **state)
{
    (void)state;
    strcpy(config.data, "/tmp/yz-numbers-XXXXXX");
    return mkdtemp(config.data) ? 0 : -1;
}

static int tear_down(void **state)
{
    char path[CONFIG_PATH + 64];

    (void)state;
    config_path(&config, "numbers", path);
    unlink(path);
    return rmdir(config.data);
}

static void begin(bool have_store, struct numbers *numbers)
{
    struct fault fault = {0};

    assert_int_equal(numbers_open(&config, have_store, numbers, &fault), 0);
}

static void test_a_new_life_each_time(void **state)
{
    struct numbers first, second;

    (void)state;
    begin(false, &first);
    assert_int_equal(numbers_reserve(&first, 0, 12340), 0);
    begin(true, &second);
    assert_true(second.life == first.life + 1);
    assert_true(second.reserved == 12340);
    assert_memory_equal(second.hub.b, first.hub.b, ID_SIZE);
    assert_memory_equal(second.key, first.key, sizeof(first.key));
}

/* "reserved 123" is how "reserved 12340" looks when a copy broke off. */
static void test_a_file_cut_short_is_refused(void **state)
{
    struct numbers numbers;
    struct fault fault = {0};
    struct buf whole;

    (void)state;
    begin(false, &numbers);
    assert_int_equal(numbers_reserve(&numbers, 0, 12340), 0);
    buf_init(&whole, 1024);
    assert_int_equal(os_read_file(numbers.path, 1024, &whole, &fault), 1);
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_equal(os_write_file(numbers.path,
                                       bytes_of(whole.data, len), &fault), 0);
        assert_int_equal(numbers_open(&config, true, &numbers, &fault),
                         ERR_NUMBERS);
    }
    buf_done(&whole);
}

static void test_what_the_disk_refused_is_not_reserved(void **state)
{
    struct numbers numbers;

    (void)state;
    begin(false, &numbers);
    strcpy(numbers.path, "/nowhere/numbers");
    assert_true(numbers_reserve(&numbers, 0, 10) < 0);
    assert_true(numbers_reserve(&numbers, 0, 10) < 0);
}

/* Numbers of a register that is not there any more are no reason to begin an
 * empty one; those of a first start that was cut are. */
static void test_numbers_without_a_store(void **state)
{
    struct numbers numbers;
    struct fault fault = {0};

    (void)state;
    begin(false, &numbers);
    begin(false, &numbers);
    assert_int_equal(numbers_reserve(&numbers, 0, 12340), 0);
    assert_int_equal(numbers_open(&config, false, &numbers, &fault),
                     ERR_MISSING);
    assert_non_null(strstr(fault.where, "yizhan.db"));
}

static void test_text_and_back(void **state)
{
    struct numbers numbers, back;
    char text[NUMBERS_MAX];

    (void)state;
    begin(false, &numbers);
    assert_int_equal(numbers_reserve(&numbers, 7, 12340), 0);
    numbers_text(&numbers, text);
    memset(&back, 0, sizeof(back));
    assert_true(numbers_parse(text, &back));
    assert_memory_equal(back.key, numbers.key, sizeof(back.key));
    assert_true(back.life == 7 && back.reserved == 12340);
    assert_int_equal(numbers_read(&config, &back, NULL), 1);
    assert_true(back.life == 7 && back.reserved == 12340);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_a_new_life_each_time),
        EACH(test_a_file_cut_short_is_refused),
        EACH(test_what_the_disk_refused_is_not_reserved),
        EACH(test_numbers_without_a_store),
        EACH(test_text_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
