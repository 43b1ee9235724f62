/* An exchange as a station has it before it: guts of asking.c, which says, and
 * asking_hear.c. */
#ifndef YZ_ASKING_H
#define YZ_ASKING_H

#include "daemon/framing.h"
#include "daemon/reconcile.h"

enum phase { SAY_HEAD, SAY_BATCHES, SAY_END, SAID };

struct asking {
    struct store *store;
    char station[STATION_MAX + 1];
    struct asking_plan plan;
    struct later *later;
    struct hello hello;
    bool brief;                 /* the hub reads what is told briefly */
    size_t bytes;               /* no further batch behind so many */
    int rc;                     /* of making it */
    struct wire out, in;
    enum phase phase;
    int head;                   /* which origin is being packed */
    uint64_t next;              /* n to go on from; 0: its first */
    int batches;
    bool left;                  /* changes stayed behind for the next ask */
    struct buf saying;          /* bytes not yet read, from `said` on */
    size_t said;
    bool greeted;               /* the answer's head was read */
    struct framing framing;
    struct asked asked;
    uint8_t more_of[STREAM_MAX];        /* what the last frame spoke of */
    size_t more_of_len;
    bool more;                  /* and what it said of more */
    uint64_t heads, streams;    /* a bit for each of the hello's heads and the
                                 * welcome's streams that it spoke of */
    struct welcome welcome;     /* of the hub that answers */
    bool terse;                 /* some batch was told in few bytes */
    struct reconcile *reconcile;        /* rides along; NULL: none */
    struct confirm confirm;     /* scratch: large */
};

/* Take one frame of the answer: the framing's. (In asking_hear.c.) */
int asking_hear(void *asking, struct bytes *rest, struct fault *fault);

#endif
