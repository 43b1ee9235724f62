/*
 * Saving: one edit becomes changes in the journal.
 *
 * Happy path: the token is new, the plan has changes, each is written with its
 * base, the cell shows it, the token remembers the receipt. Whatever can be
 * wrong with the edit is found while it is planned, before anything is written.
 * A write that fails after that is the disk's failure: the turn is lost like one
 * whose commit failed. A savepoint for each save would copy every page it
 * touches, and cost a tenth of an import.
 */
#include "store/lost.h"
#include "store/plan.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { TIME_SIZE = 6, TOKEN_SIZE = TIME_SIZE + 16 };

static void receipt_add(struct receipt *out, const struct name *name, int cell,
                        struct bytes key, enum state state)
{
    if (out->changes == RECEIPT_CHANGES)
        return;
    out->change[out->changes].name = *name;
    out->change[out->changes].cell = cell;
    if (key.len > 0)
        memcpy(out->change[out->changes].key, key.data, key.len);
    out->change[out->changes].key[key.len] = '\0';
    out->change[out->changes].state = state;
    out->changes++;
}

static bool named_already(const struct change *change)
{
    for (int i = 0; i < change->nsettles; i++)
        if (name_equal(&change->settles[i],
                       &change->settles[change->nsettles]))
            return true;
    return false;
}

/* An own value that was returned is corrected by the next edit of its cell:
 * the clerk has seen why, and must not be asked twice. */
static void name_returned(struct store *store, const struct plan_cell *cell,
                          struct change *change, int64_t record)
{
    sqlite3_stmt *stmt;
    struct place_id at;

    if (store->tally[STATE_RETURNED] == 0)
        return;
    stmt = db_stmt(store, "SELECT c.origin, c.n FROM cases c JOIN journal j "
                          "ON j.origin = c.origin AND j.n = c.n "
                          "WHERE c.record = ?1 AND c.cell = ?2 AND "
                          "c.key = ?3 AND c.open = 1 AND j.state = ?4");
    db_int(stmt, 1, record);
    db_num(stmt, 2, change->cell);
    db_text(stmt, 3, cell->key);
    db_int(stmt, 4, STATE_RETURNED);
    while (change->nsettles < SETTLES_MAX && db_step(store, stmt) == 1) {
        at.origin = sqlite3_column_int64(stmt, 0);
        at.n = db_column_num(stmt, 1);
        if (place_is_own(store, at) &&
            place_name(store, at, &change->settles[change->nsettles]) == 0 &&
            !named_already(change))
            change->nsettles++;
    }
    sqlite3_reset(stmt);
}

static void fill_change(const struct plan *plan, const struct plan_cell *cell,
                        struct change *out)
{
    const struct edit *edit = plan->edit;

    out->record = plan->row.record;
    out->kind = (uint64_t)plan->kind->id;
    out->cell = (uint64_t)plan->kind->cells[cell->cell].id;
    out->key = cell->key;
    out->base = cell->base;
    out->removal = cell->removal;
    out->author = edit->author;
    out->stamp = edit->stamp;
    out->has_at = edit->has_at;
    out->at_ms = edit->at_ms;
    out->nsettles = edit->nsettles;
    memcpy(out->settles, edit->settles,
           sizeof out->settles[0] * (size_t)edit->nsettles);
    out->has_was = false;
    out->body = cell->body;
}

/* The row of a cell that is shown was read with it. */
static int cell_now(struct store *store, const struct plan *plan,
                    const struct plan_cell *cell, struct cell_row *out)
{
    uint64_t id = (uint64_t)plan->kind->cells[cell->cell].id;

    cell_new(plan->row.id, id, cell->key, out);
    if (cell->before == NULL)
        return plan->existed ? cell_find(store, plan->row.id, id, cell->key, out)
                             : 0;
    out->exists = true;
    out->last.origin = cell->before->last_origin;
    out->last.n = cell->before->last_n;
    return 0;
}

static int write_cell(struct store *store, struct plan *plan,
                      const struct plan_cell *cell, struct receipt *out)
{
    struct change change;
    struct cell_row row;
    struct place_id at;
    int rc = journal_self(store);

    if (rc < 0)
        return rc;
    change.name.origin = store->self_origin;
    fill_change(plan, cell, &change);
    name_returned(store, cell, &change, plan->row.id);
    rc = cell_now(store, plan, cell, &row);
    if (rc >= 0)
        rc = journal_write(store, &change, plan->row.id, row.last, &at);
    if (rc < 0)
        return rc;
    row.last = row.own = at;
    row.own_base = change.base;
    rc = cell_write(store, &row);
    if (rc == 0)
        rc = record_note(store, &plan->row, plan->kind, cell->cell,
                         cell->before != NULL && cell->before->present
                             ? &cell->before->body : NULL,
                         cell->removal ? NULL : &cell->body);
    receipt_add(out, &change.name, cell->cell, cell->key, STATE_QUEUED);
    return rc;
}

static int write_plan(struct store *store, struct plan *plan,
                      struct receipt *out)
{
    struct record_row row;
    int rc = 0;

    if (!plan->existed && plan->cells > 0) {
        rc = record_add(store, &plan->row.record, (uint64_t)plan->kind->id,
                        &row);
        plan->row = row;
    }
    for (int i = 0; i < plan->cells && rc == 0; i++)
        rc = write_cell(store, plan, &plan->cell[i], out);
    return rc;
}

/* ---- tokens ---- */

/* The key of a token. Lines of a sheet come in order of time mostly: with the
 * time they state in front, their keys lie together. */
static void token_key(const struct edit *edit, uint8_t out[TOKEN_SIZE])
{
    uint8_t *at = out + TIME_SIZE;

    memset(out, 0, TIME_SIZE);
    for (int i = 0; i < TIME_SIZE && edit->imported && edit->has_at; i++)
        out[i] = (uint8_t)((uint64_t)edit->at_ms >>
                           (8 * (TIME_SIZE - 1 - i)));
    crypto_generichash(at, TOKEN_SIZE - TIME_SIZE, edit->token.data,
                       edit->token.len, NULL, 0);
}

static int64_t edit_digest(const struct edit *edit)
{
    crypto_generichash_state state;
    uint8_t hash[crypto_generichash_BYTES_MIN];
    int64_t out;

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (int i = 0; i < edit->nset; i++) {
        crypto_generichash_update(&state,
                                  (const uint8_t *)&edit->set[i].field,
                                  sizeof edit->set[i].field);
        crypto_generichash_update(&state, edit->set[i].text.data,
                                  edit->set[i].text.len);
    }
    for (int i = 0; i < edit->nkeys; i++) {
        uint8_t present = edit->key[i].present;

        crypto_generichash_update(&state, (const uint8_t *)&edit->key[i].cell,
                                  sizeof edit->key[i].cell);
        crypto_generichash_update(&state, &present, sizeof present);
        crypto_generichash_update(&state, edit->key[i].key.data,
                                  edit->key[i].key.len);
    }
    crypto_generichash_update(&state, edit->reason.data, edit->reason.len);
    crypto_generichash_update(&state, (const uint8_t *)&edit->ending,
                              sizeof edit->ending);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&out, hash, sizeof out);
    return out;
}

static void receipt_again(struct store *store, struct place_id first,
                          uint64_t count, struct receipt *out)
{
    struct entry entry;

    entry_init(&entry);
    for (uint64_t i = 0; i < count; i++) {
        struct place_id at = {first.origin, first.n + i};
        const struct kind *kind;

        if (journal_load(store, at, &entry) != 1 || !entry.readable)
            continue;
        kind = kinds_by_id(store->kinds, entry.change.kind);
        out->record = entry.change.record;
        receipt_add(out, &entry.change.name,
                    kind == NULL ? -1
                                 : kind_cell_by_id(kind, entry.change.cell),
                    entry.change.key, entry.state);
    }
    entry_done(&entry);
}

/* 1 when the token was used before: `out` is the receipt of then. */
static int token_used(struct store *store, const struct edit *edit,
                      const uint8_t token[TOKEN_SIZE], struct receipt *out,
                      struct fault *fault)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT digest, record, origin, n, count FROM token "
                       "WHERE token = ?1");
    struct record_row row;
    struct place_id first;
    int64_t digest, record;
    uint64_t count;
    bool imported;
    int rc;

    db_bytes(stmt, 1, bytes_of(token, TOKEN_SIZE));
    rc = db_step(store, stmt);
    if (rc != 1)
        return rc;
    imported = sqlite3_column_type(stmt, 0) == SQLITE_NULL;
    digest = sqlite3_column_int64(stmt, 0);
    record = sqlite3_column_int64(stmt, 1);
    first.origin = sqlite3_column_int64(stmt, 2);
    first.n = db_column_num(stmt, 3);
    count = db_column_num(stmt, 4);
    sqlite3_reset(stmt);
    if (imported != edit->imported ||
        (!imported && digest != edit_digest(edit)))
        return fault_set(fault, ERR_TOKEN, "token",
                         "take a new token for a new edit");
    if (record != 0 && record_by_row(store, record, &row) == 1)
        out->record = row.record;
    receipt_again(store, first, count, out);
    /* Whoever asks again for a new record may have drawn another id. */
    if (!edit->create && !id_equal(&out->record, &edit->record))
        return fault_set(fault, ERR_TOKEN, "token",
                         "take a new token for a new edit");
    reached(store, REACH_PUT_AGAIN);
    out->repeated = true;
    return 1;
}

static int token_keep(struct store *store, const struct edit *edit,
                      const uint8_t token[TOKEN_SIZE],
                      const struct receipt *receipt)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO token (token, digest, record, origin, n, count) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    db_bytes(stmt, 1, bytes_of(token, TOKEN_SIZE));
    for (int i = 2; i <= 5; i++)
        sqlite3_bind_null(stmt, i);
    if (!edit->imported)
        db_int(stmt, 2, edit_digest(edit));
    if (receipt->changes > 0) {
        db_int(stmt, 4, store->self);
        db_num(stmt, 5, receipt->change[0].name.n);
    } else {
        db_int(stmt, 3, store->plan->row.id);
    }
    db_int(stmt, 6, receipt->changes);
    return db_run(store, stmt);
}

/* ---- the whole ---- */

static int save(struct store *store, const struct edit *edit,
                const uint8_t token[TOKEN_SIZE], struct receipt *out,
                struct fault *fault)
{
    int rc = write_plan(store, store->plan, out);

    for (int i = 0; i < edit->nsettles && out->changes > 0 && rc == 0; i++)
        rc = lost_settle(store, &edit->settles[i], &out->change[0].name);
    if (rc == 0 && edit->token.len > 0)
        rc = token_keep(store, edit, token, out);
    rc = db_result(store, rc);
    if (rc == 0)
        return 0;
    store->broken = true;
    return fault_set(fault, rc, "", "nothing was saved");
}

/* What a save would write, by the plan alone. */
static void foretell(const struct plan *plan, struct receipt *out)
{
    const struct name none = {.n = 0};

    for (int i = 0; i < plan->cells; i++)
        receipt_add(out, &none, plan->cell[i].cell, plan->cell[i].key,
                    STATE_QUEUED);
}

/* 1 when there is a plan to be written. */
static int prepare(struct store *store, const struct edit *edit,
                   uint8_t token[TOKEN_SIZE], struct receipt *out,
                   struct fault *fault)
{
    int rc = store_write(store);

    out->changes = out->warnings = 0;
    out->repeated = out->existed = false;
    out->record = edit->record;
    if (rc < 0)
        return fault_set(fault, rc, "", "nothing was saved");
    if (store->hub)
        return fault_set(fault, ERR_SCOPE, "", "the hub writes nothing of its "
                         "own; work at the county's station");
    if (edit->token.len > 0) {
        token_key(edit, token);
        rc = db_result(store, token_used(store, edit, token, out, fault));
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
    rc = plan_make(store, edit, out, fault);
    if (rc == 0 && store->rc < 0)
        rc = fault_set(fault, store->rc, "", "nothing was saved");
    if (rc < 0)
        return rc;
    out->existed = store->plan->existed;
    return 1;
}

int store_put(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault)
{
    uint8_t token[TOKEN_SIZE];
    int rc = prepare(store, edit, token, out, fault);

    return rc == 1 ? save(store, edit, token, out, fault) : rc;
}

int store_try(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault)
{
    uint8_t token[TOKEN_SIZE];
    int rc = prepare(store, edit, token, out, fault);

    if (rc == 1)
        foretell(store->plan, out);
    return rc < 0 ? rc : 0;
}

int store_import_begin(struct store *store, struct fault *fault)
{
    int rc = store_write(store);

    if (rc < 0)
        return fault_set(fault, rc, "", "nothing was imported");
    if (store->importing)
        return fault_set(fault, ERR_RUNNING, "", "an import; wait until it has ended");
    rc = db_run(store, db_stmt(store, "DELETE FROM import_base"));
    store->importing = rc == 0;
    store->import_moved = false;
    return rc;
}

int store_import_end(struct store *store)
{
    store->importing = store->import_moved = false;
    return 0;
}
