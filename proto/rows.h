/*
 * Rows: every cell in force of a few records, to find where two registers
 * differ (digest.h); and what a station then wants to hear of a cell.
 */
#ifndef YZ_ROWS_H
#define YZ_ROWS_H

#include "proto/digest.h"

enum {
    ROW_CELLS = 2048,           /* of one record; the rest is not told */
    ROWS_SIZE = 64 * 1024,      /* the writer stops behind the record that
                                 * passes this */
    WANTS = 1024                /* of one ask */
};

struct row {
    bool fresh;                 /* the first of its record */
    struct id record;
    char org[ORG_MAX + 1];      /* its owner */
    uint64_t cell;
    struct bytes key;
    uint64_t number;
    uint8_t digest[DIGEST_SIZE];
};

/* In that order: by record, cell and key. */
int row_compare(const struct row *a, const struct row *b);

/* A frame of them, in order of record, cell and key. */
struct rows {
    uint64_t seq;               /* as in struct digests */
    struct range range;         /* they are all of it */
    uint64_t records;           /* not yet read */
    struct cut rest;            /* where rows_next stands */
    uint64_t cells;             /* of this record, not yet read */
    bool started;
    struct row last;
};

void rows_write(const struct rows *head, struct bytes records,
                struct buf *out);
/* Append one record's beginning, then its cells, to the records above. */
void rows_record_write(const struct id *record, const char *org,
                       uint64_t cells, struct buf *out);
void rows_cell_write(const struct row *row, struct buf *out);
int rows_read(struct bytes in, struct rows *out);
/* 1 with one, 0 at the end, ERR_FORMAT. */
int rows_next(struct rows *rows, struct row *out);

/* The hub's word on one cell. With `has` the station also asks whether the hub
 * knows the change it holds there. */
struct want {
    struct id record;
    uint64_t cell;
    char key[KEY_MAX + 1];
    bool has;
    struct name name;
    struct hash hash;
};

/* The frame is the stream as text, how many, and these. */
void want_write(const struct want *want, struct buf *out);
/* `want` has room for WANTS. Returns how many, from 1, or an error. */
int wants_read(struct bytes in, char stream[STREAM_MAX + 1],
               struct want *want);

#endif
