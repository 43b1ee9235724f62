/* TLS as a station speaks it: the hub is known by its key, the station by its
 * own, and no date, name or authority is asked. */
#ifndef YZ_TLS_H
#define YZ_TLS_H

#include "daemon/keys.h"

struct tls {
    const struct keys *keys;    /* our own; NULL: none is shown */
    const struct pins *hub;     /* present and next; NULL: nothing is pinned,
                                 * for enrolment, which proves by itself */
    char error[256];            /* what curl says of the transfer */
    bool by_next;               /* the connection is proven by hub->next */
};

/* Set up a curl handle for https:// and nothing else: no redirect, no proxy,
 * nothing of the environment. `tls` must outlive it; NULL: for http:// instead. Who
 * knows the hub calls tls_pins before each transfer. Both of the next accept NULL,
 * too. */
void tls_options(void *curl, struct tls *tls);
/* Only the hub's keys, as they are now, are taken for the hub. */
void tls_pins(void *curl, const struct tls *tls);
/* After a transfer: has the hub, on a connection that its next key has proven,
 * told the one after that? Of one that its present key has proven it counts for
 * nothing: whoever stole that must not say who the hub is from now on. */
bool tls_turned(void *curl, struct tls *tls, uint8_t next[32]);
/* Why a transfer failed: ERR_KEY, ERR_PORTAL or ERR_NET. `tls` may be NULL. */
int tls_fault(const struct tls *tls, int code, struct fault *fault);

#endif
