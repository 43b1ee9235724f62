/* One line of [rules] being read: between kindrule.c and kindform.c. */
#ifndef YZ_KINDRULE_H
#define YZ_KINDRULE_H

#include "proto/kindfile.h"

enum { RULE_WORDS = 24 };

/* The words from `at` to before `count` are left to be read. */
struct rule_line {
    const struct draft *draft;
    const struct entry *entry;
    const struct kind *kind;
    struct rule *rule;
    char *words[RULE_WORDS];
    int at, count;
    const char *usage;          /* the form, for messages */
};

/* What stands between the level and "unless", to the last word. */
int rule_read_form(struct rule_line *line);
/* Index of the field of this name; its type must be in `types`, which
 * `allowed` says in words. */
int rule_field(const struct rule_line *line, const char *word, unsigned types,
               const char *allowed, int *out);
int rule_bad_form(const struct rule_line *line);

#endif
