#include "tests/fuzz/help/image.h"
#include "tests/fuzz/help/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHANGES = 12, FILE_MAX = 8 << 20 };

static char path[200];

/* ---- keeping ---- */

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    must(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s",
         sql, sqlite3_errmsg(db));
    return stmt;
}

/* Row ?1 of a table, in the order of its key. */
static void add_column(struct image *image, const char *table, const char *name,
                       const char *key)
{
    struct image_column *to = &image->column[image->columns++];
    char at[IMAGE_SQL / 2];

    must(image->columns <= IMAGE_COLUMNS, "too many columns");
    snprintf(at, sizeof at,
             "WHERE (%s) = (SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET "
             "?1 %% (SELECT count(*) FROM %s))", key, key, table, key, table);
    snprintf(to->read, IMAGE_SQL, "SELECT %s FROM %s %s", name, table, at);
    snprintf(to->change, IMAGE_SQL, "UPDATE OR IGNORE %s SET %s = ?2 %s",
             table, name, at);
}

/* Left alone: kinds_hash in store/ask.c takes it for 32 bytes. */
#define LEFT "('kinds.hash')"

static void add_columns(struct image *image, sqlite3 *db)
{
    sqlite3_stmt *stmt = prepare(
        db, "SELECT t.name, c.name, (SELECT group_concat(name) FROM "
            "pragma_table_info(t.name) WHERE pk > 0) FROM sqlite_schema t, "
            "pragma_table_info(t.name) c WHERE t.type = 'table' AND "
            "t.name || '.' || c.name NOT IN " LEFT
            " ORDER BY t.name, c.cid");

    while (sqlite3_step(stmt) == SQLITE_ROW)
        add_column(image, (const char *)sqlite3_column_text(stmt, 0),
                   (const char *)sqlite3_column_text(stmt, 1),
                   (const char *)sqlite3_column_text(stmt, 2));
    sqlite3_finalize(stmt);
}

void image_keep(struct image *image, sqlite3 *db)
{
    sqlite3_int64 size = 0;
    uint8_t *bytes;

    image->columns = 0;
    add_columns(image, db);
    bytes = sqlite3_serialize(db, "main", &size, 0);
    must(bytes != NULL && size > 0, "the file cannot be kept");
    buf_init(&image->file, FILE_MAX);
    buf_put(&image->file, bytes, (size_t)size);
    sqlite3_free(bytes);
}

/* ---- changing ---- */

enum { HOW_NULL, HOW_SMALL, HOW_NUMBER, HOW_MINUS, HOW_TEXT, HOW_BLOB,
       HOW_BYTE, HOW_CUT, HOW_LONG, HOWS };

enum { LONG_MAX = 100 * 1000 };

/* More than any room for it. */
static void bind_long(sqlite3_stmt *to, struct cut *in)
{
    static char text[LONG_MAX];
    size_t len = 1 + (size_t)take_number(in) * 40 % LONG_MAX;

    memset(text, 'x', len);
    sqlite3_bind_text(to, 2, text, (int)len, SQLITE_STATIC);
}

/* A byte of what is there is another one, or its end is gone. */
static void bind_bent(sqlite3_stmt *to, sqlite3_stmt *from, int how,
                      struct cut *in)
{
    size_t len = (size_t)sqlite3_column_bytes(from, 0);
    const uint8_t *is = sqlite3_column_blob(from, 0);
    size_t at = (size_t)take_number(in);
    uint8_t byte = cut_u8(in), *bent = xmalloc(len);

    if (len > 0) {
        memcpy(bent, is, len);
        bent[at % len] ^= byte;
    }
    if (how == HOW_CUT)
        len = len > 0 ? at % len : 0;
    if (sqlite3_column_type(from, 0) == SQLITE_TEXT)
        sqlite3_bind_text(to, 2, (char *)bent, (int)len, SQLITE_TRANSIENT);
    else
        sqlite3_bind_blob(to, 2, bent, (int)len, SQLITE_TRANSIENT);
    free(bent);
}

static void bind_value(sqlite3_stmt *to, sqlite3_stmt *from, struct cut *in)
{
    int how = cut_u8(in) % HOWS;
    struct bytes bytes;

    switch (how) {
    case HOW_NULL:
        sqlite3_bind_null(to, 2);
        break;
    case HOW_SMALL:
        sqlite3_bind_int(to, 2, cut_u8(in));
        break;
    case HOW_NUMBER:
        sqlite3_bind_int64(to, 2, (int64_t)take_number(in));
        break;
    case HOW_MINUS:
        sqlite3_bind_int64(to, 2, -(int64_t)cut_u8(in));
        break;
    case HOW_TEXT:
        bytes = take_sized(in);
        sqlite3_bind_text(to, 2, bytes.len ? (const char *)bytes.data : "",
                          (int)bytes.len, SQLITE_TRANSIENT);
        break;
    case HOW_BLOB:
        bytes = take_sized(in);
        sqlite3_bind_blob(to, 2, bytes.data, (int)bytes.len,
                          SQLITE_TRANSIENT);
        break;
    case HOW_LONG:
        bind_long(to, in);
        break;
    default:
        bind_bent(to, from, how, in);
    }
}

static void change_one(struct image_column *column, sqlite3 *db,
                       struct cut *in)
{
    uint8_t row = cut_u8(in);

    if (column->reading == NULL) {
        column->reading = prepare(db, column->read);
        column->changing = prepare(db, column->change);
    }
    sqlite3_bind_int(column->reading, 1, row);
    sqlite3_bind_int(column->changing, 1, row);
    if (sqlite3_step(column->reading) == SQLITE_ROW)
        bind_value(column->changing, column->reading, in);
    sqlite3_reset(column->reading);
    sqlite3_step(column->changing);
    sqlite3_reset(column->changing);
}

void image_change(struct image *image, sqlite3 *db, struct cut *in)
{
    for (int i = 0; i < CHANGES && cut_left(in) > 0; i++)
        change_one(&image->column[cut_u8(in) % image->columns], db, in);
}

/* ---- a file of its own ---- */

static void path_make(void)
{
    const char *dir = getenv("FUZZ_DIR");

    if (dir == NULL)
        dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, sizeof path, "%.150s/yz-fuzz-row-%ld.db", dir,
             (long)getpid());
}

const char *image_write(struct image *image, struct cut *in)
{
    FILE *out;
    sqlite3 *db = NULL;

    path_make();
    out = fopen(path, "wb");
    must(out != NULL &&
             fwrite(image->file.data, 1, image->file.len, out) ==
                 image->file.len &&
             fclose(out) == 0,
         "%s is written", path);
    must(sqlite3_open(path, &db) == SQLITE_OK, "%s", path);
    for (int i = 0; i < CHANGES && cut_left(in) > 0; i++) {
        struct image_column column = image->column[cut_u8(in) % image->columns];

        column.reading = column.changing = NULL;
        change_one(&column, db, in);
        sqlite3_finalize(column.reading);
        sqlite3_finalize(column.changing);
    }
    sqlite3_close(db);
    return path;
}

void image_unlink(void)
{
    char tail[sizeof path + 8];

    unlink(path);
    snprintf(tail, sizeof tail, "%s-wal", path);
    unlink(tail);
    snprintf(tail, sizeof tail, "%s-shm", path);
    unlink(tail);
}
