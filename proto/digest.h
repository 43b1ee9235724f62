/*
 * Comparing two registers without sending them: digests of ranges of records,
 * chunk by chunk (rows.h: the rows, where they differ). These frames travel
 * inside an exchange; proto/README.md draws the bytes.
 */
#ifndef YZ_DIGEST_H
#define YZ_DIGEST_H

#include "proto/message.h"

enum {
    DIGEST_SIZE = 16,
    DIGEST_TEXT = 33,           /* its 32 digits and a NUL */
    RANGES = 64,                /* one ask speaks of */
    CHUNKS = 512                /* of one frame */
};

/* Records by their id, both ends included. */
struct range {
    struct id from, to;
};

int id_compare(const struct id *a, const struct id *b);
/* To the id after this one, or before it; false when there is none. */
bool id_next(struct id *id);
bool id_before(struct id *id);

/* Of a set of cells in force: the sum of theirs modulo 2^128, so that it does
 * not hang on an order, and parts of it can be added. */
struct digest {
    uint64_t records, cells;
    uint64_t low, high;
};

/* One cell: its place, and the change in force with its hash. The bytes are
 * in it as well as the hash, because either may rot on a disk. */
void digest_cell(const struct id *record, uint64_t cell, struct bytes key,
                 const struct hash *hash, struct bytes change,
                 uint8_t out[DIGEST_SIZE]);
void digest_add(struct digest *to, const uint8_t cell[DIGEST_SIZE]);
void digest_join(struct digest *to, const struct digest *more);
bool digest_equal(const struct digest *a, const struct digest *b);
void digest_text(const struct digest *digest, char out[DIGEST_TEXT]);

/* ---- ask ---- */

struct grained {
    struct range range;
    uint64_t grain;             /* cells a chunk has, at least; 0: rows */
};

struct digest_ask {
    char stream[STREAM_MAX + 1];
    int ranges;
    struct grained part[RANGES];        /* rising, and apart */
};

void digest_ask_write(const struct digest_ask *ask, struct buf *out);
int digest_ask_read(struct bytes in, struct digest_ask *out);

/* ---- answer ---- */

/* A range cut into chunks that follow one another, each up to `to`. */
struct chunk {
    struct id to;
    struct digest sum;
};

struct digests {
    uint64_t seq;               /* newest news of the stream when this was
                                 * made: whoever has them sees the same */
    struct id from;
    int chunks;                 /* from 1 */
    struct chunk chunk[CHUNKS];
};

void digests_write(const struct digests *digests, struct buf *out);
int digests_read(struct bytes in, struct digests *out);

#endif
