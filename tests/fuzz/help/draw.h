/*
 * Changes, names, hellos, batches, answers out of a fuzzer's bytes. What a
 * mutation cannot find by itself (a hash, the name of a case, the number of a
 * cell) is looked up in the store that will hear of it; everything else is
 * the input's.
 */
#ifndef YZ_FUZZ_DRAW_H
#define YZ_FUZZ_DRAW_H

#include "proto/facts.h"
#include "store/case.h"
#include "tests/fuzz/help/pack.h"

struct draw {
    struct store *store;
    struct cut in;
    const char *station, *org;  /* who is on the other side, or this side */
    bool forged;                /* something has a MAC that nobody could make */
};

/* One the store knows, or 16 bytes of the input. */
void draw_origin(struct draw *draw, struct id *out);
void draw_name(struct draw *draw, struct name *out);
/* Hash of the change with this name, zeros if it is not here. */
struct hash draw_hash(struct draw *draw, const struct name *name);
/* Canonical bytes of a change, mostly a readable one, with this name. */
void draw_change(struct draw *draw, const struct name *name, struct buf *out);
/* A small choice beside a number of the input's own: `known`, one of the
 * numbers near it, or any. */
uint64_t draw_number(struct draw *draw, uint64_t known);
void draw_text(struct draw *draw, const struct field *field,
               struct bytes *out);
void draw_stream(struct draw *draw, char out[STREAM_MAX + 1]);
void draw_why(struct draw *draw, int *reason, char field[WHY_FIELD],
              char rule[WHY_RULE]);

/* Payloads of frames. */
void draw_hello(struct draw *draw, struct buf *out);
void draw_batch(struct draw *draw, struct buf *out);
void draw_facts(struct draw *draw, struct buf *out);
void draw_welcome(struct draw *draw, struct buf *out);
void draw_confirm(struct draw *draw, struct buf *out);
void draw_news(struct draw *draw, struct buf *out);
void draw_kinds(struct draw *draw, struct buf *out);

/* The next frame of a row, written behind `out` with its MAC; false at the end
 * of the input. A frame is its type, then a sized payload: the payload itself,
 * or with DRAWN added to the type what one of the above makes of it. */
enum { DRAWN = 0x40 };
bool draw_frame(struct draw *draw, struct wire *wire, struct buf *out);

#endif
