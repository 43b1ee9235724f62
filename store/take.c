/*
 * Hub: taking in a batch.
 *
 * Happy path: the batch goes on where the origin stands, every place is decided
 * in one savepoint. If one fails, all of it is undone and done again with a
 * savepoint for each, and the one that fails is set aside: one bad change costs
 * one change.
 */
#include "store/taking.h"

#include <stdio.h>
#include <string.h>

/* ---- one place ---- */

static int set_aside(struct taking *on)
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

static int refuse_value(struct taking *on, int field)
{
    struct entry *entry = &on->entry;

    entry->state = STATE_RETURNED;
    entry->number = next_number(on->store);
    entry->reason = REASON_VALUE;
    snprintf(entry->field, sizeof entry->field, "%s",
             on->on.kind->fields[field].name);
    entry->rule[0] = '\0';
    return on->store->rc;
}

static int find_record(struct taking *on)
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

static int decide_new(struct taking *on)
{
    struct entry *entry = &on->entry;
    const struct change *change = &entry->change;
    int field, rc = find_record(on);

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
    field = unclean_field(on);
    rc = field >= 0 ? refuse_value(on, field) : decide(&on->on);
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
    return rc == 0 ? decide_after(&on->on) : rc;
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

/* The identity has come: whatever waited for it is decided now. The list is
 * sorted, so it is complete before the first of it is decided. */
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

static int take_place(struct taking *on, const struct place *place)
{
    struct entry *entry = &on->entry;
    bool first;
    int rc;

    entry->at = (struct place_id){on->origin.id, place->n};
    entry->hash = place->hash;
    entry->kinds = on->kinds_row;
    buf_clear(&entry->bytes);
    if (place->bytes.len <= CHANGE_MAX)
        buf_put(&entry->bytes, place->bytes.data, place->bytes.len);
    entry->readable = entry->bytes.len > 0 &&
                      change_read(buf_view(&entry->bytes),
                                  &entry->change) == 0;
    if (!legible(on))
        return set_aside(on);
    rc = decide_new(on);
    first = rc == 0 && entry->state == STATE_TAKEN && on->on.cell == 1 &&
            !on->on.ever && (on->waits || !on->on.fresh);
    return first ? decide_waiting(on) : rc;
}

/* ---- the batch ---- */

/* Is the change here under this place the one with this hash? */
static int same_place(struct taking *on, struct place_id at,
                      const struct hash *hash)
{
    struct hash known;
    int rc = journal_hash(on->store, at, &known);

    if (rc != 1)
        return rc < 0 ? rc : ERR_CORRUPT;
    reached(on->store, REACH_KNOWN);
    return memcmp(known.b, hash->b, HASH_SIZE) == 0 ? 0 : ERR_FORKED;
}

/* A new origin only after its parent, hash and all. */
static int anchored(struct taking *on, const struct batch *batch)
{
    struct origin_row *origin = &on->origin;
    struct origin_row above;
    char name[STATION_MAX + 1];

    if (batch->first > origin->n + 1)
        return ERR_GAP;
    if (batch->first <= origin->n)
        return 0;               /* each known place is compared itself */
    if (origin->n > 0 || origin->parent == 0)
        return memcmp(batch->before.b, origin->hash.b, HASH_SIZE) == 0
                   ? 0 : ERR_FORKED;
    if (origin_by_row(on->store, origin->parent, &above) != 1 ||
        above.n < origin->parent_n)
        return ERR_GAP;
    origin_station(on->store, above.id, name, sizeof name);
    if (strcmp(name, on->station) != 0)
        return ERR_FORKED;      /* nobody goes on from another's work */
    if (same_place(on, (struct place_id){above.id, origin->parent_n},
                   &origin->parent_hash) < 0)
        return ERR_FORKED;
    return memcmp(batch->before.b, origin->parent_hash.b, HASH_SIZE) == 0
               ? 0 : ERR_FORKED;
}

static int origin_move(struct taking *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE origin SET n = ?2, hash = ?3 WHERE id = ?1");

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->origin.n);
    db_hash(stmt, 3, &on->origin.hash);
    return db_run(on->store, stmt);
}

/* One change under a savepoint of its own; if deciding it fails, it is set
 * aside with its bytes. */
static int take_guarded(struct taking *on, const struct place *place)
{
    struct store_mark mark;
    int rc = mark_set(on->store, MARK_INNER, &mark);

    if (rc < 0)
        return rc;
    rc = take_place(on, place);
    if (rc == 0)
        return mark_keep(on->store, MARK_INNER);
    mark_undo(on->store, MARK_INNER, &mark);
    on->on.row.id = 0;
    if (rc != ERR_FAULT && rc != ERR_CORRUPT)
        return rc;              /* the disk, not the change */
    on->store->rc = 0;
    on->wrong = "change";
    return set_aside(on);
}

static int take_places(struct taking *on, struct batch batch, bool guarded)
{
    struct place place;
    int rc;

    while ((rc = batch_next(&batch, &place)) == 1) {
        if (place.n <= on->origin.n)
            rc = same_place(on, (struct place_id){on->origin.id, place.n},
                            &place.hash);
        else
            rc = guarded ? take_guarded(on, &place) : take_place(on, &place);
        if (rc < 0)
            return rc;
        if (place.n > on->origin.n) {
            on->origin.n = place.n;
            on->origin.hash = place.hash;
        }
    }
    return rc == 0 ? origin_move(on) : rc;
}

static int take_marked(struct taking *on, const struct batch *batch)
{
    struct origin_row origin = on->origin;
    enum mark_depth depth = mark_for(batch->raw.len);
    struct store_mark mark;
    int rc = mark_set(on->store, depth, &mark);

    if (rc < 0)
        return rc;
    rc = take_places(on, *batch, false);
    if (rc == ERR_FAULT || rc == ERR_CORRUPT) {
        reached(on->store, REACH_GUARDED);
        mark_undo(on->store, depth, &mark);
        on->store->rc = 0;
        on->origin = origin;
        on->on.row.id = 0;
        rc = mark_set(on->store, depth, &mark);
        if (rc == 0)
            rc = take_places(on, *batch, true);
    }
    if (rc == 0)
        return mark_keep(on->store, depth);
    mark_undo(on->store, depth, &mark);
    return rc;
}

int store_take(struct store *store, const struct station *station,
               const struct batch *batch, struct fault *fault)
{
    struct taking on = {.store = store, .org = station->org,
                        .station = station->name};
    struct kinds *kinds;
    char name[STATION_MAX + 1];
    int rc = store_write(store);

    if (rc < 0)
        return fault_set(fault, rc, "", "the hub cannot write");
    if (origin_find(store, &batch->origin, &on.origin) != 1)
        return fault_set(fault, ERR_GAP, "origin", "not named in the hello");
    origin_station(store, on.origin.id, name, sizeof name);
    if (strcmp(name, station->name) != 0)
        return fault_set(fault, ERR_FORKED, "origin",
                         "it belongs to another station");
    kinds = store_kinds_of(store, batch->kinds, &on.kinds_row);
    /* Files this hub never had: ids mean the same in all of them, and what
     * its own do not know is set aside, change by change. */
    if (kinds == NULL) {
        kinds = store->kinds;
        on.kinds_row = store->kinds_row;
    }
    on.kinds = kinds;
    on.on = (struct deciding){.store = store, .org = station->org,
                              .entry = &on.entry};
    entry_init(&on.entry);
    entry_init(&on.on.force);
    buf_init(&on.cleaned, CHANGE_MAX);
    reached(store, REACH_TAKE);
    rc = anchored(&on, batch);
    if (rc == 0)
        rc = take_marked(&on, batch);
    reached(store, rc == 0            ? REACH_TAKEN
                   : rc == ERR_FORKED ? REACH_FORKED
                                      : REACH_GAP);
    buf_done(&on.cleaned);
    entry_done(&on.on.force);
    entry_done(&on.entry);
    if (kinds != store->kinds)
        kinds_free(kinds);
    return rc < 0 ? fault_set(fault, rc, "batch", "nothing of it was taken")
                  : 0;
}
