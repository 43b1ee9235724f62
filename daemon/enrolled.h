/* Station: what its enrolment left, in DATA/enrolled: the hub's address and
 * keys, and the name under which the hub knows this machine. */
#ifndef YZ_ENROLLED_H
#define YZ_ENROLLED_H

#include "daemon/enrol.h"

struct enrolled {
    char url[CONFIG_HOST];      /* where it enrolled; "" by a stick */
    struct note note;           /* the hub's: its keys, org and name */
};

/* 1, 0 when this machine is not enrolled, ERR_CORRUPT, ERR_IO. */
int enrolled_read(const struct config *config, struct enrolled *out,
                  struct fault *fault);
/* The hub has made its next key the present one, and `next` is the one after it:
 * kept like that. Durable on return; on error nothing has changed. */
int enrolled_turn(const struct config *config, struct enrolled *enrolled,
                  const uint8_t next[32], struct fault *fault);
/* Durable on return. */
int enrolled_write(const struct config *config,
                   const struct enrolled *enrolled, struct fault *fault);

#endif
