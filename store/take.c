/*
 * Hub: one change of a batch.
 *
 * Happy path: it can be read, its record is found or made, it is decided, and
 * stands in the journal with its verdict; if it is a record's identity, whatever
 * waited for that is decided too. What cannot be read is set aside.
 */
#include "store/taking.h"

#include <stdio.h>
#include <string.h>

/* ---- one place ---- */

int set_aside(struct taking *on)
{
    struct entry *entry = &on->entry;
    struct case_row opened;
    int rc;

    reached(on->store, REACH_ASIDE);
    entry->record = 0;
    entry->past = (struct place_id){0, 0};
    entry->state = STATE_ASIDE;
    entry->number = next_number(on->store);
    entry->reason = REASON_UNREADABLE;
    snprintf(entry->field, sizeof entry->field, "%s", on->wrong);
    entry->rule[0] = '\0';
    rc = journal_add(on->store, entry);
    if (rc == 0)
        rc = case_add(on->store, entry, REASON_UNREADABLE, bytes_of("", 0));
    if (rc == 0 && case_find(on->store, entry->at, &opened) == 1)
        rc = news_case(on->store, NULL, &opened);
    tally_move(on->store, -1, STATE_ASIDE, 1);
    return rc < 0 ? rc : on->store->rc;
}

/* Whoever may not see the record hears no more than that: a case of its value
 * would tell what is in force. */
static int refuse_value(struct taking *on, int field)
{
    struct entry *entry = &on->entry;
    const struct record_row *row = &on->on.row;
    bool stranger = row->org[0] != '\0' && !org_sees(on->org, row);

    entry->state = STATE_RETURNED;
    entry->number = next_number(on->store);
    entry->reason = stranger ? REASON_SCOPE : REASON_VALUE;
    snprintf(entry->field, sizeof entry->field, "%s",
             stranger ? "" : on->on.kind->fields[field].name);
    entry->rule[0] = '\0';
    return on->store->rc;
}

int find_record(struct taking *on)
{
    const struct change *change = &on->entry.change;
    int rc;

    /* The changes of one save stand together. */
    if (on->on.row.id != 0 && id_equal(&on->on.row.record, &change->record))
        return 0;
    rc = record_find(on->store, &change->record, &on->on.row);
    on->on.fresh = rc == 0;
    on->on.past = 0;
    on->waits = false;
    if (rc == 0)
        rc = record_add(on->store, &change->record, change->kind,
                        &on->on.row);
    return rc < 0 ? rc : 0;
}

/* It was decided under its old name: here it is said once more. */
static int said_again(struct taking *on)
{
    struct deciding *now = &on->on;

    on->entry.state = STATE_SAME;
    on->entry.reason = REASON_NONE;
    on->entry.number = next_number(on->store);
    return now->ever &&
                   now->force.change.removal == on->entry.change.removal &&
                   body_equal(&now->force.change.body,
                              &on->entry.change.body)
               ? knew_add(on->store, &now->at, on->entry.at)
               : on->store->rc;
}

int verdict_on(struct taking *on)
{
    int field, rc = came_before(on);

    if (rc != 0)
        return rc < 0 ? rc : said_again(on);
    field = unclean_field(on);
    return field >= 0 ? refuse_value(on, field) : decide(&on->on);
}

static int decide_new(struct taking *on)
{
    struct entry *entry = &on->entry;
    const struct change *change = &entry->change;
    int rc = find_record(on);

    if (rc < 0)
        return rc;
    if (on->on.row.kind != change->kind) {
        on->wrong = "kind";
        return set_aside(on);
    }
    entry->record = on->on.row.id;
    entry->cell = change->cell;
    entry->number = 0;
    entry_set_key(entry, change->key);
    rc = decide_cell(&on->on);
    if (rc < 0)
        return rc;
    cell_chain(&on->on.at, entry);
    rc = verdict_on(on);
    if (rc == 0 && entry->state != STATE_TAKEN)     /* else it is saved */
        rc = cell_save(on->store, &on->on.at);
    if (rc == 0)
        rc = journal_add(on->store, entry);
    if (rc == 0)
        tally_move(on->store, -1, (int)entry->state, 1);
    on->waits = on->waits || entry->state == STATE_RECEIVED;
    if (change->cell == CELL_END)
        on->on.fresh = false;   /* the least id: all others may be there */
    if (change->cell > on->on.past)
        on->on.past = change->cell;
    if (rc == 0)
        rc = decide_after(&on->on);
    return rc == 0 ? branch_tell(on) : rc;
}

/* One change that waited for its record's identity. */
static int decide_waited(struct taking *on, struct place_id at)
{
    struct store *store = on->store;
    struct deciding waiting = {.store = store};
    struct entry entry;
    int rc;

    entry_init(&entry);
    entry_init(&waiting.force);
    rc = journal_load(store, at, &entry);
    waiting.entry = &entry;
    waiting.org = origin_org(store, at.origin);
    waiting.row = on->on.row;
    waiting.kind = kinds_by_id(store->kinds, waiting.row.kind);
    waiting.cell = waiting.kind == NULL
                       ? -1
                       : kind_cell_by_id(waiting.kind, entry.cell);
    if (rc == 1 && entry.readable && waiting.cell >= 0) {
        reached(store, REACH_WAITED);
        rc = decide_cell(&waiting);
        if (rc == 0)
            rc = decide(&waiting);
        if (rc == 0)
            rc = journal_decide(store, at, STATE_RECEIVED, entry.state,
                                entry.number, entry.reason, entry.field,
                                entry.rule);
        if (rc == 0)
            rc = decide_after(&waiting);
        if (rc == 0)
            rc = news_verdict(store, at);
        on->on.row = waiting.row;
    }
    entry_done(&waiting.force);
    entry_done(&entry);
    return rc < 0 ? rc : 0;
}

/* The list is sorted, so it is complete before the first of it is decided. */
static int decide_waiting(struct taking *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, PAST_OF_RECORD
        "SELECT j.origin, j.n FROM past JOIN journal j USING (origin, n) "
        "WHERE j.state = ?3 ORDER BY j.origin, j.n");
    int rc = 0;

    db_int(stmt, 1, on->on.row.id);
    sqlite3_bind_null(stmt, 2);
    db_int(stmt, 3, STATE_RECEIVED);
    while (rc == 0 && db_step(on->store, stmt) == 1) {
        struct place_id at = {sqlite3_column_int64(stmt, 0),
                              db_column_num(stmt, 1)};

        rc = decide_waited(on, at);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : on->store->rc;
}

int decide_waiting_for(struct taking *on)
{
    bool first = on->entry.state == STATE_TAKEN && on->on.cell == 1 &&
                 !on->on.ever;

    return first && (on->waits || !on->on.fresh) ? decide_waiting(on) : 0;
}

void begin_place(struct taking *on, const struct place *place)
{
    struct entry *entry = &on->entry;

    entry->at = (struct place_id){on->origin.id, place->n};
    entry->hash = place->hash;
    entry->kinds = on->kinds_row;
    buf_clear(&entry->bytes);
    if (place->bytes.len <= CHANGE_MAX)
        buf_put(&entry->bytes, place->bytes.data, place->bytes.len);
    entry->readable = entry->bytes.len > 0 &&
                      change_read(buf_view(&entry->bytes),
                                  &entry->change) == 0;
}

int take_place(struct taking *on, const struct place *place)
{
    int rc;

    begin_place(on, place);
    if (!legible(on))
        return set_aside(on);
    rc = decide_new(on);
    return rc == 0 ? decide_waiting_for(on) : rc;
}
