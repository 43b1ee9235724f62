#include "tests/fuzz/help/hold.h"
#include "store/journal.h"
#include "tests/fuzz/help/must.h"

#include <string.h>

/* Looking at every page costs more than most inputs do, reading all records out
 * as much as ten, and folding as much as twenty, as it makes an index and all
 * statements have to be prepared anew. So each is done for the first input, so
 * that one alone shows what it has found, and then once in a while. */
enum { SOON = 16, SELDOM = 64, FOLD = 128 };

static unsigned inputs;

bool hold_soon(void)
{
    return inputs % SOON == 0;
}

bool hold_seldom(void)
{
    return inputs % SELDOM == 0;
}

static void must_count(struct store *store)
{
    int64_t count[STATES];

    count_journal(store, count);
    for (int i = 0; i < STATES; i++)
        must(count[i] == store->tally[i], "%lld are %s, %lld in the journal",
             (long long)store->tally[i], state_text((enum state)i),
             (long long)count[i]);
}

/* A hub may tell a station a verdict and a case that do not fit: its word, and no
 * damage, though verify takes it for that. */
static bool verifies(struct store *store, struct fault *fault)
{
    return store_verify(store, fault) == 0 ||
           (!store->hub && strcmp(fault->field, "cases") == 0);
}

void hold_whole(struct store *store, bool forged)
{
    struct fault fault = {.err = 0};

    must(!store->broken, "the store is broken");
    must(store_commit(store, &fault) == 0, "commit: %s", fault.why);
    must_count(store);
    if (hold_soon() && !forged)
        must(verifies(store, &fault), "verify: %d %s %s", fault.err,
             fault.field, fault.why);
    if (inputs++ % FOLD != 0 || forged)
        return;
    must(store_rebuild(store, &fault) == 0, "rebuild: %d %s %s", fault.err,
         fault.field, fault.why);
    must(store_commit(store, &fault) == 0, "commit: %s", fault.why);
}

#define HASH_BEGIN 14695981039346656037u

/* FNV-1a over the columns, each with its end. */
uint64_t hold_hash(sqlite3_stmt *stmt, uint64_t hash)
{
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            struct bytes bytes = db_column(stmt, i);

            hash = (hash ^ (uint64_t)sqlite3_column_type(stmt, i)) *
                   1099511628211u;
            for (size_t at = 0; at < bytes.len; at++)
                hash = (hash ^ bytes.data[at]) * 1099511628211u;
        }
    sqlite3_reset(stmt);
    return hash;
}

static void note(struct store *store, const char *sql, const char *station,
                 const char *org)
{
    sqlite3_stmt *stmt = NULL;

    must(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK,
         "%s: %s", sql, sqlite3_errmsg(store->db));
    sqlite3_bind_text(stmt, 1, station, -1, SQLITE_STATIC);
    if (org != NULL)
        sqlite3_bind_text(stmt, 2, org, -1, SQLITE_STATIC);
    must(sqlite3_step(stmt) == SQLITE_DONE, "%s", sql);
    sqlite3_finalize(stmt);
}

void hold_note(struct store *store, const char *station, const char *org)
{
    must(sqlite3_exec(store->db,
                      "CREATE TEMP TABLE IF NOT EXISTS outside "
                      "(station, record); "
                      "CREATE TEMP TABLE IF NOT EXISTS others "
                      "(station, origin)",
                      NULL, NULL, NULL) == SQLITE_OK,
         "%s", sqlite3_errmsg(store->db));
    note(store,
         "INSERT INTO outside SELECT ?1, id FROM record WHERE org IS NOT NULL "
         "AND substr(org, 1, length(?2)) <> ?2 AND "
         "substr(ifnull(host, ''), 1, length(?2)) <> ?2",
         station, org);
    note(store,
         "INSERT INTO others SELECT ?1, id FROM origin WHERE station <> ?1",
         station, NULL);
}

/* Without numbers and seqs: a hub that was set back moves all of them. */
#define OUTSIDE(column) \
    column " IN (SELECT record FROM outside WHERE station = ?1)"
#define OTHERS(column) \
    column " IN (SELECT origin FROM others WHERE station = ?1)"

struct hold_outside hold_outside(struct store *store, const char *station)
{
    static const char *const sql[HOLD_TABLES] = {
        "SELECT * FROM record WHERE " OUTSIDE("id") " ORDER BY id",
        "SELECT record, cell, key, origin, n FROM cell WHERE "
        OUTSIDE("record") " AND origin IS NOT NULL ORDER BY record, cell, key",
        "SELECT origin, n, state, reason, field, rule FROM journal WHERE "
        OUTSIDE("record") " AND " OTHERS("origin") " ORDER BY origin, n",
        "SELECT id, origin, n, record, cell, key, reason, open FROM cases "
        "WHERE " OUTSIDE("record") " AND " OTHERS("origin") " ORDER BY id",
        "SELECT * FROM origin WHERE " OTHERS("id") " ORDER BY id",
        "SELECT origin, n, record, cell, key, kinds, hash, bytes "
        "FROM journal WHERE " OTHERS("origin") " ORDER BY origin, n",
    };
    struct hold_outside out;

    for (int i = 0; i < HOLD_TABLES; i++) {
        sqlite3_stmt *stmt = db_stmt(store, sql[i]);

        db_text(stmt, 1, bytes_text(station));
        out.hash[i] = hold_hash(stmt, HASH_BEGIN);
    }
    return out;
}

const char *hold_moved(const struct hold_outside *was,
                       const struct hold_outside *is)
{
    static const char *const what[HOLD_TABLES] = {
        "a record", "a cell", "a change's state", "a case", "an origin",
        "a change"};

    for (int i = 0; i < HOLD_TABLES; i++)
        if (was->hash[i] != is->hash[i])
            return what[i];
    return NULL;
}

/* ---- a station ---- */

static void see_cells(struct store *store, struct hold_station *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT c.record, c.cell, c.key, c.own_origin, c.own_n "
               "FROM cell c WHERE c.own_origin IS NOT NULL "
               "ORDER BY c.record, c.cell, c.key");

    out->cells = 0;
    while (out->cells < HOLD_CELLS && db_step(store, stmt) == 1) {
        out->cell[out->cells].record = sqlite3_column_int64(stmt, 0);
        out->cell[out->cells].cell = db_column_num(stmt, 1);
        db_column_text(stmt, 2, out->cell[out->cells].key, KEY_MAX + 1);
        out->cell[out->cells].origin = sqlite3_column_int64(stmt, 3);
        out->cell[out->cells++].n = db_column_num(stmt, 4);
    }
    sqlite3_reset(stmt);
}

static void see_streams(struct store *store, struct hold_station *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT cursor FROM stream ORDER BY id");

    out->streams = 0;
    while (out->streams < HOLD_STREAMS && db_step(store, stmt) == 1)
        out->cursor[out->streams++] = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
}

/* Which cell each is of: a fork gives them other names and hashes. What an own
 * origin has beyond what this machine wrote came as news: the disk ran
 * elsewhere too. */
static uint64_t see_own(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT j.record, j.cell, j.key, count(*) FROM journal j "
               "JOIN origin o ON o.id = j.origin WHERE o.own = 1 AND j.n <= "
               "CASE WHEN o.id = ?1 THEN ?2 ELSE o.n END "
               "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");

    db_int(stmt, 1, store->self);
    db_num(stmt, 2, store->self_n);
    return hold_hash(stmt, HASH_BEGIN);
}

struct hold_station hold_station(struct store *store)
{
    struct hold_station out;

    out.own = see_own(store);
    out.written = 0;
    for (int i = 0; i < STATES; i++)
        out.written += (uint64_t)store->tally[i];
    see_cells(store, &out);
    see_streams(store, &out);
    return out;
}

/* Has this own change got a verdict? One that moved to another name may have. */
static bool decided(struct store *store, int64_t origin, uint64_t n)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT state FROM journal WHERE origin = ?1 AND n = ?2");
    int state = STATE_SETTLED;

    db_int(stmt, 1, origin);
    db_num(stmt, 2, n);
    if (db_step(store, stmt) == 1)
        state = sqlite3_column_int(stmt, 0);
    sqlite3_reset(stmt);
    return state != STATE_QUEUED && state != STATE_RECEIVED;
}

static bool has_cell(const struct hold_station *is,
                     const struct hold_station *was, int at)
{
    for (int i = 0; i < is->cells; i++)
        if (is->cell[i].record == was->cell[at].record &&
            is->cell[i].cell == was->cell[at].cell &&
            strcmp(is->cell[i].key, was->cell[at].key) == 0)
            return true;
    return false;
}

void hold_kept(struct store *store, const struct hold_station *was,
               const struct hold_station *is)
{
    must(is->own == was->own, "an own change is another one");
    must(is->written == was->written, "%llu written, %llu before",
         (unsigned long long)is->written, (unsigned long long)was->written);
    for (int i = 0; i < was->cells; i++)
        must(has_cell(is, was, i) ||
                 decided(store, was->cell[i].origin, was->cell[i].n),
             "an own value without a verdict is covered: record %lld cell "
             "%llu", (long long)was->cell[i].record,
             (unsigned long long)was->cell[i].cell);
    for (int i = 0; i < was->streams; i++)
        must(is->streams > i && (is->cursor[i] >= was->cursor[i] ||
                                 is->cursor[i] == 0 /* after a fork */),
             "a cursor goes back");
}
