/*
 * A batch: consecutive changes of one origin, as they travel.
 *
 * The head is plain and states the size of what is deflated behind it, so that
 * nothing is inflated before its bound is known. The checksum is over what the
 * head says and the changes in canonical form. proto/README.md draws the bytes.
 */
#ifndef YZ_BATCH_H
#define YZ_BATCH_H

#include "proto/change.h"

enum {
    BATCH_RAW_MAX = 320 * 1024, /* bytes of the changes of one batch */
    BATCH_SIZE_MIN = 1024,      /* what the sender aims at, before deflate */
    BATCH_SIZE_MAX = 256 * 1024,
    BATCH_MAX = BATCH_RAW_MAX + 1024    /* bytes of one batch on the wire */
};

struct batch {
    uint8_t kinds[HASH_SIZE];   /* the kinds it was written under */
    struct id origin;
    uint64_t first;             /* n of its first change */
    struct hash before;         /* hash of the change before `first` */
    uint64_t count;
    struct buf raw;             /* the changes, inflated */
    struct cut rest;            /* where batch_next stands */
    struct hash at;             /* hash of the change last read */
    uint64_t life;              /* of the hub, that its ask knew; 0: not said */
};

/* One place in a batch. `bytes` is empty when the change could no longer be
 * read at its origin: then only its hash is there. */
struct place {
    uint64_t n;
    struct bytes bytes;
    struct hash hash;
};

/* Writing: open, add until it returns false (did not fit), close. */
struct batch_writer {
    struct buf raw;
    struct batch head;
};

void batch_open(struct batch_writer *writer, const uint8_t *kinds,
                const struct id *origin, uint64_t first,
                const struct hash *before);
/* False when it would pass `size` bytes (or BATCH_RAW_MAX) and is not the
 * first: nothing added. */
bool batch_add(struct batch_writer *writer, struct bytes canonical,
               const struct hash *hash, size_t size);
/* Append the batch, which has a place at least, to `out` and release the
 * writer. ERR_SIZE; `out` is then of no use. */
int batch_close(struct batch_writer *writer, struct buf *out);
void batch_drop(struct batch_writer *writer);

/* Check and inflate. On error nothing needs releasing. ERR_FORMAT,
 * ERR_VERSION, ERR_SIZE, ERR_CHECKSUM. */
int batch_read(struct bytes in, struct batch *out, struct fault *fault);
void batch_done(struct batch *batch);
/* Next place: 1 with one, 0 at the end, ERR_FORMAT. */
int batch_next(struct batch *batch, struct place *out);

/* zlib: append to `out`. Nothing becomes nothing. ERR_SIZE when it does not
 * fit, and then nothing is added. */
int deflate_bytes(struct bytes in, struct buf *out);
/* Append exactly `size` bytes. ERR_FORMAT when it inflates to any other size or
 * bytes follow, ERR_SIZE when `out` has no room; then nothing is added. */
int inflate_bytes(struct bytes in, size_t size, struct buf *out);

#endif
