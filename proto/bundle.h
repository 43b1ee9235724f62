/*
 * An exchange on a stick: one ask or one answer, sealed under the station's
 * secret, so that a lost stick shows the head and the counts and nothing else.
 * proto/README.md draws the bytes.
 */
#ifndef YZ_BUNDLE_H
#define YZ_BUNDLE_H

#include "proto/message.h"

#include <sodium.h>

#define BUNDLE_TYPE "application/vnd.yizhan.bundle"

enum {
    BUNDLE_VERSION = 1,
    BUNDLE_CHUNK = 64 * 1024,   /* of the message, sealed as one */
    BUNDLE_SEALED = BUNDLE_CHUNK + 17,
    BUNDLE_HEAD_MAX = 5 + 1 + STATION_MAX + 10,
    BUNDLE_TAIL = 20
};

struct bundle_head {            /* in clear, and proven by every chunk */
    bool answer;
    char station[STATION_MAX + 1];      /* that asks, or is answered */
    uint64_t number;            /* which of its bundles; an answer has that of
                                 * its ask */
};

struct bundle_counts {          /* in clear behind it all, proven by the last */
    uint64_t changes;           /* of an ask: in it; of an answer: that were */
    uint64_t left;              /* of an ask: that wait for the next bundle */
};

/* The one place that says what a bundle is sealed with. */
void bundle_key(const uint8_t station_key[32], uint8_t out[32]);

/* Read a head from the front of *in. Returns 1 and moves *in, 0 if more bytes
 * are needed, ERR_BUNDLE, ERR_VERSION. */
int bundle_head_read(struct bytes *in, struct bundle_head *out);
/* Of the last BUNDLE_TAIL bytes of a file. ERR_TORN: they are no end. */
int bundle_tail_read(struct bytes in, struct bundle_counts *out);

/* Writing: open, put as often as wanted, close. Each appends to `out` what is
 * ready: at most what was put, a chunk, and some hundred bytes. */
struct bundle_writer {
    crypto_secretstream_xchacha20poly1305_state seal;
    uint8_t head[BUNDLE_HEAD_MAX + BUNDLE_TAIL];
    size_t head_len;
    struct buf plain;           /* not sealed yet, less than a chunk */
};
void bundle_open(struct bundle_writer *writer, const struct bundle_head *head,
                 const uint8_t key[32], struct buf *out);
void bundle_put(struct bundle_writer *writer, struct bytes bytes,
                struct buf *out);
void bundle_close(struct bundle_writer *writer,
                  const struct bundle_counts *counts, struct buf *out);
void bundle_writer_done(struct bundle_writer *writer);

/*
 * Reading: bundle_hold takes in as much of the file as there is room for;
 * bundle_next tells what is in it. At BUNDLE_HEAD the head is known, and a
 * key must be given before anything more is read; at BUNDLE_PLAIN `plain`
 * holds a chunk that is proven, until the next call; at BUNDLE_MORE another
 * piece is wanted. At the end of the file bundle_last gives what is left.
 */
enum { BUNDLE_MORE = 0, BUNDLE_HEAD = 1, BUNDLE_PLAIN = 2 };

struct bundle_reader {
    crypto_secretstream_xchacha20poly1305_state seal;
    struct bundle_head head;
    uint8_t proven[BUNDLE_HEAD_MAX + BUNDLE_TAIL];
    size_t proven_len;
    uint8_t key[32];
    bool begun, unlocked;
    uint64_t chunks;            /* opened so far */
    struct buf held, plain;
    struct bundle_counts counts;        /* set by bundle_last */
};
void bundle_reader_init(struct bundle_reader *reader);
void bundle_reader_done(struct bundle_reader *reader);
size_t bundle_hold(struct bundle_reader *reader, struct bytes bytes);
/* ERR_BUNDLE, ERR_VERSION, ERR_TORN. */
int bundle_next(struct bundle_reader *reader);
void bundle_unlock(struct bundle_reader *reader, const uint8_t key[32]);
int bundle_last(struct bundle_reader *reader);

#endif
