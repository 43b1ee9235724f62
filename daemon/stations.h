/* Who may speak with this hub: stations.conf, one section for each station.
 * Enrolment with keys will replace this one file. */
#ifndef YZ_STATIONS_H
#define YZ_STATIONS_H

#include "daemon/exchange.h"

struct stations;

/* Read and check all of it, secrets included. `org` is the hub's own: every
 * station's begins with it. On error *out is NULL and `fault` names file and
 * line. */
int stations_read(const char *file, const char *org, struct stations **out,
                  struct fault *fault);
void stations_free(struct stations *stations);

/* A speaker_fn: `stations` is a struct stations. NULL for a stranger. */
const struct speaker *stations_find(void *stations, const char *name);
/* For store_stations; belongs to `stations`. */
const struct station *stations_list(const struct stations *stations,
                                    int *count);

/* The key that a secret file gives, its last line end not counted. ERR_CONFIG
 * when it cannot be read, is short, or others may read it. */
int secret_read(const char *file, uint8_t key[32], struct fault *fault);

#endif
