/* A station that floods within its rights waits; nobody else does. */
#include "daemon/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define TEST(name) static void name(void **state)

static int asks_at_once(struct quota *quota, const char *name, int64_t now)
{
    int count = 0;

    while (count < 2 * QUOTA_AT_ONCE && quota_take(quota, name, now) == 0)
        count++;
    return count;
}

TEST(so_many_at_once_then_one_at_a_time)
{
    struct quota quota = {0};
    int64_t now = 5, wait;

    (void)state;
    assert_int_equal(asks_at_once(&quota, "a", now), QUOTA_AT_ONCE);
    for (int i = 0; i < 100; i++) {
        wait = quota_take(&quota, "a", now);
        assert_true(wait > 0 && wait <= QUOTA_EACH_MS);
        assert_int_not_equal(quota_take(&quota, "a", now + wait - 1), 0);
        now += wait;
        assert_int_equal(quota_take(&quota, "a", now), 0);
    }
    quota_done(&quota);
}

/* Who was refused pays nothing for it. */
TEST(a_refusal_costs_nothing)
{
    struct quota quota = {0};
    int64_t wait;

    (void)state;
    asks_at_once(&quota, "a", 0);
    wait = quota_take(&quota, "a", 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(quota_take(&quota, "a", 0), wait);
    quota_done(&quota);
}

TEST(nobody_pays_for_another)
{
    struct quota quota = {0};
    char name[16];

    (void)state;
    asks_at_once(&quota, "flood", 0);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "qs-%d", i);
        assert_int_equal(asks_at_once(&quota, name, 0), QUOTA_AT_ONCE);
    }
    quota_done(&quota);
}

/* A pause gives all of it back, and never more, however long. */
TEST(a_pause_gives_it_back)
{
    struct quota quota = {0};

    (void)state;
    asks_at_once(&quota, "a", 0);
    assert_int_equal(asks_at_once(&quota, "a", 10 * QUOTA_EACH_MS), 10);
    assert_int_equal(asks_at_once(&quota, "a", INT64_MAX / 2),
                     QUOTA_AT_ONCE);
    quota_done(&quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_at_once_then_one_at_a_time),
        cmocka_unit_test(a_refusal_costs_nothing),
        cmocka_unit_test(nobody_pays_for_another),
        cmocka_unit_test(a_pause_gives_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
