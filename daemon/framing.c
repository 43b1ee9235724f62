#include "daemon/framing.h"

#include <string.h>

static int take_all(struct framing *framing, struct fault *fault)
{
    struct buf *heard = &framing->heard;
    struct bytes rest = buf_view(heard);
    int rc;

    while ((rc = framing->take(framing->user, &rest, fault)) == 1)
        ;
    if (rc < 0)
        return rc;
    if (rest.len < heard->len && rest.len > 0)
        memmove(heard->data, rest.data, rest.len);
    heard->len = rest.len;
    return 0;
}

int framing_feed(struct framing *framing, struct bytes piece,
                 struct fault *fault)
{
    int rc = 0;

    while (piece.len > 0 && rc == 0) {
        size_t step = framing->room - framing->heard.len;

        step = step < piece.len ? step : piece.len;
        if (step == 0)
            return fault_set(fault, ERR_SIZE, framing->what,
                             "a frame too large");
        buf_put(&framing->heard, piece.data, step);
        piece = bytes_of(piece.data + step, piece.len - step);
        rc = take_all(framing, fault);
    }
    return rc;
}
