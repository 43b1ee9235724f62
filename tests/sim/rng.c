#include "tests/sim/rng.h"

static uint64_t split(uint64_t *at)
{
    uint64_t z = *at += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t rng_mix(uint64_t a, uint64_t b)
{
    uint64_t at = a ^ (b + 0x632be59bd9b4e019u) * 0xff51afd7ed558ccdu;

    return split(&at);
}

void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t at = rng_mix(seed, stream);

    for (int i = 0; i < 4; i++)
        rng->s[i] = split(&at);
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t out = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return out;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    return rng_next(rng) % bound;
}

int64_t rng_range(struct rng *rng, int64_t least, int64_t most)
{
    return least + (int64_t)rng_below(rng, (uint64_t)(most - least) + 1);
}

int64_t rng_scale(struct rng *rng, int64_t least, int64_t most)
{
    int64_t from = least > 0 ? least : 1, to;
    int steps = 1;

    while (from <= most >> steps)
        steps++;
    from <<= rng_below(rng, (uint64_t)steps);
    to = from > most / 2 ? most : from * 2;
    return rng_range(rng, from > most ? most : from, to);
}

bool rng_chance(struct rng *rng, unsigned permille)
{
    return rng_below(rng, 1000) < permille;
}

void rng_fill(struct rng *rng, void *out, size_t len)
{
    uint8_t *to = out;

    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(rng_next(rng) >> 40);
}
