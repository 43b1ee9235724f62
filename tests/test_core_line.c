/* When to talk, on lines that carry some things and not others. */
#include "daemon/core.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

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
    while (now < 3 * (int64_t)HOUR) {
        if (!todo.exchange) {
            now = todo.wake_at;
            todo = core_step(&core,
                             (struct event){.type = EV_WAKE, .now = now});
            continue;
        }
        tries++;
        done.now = now += 100;
        done.whole = done.more = todo.plan.hello_only;
        done.healed = healed && todo.plan.hello_only;
        todo = core_step(&core, done);
    }
    return tries;
}

static void a_line_that_carries_hellos_alone_is_tried_less_and_less(void **state)
{
    (void)state;
    assert_in_range(tries_in_three_hours(false), 20, 80);
}

/* BUG found: The same when each hello found that the hub had lost something: a
 * disk that had rotted said so each time, and could not send it. */
static void what_is_found_lost_and_never_sent_is_no_success(void **state)
{
    (void)state;
    assert_in_range(tries_in_three_hours(true), 20, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_line_that_carries_hellos_alone_is_tried_less_and_less),
        cmocka_unit_test(what_is_found_lost_and_never_sent_is_no_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
