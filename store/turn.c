/*
 * The turn: everything between two commits.
 *
 * Happy path: store_write opens the turn, statements run, store_commit ends it.
 * What can fail: the disk is full or refuses (a mark, or the turn, is undone;
 * nothing was promised), a COMMIT (unknown outcome: broken for good, the process
 * must end).
 */
#include "store/db.h"

#include <string.h>

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
    store->changes_before = sqlite3_total_changes64(store->db);
    return 0;
}

/* ---- going back ---- */

enum { MARK_BYTES = 16 * 1024 };        /* more than this is much */

int mark_set(struct store *store, size_t size, struct store_mark *mark)
{
    int rc;

    mark->turn = size > MARK_BYTES;
    rc = mark->turn ? store_commit(store, NULL) : 0;
    if (rc == 0)
        rc = store_write(store);
    memcpy(mark->tally, store->tally, sizeof mark->tally);
    mark->records = store->records;
    mark->self = store->self;
    mark->self_origin = store->self_origin;
    mark->self_n = store->self_n;
    mark->self_met = store->self_met;
    mark->self_hash = store->self_hash;
    return rc < 0 || mark->turn ? rc
                                : db_run(store, db_stmt(store, "SAVEPOINT m"));
}

static int turn_back(struct store *store)
{
    int rc = db_run(store, db_stmt(store, "ROLLBACK"));

    store->open_turn = false;
    return rc;
}

static int mark_keep(struct store *store, const struct store_mark *mark)
{
    return mark->turn ? 0 : db_run(store, db_stmt(store, "RELEASE m"));
}

static int mark_back(struct store *store, const struct store_mark *mark)
{
    int rc;

    if (mark->turn)
        return turn_back(store);
    rc = db_run(store, db_stmt(store, "ROLLBACK TO m"));
    return mark_keep(store, mark) < 0 ? store->rc : rc;
}

/* When even going back fails SQLite has ended the whole transaction: nothing
 * of this turn may be promised, so the store is broken. */
static void mark_undo(struct store *store, const struct store_mark *mark)
{
    int first = store->rc;

    memcpy(store->tally, mark->tally, sizeof store->tally);
    store->records = mark->records;
    store->self = mark->self;
    store->self_origin = mark->self_origin;
    store->self_n = mark->self_n;
    store->self_met = mark->self_met;
    store->self_hash = mark->self_hash;
    store->rc = 0;
    if (mark_back(store, mark) < 0)
        store->broken = true;
    store->rc = first;
}

int mark_end(struct store *store, const struct store_mark *mark, int rc)
{
    rc = db_result(store, rc);
    if (rc == 0)
        return mark_keep(store, mark);
    mark_undo(store, mark);
    return rc;
}

void turn_undo(struct store *store)
{
    int first = store->rc;

    memcpy(store->tally, store->tally_kept, sizeof store->tally);
    store->records = store->records_kept;
    store->number = store->number_kept; /* told to nobody */
    store->seq = store->seq_kept;
    store->since_number = store->since_number_kept;
    store->since_seq = store->since_seq_kept;
    store->turns_lost++;
    store->rc = 0;
    if (store->open_turn && turn_back(store) < 0)
        store->broken = true;
    store->rc = first;
}

uint64_t store_turns_lost(const struct store *store)
{
    return store->turns_lost;
}

/* ---- the commit ---- */

/* Counters live in memory and are written once per turn. */
static void counters_write(struct store *store)
{
    tally_save(store);
    if (store->numbers_dirty) {
        meta_set(store, "life", (int64_t)store->life);
        meta_set(store, "number", (int64_t)store->number);
        meta_set(store, "seq", (int64_t)store->seq);
    }
    store->numbers_dirty = false;
}

/* How many pages of log a write costs, from the turns that had enough of them
 * to tell. */
static void weigh(struct store *store, uint64_t writes, int pages_before)
{
    if (writes >= 256 && store->wal_pages > pages_before)
        store->weight = (uint64_t)(store->wal_pages - pages_before) * 1024 /
                        writes;
}

/* A write of a hub costs 0.2 pages at most, so that many fit the log although those
 * of the last turn were cheap: new records, of which many share a page, and then
 * edits. */
enum { TURN_WRITES = 16384 };

bool store_heavy(const struct store *store)
{
    uint64_t writes = store_pending(store);

    return (store->hub && writes >= TURN_WRITES) ||
           writes * (store->weight + 1) / 1024 >= store->turn_pages;
}

/* A checkpoint that fails costs nothing yet: the log stays and is tried again
 * after the next commit. */
static void checkpoint(struct store *store)
{
    if ((uint64_t)store->wal_pages + store->turn_pages + LOG_SPARE < LOG_PAGES)
        return;
    reached(store, REACH_CHECKPOINT);
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                              NULL);
    store->wal_pages = 0;
    reached(store, REACH_CHECKPOINTED);
}

/* What was saved is safe, and its outcome to be asked again: unless the file is
 * damaged, then neither may be said. */
static int commit_failed(const struct store *store, int rc,
                         struct fault *fault)
{
    if (store->damaged)
        return fault_set(fault, ERR_CORRUPT, "", "put a backup back");
    return fault_set(fault, rc == ERR_FULL ? ERR_FULL : ERR_UNKNOWN, "",
                     "what was saved before is safe; ask again with the same "
                     "token after the restart");
}

int store_commit(struct store *store, struct fault *fault)
{
    uint64_t writes = store_pending(store);
    int pages = store->wal_pages, rc;

    if (store->broken)
        return commit_failed(store, ERR_UNKNOWN, fault);
    if (!store->open_turn)
        return 0;
    store->rc = 0;
    counters_write(store);
    rc = store->rc;
    reached(store, REACH_COMMIT);
    if (rc == 0)
        rc = db_run(store, db_stmt(store, "COMMIT"));
    if (rc < 0) {
        store->broken = true;
        reached(store, REACH_COMMIT_FAILED);
        return commit_failed(store, rc, fault);
    }
    store->open_turn = false;
    store->number_kept = store->number;
    store->seq_kept = store->seq;
    store->since_number_kept = store->since_number;
    store->since_seq_kept = store->since_seq;
    weigh(store, writes, pages);
    reached(store, REACH_COMMITTED);
    checkpoint(store);
    return 0;
}

uint64_t store_pending(const struct store *store)
{
    if (!store->open_turn)
        return 0;
    return (uint64_t)(sqlite3_total_changes64(store->db) -
                      store->changes_before) + 1;
}
