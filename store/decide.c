/*
 * One verdict. In order: identity and scope, check, merge, then what follows:
 * the cell in force, who knows it, the news, the case, the settled cases.
 */
#include "store/decide.h"
#include "store/check.h"
#include "store/merge.h"

#include <stdio.h>
#include <string.h>

static void reach_reason(const struct deciding *on, enum reason reason)
{
    static const enum reach mark[] = {
        [REASON_CLASH] = REACH_CLASH, [REASON_PROPOSAL] = REACH_PROPOSAL,
        [REASON_ENDED] = REACH_ENDED, [REASON_FIXED] = REACH_FIXED,
        [REASON_STEP] = REACH_STEP,   [REASON_RULE] = REACH_RULE,
        [REASON_SCOPE] = REACH_SCOPE,
    };

    if (reason != REASON_NONE)
        reached(on->store, mark[reason]);
}

static void verdict(struct deciding *on, enum state state, enum reason reason,
                    const char *field, const char *rule)
{
    reach_reason(on, reason);
    on->entry->state = state;
    on->entry->reason = reason;
    snprintf(on->entry->field, sizeof on->entry->field, "%s", field);
    snprintf(on->entry->rule, sizeof on->entry->rule, "%s", rule);
}

/* ---- scope ---- */

static struct bytes change_org(const struct deciding *on)
{
    return body_get(&on->entry->change.body,
                    (uint64_t)on->kind->fields[on->kind->org_field].id);
}

/* The named case, if it is one on this very cell. */
static bool names_cell(struct deciding *on, const struct name *named,
                       struct case_row *out)
{
    return case_find(on->store, place_of(on->store, named), out) == 1 &&
           out->record == on->row.id && out->cell == on->at.cell &&
           strcmp(out->key, on->at.key) == 0;
}

/* Does it only take back own changes that were refused? That is allowed to
 * everybody always, or a clerk could never close such a case. */
static bool withdraws(struct deciding *on)
{
    const struct change *change = &on->entry->change;
    struct case_row found;

    if (!change->removal || change->nsettles == 0)
        return false;
    for (int i = 0; i < change->nsettles; i++)
        if (!names_cell(on, &change->settles[i], &found) ||
            !line_follows(on->store, on->entry->at, found.at))
            return false;
    return true;
}

static bool withdrawn(struct deciding *on)
{
    on->withdrew = withdraws(on);
    if (on->withdrew)
        verdict(on, STATE_SAME, REASON_NONE, "", "");
    return false;
}

/* Stands the author so that the change may be judged at all? False when it got
 * its verdict here. */
static bool in_scope(struct deciding *on)
{
    struct store *store = on->store;

    on->county = org_covers(on->org, bytes_text(store->org));
    if (on->cell == 1 && !on->entry->change.removal &&
        !org_covers(store->org, change_org(on))) {
        verdict(on, STATE_RETURNED, REASON_SCOPE,
                on->kind->fields[on->kind->org_field].name, "");
        return false;           /* nobody in this county would see it again */
    }
    if (on->row.org[0] == '\0') {
        if (on->cell != 1) {
            verdict(on, STATE_RECEIVED, REASON_NONE, "", "");
            return withdrawn(on);
        }
        on->owner = org_covers(on->org, change_org(on));
        on->host = false;
        if (!on->owner || on->entry->change.removal)
            verdict(on, STATE_RETURNED, REASON_SCOPE,
                    on->kind->fields[on->kind->org_field].name, "");
        return (on->owner && !on->entry->change.removal) || withdrawn(on);
    }
    on->owner = org_covers(on->org, bytes_text(on->row.org));
    on->host = org_covers(on->org, bytes_text(on->row.host));
    if (!on->owner && !on->host)
        verdict(on, STATE_RETURNED, REASON_SCOPE, "", "");
    return on->owner || on->host || withdrawn(on);
}

/* ---- check ---- */

static void body_values(const struct kind *kind, int cell,
                        const struct body *body, struct bytes *value)
{
    for (int i = 0; i < kind->nfields; i++)
        if (kind->fields[i].cell == cell && kind->fields[i].type != FIELD_SET)
            value[i] = body_get(body, (uint64_t)kind->fields[i].id);
}

/* Rules between cells were kept at the desk. Here they are not asked: one save
 * may change both, and its halves come one after the other. */
static bool keeps_rules(struct deciding *on)
{
    struct check_in in;
    struct finding errors[FINDINGS], warnings[FINDINGS];
    int nwarnings, nerrors;

    check_init(&in, on->kind, on->cell);
    in.alone = true;
    body_values(on->kind, on->cell, &on->entry->change.body, in.value);
    nerrors = check(&in, errors, warnings, &nwarnings);
    if (nerrors == 0)
        return true;
    verdict(on, STATE_RETURNED, REASON_RULE,
            on->kind->fields[errors[0].field].name,
            errors[0].rule == NULL ? "required" : errors[0].rule->id);
    return false;
}

/* ---- merge ---- */

static bool settles_here(struct deciding *on)
{
    struct case_row found;

    for (int i = 0; i < on->entry->change.nsettles; i++)
        if (names_cell(on, &on->entry->change.settles[i], &found))
            return true;
    return false;
}

static void ask_merge(struct deciding *on)
{
    const struct change *change = &on->entry->change;
    enum reason reason;
    struct merge_in in = {
        .kind = on->kind,
        .cell = on->cell,
        .ever = on->ever,
        .removed = on->ever && on->force.change.removal,
        .force = &on->force.change.body,
        .ended = on->row.ended,
        .removal = change->removal,
        .body = &change->body,
        .settles = settles_here(on),
        .knew = knew(on->store, &on->at, on->entry->at, change->base),
        .owner = on->owner,
        .host = on->host,
        .county = on->county,
    };
    enum state state = merge(&in, &reason);

    if (state == STATE_SAME)
        reached(on->store, REACH_SAME);

    verdict(on, state, reason, "", "");
}

/* ---- what follows ---- */

int knew_add(struct store *store, const struct cell_row *cell,
             struct place_id place)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO knew (record, cell, key, origin, n) "
               "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING");

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, place.origin);
    db_num(stmt, 5, place.n);
    return db_run(store, stmt);
}

static int knew_forget(struct store *store, const struct cell_row *cell)
{
    sqlite3_stmt *stmt = db_stmt(store, "DELETE FROM knew WHERE record = ?1 "
                                        "AND cell = ?2 AND key = ?3");

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    return db_run(store, stmt);
}

int decide_enter(struct deciding *on)
{
    const struct change *change = &on->entry->change;
    struct record_row was = on->row;
    bool alone;                 /* no other cell of it was ever told */
    int rc = 0;

    on->at.force = on->entry->at;
    on->at.number = on->entry->number;
    if (on->ever)
        rc = knew_forget(on->store, &on->at);
    if (rc == 0)
        rc = record_note(on->store, &on->row, on->kind, on->cell,
                         on->ever && !on->force.change.removal
                             ? &on->force.change.body : NULL,
                         change->removal ? NULL : &change->body);
    if (rc < 0)
        return rc;
    alone = on->fresh && on->past == 0;
    if ((was.org[0] != '\0' || !alone) &&
        (strcmp(was.org, on->row.org) != 0 ||
         strcmp(was.host, on->row.host) != 0)) {
        rc = cell_save(on->store, &on->at);
        if (rc == 0)            /* tells every cell, this one too */
            rc = news_moved(on->store, &was, &on->row);
    } else {
        rc = news_cell(on->store, &was, &on->row, &on->at);
    }
    return rc == 0 ? knew_favoured(on->store, &on->at, on->entry) : rc;
}

/* Is there surely no such cell yet? */
static bool cell_untouched(const struct deciding *on, uint64_t cell)
{
    return on->fresh && cell > on->past;
}

int decide_cell(struct deciding *on)
{
    const struct change *change = &on->entry->change;
    int rc;

    on->ever = false;
    if (cell_untouched(on, change->cell)) {
        cell_new(on->row.id, change->cell, change->key, &on->at);
        return 0;
    }
    rc = cell_find(on->store, on->row.id, change->cell, change->key,
                   &on->at);
    if (rc == 1 && on->at.force.origin != 0) {
        rc = journal_load(on->store, on->at.force, &on->force);
        on->ever = rc == 1 && on->force.readable;
    }
    return rc < 0 ? rc : 0;
}

int decide(struct deciding *on)
{
    int rc = 0;

    on->withdrew = false;
    if (in_scope(on) &&
        (on->cell == 0 || on->entry->change.removal || keeps_rules(on)))
        ask_merge(on);
    if (on->entry->state == STATE_RECEIVED)
        return on->store->rc;
    on->entry->number = next_number(on->store);
    if (on->entry->state == STATE_TAKEN)
        rc = decide_enter(on);
    /* A withdrawal knows nothing, unless nothing is what is in force: the
     * journal alone could not tell these two apart. */
    else if (on->entry->state == STATE_SAME && on->ever &&
             (!on->withdrew || on->force.change.removal))
        rc = knew_add(on->store, &on->at, on->entry->at);
    return rc < 0 ? rc : on->store->rc;
}
