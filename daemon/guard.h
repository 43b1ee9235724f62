/*
 * What the door asks of the head of a request before anybody else sees it.
 * Pure: header lines go in, a refusal comes out.
 *
 * libmicrohttpd 0.9.75 lets some malformed framing through (two lengths, a
 * length beside Transfer-Encoding, a missing or double Host, a blank before the
 * colon): a proxy that reads such a request in another way could smuggle a
 * second one past us. And any web page open in a browser on this PC can try to
 * reach the loopback door, hence Host, Origin and the token.
 */
#ifndef YZ_GUARD_H
#define YZ_GUARD_H

#include "daemon/config.h"

enum { TOKEN_TEXT = 64, HEAD_MAX = 16 * 1024 };

struct guard {
    const char *host, *origin, *site, *type, *length, *coding, *authorization;
    int hosts, origins, lengths, codings, types, authorizations;
    size_t size;                /* of all header lines */
    bool malformed;
    bool chunked;               /* set by guard_framing */
    uint64_t bytes;             /* the stated length, 0 without */
};

/* One header line; `name` and `value` must live as long as `guard`. */
void guard_see(struct guard *guard, struct bytes name, struct bytes value);

/* Each returns 0 or the HTTP status to refuse with, and fills `fault`. */
int guard_framing(struct guard *guard, struct fault *fault);
int guard_local(const struct guard *guard, const struct listen *where,
                struct fault *fault);
int guard_token(const struct guard *guard, const char *token,
                struct fault *fault);
int guard_type(const struct guard *guard, const char *type,
               struct fault *fault);

#endif
