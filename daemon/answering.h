/* An exchange as the hub has it before it: guts of answer.c, which tells, and
 * answer_hear.c. */
#ifndef YZ_ANSWERING_H
#define YZ_ANSWERING_H

#include "daemon/compared.h"
#include "daemon/exchange.h"
#include "daemon/framing.h"

enum phase { TELL_HEAD, TELL_KINDS, TELL_CONFIRM, TELL_NEWS, TELL_COMPARED,
             TELL_END, TOLD };

struct answer {
    struct store *store;
    speaker_fn speaker;
    void *user;
    int64_t wall_ms;
    char name[STATION_MAX + 1];
    struct station station;
    struct wire in, out;
    bool greeted, helloed, whole;
    struct hello hello;
    uint64_t forked_at[HEADS];  /* 0: not, as far as this ask tells */
    struct framing framing;
    uint64_t taken;
    uint64_t turns_lost;        /* of the store when it began */
    struct welcome welcome;
    enum phase phase;
    int head, stream;
    bool spoken;                /* of this head */
    uint64_t cursor;            /* of the stream being told */
    bool cursor_set;
    size_t room;
    struct buf telling;
    size_t told;
    struct compared *compared;  /* NULL: nothing is asked */
    struct confirm confirm;     /* scratch: large */
};

/* Bytes kept of an ask whose first MAC has not been seen: more than any hello. */
enum { STRANGER_MAX = 32 * 1024 };

/* Take one frame of the ask: the framing's. (In answer_hear.c.) */
int answer_hear(void *answer, struct bytes *rest, struct fault *fault);

#endif
