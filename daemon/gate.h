/* The one way in at a hub's public door: POST /exchange. */
#ifndef YZ_GATE_H
#define YZ_GATE_H

#include "daemon/exchange.h"
#include "daemon/request.h"

struct stations;

extern const struct route gate_routes[];

/* Who may speak: the node has read them, and told the store. (In node.c.) */
struct stations *node_stations(struct node *node);

#endif
