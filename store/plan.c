#include "store/plan.h"

#include <string.h>

static const struct shown_cell *shown_cell(const struct plan *plan, int cell,
                                           struct bytes key)
{
    for (int i = 0; i < plan->shown.cells; i++)
        if (plan->shown.cell[i].cell == cell &&
            bytes_equal(plan->shown.cell[i].key, key))
            return &plan->shown.cell[i];
    return NULL;
}

static bool undecided(const struct shown_cell *cell)
{
    return cell != NULL &&
           (cell->state == STATE_QUEUED || cell->state == STATE_RECEIVED);
}

/* What this machine held in the cell when the running import began. */
static uint64_t import_base(struct store *store, const struct plan *plan,
                            int cell, struct bytes key, uint64_t now)
{
    sqlite3_stmt *stmt;

    if (!store->import_moved)
        return now;
    stmt = db_stmt(store, "SELECT number FROM import_base "
                          "WHERE record = ?1 AND cell = ?2 AND key = ?3");
    db_int(stmt, 1, plan->row.id);
    db_int(stmt, 2, plan->kind->cells[cell].id);
    db_text(stmt, 3, key);
    if (db_step(store, stmt) == 1)
        now = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return now;
}

static uint64_t given_base(const struct edit *edit, int cell,
                           struct bytes key, uint64_t otherwise)
{
    for (int i = 0; i < edit->nbases; i++)
        if (edit->bases[i].cell == cell &&
            bytes_equal(edit->bases[i].key, key))
            return edit->bases[i].number;
    if (edit->has_base)
        return edit->base;
    return edit->nbases > 0 ? 0 : otherwise;    /* the page had none there */
}

/* While an own undecided change lies over the cell its base is inherited:
 * whoever wrote it had not seen more, and its writer now has not either. */
static uint64_t base_of(struct store *store, const struct plan *plan, int cell,
                        struct bytes key, const struct shown_cell *before)
{
    const struct edit *edit = plan->edit;
    uint64_t base = before == NULL ? 0 : before->base;

    if (edit->imported && !undecided(before))
        base = import_base(store, plan, cell, key, base);
    base = given_base(edit, cell, key, base);
    if (edit->nsettles == 0 && undecided(before) && before->base < base)
        base = before->base;
    return base;
}

static bool differs(const struct shown_cell *before, bool removal,
                    const struct body *body)
{
    if (before == NULL || !before->present)
        return !removal;
    return removal || !body_equal(&before->body, body);
}

/* One change a cell, however often an edit names it: what is shown is read
 * once. */
static bool planned(const struct plan *plan, int cell, struct bytes key)
{
    for (int i = 0; i < plan->cells; i++)
        if (plan->cell[i].cell == cell && bytes_equal(plan->cell[i].key, key))
            return true;
    return false;
}

static int plan_add(struct store *store, struct plan *plan, int cell,
                    struct bytes key, bool removal, const struct body *body)
{
    const struct shown_cell *before = shown_cell(plan, cell, key);
    struct plan_cell *to;

    if ((!differs(before, removal, body) && !plan->edit->force) ||
        planned(plan, cell, key))
        return 0;
    if (plan->cells == RECEIPT_CHANGES)
        return ERR_SIZE;
    to = &plan->cell[plan->cells++];
    to->cell = cell;
    to->key = key;
    to->removal = removal;
    to->body = *body;
    to->before = before;
    to->base = base_of(store, plan, cell, key, before);
    return 0;
}

/* A settling change carries the whole body it is given; an edit changes the
 * fields it names and leaves the others as they are shown. */
static int plan_fields(struct store *store, struct plan *plan, int cell)
{
    const struct edit *edit = plan->edit;
    const struct shown_cell *before = shown_cell(plan, cell, bytes_of("", 0));
    struct body body = {.count = 0};
    bool touched = false;

    if (before != NULL && before->present && edit->nsettles == 0)
        body = before->body;
    for (int i = 0; i < edit->nset; i++) {
        const struct field *field = &plan->kind->fields[edit->set[i].field];

        if (field->cell != cell)
            continue;
        body_set(&body, (uint64_t)field->id, edit->set[i].text);
        touched = true;
    }
    if (!touched)
        return 0;
    return plan_add(store, plan, cell, bytes_of("", 0), body.count == 0,
                    &body);
}

static bool key_listed(const struct edit *edit, int cell, struct bytes key)
{
    for (int i = 0; i < edit->nkeys; i++)
        if (edit->key[i].cell == cell && bytes_equal(edit->key[i].key, key))
            return true;
    return false;
}

static int plan_keys(struct store *store, struct plan *plan, int cell)
{
    static const struct body empty;
    const struct edit *edit = plan->edit;
    bool whole = false;
    int rc = 0;

    for (int i = 0; i < edit->nkeys && rc == 0; i++)
        if (edit->key[i].cell == cell)
            rc = plan_add(store, plan, cell, edit->key[i].key,
                          !edit->key[i].present, &empty);
    for (int i = 0; i < edit->nwhole; i++)
        whole = whole || edit->whole[i] == cell;
    for (int i = 0; whole && i < plan->shown.cells && rc == 0; i++) {
        const struct shown_cell *shown = &plan->shown.cell[i];

        if (shown->cell == cell && shown->present &&
            !key_listed(edit, cell, shown->key))
            rc = plan_add(store, plan, cell, shown->key, true, &empty);
    }
    return rc;
}

/* The ending's base speaks for every cell of the record. */
static int plan_ending(struct store *store, struct plan *plan)
{
    const struct edit *edit = plan->edit;
    struct plan_cell *to;
    struct id none = {{0}};

    if (edit->ending == ENDING_NONE)
        return 0;
    if ((edit->ending == ENDING_END) == plan->shown.ended && !edit->force)
        return 0;
    if (plan->cells == RECEIPT_CHANGES)
        return ERR_SIZE;
    to = &plan->cell[plan->cells++];
    memset(to, 0, sizeof *to);
    to->removal = edit->ending == ENDING_UNDO;
    if (!to->removal) {
        body_set(&to->body, END_REASON, edit->reason);
        if (!id_equal(&edit->survivor, &none)) {
            id_text(&edit->survivor, plan->survivor);
            body_set(&to->body, END_SURVIVOR, bytes_text(plan->survivor));
        }
    }
    to->base = given_base(edit, 0, bytes_of("", 0), show_end_base(store));
    return 0;
}

static int plan_cells(struct store *store, struct plan *plan)
{
    int rc = 0;

    for (int i = 1; i < plan->kind->ncells && rc == 0; i++)
        rc = plan->kind->cells[i].keyed ? plan_keys(store, plan, i)
                                        : plan_fields(store, plan, i);
    return rc == 0 ? plan_ending(store, plan) : rc;
}

/* ---- which record ---- */

static int new_record(struct store *store, struct plan *plan,
                      struct fault *fault)
{
    const struct edit *edit = plan->edit;
    struct bytes org = bytes_text(store->org);

    if (!edit->create)
        return fault_set(fault, ERR_RECORD, "id",
                         "it may come with the next exchange");
    if (edit->kind == NULL)
        return fault_set(fault, ERR_KIND, "kind", "name a kind");
    for (int i = 0; i < edit->nset; i++)
        if (edit->set[i].field == edit->kind->org_field)
            org = edit->set[i].text;
    if (!org_covers(store->org, org))
        return fault_set(fault, ERR_SCOPE,
                         edit->kind->fields[edit->kind->org_field].name,
                         "this station writes for %s", store->org);
    plan->kind = edit->kind;
    plan->existed = false;
    memset(&plan->row, 0, sizeof plan->row);
    plan->row.record = edit->record;
    plan->shown.cells = 0;
    plan->shown.ended = false;
    return 0;
}

static uint64_t touched_cells(const struct kind *kind,
                              const struct edit *edit)
{
    uint64_t touched = edit->ending == ENDING_NONE ? 0 : show_bit(CELL_END);

    for (int i = 0; i < edit->nset; i++)
        touched |= show_bit(
            kind->cells[kind->fields[edit->set[i].field].cell].id);
    for (int i = 0; i < edit->nkeys; i++)
        touched |= show_bit(kind->cells[edit->key[i].cell].id);
    for (int i = 0; i < edit->nwhole; i++)
        touched |= show_bit(kind->cells[edit->whole[i]].id);
    return touched;
}

static uint64_t rule_cells(const struct kind *kind, const struct rule *rule)
{
    uint64_t cells = 0;

    for (int i = 0; i < rule->fields; i++)
        cells |= show_bit(kind->cells[kind->fields[rule->field[i]].cell].id);
    if (rule->unless >= 0)
        cells |= show_bit(kind->cells[kind->fields[rule->unless].cell].id);
    return cells;
}

/* The cells an edit touches, and those that rules bind to them; the ending, as
 * an edit must know whether the record has ended. */
static uint64_t wanted_cells(const struct kind *kind, const struct edit *edit)
{
    uint64_t touched = touched_cells(kind, edit);
    uint64_t wanted = touched | show_bit(CELL_END);

    for (int i = 0; i < kind->nrules; i++) {
        uint64_t bound = rule_cells(kind, &kind->rules[i]);

        if ((bound & touched) != 0)
            wanted |= bound;
    }
    return wanted;
}

static int old_record(struct store *store, struct plan *plan,
                      struct fault *fault)
{
    const struct edit *edit = plan->edit;
    const struct kind *kind = kinds_by_id(store->kinds, plan->row.kind);
    int rc;

    if (!record_shown(&plan->row) && edit->nsettles == 0)
        return fault_set(fault, ERR_RECORD, "id",
                         "it may come with the next exchange");
    if (edit->create && !edit->imported)
        return fault_set(fault, ERR_VALUE, "id", "this id is used already");
    if (kind == NULL)
        return fault_set(fault, ERR_KIND, "kind", "not known on this machine");
    if (edit->kind != NULL && edit->kind != kind)
        return fault_set(fault, ERR_KIND, "kind", "the record is a %s",
                         kind->name);
    rc = show_record(store, &plan->row, wanted_cells(kind, edit),
                     &plan->shown);
    if (rc < 0)
        return fault_set(fault, rc, "id", "the record cannot be shown");
    plan->kind = kind;
    plan->existed = true;
    return 0;
}

static struct plan *plan_room(struct store *store)
{
    if (store->plan == NULL) {
        store->plan = xmalloc(sizeof *store->plan);
        shown_init(&store->plan->shown);
    }
    return store->plan;
}

/* At most so many bytes as a change: what stands around the body is bounded. */
enum { CHANGE_HEAD = 4096, VALUE_HEAD = 12 };

static size_t cell_size(const struct plan_cell *cell)
{
    size_t size = CHANGE_HEAD;

    for (int i = 0; i < cell->body.count; i++)
        size += VALUE_HEAD + cell->body.value[i].text.len;
    return size;
}

/* No change is written that nobody could read. */
static bool names_its_cases(const struct edit *edit)
{
    for (int i = 0; i < edit->nsettles; i++)
        if (edit->settles[i].n == 0)
            return false;
    return true;
}

int plan_make(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault)
{
    struct plan *plan = plan_room(store);
    int rc;

    plan->edit = edit;
    plan->cells = 0;
    if (!names_its_cases(edit))
        return fault_set(fault, ERR_CASE, "settles", "it names no case");
    rc = record_find(store, &edit->record, &plan->row);
    if (rc < 0)
        return fault_set(fault, rc, "", "reading");
    rc = rc == 0 ? new_record(store, plan, fault)
                 : old_record(store, plan, fault);
    if (rc < 0)
        return rc;
    rc = plan_cells(store, plan);
    if (rc < 0)
        return fault_set(fault, rc, "", "at most %d changes in one save",
                         RECEIPT_CHANGES);
    for (int i = 0; i < plan->cells; i++)
        if (cell_size(&plan->cell[i]) > CHANGE_MAX)
            return fault_set(fault, ERR_LONG,
                             plan->kind->cells[plan->cell[i].cell].name,
                             "together at most %d bytes",
                             CHANGE_MAX - CHANGE_HEAD);
    return plan->cells == 0 ? 0 : plan_check(store, plan, out, fault);
}
