#include "store/plan.h"
#include "store/check.h"

#include <stdio.h>
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
    return edit->has_base ? edit->base : otherwise;
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

static int plan_add(struct store *store, struct plan *plan, int cell,
                    struct bytes key, bool removal, const struct body *body)
{
    const struct shown_cell *before = shown_cell(plan, cell, key);
    struct plan_cell *to;

    if (!differs(before, removal, body) && !plan->edit->force)
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
static int plan_ending(struct plan *plan)
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
    to->base = given_base(edit, 0, bytes_of("", 0), plan->shown.end_base);
    return 0;
}

static int plan_cells(struct store *store, struct plan *plan)
{
    int rc = 0;

    for (int i = 1; i < plan->kind->ncells && rc == 0; i++)
        rc = plan->kind->cells[i].keyed ? plan_keys(store, plan, i)
                                        : plan_fields(store, plan, i);
    return rc == 0 ? plan_ending(plan) : rc;
}

/* ---- check ---- */

static bool exists(void *user, const char *kind_name, const char *field_name,
                   struct bytes value)
{
    struct store *store = user;
    const struct kind *kind = kinds_find(store->kinds, kind_name);
    int field = kind == NULL ? -1 : kind_field(kind, field_name);

    return field >= 0 && lookup_other(store, kind, field, value, 0) != 0;
}

static void values_of(const struct kind *kind, int cell,
                      const struct body *body, struct bytes *value)
{
    for (int i = 0; i < kind->nfields; i++) {
        const struct field *field = &kind->fields[i];

        if (field->cell != cell)
            continue;
        if (field->type == FIELD_SET)
            value[i] = bytes_text("+");
        else
            value[i] = body_get(body, (uint64_t)field->id);
    }
}

/* The record as it would be: what is shown, with the plan on top. */
static void record_values(const struct plan *plan, struct bytes *value)
{
    static const struct body empty;

    memset(value, 0, sizeof *value * CHECK_FIELDS);
    for (int i = 0; i < plan->shown.cells; i++)
        if (plan->shown.cell[i].present)
            values_of(plan->kind, plan->shown.cell[i].cell,
                      &plan->shown.cell[i].body, value);
    for (int i = 0; i < plan->cells; i++)
        if (!plan->cell[i].removal)
            values_of(plan->kind, plan->cell[i].cell, &plan->cell[i].body,
                      value);
        else if (!plan->kind->cells[plan->cell[i].cell].keyed)
            values_of(plan->kind, plan->cell[i].cell, &empty, value);
}

static void warn(struct receipt *out, const char *rule, const char *field)
{
    for (int i = 0; i < out->warnings; i++)
        if (strcmp(out->warning[i].rule, rule) == 0 &&
            strcmp(out->warning[i].field, field) == 0)
            return;
    if (out->warnings == WARNINGS)
        return;
    snprintf(out->warning[out->warnings].rule, sizeof out->warning[0].rule,
             "%s", rule);
    snprintf(out->warning[out->warnings].field, sizeof out->warning[0].field,
             "%s", field);
    out->warnings++;
}

static int broken_rule(const struct plan *plan, const struct finding *found,
                       struct fault *fault)
{
    const struct rule *rule = found->rule;
    const char *field = plan->kind->fields[found->field].name;
    int rc = fault_set(fault, ERR_RULE, field, "%s",
                       rule == NULL ? "it must be filled in"
                       : rule->says != NULL ? rule->says
                                            : "see the rules of this kind");

    if (fault != NULL)
        snprintf(fault->rule, sizeof fault->rule, "%s",
                 rule == NULL ? "required" : rule->id);
    return rc;
}

static int check_once(struct store *store, const struct plan *plan,
                      struct check_in *in, struct receipt *out,
                      struct fault *fault)
{
    struct finding errors[FINDINGS], warnings[FINDINGS];
    int nwarnings, nerrors;

    in->exists = exists;
    in->user = store;
    nerrors = check(in, errors, warnings, &nwarnings);
    for (int i = 0; i < nwarnings; i++)
        warn(out, warnings[i].rule->id,
             plan->kind->fields[warnings[i].field].name);
    return nerrors > 0 ? broken_rule(plan, &errors[0], fault) : 0;
}

static void warn_duplicates(struct store *store, const struct plan *plan,
                            const struct check_in *in, struct receipt *out)
{
    for (int i = 0; i < plan->kind->nfields; i++)
        if (plan->kind->fields[i].unique && in->value[i].len > 0 &&
            lookup_other(store, plan->kind, i, in->value[i],
                         plan->row.id) != 0)
            warn(out, "unique", plan->kind->fields[i].name);
}

/* A new record is checked whole; an edit only where it touches, so that a rule
 * made later is a to-do and never stands in the way of other work. */
static int plan_check(struct store *store, const struct plan *plan,
                      struct receipt *out, struct fault *fault)
{
    struct check_in in = {.kind = plan->kind, .only_cell = CHECK_ALL};
    int rc = 0;

    record_values(plan, in.value);
    if (!plan->existed) {
        rc = check_once(store, plan, &in, out, fault);
        warn_duplicates(store, plan, &in, out);
        return rc;
    }
    for (int i = 0; i < plan->cells && rc == 0; i++) {
        in.only_cell = plan->cell[i].cell;
        if (in.only_cell > 0)
            rc = check_once(store, plan, &in, out, fault);
        if (in.only_cell == 1)
            warn_duplicates(store, plan, &in, out);
    }
    return rc;
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
    plan->shown.end_base = 0;
    return 0;
}

static int old_record(struct store *store, struct plan *plan,
                      struct fault *fault)
{
    const struct edit *edit = plan->edit;
    int rc;

    if (!record_shown(&plan->row) && edit->nsettles == 0)
        return fault_set(fault, ERR_RECORD, "id",
                         "it may come with the next exchange");
    if (edit->create && !edit->imported)
        return fault_set(fault, ERR_VALUE, "id", "this id is used already");
    rc = show_record(store, &plan->row, &plan->shown);
    if (rc < 0)
        return fault_set(fault, rc, "id", "the record cannot be shown");
    plan->shown.end_base = show_end_base(store);
    plan->kind = plan->shown.kind;
    plan->existed = true;
    if (edit->kind != NULL && edit->kind != plan->kind)
        return fault_set(fault, ERR_KIND, "kind", "the record is a %s",
                         plan->kind->name);
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

int plan_make(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault)
{
    struct plan *plan = plan_room(store);
    int rc;

    plan->edit = edit;
    plan->cells = 0;
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
    return plan->cells == 0 ? 0 : plan_check(store, plan, out, fault);
}
