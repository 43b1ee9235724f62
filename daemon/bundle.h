/*
 * An exchange on a stick, both ends: the conversation of exchange.h, carried in
 * the bundles of proto/bundle.h. It knows no file and no clock: bytes go in,
 * bytes come out. What a bundle brings is taken in chunk by chunk, each proven
 * before anything of it is looked at, as it is by line; so a bundle that turns
 * out to be torn has brought what stood before the damage, and is refused.
 */
#ifndef YZ_BUNDLE_CARRIER_H
#define YZ_BUNDLE_CARRIER_H

#include "daemon/exchange.h"
#include "proto/bundle.h"

/* Bytes of news in an answer; and of an ask unless it is told otherwise. */
enum { BUNDLE_ROOM = 64 * 1024 * 1024 };

/* ---- out ---- */

struct packing;

/* A station's ask of about `bytes` at most, under this number. */
struct packing *packing_ask(struct store *store, const char *station,
                            const uint8_t key[32], const struct id *ask_id,
                            uint64_t number, size_t bytes, int64_t wall_ms);
void packing_free(struct packing *packing);
/* Append the next piece of the file; nothing appended is its end. */
int packing_fill(struct packing *packing, struct buf *out);
const struct bundle_head *packing_head(const struct packing *packing);
const struct bundle_counts *packing_counts(const struct packing *packing);

/* ---- in ---- */

struct unpacking;

/* At the hub. */
struct unpacking *unpacking_ask(struct store *store, speaker_fn speaker,
                                void *user, int64_t wall_ms);
/* At a station. */
struct unpacking *unpacking_answer(struct store *store, const char *station,
                                   const uint8_t key[32], int64_t wall_ms);
void unpacking_free(struct unpacking *unpacking);
/* Take in the next bytes of the file, as many as there is room for; there is
 * some when unpacking_step gave 0. */
size_t unpacking_hold(struct unpacking *unpacking, struct bytes bytes);
/* A little of the work. 1: there is more of it, 0: it wants more bytes, or, when
 * the file has ended, all is done; or ERR_* with `fault`. */
int unpacking_step(struct unpacking *unpacking, bool ended,
                   struct fault *fault);
const struct bundle_head *unpacking_head(const struct unpacking *unpacking);
const struct bundle_counts *
unpacking_counts(const struct unpacking *unpacking);
/* What came of a station's bundle. False: the hub has begun a new life since,
 * and nothing of it counts any more; the next answer tells all of it. */
bool unpacking_asked(struct unpacking *unpacking, struct asked *out);
/* The answer to what came, to be packed: once, after all was done and
 * the commit of that turn. It must not outlive the unpacking. */
struct packing *unpacking_reply(struct unpacking *unpacking);

#endif
