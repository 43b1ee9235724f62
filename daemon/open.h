/* Opening: everything a node needs before its loop runs, from its files. */
#ifndef YZ_OPEN_H
#define YZ_OPEN_H

#include "daemon/devices.h"
#include "daemon/enrolled.h"
#include "daemon/numbers.h"
#include "daemon/quota.h"
#include "daemon/stations.h"
#include "store/store.h"

struct opened {
    struct numbers numbers;     /* hub */
    struct keys keys;           /* unless secrets are shared */
    struct stations *stations;  /* hub: who shares a secret with it, or ... */
    struct devices *devices;    /* ... who is enrolled */
    bool enrolled;              /* station */
    struct enrolled county;     /* station: what that left */
    char name[STATION_MAX + 1]; /* station: as the hub knows it */
    uint8_t key[32];            /* station: of the frames */
    struct quota quota;         /* hub: who came how often */
    struct store *store;
};

/* Data directory, lock, kinds, numbers, store, stations. `out` must live as
 * long as the store. On error nothing needs releasing. */
int node_open(const struct config *config, struct opened *out,
              struct fault *fault);
void node_opened_done(struct opened *opened);
/* Station: take in an enrolment that was just made or read. */
int node_enrol(struct opened *opened, struct fault *fault);
/* Hub: tell the store who may speak; the caller commits. */
int node_tell_stations(struct opened *opened, struct fault *fault);
/* The kind files of a directory. */
int kinds_load(const char *directory, struct kinds **out,
               struct fault *fault);

#endif
