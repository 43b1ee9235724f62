/* The hub's part in comparing: what an ask wants to know of digests, rows and
 * single cells, and the frames that answer it, one bounded piece at a time. */
#ifndef YZ_COMPARED_H
#define YZ_COMPARED_H

#include "store/compare.h"

struct compared;

/* Take in a frame of an ask; one that is of no such type is passed over. Makes
 * *compared if need be. ERR_FORMAT. */
int compared_hear(struct compared **compared, int type, struct bytes payload,
                  struct fault *fault);
void compared_free(struct compared *compared);      /* NULL is fine */
/* Append the next frame to `out` and take its payload off *room. 1 with one, 0
 * when all is said or, behind the first, when no room is left; or an error. */
int compared_say(struct compared *compared, struct store *store,
                 const struct station *station, struct wire *wire,
                 size_t *room, struct buf *out);

#endif
