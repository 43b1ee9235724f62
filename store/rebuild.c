/*
 * Facts are not decided twice: the journal holds every verdict, so the cells
 * can be folded again from it, in order of number, without asking merge.
 */
#include "store/decide.h"

#include <string.h>

struct fold {
    struct store *store;
    bool differed;
};

/* The change the journal puts in force in one cell: the newest taken. One
 * without a number is known here from its case alone. */
static int newest_taken(struct store *store, struct cell_row *cell)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT origin, n, number FROM journal WHERE record = ?1 AND "
               "cell = ?2 AND key = ?3 AND state = ?4 AND reason <> ?5 AND "
               "number > 0 "
               "ORDER BY number DESC LIMIT 1");

    return cell_newest(store, stmt, cell);
}

/* The newest own change of the cell, if it has no verdict yet: over one that has,
 * an older one that still waits is not shown. */
static int newest_own(struct store *store, const struct cell_row *cell,
                      struct place_id *at)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT j.origin, j.n, j.state IN (?4, ?5) FROM journal j "
               "JOIN origin o ON o.id = j.origin WHERE j.record = ?1 AND "
               "j.cell = ?2 AND j.key = ?3 AND o.own = 1 "
               "ORDER BY j.origin DESC, j.n DESC LIMIT 1");
    int rc;

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, STATE_QUEUED);
    db_int(stmt, 5, STATE_RECEIVED);
    *at = (struct place_id){0, 0};
    rc = db_step(store, stmt);
    if (rc == 1 && sqlite3_column_int(stmt, 2) != 0) {
        at->origin = sqlite3_column_int64(stmt, 0);
        at->n = db_column_num(stmt, 1);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

static bool same_place(struct place_id a, struct place_id b)
{
    return a.origin == b.origin && a.n == b.n;
}

static int fold_cell(struct fold *on, const struct cell_row *key)
{
    struct cell_row was, is;
    struct entry own;
    int rc = cell_find(on->store, key->record, key->cell,
                       bytes_text(key->key), &was);

    is = was;
    if (rc >= 0)
        rc = newest_taken(on->store, &is);
    if (rc == 0 && !on->store->hub)
        rc = newest_own(on->store, key, &is.own);
    if (rc < 0)
        return rc;
    if (same_place(was.own, is.own) && same_place(was.force, is.force) &&
        was.number == is.number)
        return 0;
    on->differed = true;
    is.own_base = 0;
    entry_init(&own);
    if (is.own.origin != 0 && journal_load(on->store, is.own, &own) == 1 &&
        own.readable)
        is.own_base = own.change.base;
    entry_done(&own);
    return cell_save(on->store, &is);
}

/* Every cell any change speaks of, in order. */
static int fold_cells(struct fold *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT DISTINCT record, cell, key FROM journal "
                   "WHERE record IS NOT NULL AND state IN (?1, ?2, ?3) "
                   "UNION SELECT record, cell, key FROM cell");
    struct cell_row key;
    int rc = 0;

    db_int(stmt, 1, STATE_TAKEN);
    db_int(stmt, 2, on->store->hub ? STATE_TAKEN : STATE_QUEUED);
    db_int(stmt, 3, on->store->hub ? STATE_TAKEN : STATE_RECEIVED);
    while (rc == 0 && db_step(on->store, stmt) == 1) {
        key.record = sqlite3_column_int64(stmt, 0);
        key.cell = db_column_num(stmt, 1);
        db_column_text(stmt, 2, key.key, sizeof key.key);
        rc = fold_cell(on, &key);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : on->store->rc;
}

/* ---- what follows from the cells ---- */

/* Note what a cell shows, as if it were shown for the first time. */
static int fold_shown(struct fold *on, const struct cell_row *cell)
{
    struct store *store = on->store;
    struct record_row row;
    struct entry entry;
    const struct kind *kind;
    int at, rc = record_by_row(store, cell->record, &row);

    kind = rc == 1 ? kinds_by_id(store->kinds, row.kind) : NULL;
    at = kind == NULL ? -1 : kind_cell_by_id(kind, cell->cell);
    if (rc < 0 || at < 0)
        return rc < 0 ? rc : 0;
    entry_init(&entry);
    rc = journal_load(store, cell_shown(cell), &entry);
    if (rc == 1 && entry.readable) {
        rc = record_note(store, &row, kind, at, NULL,
                         entry.change.removal ? NULL : &entry.change.body);
        if (rc == 0 && store->hub)
            rc = knew_fold(store, cell, &entry);
    }
    entry_done(&entry);
    return rc < 0 ? rc : 0;
}

static int fold_records(struct fold *on)
{
    struct store *store = on->store;
    sqlite3_stmt *stmt;
    struct cell_row cell;
    int rc = 0;

    db_exec(store, "UPDATE record SET org = NULL, host = NULL, ended = 0; "
                   "DELETE FROM lookup; DELETE FROM knew");
    store->records = 0;
    stmt = db_stmt(store, "SELECT record, cell, key FROM cell "
                          "ORDER BY record, cell, key");
    while (rc == 0 && db_step(store, stmt) == 1) {
        rc = cell_find(store, sqlite3_column_int64(stmt, 0),
                       db_column_num(stmt, 1), db_column(stmt, 2), &cell);
        rc = rc == 1 ? fold_shown(on, &cell) : rc;
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : store->rc;
}

void count_journal(struct store *store, int64_t count[STATES])
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT j.state, count(*) FROM journal j JOIN origin o "
               "ON o.id = j.origin WHERE ?1 OR (o.own = 1 AND j.n <= "
               "CASE WHEN o.id = ?2 THEN ?3 ELSE o.n END) GROUP BY j.state");

    memset(count, 0, sizeof *count * STATES);
    db_int(stmt, 1, store->hub);
    db_int(stmt, 2, store->self);
    db_num(stmt, 3, store->self_n);
    /* A state that there is not is no change of any: the sum shows it. */
    while (db_step(store, stmt) == 1) {
        sqlite3_int64 state = sqlite3_column_int64(stmt, 0);

        if (state >= 0 && state < STATES)
            count[state] = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
}

/* A hash of everything derived, to tell whether it was right. */
static int64_t derived_hash(struct store *store)
{
    static const char *const sql[] = {
        "SELECT id, org, host, ended FROM record ORDER BY id",
        "SELECT hash, record, 0, 0 FROM lookup ORDER BY 1, 2",
        ("SELECT record * 64 + cell, key, origin, n FROM knew "
         "ORDER BY record, cell, key, origin, n"),
    };
    uint64_t hash = 14695981039346656037u;      /* FNV-1a */

    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
        sqlite3_stmt *stmt = db_stmt(store, sql[i]);

        while (db_step(store, stmt) == 1)
            for (int column = 0; column < 4; column++) {
                struct bytes text = db_column(stmt, column);

                for (size_t at = 0; at < text.len; at++)
                    hash = (hash ^ text.data[at]) * 1099511628211u;
                hash = (hash ^ 0xff) * 1099511628211u;
            }
        sqlite3_reset(stmt);
    }
    return (int64_t)hash;
}

/* Every change of a cell must be found from it. */
static bool chains_whole(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "WITH RECURSIVE past (origin, n) AS ("
               "SELECT last_origin, last_n FROM cell "
               "WHERE last_n IS NOT NULL UNION ALL "
               "SELECT j.past_origin, j.past_n FROM past p JOIN journal j "
               "ON j.origin = p.origin AND j.n = p.n "
               "WHERE j.past_n IS NOT NULL LIMIT (SELECT count(*) + 1 FROM "
               "journal)) "
               "SELECT (SELECT count(*) FROM past) = "
               "(SELECT count(*) FROM journal WHERE record IS NOT NULL)");
    bool whole = db_step(store, stmt) == 1 && sqlite3_column_int(stmt, 0) != 0;

    sqlite3_reset(stmt);
    return whole;
}

/* Chain all changes anew, each cell's in order of number, waiting ones last. */
int chain_again(struct store *store)
{
    sqlite3_stmt *stmt;
    int rc = db_exec(store, "UPDATE cell SET last_origin = NULL, "
                            "last_n = NULL");

    stmt = db_stmt(
        store, "SELECT record, cell, key, origin, n FROM journal "
               "WHERE record IS NOT NULL ORDER BY record, cell, key, "
               "number IS NULL, number, origin, n");
    while (rc == 0 && db_step(store, stmt) == 1) {
        struct place_id at = {sqlite3_column_int64(stmt, 3),
                              db_column_num(stmt, 4)};
        struct entry entry = {.at = at};
        struct cell_row cell;

        rc = cell_find(store, sqlite3_column_int64(stmt, 0),
                       db_column_num(stmt, 1), db_column(stmt, 2), &cell);
        if (rc < 0)
            break;
        cell_chain(&cell, &entry);
        rc = journal_chain(store, &entry);
        if (rc == 0)
            rc = cell_save(store, &cell);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : store->rc;
}

static int fold_chains(struct fold *on)
{
    if (chains_whole(on->store))
        return on->store->rc;
    on->differed = true;
    return chain_again(on->store);
}

static int fold_derived(struct fold *on)
{
    struct store *store = on->store;
    int64_t count[STATES], hash = derived_hash(store);
    int64_t records = store->records;
    int rc = fold_records(on);

    count_journal(store, count);
    if (hash != derived_hash(store) || records != store->records ||
        memcmp(count, store->tally, sizeof count) != 0)
        on->differed = true;
    memcpy(store->tally, count, sizeof count);
    store->tally_dirty = true;
    return rc < 0 ? rc : store->rc;
}

int store_rebuild(struct store *store, struct fault *fault)
{
    struct fold on = {.store = store};
    int rc = store_write(store);

    /* For this once the journal is asked by record, cell after cell. */
    if (rc == 0)
        rc = db_exec(store, "CREATE INDEX fold ON journal (record)");
    if (rc == 0)
        rc = fold_cells(&on);
    reached(store, REACH_REBUILD);
    if (rc == 0)
        rc = fold_chains(&on);
    if (rc == 0)
        rc = fold_derived(&on);
    if (rc == 0)
        rc = db_exec(store, "DROP INDEX fold");
    store->broken = store->broken || rc < 0;    /* half of it is no register */
    if (rc < 0)
        return fault_set(fault, rc, "", "rebuild");
    if (on.differed)
        return fault_set(fault, ERR_CORRUPT, "",
                         "what is derived differed from the journal and was "
                         "made again");
    return 0;
}
