/*
 * Statements and what is bound to them; a few words that live in meta.
 */
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int db_error(struct store *store, int sqlite_rc)
{
    int err;

    switch (sqlite_rc & 0xff) {
    case SQLITE_FULL:
        err = ERR_FULL;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        err = ERR_BUSY;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        err = ERR_CORRUPT;
        store->damaged = true;
        break;
    case SQLITE_NOMEM:
        abort();                /* see xmalloc */
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        err = ERR_IO;
        break;
    default:
        err = ERR_FAULT;
    }
    if (store->rc == 0)
        store->rc = err;
    /* SQLite may end the whole transaction by itself: then nothing of this
     * turn may be promised. */
    if (store->open_turn && sqlite3_get_autocommit(store->db))
        store->broken = true;
    return err;
}

int db_result(const struct store *store, int rc)
{
    return store->rc < 0 ? store->rc : rc;
}

int db_exec(struct store *store, const char *sql)
{
    int rc;

    if (store->broken)
        return ERR_UNKNOWN;
    rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(store, rc);
}

/* Our own SQL can always be prepared, so the schema it speaks of is damaged, if
 * the disk did read it. What stands in for the statement is never run: a broken
 * store runs nothing. */
static sqlite3_stmt *no_stmt(struct store *store)
{
    int rc = sqlite3_errcode(store->db);

    db_error(store, (rc & 0xff) == SQLITE_ERROR ? SQLITE_CORRUPT : rc);
    store->broken = true;
    if (store->nothing == NULL &&
        sqlite3_prepare_v2(store->db, "SELECT 1 WHERE 0", -1, &store->nothing,
                           NULL) != SQLITE_OK)
        abort();
    return store->nothing;
}

sqlite3_stmt *db_stmt(struct store *store, const char *sql)
{
    size_t slot = ((uintptr_t)sql >> 3) * 2654435761u % STATEMENTS;
    struct statement *at = &store->statement[slot];

    while (at->sql != NULL && at->sql != sql) {
        slot = (slot + 1) % STATEMENTS;
        at = &store->statement[slot];
    }
    if (at->sql == NULL) {
        if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                               &at->stmt, NULL) != SQLITE_OK)
            return no_stmt(store);
        at->sql = sql;
    }
    sqlite3_reset(at->stmt);
    return at->stmt;
}

void db_id(sqlite3_stmt *stmt, int at, const struct id *id)
{
    sqlite3_bind_blob(stmt, at, id->b, ID_SIZE, SQLITE_STATIC);
}

void db_hash(sqlite3_stmt *stmt, int at, const struct hash *hash)
{
    sqlite3_bind_blob(stmt, at, hash->b, HASH_SIZE, SQLITE_STATIC);
}

void db_bytes(sqlite3_stmt *stmt, int at, struct bytes bytes)
{
    sqlite3_bind_blob(stmt, at, bytes.data, (int)bytes.len, SQLITE_STATIC);
}

void db_text(sqlite3_stmt *stmt, int at, struct bytes text)
{
    sqlite3_bind_text(stmt, at,
                      text.data == NULL ? "" : (const char *)text.data,
                      (int)text.len, SQLITE_STATIC);
}

void db_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    sqlite3_bind_int64(stmt, at, value);
}

void db_num(sqlite3_stmt *stmt, int at, uint64_t value)
{
    sqlite3_bind_int64(stmt, at, (int64_t)value);
}

void db_some(sqlite3_stmt *stmt, int at, uint64_t value)
{
    if (value != 0)
        db_num(stmt, at, value);
    else
        sqlite3_bind_null(stmt, at);
}

void db_words(sqlite3_stmt *stmt, int at, const char *text)
{
    if (text[0] != '\0')
        db_text(stmt, at, bytes_text(text));
    else
        sqlite3_bind_null(stmt, at);
}

/* Once SQLite has ended the turn by itself, each further statement would be a
 * transaction of its own: half a save, durable. */
int db_step(struct store *store, sqlite3_stmt *stmt)
{
    int rc;

    if (store->broken)
        return ERR_UNKNOWN;
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return 1;
    sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? 0 : db_error(store, rc);
}

int db_run(struct store *store, sqlite3_stmt *stmt)
{
    int rc;

    do {
        rc = db_step(store, stmt);
    } while (rc == 1);
    return rc;
}

struct bytes db_column(sqlite3_stmt *stmt, int at)
{
    const void *data = sqlite3_column_blob(stmt, at);

    return bytes_of(data, (size_t)sqlite3_column_bytes(stmt, at));
}

uint64_t db_column_num(sqlite3_stmt *stmt, int at)
{
    return (uint64_t)sqlite3_column_int64(stmt, at);
}

uint64_t db_column_count(sqlite3_stmt *stmt, int at)
{
    int64_t count = sqlite3_column_int64(stmt, at);

    return count > 0 ? (uint64_t)count : 0;
}

bool db_column_hash(sqlite3_stmt *stmt, int at, struct hash *out)
{
    struct bytes bytes = db_column(stmt, at);

    memset(out, 0, sizeof *out);
    if (bytes.len != HASH_SIZE)
        return false;
    memcpy(out->b, bytes.data, HASH_SIZE);
    return true;
}

bool db_column_id(sqlite3_stmt *stmt, int at, struct id *out)
{
    struct bytes bytes = db_column(stmt, at);

    memset(out, 0, sizeof *out);
    if (bytes.len != ID_SIZE)
        return false;
    memcpy(out->b, bytes.data, ID_SIZE);
    return true;
}

void db_column_text(sqlite3_stmt *stmt, int at, char *out, size_t size)
{
    struct bytes text = db_column(stmt, at);
    size_t len = text.len < size ? text.len : size - 1;

    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

bool org_covers(const char *org, struct bytes other)
{
    size_t len = strlen(org);

    return len > 0 && other.len >= len && memcmp(org, other.data, len) == 0;
}

int64_t meta_get(struct store *store, const char *name, int64_t otherwise)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT value FROM meta WHERE name = ?1");
    int64_t value = otherwise;

    db_text(stmt, 1, bytes_text(name));
    if (db_step(store, stmt) == 1)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return value;
}

int meta_set(struct store *store, const char *name, int64_t value)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO meta (name, value) VALUES (?1, ?2) "
                       "ON CONFLICT (name) DO UPDATE SET value = ?2");

    db_text(stmt, 1, bytes_text(name));
    db_int(stmt, 2, value);
    return db_run(store, stmt);
}

int store_remember(struct store *store, const char *name, int64_t value)
{
    int rc = store_write(store);

    return rc < 0 ? rc : meta_set(store, name, value);
}

int64_t store_recall(struct store *store, const char *name)
{
    return meta_get(store, name, 0);
}
