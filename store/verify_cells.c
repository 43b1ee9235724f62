/* Does everything that points at the journal say what stands there? */
#include "proto/facts.h"
#include "store/verify.h"

#include <string.h>

/* Is this change in the journal as one of this very cell? `number` 0: as an own
 * one that waits. */
static int pointed(struct verify *on, const struct cell_row *cell,
                   struct place_id at, uint64_t number)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT 1 FROM journal WHERE origin = ?1 AND n = ?2 AND "
                   "record = ?3 AND cell = ?4 AND key = ?5 AND "
                   "CASE WHEN ?6 > 0 THEN state = ?7 AND number = ?6 "
                   "ELSE state IN (?8, ?9) END");
    int rc;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    db_int(stmt, 3, cell->record);
    db_num(stmt, 4, cell->cell);
    db_text(stmt, 5, bytes_text(cell->key));
    db_num(stmt, 6, number);
    db_int(stmt, 7, STATE_TAKEN);
    db_int(stmt, 8, STATE_QUEUED);
    db_int(stmt, 9, STATE_RECEIVED);
    rc = db_step(on->store, stmt);
    sqlite3_reset(stmt);
    return rc;
}

/* A record that left this machine's view keeps what it showed, while news of
 * it may still renumber the journal. */
static bool is_gone(struct verify *on, int64_t record)
{
    struct record_row row;

    return record_by_row(on->store, record, &row) == 1 && row.gone != 0;
}

static int verify_cell(struct verify *on, const struct cell_row *cell,
                       struct fault *fault)
{
    struct place_id at = cell->force;
    struct hash hash;
    int rc = at.origin == 0 ? 1 : pointed(on, cell, at, cell->number);

    if (rc == 0 && is_gone(on, cell->record))
        rc = 1;
    if (rc == 1 && cell->own.origin != 0) {
        at = cell->own;
        rc = pointed(on, cell, at, 0);
    }
    /* From its last change all of them are found. That it is one of this cell is
     * not asked: what was mended by hearing it again keeps its old row. */
    if (rc == 1 && cell->last.origin != 0) {
        at = cell->last;
        rc = journal_hash(on->store, at, &hash);
    }
    if (rc != 0)
        return rc;
    if (origin_by_row(on->store, at.origin, &on->origin) != 1)
        memset(&on->origin, 0, sizeof on->origin);
    return verify_damaged(on, "cell", at.n, "is shown otherwise than it is",
                          fault);
}

/* A key that rotted into a text sorts behind all numbers, and is read as one
 * that was passed before: from there the same rows would come for ever. */
static int not_a_number(const char *table, struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, table, "a row is damaged");
}

/* The cells of a record come one after the other: it is looked up at the first. */
static int verify_record(struct verify *on, int64_t record,
                         struct fault *fault)
{
    struct record_row row;
    int rc = record_by_row(on->store, record, &row);

    return rc != 0 ? rc
                   : fault_set(fault, ERR_CORRUPT, "record",
                               "record %lld is missing", (long long)record);
}

int verify_cells(struct verify *on, struct fault *fault)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT record, cell, key, origin, n, number, own_origin, "
                   "own_n, last_origin, last_n FROM cell "
                   "WHERE (record, cell, key) > (?1, ?2, ?3) "
                   "ORDER BY record, cell, key LIMIT ?4");
    struct cell_row *cell = &on->cell;
    int64_t before;
    int rows = 0, rc = 1;

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    sqlite3_bind_text(stmt, 3, cell->key, -1, SQLITE_TRANSIENT);
    db_int(stmt, 4, SLICE_ROWS);
    while (rc == 1 && (rc = db_step(on->store, stmt)) == 1) {
        before = cell->record;
        cell->record = sqlite3_column_int64(stmt, 0);
        cell->cell = db_column_num(stmt, 1);
        db_column_text(stmt, 2, cell->key, sizeof cell->key);
        cell->force.origin = sqlite3_column_int64(stmt, 3);
        cell->force.n = db_column_num(stmt, 4);
        cell->number = db_column_num(stmt, 5);
        cell->own.origin = sqlite3_column_int64(stmt, 6);
        cell->own.n = db_column_num(stmt, 7);
        cell->last.origin = sqlite3_column_int64(stmt, 8);
        cell->last.n = db_column_num(stmt, 9);
        if (cell->record != before)
            rc = cell->record < before
                     ? not_a_number("cell", fault)
                     : verify_record(on, cell->record, fault);
        if (rc == 1)
            rc = verify_cell(on, cell, fault);
        rows++;
    }
    sqlite3_reset(stmt);
    on->found.cells += (uint64_t)rows;
    if (rc == 0 && rows < SLICE_ROWS)
        on->phase = VERIFY_CASES;
    return rc < 0 ? rc : 1;
}

/* A receipt speaks of changes that are here, by the hash of the last. */
static bool receipt_fits(struct verify *on, int64_t origin, uint64_t n,
                         struct bytes words)
{
    struct confirm *confirm = &on->confirm;
    struct origin_row row;
    struct hash known;

    if (confirm_read(words, confirm) < 0 || confirm->from != n ||
        origin_by_row(on->store, origin, &row) != 1 ||
        !id_equal(&row.origin, &confirm->origin))
        return false;
    n += confirm_count(confirm) - 1;
    return journal_hash(on->store, (struct place_id){origin, n}, &known) ==
               1 &&
           memcmp(known.b, confirm->hash.b, HASH_SIZE) == 0;
}

int verify_receipts(struct verify *on, struct fault *fault)
{
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT origin, n, signed FROM receipt WHERE "
                           "(origin, n) > (?1, ?2) ORDER BY origin, n LIMIT 1");
    struct place_id *at = &on->receipt, before = *at;
    bool fits = true, on_its_place = true;
    int rc;

    db_int(stmt, 1, at->origin);
    db_num(stmt, 2, at->n);
    rc = db_step(on->store, stmt);
    if (rc == 1) {
        at->origin = sqlite3_column_int64(stmt, 0);
        at->n = db_column_num(stmt, 1);
        on_its_place = at->origin > before.origin ||
                       (at->origin == before.origin && at->n > before.n);
        fits = receipt_fits(on, at->origin, at->n, db_column(stmt, 2));
        on->found.receipts++;
    }
    sqlite3_reset(stmt);
    if (!on_its_place)
        return not_a_number("receipt", fault);
    if (!fits)
        return fault_set(fault, ERR_CORRUPT, "receipt",
                         "the receipt from change %llu of origin %lld on "
                         "does not fit the journal",
                         (unsigned long long)at->n, (long long)at->origin);
    if (rc == 0)
        on->phase = VERIFY_COUNTS;
    return rc < 0 ? rc : 1;
}
