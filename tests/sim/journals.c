/* What must hold in the end, of the journals: what was told is there, once, as
 * it was; and nobody has what is not his. */
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"
#include "tests/sim/work.h"

#include <string.h>

struct reading {
    struct sim *sim;
    const struct machine *machine;
};

/* Has this record one writer only, who never lost anything? Then nobody can
 * have crossed him. */
static bool lone(const struct sim *sim, const struct record *record)
{
    if (record->foreign || record->writers == 0 ||
        (record->writers & (record->writers - 1)) != 0)
        return false;
    for (int i = 0; i < sim->machines; i++)
        if (record->writers == (uint64_t)1 << i)
            return sim->machine[i]->lineage == 0;
    return false;
}

static void told_here(struct reading *on, struct told *told,
                      const struct look *look)
{
    struct sim *sim = on->sim;

    told->seen++;
    told->decided = look->state != STATE_RECEIVED;
    if (look->state == STATE_PARKED || look->state == STATE_SETTLED)
        sim->count.parked++;
    if (!lone(sim, &sim->work->record[told->record]))
        return;
    sim->count.lone++;
    if (look->reason == REASON_CLASH)
        sim_fail(sim, "lone", "%s, alone with a record, met itself (cell "
                 "%llu, n = %llu)", sim->machine[told->machine]->name,
                 (unsigned long long)look->change->cell,
                 (unsigned long long)look->name.n);
}

/* A rotten disk may have kept no more of it than its place; the hub has that,
 * and says so. */
static void unread(struct reading *on, const struct look *look)
{
    struct told *told = oracle_find(on->sim->oracle, &look->name, NULL);

    if (told == NULL)
        return;
    told->seen++;
    if (!on->sim->machine[told->machine]->rotten ||
        look->state != STATE_ASIDE)
        sim_fail(on->sim, "V1", "a change that was told to be saved cannot be "
                 "read at the hub");
}

/* Between a restore and its owner's return anybody enrolled may claim a lost
 * name (store/README.md): the owner goes on under another. */
static bool claimed(const struct sim *sim, const struct change *change)
{
    return sim->oracle->hub_was_back &&
           bytes_equal(change->author, bytes_text(POISON_AUTHOR));
}

/* A change may be known by the name it has, and by one it had before a fork. */
static void at_hub(void *user, const struct look *look)
{
    struct reading *on = user;
    struct oracle *oracle = on->sim->oracle;
    struct told *told, *was = NULL;
    uint64_t content;

    if (look->change == NULL) {
        unread(on, look);
        return;
    }
    content = oracle_content(look->change);
    told = oracle_find(oracle, &look->name, &content);
    if (look->change->has_was)
        was = oracle_find(oracle, &look->change->was, &content);
    if (told != NULL)
        told_here(on, told, look);
    if (was != NULL && look->state == STATE_SAME)
        was->again = true;      /* it may be known by its old name, too */
    else if (was != NULL)
        told_here(on, was, look);
    if (told == NULL && was == NULL && !claimed(on->sim, look->change) &&
        oracle_find(oracle, &look->name, NULL) != NULL)
        sim_fail(on->sim, "V1", "a change told to be saved is another at the "
                 "hub");
}

/* What the hub has decided waits at no station. */
static void waits(struct reading *on, const struct look *look)
{
    const struct change *change = look->change;
    uint64_t content = oracle_content(change);
    const struct told *told = oracle_find(
        on->sim->oracle, change->has_was ? &change->was : &look->name,
        &content);

    if (told != NULL && told->decided)
        sim_fail(on->sim, "V3", "%s was never told what became of a change "
                 "(cell %llu, n = %llu)", on->machine->name,
                 (unsigned long long)change->cell,
                 (unsigned long long)look->name.n);
}

static void at_station(void *user, const struct look *look)
{
    struct reading *on = user;
    const struct machine *machine = on->machine;
    const struct record *record;

    if (look->change == NULL)
        return;
    if (look->state == STATE_RECEIVED)
        waits(on, look);
    if (oracle_find(on->sim->oracle, &look->name, NULL) == NULL)
        return;                 /* no clerk's: its own poison comes back */
    record = work_find(on->sim->work, &look->change->record);
    if (record != NULL && (record->orgs >> machine->at & 1) == 0)
        sim_fail(on->sim, "V8", "%s has a change of a record it may never "
                 "have seen", machine->name);
}

static void check_told(struct sim *sim)
{
    struct oracle *oracle = sim->oracle;

    for (int i = 0; i < oracle->count && !sim->failed; i++) {
        const struct told *told = &oracle->told[i];
        const struct machine *machine = sim->machine[told->machine];
        bool may_miss = told->lost ||
                        (told->sure_at < 0 &&
                         (machine->retired || machine->revoked)) ||
                        (oracle->hub_was_back && machine->rotten);
        char at[TIME_ROOM];

        time_text(told->at, at);
        if (told->seen == 0 && !told->again && !may_miss)
            sim_fail(sim, "V1", "what %s was told to be saved at %s is not at "
                     "the hub (n = %llu%s)", machine->name, at,
                     (unsigned long long)told->name.n,
                     told->sure_at < 0 ? "" : ", confirmed");
        /* Without its content a twin's under the same name is taken for it; a
         * rotten hash makes a change look like another copy's. */
        if (told->seen > 1 && !machine->rotten &&
            !(told->content == 0 && machine->clone))
            sim_fail(sim, "V3", "a change of %s is %d times at the hub",
                     machine->name, told->seen);
    }
}

void end_journals(struct sim *sim)
{
    struct reading on = {.sim = sim};

    if (look_journal(sim_hub(sim), at_hub, &on) < 0)
        sim_fail(sim, "V2", "the hub's journal cannot be read");
    else
        check_told(sim);
    for (int i = 0; i < sim->machines && !sim->failed; i++) {
        on.machine = sim->machine[i];
        if (i != sim->hub && !on.machine->retired)
            look_journal(sim->machine[i], at_station, &on);
    }
}
