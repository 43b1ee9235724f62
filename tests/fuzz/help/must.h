/*
 * What every fuzz target has: the entry that libFuzzer calls, and the way in
 * which it says that something does not hold.
 */
#ifndef YZ_FUZZ_MUST_H
#define YZ_FUZZ_MUST_H

#include "proto/buf.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of the product: what does not hold ends the run as a crash does,
 * so that the input is kept. */
void must(bool holds, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* `what` came out as it went in. */
void must_equal(struct bytes is, struct bytes was, const char *what);

/* Reading the input itself. What is not there is zero, and no form of a number
 * is wrong: an input stays one, whatever byte is changed or taken out. */

/* At most `max` bytes. */
struct bytes take_some(struct cut *in, size_t max);
/* One byte below f8 is the number; from there on 1 to 8 bytes follow, the
 * highest first. */
uint64_t take_number(struct cut *in);
struct bytes take_sized(struct cut *in);    /* a number, then so many */
/* The way back, for whoever makes seeds. */
void put_number(struct buf *out, uint64_t number);
void put_sized(struct buf *out, struct bytes bytes);

#endif
