/* The store's face for its care: is it whole, copying it, and what an admin
 * mends. The rules of store.h hold here too. */
#ifndef YZ_STORE_CARE_H
#define YZ_STORE_CARE_H

#include "store/store.h"

/* ---- is it whole? ---- */

struct verified {               /* looked at so far */
    uint64_t origins, changes, cells, receipts, audited;
};

/* A look at every page and every hash, in slices, so that a loop can go on
 * between two of them; the store may change meanwhile. */
struct verify;
struct verify *verify_new(struct store *store);
void verify_free(struct verify *verify);
/* One slice. 1: there is more, 0: all is whole, ERR_CORRUPT: `fault` names the
 * first bad place; ERR_AUDIT, after all else was found whole: the first bad row
 * of the audit trail; or another error. */
int verify_step(struct verify *verify, struct fault *fault);
const struct verified *verify_found(const struct verify *verify);
/* Did the run before this one end otherwise than by a stop? */
bool store_was_cut(const struct store *store);

/* ---- a copy ---- */

enum { COPY_NAME = 64, COPY_NUMBERS = 1024 };

/* What a copy tells of itself beside the store in it. */
struct copy_note {
    char name[COPY_NAME];       /* of the machine */
    int64_t made_ms;
    char numbers[COPY_NUMBERS]; /* hub: its file of numbers, else "" */
    bool secures;               /* hub: it is the off-box copy */
};

struct copy_facts {
    struct copy_note note;
    bool hub;
    char org[16];
    uint64_t life, number, seq; /* newest the store in it knew */
    uint64_t records, written;
};

/* Copy a running store into the file at `path`, which must not be there yet, or
 * be empty. What is committed while that goes on is in the copy too. */
struct copying;
int copy_begin(struct store *store, const char *path, struct copying **out,
               struct fault *fault);
/* A few hundred pages of it, onto the disk. To be called with no turn open. 1:
 * there is more, 0: it is as the store is now. */
int copy_step(struct copying *copying, struct fault *fault);
/* At once after that 0: note what it is, and end it. The numbers in the note
 * must be those of now. */
int copy_end(struct copying *copying, const struct copy_note *note,
             struct fault *fault);
/* Give it up, or let go of one that was ended; the file stays. */
void copy_free(struct copying *copying);

/* Open a copy to read what it is, and to verify it. ERR_COPY: it is none, or of
 * a newer version. `vfs` as in store_options. */
int copy_open(const char *path, const char *vfs, struct store **out,
              struct copy_facts *facts, struct fault *fault);
void copy_close(struct store *store);
/* Make a store of a closed copy: the note goes, and `row` (NULL: none) is added
 * to its audit trail. */
struct audited;
int copy_settle(const char *path, const char *vfs, const struct audited *row,
                struct fault *fault);

/* Hub: an off-box copy holds everything up to this number. Never back. */
int store_secure(struct store *store, uint64_t number);

/* ---- and what an admin asks ---- */

struct released {
    enum state state;           /* STATE_ASIDE: it stays so, and `field` says
                                 * what cannot be read or is missing */
    uint64_t number;
    enum reason reason;
    char field[40], rule[16];
};

/* Hub: decide anew a change that was set aside. ERR_CASE when it is none. */
int store_release(struct store *store, const struct name *name,
                  struct released *out, struct fault *fault);

/* Station: wall time of the oldest change that waits for an answer, as its
 * author's clock had it; 0: none waits. */
int64_t store_waiting_since(struct store *store);

#endif
