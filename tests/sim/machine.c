#include "daemon/reconcile.h"
#include "tests/sim/machine.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFER_MS = 100, RESTART_MS = 5 * SECOND };

#define STORE_FILE "yizhan.db"

/* ---- the world around a store ---- */

static void world_random(void *user, void *out, size_t len)
{
    struct machine *machine = user;

    rng_fill(&machine->dice, out, len);
}

static void world_reach(void *user, enum reach mark)
{
    struct machine *machine = user;

    if (machine->dying)
        return;
    machine->sim->reach[mark]++;
    for (int i = 0; i < machine->arms; i++)
        if (machine->arm[i].mark == mark && --machine->arm[i].times <= 0) {
            machine->death = machine->arm[i];
            machine->arm[i] = machine->arm[--machine->arms];
            machine->dying = true;
            disk_die(machine->disk);
            sim_say(machine->sim, machine, "dies at %s", reach_text(mark));
            return;
        }
}

void machine_arm(struct machine *machine, const struct arm *arm)
{
    if (machine->arms < ARMS)
        machine->arm[machine->arms++] = *arm;
}

/* ---- birth ---- */

struct machine *machine_new(struct sim *sim, const char *name,
                            const char *org, bool hub)
{
    struct machine *machine = xmalloc(sizeof *machine);
    uint64_t seed = sim->setup.seed;
    char disk[32];

    memset(machine, 0, sizeof *machine);
    machine->sim = sim;
    machine->at = sim->machines;
    machine->hub = hub;
    snprintf(machine->name, sizeof machine->name, "%s", name);
    snprintf(machine->org, sizeof machine->org, "%s", org);
    snprintf(disk, sizeof disk, "disk%d", machine->at);
    machine->disk = disk_new(disk, rng_mix(seed, 1000 + (uint64_t)machine->at));
    rng_seed(&machine->dice, seed, 2000 + (uint64_t)machine->at);
    rng_seed(&machine->shell, seed, 3000 + (uint64_t)machine->at);
    clock_init(&machine->clock,
               sim->setup.clock_shift_ms * (machine->at % 3 + 1),
               &machine->shell);
    machine->wake_at = -1;
    machine->wanted = true;
    machine->kinds = KINDS_NOW;
    sim->machine[sim->machines++] = machine;
    return machine;
}

static void process_gone(struct machine *machine)
{
    net_lost(machine);
    later_free(machine->later);
    reconcile_free(machine->reconcile);
    machine->later = NULL;
    machine->reconcile = NULL;
    store_close(machine->store);
    machine->store = NULL;
    machine->run++;
    machine->wake_at = -1;
    machine->begin = machine->commit_planned = false;
}

void machine_free(struct machine *machine)
{
    if (machine == NULL)
        return;
    later_free(machine->later);
    reconcile_free(machine->reconcile);
    store_close(machine->store);
    disk_free(machine->disk);
    free(machine);
}

/* ---- up ---- */

static int station_open(struct machine *machine, struct fault *fault)
{
    struct store_options options = {
        .path = STORE_FILE,
        .vfs = disk_vfs(machine->disk),
        .org = machine->org,
        .kinds = sim_kinds(machine->kinds),
        .world = {.user = machine,
                  .random = world_random,
                  .reach = world_reach},
    };

    return store_open(&options, &machine->store, fault);
}

int hub_open(struct machine *hub, struct fault *fault)
{
    struct store_options options = {
        .path = STORE_FILE,
        .vfs = disk_vfs(hub->disk),
        .hub = true,
        .org = hub->org,
        .kinds = sim_kinds(hub->kinds),
        .hub_id = hub->numbers.hub,
        .life = hub->numbers.life,
        .floor = hub->numbers.reserved,
        .world = {.user = hub,
                  .random = world_random,
                  .reserve = hub_reserve,
                  .reach = world_reach},
    };
    int rc;

    memcpy(options.key, hub->numbers.key, sizeof options.key);
    rc = store_open(&options, &hub->store, fault);
    return rc < 0 ? rc : hub_stations(hub);
}

static int open_any(struct machine *machine, struct fault *fault)
{
    bool there = disk_file_size(machine->disk, STORE_FILE) >= 0;
    int rc = 0;

    if (machine->hub) {
        rc = hub_numbers(machine, there, fault);
        return rc < 0 ? rc : hub_open(machine, fault);
    }
    return station_open(machine, fault);
}

/* The service manager starts it again and again. */
static void start_failed(struct machine *machine, const struct fault *fault)
{
    struct sim *sim = machine->sim;

    sim_say(sim, machine, "does not start: YZ%04d %s", err_code(fault->err),
            fault->why);
    process_gone(machine);
    machine->failed_starts++;
    if (!oracle_start_failed(machine, fault->err))
        strike_broken(machine);
    else
        sim_after(sim, RESTART_MS * machine->failed_starts, machine,
                  WHEN_START, 0);
}

void machine_start(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct fault fault = {.err = 0};
    int rc;

    if (machine->store != NULL || machine->retired || !machine->wanted)
        return;
    disk_process_end(machine->disk);
    machine->run++;
    sim->count.opens++;
    rc = open_any(machine, &fault);
    if (machine->dying) {
        machine_lives(machine);
        return;
    }
    if (rc < 0) {
        fault.err = rc;
        start_failed(machine, &fault);
        return;
    }
    machine->failed_starts = 0;
    sim_say(sim, machine, "is up");
    if (machine->lied && store_verify(machine->store, &fault) < 0) {
        strike_broken(machine);
        return;
    }
    if (sim->phase == PHASE_LIVENESS)
        strike_look(machine);
    if (machine->store == NULL)
        return;
    machine->lied = machine->lies;
    oracle_started(machine);
    if (!machine->hub)
        station_started(machine);
}

/* ---- down ---- */

void machine_stop(struct machine *machine, int64_t down_ms)
{
    struct fault fault;

    if (machine->store != NULL) {
        store_commit(machine->store, &fault);
        if (!machine_lives(machine))
            return;
        oracle_committed(machine);
    }
    sim_say(machine->sim, machine, "stops");
    process_gone(machine);
    if (down_ms >= 0)
        sim_after(machine->sim, down_ms, machine, WHEN_START, 0);
}

void machine_retire(struct machine *machine)
{
    machine_stop(machine, -1);
    machine->retired = true;
    machine->wanted = false;
}

void machine_crash(struct machine *machine, int survival, int64_t down_ms)
{
    struct sim *sim = machine->sim;

    sim_say(sim, machine, survival == KILLED ? "is killed" : "loses power");
    sim->count.crashes++;
    machine->dying = false;
    process_gone(machine);
    oracle_crashed(machine);
    if (survival == KILLED) {
        disk_process_end(machine->disk);
    } else {
        if (machine->lies)      /* what it said it had, it may not have */
            oracle_set_back(machine, -1, false);
        disk_power_off(machine->disk, (enum disk_survival)survival);
        clock_boot(&machine->clock, sim->now, &machine->shell);
        machine->sleeps_until = 0;
    }
    if (down_ms >= 0)
        sim_after(sim, down_ms, machine, WHEN_START, 0);
}

void machine_sleep(struct machine *machine, int64_t for_ms)
{
    sim_say(machine->sim, machine, "sleeps");
    machine->sleeps_until = machine->sim->now + for_ms;
}

/* ---- the turn ---- */

bool machine_lives(struct machine *machine)
{
    if (machine->dying)
        machine_crash(machine, machine->death.survival,
                      machine->death.down_ms);
    return machine->store != NULL;
}

static bool may_wait(struct machine *machine)
{
    if (store_heavy(machine->store) ||
        rng_chance(&machine->shell, 500))
        return false;
    if (!machine->commit_planned)
        sim_after(machine->sim, rng_range(&machine->shell, 1, DEFER_MS),
                  machine, WHEN_COMMIT, 0);
    machine->commit_planned = true;
    return true;
}

bool machine_turn(struct machine *machine, bool waits)
{
    struct fault fault = {.err = 0};
    int rc;

    if (!machine_lives(machine))
        return false;
    if (store_pending(machine->store) > 0 && !waits && may_wait(machine))
        return true;
    machine->commit_planned = false;
    rc = store_commit(machine->store, &fault);
    if (!machine_lives(machine))
        return false;
    if (rc == 0) {
        oracle_committed(machine);
        return machine->store != NULL;
    }
    if (oracle_commit_failed(machine, rc))
        machine_crash(machine, KILLED, RESTART_MS);
    else
        strike_broken(machine);
    return false;
}
