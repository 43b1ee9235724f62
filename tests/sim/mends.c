/*
 * Somebody lost what the hub lost, too: the operator has every station compare
 * with the hub, and mend what differs. So does a station whose disk lied or
 * changed bits, though verify passes it: of what is another's it has states
 * alone, under no hash, and only comparing finds one that is altered or was
 * never kept though its cursor was. It rides on ordinary exchanges, as in
 * daemon/link.c; frames that came are worked off as soon as one is over.
 */
#include "daemon/reconcile.h"
#include "tests/sim/oracle.h"

#include <string.h>

static void begin(struct machine *machine)
{
    machine->reconcile = reconcile_new(machine->store);
    reconcile_start(machine->reconcile, true);
    sim_say(machine->sim, machine, "compares");
    station_now(machine);
}

/* Two machines of one name would cut each other off, as the hub has one exchange
 * at a time with a station: the operator has one compare after the other. */
static bool another_compares(const struct machine *machine)
{
    const struct sim *sim = machine->sim;

    for (int i = 0; i < sim->machines; i++)
        if (strcmp(sim->machine[i]->name, machine->name) == 0 &&
            reconcile_runs(sim->machine[i]->reconcile))
            return true;
    return false;
}

static void ended(struct machine *machine, const struct reconcile_view *view)
{
    struct sim *sim = machine->sim;

    if (view->state == RECONCILE_FAILED)
        sim_fail(sim, "compare", "%s cannot compare: YZ%04d", machine->name,
                 err_code(view->cause));
    else if (view->left > 0)
        sim_fail(sim, "compare", "%s cannot mend %llu cells", machine->name,
                 (unsigned long long)view->left);
}

bool mends_wait(struct sim *sim)
{
    struct reconcile_view view;
    bool waits = false;

    for (int i = 0; i < sim->machines && !sim->failed; i++) {
        struct machine *machine = sim->machine[i];

        if (i == sim->hub || !oracle_takes_part(machine) ||
            !(machine->unsound || oracle_bereft(sim)))
            continue;
        if (machine->reconcile == NULL) {
            if (!another_compares(machine))
                begin(machine);
            waits = true;
            continue;
        }
        reconcile_view(machine->reconcile, &view);
        if (view.state == RECONCILE_RUNNING)
            waits = true;
        else
            ended(machine, &view);
    }
    return waits;
}

bool mends_on(struct machine *machine, const struct asked *asked, bool good)
{
    struct reconcile *reconcile = machine->reconcile;
    struct reconcile_view view;

    if (!reconcile_runs(reconcile))
        return false;
    reconcile_ended(reconcile, good ? 0 : ERR_IO, asked);
    while (reconcile_waits(reconcile)) {
        reconcile_work(reconcile);
        if (!machine_turn(machine, false))
            return false;
    }
    if (reconcile_next(reconcile))
        return true;
    reconcile_view(reconcile, &view);
    sim_say(machine->sim, machine, "compared %llu cells in %d passes: %llu "
            "mended, %llu cases, %llu damaged, %llu left",
            (unsigned long long)view.cells, view.passes,
            (unsigned long long)view.mended, (unsigned long long)view.cases,
            (unsigned long long)view.damaged, (unsigned long long)view.left);
    return false;
}
