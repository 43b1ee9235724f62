/* The oracle, of disks that went back in time, and of when all is well. */
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"
#include "tests/sim/work.h"

#include <stdlib.h>
#include <string.h>

/* What a station had not yet been told to be at the hub is gone with its disk;
 * what the hub had been heard to have must be there in the end, unless the hub
 * went back behind it, too. */
static void station_back(struct machine *machine, int64_t then)
{
    struct oracle *oracle = machine->sim->oracle;
    struct watch *watch = &oracle->watch[machine->at];
    bool rotted = watch->rotted;

    for (int i = 0; i < oracle->count; i++) {
        struct told *told = &oracle->told[i];

        if (told->machine != machine->at || told->off_disk ||
            told->at <= then)
            continue;
        told->off_disk = true;
        if (told->sure_at < 0)
            told->lost = true;
    }
    machine->lineage++;
    memset(watch, 0, sizeof *watch);
    watch->unsure = true;
    watch->spoiled = true;
    watch->rotted = rotted;     /* whoever puts back another disk knows better */
}

static void hub_back(struct machine *hub, int64_t then, bool noticed)
{
    struct oracle *oracle = hub->sim->oracle;

    oracle->hub_was_back = true;
    if (!noticed) {
        oracle->numbers_back = true;
        memset(&oracle->watch[hub->at], 0, sizeof oracle->watch[0]);
        oracle->watch[hub->at].spoiled = true;
    }
    for (int i = 0; i < oracle->count; i++) {
        struct told *told = &oracle->told[i];

        if (told->sure_at < 0 || told->sure_at <= then)
            continue;
        told->sure_at = -1;
        if (told->off_disk)
            told->lost = true;
    }
    for (int i = 0; i < MACHINES; i++)
        oracle->watch[i].unsent = 0;
}

void oracle_set_back(struct machine *machine, int64_t then, bool noticed)
{
    if (machine->hub)
        hub_back(machine, then, noticed);
    else
        station_back(machine, then);
}

/* ---- when all is well ---- */

static bool settled(struct machine *machine, const struct store_status *hub)
{
    const struct watch *watch = &machine->sim->oracle->watch[machine->at];
    struct store_status status;

    if (machine->retired || machine->revoked)
        return true;
    if (machine->store == NULL || machine->talk != NULL || watch->more ||
        store_status(machine->store, &status) < 0)
        return false;
    return status.count[STATE_QUEUED] == 0 && status.life == hub->life &&
           status.number == hub->number && status.seq == hub->seq;
}

bool oracle_settled(struct sim *sim)
{
    struct machine *hub = sim_hub(sim);
    struct store_status status;

    if (hub->store == NULL || store_status(hub->store, &status) < 0)
        return false;
    for (int i = 0; i < sim->machines; i++)
        if (i != sim->hub && !settled(sim->machine[i], &status))
            return false;
    return true;
}

void oracle_impatient(struct sim *sim)
{
    struct store_status status;

    if (sim_hub(sim)->store == NULL ||
        store_status(sim_hub(sim)->store, &status) < 0)
        return;
    for (int i = 0; i < sim->machines; i++)
        if (i != sim->hub && sim->oracle->watch[i].rotted &&
            !settled(sim->machine[i], &status))
            strike_broken(sim->machine[i]);
}

/* Too long after everything healed: who is not with the others? */
void oracle_unsettled(struct sim *sim)
{
    struct machine *hub = sim_hub(sim);
    struct store_status there, here;

    if (hub->store == NULL || store_status(hub->store, &there) < 0) {
        sim_fail(sim, "V12", "the hub does not come up");
        return;
    }
    for (int i = 0; i < sim->machines; i++) {
        struct machine *machine = sim->machine[i];

        if (i == sim->hub || settled(machine, &there))
            continue;
        memset(&here, 0, sizeof here);
        if (machine->store != NULL)
            store_status(machine->store, &here);
        sim_fail(sim, "V12", "%s has not converged: %s, %llu queued, number "
                 "%llu of %llu, seq %llu of %llu", machine->name,
                 machine->store == NULL ? "down"
                 : machine->talk != NULL ? "talking" : "idle",
                 (unsigned long long)here.count[STATE_QUEUED],
                 (unsigned long long)here.number,
                 (unsigned long long)there.number,
                 (unsigned long long)here.seq,
                 (unsigned long long)there.seq);
    }
}
