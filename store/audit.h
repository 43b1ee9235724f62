/* The audit trail: who saw, took away or brought what, as far as the journal
 * does not say it. Rows are only ever added, each with a hash over itself and
 * the one before; what a person wrote of a record never stands in one. */
#ifndef YZ_STORE_AUDIT_H
#define YZ_STORE_AUDIT_H

#include "store/store.h"

/* Bytes kept of each text, so that a row is bounded; what is longer is cut
 * between two characters. */
enum {
    AUDIT_PERSON = AUTHOR_MAX,
    AUDIT_DEVICE = 60,
    AUDIT_ACT = 24,
    AUDIT_OBJECT = 240
};

struct audited {
    uint64_t n;                 /* from 1, without a gap; given by the store */
    int64_t wall_ms;
    bool trusted;               /* the clock was, as far as could be told */
    const char *person;         /* account, or the name it gave itself */
    const char *device, *act;
    const char *object;         /* id of a record, name of a file, counts */
    struct hash hash;           /* of this row and the one before */
    char text[AUDIT_PERSON + AUDIT_DEVICE + AUDIT_ACT + AUDIT_OBJECT + 4];
};

/* The newest row; n = 0: none yet. A later step may have it signed by the hub:
 * nothing but this pair need travel. */
struct audit_head {
    uint64_t n;
    struct hash hash;
};

/* Add a row (n and hash are the store's) and commit it with the turn: when this
 * returns 0 it is on the disk, and what it speaks of may be told. */
int store_audit(struct store *store, const struct audited *row,
                struct fault *fault);
int store_audit_head(struct store *store, struct audit_head *out);
/* The first row after `n` that is not older than `since_ms`: 1, 0 at the end.
 * Texts are in out->text. */
int store_audit_next(struct store *store, uint64_t n, int64_t since_ms,
                     struct audited *out);

#endif
