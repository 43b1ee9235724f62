/* The token of the loopback door: whoever can read the file may write. */
#ifndef YZ_TOKEN_H
#define YZ_TOKEN_H

#include "daemon/config.h"
#include "daemon/guard.h"

/* Read DATA/token, or make it when it is missing or no token (readable by its
 * owner only, whole or absent after a power cut). `out` holds TOKEN_TEXT + 1
 * bytes. ERR_IO. */
int token_open(const struct config *config, char *out, struct fault *fault);

#endif
