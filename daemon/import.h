/*
 * Import: a stream of lines {"op","kind","id","at","site","data"} becomes
 * edits. A wrong line costs that line. Fed with pieces of any size; nothing
 * grows with the length of the stream.
 */
#ifndef YZ_IMPORT_H
#define YZ_IMPORT_H

#include "store/store.h"

enum { IMPORT_LINE = 64 * 1024 };       /* longest line, in bytes */

enum import_mode { IMPORT_BOTH, IMPORT_ADD, IMPORT_UPDATE };

struct import_options {
    struct store *store;
    const char *org;            /* of this machine; must outlive the import */
    enum import_mode mode;
    bool dry_run;               /* say what would happen, change nothing */
    const char *author;         /* copied */
    struct stamp stamp;
    /* Called for each wrong line. */
    void (*wrong)(void *user, uint64_t line, const struct fault *fault);
    void *user;
};

struct import_counts {          /* of lines; read is the sum of the others */
    uint64_t read, new, changed, same, wrong, duplicate;
};

struct import;

/* "add", "update", "both"; NULL is both. */
bool import_mode_parse(const char *text, enum import_mode *out);

/* ERR_RUNNING while another import runs in this store. */
int import_new(const struct import_options *options, struct import **out,
               struct fault *fault);
/* Fails only when the store does: ERR_IO, ERR_FULL, ERR_UNKNOWN ... */
int import_feed(struct import *import, struct bytes piece,
                struct fault *fault);
/* The last line may lack its line feed. */
int import_end(struct import *import, struct import_counts *out,
               struct fault *fault);
void import_free(struct import *import);        /* NULL is accepted */

/* "2024-12-26T13:08:00.026+08:00" in ms of Unix time. */
bool import_time(struct bytes text, int64_t *out);

#endif
