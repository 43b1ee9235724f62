/*
 * Dice: xoshiro256** (Blackman and Vigna, public domain), seeded by splitmix64.
 * A run has one seed; every machine and every purpose has a stream of its own,
 * so that one draw more here moves nothing there.
 */
#ifndef YZ_SIM_RNG_H
#define YZ_SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
/* Below `bound`, which is at least 1. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* From `least` to `most`, both included. */
int64_t rng_range(struct rng *rng, int64_t least, int64_t most);
/* The same, but every power of two is as likely as the next. */
int64_t rng_scale(struct rng *rng, int64_t least, int64_t most);
bool rng_chance(struct rng *rng, unsigned permille);
void rng_fill(struct rng *rng, void *out, size_t len);

/* Two numbers into one that looks like neither. */
uint64_t rng_mix(uint64_t a, uint64_t b);

#endif
