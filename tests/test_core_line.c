/* When to talk, on lines that carry some things and not others. */
#include "tests/core_trace.h"

/* BUG found: A line that lets a hello through and never a change was tried every
 * two seconds for ever: the answered hello passed for success. */
static int tries_in_three_hours(bool healed)
{
    struct event done = {.type = EV_DONE, .now = 1000};
    struct core core;
    struct todo todo;
    int64_t now = 1000;
    int tries = 0;

    core_init(&core, 15 * MINUTE, 300);
    todo = core_step(&core, (struct event){.type = EV_NOW, .now = now});
    while (now < 3 * (int64_t)60 * MINUTE) {
        if (!todo.exchange) {
            now = todo.wake_at;
            todo = core_step(&core,
                             (struct event){.type = EV_WAKE, .now = now});
            continue;
        }
        tries++;
        done.now = now += 100;
        done.up = !todo.plan.hello_only;
        done.whole = done.more = todo.plan.hello_only;
        done.healed = healed && todo.plan.hello_only;
        todo = core_step(&core, done);
    }
    return tries;
}

static void a_line_that_carries_hellos_alone_is_tried_less_and_less(void **state)
{
    (void)state;
    assert_in_range(tries_in_three_hours(false), 20, 200);
}

/* BUG found: The same when each hello found that the hub had lost something: a
 * disk that had rotted said so each time, and could not send it. */
static void what_is_found_lost_and_never_sent_is_no_success(void **state)
{
    (void)state;
    assert_in_range(tries_in_three_hours(true), 20, 200);
}

/* A line that is up for 8 s of each minute: however the dice fall, a try comes
 * early in each of these, though nobody answers those between. */
TEST(no_short_time_with_a_line_is_missed)
{
    struct core core = started(0);
    uint64_t seed = 4711;
    int64_t now = 10 * SECOND;
    struct todo todo = at(&core, EV_NOW, now);

    (void)state;
    for (int window = 1; window <= 30; window++) {
        int64_t opens = window * (int64_t)MINUTE;

        while (now < opens) {           /* a connection is waited for */
            assert_true(todo.connect_ms <= 8 * SECOND);
            now += todo.connect_ms;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            todo = core_step(&core, (struct event){.type = EV_DONE, .now = now,
                                                   
                                                   .dice = (uint32_t)(
                                                       seed >> 32)});
            assert_false(todo.exchange);
            now = todo.wake_at;
            todo = at(&core, EV_WAKE, now);
            assert_true(todo.exchange);
        }
        assert_true(now < opens + 4 * SECOND + todo.connect_ms);
        now = opens + 8 * SECOND;       /* cut, and something had come */
        todo = done_at(&core, now, PROGRESS);
        assert_true(todo.wake_at - now <= 100);
        now = todo.wake_at;
        todo = at(&core, EV_WAKE, now);
    }
}

/* BUG found: an answer that took long though its bytes came in was given up by
 * the time it took; what counts is whether anything moves. */
TEST(only_what_stands_still_is_given_up)
{
    struct core core = started(0);
    struct event look = {.type = EV_LOOK, .now = 10 * SECOND};
    struct todo todo;

    (void)state;
    at(&core, EV_NOW, look.now);
    for (int i = 1; i < 1000; i++) {
        look.now += 29 * SECOND;
        look.moved++;                   /* one byte in half a minute */
        look.owed = i % 2;
        assert_false(core_step(&core, look).give_up);
    }
    look.owed = true;
    look.now += 29 * SECOND;
    assert_false(core_step(&core, look).give_up);
    look.now += SECOND;
    assert_true(core_step(&core, look).give_up);
    look.owed = false;                  /* the hub thinks */
    assert_false(core_step(&core, look).give_up);
    look.now += 30 * SECOND;
    assert_true(core_step(&core, look).give_up);
    todo = done_at(&core, look.now, 0);
    assert_false(core_step(&core, look).give_up);
    look.now = todo.wake_at;
    /* A hello alone follows, over which the hub has nothing to think. */
    assert_true(at(&core, EV_WAKE, look.now).plan.hello_only);
    look.now += 31 * SECOND;
    look.moved = 0;
    assert_true(core_step(&core, look).give_up);
}

/* An exchange of so many changes and bytes that took so long; what the next one
 * may be. */
static struct asking_plan after(struct core *core, int64_t *now, int64_t took,
                                uint64_t up, uint64_t bytes, bool whole)
{
    struct event event = {.type = EV_DONE, .now = *now += took, .up = up,
                          .bytes = bytes, .bytes_up = bytes,
                          .whole = whole, .more = true,
                          .progress = true};
    struct todo todo = core_step(core, event);

    if (!todo.exchange) {
        *now = todo.wake_at;
        todo = at(core, EV_WAKE, *now);
    }
    assert_true(todo.exchange);
    assert_in_range(todo.plan.batch_size, BATCH_SIZE_MIN, BATCH_SIZE_MAX);
    assert_in_range(todo.plan.batches, 1, 64);
    return todo.plan;
}

/* Bytes of the journal are 130 a change; here 13 go up for each. */
TEST(an_ask_lasts_some_seconds_whatever_the_line_carries)
{
    static const uint64_t rate[] = {200, 2000, 8000, 32000};

    (void)state;
    for (size_t i = 0; i < sizeof rate / sizeof rate[0]; i++) {
        struct core core = started(0);
        int64_t now = 10 * SECOND;
        struct asking_plan plan = at(&core, EV_NOW, now).plan;
        uint64_t bytes;

        assert_in_range(plan.batches, 1, 4);
        for (int k = 0; k < 10; k++) {
            bytes = plan.batch_size * (uint64_t)plan.batches / 10;
            plan = after(&core, &now, (int64_t)(bytes * 1000 / rate[i]),
                         bytes / 13, bytes, true);
        }
        bytes = plan.batch_size * (uint64_t)plan.batches / 10;
        assert_in_range(bytes / rate[i], 10, 30);
        assert_true(plan.batch_size / 10 / rate[i] <= 10);
        assert_int_equal(plan.room / plan.batch_size, plan.batches);
    }
}

/* What a cut costs is half a batch: the shorter the line holds, the smaller they
 * are, and they grow again when it holds. */
TEST(batches_follow_how_long_the_line_holds)
{
    static const uint64_t span[] = {1000000, 100000, 10000, 1000};
    struct core core = started(0);
    int64_t now = 10 * SECOND;
    size_t size = BATCH_SIZE_MAX + 1;

    (void)state;
    at(&core, EV_NOW, now);
    after(&core, &now, 1000, 1000, 13000, true);
    for (size_t i = 0; i < sizeof span / sizeof span[0]; i++) {
        struct asking_plan plan;

        for (int k = 0; k < 12; k++) {
            after(&core, &now, 1000, span[i] / 13, span[i], false);
            plan = after(&core, &now, 100, 0, 0, true);         /* a hello */
        }
        assert_true(plan.batch_size < size);
        assert_true(plan.batch_size <= span[i] * 10 || i > 2);
        size = plan.batch_size;
    }
    for (int k = 0; k < 10; k++)
        size = after(&core, &now, 20000, 20000, 260000, true).batch_size;
    assert_true(size > 100000);
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
        cmocka_unit_test(
            a_line_that_carries_hellos_alone_is_tried_less_and_less),
        cmocka_unit_test(what_is_found_lost_and_never_sent_is_no_success),
        cmocka_unit_test(no_short_time_with_a_line_is_missed),
        cmocka_unit_test(only_what_stands_still_is_given_up),
        cmocka_unit_test(an_ask_lasts_some_seconds_whatever_the_line_carries),
        cmocka_unit_test(batches_follow_how_long_the_line_holds),
        cmocka_unit_test(a_line_is_fast_when_it_carried_much_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
