/*
 * Kinds: what a record is, as data. One INI file per kind (conf/kinds/), read
 * into the structs below, which are plain data that everybody may read and
 * nobody writes. Ids of kinds, cells and fields are what travels and what the
 * journal keeps; an id is never used twice, names may change.
 */
#ifndef YZ_KIND_H
#define YZ_KIND_H

#include "proto/buf.h"
#include "proto/err.h"

enum writer { WRITER_ANY, WRITER_OWNER, WRITER_HOST, WRITER_COUNTY };
enum clash { CLASH_REVIEW, CLASH_FIXED };

enum field_type {
    FIELD_TEXT,  /* any text */
    FIELD_DATE,  /* YYYY-MM-DD; where the field is `rough` also YYYY-MM, which
                  * is no date to date_days: rules about days leave it alone */
    FIELD_MONTH, /* YYYY-MM */
    FIELD_INT,   /* decimal, no leading zeros */
    FIELD_BOOL,  /* "true" or "false" */
    FIELD_CODE,  /* one label of a code list, or any text if `open` */
    FIELD_ID18,  /* citizen id number, GB 11643 */
    FIELD_ORG,   /* division code of an organisation, 6 to 12 digits */
    FIELD_SET    /* the keys of a keyed cell: a list of texts */
};

enum { CELL_END = 0 };  /* id of the cell every record has: its ending */
enum { END_REASON = 1, END_SURVIVOR = 2 };      /* its fields */

struct code {
    char *code, *label;
    char **also;        /* other ways to write it that are understood */
    int alsos;
};

struct codes {
    char *name;
    struct code *list;
    int count;
    bool numbers;       /* bare codes, sorted; each is its own label */
};

enum clean {
    CLEAN_PLAIN,
    CLEAN_NAME,         /* one middle dot, no blanks in Chinese names */
    CLEAN_PHONE         /* half-width, no blanks */
};

struct field {
    int id;
    char *name;
    char *label;        /* for people; never NULL */
    char **alias;       /* other names and column headers */
    int aliases;
    enum field_type type;
    int cell;           /* index into kind->cells */
    int max;            /* characters (code points), of a set those of a key */
    enum clean clean;
    bool rough;         /* FIELD_DATE: the day may be unknown */
    const struct codes *codes;  /* FIELD_CODE, else NULL */
    bool open;          /* text outside the list is kept */
    bool required;      /* a new record must have it */
    bool unique;        /* no two living records should share it */
    bool lookup;        /* other records refer to it by value */
    bool secret;        /* masked unless asked for in full */
};

struct step {
    char *from, *to;            /* "none" is nothing in force */
    enum writer writer;         /* who may take this step */
};

struct cell {
    int id;
    char *name;
    char *label;
    enum writer writer;
    enum writer first;          /* who may give the first value; = writer unless
                                 * the file says otherwise */
    enum clash clash;
    bool keyed;                 /* one cell per key, like post/支部委员 */
    int step_field;             /* index into kind->fields, -1 without steps */
    struct step *steps;
    int nsteps;
};

enum rule_form {
    /* field[0] is F, field[1] is G. */
    RULE_REQUIRED,      /* required F                       F is there */
    RULE_NEEDS,         /* F is V needs G | F needs G       then G is there */
    RULE_NOT_WITH,      /* F is V not-with G                then G is not */
    RULE_BEFORE,        /* before F G                       F <= G */
    RULE_MIN_GAP,       /* min-gap F G 365d                 G - F >= days */
    RULE_MIN_AGE,       /* min-age F G 18                   G - F >= years */
    RULE_PATTERN,       /* pattern F [^0-9]{2,25} ...       one of them fits */
    RULE_CODE,          /* code F 1-6 LIST                  part is in list */
    RULE_ID18,          /* id18 F                           check digit */
    RULE_ID18_BIRTH,    /* id18 F birth G                   agrees with date */
    RULE_ID18_GENDER,   /* id18 F gender G                  agrees with sex */
    RULE_REF,           /* ref F KIND.G                     such a record is
                                                            here */
    RULE_ONE_OF         /* one-of F G ...                   at least one */
};

enum { RULE_FIELDS = 6 };

struct rule {
    char *id;                   /* "V10" */
    bool error;                 /* else a warning */
    enum rule_form form;
    int field[RULE_FIELDS];     /* indexes into kind->fields */
    int fields;
    char *value;                /* V of needs and not-with, NULL = any value */
    int unless;                 /* field that switches the rule off when true,
                                 * -1 if none */
    int gap;                    /* days or years */
    int part_from, part_to;     /* RULE_CODE: characters, from 1 */
    int except_field;           /* min-gap: field whose date ... */
    char *except_from, *except_to;      /* ... in here switches it off; NULL */
    char **pattern;
    int patterns;
    const struct codes *codes;
    char *ref_kind, *ref_field; /* names; kinds_read saw that they exist */
    int line;                   /* in its file, for messages */
    char *says;                 /* what is allowed, for people; may be NULL */
};

struct kind {
    int id;
    char *name;
    char *label;
    struct cell *cells;         /* cells[0] is the ending (id CELL_END),
                                 * cells[1] the identity */
    int ncells;
    struct field *fields;       /* fields of the ending are not among them */
    int nfields;
    struct rule *rules;
    int nrules;
    int org_field;              /* index: owning organisation, in cells[1] */
    int host_field;             /* index: receiving organisation, or -1 */
    struct codes *codes;
    int ncodes;
};

struct kinds {
    struct kind *list;          /* ordered by id */
    int count;
    uint8_t hash[32];           /* names this set of files on the wire */
    struct buf text;            /* the files, as they travel */
};

struct kind_file {
    const char *name;           /* for messages */
    struct bytes text;
};

enum {
    KINDS_MAX = 32,             /* files in a set */
    KINDS_TEXT_MAX = 512 * 1024 /* bytes of all of them together */
};

/* Read a set of kind files. On error `out` is NULL and `fault` names file and
 * line. Neither the order of `files` nor their folder matters: kinds->text is
 * "file NAME LENGTH\n" and the file's bytes, for each file in order of NAME,
 * the last part of its path; kinds->hash is BLAKE2b-256 of that. */
int kinds_read(const struct kind_file *files, int count, struct kinds **out,
               struct fault *fault);
/* The same from `text` as another machine's kinds->text gave it. */
int kinds_read_text(struct bytes text, struct kinds **out,
                    struct fault *fault);
void kinds_free(struct kinds *kinds);

/* All of these return NULL or -1 when there is none. */
const struct kind *kinds_find(const struct kinds *kinds, const char *name);
const struct kind *kinds_by_id(const struct kinds *kinds, uint64_t id);
int kind_cell(const struct kind *kind, const char *name);       /* index */
int kind_cell_by_id(const struct kind *kind, uint64_t id);      /* index */
/* By name, label or alias. */
int kind_field(const struct kind *kind, const char *name);
/* Field with this id in the cell with this index. */
int kind_field_by_id(const struct kind *kind, int cell, uint64_t id);
/* Label of a code, a label or one of the other ways to write it; NULL when the
 * list has none such. Lives as long as the list. */
const char *codes_label(const struct codes *codes, const char *text);

#endif
