/*
 * Statements, and the turn: everything between two commits.
 *
 * Happy path: store_write opens the turn, statements run, store_commit ends it.
 * What can fail: the disk is full or refuses (a mark is undone, nothing was
 * promised), a COMMIT (unknown outcome: broken for good, the process must end).
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

int db_exec(struct store *store, const char *sql)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : db_error(store, rc);
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
                               &at->stmt, NULL) != SQLITE_OK) {
            fprintf(stderr, "%s: %s\n", sqlite3_errmsg(store->db), sql);
            abort();
        }
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

int db_step(struct store *store, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

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

int store_write(struct store *store)
{
    if (store->broken)
        return ERR_UNKNOWN;
    store->rc = 0;
    if (store->open_turn)
        return 0;
    if (db_run(store, db_stmt(store, "BEGIN IMMEDIATE")) < 0)
        return store->rc;
    store->open_turn = true;
    store->changes_before = sqlite3_total_changes64(store->db);
    return 0;
}

bool org_covers(const char *org, struct bytes other)
{
    size_t len = strlen(org);

    return len > 0 && other.len >= len && memcmp(org, other.data, len) == 0;
}

void tally_move(struct store *store, int from, int to, int64_t count)
{
    if (from >= 0)
        store->tally[from] -= count;
    if (to >= 0)
        store->tally[to] += count;
    store->tally_dirty = true;
}

enum mark_depth mark_for(size_t bytes)
{
    return bytes > MARK_BYTES ? MARK_TURN : MARK_OUTER;
}

int mark_set(struct store *store, enum mark_depth depth,
             struct store_mark *mark)
{
    int rc = depth == MARK_TURN ? store_commit(store, NULL) : 0;

    if (rc == 0)
        rc = store_write(store);
    memcpy(mark->tally, store->tally, sizeof mark->tally);
    mark->records = store->records;
    mark->self = store->self;
    mark->self_n = store->self_n;
    mark->self_hash = store->self_hash;
    if (rc < 0 || depth == MARK_TURN)
        return rc;
    return db_run(store, db_stmt(store, depth == MARK_OUTER
                                            ? "SAVEPOINT outer"
                                            : "SAVEPOINT inner"));
}

static int mark_back(struct store *store, enum mark_depth depth)
{
    int rc;

    if (depth == MARK_TURN) {
        rc = db_run(store, db_stmt(store, "ROLLBACK"));
        store->open_turn = false;
        return rc;
    }
    rc = db_run(store, db_stmt(store, depth == MARK_OUTER
                                          ? "ROLLBACK TO outer"
                                          : "ROLLBACK TO inner"));
    return mark_keep(store, depth) < 0 ? store->rc : rc;
}

/* When even going back fails SQLite has ended the whole transaction: nothing
 * of this turn may be promised, so the store is broken. */
void mark_undo(struct store *store, enum mark_depth depth,
               const struct store_mark *mark)
{
    int first = store->rc;

    memcpy(store->tally, mark->tally, sizeof mark->tally);
    store->records = mark->records;
    store->self = mark->self;
    store->self_n = mark->self_n;
    store->self_hash = mark->self_hash;
    store->rc = 0;
    if (mark_back(store, depth) < 0)
        store->broken = true;
    store->rc = first;
}

int mark_keep(struct store *store, enum mark_depth depth)
{
    if (depth == MARK_TURN)
        return 0;
    return db_run(store, db_stmt(store, depth == MARK_OUTER
                                            ? "RELEASE outer"
                                            : "RELEASE inner"));
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

static void tally_write(struct store *store, int row, int64_t count)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO tally (state, count) VALUES (?1, ?2) "
                       "ON CONFLICT (state) DO UPDATE SET count = ?2");

    db_int(stmt, 1, row);
    db_int(stmt, 2, count);
    db_run(store, stmt);
}

/* Counters live in memory and are written once per turn. */
static void counters_write(struct store *store)
{
    if (store->tally_dirty) {
        for (int i = 0; i < STATES; i++)
            if (store->tally[i] != store->tally_kept[i])
                tally_write(store, i, store->tally[i]);
        if (store->records != store->records_kept)
            tally_write(store, TALLY_RECORDS, store->records);
        memcpy(store->tally_kept, store->tally, sizeof store->tally);
        store->records_kept = store->records;
    }
    if (store->numbers_dirty) {
        meta_set(store, "life", (int64_t)store->life);
        meta_set(store, "number", (int64_t)store->number);
        meta_set(store, "seq", (int64_t)store->seq);
    }
    store->tally_dirty = store->numbers_dirty = false;
}

/* A checkpoint that fails costs nothing yet: the log stays and is tried again
 * after the next commit. */
static void checkpoint(struct store *store)
{
    if (store->wal_pages < CHECKPOINT_PAGES)
        return;
    reached(store, REACH_CHECKPOINT);
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                              NULL);
    store->wal_pages = 0;
    reached(store, REACH_CHECKPOINTED);
}

int store_commit(struct store *store, struct fault *fault)
{
    int rc;

    if (store->broken)
        return fault_set(fault, ERR_UNKNOWN, "", "restart the program");
    if (!store->open_turn)
        return 0;
    store->rc = 0;
    counters_write(store);
    rc = store->rc;
    reached(store, REACH_COMMIT);
    if (rc == 0)
        rc = db_run(store, db_stmt(store, "COMMIT"));
    if (rc < 0) {
        store->broken = true;
        reached(store, REACH_COMMIT_FAILED);
        return fault_set(fault, rc == ERR_FULL ? ERR_FULL : ERR_UNKNOWN, "",
                         "what was saved before is safe; ask again with the "
                         "same token after the restart");
    }
    store->open_turn = false;
    reached(store, REACH_COMMITTED);
    checkpoint(store);
    return 0;
}

uint64_t store_pending(const struct store *store)
{
    if (!store->open_turn)
        return 0;
    return (uint64_t)(sqlite3_total_changes64(store->db) -
                      store->changes_before) + 1;
}

const struct kinds *store_kinds(const struct store *store)
{
    return store->kinds;
}
