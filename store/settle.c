/*
 * Station: taking in an answer's welcome and its confirmations (news: hear.c).
 *
 * Happy path: each is applied whole, in a savepoint. A confirmation that comes
 * again is recognised by what is confirmed already.
 */
#include "proto/facts.h"
#include "store/fork.h"
#include "store/receipt.h"
#include "store/secured.h"
#include "store/speak.h"
#include "store/verdict.h"

#include <string.h>

/* ---- welcome ---- */

static int stream_add(struct store *store, const char *name)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO stream (name) VALUES (?1) ON CONFLICT DO NOTHING");

    db_text(stmt, 1, bytes_text(name));
    return db_run(store, stmt);
}

/* What is known may be ahead of a hub that was set back, but not by a leap: that
 * the disk has spoilt. */
static bool is_ahead(uint64_t known, uint64_t told, uint64_t leap)
{
    return known > told && known - told <= leap;
}

static void newest(struct store *store, uint64_t *known, uint64_t told,
                   uint64_t leap)
{
    if (told == *known || is_ahead(*known, told, leap))
        return;
    *known = told;
    store->numbers_dirty = true;
}

int store_settle_welcome(struct store *store, const struct welcome *welcome,
                         struct fault *fault)
{
    int rc = store_write(store);

    if (rc < 0)
        return fault_set(fault, rc, "", "welcome");
    if (is_ahead(store->life, welcome->life, LIFE_LEAP_MAX)) {
        reached(store, REACH_LIFE_OLD);
        return fault_set(fault, ERR_VERSION, "life",
                         "an answer of an older life of the hub");
    }
    store->suspect = false;
    rc = terse_heard(store, welcome);
    newest(store, &store->life, welcome->life, LIFE_LEAP_MAX);
    newest(store, &store->number, welcome->number, LEAP_MAX);
    newest(store, &store->seq, welcome->seq, LEAP_MAX);
    for (int i = 0; i < welcome->streams && rc == 0; i++)
        rc = stream_add(store, welcome->stream[i]);
    return rc == 0 ? secured_told(store, welcome) : rc;
}

/* ---- confirm ---- */

struct confirming {
    struct store *store;
    const struct confirm *confirm;
    struct origin_row origin;
    uint64_t n;
    bool lost;                  /* the hub has less than it confirmed */
};

static int confirm_one(struct confirming *on, const struct run *run,
                       uint64_t number)
{
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT ifnull(record, 0), ifnull(cell, 0), key, "
                           "state, ifnull(number, 0) FROM journal "
                           "WHERE origin = ?1 AND n = ?2");
    char key[KEY_MAX + 1] = "";
    struct verdict verdict = {
        .at = {on->origin.id, on->n},
        .state = (enum state)run->verdict,
        .number = number,
        .reason = (enum reason)run->reason,
        .field = run->field,
        .rule = run->rule,
    };
    enum state from = STATE_QUEUED;
    uint64_t known = 0;
    int rc;

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->n);
    rc = db_step(on->store, stmt);
    if (rc == 1) {
        verdict.record = sqlite3_column_int64(stmt, 0);
        verdict.cell = db_column_num(stmt, 1);
        db_column_text(stmt, 2, key, sizeof key);
        from = (enum state)sqlite3_column_int(stmt, 3);
        known = db_column_num(stmt, 4);
    }
    sqlite3_reset(stmt);
    verdict.key = bytes_text(key);
    if (rc != 1 || (from != STATE_QUEUED && from != STATE_RECEIVED &&
                    !verdict_differs(&verdict, from, known)))
        return rc < 0 ? rc : 0;
    return verdict_apply(on->store, &verdict, from);
}

/* Most changes are plainly taken: their rows move together. */
static int taken_rows(struct confirming *on, const struct run *run,
                      enum state from)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE journal SET state = ?5, number = ?4 + n - ?2 "
                   "WHERE origin = ?1 AND n BETWEEN ?2 AND ?3 AND "
                   "state = ?6 AND ifnull(number, 0) < ?4 + n - ?2");
    int rc;

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->n + 1);
    db_num(stmt, 3, on->n + run->count);
    db_num(stmt, 4, run->number);
    db_int(stmt, 5, STATE_TAKEN);
    db_int(stmt, 6, (int64_t)from);
    rc = db_run(on->store, stmt);
    if (rc == 0)
        tally_move(on->store, (int)from, STATE_TAKEN,
                   sqlite3_changes(on->store->db));
    return rc;
}

/* The cell still shows this very change: it stays shown, now in force. False
 * when the cell stands otherwise. */
static bool taken_cell(struct confirming *on, sqlite3_stmt *row,
                       uint64_t number)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE cell SET origin = own_origin, n = own_n, "
                   "number = ?4, own_origin = NULL, own_n = NULL, "
                   "own_base = NULL WHERE record = ?1 AND cell = ?2 AND "
                   "key = ?3 AND own_origin = ?5 AND own_n = ?6 AND "
                   "number < ?4");

    db_int(stmt, 1, sqlite3_column_int64(row, 1));
    db_int(stmt, 2, sqlite3_column_int64(row, 2));
    db_text(stmt, 3, db_column(row, 3));
    db_num(stmt, 4, number);
    db_int(stmt, 5, on->origin.id);
    db_num(stmt, 6, db_column_num(row, 0));
    return db_run(on->store, stmt) == 0 &&
           sqlite3_changes(on->store->db) == 1;
}

static int taken_otherwise(struct confirming *on, sqlite3_stmt *row,
                           uint64_t number)
{
    char key[KEY_MAX + 1];
    struct verdict verdict = {
        .at = {on->origin.id, db_column_num(row, 0)},
        .record = sqlite3_column_int64(row, 1),
        .cell = db_column_num(row, 2),
        .state = STATE_TAKEN,
        .number = number,
    };

    db_column_text(row, 3, key, sizeof key);
    verdict.key = bytes_text(key);
    return verdict_cell(on->store, &verdict);
}

static int taken_run(struct confirming *on, const struct run *run)
{
    sqlite3_stmt *row =
        db_stmt(on->store, "SELECT n, record, cell, key FROM journal "
                           "WHERE origin = ?1 AND n BETWEEN ?2 AND ?3 AND "
                           "state = ?4 AND number = ?5 + n - ?2");
    int rc;

    if (on->n + run->count > on->origin.n)
        return ERR_FORMAT;
    rc = taken_rows(on, run, STATE_QUEUED);
    if (rc == 0)
        rc = taken_rows(on, run, STATE_RECEIVED);
    if (rc == 0)                /* decided once more by a hub that lost it */
        rc = taken_rows(on, run, STATE_TAKEN);
    db_int(row, 1, on->origin.id);
    db_num(row, 2, on->n + 1);
    db_num(row, 3, on->n + run->count);
    db_int(row, 4, STATE_TAKEN);
    db_num(row, 5, run->number);
    while (rc == 0 && db_step(on->store, row) == 1) {
        uint64_t number = run->number + db_column_num(row, 0) - on->n - 1;

        if (on->store->importing || !taken_cell(on, row, number))
            rc = taken_otherwise(on, row, number);
    }
    sqlite3_reset(row);
    on->n += run->count;
    return rc < 0 ? rc : on->store->rc;
}

static int confirm_run(struct confirming *on, const struct run *run)
{
    if (run->verdict == STATE_TAKEN && run->number > 0)
        return taken_run(on, run);
    for (uint64_t i = 0; i < run->count; i++) {
        uint64_t number = run->number == 0 ? 0 : run->number + i;
        int rc;

        if (++on->n > on->origin.n)
            return ERR_FORMAT;
        rc = confirm_one(on, run, number);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int confirmed_move(struct confirming *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE origin SET confirmed = ?2 WHERE id = ?1");

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->n);
    return db_run(on->store, stmt);
}

static bool run_valid(const struct run *run)
{
    return run->count > 0 && run->count <= BATCH_RAW_MAX &&
           run->verdict >= STATE_RECEIVED && run->verdict <= STATE_ASIDE &&
           (run->reason == 0 || run->count == 1);
}

static bool own_hash(struct confirming *on)
{
    struct place_id at = {on->origin.id, on->n};
    struct hash known;

    return journal_hash(on->store, at, &known) == 1 &&
           memcmp(known.b, on->confirm->hash.b, HASH_SIZE) == 0;
}

static int confirm_apply(struct confirming *on)
{
    int rc = 0;

    on->n = on->confirm->from - 1;
    for (int i = 0; i < on->confirm->runs && rc == 0; i++)
        rc = run_valid(&on->confirm->run[i])
                 ? confirm_run(on, &on->confirm->run[i])
                 : ERR_FORMAT;
    reached(on->store, REACH_CONFIRM_HEARD);
    if (rc == 0 && !own_hash(on))
        rc = ERR_FORKED;
    if (rc == 0)
        rc = confirmed_move(on);
    return rc == 0 ? receipt_keep(on->store, on->origin.id, on->confirm) : rc;
}

/* So often in one run of the program may a hub lose what it had: a bound, so that
 * nothing goes round for ever. */
enum { NAMINGS_MAX = 100 };

static int named(struct store *store, int64_t origin)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE origin SET again = 0 WHERE id = ?1 AND again = 1");

    db_int(stmt, 1, origin);
    return db_run(store, stmt);
}

/* One hello names only so many: are there more to be named? */
static bool names_left(struct store *store)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT 1 FROM origin WHERE again = 1 LIMIT 1");
    bool left = db_step(store, stmt) == 1;

    sqlite3_reset(stmt);
    return left;
}

/* Have every origin named from the oldest on, unless that is under way. */
static int name_all(struct store *store, bool *begun)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE origin SET again = 1 WHERE own = 1 AND n > 0 AND "
               "NOT EXISTS (SELECT 1 FROM origin WHERE again = 1)");
    int rc = ERR_OK;

    if (store->namings < NAMINGS_MAX)
        rc = db_run(store, stmt);
    *begun = rc == 0 && store->namings < NAMINGS_MAX &&
             sqlite3_changes(store->db) > 0;
    store->namings += *begun;
    return rc;
}

/* A hub that was set back has less than it confirmed. The newest origin is named
 * in every hello; when the hub does not have what that one goes on from, all are
 * named, and what is missing is sent again, parents first. *healed says that
 * another exchange will do more. */
static int heal(struct confirming *on, bool *healed)
{
    const struct confirm *confirm = on->confirm;
    struct store *store = on->store;
    int rc = 0;

    if (confirm->standing == STANDING_ORPHAN) {
        reached(store, REACH_ORPHAN);
        rc = name_all(store, healed);
    }
    if (rc == 0 && confirm->from == on->origin.confirmed + 1) {
        rc = named(store, on->origin.id);
        *healed = *healed || (rc == 0 && sqlite3_changes(store->db) > 0 &&
                              names_left(store));
        if (rc == 0 && confirm->through < on->origin.confirmed) {
            on->n = confirm->through;
            on->lost = true;
            rc = confirmed_move(on);
            *healed = true;
            reached(store, REACH_HEALED);
        }
    }
    return rc;
}

enum { CONFIRM_BYTES = 64 };    /* a verdict is about so much work */

uint64_t store_confirmed(struct store *store, const struct id *origin)
{
    struct origin_row row;

    return origin_find(store, origin, &row) == 1 ? row.confirmed : 0;
}

/* Another copy of this disk wrote other changes under the same names: what the
 * hub has of both was settled above, the rest moves on. */
static int heal_fork(struct confirming *on, bool *healed)
{
    struct store_mark mark;
    uint64_t from = on->confirm->from + confirm_count(on->confirm);
    bool alone = on->confirm->standing == STANDING_FOREIGN;
    int rc = from > on->origin.n ? ERR_OK
                                 : mark_set(on->store, SIZE_MAX, &mark);

    if (rc < 0 || from > on->origin.n)
        return rc;              /* nothing of it is left to move */
    rc = mark_end(on->store, &mark,
                  fork_line(on->store, &on->origin, from, alone));
    *healed = rc == 0;
    return rc;
}

static int apply_marked(struct confirming *on)
{
    struct store_mark mark;
    int rc = mark_set(on->store,
                      (size_t)confirm_count(on->confirm) * CONFIRM_BYTES,
                      &mark);

    return rc < 0 ? rc : mark_end(on->store, &mark, confirm_apply(on));
}

static bool is_forked(const struct confirming *on)
{
    return on->confirm->standing == STANDING_FORKED ||
           on->confirm->standing == STANDING_FOREIGN;
}

/* The answer to an ask this disk packed before it was set back, or was lost: what
 * the news leave out as this station's own is not here any more. An answer confirms
 * before it tells news, so these are passed over. */
static int of_later_self(struct store *store)
{
    store->suspect = true;
    return store->rc;
}

int store_settle_confirm(struct store *store, const struct confirm *confirm,
                         bool *applied, bool *healed, struct fault *fault)
{
    struct confirming on = {.store = store, .confirm = confirm};
    int rc = store_write(store);

    *applied = *healed = false;
    if (rc < 0)
        return fault_set(fault, rc, "", "confirm");
    if (origin_find(store, &confirm->origin, &on.origin) != 1 ||
        !on.origin.own ||
        confirm->from > on.origin.n + 1)
        return of_later_self(store);
    rc = is_forked(&on) ? named(store, on.origin.id) : heal(&on, healed);
    if (rc < 0 || on.lost)
        return rc;
    if (confirm->runs > 0 && confirm->from == on.origin.confirmed + 1) {
        reached(store, REACH_CONFIRM);
        rc = apply_marked(&on);
        *applied = rc == 0;
        if (rc == ERR_FORKED)
            return fork_suspect(store);
    } else if (confirm->from != on.origin.confirmed + 1) {
        reached(store, REACH_CONFIRM_OLD);
        return 0;               /* an old answer: known already */
    }
    if (rc == 0 && is_forked(&on) && !confirm->more)
        rc = heal_fork(&on, healed);
    return rc < 0 ? fault_set(fault, rc, "confirm", "nothing of it was applied")
                  : 0;
}
