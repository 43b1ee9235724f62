/*
 * Hub: taking back what it decided in a life it has lost.
 *
 * Happy path: the receipt is this hub's own and ends in the hash of the changes
 * that came with it; each is entered with the verdict and the number it had, and
 * the cells follow by number, in whatever order the facts come. Where a state
 * that is in force now was decided without knowing one of them, that one becomes
 * a case. A change that had no verdict yet is decided now.
 */
#include "proto/facts.h"
#include "store/merge.h"
#include "store/taking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct refill {
    struct taking on;
    struct facts facts;
};

/* It goes on from what is in force, and that one's number was drawn anew. */
static bool overtaken(struct taking *on, uint64_t number)
{
    return on->entry.state == STATE_TAKEN && number < on->on.at.number &&
           line_follows(on->store, on->entry.at, on->on.at.force);
}

/* A number that meanwhile is another's is drawn anew. Asked for the first time,
 * the journal gets an index by number, which the next start drops. */
static uint64_t number_for(struct taking *on, uint64_t number)
{
    struct store *store = on->store;
    sqlite3_stmt *stmt;
    bool used;

    db_exec(store, "CREATE INDEX IF NOT EXISTS journal_number "
                   "ON journal (number)");
    stmt = db_stmt(store, "SELECT 1 FROM journal WHERE number = ?1 LIMIT 1");
    db_num(stmt, 1, number);
    used = number == 0 || db_step(store, stmt) == 1;
    sqlite3_reset(stmt);
    if (!used && number <= store->number && !overtaken(on, number))
        return number;
    reached(store, REACH_RENUMBERED);
    return next_number(store);
}

/* ---- would what is in force now have been taken? ---- */

static bool knew_it(struct store *store, const struct entry *newer,
                    const struct entry *fact)
{
    return newer->change.base >= fact->number ||
           line_follows(store, newer->at, fact->at);
}

/* Decided over the hole, a change was perhaps let in that this fact forbids: a
 * fixed cell, one that only the county may write once it has a value. */
static bool still_taken(struct deciding *on, const struct entry *newer)
{
    const char *org = origin_org(on->store, newer->at.origin);
    enum reason reason;
    struct merge_in in = {
        .kind = on->kind,
        .cell = on->cell,
        .ever = true,
        .removed = on->entry->change.removal,
        .force = &on->entry->change.body,
        .removal = newer->change.removal,
        .body = &newer->change.body,
        .settles = newer->change.nsettles > 0,
        .knew = knew_it(on->store, newer, on->entry),
        .owner = org_covers(org, bytes_text(on->row.org)),
        .host = org_covers(org, bytes_text(on->row.host)),
        .county = org_covers(org, bytes_text(on->store->org)),
    };

    return merge(&in, &reason) != STATE_PARKED;
}

static bool agrees(struct deciding *on, const struct entry *newer)
{
    if (!newer->readable)
        return false;
    return newer->number > on->store->since_number &&
                   newer->cell == on->entry->cell && on->cell > 0
               ? still_taken(on, newer)
               : knew_it(on->store, newer, on->entry);
}

/* The oldest state of this cell that was put in force after the fact: whoever
 * wrote it looked at the fact, or at what the hub had in its place. */
static int successor(struct refill *of, uint64_t cell, struct entry *out)
{
    struct deciding *on = &of->on.on;
    sqlite3_stmt *stmt = db_stmt(
        on->store, PAST_OF_RECORD
        "SELECT j.origin, j.n FROM past JOIN journal j USING (origin, n) "
        "WHERE (j.key = ?3 OR ?2 IS NULL) AND j.state = ?4 AND "
        "j.number > ?5 ORDER BY j.number LIMIT 1");
    struct place_id at = {0, 0};

    db_int(stmt, 1, on->row.id);
    if (cell == CELL_END)
        sqlite3_bind_null(stmt, 2);     /* it speaks for all of them */
    else
        db_num(stmt, 2, cell);
    db_text(stmt, 3, bytes_text(on->at.key));
    db_int(stmt, 4, STATE_TAKEN);
    db_num(stmt, 5, on->entry->number);
    if (db_step(on->store, stmt) == 1)
        at = (struct place_id){sqlite3_column_int64(stmt, 0),
                               db_column_num(stmt, 1)};
    sqlite3_reset(stmt);
    return at.origin == 0 ? 0 : journal_load(on->store, at, out);
}

static int note_unknowing(struct refill *of)
{
    struct deciding *on = &of->on.on;
    struct entry newer;
    int rc;

    entry_init(&newer);
    rc = successor(of, on->at.cell, &newer);
    if (rc == 1 && !agrees(on, &newer)) {
        reached(on->store, REACH_RESTORED);
        rc = case_open(on, REASON_RESTORED);
    }
    entry_done(&newer);
    return rc < 0 ? rc : 0;
}

/* An ending of this life speaks for cells whose lost states its author never saw,
 * whatever number it gives for its base. */
static int note_ended(struct refill *of)
{
    struct deciding *on = &of->on.on;
    struct cell_row end;
    int rc = !on->row.ended || on->at.cell == CELL_END
                 ? 0
                 : cell_find(on->store, on->row.id, CELL_END,
                             bytes_of(NULL, 0), &end);

    if (rc != 1 || end.number <= on->store->since_number ||
        line_follows(on->store, end.force, on->entry->at))
        return rc < 0 ? rc : 0;
    reached(on->store, REACH_RESTORED);
    return case_open(on, REASON_RESTORED);
}

/* Whoever sees the record as the fact says, and not as it stands, must hear that
 * it left. */
static int tell_left(struct deciding *on)
{
    struct record_row was = on->row, is = on->row;

    if (!record_as(on->kind, on->cell, &on->entry->change.body, &was) ||
        (strcmp(was.org, is.org) == 0 &&
         strcmp(was.host, is.host) == 0))
        return 0;
    return news_moved(on->store, &was, &is);
}

/* ---- one change ---- */

/* Whatever was found the same as what is in force, or settled for it, may come
 * before it or after. */
static int fold_known(struct deciding *on)
{
    struct entry force;
    int rc;

    entry_init(&force);
    rc = on->at.force.origin == 0
             ? 0
             : journal_load(on->store, on->at.force, &force);
    if (rc == 1 && force.readable)
        rc = knew_fold(on->store, &on->at, &force);
    entry_done(&force);
    return rc < 0 ? rc : 0;
}

/* Facts mostly come in order of number, and then nothing newer of the cell can
 * have been found the same as this one. */
static bool in_order(struct deciding *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, PAST_OF_RECORD "SELECT 1 FROM past JOIN journal j "
                   "USING (origin, n) WHERE j.number > ?3 LIMIT 1");
    int rc;

    if (on->entry->state != STATE_TAKEN || on->entry->change.nsettles > 0)
        return false;
    db_int(stmt, 1, on->row.id);
    db_num(stmt, 2, on->at.cell);
    db_num(stmt, 3, on->entry->number);
    rc = db_step(on->store, stmt);
    sqlite3_reset(stmt);
    return rc == 0;
}

/* By the journal alone the newest number is in force. What stays so, although a
 * fact was drawn one above it, gets the next. */
static int stay_newest(struct deciding *on)
{
    struct cell_row *at = &on->at;
    int rc;

    at->number = next_number(on->store);
    rc = journal_decide(on->store, at->force, STATE_TAKEN, STATE_TAKEN,
                        at->number, REASON_NONE, "", "");
    return rc < 0 ? rc : news_cell(on->store, &on->row, &on->row, at);
}

/* `number` is the one it was given: its place among the states of its cell, unless
 * the one before it there was drawn anew. */
static int apply(struct refill *of, uint64_t number)
{
    struct deciding *on = &of->on.on;
    bool taken = on->entry->state == STATE_TAKEN;
    bool wins = taken && (number > on->at.number ||
                          overtaken(&of->on, number));
    int rc = wins ? decide_enter(on) : cell_save(on->store, &on->at);

    if (rc == 0)
        rc = journal_add(on->store, on->entry);
    if (rc == 0 && !in_order(on))
        rc = fold_known(on);
    tally_move(on->store, -1, (int)on->entry->state, 1);
    if (rc == 0)
        rc = decide_after(on);
    if (rc == 0 && taken && !wins && on->entry->number > on->at.number)
        rc = stay_newest(on);
    if (rc == 0 && taken && !wins)
        rc = tell_left(on);
    if (rc == 0 && taken && (!wins || on->at.cell == CELL_END))
        rc = note_unknowing(of);
    return rc == 0 && taken ? note_ended(of) : rc;
}

static int enter(struct refill *of, const struct place *place,
                 const struct run *run, uint64_t number)
{
    struct taking *on = &of->on;
    struct entry *entry = &on->entry;
    int rc;

    /* Another copy of its disk may wait for the verdict, too. */
    if (run->verdict == STATE_RECEIVED) {
        rc = take_place(on, place);
        return rc < 0 || entry->state == STATE_RECEIVED
                   ? rc : news_verdict(on->store, entry->at);
    }
    begin_place(on, place);
    on->wrong = "change";
    if (run->verdict == STATE_ASIDE || !legible(on))
        return set_aside(on);
    rc = find_record(on);
    if (rc < 0 || on->on.row.kind != entry->change.kind)
        return rc < 0 ? rc : set_aside(on);
    entry->record = on->on.row.id;
    entry->cell = entry->change.cell;
    entry_set_key(entry, entry->change.key);
    on->on.fresh = false;       /* other facts of it may have come before */
    rc = decide_cell(&on->on);
    if (rc < 0)
        return rc;
    entry->state = (enum state)run->verdict;
    entry->number = number_for(on, number);
    entry->reason = (enum reason)run->reason;
    snprintf(entry->field, sizeof entry->field, "%s", run->field);
    snprintf(entry->rule, sizeof entry->rule, "%s", run->rule);
    cell_chain(&on->on.at, entry);
    if (entry->change.has_was)
        rc = came_before(on);   /* keeps its old name */
    if (rc >= 0)
        rc = apply(of, number);
    return rc == 0 ? decide_waiting_for(on) : rc;
}

/* ---- all of them ---- */

/* The verdict of the n-th change of the receipt. */
static const struct run *run_of(const struct confirm *confirm, uint64_t n,
                                uint64_t *number)
{
    const struct run *run = confirm->run;

    for (n -= confirm->from; n >= run->count; run++)
        n -= run->count;
    *number = run->number == 0 ? 0 : run->number + n;
    return run;
}

static int enter_place(struct taking *on, const struct place *place,
                       void *user)
{
    struct refill *of = user;
    uint64_t number;
    const struct run *run = run_of(&of->facts.confirm, place->n, &number);
    int rc = numbers_clear(on->store, number);

    if (rc == 0)
        rc = enter(of, place, run, number);
    if (rc == 0)
        reached(of->on.store, REACH_REFILLED);
    return rc;
}

static bool verdicts_valid(const struct confirm *confirm)
{
    for (int i = 0; i < confirm->runs; i++)
        if (confirm->run[i].verdict < STATE_RECEIVED ||
            confirm->run[i].verdict > STATE_ASIDE)
            return false;
    return true;
}

static int take_facts(struct refill *of, const struct station *station,
                      const struct batch *batch, struct taken *out,
                      struct fault *fault)
{
    struct store *store = of->on.store;
    int rc = facts_check(&of->facts, batch, &store->hub_id, store->key);

    /* Not this hub's receipt: they are decided as new, like all that has none. */
    if (rc < 0 || !verdicts_valid(&of->facts.confirm))
        return store_take(store, station, batch, out, fault);
    rc = taking_open(&of->on, store, station, batch);
    if (rc == 0)
        rc = take_places(&of->on, *batch, enter_place, of);
    rc = taking_end(&of->on, rc, batch->count, out, fault);
    taking_close(&of->on);
    return rc;
}

int store_take_facts(struct store *store, const struct station *station,
                     struct bytes payload, struct taken *out,
                     struct fault *fault)
{
    struct refill *of;
    struct batch batch;
    int rc = store_write(store);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return fault_set(fault, rc, "", "the hub cannot write");
    of = xmalloc(sizeof *of);
    memset(of, 0, sizeof *of);
    of->on.store = store;
    rc = facts_read(payload, &of->facts);
    if (rc == 0)
        rc = batch_read(of->facts.batch, &batch, fault);
    if (rc == 0) {
        rc = take_facts(of, station, &batch, out, fault);
        batch_done(&batch);
    }
    free(of);
    return rc;
}
