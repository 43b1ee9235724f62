/* Steps of SQLite that fail: the k-th one of a store says that its page is
 * damaged, or that the disk could not be read. Part of a test that includes
 * world.c. */
#include "store/db.h"

#include <dlfcn.h>

/* Static: SQLite is called by name. */
static struct {
    sqlite3 *db;                /* whose steps are counted; NULL: of everybody */
    bool on;
    int count, fail_at, code;
    char sql[80];               /* of it, for a message */
    bool failed;
} steps;

static void steps_from(struct store *store, int fail_at, int code)
{
    steps.db = store == NULL ? NULL : store->db;
    steps.count = 0;
    steps.fail_at = fail_at;
    steps.code = code;
    steps.failed = false;
    steps.on = true;
}

/* Did one fail? */
static bool steps_end(void)
{
    steps.on = false;
    return steps.failed;
}

/* Is it this one's turn to fail? */
static bool is_next(sqlite3 *db, const char *sql)
{
    if (!steps.on || (steps.db != NULL && steps.db != db) ||
        ++steps.count != steps.fail_at)
        return false;
    steps.failed = true;
    snprintf(steps.sql, sizeof steps.sql, "%s", sql);
    return true;
}

/* What SQLite does to a turn whose disk fails it. */
static void lose_turn(sqlite3 *db)
{
    steps.on = false;
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    steps.on = true;
}

/* In place of the library's. What it runs by itself is one step. */
int sqlite3_exec(sqlite3 *db, const char *sql,
                 int (*each)(void *, int, char **, char **), void *user,
                 char **why)
{
    static int (*real)(sqlite3 *, const char *,
                       int (*)(void *, int, char **, char **), void *,
                       char **);
    bool on = steps.on;
    int rc;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_exec");
    if (is_next(db, sql))
        return steps.code;
    steps.on = false;
    rc = real(db, sql, each, user, why);
    steps.on = on;
    return rc;
}

/* In place of the library's, which the linker finds behind this one. */
int sqlite3_step(sqlite3_stmt *stmt)
{
    static int (*real)(sqlite3_stmt *);
    sqlite3 *db = sqlite3_db_handle(stmt);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_step");
    if (!is_next(db, sqlite3_sql(stmt)))
        return real(stmt);
    sqlite3_reset(stmt);
    if (steps.code == SQLITE_IOERR_READ)
        lose_turn(db);
    return steps.code;
}
