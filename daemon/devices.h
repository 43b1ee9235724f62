/*
 * Hub: who may speak, by key. The allow-list and the open invitations are one
 * small file, DATA/devices, replaced whole by each change, so that a power cut
 * never leaves an invitation used up and nobody let in. No secret of a station
 * is in it.
 */
#ifndef YZ_DEVICES_H
#define YZ_DEVICES_H

#include "daemon/exchange.h"
#include "daemon/keys.h"

struct devices;

struct device {
    char name[STATION_MAX + 1], org[ORG_MAX + 1];
    struct pins pins;
    int64_t since_ms;           /* the hub's clock */
    bool revoked;
};

/* Read them; none at a new hub. `keys` must live as long. */
int devices_open(const struct config *config, const struct keys *keys,
                 struct devices **out, struct fault *fault);
void devices_free(struct devices *devices);

/* A code for one PC of `org`, good for 72 hours and five tries. ERR_VALUE. */
int devices_invite(struct devices *devices, const char *org, int64_t now_ms,
                   char code[CODE_TEXT], struct fault *fault);
/* Let in whoever wrote this note, if its code is good, and write the hub's note.
 * The same note again gives the same answer. *fresh: it, if it is new here, else
 * NULL. ERR_CODE, ERR_FORMAT, ERR_IO. */
int devices_admit(struct devices *devices, struct bytes ask, int64_t now_ms,
                  struct buf *answer, const struct device **fresh,
                  struct fault *fault);
/* From the next request on it is nobody's. ERR_STATION when there is none. */
int devices_revoke(struct devices *devices, const char *name,
                   struct fault *fault);

/* NULL past the last one. */
const struct device *devices_at(const struct devices *devices, int i);
/* Of the TLS key with this pin; NULL for a stranger. */
const struct device *devices_of(const struct devices *devices,
                                const uint8_t pin[32]);
/* Who speaks with this name over this key; NULL if nobody may. */
const struct speaker *devices_speaker(struct devices *devices,
                                      const uint8_t pin[32],
                                      const char *name);
/* Of this name, however it comes; NULL if nobody may. */
const struct speaker *devices_named(const struct devices *devices,
                                    const char *name);
/* For store_stations; good until the next change. */
const struct station *devices_list(struct devices *devices, int *count);
/* What both sides show of this device's keys and the hub's. */
void devices_check(const struct devices *devices, const struct device *device,
                   char out[CHECK_TEXT]);

#endif
