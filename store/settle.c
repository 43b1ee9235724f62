/*
 * Station: taking in an answer's welcome and its confirmations (news: hear.c).
 *
 * Happy path: each is applied whole, in a savepoint. A confirmation that comes
 * again is recognised by what is confirmed already.
 */
#include "store/verdict.h"

#include <stdio.h>
#include <string.h>

/* ---- welcome ---- */

static int stream_add(struct store *store, const char *name)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO stream (name) VALUES (?1) ON CONFLICT DO NOTHING");

    db_text(stmt, 1, bytes_text(name));
    return db_run(store, stmt);
}

static void newest(struct store *store, uint64_t *known, uint64_t told)
{
    if (told <= *known)
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
    if (welcome->life < store->life)
        reached(store, REACH_LIFE_OLD);
    if (welcome->life < store->life)
        return fault_set(fault, ERR_VERSION, "life",
                         "an answer of an older life of the hub");
    newest(store, &store->life, welcome->life);
    newest(store, &store->number, welcome->number);
    newest(store, &store->seq, welcome->seq);
    for (int i = 0; i < welcome->streams && rc == 0; i++)
        rc = stream_add(store, welcome->stream[i]);
    return rc;
}

/* ---- confirm ---- */

struct confirming {
    struct store *store;
    const struct confirm *confirm;
    struct origin_row origin;
    uint64_t n;
};

static int confirm_one(struct confirming *on, const struct run *run,
                       uint64_t number)
{
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT ifnull(record, 0), ifnull(cell, 0), key, "
                           "state FROM journal WHERE origin = ?1 AND n = ?2");
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
    int rc;

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->n);
    rc = db_step(on->store, stmt);
    if (rc == 1) {
        verdict.record = sqlite3_column_int64(stmt, 0);
        verdict.cell = db_column_num(stmt, 1);
        db_column_text(stmt, 2, key, sizeof key);
        from = (enum state)sqlite3_column_int(stmt, 3);
    }
    sqlite3_reset(stmt);
    verdict.key = bytes_text(key);
    if (rc != 1 || (from != STATE_QUEUED && from != STATE_RECEIVED))
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
                   "state = ?6");
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

static int receipt_keep(struct confirming *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "INSERT INTO receipt (origin, n, signed, mac) "
                   "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING");
    struct buf body;
    int rc;

    buf_init(&body, FRAME_MAX);
    confirm_write(on->confirm, &body);
    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->confirm->from);
    db_bytes(stmt, 3, buf_view(&body));
    db_bytes(stmt, 4, bytes_of(on->confirm->receipt, HASH_SIZE));
    rc = db_run(on->store, stmt);
    buf_done(&body);
    return rc;
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
    if (rc == 0 && !own_hash(on))
        rc = ERR_FORKED;
    if (rc == 0)
        rc = confirmed_move(on);
    return rc == 0 ? receipt_keep(on) : rc;
}

static int name_again(struct store *store, int64_t origin, bool again)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE origin SET again = ?2 WHERE id = ?1 AND again <> ?2");

    db_int(stmt, 1, origin);
    db_int(stmt, 2, again);
    return db_run(store, stmt);
}

/* A hub that was set back has less than it confirmed: what is missing is sent
 * again, parents first. One origin is found out at a time; *healed says that
 * another exchange will find more. */
static int heal(struct confirming *on, bool *healed)
{
    const struct confirm *confirm = on->confirm;
    struct store *store = on->store;
    int rc = 0;

    if (confirm->standing == STANDING_ORPHAN && on->origin.parent != 0) {
        reached(store, REACH_ORPHAN);
        rc = name_again(store, on->origin.parent, true);
        *healed = rc == 0 && sqlite3_changes(store->db) > 0;
    }
    if (rc == 0 && confirm->from == on->origin.confirmed + 1) {
        rc = name_again(store, on->origin.id, false);
        if (rc == 0 && confirm->through < on->origin.confirmed) {
            on->n = confirm->through;
            rc = confirmed_move(on);
            *healed = true;
            reached(store, REACH_HEALED);
        }
    }
    return rc;
}

enum { CONFIRM_BYTES = 64 };    /* a verdict is about so much work */

static size_t confirmed_count(const struct confirm *confirm)
{
    size_t count = 0;

    for (int i = 0; i < confirm->runs; i++)
        count += confirm->run[i].count;
    return count;
}

uint64_t store_confirmed(struct store *store, const struct id *origin)
{
    struct origin_row row;

    return origin_find(store, origin, &row) == 1 ? row.confirmed : 0;
}

int store_settle_confirm(struct store *store, const struct confirm *confirm,
                         bool *applied, bool *healed, struct fault *fault)
{
    struct confirming on = {.store = store, .confirm = confirm};
    struct store_mark mark;
    int rc = store_write(store);

    *applied = *healed = false;
    if (rc < 0)
        return fault_set(fault, rc, "", "confirm");
    if (confirm->standing == STANDING_FORKED)
        return fault_set(fault, ERR_FORKED, "origin",
                         "this disk was copied or set back");
    if (origin_find(store, &confirm->origin, &on.origin) != 1)
        return 0;
    rc = on.origin.own ? heal(&on, healed) : 0;
    if (rc < 0 || *healed)
        return rc;
    if (!on.origin.own || confirm->runs == 0)
        return 0;
    if (confirm->from != on.origin.confirmed + 1) {
        reached(store, REACH_CONFIRM_OLD);
        return 0;               /* an old answer: known already */
    }
    reached(store, REACH_CONFIRM);
    rc = mark_set(store, confirmed_count(confirm) * CONFIRM_BYTES, &mark);
    if (rc == 0)
        rc = confirm_apply(&on);
    *applied = rc == 0;
    if (rc == 0)
        return mark_keep(store, &mark);
    mark_undo(store, &mark);
    return fault_set(fault, rc, "confirm", "nothing of it was applied");
}
