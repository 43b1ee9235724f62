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
};

/* Set up a curl handle for https:// and nothing else; `tls` must outlive it. */
void tls_options(void *curl, struct tls *tls);
/* Why a transfer failed: ERR_KEY, ERR_PORTAL or ERR_NET. `tls` may be NULL. */
int tls_fault(const struct tls *tls, int code, struct fault *fault);

#endif
