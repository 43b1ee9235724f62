/*
 * Terse: a batch (version 2), or a frame of news, in a few bytes.
 *
 * The same changes, but told by what both ends know: what the ask's hello said,
 * a dictionary of changes that are usual, and the changes they both have. The
 * bytes inside are those of an arithmetic coder whose chances are learned as it
 * goes; proto/README.md says every step.
 */
#ifndef YZ_TERSE_H
#define YZ_TERSE_H

#include "proto/message.h"

enum {
    TERSE_VERSION = 2,
    TERSE_PLACES = 1 << 14,     /* at most */
    DICTIONARY_NAME = 8,        /* bytes of a dictionary's hash that name it */
    TERSE_HEAD = 128,           /* bytes of its head, at most */
    ORIGIN_PREFIX = 4           /* bytes by which news name an origin */
};

/* A change that both ends have. */
struct known {
    struct name name;
    struct id record;
    uint64_t number;            /* of its decision, 0: none yet */
};

struct names {
    void *user;
    /* Writing: a change of `record` that the reader has, at best the one with
     * number of->base (of may be NULL). */
    bool (*find)(void *user, const struct id *record, const struct change *of,
                 struct known *out);
    /* Reading: record and number of out->name. */
    bool (*look)(void *user, struct known *out);
    /* Reading: the hash of the change `n` of this origin, for 0 that of its
     * parent. */
    bool (*hash)(void *user, const struct name *name, struct hash *out);
    /* News, both: a change that the reader has, with its hash; its texts live
     * until the next call. `out` may be NULL. */
    bool (*said)(void *user, const struct name *name, struct hash *hash,
                 struct change *out);
    /* News, both: the only origin here that begins with ORIGIN_PREFIX bytes. */
    bool (*origin)(void *user, const uint8_t *prefix, struct id *out);
};

/* What has been learned of the changes of a dictionary. */
struct mind;
/* The dictionary this program was built with, */
struct bytes dictionary_built(void);
/* and what is learned of it: made when it is first asked for, and never
 * altered. */
const struct mind *mind_built(void);
/* NULL when it is none; to be freed. */
struct mind *mind_new(struct bytes dictionary);
void mind_free(struct mind *mind);
void mind_name(const struct mind *mind, uint8_t name[DICTIONARY_NAME]);

/* What both ends know before a batch, or before news. */
struct setting {
    const struct mind *mind;
    const struct names *names;
    const struct hello *hello;          /* a batch: the ask's */
    const struct welcome *welcome;      /* news: the answer's */
};

/* Append the batch in `writer`, which stays as it is. ERR_SIZE, ERR_FORMAT: it
 * cannot be told so, and `out` is of no use. */
int terse_write(const struct setting *setting,
                const struct batch_writer *writer, struct buf *out);
/* Was it told so? */
bool batch_terse(struct bytes batch);
/* As batch_read, which it leaves other versions to. It fails also where it
 * speaks of what is not here, or is another's here: it must come in full. */
int terse_read(const struct setting *setting, struct bytes in,
               struct batch *out, struct fault *fault);

/* Append the payload of FRAME_TERSE_NEWS that says the same as `writer`, which
 * stays as it is. Fails as terse_write does. */
int terse_write_news(const struct setting *setting,
                     const struct news_writer *writer, struct buf *out);
/* As news_read. It fails also where it speaks of what is not here. */
int terse_read_news(const struct setting *setting, struct bytes in,
                    struct news *out);

/* A dictionary from the rows of a batch, whose changes are numbered from 1 and
 * have as number their n. For the tool that makes one. */
int dictionary_write(struct bytes rows, struct buf *out);

#endif
