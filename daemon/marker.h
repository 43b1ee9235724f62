/*
 * A small file beside the database, which says that there is one: a data
 * directory that lost its database must not begin with an empty register in
 * silence.
 */
#ifndef YZ_MARKER_H
#define YZ_MARKER_H

#include "daemon/config.h"

/* May a store be opened in this directory, or made? ERR_MISSING: there was one,
 * ERR_RESTORING: a restore was cut; `fault` says what to do. *there tells whether
 * there is one. */
int marker_check(const struct config *config, bool *there,
                 struct fault *fault);
/* A store is there now. Nothing is written when that is known. */
int marker_ready(const struct config *config, struct fault *fault);
/* The name a restore that was cut keeps the old store under, "" if there was
 * none. */
int marker_kept(const struct config *config, char *out, size_t size,
                struct fault *fault);
/* A restore begins, which keeps what was there under the name `kept`. */
int marker_restoring(const struct config *config, const char *kept,
                     struct fault *fault);

#endif
