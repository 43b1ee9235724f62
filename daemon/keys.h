/*
 * A machine's own keys, in DATA/keys, for this user alone: the P-256 key of its
 * TLS, at a hub also the one after it, and the X25519 secret that gives the key
 * of the frames. Drawn at the first start; nothing is to be set up. A hub's next
 * key can be made the present one: a turn, in which the X25519 secret stays.
 *
 * The certificate only carries the key over TLS, which wants one: it is made
 * anew at each start, signed by itself, and nobody judges its dates.
 */
#ifndef YZ_KEYS_H
#define YZ_KEYS_H

#include "daemon/enrol.h"

/* In which the hub's door tells the key after the one that the caller has seen
 * proven: the pin, in base64. */
#define KEYS_HEADER "Yizhan-Next"

struct keys {
    char *key, *certificate;    /* PEM */
    int64_t turned_ms;          /* hub: when it was done last, 0: never */
    uint8_t secret[32];
    struct pins pins;
};

/* Read them, or make them when there are none: durable on return. A file that
 * is damaged is never replaced: ERR_CORRUPT; ERR_IO, ERR_FAULT. */
int keys_open(const struct config *config, struct keys *out,
              struct fault *fault);
void keys_done(struct keys *keys);
/* Hub: make the next key the present one, draw a new next one, and delete what
 * was the present. Durable on return, here and in the off-box copy, which has it
 * first: what is told must never be lost. On error nothing has changed; a turn
 * whose end the disk did not confirm is ended by the next call. `keys` keeps its
 * place. ERR_CORRUPT when the file is not that of `keys`, ERR_IO, ERR_FAULT. */
int keys_turn(const struct config *config, struct keys *keys, int64_t now_ms,
              struct fault *fault);
/* SHA-256 of the SPKI of a certificate (DER): what is pinned. False if it is no
 * certificate. */
bool keys_pin(struct bytes der, uint8_t pin[32]);

#endif
