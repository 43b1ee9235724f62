/*
 * A store of an older version becomes one of this version, in one transaction:
 * after a power cut it is the old one or the new one.
 */
#include "store/decide.h"
#include "store/start.h"

/* What each version added to the one before it. */
static const char *const steps[] = {
    /* 1 to 2: a chain of changes for each cell in place of an index by record;
     * receipts that can be shown to a hub that was set back; parted lines. */
    "DROP INDEX journal_record;"
    "ALTER TABLE journal ADD COLUMN past_origin INTEGER;"
    "ALTER TABLE journal ADD COLUMN past_n INTEGER;"
    "ALTER TABLE cell ADD COLUMN last_origin INTEGER;"
    "ALTER TABLE cell ADD COLUMN last_n INTEGER;"
    "ALTER TABLE origin ADD COLUMN branch INTEGER;"
    "CREATE INDEX origin_parent ON origin (parent);"
    "ALTER TABLE receipt DROP COLUMN mac;"
    "ALTER TABLE receipt ADD COLUMN life INTEGER;"
    "CREATE TABLE moved (origin BLOB NOT NULL, n INTEGER NOT NULL, "
    "hash BLOB NOT NULL, PRIMARY KEY (origin, n, hash)) WITHOUT ROWID;",
};

int store_upgrade(struct store *store, int64_t version)
{
    int rc = db_exec(store, "BEGIN IMMEDIATE");

    if (rc < 0)                 /* else each step would stay by itself */
        return rc;
    for (; rc == 0 && version < SCHEMA_VERSION; version++)
        rc = db_exec(store, steps[version - 1]);
    if (rc == 0)
        rc = chain_again(store);
    if (rc == 0)
        rc = meta_set(store, "schema", SCHEMA_VERSION);
    db_exec(store, rc == 0 ? "COMMIT" : "ROLLBACK");
    return store->rc;
}
