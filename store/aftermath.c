/* What follows from a verdict once the change is in the journal: its case, and
 * the cases it settles. */
#include "store/decide.h"
#include "store/merge.h"

#include <stdio.h>
#include <string.h>

/* What was in force at the change's base: what both sides started from. */
static void base_body(struct deciding *on, struct buf *out)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, PAST_OF_RECORD
        "SELECT j.origin, j.n FROM past JOIN journal j USING (origin, n) "
        "WHERE j.key = ?3 AND j.state = ?4 AND j.number <= ?5 "
        "ORDER BY j.number DESC LIMIT 1");
    struct place_id at = {0, 0};
    struct entry entry;

    db_int(stmt, 1, on->row.id);
    db_num(stmt, 2, on->at.cell);
    db_text(stmt, 3, bytes_text(on->at.key));
    db_int(stmt, 4, STATE_TAKEN);
    db_num(stmt, 5, on->entry->change.base < on->entry->number
                        ? on->entry->change.base : on->entry->number);
    if (db_step(on->store, stmt) == 1)
        at = (struct place_id){sqlite3_column_int64(stmt, 0),
                               db_column_num(stmt, 1)};
    sqlite3_reset(stmt);
    entry_init(&entry);
    if (at.origin != 0 && journal_load(on->store, at, &entry) == 1 &&
        entry.readable)
        body_write(&entry.change.body, out);
    entry_done(&entry);
}

static int close_case(struct store *store, const struct record_row *row,
                      struct case_row *which, const struct name *by)
{
    int rc;

    if (!which->open)
        return 0;
    reached(store, REACH_CLOSED);
    rc = case_close(store, which->at, by);
    which->open = false;
    return rc < 0 ? rc : news_case(store, row, which);
}

/* A newer waiting change of the same line takes the older one's place. */
static int replace_older(struct deciding *on)
{
    const struct entry *entry = on->entry;
    struct case_row found;
    int64_t after = 0;
    int rc;

    do {
        sqlite3_stmt *stmt = db_stmt(
            on->store, "SELECT id FROM cases WHERE record = ?1 AND cell = ?2 "
                       "AND key = ?3 AND open = 1 AND "
                       "reason NOT IN (?4, ?6, ?7) AND "
                       "id > ?5 ORDER BY id LIMIT 1");

        db_int(stmt, 1, on->row.id);
        db_num(stmt, 2, on->at.cell);
        db_text(stmt, 3, bytes_text(on->at.key));
        db_int(stmt, 4, REASON_DUPLICATE);
        db_int(stmt, 5, after);
        db_int(stmt, 6, REASON_COPIED);
        db_int(stmt, 7, REASON_RESTORED);
        rc = db_step(on->store, stmt);
        if (rc == 1)
            after = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        if (rc == 1 && case_by_row(on->store, after, &found) == 1 &&
            line_follows(on->store, entry->at, found.at)) {
            reached(on->store, REACH_REPLACED);
            if (close_case(on->store, &on->row, &found,
                           &entry->change.name) < 0)
                rc = on->store->rc;
        }
    } while (rc == 1);
    return rc;
}

/* May an organisation decide this case: write that cell of that record? */
static bool may_decide(struct store *store, const char *org,
                       const struct record_row *row,
                       const struct case_row *which)
{
    const struct kind *kind = kinds_by_id(store->kinds, row->kind);
    bool county = org_covers(org, bytes_text(store->org));
    int cell = kind == NULL ? -1 : kind_cell_by_id(kind, which->cell);

    return county ||
           (cell >= 0 && merge_may(kind->cells[cell].writer,
                                   org_covers(org, bytes_text(row->org)),
                                   org_covers(org, bytes_text(row->host)),
                                   county));
}

/* A case was named before it came: might its settler decide it? */
static bool may_have_closed(struct deciding *on, const struct case_row *which,
                            const struct name *by)
{
    struct place_id place = place_of(on->store, by);
    const char *org = origin_org(on->store, place.origin);

    return may_decide(on->store, org, &on->row, which) ||
           line_follows(on->store, place, on->entry->at);
}

int case_open(struct deciding *on, enum reason reason)
{
    struct store *store = on->store;
    struct case_row opened;
    struct name by;
    struct buf base;
    int rc;

    buf_init(&base, CHANGE_MAX);
    if (reason != REASON_SCOPE)     /* its author may not see it */
        base_body(on, &base);
    rc = case_add(store, on->entry, reason, buf_view(&base));
    buf_done(&base);
    if (rc < 0 || case_find(store, on->entry->at, &opened) != 1)
        return rc;
    if (settles_find(store, &on->entry->change.name, &by) == 1 &&
        may_have_closed(on, &opened, &by)) {
        reached(store, REACH_CLOSED_EARLY);
        return close_case(store, &on->row, &opened, &by);
    }
    return news_case(store, &on->row, &opened);
}

/* Whoever may decide, as the writer of that cell, may close its case; a line may
 * close its own. */
static bool may_close(struct deciding *on, const struct record_row *row,
                      const struct case_row *which)
{
    return may_decide(on->store, on->org, row, which) ||
           line_follows(on->store, on->entry->at, which->at);
}

/* A change in force about which a hub asked that was set back since; this one had
 * nothing to ask. Who still has the case must hear that it is over, so one is
 * opened, to be closed. */
static int case_of_lost_life(struct deciding *on, struct place_id at)
{
    struct case_row lost = {.at = at};
    struct record_row row;
    struct entry entry;
    int rc;

    entry_init(&entry);
    rc = journal_load(on->store, at, &entry);
    lost.cell = entry.cell;
    if (rc == 1 && entry.state == STATE_TAKEN &&
        record_by_row(on->store, entry.record, &row) == 1 &&
        may_close(on, &row, &lost))
        rc = case_add(on->store, &entry, REASON_RESTORED, bytes_of("", 0));
    entry_done(&entry);
    return rc < 0 ? rc : on->store->rc;
}

/* 1 there, 0 not, or not yet. */
static int case_named(struct deciding *on, struct place_id at,
                      struct case_row *out)
{
    int rc = case_find(on->store, at, out);

    if (rc == 0)
        rc = case_of_lost_life(on, at);
    return rc == 0 ? case_find(on->store, at, out) : rc;
}

static int settle_one(struct deciding *on, struct case_row *which)
{
    struct record_row row;

    if (which->record == 0 ||
        record_by_row(on->store, which->record, &row) != 1)
        memset(&row, 0, sizeof row);
    return may_close(on, &row, which)
               ? close_case(on->store, &row, which, &on->entry->change.name)
               : 0;
}

static int settle_named(struct deciding *on)
{
    const struct change *change = &on->entry->change;
    int rc = 0;

    for (int i = 0; i < change->nsettles && rc == 0; i++) {
        const struct name *named = &change->settles[i];
        struct case_row found;

        rc = case_named(on, place_of(on->store, named), &found);
        if (rc == 0)
            rc = settles_keep(on->store, named, &change->name);
        else if (rc == 1)
            rc = settle_one(on, &found);
    }
    return rc;
}

static int find_duplicates(struct deciding *on)
{
    const struct body *body = &on->entry->change.body;

    for (int i = 0; i < on->kind->nfields; i++) {
        const struct field *field = &on->kind->fields[i];
        struct bytes value = body_get(body, (uint64_t)field->id);

        if (field->cell != on->cell || !field->unique || value.len == 0)
            continue;
        if (on->ever &&
            bytes_equal(value, body_get(&on->force.change.body,
                                        (uint64_t)field->id)))
            continue;
        if (lookup_other(on->store, on->kind, i, value, on->row.id) != 0) {
            snprintf(on->entry->field, sizeof on->entry->field, "%s",
                     field->name);
            reached(on->store, REACH_DUPLICATE);
            return case_open(on, REASON_DUPLICATE);
        }
    }
    return 0;
}

/* The answer to such a case, of a life that is lost, came before this change. */
static int case_answered(struct deciding *on)
{
    struct case_row lost = {.at = on->entry->at, .cell = on->entry->cell};
    struct name by;

    return settles_find(on->store, &on->entry->change.name, &by) == 1 &&
                   may_have_closed(on, &lost, &by)
               ? case_open(on, REASON_RESTORED)
               : on->store->rc;
}

int decide_after(struct deciding *on)
{
    int rc = 0;

    if (on->entry->state == STATE_RECEIVED)
        return 0;
    if (on->entry->state == STATE_PARKED ||
        on->entry->state == STATE_RETURNED) {
        rc = replace_older(on);
        if (rc == 0)
            rc = case_open(on, on->entry->reason);
    } else if (on->entry->state == STATE_TAKEN) {
        rc = find_duplicates(on);
        if (rc == 0)
            rc = case_answered(on);
    }
    if (rc == 0)
        rc = settle_named(on);
    return rc < 0 ? rc : on->store->rc;
}
