/*
 * A machine's own keys, in DATA/keys, for this user alone: the P-256 key of its
 * TLS, at a hub also the one after it, and the X25519 secret that gives the key
 * of the frames. Drawn at the first start; nothing is to be set up.
 *
 * The certificate only carries the key over TLS, which wants one: it is made
 * anew at each start, signed by itself, and nobody judges its dates.
 */
#ifndef YZ_KEYS_H
#define YZ_KEYS_H

#include "daemon/enrol.h"

struct keys {
    char *key, *certificate;    /* PEM */
    uint8_t secret[32];
    struct pins pins;
};

/* Read them, or make them when there are none: durable on return. A file that
 * is damaged is never replaced: ERR_CORRUPT; ERR_IO, ERR_FAULT. */
int keys_open(const struct config *config, struct keys *out,
              struct fault *fault);
void keys_done(struct keys *keys);
/* SHA-256 of the SPKI of a certificate (DER): what is pinned. False if it is no
 * certificate. */
bool keys_pin(struct bytes der, uint8_t pin[32]);

#endif
