/* Traces of the core: when it talks, when it waits, and for how long. */
#include "tests/core_trace.h"

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

/* Where the line broke before anything was said, the hub is where it was: to ask
 * for that would cost a round trip. */
TEST(after_a_line_that_was_not_there_nothing_is_asked_first)
{
    struct core core = started(0);
    struct event failed = {.type = EV_DONE, .now = 11 * SECOND};
    struct todo todo;

    (void)state;
    at(&core, EV_NOW, 10 * SECOND);
    todo = core_step(&core, failed);
    todo = at(&core, EV_WAKE, todo.wake_at);
    assert_true(todo.exchange);
    assert_false(todo.plan.hello_only);
    /* But once something was, it is asked for until an answer comes. */
    todo = done_at(&core, 20 * SECOND, 0);
    todo = at(&core, EV_WAKE, todo.wake_at);
    assert_true(todo.plan.hello_only);
    failed.now = 30 * SECOND;
    todo = core_step(&core, failed);
    assert_true(at(&core, EV_WAKE, todo.wake_at).plan.hello_only);
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

/* A line that was there is back in a moment, and may be gone again a moment
 * later; one that is gone for a day is not tried every few seconds. */
TEST(the_wait_doubles_and_stays_a_part_of_the_time_the_line_is_gone)
{
    static const uint32_t dice[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};

    (void)state;
    for (int d = 0; d < 5; d++) {
        struct core core = started(0);
        int64_t begun = 10 * SECOND, now = begun, doubled = 100;
        int tries = 0;

        at(&core, EV_NOW, now);
        for (; now < begun + DAY; tries++) {
            int64_t part = (now - begun) / 4;
            int64_t most = part <= 16 * SECOND   ? 4 * SECOND
                           : part > 15 * MINUTE ? 15 * MINUTE
                                                : part;
            int64_t wait = doubled < most ? doubled : most;
            struct todo todo = core_step(
                &core, (struct event){.type = EV_DONE, .now = now,
                                      .dice = dice[d]});

            assert_false(todo.exchange);
            assert_in_range(todo.wake_at - now, wait / 2, wait);
            now = todo.wake_at;
            assert_true(at(&core, EV_WAKE, now).exchange);
            doubled = doubled > DAY ? DAY : doubled * 2;
        }
        assert_in_range(tries, 100, 300);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_lingers_so_that_edits_travel_together),
        cmocka_unit_test(nobody_talks_in_manual_mode_unless_asked),
        cmocka_unit_test(
            one_exchange_at_a_time_and_what_came_meanwhile_goes_next),
        cmocka_unit_test(after_a_cut_comes_the_hello_alone),
        cmocka_unit_test(a_hello_alone_that_was_answered_is_followed_at_once),
        cmocka_unit_test(after_a_line_that_was_not_there_nothing_is_asked_first),
        cmocka_unit_test(
            the_wait_doubles_and_stays_a_part_of_the_time_the_line_is_gone),
        cmocka_unit_test(those_who_failed_together_do_not_come_back_together),
        cmocka_unit_test(saves_do_not_break_the_wait_but_a_person_does),
        cmocka_unit_test(what_the_hub_asks_to_wait_is_believed_within_reason),
        cmocka_unit_test(more_without_progress_does_not_spin),
        cmocka_unit_test(long_uptimes_are_nothing_special),
        cmocka_unit_test(a_clock_at_either_end_stops_nothing),
        cmocka_unit_test(a_clock_below_zero_is_survived),
        cmocka_unit_test(
            random_events_never_run_two_exchanges_nor_forget_to_wake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
