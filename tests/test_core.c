/* Traces of the core: when it talks, when it waits, and for how long. */
#include "daemon/core.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, EVERY = 5 * MINUTE, LINGER = 3000 };
#define DAY ((int64_t)24 * 60 * MINUTE)
#define TEST(name) static void name(void **state)

static struct todo at(struct core *core, enum event_type type, int64_t now)
{
    return core_step(core, (struct event){.type = type, .now = now,
                                          .dice = 12345});
}

enum { WHOLE = 1, MORE = 2, PROGRESS = 4 };

static struct todo done_at(struct core *core, int64_t now, int how)
{
    return core_step(core, (struct event){.type = EV_DONE, .now = now,
                                          .dice = 12345,
                                          .whole = (how & WHOLE) != 0,
                                          .more = (how & MORE) != 0,
                                          .progress = (how & PROGRESS) != 0});
}

static struct core started(int64_t now)
{
    struct core core;
    struct todo todo;

    core_init(&core, EVERY, LINGER);
    todo = at(&core, EV_START, now);
    assert_true(todo.wake_at >= now && todo.wake_at < now + 5 * SECOND);
    todo = at(&core, EV_WAKE, todo.wake_at);
    assert_true(todo.exchange);
    todo = done_at(&core, now + 6 * SECOND, WHOLE);
    assert_false(todo.exchange);
    assert_int_equal(todo.wake_at, now + 6 * SECOND + EVERY);
    return core;
}

TEST(a_save_lingers_so_that_edits_travel_together)
{
    struct core core = started(0);
    struct todo todo = at(&core, EV_SAVED, 10 * SECOND);

    (void)state;
    assert_false(todo.exchange);
    assert_int_equal(todo.wake_at, 10 * SECOND + LINGER);
    todo = at(&core, EV_SAVED, 11 * SECOND);     /* does not push it away */
    assert_int_equal(todo.wake_at, 10 * SECOND + LINGER);
    todo = at(&core, EV_WAKE, 12 * SECOND);      /* too early */
    assert_false(todo.exchange);
    todo = at(&core, EV_WAKE, 13 * SECOND);
    assert_true(todo.exchange);
    assert_int_equal(todo.wake_at, -1);
}

TEST(nobody_talks_in_manual_mode_unless_asked)
{
    struct core core;
    struct todo todo;

    (void)state;
    core_init(&core, 0, LINGER);
    assert_int_equal(at(&core, EV_START, 0).wake_at, -1);
    assert_int_equal(at(&core, EV_SAVED, 1).wake_at, -1);
    todo = at(&core, EV_NOW, 2);
    assert_true(todo.exchange);
    assert_false(at(&core, EV_SAVED, 3).exchange);
    todo = done_at(&core, 4, 0);
    assert_false(todo.exchange);
    assert_int_equal(todo.wake_at, -1);
    assert_true(at(&core, EV_NOW, 5).exchange);
    assert_true(done_at(&core, 6, WHOLE | MORE | PROGRESS).exchange);
    assert_int_equal(done_at(&core, 7, WHOLE).wake_at, -1);
    assert_true(at(&core, EV_NOW, 8).exchange);
    assert_false(at(&core, EV_NOW, 9).exchange);
    assert_true(done_at(&core, 10, WHOLE).exchange);    /* asked for at 9 */
}

TEST(one_exchange_at_a_time_and_what_came_meanwhile_goes_next)
{
    struct core core = started(0);

    (void)state;
    assert_true(at(&core, EV_NOW, 10 * SECOND).exchange);
    assert_false(at(&core, EV_NOW, 11 * SECOND).exchange);
    assert_false(at(&core, EV_SAVED, 12 * SECOND).exchange);
    assert_false(at(&core, EV_WAKE, 13 * SECOND).exchange);
    assert_true(done_at(&core, 14 * SECOND, WHOLE).exchange);
    assert_false(done_at(&core, 15 * SECOND, WHOLE).exchange);
}

TEST(after_a_cut_comes_the_hello_alone)
{
    struct core core = started(0);
    struct todo todo = at(&core, EV_NOW, 10 * SECOND);

    (void)state;
    assert_false(todo.plan.hello_only);
    todo = done_at(&core, 11 * SECOND, PROGRESS);
    assert_false(todo.exchange);
    todo = at(&core, EV_WAKE, todo.wake_at);
    assert_true(todo.exchange);
    assert_true(todo.plan.hello_only);
    todo = done_at(&core, 20 * SECOND, WHOLE | MORE | PROGRESS);
    assert_true(todo.exchange);
    assert_false(todo.plan.hello_only);
}

/* BUG found: a whole answer to a hello alone, with changes still waiting and
 * nothing new, counted as one more failure: after a long time off the line came
 * back and the station waited up to 15 minutes before it sent anything. */
TEST(a_hello_alone_that_was_answered_is_followed_at_once)
{
    struct core core = started(0);
    struct todo todo = at(&core, EV_NOW, 10 * SECOND);
    int64_t now = 11 * SECOND;

    (void)state;
    for (int i = 0; i < 20; i++) {
        todo = done_at(&core, now, 0);
        now = todo.wake_at;
        todo = at(&core, EV_WAKE, now);
        assert_true(todo.plan.hello_only);
    }
    todo = done_at(&core, now, WHOLE | MORE);
    assert_true(todo.exchange);
    assert_false(todo.plan.hello_only);
    /* But only once: what then brings nothing waits. */
    todo = done_at(&core, now + 1, WHOLE | MORE);
    assert_false(todo.exchange);
    assert_true(todo.wake_at >= now + SECOND);
}

TEST(the_wait_doubles_up_to_a_quarter_of_an_hour)
{
    static const uint32_t dice[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};

    (void)state;
    for (int d = 0; d < 5; d++) {
        struct core core = started(0);
        int64_t now = 10 * SECOND, wait = 2 * SECOND;

        at(&core, EV_NOW, now);
        for (int i = 0; i < 1000; i++) {
            struct todo todo = core_step(
                &core, (struct event){.type = EV_DONE, .now = now,
                                      .dice = dice[d]});

            assert_false(todo.exchange);
            assert_true(todo.wake_at - now >= wait / 2);
            assert_true(todo.wake_at - now <= wait);
            assert_true(todo.wake_at - now <= 15 * MINUTE);
            now = todo.wake_at;
            assert_true(at(&core, EV_WAKE, now).exchange);
            wait = wait * 2 > 15 * MINUTE ? 15 * MINUTE : wait * 2;
        }
    }
}

/* A hundred stations lost the hub in the same moment: at whatever length of the
 * wait, they come back spread over a third of it at least. */
TEST(those_who_failed_together_do_not_come_back_together)
{
    enum { STATIONS = 100, TRIES = 20 };
    struct core core[STATIONS];
    uint64_t seed = 4711;

    (void)state;
    for (int i = 0; i < STATIONS; i++)
        core[i] = started(0);
    for (int try = 0; try < TRIES; try++) {
        int64_t first = INT64_MAX, last = 0;

        for (int i = 0; i < STATIONS; i++) {
            int64_t now = try * (int64_t)DAY, wake;

            assert_true(at(&core[i], EV_NOW, now).exchange);
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            wake = core_step(&core[i],
                             (struct event){.type = EV_DONE, .now = now,
                                            .dice = (uint32_t)(seed >> 33)})
                       .wake_at - now;
            first = wake < first ? wake : first;
            last = wake > last ? wake : last;
        }
        assert_true(last - first > last / 3);
    }
}

TEST(saves_do_not_break_the_wait_but_a_person_does)
{
    struct core core = started(0);
    struct todo todo;
    int64_t wake;

    (void)state;
    at(&core, EV_NOW, 10 * SECOND);
    for (int i = 0; i < 8; i++) {
        wake = done_at(&core, 10 * SECOND, 0).wake_at;
        at(&core, EV_WAKE, wake);
    }
    todo = done_at(&core, 10 * SECOND, 0);
    wake = todo.wake_at;
    todo = at(&core, EV_SAVED, 11 * SECOND);
    assert_false(todo.exchange);
    assert_int_equal(todo.wake_at, wake);
    assert_true(at(&core, EV_NOW, 12 * SECOND).exchange);
}

TEST(what_the_hub_asks_to_wait_is_believed_within_reason)
{
    static const struct { int64_t told, wait; } row[] = {
        {-1, SECOND}, {1, SECOND}, {SECOND, SECOND}, {90 * SECOND, 90 * SECOND},
        {60 * MINUTE, 60 * MINUTE}, {60 * MINUTE + 1, 60 * MINUTE},
        {INT64_MAX, 60 * MINUTE}, {INT64_MIN, SECOND}, {1000000000000, 60 * MINUTE}};

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct core core = started(0);
        struct todo todo;

        at(&core, EV_NOW, 10 * SECOND);
        todo = core_step(&core, (struct event){.type = EV_DONE,
                                               .now = 10 * SECOND,
                                               .retry_after_ms = row[i].told});
        assert_false(todo.exchange);
        assert_int_equal(todo.wake_at, 10 * SECOND + row[i].wait);
    }
}

TEST(an_ask_grows_with_the_line_and_shrinks_with_a_cut)
{
    struct core core = started(0);
    struct todo todo = at(&core, EV_NOW, 10 * SECOND);
    size_t size = todo.plan.batch_size;
    int batches = todo.plan.batches;

    (void)state;
    for (int i = 0; i < 12; i++) {
        todo = done_at(&core, 11 * SECOND, WHOLE | MORE | PROGRESS);
        assert_true(todo.exchange);
        assert_true(todo.plan.batch_size >= size);
        assert_true(todo.plan.batches >= batches);
        size = todo.plan.batch_size;
        batches = todo.plan.batches;
    }
    assert_int_equal(size, BATCH_SIZE_MAX);
    assert_int_equal(batches, 16);
    for (int i = 0; i < 12; i++) {
        todo = done_at(&core, 12 * SECOND, PROGRESS);
        todo = at(&core, EV_WAKE, todo.wake_at);
        assert_true(todo.exchange);
        assert_int_equal(todo.plan.batches, 1);
        assert_true(todo.plan.batch_size >= BATCH_SIZE_MIN);
    }
    assert_int_equal(todo.plan.batch_size, BATCH_SIZE_MIN);
}

TEST(more_without_progress_does_not_spin)
{
    struct core core = started(0);
    int64_t now = 10 * SECOND;
    int asked = 0;

    (void)state;
    at(&core, EV_NOW, now);
    for (int64_t end = now + 60 * MINUTE; now < end; asked++) {
        struct todo todo = done_at(&core, now, WHOLE | MORE);

        assert_false(todo.exchange);
        assert_true(todo.wake_at > now);
        now = todo.wake_at;
        assert_true(at(&core, EV_WAKE, now).exchange);
    }
    assert_true(asked < 20);
}

/* 25 and 50 days pass 2^31 and 2^32 milliseconds. */
TEST(long_uptimes_are_nothing_special)
{
    static const int64_t days[] = {0, 25, 50, 365, 36500};

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        int64_t now = days[i] * DAY;
        struct core core = started(now);
        struct todo todo = at(&core, EV_SAVED, now + MINUTE);

        assert_int_equal(todo.wake_at, now + MINUTE + LINGER);
        todo = at(&core, EV_WAKE, now + 25 * DAY);
        assert_true(todo.exchange);
        todo = done_at(&core, now + 50 * DAY, WHOLE);
        assert_int_equal(todo.wake_at, now + 50 * DAY + EVERY);
    }
}

TEST(a_clock_at_either_end_stops_nothing)
{
    static const int64_t now[] = {INT64_MAX / 2, 1, 0};

    (void)state;
    for (size_t i = 0; i < sizeof now / sizeof now[0]; i++) {
        struct core core;
        struct todo todo;

        core_init(&core, EVERY, LINGER);
        todo = at(&core, EV_START, now[i]);
        assert_true(todo.wake_at >= now[i]);
        todo = at(&core, EV_WAKE, todo.wake_at);
        assert_true(todo.exchange);
        assert_true(done_at(&core, now[i], 0).wake_at > now[i]);
    }
}

/* The clock is the time since boot and cannot be below zero; if it ever were,
 * that must not outlast it. */
TEST(a_clock_below_zero_is_survived)
{
    struct core core;

    (void)state;
    core_init(&core, EVERY, LINGER);
    at(&core, EV_START, -10 * DAY);
    at(&core, EV_SAVED, INT64_MIN / 2);
    assert_true(at(&core, EV_NOW, 5).exchange);
    assert_int_equal(done_at(&core, 10, WHOLE).wake_at, 10 + EVERY);
}

TEST(random_events_never_run_two_exchanges_nor_forget_to_wake)
{
    uint64_t seed = 4711;

    (void)state;
    for (int run = 0; run < 200; run++) {
        struct core core;
        bool busy = false;
        int64_t now = 1000;

        core_init(&core, EVERY, LINGER);
        at(&core, EV_START, now);
        for (int i = 0; i < 500; i++) {
            struct event event = {.now = now};
            struct todo todo;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            event.dice = (uint32_t)(seed >> 33);
            event.type = (enum event_type)(1 + (seed >> 40) % 3);
            if (busy && (seed >> 50) % 2 == 0)
                event.type = EV_DONE;
            event.whole = (seed >> 20) % 2;
            event.more = (seed >> 21) % 2;
            event.progress = (seed >> 22) % 2;
            now += (int64_t)((seed >> 35) % (10 * MINUTE));
            event.now = now;
            if (event.type == EV_DONE)
                busy = false;
            todo = core_step(&core, event);
            assert_false(busy && todo.exchange);
            busy = busy || todo.exchange;
            if (!busy && todo.wake_at < now)
                fail_msg("run %d event %d: nobody wakes it", run, i);
            if (!busy)
                assert_true(todo.wake_at - now <= 60 * MINUTE);
        }
    }
}

/* Is the next ask plain, after one of so many bytes? */
static bool plain_after(struct core *core, int64_t took, uint64_t bytes,
                        int how, bool terse)
{
    struct todo todo = at(core, EV_NOW, 100 * SECOND);
    struct event event = {.type = EV_DONE,
                          .now = 100 * SECOND + took,
                          .whole = (how & WHOLE) != 0,
                          .more = (how & MORE) != 0,
                          .progress = true,
                          .terse = terse,
                          .bytes = bytes};

    if (!todo.exchange)         /* it runs already, since there was more */
        core->begun_at = 100 * SECOND;
    core_step(core, event);
    return core->fast;
}

/* Few bytes cost time at both ends: only a line that is fast is spared that. */
TEST(a_line_is_fast_when_it_carried_much_at_once)
{
    struct core core = started(0);

    (void)state;
    assert_false(plain_after(&core, 20, 100, WHOLE, false));
    assert_false(plain_after(&core, 20, 20000, WHOLE, true));
    assert_false(plain_after(&core, 200, 20000, WHOLE, false));
    assert_true(plain_after(&core, 20, 20000, WHOLE, false));
    assert_true(plain_after(&core, 20, 100, WHOLE, false));
    assert_false(plain_after(&core, 900, 100, WHOLE, false));
    assert_true(plain_after(&core, 20, 20000, WHOLE, false));
    assert_false(plain_after(&core, 20, 20000, 0, false));
    /* Terse, and much is left: tried once. */
    assert_false(plain_after(&core, 900, 20000, WHOLE | MORE, true));
    assert_true(plain_after(&core, 100, 20000, WHOLE | MORE, true));
    assert_false(plain_after(&core, 900, 80000, WHOLE | MORE, false));
    assert_false(plain_after(&core, 100, 20000, WHOLE | MORE, true));
    assert_false(plain_after(&core, 100, 20000, WHOLE, true));
    assert_true(plain_after(&core, 100, 20000, WHOLE | MORE, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_lingers_so_that_edits_travel_together),
        cmocka_unit_test(nobody_talks_in_manual_mode_unless_asked),
        cmocka_unit_test(
            one_exchange_at_a_time_and_what_came_meanwhile_goes_next),
        cmocka_unit_test(after_a_cut_comes_the_hello_alone),
        cmocka_unit_test(a_hello_alone_that_was_answered_is_followed_at_once),
        cmocka_unit_test(the_wait_doubles_up_to_a_quarter_of_an_hour),
        cmocka_unit_test(those_who_failed_together_do_not_come_back_together),
        cmocka_unit_test(saves_do_not_break_the_wait_but_a_person_does),
        cmocka_unit_test(what_the_hub_asks_to_wait_is_believed_within_reason),
        cmocka_unit_test(an_ask_grows_with_the_line_and_shrinks_with_a_cut),
        cmocka_unit_test(more_without_progress_does_not_spin),
        cmocka_unit_test(long_uptimes_are_nothing_special),
        cmocka_unit_test(a_clock_at_either_end_stops_nothing),
        cmocka_unit_test(a_clock_below_zero_is_survived),
        cmocka_unit_test(
            random_events_never_run_two_exchanges_nor_forget_to_wake),
        cmocka_unit_test(a_line_is_fast_when_it_carried_much_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
