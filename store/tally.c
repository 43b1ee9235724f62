/*
 * How many changes stand in which state, and how many living records are shown.
 *
 * Happy path: the counts live in memory and are written at the end of a turn,
 * but not after one that only saved: which of its own changes a station had
 * saved as of the table is noted with it, and those behind are counted at the
 * next start. So a save dirties a page less.
 */
#include "store/journal.h"

#include <string.h>

enum { SAVES_MAX = 1000 };              /* so many at most are counted again */

void tally_move(struct store *store, int from, int to, int64_t count)
{
    if (from >= 0)
        store->tally[from] -= count;
    if (to >= 0)
        store->tally[to] += count;
    store->tally_dirty = true;
}

/* ---- read ---- */

static void take_row(struct store *store, int row, int64_t count)
{
    if (row == TALLY_RECORDS)
        store->records = count;
    else if (row == TALLY_ORIGIN)
        store->table.origin = count;
    else if (row == TALLY_N)
        store->table.n = (uint64_t)count;
    else if (row >= 0 && row < STATES)
        store->tally[row] = count;
}

static int64_t saved_since(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT count(*) FROM journal "
               "WHERE origin = ?1 AND n > ?2 AND state = ?3");
    int64_t count = 0;

    db_int(stmt, 1, store->table.origin);
    db_num(stmt, 2, store->table.n);
    db_int(stmt, 3, STATE_QUEUED);
    if (db_step(store, stmt) == 1)
        count = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return count;
}

void tally_load(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT state, count FROM tally");

    while (db_step(store, stmt) == 1)
        take_row(store, sqlite3_column_int(stmt, 0),
                 sqlite3_column_int64(stmt, 1));
    store->table.queued = store->tally[STATE_QUEUED];
    if (store->table.origin != 0)
        store->tally[STATE_QUEUED] += saved_since(store);
    memcpy(store->tally_kept, store->tally, sizeof store->tally);
    store->records_kept = store->records;
}

/* ---- written ---- */

/* Would the next start find the same counts without writing them? */
static bool saves_only(const struct store *store)
{
    uint64_t saved = store->self_n - store->table.n;

    if (store->self == 0 || store->self != store->table.origin ||
        saved > SAVES_MAX || store->records != store->records_kept ||
        store->tally[STATE_QUEUED] != store->table.queued + (int64_t)saved)
        return false;
    for (int i = 0; i < STATES; i++)
        if (i != STATE_QUEUED && store->tally[i] != store->tally_kept[i])
            return false;
    return true;
}

static void write_row(struct store *store, int row, int64_t count)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO tally (state, count) VALUES (?1, ?2) "
                       "ON CONFLICT (state) DO UPDATE SET count = ?2");

    db_int(stmt, 1, row);
    db_int(stmt, 2, count);
    db_run(store, stmt);
}

static void write_rows(struct store *store)
{
    for (int i = 0; i < STATES; i++)
        if (i != STATE_QUEUED && store->tally[i] != store->tally_kept[i])
            write_row(store, i, store->tally[i]);
    if (store->records != store->records_kept)
        write_row(store, TALLY_RECORDS, store->records);
    store->table.queued = store->tally[STATE_QUEUED];
    write_row(store, STATE_QUEUED, store->table.queued);
    if (store->self == 0 && store->table.origin == 0)
        return;                 /* a hub, or nothing was saved yet */
    store->table.origin = store->self;
    store->table.n = store->self == 0 ? 0 : store->self_n;
    write_row(store, TALLY_ORIGIN, store->table.origin);
    write_row(store, TALLY_N, (int64_t)store->table.n);
}

void tally_save(struct store *store)
{
    if (store->tally_dirty && !saves_only(store))
        write_rows(store);
    memcpy(store->tally_kept, store->tally, sizeof store->tally);
    store->records_kept = store->records;
    store->tally_dirty = false;
}
