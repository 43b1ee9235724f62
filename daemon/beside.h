/* A hub's keys and its list of devices, beside its backups: without them every PC
 * of the county would have to enrol anew. */
#ifndef YZ_BESIDE_H
#define YZ_BESIDE_H

#include "daemon/config.h"

/* Write what a hub has of them into the directory `dir`, in place of what was
 * there: DIR/hub-NAME.keys and .devices. Nothing to do at a station. */
int beside_keep(const struct config *config, const char *dir,
                struct fault *fault);
/* Write `content` there as the hub's keys, before the hub itself has them. */
int beside_keys(const struct config *config, const char *dir,
                struct bytes content, struct fault *fault);
/* Bring back from beside `file` what this machine has lost. What is there stays:
 * a list that is older than it would let in who was revoked since. */
int beside_take(const struct config *config, const char *file,
                struct fault *fault);

#endif
