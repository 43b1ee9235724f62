/*
 * The command line's half of the loopback door: one request, one reply. With
 * daemon/uplink.c the only place that knows libcurl.
 */
#ifndef YZ_CLIENT_H
#define YZ_CLIENT_H

#include "daemon/config.h"

#include <stdio.h>

enum {
    CLIENT_REPLY_MAX = 64 * 1024 * 1024,       /* bytes of a reply kept whole */
    CLIENT_LINE_MAX = 1024 * 1024        /* bytes of one line passed on */
};

struct client;

/* The door of the daemon that runs with this configuration. Its token is read
 * again for each request that needs it: a daemon may have started since. */
struct client *client_new(const struct config *config);
void client_free(struct client *client);
/* In whose name it asks; "": nobody's. */
void client_author(struct client *client, const char *name);

struct client_call {
    const char *method;         /* "GET" or "POST" */
    const char *path;           /* "/api/show?id=..." */
    const char *type;           /* of the body; NULL: application/json */
    struct bytes body;          /* of a POST, from memory ... */
    FILE *file;                 /* ... or from a stream, to its end */
    uint64_t size;              /* of the stream, 0: not known */
    long timeout_ms;            /* for all of it, 0: none */
    /* Called with each line of a good reply, without its line feed, instead of
     * keeping it; non-zero stops. */
    int (*line)(void *user, struct bytes line);
    /* The same with pieces as they come. */
    int (*data)(void *user, struct bytes piece);
    /* Called now and then while the body goes up. */
    void (*sent)(void *user, uint64_t sent, uint64_t size);
    void *user;
};

struct client_reply {
    long status;                /* of HTTP */
    struct buf body;            /* also of a refusal; empty with `line`
                                 * and with `data` */
};

/* 0 when a reply came, whatever its status; `out` is released in any case, with
 * client_reply_done. A daemon that says nothing for 90 seconds, also when it is
 * asked something else meanwhile: ERR_BUSY, and of a POST ERR_UNKNOWN. ERR_DOOR
 * nobody listens, ERR_DENIED the token cannot be read, ERR_SIZE the reply is too
 * long, ERR_FORMAT it was cut short, or what `line` or `data` returned. */
int client_do(struct client *client, const struct client_call *call,
              struct client_reply *out, struct fault *fault);
void client_reply_done(struct client_reply *reply);

/* Append `text` to `out` as the value of a query. */
void client_escape(const char *text, struct buf *out);

#endif
