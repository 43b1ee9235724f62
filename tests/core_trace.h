/* What the traces of the core begin with, for its test files. */
#ifndef YZ_CORE_TRACE_H
#define YZ_CORE_TRACE_H

#include "daemon/core.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, EVERY = 5 * MINUTE, LINGER = 3000 };
#define DAY ((int64_t)24 * 60 * MINUTE)
#define TEST(name) static void name(void **state)

static inline struct todo at(struct core *core, enum event_type type, int64_t now)
{
    return core_step(core, (struct event){.type = type, .now = now,
                                          .dice = 12345});
}

enum { WHOLE = 1, MORE = 2, PROGRESS = 4 };

static inline struct todo done_at(struct core *core, int64_t now, int how)
{
    return core_step(core, (struct event){.type = EV_DONE, .now = now,
                                          .dice = 12345,
                                          .up = 1,
                                          .whole = (how & WHOLE) != 0,
                                          .more = (how & MORE) != 0,
                                          .progress = (how & PROGRESS) != 0});
}

static inline struct core started(int64_t now)
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

#endif
