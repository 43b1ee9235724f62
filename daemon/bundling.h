/* The guts of bundle.c, which packs, and of unbundle.c. */
#ifndef YZ_BUNDLING_H
#define YZ_BUNDLING_H

#include "daemon/bundle.h"

struct packing {
    struct bundle_head head;
    struct bundle_counts counts;        /* known at its end */
    struct bundle_writer writer;
    uint8_t key[32];            /* of the bundle */
    enum { PACK_HEAD, PACK_MESSAGE, PACKED } stage;
    struct asking *asking;      /* an ask, its own ... */
    struct answer *answer;      /* ... or an answer, somebody else's */
    uint64_t waiting;           /* changes without an answer when it began */
};

/* `key` is the station's. */
struct packing *packing_new(const struct bundle_head *head,
                            const uint8_t key[32]);

#endif
