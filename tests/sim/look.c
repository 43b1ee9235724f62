/* The journal of a store that is closed, read from its file. */
#include "tests/sim/oracle.h"

#include <sqlite3.h>
#include <string.h>

static void look_row(sqlite3_stmt *row, look_fn each, void *user)
{
    struct change change;
    struct look look = {
        .name = {.n = (uint64_t)sqlite3_column_int64(row, 1)},
        .state = (enum state)sqlite3_column_int(row, 2),
        .reason = (enum reason)sqlite3_column_int(row, 3),
    };
    const void *origin = sqlite3_column_blob(row, 0);
    const void *bytes = sqlite3_column_blob(row, 4);
    size_t len = (size_t)sqlite3_column_bytes(row, 4);

    if (sqlite3_column_bytes(row, 0) == ID_SIZE)
        memcpy(look.name.origin.b, origin, ID_SIZE);
    if (bytes != NULL && change_read(bytes_of(bytes, len), &change) == 0)
        look.change = &change;
    each(user, &look);
}

int look_journal(struct machine *machine, look_fn each, void *user)
{
    static const char sql[] =
        "SELECT o.origin, j.n, j.state, j.reason, j.bytes "
        "FROM journal j JOIN origin o ON o.id = j.origin "
        "ORDER BY o.origin, j.n";
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    int rc;

    disk_process_end(machine->disk);
    rc = sqlite3_open_v2("yizhan.db", &db, SQLITE_OPEN_READWRITE,
                         disk_vfs(machine->disk));
    if (rc == SQLITE_OK)
        sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    while (rc == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        look_row(row, each, user);
    if (rc == SQLITE_OK)
        rc = sqlite3_reset(row);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return rc == SQLITE_OK ? 0 : ERR_IO;
}
