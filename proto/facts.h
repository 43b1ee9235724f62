/*
 * Changes that the hub decided once and has lost, with the receipt it gave for
 * them: one frame holds both, so that each can be judged by the other.
 * proto/README.md draws the bytes.
 */
#ifndef YZ_FACTS_H
#define YZ_FACTS_H

#include "proto/message.h"

struct facts {
    uint64_t life;              /* of the hub when it gave the receipt */
    struct confirm confirm;     /* as it was given */
    struct bytes batch;         /* for batch_read; points into the payload */
};

/* `confirm` as it came from the hub, `batch` as batch_close wrote it. */
void facts_write(uint64_t life, struct bytes confirm, struct bytes batch,
                 struct buf *out);
int facts_read(struct bytes in, struct facts *out);     /* ERR_FORMAT */
/* Is the receipt the hub's own, and do the changes of `batch` end where it says?
 * The batch is read to its end, from where it stands. ERR_MAC, ERR_FORMAT. */
int facts_check(const struct facts *facts, const struct batch *batch,
                const struct id *hub, const uint8_t key[32]);
/* The changes a receipt speaks of. */
uint64_t confirm_count(const struct confirm *confirm);
/* The hub's MAC over what a confirm says. */
void confirm_mac(const struct confirm *confirm, const struct id *hub,
                 uint64_t life, const uint8_t key[32], uint8_t out[HASH_SIZE]);

#endif
