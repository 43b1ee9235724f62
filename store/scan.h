/* What is in force, record after record in order of id: for comparing. Guts of
 * store/. */
#ifndef YZ_STORE_SCAN_H
#define YZ_STORE_SCAN_H

#include "proto/rows.h"
#include "store/cell.h"

/* The records of a range that an organisation sees, at the hub; at a station,
 * all that have not left. */
struct scan {
    struct store *store;
    const char *org;            /* NULL: a station's own */
    struct range range;
    sqlite3_stmt *records, *cells;
    uint64_t looked;            /* records looked at, seen or not */
    uint64_t told;              /* scan_next: cells of this record */
    struct record_row record;   /* where it stands */
    struct id last;             /* the last one looked at */
    struct row row;             /* the cell; its key lies in the database's
                                 * own memory until the next step */
    struct place_id force;
    struct hash hash;           /* of the change in force */
};

void scan_open(struct store *store, const char *org,
               const struct range *range, struct scan *out);
void scan_close(struct scan *scan);
/* The next record that is seen, looking at no more than `most` in all: 1 with
 * one, 0 at the end of the range or of `most`, or an error. */
int scan_record(struct scan *scan, uint64_t most);
/* The next cell in force of that record, with its digest: 1, 0, error. */
int scan_cell(struct scan *scan);
/* The next cell of the whole range, ROW_CELLS of a record at most. */
int scan_next(struct scan *scan);

#endif
