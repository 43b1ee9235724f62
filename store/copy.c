/*
 * Copying a running store.
 *
 * Happy path: SQLite copies a few hundred pages a step and puts into the copy
 * whatever is committed meanwhile; each step is synced, so that the last one
 * does not hold the loop. Then a table `copy` says what it is, and the file
 * stands alone: no log, a header that says so.
 * What can fail: the disk it is written to. The store itself is only read, and
 * what is wrong with the copy is never the store's trouble.
 */
#include "store/care.h"
#include "store/journal.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_PAGES = 256 };      /* 1 MiB */

struct copying {
    struct store *from;
    struct store to;            /* only its connection */
    sqlite3_backup *backup;
};

const char *db_vfs(struct store *store)
{
    sqlite3_vfs *vfs = NULL;

    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
    return vfs == NULL ? NULL : vfs->zName;
}

static int told(struct copying *copying, int sqlite_rc, struct fault *fault)
{
    return fault_set(fault, db_error(&copying->to, sqlite_rc), "copy", "%s",
                     sqlite3_errmsg(copying->to.db));
}

int copy_begin(struct store *store, const char *path, struct copying **out,
               struct fault *fault)
{
    struct copying *copying = xmalloc(sizeof *copying);
    int rc;

    *out = copying;
    memset(copying, 0, sizeof *copying);
    copying->from = store;
    copying->to.hub = store->hub;
    rc = sqlite3_open_v2(path, &copying->to.db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX,
                         db_vfs(store));
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copying->to.db,
                          "PRAGMA locking_mode = EXCLUSIVE;"
                          "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                          "PRAGMA cache_size = -1024; PRAGMA temp_store = FILE",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        copying->backup =
            sqlite3_backup_init(copying->to.db, "main", store->db, "main");
        rc = copying->backup == NULL ? sqlite3_errcode(copying->to.db)
                                     : SQLITE_OK;
    }
    if (rc == SQLITE_OK)
        return 0;
    told(copying, rc, fault);
    copy_free(copying);
    *out = NULL;
    return fault->err;
}

static int sync_now(struct copying *copying)
{
    sqlite3_file *file = NULL;

    sqlite3_file_control(copying->to.db, "main", SQLITE_FCNTL_FILE_POINTER,
                         &file);
    return file == NULL || file->pMethods == NULL
               ? SQLITE_IOERR
               : file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

int copy_step(struct copying *copying, struct fault *fault)
{
    int rc = sqlite3_backup_step(copying->backup, STEP_PAGES), synced;

    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        return 1;               /* a turn is open */
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        return told(copying, rc, fault);
    synced = sync_now(copying);
    if (synced != SQLITE_OK)
        return told(copying, synced, fault);
    reached(copying->from, REACH_COPY_PAGES);
    return rc == SQLITE_DONE ? 0 : 1;
}

/* ---- its end ---- */

static const char note_table[] =
    "CREATE TABLE copy (name TEXT PRIMARY KEY, value) WITHOUT ROWID";

static void note_text(struct store *to, const char *name, const char *value)
{
    sqlite3_stmt *stmt =
        db_stmt(to, "INSERT INTO copy (name, value) VALUES (?1, ?2)");

    db_text(stmt, 1, bytes_text(name));
    db_text(stmt, 2, bytes_text(value));
    db_run(to, stmt);
}

static void note_int(struct store *to, const char *name, int64_t value)
{
    sqlite3_stmt *stmt =
        db_stmt(to, "INSERT INTO copy (name, value) VALUES (?1, ?2)");

    db_text(stmt, 1, bytes_text(name));
    db_int(stmt, 2, value);
    db_run(to, stmt);
}

/* The copy is one of a store that is not open, and secures itself. */
static void write_note(struct copying *copying, const struct copy_note *note)
{
    struct store *to = &copying->to;

    if (db_exec(to, note_table) < 0)
        return;
    note_text(to, "role", copying->from->hub ? "hub" : "station");
    note_text(to, "org", copying->from->org);
    note_text(to, "name", note->name);
    note_int(to, "made_ms", note->made_ms);
    note_text(to, "numbers", note->numbers);
    meta_set(to, "running", 0);
    origin_ready(to);
    if (note->secures)
        meta_set(to, "secured", meta_get(to, "number", 0));
}

/* Pages were taken over one by one: is the newest of them there? */
static bool is_of_now(struct copying *copying)
{
    return meta_get(&copying->to, "number", 0) ==
               meta_get(copying->from, "number", 0) &&
           meta_get(&copying->to, "seq", 0) ==
               meta_get(copying->from, "seq", 0);
}

int copy_end(struct copying *copying, const struct copy_note *note,
             struct fault *fault)
{
    struct store *to = &copying->to;
    int rc = sqlite3_backup_finish(copying->backup);

    copying->backup = NULL;
    if (rc != SQLITE_OK)
        return told(copying, rc, fault);
    if (!is_of_now(copying) && to->rc == 0)
        return fault_set(fault, ERR_CORRUPT, "copy",
                         "it does not come to where the store is");
    if (to->rc == 0)
        db_exec(to, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
                    "BEGIN IMMEDIATE");
    if (to->rc == 0)
        write_note(copying, note);
    if (to->rc == 0)
        db_exec(to, "COMMIT");
    if (to->rc < 0)
        return fault_set(fault, to->rc, "copy", "%s", sqlite3_errmsg(to->db));
    rc = sync_now(copying);
    if (rc != SQLITE_OK)
        return told(copying, rc, fault);
    reached(copying->from, REACH_COPY_ENDED);
    return 0;
}

void copy_free(struct copying *copying)
{
    if (copying == NULL)
        return;
    sqlite3_backup_finish(copying->backup);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(copying->to.statement[i].stmt);
    sqlite3_finalize(copying->to.nothing);
    sqlite3_close(copying->to.db);
    free(copying);
}
