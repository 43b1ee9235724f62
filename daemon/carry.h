/* The node's part in an exchange on a stick: what bundles need of it, and what
 * it learns from them. */
#ifndef YZ_CARRY_H
#define YZ_CARRY_H

#include "daemon/exchange.h"

struct node;

/* May this machine seal and open bundles yet? ERR_ENROL. */
int carry_may(const struct node *node, struct fault *fault);
/* Of this station. */
const char *carry_name(const struct node *node);
const uint8_t *carry_key(const struct node *node);
/* A speaker_fn at the hub; `node` is a struct node. The seal of a bundle proves
 * who wrote it, so the name is enough to find whose key to try. */
const struct speaker *carry_speaker(void *node, const char *name);
/* Count the station's bundles; what was drawn is durable with the commit of
 * this turn. */
int carry_number(struct node *node, uint64_t *out);
/* A bundle's answer was settled. */
void carry_settled(struct node *node, const struct asked *asked);

#endif
