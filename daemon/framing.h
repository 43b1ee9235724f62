/* Frames cut out of a stream, as both ends hear it. */
#ifndef YZ_FRAMING_H
#define YZ_FRAMING_H

#include "proto/message.h"

struct framing {
    struct buf heard;           /* the beginning of what is not whole yet */
    size_t room;                /* bytes kept of it at most */
    /* Take one frame, or the head, from the front of `rest`; 1 when there was
     * one, 0 if more bytes are needed, or an error. May change `room`. */
    int (*take)(void *user, struct bytes *rest, struct fault *fault);
    void *user;
    const char *what;           /* is heard, for a fault */
};

/* Hear a piece: every frame that is whole with it is taken. The first error
 * ends it; ERR_SIZE for a frame that finds no room. */
int framing_feed(struct framing *framing, struct bytes piece,
                 struct fault *fault);

#endif
