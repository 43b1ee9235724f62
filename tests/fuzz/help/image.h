/* A database as bytes, and single values in it changed by a fuzzer. */
#ifndef YZ_FUZZ_IMAGE_H
#define YZ_FUZZ_IMAGE_H

#include "proto/buf.h"

#include <sqlite3.h>

enum { IMAGE_COLUMNS = 160, IMAGE_SQL = 400 };

struct image {
    struct buf file;
    int columns;
    struct image_column {
        char read[IMAGE_SQL], change[IMAGE_SQL];
        sqlite3_stmt *reading, *changing;       /* for image_change */
    } column[IMAGE_COLUMNS];
};

/* Keep the database as it is, and the name of every column of it. */
void image_keep(struct image *image, sqlite3 *db);
/* Change values as `in` says. The statements stay with this connection. */
void image_change(struct image *image, sqlite3 *db, struct cut *in);
/* A file with values changed as `in` says; its path. One at a time. */
const char *image_write(struct image *image, struct cut *in);
void image_unlink(void);

#endif
