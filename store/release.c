/*
 * Hub: a change that was set aside is decided after all, with the kinds of now.
 *
 * Happy path: it can be read now, its record is there, it gets its verdict like
 * any other, its case becomes that of the verdict or is closed, and its station
 * is told. What still cannot be decided stays aside, and nothing is written.
 */
#include "store/care.h"
#include "store/taking.h"

#include <stdio.h>
#include <string.h>

/* Why it cannot be decided now; NULL: it can. */
static const char *obstacle(struct taking *on)
{
    const struct change *change = &on->entry.change;
    struct record_row row;
    int rc;

    if (on->org[0] == '\0')
        return "station";       /* whose scope decides is not known */
    if (!legible(on))
        return on->wrong;
    rc = record_find(on->store, &change->record, &row);
    if (rc == 1 && row.kind != change->kind)
        return "kind";
    /* Without an identity it would only wait again. */
    if (on->on.cell != 1 && (rc != 1 || row.org[0] == '\0'))
        return "identity";
    return NULL;
}

static int decide_it(struct taking *on)
{
    struct store *store = on->store;
    struct entry *entry = &on->entry;
    int rc = find_record(on);

    if (rc < 0)
        return rc;
    entry->record = on->on.row.id;
    entry->cell = entry->change.cell;
    entry->kinds = on->kinds_row;
    entry->number = 0;
    entry->field[0] = entry->rule[0] = '\0';
    entry_set_key(entry, entry->change.key);
    rc = decide_cell(&on->on);
    if (rc < 0)
        return rc;
    cell_chain(&on->on.at, entry);
    rc = verdict_on(on);
    if (rc == 0 && entry->state != STATE_TAKEN)
        rc = cell_save(store, &on->on.at);
    if (rc == 0)
        rc = journal_place(store, entry);
    if (rc == 0)
        tally_move(store, STATE_ASIDE, (int)entry->state, 1);
    return rc;
}

/* What the verdict made of the case of an unreadable change: another case, or it
 * is over. */
static int end_case(struct taking *on)
{
    struct case_row found;
    int rc = case_find(on->store, on->entry.at, &found);

    if (rc != 1 || found.reason != REASON_UNREADABLE)
        return rc < 0 ? rc : 0;
    found.open = false;
    rc = case_shut(on->store, found.at);
    return rc < 0 ? rc : news_case(on->store, &on->on.row, &found);
}

static int release(struct taking *on)
{
    int rc = decide_it(on);

    if (rc == 0)
        rc = decide_after(&on->on);
    if (rc == 0)
        rc = end_case(on);
    if (rc == 0)
        rc = news_verdict(on->store, on->entry.at);
    if (rc == 0)
        rc = decide_waiting_for(on);
    reached(on->store, REACH_RELEASED);
    return db_result(on->store, rc);
}

static int load(struct taking *on, const struct name *name,
                struct fault *fault)
{
    struct case_row found;
    struct place_id at = place_of(on->store, name);

    if (journal_load(on->store, at, &on->entry) != 1 ||
        origin_by_row(on->store, at.origin, &on->origin) != 1)
        return fault_set(fault, ERR_CASE, "change", "not known here");
    if (on->entry.state != STATE_ASIDE)
        return fault_set(fault, ERR_CASE, "change", "it is %s, not set aside",
                         state_text(on->entry.state));
    if (case_find(on->store, at, &found) == 1 && !found.open)
        return fault_set(fault, ERR_CASE, "change", "settled already");
    on->org = origin_org(on->store, at.origin);
    return on->store->rc;
}

int store_release(struct store *store, const struct name *name,
                  struct released *out, struct fault *fault)
{
    struct taking on = {.store = store,
                        .kinds = store->kinds,
                        .kinds_row = store->kinds_row};
    const char *why;
    int rc;

    memset(out, 0, sizeof *out);
    if (!store->hub)
        return fault_set(fault, ERR_SCOPE, "", "the hub decides");
    /* Whatever becomes of it, the turn before it stays. */
    rc = store_commit(store, fault);
    if (rc == 0)
        rc = store_write(store);
    if (rc < 0)
        return rc;
    on.on.store = store;
    on.on.entry = &on.entry;
    entry_init(&on.entry);
    entry_init(&on.on.force);
    buf_init(&on.cleaned, CHANGE_MAX);
    rc = load(&on, name, fault);
    on.on.org = on.org;
    why = rc == 0 ? obstacle(&on) : NULL;
    if (rc == 0 && why == NULL) {
        rc = release(&on);
        if (rc < 0) {
            turn_undo(store);
            fault_set(fault, rc, "change", "it stays aside");
        }
    }
    out->state = on.entry.state;
    out->number = on.entry.number;
    out->reason = on.entry.reason;
    snprintf(out->field, sizeof out->field, "%s",
             why != NULL ? why : on.entry.field);
    snprintf(out->rule, sizeof out->rule, "%s", on.entry.rule);
    buf_done(&on.cleaned);
    entry_done(&on.on.force);
    entry_done(&on.entry);
    return rc;
}
