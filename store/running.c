/*
 * How the last run ended, and whether its log is still there.
 *
 * While a store is open the database itself says so, and a log with something in
 * it lies beside it. A database that says so without a log has lost what was
 * saved last: somebody copied it off a running machine without its log, or
 * deleted that.
 */
#include "store/care.h"
#include "store/rotten.h"
#include "store/start.h"

#include <stdio.h>

/* Empty is as good as missing. */
bool log_there(const char *path, const char *vfs)
{
    sqlite3_vfs *files = sqlite3_vfs_find(vfs);
    char name[520];
    int there = 0;

    snprintf(name, sizeof name, "%s-wal", path);
    return files != NULL &&
           files->xAccess(files, name, SQLITE_ACCESS_EXISTS, &there) ==
               SQLITE_OK &&
           there != 0;
}

/* Whether the end of the connection leaves the log as it is: while the database
 * says that the store is open. */
static void keep_log(struct store *store, bool keep)
{
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep,
                      NULL);
}

/* What was saved last is in it. */
static int log_missing(const struct store *store, struct fault *fault)
{
    if (fault_set(fault, ERR_MISSING, "", "%s", "") < 0 && fault != NULL)
        snprintf(fault->where, sizeof fault->where, "%.190s-wal",
                 store->path);
    return ERR_MISSING;
}

void running_unknown(struct store *store, bool there)
{
    keep_log(store, there);     /* not an empty one of today */
}

/* A new file has no such table; if that of an old one cannot be found, who reads
 * it next tells why. */
static int note_read(struct store *store, struct fault *fault)
{
    static const char sql[] =
        "SELECT value FROM meta WHERE name = 'running' AND "
        "(SELECT value FROM meta WHERE name = 'schema') <= ?1";
    sqlite3_stmt *stmt = NULL;
    int rc;

    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return 0;
    db_int(stmt, 1, SCHEMA_VERSION);
    rc = db_step(store, stmt);
    store->was_running = rc == 1 && sqlite3_column_int(stmt, 0) != 0;
    if (rc < 0)
        start_unread(store, fault);
    sqlite3_finalize(stmt);
    return rc < 0 ? rc : 0;
}

int running_look(struct store *store, bool there, struct fault *fault)
{
    int rc = note_read(store, fault);

    if (rc == 0 && store->was_running && !there)
        rc = log_missing(store, fault);
    return rc < 0 ? rc : log_rotten(store, fault);
}

static int checkpoint(struct store *store, int mode, struct fault *fault)
{
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, mode, NULL, NULL);

    return rc == SQLITE_OK
               ? 0
               : fault_set(fault, db_error(store, rc), "", "%s-wal",
                           store->path);
}

/* A sync that fails has let go of what it should have written, though it is
 * still read back: the log after such an end may be one that a power cut takes
 * away, with everything that is written behind it. So what is found in a log is
 * brought into the database, and synced there, before anything is written and
 * before anything is told from it. A clean stop leaves no log. */
int running_settle(struct store *store, struct fault *fault)
{
    int rc = 0;

    if (store->was_running)
        rc = checkpoint(store, SQLITE_CHECKPOINT_PASSIVE, fault);
    if (rc < 0)
        return rc;
    /* From here on until the next commit a log that is empty is as it should
     * be. */
    if (store->was_running && meta_set(store, "running", 0) < 0)
        return fault_set(fault, store->rc, "", "%s", store->path);
    keep_log(store, false);
    return checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE, fault);
}

bool store_was_cut(const struct store *store)
{
    return store->was_running;
}

int running_begin(struct store *store, struct fault *fault)
{
    int rc = meta_set(store, "running", 1);

    if (rc < 0)
        return fault_set(fault, rc, "", "%s", store->path);
    keep_log(store, true);
    rc = store_commit(store, fault);
    /* Into the database, so that it is told without the log. If that fails now,
     * some later checkpoint does it. */
    if (rc == 0)
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                  NULL, NULL);
    store->wal_pages = 0;
    return rc;
}

void running_end(struct store *store)
{
    if (store_write(store) == 0 && meta_set(store, "running", 0) == 0 &&
        store_commit(store, NULL) == 0)
        keep_log(store, false);
}
