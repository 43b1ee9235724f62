#include "proto/coder.h"

#include <string.h>

enum {
    HALF = 1 << 21,   /* a chance of one half, of 22 bits */
    WEIGHT = 1 << 16, /* a weight of one */
    LEARN = 6         /* how fast weights move */
};

/* 4096 / (1 + e^(-x/256)), for x = -2048, -1920 ... 2048. */
static const int16_t squash_points[33] = {
    1,    2,    4,    6,    10,   17,   27,   45,   73,   120,  194,
    310,  488,  747,  1101, 1546, 2048, 2550, 2995, 3349, 3608, 3786,
    3902, 3976, 4023, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095};

static int squash(int x)
{
    int at, part;

    if (x > 2047)
        return 4095;
    if (x < -2047)
        return 1;
    at = (x + 2048) >> 7;
    part = x & 127;
    return (squash_points[at] * (128 - part) + squash_points[at + 1] * part +
            64) >>
           7;
}

/* The least x whose squash is not below p. */
static void stretch_init(int16_t *stretch)
{
    int p = 0;

    for (int x = -2047; x <= 2047; x++)
        for (int most = squash(x); p <= most; p++)
            stretch[p] = (int16_t)x;
    for (; p < 4096; p++)
        stretch[p] = 2047;
}

void learned_init(struct learned *learned)
{
    for (int i = 0; i < 1 << SLOT_BITS; i++)
        learned->slot[i] = (uint32_t)HALF << 10;
    for (int i = 0; i < CODER_SETS; i++)
        for (int j = 0; j < CODER_INPUTS; j++)
            learned->weight[i][j] = WEIGHT * 3 / 10;
    stretch_init(learned->stretch);
    for (int i = 0; i <= LEARNED_LIMIT; i++)
        learned->pace[i] = 2 * WEIGHT / (2 * i + 3);
}

static void coder_init(struct coder *coder, struct learned *learned)
{
    memset(coder, 0, sizeof *coder);
    coder->learned = learned;
    coder->range = UINT32_MAX;
}

void coder_write(struct coder *coder, struct learned *learned, struct buf *out)
{
    coder_init(coder, learned);
    coder->out = out;
    coder->start = out->len;
}

/* Behind the end come zeros. */
static uint8_t next_byte(struct coder *coder)
{
    return coder->in.at < coder->in.end ? *coder->in.at++ : 0;
}

void coder_read(struct coder *coder, struct learned *learned, struct bytes in)
{
    coder_init(coder, learned);
    coder->reading = true;
    coder->in = cut_of(in);
    for (int i = 0; i < 4; i++)
        coder->code = coder->code << 8 | next_byte(coder);
}

/* A sum that runs over is carried into the bytes that are written. */
static void carry(struct coder *coder)
{
    size_t at = coder->out->len;

    if (coder->low <= UINT32_MAX)
        return;
    coder->low &= UINT32_MAX;
    while (at > coder->start && ++coder->out->data[--at] == 0)
        ;
}

static void shift(struct coder *coder)
{
    while (coder->range < 1u << 24) {
        coder->range <<= 8;
        if (coder->reading) {
            coder->code = coder->code << 8 | next_byte(coder);
            continue;
        }
        buf_u8(coder->out, (uint8_t)(coder->low >> 24));
        coder->low = (coder->low << 8) & UINT32_MAX;
    }
}

/* As few bytes as name a point of the range; zeros at the end go unsaid. */
void coder_flush(struct coder *coder)
{
    struct buf *out = coder->out;

    for (int bytes = 0; bytes <= 4; bytes++) {
        uint64_t rest = UINT32_MAX >> (8 * bytes % 32);
        uint64_t point;

        if (bytes == 4)
            rest = 0;
        point = (coder->low + rest) & ~rest;
        if (point >= coder->low + coder->range)
            continue;
        coder->low = point;
        carry(coder);
        for (int i = 0; i < bytes; i++)
            buf_u8(out, (uint8_t)(coder->low >> (24 - 8 * i)));
        break;
    }
    while (!out->full && out->len > coder->start &&
           out->data[out->len - 1] == 0)
        out->len--;
}

bool coder_done(const struct coder *coder)
{
    return coder->in.at == coder->in.end;
}

/* Cut the range: the lower `part` of it is a 1. */
static int decide(struct coder *coder, int bit, uint32_t part)
{
    if (coder->reading)
        bit = coder->code < part;
    if (bit) {
        coder->range = part;
    } else {
        coder->range -= part;
        if (coder->reading)
            coder->code -= part;
        else
            coder->low += part;
        if (!coder->reading)
            carry(coder);
    }
    shift(coder);
    return bit;
}

static inline void learn_slot(const struct learned *learned, uint32_t *slot,
                              int bit)
{
    uint32_t count = *slot & 1023;
    int32_t p = (int32_t)(*slot >> 10), to = bit ? (1 << 22) - 1 : 0;

    p += (int32_t)((int64_t)(to - p) * learned->pace[count] >> 16);
    *slot = (uint32_t)p << 10 | (count + (count < LEARNED_LIMIT));
}

/* One decision, by the slots of `n` contexts and the weights of their set.
 *
 * No weight runs over: where the sum is right already and as sure as it can be,
 * it moves by 12 at most, and where it is wrong, back. A batch has not bits
 * enough to bring it from there to 2^31. */
static inline int tell_bit(struct coder *coder, int bit, int32_t *weight,
                           uint32_t *const *slots, int n)
{
    struct learned *learned = coder->learned;
    int input[CODER_INPUTS], p, miss;
    int64_t sum = 0;

    for (int i = 0; i < n; i++) {
        input[i] = learned->stretch[*slots[i] >> 20];
        sum += (int64_t)weight[i] * input[i];
    }
    p = squash((int)(sum >> 16));
    bit = decide(coder, bit, (coder->range >> 12) * (uint32_t)p);
    miss = ((bit << 12) - p) * LEARN;
    for (int i = 0; i < n; i++) {
        weight[i] += (input[i] * miss + 512) >> 10;
        learn_slot(learned, slots[i], bit);
    }
    return bit;
}

uint32_t coder_mix(uint32_t a, uint32_t b)
{
    uint32_t h = a * 0x2c9277b5u + b * 0x5851f42du + 0x14057b7eu;

    h ^= h >> 15;
    h *= 0x85ebca6bu;
    return h ^ h >> 13;
}

static inline uint32_t tell_tree(struct coder *coder, int bits, uint32_t value,
                                 int set, const uint32_t *contexts, int n)
{
    int32_t *weight = coder->learned->weight[set];
    uint32_t *slot = coder->learned->slot, node = 1;

    for (int i = bits - 1; i >= 0; i--) {
        uint32_t *slots[CODER_INPUTS];

        for (int j = 0; j < n; j++)
            slots[j] = &slot[(contexts[j] ^ node) & ((1 << SLOT_BITS) - 1)];
        node = node << 1 |
               (uint32_t)tell_bit(coder, value >> i & 1, weight, slots, n);
    }
    return node & ((1u << bits) - 1);
}

/* Each number of contexts has a loop of its own: most time is spent here. */
uint32_t coder_tree(struct coder *coder, int bits, uint32_t value, int set,
                    const uint32_t *contexts, int n)
{
    switch (n) {
    case 1:
        return tell_tree(coder, bits, value, set, contexts, 1);
    case 2:
        return tell_tree(coder, bits, value, set, contexts, 2);
    case 3:
        return tell_tree(coder, bits, value, set, contexts, 3);
    default:
        return tell_tree(coder, bits, value, set, contexts, CODER_INPUTS);
    }
}

uint32_t coder_even(struct coder *coder, uint32_t many, uint32_t value)
{
    uint32_t part = coder->range / many;

    if (coder->reading) {
        value = coder->code / part;
        if (value >= many)
            value = many - 1; /* what is left above the parts */
        coder->code -= value * part;
    } else {
        coder->low += (uint64_t)value * part;
        carry(coder);
    }
    coder->range = part;
    shift(coder);
    return value;
}

uint32_t coder_plain(struct coder *coder, int bits, uint32_t value)
{
    return coder_even(coder, 1u << bits, value);
}

void coder_plain_bytes(struct coder *coder, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)coder_plain(coder, 8, bytes[i]);
}

static int bit_length(uint64_t value)
{
    return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

/* How many bits it has, then those below the first: two of them are learned. */
uint64_t coder_number(struct coder *coder, uint64_t value, int set,
                      const uint32_t *contexts, int n)
{
    uint32_t length = (uint32_t)bit_length(value), inner[CODER_INPUTS];
    uint32_t head =
        coder_tree(coder, 3, length < 7 ? length : 7, set, contexts, n);
    uint64_t out;
    int left, known;

    for (int i = 0; i < n; i++)
        inner[i] = coder_mix(contexts[i], 77 + head);
    if (head == 7)
        length = 7 + coder_tree(coder, 6, length - 7, set, inner, n);
    else
        length = head;
    if (length < 2)
        return length;
    if (length > 64)
        length = 64; /* only what is damaged says so */
    left = (int)length - 1;
    known = left < 3 ? left : 3;
    for (int i = 0; i < n; i++)
        inner[i] = coder_mix(contexts[i], 200 + length);
    out = 1;
    out = out << known |
          coder_tree(coder, known,
                     (uint32_t)(value >> (left - known)) & ((1u << known) - 1),
                     set, inner, n);
    for (left -= known; left > 0; left -= known) {
        known = left < 16 ? left : 16;
        out = out << known | coder_plain(coder, known,
                                         (uint32_t)(value >> (left - known)) &
                                             ((1u << known) - 1));
    }
    return out;
}
