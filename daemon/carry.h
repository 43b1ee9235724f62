/* The node's part in an exchange on a stick: what bundles need of it, and what
 * it learns from them. */
#ifndef YZ_CARRY_H
#define YZ_CARRY_H

#include "daemon/exchange.h"

struct node;

/* Of this station. */
const uint8_t *carry_key(const struct node *node);
/* Count the station's bundles; what was drawn is durable with the commit of
 * this turn. */
int carry_number(struct node *node, uint64_t *out);
/* A bundle's answer was settled. */
void carry_settled(struct node *node, const struct asked *asked);

#endif
