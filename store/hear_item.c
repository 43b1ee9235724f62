/*
 * Station: what one item of the news says.
 *
 * Happy path: the change stands in the journal, its cell shows it, its case is
 * opened or closed. What comes again is recognised: a state by its number, a
 * departure by its seq.
 */
#include "store/hearing.h"
#include "store/lost.h"
#include "store/verdict.h"

#include <stdio.h>
#include <string.h>

/* The record a change told by the hub is of; 0 for what was set aside, which may
 * say anything of any record. */
static int hear_record(struct hearing *on, enum state state)
{
    const struct change *change = &on->entry.change;
    struct record_row row = {.id = 0};
    int rc = 0;

    if (state != STATE_ASIDE)
        rc = record_find(on->store, &change->record, &row);
    if (state != STATE_ASIDE && rc == 0)
        rc = record_add(on->store, &change->record, change->kind, &row);
    on->entry.record = row.id;
    return rc < 0 ? rc : 0;
}

/* Does a change of a copy of this disk stand under a name of ours? As long as
 * nothing has said so and ours was not moved, it cannot be taken in. */
static bool is_twins(struct store *store, struct place_id at,
                     const struct hash *hash)
{
    struct hash own;

    return place_is_own(store, at) && journal_hash(store, at, &own) == 1 &&
           memcmp(own.b, hash->b, HASH_SIZE) != 0;
}

/* Make `on->entry` the journal's row for a change told by the hub. */
static int hear_change(struct hearing *on, const struct news_item *item,
                       enum state state)
{
    struct entry *entry = &on->entry;
    struct store *store = on->store;
    struct place_id at;
    int64_t origin;
    int rc;

    buf_clear(&entry->bytes);
    buf_put(&entry->bytes, item->change.data, item->change.len);
    if (change_read(buf_view(&entry->bytes), &entry->change) < 0)
        return ERR_FORMAT;
    entry->readable = true;
    origin = origin_row_of(store, &entry->change.name.origin);
    if (origin < 0)
        return (int)origin;
    at = (struct place_id){origin, entry->change.name.n};
    if (is_twins(store, at, &item->hash))
        return ERR_FORKED;
    rc = hear_record(on, state);
    if (rc < 0)
        return rc;
    entry->at = at;
    entry->past = (struct place_id){0, 0};
    entry->cell = entry->change.cell;
    entry_set_key(entry, entry->change.key);
    entry->kinds = store->kinds_row;
    entry->state = state;
    entry->number = item->number;
    entry->reason = (enum reason)item->reason;
    memcpy(entry->field, item->field, sizeof entry->field);
    memcpy(entry->rule, item->rule, sizeof entry->rule);
    entry->hash = item->hash;
    return 0;
}

/* Is the change known here? `homeless`: without a record, as it was heard while
 * it was set aside. */
static bool journal_known(struct store *store, struct place_id at,
                          bool *homeless)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT record IS NULL AND bytes IS NOT NULL FROM journal "
               "WHERE origin = ?1 AND n = ?2");
    bool known;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    known = db_step(store, stmt) == 1;
    *homeless = known && sqlite3_column_int(stmt, 0) != 0;
    sqlite3_reset(stmt);
    return known;
}

/* A hub that was set back decided it again, under a newer number; or what was
 * parked when it came here is in force by now. */
static int journal_renumber(struct store *store, struct place_id at,
                            uint64_t number)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE journal SET state = ?3, number = ?4 WHERE "
               "origin = ?1 AND n = ?2 AND ifnull(number, 0) < ?4");

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    db_int(stmt, 3, STATE_TAKEN);
    db_num(stmt, 4, number);
    return db_run(store, stmt);
}

/* True when the item is older than the record's departure from here. */
static bool departed(struct hearing *on, int64_t record, uint64_t seq)
{
    struct record_row row;

    if (record_by_row(on->store, record, &row) != 1 || row.gone == 0)
        return false;
    if (seq < row.gone)
        return true;
    record_set_gone(on->store, &row, 0);
    return false;
}

/* A change that is new here becomes the last one of its cell; so does one whose
 * cell is known only now. */
static int journal_hear(struct hearing *on, struct cell_row *cell)
{
    struct entry *entry = &on->entry;
    bool homeless, known = journal_known(on->store, entry->at, &homeless);
    int rc = cell_find(on->store, entry->record, entry->cell,
                       entry->change.key, cell);

    if (rc < 0 || (known && (!homeless || entry->record == 0)))
        return rc < 0 ? rc : 0;
    if (entry->record == 0)
        return journal_add(on->store, entry);
    cell_chain(cell, entry);
    rc = known ? journal_place(on->store, entry)
               : journal_add(on->store, entry);
    return rc < 0 ? rc : cell_save(on->store, cell);
}

/* An own change whose verdict is another by now, or still on its way: a hub that
 * was set back got it by an old ask. */
static int own_in_force(struct hearing *on)
{
    struct place_id at = on->entry.at;
    struct entry known;
    int rc;

    entry_init(&known);
    rc = journal_load(on->store, at, &known);
    if (rc == 1 && (known.state != STATE_TAKEN ||
                    known.number < on->entry.number))
        rc = journal_decide(on->store, at, known.state, STATE_TAKEN,
                            on->entry.number, REASON_NONE, "", "");
    if (rc >= 0 && known.state != STATE_TAKEN)
        rc = lost_close(on->store, at);
    entry_done(&known);
    return rc < 0 ? rc : 0;
}

static int hear_state(struct hearing *on, const struct news_item *item)
{
    struct cell_row was, is;
    int rc = hear_change(on, item, STATE_TAKEN);

    if (rc < 0 || departed(on, on->entry.record, item->seq))
        return rc;
    rc = journal_hear(on, &was);
    if (rc == 0)
        rc = place_is_own(on->store, on->entry.at)
                 ? own_in_force(on)
                 : journal_renumber(on->store, on->entry.at, item->number);
    if (rc == 0)
        rc = lost_found(on->store, on->entry.at);
    if (rc < 0)
        return rc;
    is = was;
    if (is.own.origin == on->entry.at.origin && is.own.n == on->entry.at.n)
        is.own = (struct place_id){0, 0};       /* it waits no longer */
    else if (item->number <= was.number)
        return 0;
    is.force = on->entry.at;
    is.number = item->number;
    on->out->states++;
    if (is.own.origin != 0) {
        on->out->kept++;
        reached(on->store, REACH_KEPT);
    }
    rc = import_keep(on->store, &was);
    return rc < 0 ? rc : cell_turn(on->store, &was, &is);
}

static int hear_gone(struct hearing *on, const struct news_item *item)
{
    struct record_row row;
    int rc = record_find(on->store, &item->record, &row);

    if (rc == 1)
        rc = cases_forget(on->store, row.id) < 0 ? on->store->rc : 1;
    if (rc != 1)
        return rc;
    on->out->gone++;
    reached(on->store, REACH_DEPARTED);
    return record_set_gone(on->store, &row, item->seq);
}

/* Another's change that was set aside when it came here has its verdict. */
static int aside_decided(struct hearing *on, const struct news_item *item,
                         enum state state)
{
    struct entry known;
    int rc;

    entry_init(&known);
    rc = journal_load(on->store, on->entry.at, &known);
    if (rc == 1 && known.state == STATE_ASIDE &&
        !place_is_own(on->store, known.at))
        rc = journal_decide(on->store, known.at, STATE_ASIDE, state,
                            item->number, (enum reason)item->reason,
                            item->field, item->rule);
    entry_done(&known);
    return rc < 0 ? rc : 0;
}

/* An own change's state is told by its verdict; here only what others wrote is
 * added, and the case itself is opened or closed. */
static int hear_case(struct hearing *on, const struct news_item *item)
{
    enum state state = item->reason == REASON_DUPLICATE ||
                               item->reason == REASON_COPIED ||
                               item->reason == REASON_RESTORED
                           ? STATE_TAKEN
                       : item->reason == REASON_UNREADABLE ? STATE_ASIDE
                       : item->reason == REASON_RULE ||
                               item->reason == REASON_VALUE ||
                               item->reason == REASON_SCOPE
                           ? STATE_RETURNED
                           : STATE_PARKED;
    struct cell_row cell;
    sqlite3_stmt *stmt;
    int rc;

    on->out->cases++;
    if (item->change.len == 0)
        return 0;               /* an empty place: counted at its origin */
    rc = hear_change(on, item, state);
    if (rc < 0)
        return rc == ERR_FORMAT ? 0 : rc;
    /* What is in force is told as a state, to those who see the record. */
    if (state == STATE_TAKEN)
        on->entry.number = 0;
    rc = journal_hear(on, &cell);
    if (rc == 0)
        rc = case_add(on->store, &on->entry, on->entry.reason,
                      item->base_body);
    if (rc == 0 && item->has_base) {
        stmt = db_stmt(on->store, "UPDATE cases SET base = ?3 "
                                  "WHERE origin = ?1 AND n = ?2");
        db_int(stmt, 1, on->entry.at.origin);
        db_num(stmt, 2, on->entry.at.n);
        db_bytes(stmt, 3, item->base_body);
        rc = db_run(on->store, stmt);
    }
    if (rc == 0 && state != STATE_ASIDE)
        rc = aside_decided(on, item, state);
    if (rc == 0 && !item->open)
        rc = item->settled_by.n > 0
                 ? case_close(on->store, on->entry.at, &item->settled_by)
                 : case_shut(on->store, on->entry.at);
    return rc;
}

static int hear_verdict(struct hearing *on, const struct news_item *item)
{
    struct place_id at = place_of(on->store, &item->name);
    struct verdict verdict = {
        .at = at,
        .state = (enum state)item->verdict,
        .number = item->number,
        .reason = (enum reason)item->reason,
        .field = item->field,
        .rule = item->rule,
    };
    int rc;

    if (item->verdict < STATE_RECEIVED || item->verdict > STATE_SETTLED)
        return ERR_FORMAT;
    if (verdict.state == STATE_SETTLED)
        verdict.state = STATE_PARKED;
    rc = at.origin == 0 ? 0 : journal_load(on->store, at, &on->entry);
    if (rc != 1)
        return rc;
    /* What a disk before this one wrote is told as a state, to those who see its
     * record: it may have left. */
    if (verdict.state == STATE_TAKEN && !place_is_own(on->store, at))
        return on->entry.state == STATE_TAKEN ? 0 : case_shut(on->store, at);
    verdict.record = on->entry.record;
    verdict.cell = on->entry.cell;
    verdict.key = bytes_text(on->entry.key);
    if (on->entry.state == STATE_RECEIVED || on->entry.state == STATE_QUEUED ||
        verdict_differs(&verdict, on->entry.state, on->entry.number) ||
        (on->entry.state == STATE_ASIDE && verdict.state != STATE_ASIDE &&
         verdict.state != STATE_RECEIVED)) {
        on->out->verdicts++;
        return verdict_apply(on->store, &verdict, on->entry.state);
    }
    /* A hub that lost it decided it once more. */
    if (on->entry.state != STATE_TAKEN || verdict.state != STATE_TAKEN ||
        item->number <= on->entry.number)
        return 0;
    rc = journal_renumber(on->store, at, item->number);
    return rc < 0 ? rc : verdict_cell(on->store, &verdict);
}

int hear_item(struct hearing *on, const struct news_item *item)
{
    switch (item->what) {
    case NEWS_STATE:
        return hear_state(on, item);
    case NEWS_GONE:
        return hear_gone(on, item);
    case NEWS_CASE:
        return hear_case(on, item);
    case NEWS_VERDICT:
        return hear_verdict(on, item);
    }
    return ERR_FORMAT;
}
