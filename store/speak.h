/* Terse batches, where they touch the store. Guts of store/. */
#ifndef YZ_STORE_SPEAK_H
#define YZ_STORE_SPEAK_H

#include "proto/terse.h"
#include "store/journal.h"
#include "store/peer.h"

/* How far a station's numbers and lives may be ahead of a hub that was set back:
 * more than a county decides in its life, or starts its hub; what is beyond is
 * no memory of this hub, and neither of them believes it. */
#define LEAP_MAX ((uint64_t)1 << 26)
#define LIFE_LEAP_MAX ((uint64_t)1000)

/* Station: what the hello says so that batches can be terse, and what the
 * welcome said of that. */
void terse_hello(struct store *store, struct hello *out);
int terse_heard(struct store *store, const struct welcome *welcome);
/* Append the batch tersely. False: it must go in full, and `out` is as it was.
 * `hello` may be NULL. */
bool terse_say(struct store *store, const struct hello *hello,
               const struct batch_writer *writer, struct buf *out);

/* Hub: that it reads them. */
void terse_welcome(struct welcome *out);

/* Whom an answer tells news. */
struct telling_to {
    const struct station *station;
    const struct hello *hello;
    const struct welcome *welcome;      /* NULL: news are plain */
    const struct line *self;    /* what it wrote */
};
/* Append the news tersely; as terse_say. */
bool terse_tell(struct store *store, const struct telling_to *to,
                const struct news_writer *writer, struct buf *out);

/* Both: the dictionary of this name; NULL: not known here. */
const struct mind *terse_named(const uint8_t dictionary[DICTIONARY_NAME]);
/* What this hello's asker tells by; NULL: nothing, or not known here. */
const struct mind *terse_mind(const struct hello *hello);
/* Record and number of a change that is here. */
bool terse_look(struct store *store, struct known *out);

#endif
