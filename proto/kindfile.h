/*
 * From INI lines to struct kind: kindfile.c (lines and sections), kindcodes.c,
 * kindread.c (cells, fields), kindsteps.c, kindrule.c and kindform.c (rules),
 * kinds.c (a set of files). A file is first kept whole as a draft, because its
 * sections may speak of each other in any order.
 */
#ifndef YZ_KINDFILE_H
#define YZ_KINDFILE_H

#include "proto/kind.h"

enum {
    NAME_LEN = 39,              /* bytes of a machine name */
    FIELDS_MAX = 256,
    CELLS_MAX = 64,
    RULES_MAX = 128
};

/* For sets of enum field_type. */
#define TYPE(type) (1u << (type))

struct entry {
    char *name, *value;         /* value is never "" */
    int line;
};

struct section {
    char *type, *name;          /* "field" "id_number"; name may be "" */
    struct entry *list;
    int count, cap;
    int line;
};

struct draft {
    const char *file;
    struct section *list;
    int count, cap;
    struct fault *fault;
};

/* One key that a section may hold. */
struct key {
    const char *name;
    bool needed, many;
};

/* Read a file into sections of known types, none there twice. */
int draft_read(const struct kind_file *file, struct draft *draft,
               struct fault *fault);
void draft_done(struct draft *draft);
int draft_count(const struct draft *draft, const char *type);

/* Fill the fault with "file:line" and return ERR_CONFIG. */
int draft_bad(const struct draft *draft, int line, const char *field,
              const char *why, ...) __attribute__((format(printf, 4, 5)));

/* Refuses unknown, repeated and missing keys. `keys` ends with a NULL name. */
int section_check(const struct draft *draft, const struct section *section,
                  const struct key *keys);
/* The first entry with this key, or NULL. */
const struct entry *section_get(const struct section *section,
                                const char *key);
/* These leave *out alone when the key is not there. */
int section_number(const struct draft *draft, const struct section *section,
                   const char *key, int least, int most, int *out);
int section_yes(const struct draft *draft, const struct section *section,
                const char *key, bool *out);
/* `words` ends with NULL; *out becomes the index. */
int section_word(const struct draft *draft, const struct section *section,
                 const char *key, const char *const *words, int *out);
/* "any owner host" for messages, cut with an ellipsis. */
void list_words(const char *const *words, char *out, size_t size);

/* [a-z][a-z0-9_]*, at most NAME_LEN bytes. */
bool name_ok(const char *name);
bool word_is_form(const char *word);    /* begins a rule: no field may be it */
/* `text` cut at blanks, in place, at most `most` words; returns how many there
 * are, which may be more. */
int split_words(char *text, char **words, int most);
/* malloc'ed and zeroed. */
void *zalloc(int count, size_t size);

extern const char *const writer_words[];        /* in order of enum writer */

int kind_read(const struct draft *draft, struct kind *kind);
int kind_read_codes(const struct draft *draft, struct kind *kind);
const struct codes *kind_codes(const struct kind *kind, const char *name);
int kind_read_steps(const struct draft *draft, struct kind *kind);
int kind_read_rules(const struct draft *draft, struct kind *kind);
/* Frees what a kind holds, also half-built. */
void kind_done(struct kind *kind);

#endif
