/* A database as bytes, and single values in it changed by a fuzzer. */
#ifndef YZ_FUZZ_ROWS_H
#define YZ_FUZZ_ROWS_H

#include "proto/buf.h"

#include <sqlite3.h>

enum { ROWS_COLUMNS = 160, ROWS_SQL = 400 };

struct rows {
    struct buf file;
    int columns;
    struct rows_column {
        char read[ROWS_SQL], change[ROWS_SQL];
        sqlite3_stmt *reading, *changing;       /* for rows_change */
    } column[ROWS_COLUMNS];
};

/* Keep the database as it is, and the name of every column of it. */
void rows_keep(struct rows *rows, sqlite3 *db);
/* Change values as `in` says. The statements stay with this connection. */
void rows_change(struct rows *rows, sqlite3 *db, struct cut *in);
/* A file with values changed as `in` says; its path. One at a time. */
const char *rows_write(struct rows *rows, struct cut *in);
void rows_unlink(void);

#endif
