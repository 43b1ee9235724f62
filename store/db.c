/*
 * The one connection: opened, configured, read back, committed.
 *
 * Happy path: store_open -> (store_write ... store_commit) per turn ->
 * store_close. What can fail: another process holds the file (busy), the disk
 * is full or refuses (the turn is rolled back, nothing was promised), a COMMIT
 * fails (unknown outcome: broken for good, the process must end).
 */
#include "store/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char store_schema[];       /* made from schema.sql */

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

int mark_set(struct store *store, enum mark_depth depth,
             struct store_mark *mark)
{
    memcpy(mark->tally, store->tally, sizeof mark->tally);
    mark->records = store->records;
    mark->self = store->self;
    mark->self_n = store->self_n;
    mark->self_hash = store->self_hash;
    return db_run(store, db_stmt(store, depth == MARK_OUTER
                                            ? "SAVEPOINT outer"
                                            : "SAVEPOINT inner"));
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
    db_run(store, db_stmt(store, depth == MARK_OUTER ? "ROLLBACK TO outer"
                                                     : "ROLLBACK TO inner"));
    if (mark_keep(store, depth) < 0)
        store->broken = true;
    store->rc = first;
}

int mark_keep(struct store *store, enum mark_depth depth)
{
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
            tally_write(store, i, store->tally[i]);
        tally_write(store, TALLY_RECORDS, store->records);
    }
    if (store->numbers_dirty) {
        meta_set(store, "life", (int64_t)store->life);
        meta_set(store, "number", (int64_t)store->number);
        meta_set(store, "seq", (int64_t)store->seq);
    }
    if (store->self_dirty) {
        sqlite3_stmt *stmt = db_stmt(
            store, "UPDATE origin SET n = ?2, hash = ?3 WHERE id = ?1");

        db_int(stmt, 1, store->self);
        db_num(stmt, 2, store->self_n);
        db_hash(stmt, 3, &store->self_hash);
        db_run(store, stmt);
    }
    store->tally_dirty = store->numbers_dirty = store->self_dirty = false;
}

static int on_wal(void *user, sqlite3 *db, const char *name, int pages)
{
    struct store *store = user;

    (void)db;
    (void)name;
    store->wal_pages = pages;
    return SQLITE_OK;
}

/* A checkpoint that fails costs nothing yet: the log stays and is tried again
 * after the next commit. */
static void checkpoint(struct store *store)
{
    if (store->wal_pages < CHECKPOINT_PAGES)
        return;
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                              NULL);
    store->wal_pages = 0;
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
    if (rc == 0)
        rc = db_run(store, db_stmt(store, "COMMIT"));
    if (rc < 0) {
        store->broken = true;
        return fault_set(fault, rc == ERR_FULL ? ERR_FULL : ERR_UNKNOWN, "",
                         "what was saved before is safe; ask again with the "
                         "same token after the restart");
    }
    store->open_turn = false;
    checkpoint(store);
    return 0;
}

const struct kinds *store_kinds(const struct store *store)
{
    return store->kinds;
}

static void load_counters(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT state, count FROM tally");

    while (db_step(store, stmt) == 1) {
        int state = sqlite3_column_int(stmt, 0);

        if (state == TALLY_RECORDS)
            store->records = sqlite3_column_int64(stmt, 1);
        else if (state >= 0 && state < STATES)
            store->tally[state] = sqlite3_column_int64(stmt, 1);
    }
    store->life = (uint64_t)meta_get(store, "life", 0);
    store->number = (uint64_t)meta_get(store, "number", 0);
    store->seq = (uint64_t)meta_get(store, "seq", 0);
}

/* Read back what was asked for: a file system or build that silently keeps
 * another mode would break the one promise this program makes. */
static bool pragma_is(struct store *store, const char *pragma,
                      const char *want)
{
    sqlite3_stmt *stmt = NULL;
    bool is = false;

    if (sqlite3_prepare_v2(store->db, pragma, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const char *got = (const char *)sqlite3_column_text(stmt, 0);

        is = got != NULL && strcmp(got, want) == 0;
    }
    sqlite3_finalize(stmt);
    return is;
}

static int configure(struct store *store, struct fault *fault)
{
    static const char *const pragma[][2] = {
        {"PRAGMA locking_mode = EXCLUSIVE", "exclusive"},
        {"PRAGMA journal_mode = WAL", "wal"},
        {"PRAGMA synchronous", "2"},
        {"PRAGMA secure_delete = ON", "1"},
    };

    db_exec(store, "PRAGMA synchronous = FULL; PRAGMA cache_size = -4096; "
                   "PRAGMA temp_store = FILE; PRAGMA cell_size_check = ON; "
                   "PRAGMA journal_size_limit = 16777216; "
                   "PRAGMA trusted_schema = OFF");
    for (size_t i = 0; i < sizeof pragma / sizeof pragma[0]; i++)
        if (!pragma_is(store, pragma[i][0], pragma[i][1])) {
            int rc = sqlite3_errcode(store->db);

            rc = rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE
                     ? ERR_IO
                     : db_error(store, rc);
            return fault_set(fault, rc, "", "'%s' was not accepted",
                             pragma[i][0]);
        }
    sqlite3_wal_autocheckpoint(store->db, 0);
    sqlite3_wal_hook(store->db, on_wal, store);
    return 0;
}

static int schema_ready(struct store *store, struct fault *fault)
{
    bool there = pragma_is(store,
                           "SELECT count(*) FROM sqlite_schema "
                           "WHERE name = 'meta'",
                           "1");
    int64_t version;

    store->rc = 0;
    if (!there) {
        db_exec(store, "BEGIN IMMEDIATE");
        db_exec(store, store_schema);
        if (store->rc == 0)
            meta_set(store, "schema", SCHEMA_VERSION);
        db_exec(store, "COMMIT");
    }
    if (store->rc < 0)
        return fault_set(fault, store->rc, "", "%s",
                         sqlite3_errmsg(store->db));
    version = meta_get(store, "schema", 0);
    if (version != SCHEMA_VERSION)
        return fault_set(fault, ERR_SCHEMA, "",
                         "the file is of version %lld, this program reads "
                         "version %d; nothing was touched",
                         (long long)version, SCHEMA_VERSION);
    return 0;
}

struct kinds *store_kinds_of(struct store *store, const uint8_t *hash,
                             int64_t *row)
{
    sqlite3_stmt *stmt;
    struct kinds *kinds = NULL;

    if (memcmp(hash, store->kinds->hash, HASH_SIZE) == 0) {
        *row = store->kinds_row;
        return store->kinds;
    }
    stmt = db_stmt(store, "SELECT id, text FROM kinds WHERE hash = ?1");
    db_bytes(stmt, 1, bytes_of(hash, HASH_SIZE));
    if (db_step(store, stmt) == 1) {
        *row = sqlite3_column_int64(stmt, 0);
        kinds_read_text(db_column(stmt, 1), &kinds, NULL);
    }
    sqlite3_reset(stmt);
    return kinds;
}

/* Make a set the one in use. A set met before gets a new, greatest row only if
 * it was not the newest already. */
static int kinds_use(struct store *store, struct bytes text,
                     struct fault *fault)
{
    struct kinds *kinds = NULL;
    sqlite3_stmt *stmt;
    int rc = kinds_read_text(text, &kinds, fault);

    if (rc < 0)
        return rc;
    stmt = db_stmt(store, "INSERT INTO kinds (id, hash, text) "
                          "VALUES ((SELECT ifnull(max(id), 0) + 1 FROM kinds),"
                          " ?1, ?2) "
                          "ON CONFLICT (hash) DO UPDATE SET text = ?2 "
                          "RETURNING id");
    db_bytes(stmt, 1, bytes_of(kinds->hash, HASH_SIZE));
    db_bytes(stmt, 2, text);
    if (db_step(store, stmt) == 1)
        store->kinds_row = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    kinds_free(store->kinds);
    store->kinds = kinds;
    meta_set(store, "kinds", store->kinds_row);
    return store->rc;
}

int store_set_kinds(struct store *store, struct bytes text,
                    struct fault *fault)
{
    int rc = store_write(store);

    return rc < 0 ? fault_set(fault, rc, "", "kinds") :
                    kinds_use(store, text, fault);
}

/* The hub's files are the law; a station keeps what the hub last sent, and
 * starts from its own files only while it has never met the hub. */
static int kinds_ready(struct store *store, const struct kinds *files,
                       struct fault *fault)
{
    sqlite3_stmt *stmt;
    struct bytes text = buf_view(&files->text);
    struct buf kept;
    int rc;

    buf_init(&kept, SIZE_MAX / 2);
    if (!store->hub && meta_get(store, "kinds_from_hub", 0) != 0) {
        stmt = db_stmt(store, "SELECT text FROM kinds WHERE id = "
                              "(SELECT value FROM meta WHERE name = 'kinds')");
        if (db_step(store, stmt) == 1) {
            struct bytes old = db_column(stmt, 0);

            buf_put(&kept, old.data, old.len);
            text = buf_view(&kept);
        }
        sqlite3_reset(stmt);
    }
    rc = store_write(store);
    if (rc == 0)
        rc = kinds_use(store, text, fault);
    if (rc == 0)
        rc = store_commit(store, fault);
    buf_done(&kept);
    return rc;
}

static void copy_options(struct store *store,
                         const struct store_options *options)
{
    store->hub = options->hub;
    snprintf(store->org, sizeof store->org, "%s", options->org);
    snprintf(store->path, sizeof store->path, "%s", options->path);
    store->hub_id = options->hub_id;
    memcpy(store->key, options->key, sizeof store->key);
    store->world = options->world;
}

/* A hub begins above every number any earlier life may have used: the reserve
 * file says so, and the database must not be ahead of it. */
static int numbers_ready(struct store *store,
                         const struct store_options *options,
                         struct fault *fault)
{
    if (!store->hub)
        return 0;
    if (store->number > options->floor || store->seq > options->floor)
        return fault_set(fault, ERR_NUMBERS, "",
                         "the file of numbers is older than the store");
    store->life = options->life;
    store->number = store->seq = store->reserved = options->floor;
    return 0;
}

int store_open(const struct store_options *options, struct store **out,
               struct fault *fault)
{
    struct store *store = xmalloc(sizeof *store);
    int rc;

    *out = NULL;
    memset(store, 0, sizeof *store);
    copy_options(store, options);
    rc = sqlite3_open_v2(options->path, &store->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX,
                         options->vfs);
    if (rc != SQLITE_OK) {
        rc = fault_set(fault, db_error(store, rc), "", "%s", options->path);
    } else {
        sqlite3_extended_result_codes(store->db, 1);
        rc = configure(store, fault);
    }
    if (rc == 0)
        rc = schema_ready(store, fault);
    if (rc == 0) {
        load_counters(store);
        rc = numbers_ready(store, options, fault);
    }
    if (rc == 0)
        rc = kinds_ready(store, options->kinds, fault);
    if (rc < 0) {
        store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statement[i].stmt);
    sqlite3_close(store->db);
    kinds_free(store->kinds);
    if (store->plan != NULL)
        shown_done(&store->plan->shown);
    free(store->plan);
    free(store->streams);
    free(store->stations);
    free(store);
}
