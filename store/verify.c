/*
 * Is everything whole: pages, hash chains, counts, and what is derived?
 *
 * In slices: what the tables are; the small tables page by page, each in one
 * slice; the journal row by row, which reads every page of it too; the cells,
 * and what each of them points at; the cases; the receipts; the counts; the
 * audit trail. What is written between two slices is no fault: a slice sees whole
 * requests only.
 */
#include "store/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEX_NAME = 2 * ID_SIZE + 24 };

struct verify *verify_new(struct store *store)
{
    struct verify *verify = xmalloc(sizeof *verify);

    memset(verify, 0, sizeof *verify);
    verify->store = store;
    verify->cell.record = -1;
    verify->writes = sqlite3_total_changes64(store->db);
    verify->lost = store->turns_lost;
    return verify;
}

void verify_free(struct verify *verify)
{
    free(verify);
}

const struct verified *verify_found(const struct verify *verify)
{
    return &verify->found;
}

/* The full name of a change, for a person to look it up by. */
static const char *hex_name(const struct id *origin, uint64_t n,
                            char out[HEX_NAME])
{
    size_t len = 0;

    for (int i = 0; i < ID_SIZE; i++, len += 2)
        snprintf(out + len, HEX_NAME - len, "%02x", origin->b[i]);
    snprintf(out + len, HEX_NAME - len, "-%llu", (unsigned long long)n);
    return out;
}

int verify_damaged(struct verify *on, const char *table, uint64_t n,
                   const char *what, struct fault *fault)
{
    char name[HEX_NAME];

    return fault_set(fault, ERR_CORRUPT, table, "change %s %s",
                     hex_name(&on->origin.origin, n, name), what);
}

/* ---- pages ---- */

static int next_table(struct verify *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                   "name > ?1 AND name NOT IN ('journal', 'cell') "
                   "ORDER BY name LIMIT 1");
    char name[sizeof on->table];
    int rc;

    db_text(stmt, 1, bytes_text(on->table));
    rc = db_step(on->store, stmt);
    if (rc == 1)
        db_column_text(stmt, 0, name, sizeof name);
    sqlite3_reset(stmt);
    if (rc == 1)
        memcpy(on->table, name, sizeof name);
    return rc;
}

static int verify_table(struct verify *on, struct fault *fault)
{
    sqlite3_stmt *stmt;
    char said[64] = "";
    int rc = next_table(on);

    if (rc <= 0) {
        on->phase = VERIFY_ORIGINS;
        return rc < 0 ? rc : 1;
    }
    stmt = db_stmt(on->store, "SELECT integrity_check FROM "
                              "pragma_integrity_check(?1)");
    db_text(stmt, 1, bytes_text(on->table));
    rc = db_step(on->store, stmt);
    if (rc == 1)
        db_column_text(stmt, 0, said, sizeof said);
    sqlite3_reset(stmt);
    if (rc == 1 && strcmp(said, "ok") == 0)
        return 1;
    return fault_set(fault, rc < 0 ? rc : ERR_CORRUPT, on->table,
                     "a page is damaged");
}

/* ---- the journal ---- */

/* The least origin after the one under way that has rows, or is known. */
static int next_origin(struct verify *on, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt = db_stmt(on->store, sql);
    int rc;

    db_int(stmt, 1, on->origin.id);
    rc = db_step(on->store, stmt);
    *out = rc == 1 ? sqlite3_column_int64(stmt, 0) : INT64_MAX;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

static int begin_origin(struct verify *on, struct fault *fault)
{
    int64_t known, used;
    int rc = next_origin(on,
                         "SELECT id FROM origin WHERE id > ?1 "
                         "ORDER BY id LIMIT 1",
                         &known);

    if (rc == 0)
        rc = next_origin(on,
                         "SELECT origin FROM journal WHERE origin > ?1 "
                         "ORDER BY origin LIMIT 1",
                         &used);
    if (rc < 0)
        return rc;
    if (used < known)
        return fault_set(fault, ERR_CORRUPT, "origin",
                         "origin %lld of the journal is missing",
                         (long long)used);
    on->phase = known == INT64_MAX ? VERIFY_CELLS : VERIFY_CHAIN;
    if (known == INT64_MAX)
        return 1;
    if (origin_by_row(on->store, known, &on->origin) != 1)
        return fault_set(fault, ERR_CORRUPT, "origin", "a row is damaged");
    on->chained = on->origin.n > 0;
    on->n = 0;
    memset(&on->hash, 0, sizeof on->hash);
    if (on->origin.has_parent)
        on->hash = on->origin.parent_hash;
    on->found.origins++;
    return 1;
}

static int end_origin(struct verify *on, struct fault *fault)
{
    on->phase = VERIFY_ORIGINS;
    if (on->chained && on->n < on->origin.n)
        return verify_damaged(on, "journal", on->n + 1, "is missing", fault);
    return 1;
}

/* Rows of others come one by one, as news tell them: their hash can only be
 * compared where the change before is here too. */
static bool row_fits(struct verify *on, uint64_t n, const struct hash *hash,
                     struct bytes bytes)
{
    bool in_chain = on->chained && n <= on->origin.n;
    struct hash made;

    if (in_chain && n != on->n + 1)
        return false;
    if (bytes.len == 0 || (!in_chain && (n != on->n + 1 || on->n == 0)))
        return true;
    made = change_hash(&on->hash, bytes);
    return memcmp(made.b, hash->b, HASH_SIZE) == 0;
}

static int verify_row(struct verify *on, sqlite3_stmt *row, struct fault *fault)
{
    uint64_t n = db_column_num(row, 0);
    int state = sqlite3_column_int(row, 1);
    struct hash hash;

    /* A number that rotted into a text is read as one that was passed. */
    if (n <= on->n || !db_column_hash(row, 2, &hash) || state < 0 || state >= STATES)
        return verify_damaged(on, "journal", n, "is damaged", fault);
    if (!row_fits(on, n, &hash, db_column(row, 3)))
        return verify_damaged(on, "journal", n, "does not fit its hash", fault);
    if (on->chained && n == on->origin.n &&
        memcmp(hash.b, on->origin.hash.b, HASH_SIZE) != 0)
        return verify_damaged(on, "origin", n, "is not the one it was", fault);
    if (on->store->hub || (on->origin.own && n <= on->origin.n))
        on->count[state]++;
    on->n = n;
    on->hash = hash;
    on->found.changes++;
    return verify_waits(on, n, (enum state)state, fault);
}

static int verify_chain(struct verify *on, struct fault *fault)
{
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT n, state, hash, bytes FROM journal "
                           "WHERE origin = ?1 AND n > ?2 ORDER BY n LIMIT ?3");
    int rows = 0, rc = 1, stepped = 0;

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->n);
    db_int(stmt, 3, SLICE_ROWS);
    while (rc == 1 && (stepped = db_step(on->store, stmt)) == 1) {
        rc = verify_row(on, stmt, fault);
        rows++;
    }
    sqlite3_reset(stmt);
    if (stepped < 0)
        return verify_damaged(on, "journal", on->n + 1, "is on a damaged page",
                              fault);
    return rc == 1 && rows < SLICE_ROWS ? end_origin(on, fault) : rc;
}

/* ---- all of it ---- */

/* Counted on the way, or, when something was written since, all at once. */
static int verify_counts(struct verify *on, struct fault *fault)
{
    struct store *store = on->store;

    if (sqlite3_total_changes64(store->db) != on->writes ||
        store->turns_lost != on->lost)
        count_journal(store, on->count);
    for (int i = 0; i < STATES && store->rc == 0; i++)
        if (on->count[i] != store->tally[i])
            return fault_set(fault, ERR_CORRUPT, state_text((enum state)i),
                             "%lld counted, %lld in the journal",
                             (long long)store->tally[i],
                             (long long)on->count[i]);
    on->phase = VERIFY_AUDIT;
    return store->rc < 0 ? store->rc : 1;
}

static int verify_slice(struct verify *on, struct fault *fault)
{
    switch (on->phase) {
    case VERIFY_SCHEMA:
        return verify_schema(on, fault);
    case VERIFY_TABLES:
        return verify_table(on, fault);
    case VERIFY_ORIGINS:
        return begin_origin(on, fault);
    case VERIFY_CHAIN:
        return verify_chain(on, fault);
    case VERIFY_CELLS:
        return verify_cells(on, fault);
    case VERIFY_CASES:
        return verify_cases(on, fault);
    case VERIFY_RECEIPTS:
        return verify_receipts(on, fault);
    case VERIFY_COUNTS:
        return verify_counts(on, fault);
    case VERIFY_AUDIT:
        break;
    }
    return verify_audit(on, fault);
}

int verify_step(struct verify *on, struct fault *fault)
{
    struct fault found = {.err = 0};
    int rc;

    on->store->rc = 0;
    rc = verify_slice(on, &found);
    if (rc < 0 && found.err == 0)
        fault_set(&found, rc, "", "the disk does not read");
    if (rc < 0 && fault != NULL)
        *fault = found;
    return rc;
}

/* All at once, and what no table has: lost pages, pages used twice. */
static int verify_pages(struct store *store, struct fault *fault)
{
    sqlite3_stmt *stmt = db_stmt(store, "PRAGMA integrity_check(1)");
    char said[64] = "";

    if (db_step(store, stmt) == 1)
        db_column_text(stmt, 0, said, sizeof said);
    sqlite3_reset(stmt);
    return strcmp(said, "ok") == 0
               ? 0
               : fault_set(fault, ERR_CORRUPT, "", "a page is damaged");
}

int store_verify(struct store *store, struct fault *fault)
{
    struct verify *verify;
    int rc;

    store->rc = 0;
    rc = verify_pages(store, fault);
    if (rc < 0)
        return rc;
    verify = verify_new(store);
    do {
        rc = verify_step(verify, fault);
    } while (rc == 1);
    verify_free(verify);
    return rc;
}
