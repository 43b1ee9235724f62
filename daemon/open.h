/* Opening: everything a node needs before its loop runs, from its files. */
#ifndef YZ_OPEN_H
#define YZ_OPEN_H

#include "daemon/config.h"
#include "daemon/numbers.h"
#include "daemon/stations.h"
#include "store/store.h"

struct opened {
    struct numbers numbers;     /* hub */
    struct stations *stations;  /* hub */
    uint8_t key[32];            /* station: of its secret */
    struct store *store;
};

/* Data directory, lock, kinds, numbers, store, stations. `out` must live as
 * long as the store. On error nothing needs releasing. */
int node_open(const struct config *config, struct opened *out,
              struct fault *fault);
void node_opened_done(struct opened *opened);
/* The kind files of a directory. */
int kinds_load(const char *directory, struct kinds **out,
               struct fault *fault);

#endif
