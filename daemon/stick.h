/* Bundles as files on a stick, for the command line. */
#ifndef YZ_STICK_H
#define YZ_STICK_H

#include "proto/bundle.h"

#include <stdio.h>

enum { STICK_PATH = 512 };

struct look {                   /* what a bundle says of itself, unproven */
    struct bundle_head head;
    struct bundle_counts counts;
    bool whole;                 /* it has an end */
    uint64_t bytes;
};

/* Open a bundle that is to be read, at its beginning. NULL with `fault`. */
FILE *stick_open(const char *path, struct look *look, struct fault *fault);

struct making {                 /* a bundle that is written */
    char path[STICK_PATH], part[STICK_PATH];
    bool folder;                /* `path` is one: the number names the file */
    FILE *file;                 /* from the first piece on */
    struct look look;           /* once it is finished */
    struct fault fault;         /* of stick_put and stick_finish */
};

/* Nothing is written yet. What is there under this name must be a bundle: a
 * letter is not written over. */
int stick_make(struct making *making, const char *path, const char *station,
               struct fault *fault);
/* The client's `data`; `making` is its user. */
int stick_put(void *making, struct bytes piece);
/* Whole, and on the stick: now it gets its name, which is in `path` then. */
int stick_finish(struct making *making);
/* Unless it was finished, nothing of it stays. */
void stick_drop(struct making *making);

#endif
