#include "store/verdict.h"

#include <string.h>

static const struct body *shown_body(const struct entry *entry)
{
    return entry->readable && !entry->change.removal ? &entry->change.body
                                                     : NULL;
}

static void show_load(struct store *store, struct place_id at,
                      struct entry *entry)
{
    entry->readable = false;
    if (at.origin != 0 && journal_load(store, at, entry) < 0)
        entry->readable = false;
}

int cell_turn(struct store *store, const struct cell_row *was,
              struct cell_row *is)
{
    struct place_id from = cell_shown(was), to = cell_shown(is);
    struct entry before, after;
    struct record_row row;
    const struct kind *kind;
    int cell, rc = cell_save(store, is);

    if (rc < 0 || (from.origin == to.origin && from.n == to.n) ||
        record_by_row(store, is->record, &row) != 1)
        return rc;
    kind = kinds_by_id(store->kinds, row.kind);
    cell = kind == NULL ? -1 : kind_cell_by_id(kind, is->cell);
    if (cell < 0)
        return 0;
    entry_init(&before);
    entry_init(&after);
    show_load(store, from, &before);
    show_load(store, to, &after);
    rc = record_note(store, &row, kind, cell, shown_body(&before),
                     shown_body(&after));
    entry_done(&before);
    entry_done(&after);
    return rc;
}

int import_keep(struct store *store, const struct cell_row *cell)
{
    sqlite3_stmt *stmt;

    if (!store->importing)
        return 0;
    stmt = db_stmt(store, "INSERT INTO import_base (record, cell, key, number)"
                          " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING");
    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_num(stmt, 4, cell->number);
    store->import_moved = true;
    return db_run(store, stmt);
}

/* What was in force before a change that is so no longer. */
static int force_again(struct store *store, struct cell_row *cell)
{
    sqlite3_stmt *stmt = db_stmt(
        store, PAST_OF_RECORD
        "SELECT j.origin, j.n, j.number FROM past JOIN journal j "
        "USING (origin, n) WHERE j.key = ?3 AND j.state = ?4 AND "
        "j.reason <> ?5 AND j.number > 0 ORDER BY j.number DESC LIMIT 1");

    return cell_newest(store, stmt, cell);
}

bool verdict_differs(const struct verdict *verdict, enum state known,
                     uint64_t number)
{
    bool was = known == STATE_TAKEN, is = verdict->state == STATE_TAKEN;

    return was != is && verdict->number > number &&
           (was || known == STATE_PARKED || known == STATE_RETURNED) &&
           (is || verdict->state == STATE_PARKED ||
            verdict->state == STATE_RETURNED);
}

int verdict_cell(struct store *store, const struct verdict *verdict)
{
    struct cell_row was, is;
    int rc = cell_find(store, verdict->record, verdict->cell, verdict->key,
                       &was);

    if (rc != 1)
        return rc;
    is = was;
    if (is.own.origin == verdict->at.origin && is.own.n == verdict->at.n)
        is.own = (struct place_id){0, 0};
    if (verdict->state == STATE_TAKEN && verdict->number > is.number) {
        rc = import_keep(store, &was);
        is.force = verdict->at;
        is.number = verdict->number;
    } else if (verdict->state != STATE_TAKEN &&
               is.force.origin == verdict->at.origin &&
               is.force.n == verdict->at.n) {
        rc = force_again(store, &is);
    }
    return rc < 0 ? rc : cell_turn(store, &was, &is);
}

static int local_case(struct store *store, const struct verdict *verdict)
{
    struct entry entry;
    struct name by, named;
    int rc;

    entry_init(&entry);
    rc = journal_load(store, verdict->at, &entry);
    if (rc == 1)
        rc = case_add(store, &entry, verdict->reason, bytes_of("", 0));
    entry_done(&entry);
    if (rc < 0 || place_name(store, verdict->at, &named) < 0)
        return rc;
    return settles_find(store, &named, &by) == 1
               ? case_close(store, verdict->at, &by)
               : 0;
}

/* The case of the former verdict is none any more. */
static int drop_case(struct store *store, const struct verdict *verdict)
{
    sqlite3_stmt *stmt = db_stmt(store, "DELETE FROM cases WHERE origin = ?1 "
                                        "AND n = ?2 AND reason <> ?3");

    db_int(stmt, 1, verdict->at.origin);
    db_num(stmt, 2, verdict->at.n);
    db_int(stmt, 3, (int64_t)verdict->reason);
    return db_run(store, stmt);
}

int verdict_apply(struct store *store, const struct verdict *verdict,
                  enum state from)
{
    bool decided = from != STATE_QUEUED && from != STATE_RECEIVED &&
                   from != STATE_ASIDE;
    int rc = journal_decide(store, verdict->at, from, verdict->state,
                            verdict->number, verdict->reason, verdict->field,
                            verdict->rule);

    if (rc < 0 || verdict->state == STATE_RECEIVED)
        return rc;
    if (decided)
        rc = drop_case(store, verdict);
    if (rc == 0 && verdict->record != 0)
        rc = verdict_cell(store, verdict);
    if (rc == 0 && verdict->reason != REASON_NONE)
        rc = local_case(store, verdict);
    else if (rc == 0 && from == STATE_ASIDE)
        rc = case_shut(store, verdict->at);
    return rc;
}
