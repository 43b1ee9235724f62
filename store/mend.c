/*
 * Station: mending single cells by the hub's word on each.
 *
 * Happy path: for each cell the reply tells the hub's state, and it is shown
 * from then on, whatever its number is: digests have proven the difference.
 * What stood here is a case if the hub does not know it (a life that was lost),
 * and nothing if it does, or if it is no change of this cell at all (a disk
 * that rotted). Where the county's own copy is in doubt nothing is done. An own
 * undecided value stays on top in any case.
 */
#include "store/lost.h"
#include "store/mending.h"
#include "store/verdict.h"

#include <string.h>

static const struct body *entry_body(const struct entry *entry)
{
    return entry->readable && !entry->change.removal ? &entry->change.body
                                                     : NULL;
}

/* ---- what stood here ---- */

static bool of_cell(const struct change *change, const struct want *want)
{
    return id_equal(&change->record, &want->record) &&
           change->cell == want->cell &&
           bytes_equal(change->key, bytes_text(want->key));
}

/* Another change was in force here. `is` is still to be saved. */
static int displace(struct mend *on, const struct cell_row *was,
                    struct cell_row *is)
{
    struct entry *old = &on->old;
    int rc = journal_load(on->store, was->force, old);

    if (rc < 0)
        return rc;
    if (rc == 0 || !old->readable ||
        change_read(buf_view(&old->bytes), &old->change) < 0 ||
        !of_cell(&old->change, &on->one->on.want)) {
        on->one->damaged = true;
        return 0;
    }
    rc = lost_mark(on->store, was, is->number);
    if (rc == 0 && !on->reply.has_verdict) {
        rc = lost_case(on->store, old);
        on->one->outcome = MENDED_CASE;
    }
    return rc;
}

/* ---- the hub has nothing in force ---- */

/* Nothing is in force here any more. */
static int put_out(struct mend *on)
{
    struct mending *one = on->one;
    const struct want *want = &one->on.want;
    struct cell_row was, is;
    int rc = cell_find(on->store, on->row.id, want->cell,
                       bytes_text(want->key), &was);

    if (rc != 1 || was.force.origin == 0)
        return rc < 0 ? rc : 0;
    one->outcome = MENDED_NEWS;
    is = was;
    is.force = (struct place_id){0, 0};
    is.number = 0;
    rc = displace(on, &was, &is);
    if (one->damaged)
        is.last = (struct place_id){0, 0};      /* rebuild chains it anew */
    if (rc == 0)
        rc = import_keep(on->store, &was);
    return rc < 0 ? rc : cell_turn(on->store, &was, &is);
}

static int mend_nothing(struct mend *on)
{
    if (on->one->on.what != DIFFER_NOT_THERE ||
        (on->reply.has_verdict && on->reply.verdict.verdict == STATE_TAKEN))
        return 0;               /* the county's own copy is in doubt */
    on->one->outcome = MENDED_ALIKE;
    return put_out(on);
}

/* ---- the hub's state ---- */

/* The same change is shown as before, but its bytes were not what they were
 * written as: what was made of them follows. */
static int note_again(struct mend *on, const struct cell_row *cell)
{
    const struct kind *kind = kinds_by_id(on->store->kinds, on->row.kind);
    struct place_id shown = cell_shown(cell);
    int at = kind == NULL ? -1 : kind_cell_by_id(kind, cell->cell);

    if (at < 0 || shown.origin != on->entry.at.origin ||
        shown.n != on->entry.at.n)
        return 0;
    return record_note(on->store, &on->row, kind, at, entry_body(&on->old),
                       on->change.removal ? NULL : &on->change.body);
}

static bool same_place(struct place_id a, struct place_id b)
{
    return a.origin == b.origin && a.n == b.n;
}

static int put_in_force(struct mend *on, struct cell_row *was)
{
    struct mending *one = on->one;
    struct cell_row is = *was;
    int rc = 0;

    if (same_place(was->force, on->entry.at) &&
        was->number == on->entry.number && !one->damaged) {
        one->outcome = MENDED_ALIKE;
        return cell_save(on->store, &is);
    }
    one->outcome = MENDED_NEWS;
    is.force = on->entry.at;
    is.number = on->entry.number;
    if (same_place(is.own, is.force))
        is.own = (struct place_id){0, 0};
    if (one->damaged)
        rc = note_again(on, &is);
    if (rc == 0 && was->force.origin != 0 &&
        !same_place(was->force, is.force))
        rc = displace(on, was, &is);
    if (rc == 0)
        rc = import_keep(on->store, was);
    return rc < 0 ? rc : cell_turn(on->store, was, &is);
}

/* A hub that has decided what is here for the register, under a newer number,
 * and does not show it, does not follow its own journal. */
static bool doubtful(const struct reply *reply)
{
    return reply->has_verdict && reply->verdict.verdict == STATE_TAKEN &&
           reply->verdict.number > reply->state.number;
}

/* The hub's news of a record that comes or goes are taken in already: that it
 * stands otherwise here is no work of ours. */
static int set_gone(struct mend *on, uint64_t seq)
{
    on->one->outcome = MENDED_NEWS;
    on->one->damaged = true;
    return record_set_gone(on->store, &on->row, seq);
}

/* What the hub does not know must not be shown either if the record comes back:
 * it is told again then with the numbers of now, which may be smaller. */
static int mend_gone(struct mend *on)
{
    char stream[STREAM_MAX + 1];
    uint64_t seq = 0;
    int rc = 0;

    on->one->outcome = MENDED_ALIKE;
    if (on->row.id == 0 || !store_stream(on->store, stream, &seq) ||
        on->reply.gone_seq > seq)
        return 0;               /* or it comes as news */
    if (on->row.gone == 0)
        rc = cases_forget(on->store, on->row.id);
    if (rc == 0 && on->row.gone == 0)
        rc = set_gone(on, on->reply.gone_seq);
    return rc < 0 || on->reply.has_verdict ? rc : put_out(on);
}

static int mend_state(struct mend *on)
{
    const struct want *want = &on->one->on.want;
    struct cell_row was;
    int rc = 0;

    if (doubtful(&on->reply))
        return 0;
    if (on->row.id == 0)
        rc = record_add(on->store, &want->record, on->change.kind, &on->row);
    if (rc == 0 && on->row.gone != 0)
        rc = set_gone(on, 0);
    if (rc == 0)
        rc = mend_entry(on);
    if (rc == 0)
        rc = cell_find(on->store, on->row.id, want->cell,
                       bytes_text(want->key), &was);
    if (rc >= 0)
        rc = mend_change(on, &was);
    return rc == 1 ? put_in_force(on, &was) : rc;
}

static int mend_one(struct mend *on)
{
    const struct want *want = &on->one->on.want;
    int rc = record_find(on->store, &want->record, &on->row);

    on->one->outcome = MENDED_NOT;
    on->one->damaged = false;
    if (rc < 0)
        return rc;
    if (rc == 0)
        memset(&on->row, 0, sizeof on->row);
    if (on->reply.has_state)
        rc = mend_state(on);
    else
        rc = on->reply.gone ? mend_gone(on) : mend_nothing(on);
    if (on->one->damaged)
        reached(on->store, REACH_DAMAGED);
    return rc;
}

/* ---- a frame ---- */

/* Take an item into the reply if it speaks of this cell. */
static bool belongs(struct mend *on, const struct news_item *item)
{
    const struct want *want = &on->one->on.want;
    struct reply *reply = &on->reply;
    bool first = !reply->has_state && !reply->gone;

    switch (item->what) {
    case NEWS_STATE:
        if (!first || change_read(item->change, &on->change) < 0 ||
            !of_cell(&on->change, want))
            return false;
        reply->state = *item;
        return reply->has_state = true;
    case NEWS_GONE:
        if (!first || !id_equal(&item->record, &want->record))
            return false;
        reply->gone_seq = item->seq;
        return reply->gone = true;
    case NEWS_VERDICT:
        if (reply->has_verdict || !want->has ||
            !name_equal(&item->name, &want->name))
            return false;
        reply->verdict = *item;
        return reply->has_verdict = true;
    case NEWS_CASE:
        break;
    }
    return false;
}

/* Items stand in the order of the wants, some of which have none. */
static int mend_all(struct mend *on, struct news *told, int first, int next,
                    struct mending *list)
{
    struct news_item item;
    int rc, more = news_next(told, &item);

    for (int i = first; i < next && more >= 0; i++) {
        on->one = &list[i];
        memset(&on->reply, 0, sizeof on->reply);
        while (more == 1 && belongs(on, &item))
            more = news_next(told, &item);
        rc = mend_one(on);
        if (rc < 0)
            return rc;
    }
    return more == 0 ? 0 : ERR_FORMAT;
}

int store_mend(struct store *store, struct news *told, struct mending *list,
               int count, int *first, int *next, struct fault *fault)
{
    struct mend on = {.store = store};
    struct store_mark mark;
    int rc = store_write(store);

    if (rc < 0)
        return fault_set(fault, rc, "", "mend");
    if (told->from >= told->to || told->to > (uint64_t)count)
        return fault_set(fault, ERR_FORMAT, "mend", "of what nobody asked");
    *first = (int)told->from;
    *next = (int)told->to;
    reached(store, REACH_MEND);
    rc = mark_set(store, told->raw.len, &mark);
    if (rc < 0)
        return rc;
    entry_init(&on.entry);
    entry_init(&on.old);
    rc = mend_all(&on, told, *first, *next, list);
    for (int i = *first; i < *next && rc == 0; i++)
        if (list[i].damaged)
            rc = meta_set(store, MEND_DAMAGE, 1);
    entry_done(&on.entry);
    entry_done(&on.old);
    reached(store, REACH_MENDED);
    rc = mark_end(store, &mark, rc);
    return rc == 0 ? 0
                   : fault_set(fault, rc, "mend", "nothing of it was applied");
}
