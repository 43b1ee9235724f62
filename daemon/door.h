/*
 * A door: HTTP in, one libmicrohttpd instance for one listening address, driven
 * by the node's loop. The local door serves the API (api.h) to this machine;
 * a hub's public door serves the exchange (gate.h) and nothing else.
 */
#ifndef YZ_DOOR_H
#define YZ_DOOR_H

#include "daemon/node.h"

struct door;

/* ERR_CONFIG when the address cannot be had, ERR_IO when the token cannot. */
int door_open(struct node *node, const struct listen *where, bool public,
              struct door **out, struct fault *fault);
/* A public door that shows the keys as they are now: it takes over the place, and
 * everybody comes anew. On error there is none any more: *door is NULL. */
int door_anew(struct door **door, struct fault *fault);
/* Cut everybody off. The door is freed once the loop has closed its handles;
 * NULL is accepted. */
void door_close(struct door *door);

#endif
