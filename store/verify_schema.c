/*
 * Are the tables what this program makes them? Their definitions stand in the
 * file as text, where a flipped bit may leave a table that can be read, and means
 * something else. A store that was brought up has other text than a fresh one, so
 * what SQLite understands of it is compared.
 */
#include "store/verify.h"

#include <string.h>

extern const char store_schema[]; /* made from schema.sql */

static const char tables[] =
    "SELECT m.name, (SELECT l.wr || l.strict FROM pragma_table_list(m.name) l "
    "WHERE l.schema = 'main') || (SELECT group_concat(d) FROM "
    "(SELECT c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || "
    "ifnull(c.dflt_value, '') || ' ' || c.pk AS d "
    "FROM pragma_table_info(m.name) c ORDER BY c.name)) || "
    "ifnull((SELECT group_concat(d) FROM (SELECT i.origin || i.partial || ' ' || "
    "(SELECT group_concat(k.name) FROM pragma_index_info(i.name) k) AS d "
    "FROM pragma_index_list(m.name) i WHERE i.\"unique\" = 1 ORDER BY d)), '') "
    "FROM sqlite_schema m WHERE m.type = 'table' AND (?1 IS NULL OR "
    "m.name = ?1)";

/* 1 the same here, 0 not. */
static int same_table(struct verify *on, struct bytes name, struct bytes means)
{
    sqlite3_stmt *stmt = db_stmt(on->store, tables);
    int rc;

    db_text(stmt, 1, name);
    rc = db_step(on->store, stmt);
    if (rc == 1)
        rc = bytes_equal(db_column(stmt, 1), means);
    sqlite3_reset(stmt);
    return rc;
}

static int compare(struct verify *on, sqlite3_stmt *fresh, struct fault *fault)
{
    int rc = 1, stepped = 0;

    while (rc == 1 && (stepped = sqlite3_step(fresh)) == SQLITE_ROW) {
        rc = same_table(on, db_column(fresh, 0), db_column(fresh, 1));
        if (rc == 0)
            rc = fault_set(fault, ERR_CORRUPT,
                           (const char *)sqlite3_column_text(fresh, 0),
                           "the table is not what it was made");
    }
    return rc == 1 && stepped != SQLITE_DONE ? ERR_IO : rc;
}

int verify_schema(struct verify *on, struct fault *fault)
{
    sqlite3 *fresh = NULL;
    sqlite3_stmt *stmt = NULL;
    int rc = ERR_IO, trail = audit_there(on->store);

    if (sqlite3_open(":memory:", &fresh) == SQLITE_OK &&
        sqlite3_exec(fresh, store_schema, NULL, NULL, NULL) == SQLITE_OK &&
        (trail != 1 || sqlite3_exec(fresh, store_trail, NULL, NULL, NULL) ==
                           SQLITE_OK) &&
        sqlite3_prepare_v2(fresh, tables, -1, &stmt, NULL) == SQLITE_OK)
        rc = compare(on, stmt, fault);
    sqlite3_finalize(stmt);
    sqlite3_close(fresh);
    on->phase = VERIFY_TABLES;
    return rc;
}
