/*
 * Station: taking in an answer.
 *
 * Happy path: welcome, then confirmations of own changes, then news, each
 * applied whole. Everything is recognised when it comes again: confirmations by
 * what is confirmed already, news by the cursor, states by their number.
 */
#include "store/case.h"

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
        return fault_set(fault, ERR_VERSION, "life",
                         "an answer of an older life of the hub");
    newest(store, &store->life, welcome->life);
    newest(store, &store->number, welcome->number);
    newest(store, &store->seq, welcome->seq);
    for (int i = 0; i < welcome->streams && rc == 0; i++)
        rc = stream_add(store, welcome->stream[i]);
    return rc;
}

/* ---- what a cell shows ---- */

/* What is shown before and after a cell's row changes, for the columns of the
 * record that follow from it. */
struct showing {
    struct entry before, after;
};

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

/* Save the row; if another change is shown than before, follow it up. */
static int cell_turn(struct store *store, const struct cell_row *was,
                     const struct cell_row *is)
{
    struct place_id from = cell_shown(was), to = cell_shown(is);
    struct showing showing;
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
    entry_init(&showing.before);
    entry_init(&showing.after);
    show_load(store, from, &showing.before);
    show_load(store, to, &showing.after);
    rc = record_note(store, &row, kind, cell, shown_body(&showing.before),
                     shown_body(&showing.after));
    entry_done(&showing.before);
    entry_done(&showing.after);
    return rc;
}

static int import_keep(struct store *store, const struct cell_row *cell)
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

/* ---- one verdict on an own change ---- */

struct verdict {
    struct place_id at;
    int64_t record;
    uint64_t cell;
    struct bytes key;
    enum state state;
    uint64_t number;
    enum reason reason;
    const char *field, *rule;
};

static int settle_cell(struct store *store, const struct verdict *verdict)
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

static int settle_verdict(struct store *store, const struct verdict *verdict,
                          enum state from)
{
    int rc = journal_decide(store, verdict->at, from, verdict->state,
                            verdict->number, verdict->reason, verdict->field,
                            verdict->rule);

    if (rc < 0 || verdict->state == STATE_RECEIVED)
        return rc;
    if (verdict->record != 0)
        rc = settle_cell(store, verdict);
    if (rc == 0 && verdict->reason != REASON_NONE)
        rc = local_case(store, verdict);
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
    return settle_verdict(on->store, &verdict, from);
}

static int confirm_run(struct confirming *on, const struct run *run)
{
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
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT hash FROM journal "
                           "WHERE origin = ?1 AND n = ?2");
    struct hash known;
    bool same = false;

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->n);
    if (db_step(on->store, stmt) == 1) {
        db_column_hash(stmt, 0, &known);
        same = memcmp(known.b, on->confirm->hash.b, HASH_SIZE) == 0;
    }
    sqlite3_reset(stmt);
    return same;
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

int store_settle_confirm(struct store *store, const struct confirm *confirm,
                         struct fault *fault)
{
    struct confirming on = {.store = store, .confirm = confirm};
    struct store_mark mark;
    int rc = store_write(store);

    if (rc < 0)
        return fault_set(fault, rc, "", "confirm");
    if (confirm->standing == STANDING_FORKED)
        return fault_set(fault, ERR_FORKED, "origin",
                         "this disk was copied or set back");
    if (origin_find(store, &confirm->origin, &on.origin) != 1 ||
        !on.origin.own || confirm->runs == 0 ||
        confirm->from != on.origin.confirmed + 1)
        return 0;               /* an old answer: known already */
    rc = mark_set(store, MARK_OUTER, &mark);
    if (rc == 0)
        rc = confirm_apply(&on);
    if (rc == 0)
        return mark_keep(store, MARK_OUTER);
    mark_undo(store, MARK_OUTER, &mark);
    return fault_set(fault, rc, "confirm", "nothing of it was applied");
}

/* ---- news ---- */

struct hearing {
    struct store *store;
    struct settled *out;
    struct entry entry;
};

/* Keep another machine's change in the journal. 1 when it is new here. */
static int hear_change(struct hearing *on, const struct news_item *item,
                       enum state state)
{
    struct entry *entry = &on->entry;
    struct store *store = on->store;
    struct place_id at;
    struct record_row row;
    int64_t origin;

    buf_clear(&entry->bytes);
    buf_put(&entry->bytes, item->change.data, item->change.len);
    if (change_read(buf_view(&entry->bytes), &entry->change) < 0)
        return ERR_FORMAT;
    entry->readable = true;
    origin = origin_row_of(store, &entry->change.name.origin);
    if (origin < 0)
        return (int)origin;
    if (record_find(store, &entry->change.record, &row) == 0 &&
        record_add(store, &entry->change.record, entry->change.kind,
                   &row) < 0)
        return store->rc;
    at = (struct place_id){origin, entry->change.name.n};
    entry->at = at;
    entry->record = row.id;
    entry->cell = entry->change.cell;
    memcpy(entry->key, entry->change.key.len > 0 ? entry->change.key.data
                                                 : (const uint8_t *)"",
           entry->change.key.len);
    entry->key[entry->change.key.len] = '\0';
    entry->kinds = store->kinds_row;
    entry->state = state;
    entry->number = item->number;
    entry->reason = (enum reason)item->reason;
    memcpy(entry->field, item->field, sizeof entry->field);
    memcpy(entry->rule, item->rule, sizeof entry->rule);
    entry->hash = item->hash;
    return 0;
}

static bool journal_has(struct store *store, struct place_id at)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT 1 FROM journal WHERE origin = ?1 AND n = ?2");
    bool has;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    has = db_step(store, stmt) == 1;
    sqlite3_reset(stmt);
    return has;
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

static int hear_state(struct hearing *on, const struct news_item *item)
{
    struct cell_row was, is;
    int rc = hear_change(on, item, STATE_TAKEN);

    if (rc < 0)
        return rc;
    if (!journal_has(on->store, on->entry.at))
        rc = journal_add(on->store, &on->entry);
    if (rc < 0 || departed(on, on->entry.record, item->seq))
        return rc;
    rc = cell_find(on->store, on->entry.record, on->entry.cell,
                   on->entry.change.key, &was);
    if (rc < 0 || item->number <= was.number)
        return rc < 0 ? rc : 0;
    is = was;
    is.force = on->entry.at;
    is.number = item->number;
    on->out->states++;
    if (is.own.origin != 0)
        on->out->kept++;
    rc = import_keep(on->store, &was);
    return rc < 0 ? rc : cell_turn(on->store, &was, &is);
}

static int hear_gone(struct hearing *on, const struct news_item *item)
{
    struct record_row row;
    int rc = record_find(on->store, &item->record, &row);

    if (rc != 1)
        return rc;
    on->out->gone++;
    return record_set_gone(on->store, &row, item->seq);
}

/* An own change's state is told by its verdict; here only what others wrote is
 * added, and the case itself is opened or closed. */
static int hear_case(struct hearing *on, const struct news_item *item)
{
    enum state state = item->reason == REASON_DUPLICATE ? STATE_TAKEN
                       : item->reason == REASON_RULE ||
                               item->reason == REASON_VALUE ||
                               item->reason == REASON_SCOPE
                           ? STATE_RETURNED
                           : STATE_PARKED;
    sqlite3_stmt *stmt;
    int rc;

    on->out->cases++;
    if (item->change.len == 0)
        return 0;               /* an empty place: counted at its origin */
    rc = hear_change(on, item, state);
    if (rc < 0)
        return rc == ERR_FORMAT ? 0 : rc;
    if (!journal_has(on->store, on->entry.at))
        rc = journal_add(on->store, &on->entry);
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
    if (rc == 0 && !item->open)
        rc = case_close(on->store, on->entry.at, &item->settled_by);
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
    if (rc != 1 || (on->entry.state != STATE_RECEIVED &&
                    on->entry.state != STATE_QUEUED))
        return rc < 0 ? rc : 0;
    verdict.record = on->entry.record;
    verdict.cell = on->entry.cell;
    verdict.key = bytes_text(on->entry.key);
    on->out->verdicts++;
    return settle_verdict(on->store, &verdict, on->entry.state);
}

static int hear(struct hearing *on, const struct news_item *item)
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

static uint64_t cursor_of(struct store *store, const char *stream,
                          bool *known)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT cursor FROM stream WHERE name = ?1");
    uint64_t cursor = 0;

    db_text(stmt, 1, bytes_text(stream));
    *known = db_step(store, stmt) == 1;
    if (*known)
        cursor = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return cursor;
}

static int cursor_move(struct store *store, const struct news *news)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE stream SET cursor = max(cursor, ?2), "
               "as_of = max(as_of, ?3) WHERE name = ?1");

    db_text(stmt, 1, bytes_text(news->stream));
    db_num(stmt, 2, news->to);
    db_num(stmt, 3, news->as_of);
    return db_run(store, stmt);
}

static int hear_all(struct hearing *on, struct news *news)
{
    struct news_item item;
    int rc;

    while ((rc = news_next(news, &item)) == 1) {
        rc = hear(on, &item);
        if (rc < 0)
            return rc;
    }
    return rc < 0 ? rc : cursor_move(on->store, news);
}

/* Only news that join what is here already are taken in: an old answer or a
 * gap changes nothing, and what is missing is asked for again. */
int store_settle_news(struct store *store, const struct news *news,
                      struct settled *out, struct fault *fault)
{
    struct hearing on = {.store = store, .out = out};
    struct news reading = *news;
    struct store_mark mark;
    bool known;
    uint64_t cursor;
    int rc = store_write(store);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return fault_set(fault, rc, "", "news");
    cursor = cursor_of(store, news->stream, &known);
    if (!known || news->from > cursor || news->to < cursor)
        return 0;
    rc = mark_set(store, MARK_OUTER, &mark);
    if (rc < 0)
        return rc;
    entry_init(&on.entry);
    rc = hear_all(&on, &reading);
    entry_done(&on.entry);
    if (rc == 0)
        return mark_keep(store, MARK_OUTER);
    mark_undo(store, MARK_OUTER, &mark);
    return fault_set(fault, rc, "news", "nothing of it was applied");
}
