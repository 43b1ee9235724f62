/*
 * One request on one connection: the private half of door.h. The chart of a
 * talk, with the function that makes each move:
 *
 *   BODY --talk_request: all came--> WAIT --on_saved--> SEND --> (dropped)
 *   BODY --a refusal or an error-------------------> SEND
 *
 * In WAIT the connection is suspended: the turn's commit is under way, or
 * before it a job.
 */
#ifndef YZ_TALK_H
#define YZ_TALK_H

#include "daemon/guard.h"
#include "daemon/keys.h"
#include "daemon/node.h"
#include "daemon/request.h"

#include <microhttpd.h>

struct caller {                 /* one connection */
    struct door *door;
    struct MHD_Connection *connection;
    int socket;
    struct talk *talk;          /* its request, NULL between two */
    bool told;                  /* it knows the hub's next key */
    uint64_t since;             /* loop time of the last progress seen */
    struct caller *next, *prev;
};

struct door {
    struct node *node;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_timer_t timer;
    int handles;                /* still open */
    struct listen where;
    bool public;
    unsigned places;            /* callers at a time */
    const struct route *routes;
    bool tls;
    struct MHD_OptionItem options[5];   /* of TLS; none at a plain door */
    char token[TOKEN_TEXT + 1];
    struct caller *callers;
    bool left;                  /* a caller has gone in this run */
    bool slow;                  /* a piece of this run was much work */
    uint64_t swept;             /* loop time of the last look at them */
    struct request *requests;
};

enum talk_stage { TALK_BODY, TALK_WAIT, TALK_SEND };

struct talk {
    struct request request;     /* first: request_abort goes back by it */
    struct door *door;
    struct MHD_Connection *connection;
    struct caller *caller;
    enum talk_stage stage;
    struct node_wait wait;
    bool refused;               /* `fault` is the answer ... */
    int status;                 /* ... with this status, 0: by the fault */
    struct fault fault;
    uint64_t came, marked;      /* bytes of body; at the last look */
    size_t sent;                /* bytes of reply.body gone */
};

/* MHD's access handler and its end; `door` is their closure. */
enum MHD_Result talk_request(void *door, struct MHD_Connection *connection,
                             const char *path, const char *method,
                             const char *version, const char *data,
                             size_t *len, void **out);
void talk_done(void *door, struct MHD_Connection *connection, void **talk,
               enum MHD_RequestTerminationCode why);
/* Let MHD go on now, in the next turn of the loop. (In door.c.) */
void door_wake(struct door *door);

/* ---- door_tls.c ---- */

/* Before MHD starts. `keys` must live as long as the door. */
void door_tls_open(struct door *door, const struct keys *keys);
/* The pin of the key this caller has proven to hold; false if there is none. */
bool door_tls_pin(struct MHD_Connection *connection, uint8_t pin[32]);
/* At a public door add the header that tells the hub's next key, where that is to
 * be told. False at a local door. */
bool door_tls_tell(const struct talk *talk, struct MHD_Response *response);

#endif
