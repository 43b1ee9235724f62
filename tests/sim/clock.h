/* The clocks of one machine. Wall time may be anything; monotonic time goes on
 * through sleep and begins again with a reboot, which has an id of its own. */
#ifndef YZ_SIM_CLOCK_H
#define YZ_SIM_CLOCK_H

#include "proto/change.h"
#include "tests/sim/rng.h"

struct clock {
    int64_t wall_at;            /* what the wall clock was ... */
    int64_t set_at;             /* ... at this virtual time */
    int64_t drift_ppm;
    int64_t shift_ms;           /* the whole run's, see --clock-shift */
    bool dead_battery;          /* every boot begins in 1970 */
    int64_t booted_at;
    int64_t mono_from;          /* monotonic time at boot */
    uint8_t boot[8];
};

/* Wall time that is right at virtual time 0: 2026-01-01. */
#define CLOCK_TRUTH INT64_C(1767225600000)

void clock_init(struct clock *clock, int64_t shift_ms, struct rng *dice);
/* A power cut or a restart of the machine, not of the program. */
void clock_boot(struct clock *clock, int64_t now, struct rng *dice);
/* Somebody sets it, so far from the truth. */
void clock_set(struct clock *clock, int64_t now, int64_t off_ms);
void clock_drift(struct clock *clock, int64_t now, int64_t ppm);
int64_t clock_wall(const struct clock *clock, int64_t now);
int64_t clock_mono(const struct clock *clock, int64_t now);
struct stamp clock_stamp(const struct clock *clock, int64_t now);

#endif
