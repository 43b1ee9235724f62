/*
 * The parts of a message that a fuzzer cannot make by changing bytes, because
 * they are deflated or carry a checksum: made here from plain bytes, so that
 * a change of the input is a change of what the product reads.
 */
#ifndef YZ_FUZZ_PACK_H
#define YZ_FUZZ_PACK_H

#include "proto/message.h"

/* What stands before the rows of a batch. */
struct pack_head {
    uint8_t version, layout;
    uint8_t kinds[HASH_SIZE];
    struct id origin;
    uint64_t first;
    struct hash before;
    uint64_t places;
};

/* A batch as the wire has it, its checksum right: also one that the product's
 * own writer would never make. */
void pack_batch(const struct pack_head *head, struct bytes rows,
                struct buf *out);
/* From plain bytes: head as on the wire, then the rows to the end. */
void pack_batch_from(struct cut *in, struct buf *out);
/* A frame of news from plain bytes: stream, from, to, as of, more, count as on
 * the wire, then the items to the end. */
void pack_news_from(struct cut *in, struct buf *out);
/* The text of the kinds, as the frame KINDS has it. */
void pack_kinds(struct bytes text, struct buf *out);

#endif
