/*
 * Coder: numbers and texts into few bytes and back.
 *
 * A binary arithmetic coder. Each decision has a chance that is mixed from what
 * was seen in up to four contexts, and learned from as it is coded; both ends
 * learn the same. One function does both directions: writing, it takes the
 * value, reading, it returns it. proto/README.md says every sum.
 */
#ifndef YZ_CODER_H
#define YZ_CODER_H

#include "proto/buf.h"

enum {
    SLOT_BITS = 17,             /* chances that are learned */
    CODER_INPUTS = 4,           /* contexts of one decision, at most */
    LEARNED_LIMIT = 127,        /* seen so often, a chance moves no slower */
    CODER_SETS = 128             /* sets of weights, by what is decided */
};

struct learned {
    uint32_t slot[1 << SLOT_BITS];      /* a chance, 22 bits; how often, 10 */
    int32_t weight[CODER_SETS][CODER_INPUTS];
    int16_t stretch[4096];      /* tables, made once */
    int32_t pace[LEARNED_LIMIT + 1];
};

struct coder {
    struct learned *learned;
    bool reading;
    uint32_t range;
    uint64_t low;               /* writing */
    struct buf *out;
    size_t start;               /* of what is written, in `out` */
    uint32_t code;              /* reading */
    struct cut in;
};

/* What a mind that has learned nothing holds. */
void learned_init(struct learned *learned);

void coder_write(struct coder *coder, struct learned *learned,
                 struct buf *out);
void coder_read(struct coder *coder, struct learned *learned,
                struct bytes in);
/* Writing: the last bytes. */
void coder_flush(struct coder *coder);
/* Reading: was all of it used? */
bool coder_done(const struct coder *coder);

/* `value` below 1 << bits, told by `n` contexts (hashes), with the weights of
 * `set`. */
uint32_t coder_tree(struct coder *coder, int bits, uint32_t value, int set,
                    const uint32_t *contexts, int n);
/* Any number; small ones are cheap where they are usual. */
uint64_t coder_number(struct coder *coder, uint64_t value, int set,
                      const uint32_t *contexts, int n);
/* What nobody can guess: `value` below `many`, at most 1 << 20. */
uint32_t coder_even(struct coder *coder, uint32_t many, uint32_t value);
/* The same for `value` below 1 << bits, at most 16 of them. */
uint32_t coder_plain(struct coder *coder, int bits, uint32_t value);
void coder_plain_bytes(struct coder *coder, uint8_t *bytes, size_t len);

uint32_t coder_mix(uint32_t a, uint32_t b);

#endif
