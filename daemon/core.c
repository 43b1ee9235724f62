#include "daemon/core.h"

enum {
    BATCHES_MAX = 16,
    START_MS = 5000,            /* spread of a first try after start */
    BACKOFF_MS = 2000,
    BACKOFF_MAX_MS = 15 * 60 * 1000,
    FAST_BYTES = 8 * 1024,      /* fewer say little of a line */
    FAST_BYTES_MS = 500,        /* half a megabyte a second is fast, */
    TRY_BYTES_MS = 100,         /* and this may be, of what is terse */
    FAST_MS = 200,
    RETRY_AFTER_MIN_MS = 1000,
    RETRY_AFTER_MAX_MS = 60 * 60 * 1000
};

void core_init(struct core *core, int64_t every_ms, int64_t linger_ms)
{
    *core = (struct core){
        .every_ms = every_ms,
        .linger_ms = linger_ms,
        .next_at = -1,
        .batch_size = BATCH_SIZE_MAX / 4,
        .batches = 1,
    };
}

/* Whole answers let the next ask carry more, a cut makes it small again. */
static void follow_line(struct core *core, bool whole)
{
    if (whole) {
        core->batches = core->batches * 2 > BATCHES_MAX ? BATCHES_MAX
                                                        : core->batches * 2;
        core->batch_size = core->batch_size * 2 > BATCH_SIZE_MAX
                               ? BATCH_SIZE_MAX
                               : core->batch_size * 2;
        return;
    }
    core->batches = 1;
    core->batch_size = core->batch_size / 4 < BATCH_SIZE_MIN
                           ? BATCH_SIZE_MIN
                           : core->batch_size / 4;
}

/* Telling changes in few bytes costs both machines time: on a line that carries
 * more bytes in that time it is not worth it. Only what went plainly tells
 * whether the line is so fast; where few bytes went quickly, and much is left, it
 * is tried once. */
static bool is_fast(const struct core *core, const struct event *event)
{
    uint64_t ms = (uint64_t)(event->now - core->begun_at) + 1;

    if (!event->whole)
        return false;
    if (event->terse)
        return event->more && !core->tried && event->bytes >= FAST_BYTES &&
               event->bytes >= ms * TRY_BYTES_MS;
    if (event->bytes < FAST_BYTES)
        return core->fast && ms < FAST_MS;
    return event->bytes >= ms * FAST_BYTES_MS;
}

/* Equal jitter after the cap: half fixed, half by dice, so that stations that
 * failed together do not come back together. */
static int64_t backoff(const struct core *core, uint32_t dice)
{
    int64_t wait = BACKOFF_MS;

    for (int i = 1; i < core->failures && wait < BACKOFF_MAX_MS; i++)
        wait *= 2;
    if (wait > BACKOFF_MAX_MS)
        wait = BACKOFF_MAX_MS;
    return wait / 2 + (int64_t)(dice % (uint32_t)(wait / 2 + 1));
}

static int64_t clamp_retry_after(int64_t ms)
{
    if (ms < RETRY_AFTER_MIN_MS)
        return RETRY_AFTER_MIN_MS;
    return ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
}

static void plan_at(struct core *core, int64_t at)
{
    if (core->next_at < 0 || at < core->next_at)
        core->next_at = at;
}

static void done(struct core *core, const struct event *event)
{
    /* More without progress would go round for ever; but a hello alone is
     * there only to ask how far the hub has come. What follows it at once may
     * fail again: then it was no success. */
    bool ends = event->progress || (event->whole && !event->more);
    bool good = event->whole && (ends || event->healed || core->alone);

    core->busy = false;
    core->cut = !event->whole;
    core->next_at = -1;
    follow_line(core, event->whole);
    core->fast = is_fast(core, event);
    core->tried = event->more && (core->tried || core->fast);
    if (ends)
        core->failures = 0;
    if (!good)
        core->failures++;
    if (good && (event->more || core->again))
        core->next_at = event->now;
    else if (core->every_ms > 0 && event->retry_after_ms != 0)
        core->next_at =
            event->now + clamp_retry_after(event->retry_after_ms);
    else if (core->every_ms > 0)
        core->next_at = event->now + (good ? core->every_ms
                                           : backoff(core, event->dice));
    core->again = false;
}

static struct todo decide(struct core *core, int64_t now)
{
    struct todo todo = {.wake_at = core->next_at};

    if (core->busy || core->next_at < 0 || core->next_at > now)
        return todo;
    core->busy = true;
    core->next_at = -1;
    todo.exchange = true;
    todo.plan.hello_only = core->alone = core->cut;
    todo.plan.batch_size = core->batch_size;
    todo.plan.batches = core->batches;
    todo.plan.room = core->batch_size * (size_t)core->batches;
    todo.plain = core->fast;
    core->begun_at = now;
    todo.wake_at = -1;
    return todo;
}

struct todo core_step(struct core *core, struct event event)
{
    switch (event.type) {
    case EV_START:
        if (core->every_ms > 0)
            plan_at(core, event.now + event.dice % START_MS);
        break;
    case EV_SAVED:
        if (core->busy)
            core->again = core->every_ms > 0;
        else if (core->every_ms > 0 && core->failures == 0)
            plan_at(core, event.now + core->linger_ms);
        break;
    case EV_NOW:
        if (core->busy)
            core->again = true;
        else
            core->next_at = event.now;
        break;
    case EV_WAKE:
        break;
    case EV_DONE:
        done(core, &event);
        break;
    }
    return decide(core, event.now);
}
