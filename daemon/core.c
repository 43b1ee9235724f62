#include "daemon/core.h"

enum {
    BATCHES_MAX = 64,
    ASK_SIZE_MAX = 16 * 1024 * 1024,
    ASK_SECONDS = 20,
    FIRST_BATCHES = 4,
    BATCH_SECONDS = 5,
    BATCH_COST = 400,           /* bytes of a batch besides its changes, */
    BATCH_MS = 1,               /* and the time it costs both machines */
    CHANGE_BYTES = 130,         /* of one as it stands in the journal */
    RATE_BYTES = 4096,          /* fewer say more of the round trip */
    SPAN_MIN = 1024,
    SPAN_MAX = 16 * 1024 * 1024,
    SPAN_FIRST = 256 * 1024,
    START_MS = 5000,            /* spread of a first try after start */
    BACKOFF_MS = 100,
    BACKOFF_ANSWERED_MS = 2000,
    BRIEF_MS = 64 * 1000,       /* so long a line may be gone for a moment */
    BACKOFF_BRIEF_MS = 4000,
    BACKOFF_PART = 4,           /* of the time it is gone */
    BACKOFF_MAX_MS = 15 * 60 * 1000,
    CONNECT_MS = 30 * 1000,
    CONNECT_BRIEF_MS = 8 * 1000,
    STALL_MS = 30 * 1000,       /* nothing moves that should, */
    ANSWER_MS = 45 * 1000,      /* or no answer begins */
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
        .span = SPAN_FIRST,
        .change = 16 * CHANGE_BYTES / 4,
    };
}

static uint64_t root(uint64_t square)
{
    uint64_t root = 0;

    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= square)
            root += bit;
    return root;
}

/* Each cut costs half a batch, and each batch some bytes besides its changes:
 * of the bytes from cut to cut the least is lost where both are the same. On a
 * slow line a batch must be gone in some seconds, too. */
static uint64_t batch_bytes(const struct core *core)
{
    uint64_t cost = BATCH_COST + core->rate * BATCH_MS / 1000;
    uint64_t best = root(2 * cost * core->span);
    uint64_t slow = core->rate * BATCH_SECONDS;

    return core->rate > 0 && slow < best ? slow : best;
}

static uint64_t within(uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* An ask lasts so long that the pause before its answer counts little, and not
 * so long that news are late. Of a line that is not known it has some batches. */
static void plan_size(const struct core *core, struct asking_plan *plan)
{
    uint64_t batch = batch_bytes(core) * CHANGE_BYTES * 16 / core->change;
    uint64_t ask = core->rate * ASK_SECONDS * CHANGE_BYTES * 16 /
                   core->change;

    batch = within(batch, BATCH_SIZE_MIN,
                   core->rate > 0 ? BATCH_SIZE_MAX : BATCH_SIZE_MAX / 4);
    ask = within(core->rate > 0 ? ask : batch * FIRST_BATCHES, batch,
                 ASK_SIZE_MAX);
    plan->batch_size = (size_t)batch;
    plan->batches = (int)within(ask / batch, 1, BATCHES_MAX);
    plan->room = (size_t)ask;
}

static void follow_line(struct core *core, const struct event *event)
{
    uint64_t ms = (uint64_t)(event->now - core->begun_at) + 1;
    uint64_t rate = event->bytes * 1000 / ms;

    core->since += event->bytes;
    if (core->since > core->span)
        core->span = within(core->since, SPAN_MIN, SPAN_MAX);
    if (event->up >= 16)
        core->change = within(16 * (event->bytes_up + event->unsent) /
                                  event->up,
                              16, UINT64_C(16) * CHANGE_BYTES);
    if (event->bytes < RATE_BYTES && event->up == 0)
        rate *= 2;              /* of a contact half is the round trip */
    if (event->whole && (event->bytes >= RATE_BYTES || rate > core->rate))
        core->rate = rate + 1;
    if (event->whole || event->up == 0)
        return;
    core->span = within((core->span + core->since) / 2, SPAN_MIN, SPAN_MAX);
    core->since = 0;
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

/* A line that was there is tried again at once, and for a minute so often that
 * one which is up for 8 s of each is not missed; then ever less, in proportion
 * to how long it is gone. */
static bool is_brief(const struct core *core, int64_t now)
{
    return core->failures == 0 || now - core->failed_at <= BRIEF_MS;
}

/* Equal jitter after the cap: half fixed, half by dice, so that stations that
 * failed together do not come back together. Where a hub answers and nothing
 * comes of it, a moment more will not help. */
static int64_t backoff(const struct core *core, const struct event *event)
{
    bool brief = !event->whole && is_brief(core, event->now);
    int64_t wait = event->whole ? BACKOFF_ANSWERED_MS : BACKOFF_MS;
    int64_t max = brief          ? BACKOFF_BRIEF_MS
                  : event->whole ? BACKOFF_MAX_MS
                                 : (event->now - core->failed_at) /
                                       BACKOFF_PART;

    if (max > BACKOFF_MAX_MS)
        max = BACKOFF_MAX_MS;
    for (int i = 1; i < core->failures && wait < max; i++)
        wait *= 2;
    if (wait > max)
        wait = max;
    return wait / 2 + (int64_t)(event->dice % (uint32_t)(wait / 2 + 1));
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
    /* Where nothing was said the hub is where it was. */
    core->cut = !event->whole && (core->cut || event->up > 0);
    core->next_at = -1;
    follow_line(core, event);
    core->fast = is_fast(core, event);
    core->tried = event->more && (core->tried || core->fast);
    if (ends)
        core->failures = 0;
    if (!good && core->failures++ == 0)
        core->failed_at = event->now;
    if (good && (event->more || core->again))
        core->next_at = event->now;
    else if (core->every_ms > 0 && event->retry_after_ms != 0)
        core->next_at =
            event->now + clamp_retry_after(event->retry_after_ms);
    else if (core->every_ms > 0)
        core->next_at = event->now + (good ? core->every_ms
                                           : backoff(core, event));
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
    todo.plan.brief = true;
    plan_size(core, &todo.plan);
    todo.connect_ms = is_brief(core, now) ? CONNECT_BRIEF_MS : CONNECT_MS;
    todo.plain = core->fast;
    core->begun_at = core->moved_at = now;
    core->moved = 0;
    todo.wake_at = -1;
    return todo;
}

static bool stands_still(struct core *core, const struct event *event)
{
    /* Over a hello alone the hub has nothing to think. */
    int64_t wait = event->owed || core->alone ? STALL_MS : ANSWER_MS;

    if (event->moved != core->moved) {
        core->moved = event->moved;
        core->moved_at = event->now;
    }
    return core->busy && event->now - core->moved_at >= wait;
}

struct todo core_step(struct core *core, struct event event)
{
    bool give_up = false;
    struct todo todo;

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
    case EV_LOOK:
        give_up = stands_still(core, &event);
        break;
    case EV_DONE:
        done(core, &event);
        break;
    }
    todo = decide(core, event.now);
    todo.give_up = give_up;
    return todo;
}
