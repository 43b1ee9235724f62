/* What must hold in the end, of the cases: what waits for a person is listed,
 * with both values, at its author's and as the hub has it. */
#include "tests/sim/oracle.h"
#include "tests/sim/work.h"

#include <stdlib.h>

static bool same_body(bool a_there, const struct body *a, bool b_there,
                      const struct body *b)
{
    return a_there == b_there && (!a_there || body_equal(a, b));
}

/* A hub that was set back, and is refilled in another order, may have nothing to
 * ask of what it asked before, or ask of the other of two; and no receipt brings
 * the word back that a disk was copied (store/README.md). It closes whatever of
 * that is answered. */
static bool of_lost_life(const struct sim *sim, enum reason reason)
{
    return sim->oracle->hub_was_back &&
           (reason == REASON_RESTORED || reason == REASON_DUPLICATE ||
            reason == REASON_COPIED);
}

/* The same case, at the hub; unless it waits since a life that the hub lost, and
 * whoever could tell it, or its end, again is gone. */
static void at_hub(struct machine *machine, const struct shown_case *here,
                   struct shown_case *there)
{
    struct sim *sim = machine->sim;
    struct shown *shown = &sim->work->shown;
    int rc = store_case(sim_hub(sim)->store, &here->name, there);

    if (oracle_bereft(sim) && (rc == ERR_CASE || (rc == 0 && !there->open)))
        return;
    if (rc == ERR_CASE && of_lost_life(sim, here->reason))
        return;
    if (rc < 0) {
        differ_say(machine, &here->record);
        sim_fail(sim, "cases", "%s has a case the hub has not (cell %d, "
                 "reason %d, n = %llu%s)", machine->name, here->cell,
                 (int)here->reason, (unsigned long long)here->name.n,
                 here->own ? ", own" : "");
        return;
    }
    if (!there->open)
        differ_say(machine, &here->record);
    if (!there->open)
        sim_fail(sim, "cases", "%s shows as open what is closed at the hub "
                 "(cell %d, reason %d, n = %llu%s)", machine->name,
                 here->cell, (int)here->reason,
                 (unsigned long long)here->name.n, here->own ? ", own" : "");
    else if (here->kind != NULL && here->cell >= 0 &&
             here->reason != REASON_UNREADABLE &&
             store_show(machine->store, &here->record, shown) == 0 &&
             !same_body(here->in_force_present, &here->in_force,
                        there->in_force_present, &there->in_force)) {
        differ_say(machine, &here->record);
        sim_fail(sim, "cases", "%s shows another value in force beside a case "
                 "(cell %d, reason %d, n = %llu)", machine->name, here->cell,
                 (int)here->reason, (unsigned long long)here->name.n);
    }
}

static void waiting_value(struct machine *machine,
                          const struct shown_case *here)
{
    struct sim *sim = machine->sim;
    uint64_t content;

    if (oracle_find(sim->oracle, &here->name, NULL) == NULL)
        return;                 /* nobody was ever told of it */
    if (!here->readable) {
        sim_fail(sim, "V7", "%s cannot show what waits", machine->name);
        return;
    }
    /* Its hash covers the change before it, which may not be here: a station
     * cannot tell that its disk altered another's. */
    if (machine->rotten && !here->own)
        return;
    content = oracle_content(&here->parked);
    if (oracle_find(sim->oracle, &here->name, &content) == NULL)
        sim_fail(sim, "V7", "%s shows as waiting what nobody wrote",
                 machine->name);
}

/* Of the others the change is in force, and the case asks about it; or it was
 * set aside, and stays so when its case is closed. */
static bool waits_of(enum reason reason)
{
    return reason != REASON_DUPLICATE && reason != REASON_COPIED &&
           reason != REASON_RESTORED && reason != REASON_UNREADABLE &&
           reason != REASON_LOST;
}

void end_cases(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct shown_case *here = &sim->work->shown_case;
    struct shown_case *there = xmalloc(sizeof *there);
    struct store_status status;
    uint64_t own = 0, waits;
    int64_t row = 0;

    shown_case_init(there);
    while (!sim->failed && store_next_case(machine->store, row, here) == 1) {
        row = here->row;
        own += here->own && waits_of(here->reason);
        waiting_value(machine, here);
        if (here->reason != REASON_LOST)        /* of this station alone */
            at_hub(machine, here, there);
    }
    shown_case_done(there);
    free(there);
    if (sim->failed || store_status(machine->store, &status) < 0)
        return;
    waits = status.count[STATE_PARKED] + status.count[STATE_RETURNED];
    /* Which origins are its own, only its disk knows: nothing else tells when
     * that has rotted. */
    if (own != waits && !sim->oracle->watch[machine->at].rotted)
        sim_fail(sim, "cases", "%s lists %llu own cases for %llu changes that "
                 "wait", machine->name, (unsigned long long)own,
                 (unsigned long long)waits);
}
