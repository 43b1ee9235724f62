/*
 * Check: does a record keep the rules of its kind? Pure, but for the question
 * whether another record exists, which only ever warns. The same object file
 * refuses on saving and on arrival, so that a refusal on arrival is rare.
 */
#ifndef YZ_CHECK_H
#define YZ_CHECK_H

#include "proto/kind.h"

enum { FINDINGS = 16, CHECK_FIELDS = 256, CHECK_ALL = -1 };

struct finding {
    const struct rule *rule;    /* NULL: a required field is missing */
    int field;                  /* index: the field to look at first */
};

struct check_in {
    const struct kind *kind;
    /* One text per field of the kind; empty for none. A set field with at
     * least one key holds any text. */
    struct bytes value[CHECK_FIELDS];
    /* Ask only rules that speak of fields of this cell (index), and
     * those that need a field to be there only within it; CHECK_ALL: all. */
    int only_cell;
    /* Nothing is known but that cell: what else a save changes may be on its
     * way, so rules that look at another cell are not asked. */
    bool alone;
    bool (*exists)(void *user, const char *kind, const char *field,
                   struct bytes value);  /* NULL: do not look */
    void *user;
};

/* Ask all rules, or those of one cell, of a record without values. */
void check_init(struct check_in *in, const struct kind *kind, int only_cell);
/* Fill at most FINDINGS of each; errors first come first. Returns the number of
 * errors. */
int check(const struct check_in *in, struct finding *errors,
          struct finding *warnings, int *nwarnings);

#endif
