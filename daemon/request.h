/*
 * One HTTP request and its reply, without an HTTP library: what the door hands
 * to the handlers and what they hand back.
 *
 * A route's life: begin (the head came) -> piece ... (the body, as it comes)
 * -> end (all of it came) -> the turn's commit -> ready -> the reply goes out,
 * drawn by fill while there is more -> drop. drop comes in any case, also when
 * the caller is gone, and nothing comes after it. An error from begin, piece,
 * end or ready becomes the reply. What takes long sets `later` in end, and calls
 * request_done when it is done.
 */
#ifndef YZ_REQUEST_H
#define YZ_REQUEST_H

#include "proto/buf.h"
#include "proto/err.h"

enum {
    QUERY_MAX = 16,
    BODY_MAX = 1024 * 1024,             /* of a request kept in memory */
    REPLY_MAX = 8 * 1024 * 1024,        /* of a reply, or of one fill */
    REPLY_STEP = 16 * 1024              /* what fill should give at a time */
};

struct node;
struct request;

struct reply {
    int status;                 /* HTTP; 0 is 200 */
    const char *type;           /* media type; NULL is JSON */
    int64_t wait_ms;            /* not before: asked again it may do */
    struct buf body;            /* all of it, or what stands before `fill` */
    /* Append the next piece to reply.body; nothing appended is the end. */
    int (*fill)(struct request *request);
    bool slow;                  /* the next pieces are much work: one a turn */
};

struct route {
    const char *method, *path;
    const char *query;          /* names it may be asked with, a blank between
                                 * two; NULL: none */
    bool personal;              /* reading it needs the token too */
    const char *type;           /* media type the body must have, NULL: none */
    bool bare;                  /* or no type at all: then the reply has none */
    size_t max;                 /* bytes of body kept in request.body; 0: all
                                 * goes to `piece`, without a bound */
    int (*begin)(struct request *request, struct fault *fault);
    int (*piece)(struct request *request, struct bytes data,
                 struct fault *fault);
    int (*end)(struct request *request, struct fault *fault);
    int (*ready)(struct request *request, struct fault *fault);
    void (*drop)(struct request *request);
};

struct request {
    struct node *node;
    const struct route *route;
    const char *secret;         /* the door's token */
    uint8_t pin[32];            /* of the TLS key the caller holds ... */
    bool keyed;                 /* ... if it holds one */
    bool bare;                  /* it came without a type */
    bool admitted;              /* an exchange that its quota allows */
    struct {
        const char *name, *value;
    } query[QUERY_MAX];
    int queries;
    struct buf body;
    void *state;                /* the handler's, released by drop */
    bool later;                 /* `end` says: it is done with request_done */
    struct reply reply;
    /* Other requests that are at this door. */
    struct request *next, *prev;
};

/* NULL ends the table with a method of NULL. ERR_* of a route that is missing:
 * NULL, and *known tells whether the path has another method. */
const struct route *route_find(const struct route *routes, const char *method,
                               const char *path, bool *known);

/* Is `name` among `names`, with a blank between two? */
bool name_among(const char *name, const char *names);
/* May it be asked with this? Each may say who asks: "author". */
bool route_takes(const struct route *route, const char *name);

/* NULL when it was not given. */
const char *request_query(const struct request *request, const char *name);
/* Given and not "", "0", "false" or "no". */
bool request_asks(const struct request *request, const char *name);
/* What began in `end` with `later` is done: 0, or the fault is the reply. (This
 * and the next in talk.c.) */
void request_done(struct request *request, const struct fault *fault);
/* Cut the caller off; drop comes later. */
void request_abort(struct request *request);

/* Make `fault` the whole reply. `status` 0: what http_status says. */
void reply_fault(struct reply *reply, int status, const struct fault *fault);
void reply_text(struct reply *reply, const char *type, const char *text);
int http_status(int err);

#endif
