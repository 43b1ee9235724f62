/* Enrolment at the hub's public door, from the command line: one note there, one
 * back. The line is not trusted, and nothing secret goes over it. */
#ifndef YZ_KNOCK_H
#define YZ_KNOCK_H

#include "daemon/client.h"

/* 0 when a reply came, whatever its status; `out` is released in any case, with
 * client_reply_done. ERR_NET, ERR_PORTAL, ERR_SIZE. */
int knock(const char *url, struct bytes note, struct client_reply *out,
          struct fault *fault);

#endif
