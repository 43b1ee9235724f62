/* The parts of seeds.c. */
#ifndef YZ_FUZZ_SEED_H
#define YZ_FUZZ_SEED_H

#include "proto/buf.h"

enum { SEED_MAX = 64 * 1024 };

/* Write an input, and empty `bytes` for the next one. */
void seed_write(const char *target, const char *name, struct buf *bytes);

void seed_messages(void);       /* asks and answers, and what is in them */
void seed_drawn(void);          /* rows of frames for ask and answer */
void seed_texts(void);          /* kind files, configurations, requests */
void seed_rows(void);           /* single values of a database */
void seed_bundles(void);        /* what is sealed, and what only looks so */

#endif
