#include "tests/sim/clock.h"

#include <string.h>

enum { BOOT_MS = 60 * 1000 };

void clock_init(struct clock *clock, int64_t shift_ms, struct rng *dice)
{
    memset(clock, 0, sizeof *clock);
    clock->shift_ms = shift_ms;
    clock->wall_at = CLOCK_TRUTH;
    clock_boot(clock, 0, dice);
}

void clock_boot(struct clock *clock, int64_t now, struct rng *dice)
{
    clock->booted_at = now;
    clock->mono_from = rng_range(dice, 1000, BOOT_MS);
    rng_fill(dice, clock->boot, sizeof clock->boot);
    if (clock->dead_battery) {
        clock->wall_at = 0;
        clock->set_at = now;
    }
}

void clock_set(struct clock *clock, int64_t now, int64_t off_ms)
{
    clock->wall_at = CLOCK_TRUTH + now + off_ms;
    clock->set_at = now;
}

void clock_drift(struct clock *clock, int64_t now, int64_t ppm)
{
    clock->wall_at = clock_wall(clock, now) - clock->shift_ms;
    clock->set_at = now;
    clock->drift_ppm = ppm;
}

int64_t clock_wall(const struct clock *clock, int64_t now)
{
    int64_t since = now - clock->set_at;

    return clock->wall_at + since + since / 1000000 * clock->drift_ppm +
           clock->shift_ms;
}

int64_t clock_mono(const struct clock *clock, int64_t now)
{
    return now - clock->booted_at + clock->mono_from;
}

struct stamp clock_stamp(const struct clock *clock, int64_t now)
{
    struct stamp stamp = {clock_wall(clock, now), clock_mono(clock, now), {0}};

    memcpy(stamp.boot, clock->boot, sizeof stamp.boot);
    return stamp;
}
