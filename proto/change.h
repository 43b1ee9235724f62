/*
 * A change: one edit of one cell by one person. Never altered afterwards.
 *
 * Its name is (origin, n), n = 1, 2, 3 ... without gaps; its hash covers the
 * hash of the one before it, so a history cannot be rewritten unnoticed.
 * The canonical bytes are defined in proto/README.md.
 */
#ifndef YZ_CHANGE_H
#define YZ_CHANGE_H

#include "proto/buf.h"
#include "proto/err.h"

enum {
    ID_SIZE = 16,
    HASH_SIZE = 32,
    CHANGE_MAX = 64 * 1024,     /* bytes of one change */
    KEY_MAX = 120,              /* bytes of a cell's key */
    AUTHOR_MAX = 120,           /* bytes of an author's name */
    SETTLES_MAX = 64,           /* cases one change may settle */
    BODY_FIELDS = 64            /* fields in one cell */
};

struct id {
    uint8_t b[ID_SIZE];
};

struct hash {
    uint8_t b[HASH_SIZE];
};

struct name {                   /* of a change */
    struct id origin;
    uint64_t n;
};

/* One field of a body. */
struct value {
    uint64_t field;             /* field id */
    struct bytes text;
};

/* The whole content of a cell: fields in rising order of id, no empty text. */
struct body {
    struct value value[BODY_FIELDS];
    int count;
};

struct stamp {                  /* evidence, never an order */
    int64_t wall_ms;            /* this machine's clock, Unix time */
    int64_t mono_ms;            /* since boot */
    uint8_t boot[8];            /* which boot */
};

struct change {
    struct name name;
    struct id record;
    uint64_t kind, cell;        /* ids */
    struct bytes key;           /* of a keyed cell, else empty */
    uint64_t base;              /* number of the state the author looked at */
    bool removal;               /* the cell is emptied; an ending is undone */
    struct bytes author;
    struct stamp stamp;
    bool has_at;
    int64_t at_ms;              /* the time the author states (imported) */
    struct name settles[SETTLES_MAX];
    int nsettles;
    bool has_was;               /* written under another name before a fork */
    struct name was;
    struct hash was_hash;
    struct body body;
};

/* Append the canonical bytes. The caller has checked the bounds above. */
void change_write(const struct change *change, struct buf *out);
/* Read canonical bytes; texts point into `in`, which must live as long.
 * ERR_FORMAT, ERR_SIZE, ERR_TEXT, ERR_VERSION, and `out` is half-filled then.
 * Nothing is read that would not be written back to the same bytes: numbers,
 * order and flags have one form each, so bytes and change are one. */
int change_read(struct bytes in, struct change *out);

/* The same for bytes that change_read accepted before, from our own journal:
 * only whether the texts are text is not looked at again. A change that was set
 * aside is none of these. */
int change_open(struct bytes in, struct change *out);

/* Hash of a change whose canonical bytes are `canonical`. Before n = 1 stands
 * the parent's hash, or 32 zero bytes for an origin without parent. */
struct hash change_hash(const struct hash *before, struct bytes canonical);

bool body_equal(const struct body *a, const struct body *b);
/* Text of a field; data is NULL when it has none. */
struct bytes body_get(const struct body *body, uint64_t field);
/* Add in order of id; a field already there is replaced, empty text removes. */
void body_set(struct body *body, uint64_t field, struct bytes text);
void body_write(const struct body *body, struct buf *out);
/* Bounds and order only; the texts are not looked at. */
int body_read(struct cut *cut, struct body *out);
bool body_valid(const struct body *body);        /* all texts are text */

/* The origin's bytes and n as a varint, wherever a change is named. An n past
 * INT64_MAX is bad. */
void name_write(const struct name *name, struct buf *out);
void name_read(struct cut *cut, struct name *out);

bool id_equal(const struct id *a, const struct id *b);
bool name_equal(const struct name *a, const struct name *b);
/* "0194015d-5132-7cb3-b03e-2e7c07cc0424"; `out` holds 37 bytes. */
void id_text(const struct id *id, char *out);
/* Lower or upper case hex with the four hyphens, or 32 digits. */
bool id_parse(const char *text, struct id *out);

#endif
