/*
 * The uplink: HTTP out, libcurl on the node's loop. Carries one exchange at a
 * time; the connection is kept for the next one.
 */
#ifndef YZ_UPLINK_H
#define YZ_UPLINK_H

#include "daemon/exchange.h"
#include "daemon/tls.h"

#include <uv.h>

struct uplink;

struct uplink_end {
    int err;                    /* 0, or why it failed: ERR_NET, ERR_PORTAL,
                                 * ERR_REFUSED, or the store's own */
    struct fault fault;
    int http_status;
    int64_t retry_after_ms;     /* the hub asks to wait, else 0 */
    struct asked asked;
    uint64_t unsent;            /* bytes of gone_up that did not arrive */
    bool turned;                /* the hub shows its next key, and told ... */
    uint8_t next[32];           /* ... the one after that: see tls_turned */
};

typedef void (*uplink_fn)(void *user, const struct uplink_end *end);

/* `url` is the hub's, without a slash at its end; `tls` is the caller's and
 * outlives it, NULL: plain HTTP to this machine. */
struct uplink *uplink_open(uv_loop_t *loop, const char *url, struct tls *tls);
/* Cuts a running exchange off without calling back; freed by the loop. */
void uplink_close(struct uplink *uplink);
/* Takes over `asking`. `done` is called once, from the loop. */
void uplink_start(struct uplink *uplink, struct asking *asking,
                  int64_t connect_ms, uplink_fn done, void *user);
/* Of the exchange that runs: bytes that went up or came down so far, as the other
 * end has them; `owed`: it has yet to say so, or is in the middle of its answer. */
void uplink_moved(const struct uplink *uplink, uint64_t *bytes, bool *owed);
/* End the exchange that runs: nothing moves. Calls `done`. */
void uplink_give_up(struct uplink *uplink);

/* Does the line pass small packets only, as far as is known? */
bool uplink_small(const struct uplink *uplink);

#endif
