#include "tests/sim/sim.h"
#include "tests/sim/fault.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"
#include "tests/sim/work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 10 * MINUTE,
    PATIENCE_MS = 12 * HOUR,    /* of an operator, with a rotten disk */
    LIVENESS_MS = 36 * HOUR     /* everything must have converged by then */
};

struct machine *sim_hub(const struct sim *sim)
{
    return sim->machine[sim->hub];
}

void time_text(int64_t at, char out[TIME_ROOM])
{
    snprintf(out, TIME_ROOM, "%lldd%02d:%02d:%02d.%03d", (long long)(at / DAY),
             (int)(at % DAY / HOUR), (int)(at % HOUR / MINUTE),
             (int)(at % MINUTE / SECOND), (int)(at % SECOND));
}

/* ---- what is observed ---- */

void sim_trace(struct sim *sim, uint64_t value)
{
    sim->trace = rng_mix(sim->trace, value);
}

void sim_trace_bytes(struct sim *sim, const void *data, size_t len)
{
    const uint8_t *from = data;
    uint64_t word;
    size_t at = 0;

    for (; len - at >= 8; at += 8) {
        memcpy(&word, from + at, 8);
        sim_trace(sim, word);
    }
    word = len;
    for (; at < len; at++)
        word = word << 8 | from[at];
    sim_trace(sim, word);
}

void sim_say(const struct sim *sim, const struct machine *machine,
             const char *what, ...)
{
    char at[TIME_ROOM];
    va_list args;

    if (!sim->setup.trace)
        return;
    time_text(sim->now, at);
    printf("%s %s ", at, machine == NULL ? "-" : machine->name);
    va_start(args, what);
    vprintf(what, args);
    va_end(args);
    printf("\n");
}

void sim_fail(struct sim *sim, const char *invariant, const char *why, ...)
{
    va_list args;

    if (sim->failed)
        return;
    sim->failed = true;
    snprintf(sim->invariant, sizeof sim->invariant, "%s", invariant);
    va_start(args, why);
    vsnprintf(sim->why, sizeof sim->why, why, args);
    va_end(args);
}

/* ---- what happens ---- */

void sim_after(struct sim *sim, int64_t wait, const struct machine *machine,
               enum happening what, uint64_t of)
{
    struct due due = {
        .at = sim->now + (wait > 0 ? wait : 0),
        .machine = machine == NULL ? -1 : machine->at,
        .what = (int)what,
        .run = machine == NULL ? 0 : machine->run,
        .of = of,
    };

    due.tie = (uint32_t)rng_mix(sim->setup.seed ^ (uint64_t)due.at,
                                of << 8 ^ (uint64_t)due.what << 4 ^
                                    (uint64_t)(due.machine + 1));
    heap_push(&sim->heap, due);
}

static void heal(struct sim *sim)
{
    sim_say(sim, NULL, "everything heals");
    sim->phase = PHASE_LIVENESS;
    net_heal(sim);
    strike_heal(sim);
    for (int i = 0; i < sim->machines; i++) {
        struct machine *machine = sim->machine[i];

        machine->arms = 0;
        strike_look(machine);
        machine->sleeps_until = 0;
        machine->wanted = !machine->retired;
        if (machine->store == NULL && machine->wanted)
            sim_after(sim, 1, machine, WHEN_START, 0);
        else if (machine->store != NULL && !machine->hub)
            station_now(machine);
    }
    sim_after(sim, LOOK_MS, NULL, WHEN_LOOK, 0);
}

static void look(struct sim *sim)
{
    if (oracle_settled(sim) && !mends_wait(sim)) {
        sim->converged_at = sim->now;
        sim->phase = PHASE_END;
    } else if (sim->now > sim->ends_at + LIVENESS_MS) {
        oracle_unsettled(sim);
    } else {
        if (sim->now > sim->ends_at + PATIENCE_MS)
            oracle_impatient(sim);
        sim_after(sim, LOOK_MS, NULL, WHEN_LOOK, 0);
    }
}

/* Of the run as a whole, or of a machine whether it is up or not. */
static bool happens_anyhow(struct sim *sim, const struct due *due)
{
    switch ((enum happening)due->what) {
    case WHEN_FAULT:
        strike(sim, (int)due->of);
        return true;
    case WHEN_COPY:
        strike_copy(sim, (int)due->of);
        return true;
    case WHEN_FAULT_ENDS:
        strike_end(sim, (int)due->of);
        return true;
    case WHEN_HEAL:
        heal(sim);
        return true;
    case WHEN_LOOK:
        look(sim);
        return true;
    default:
        return false;
    }
}

static void happens_to(struct machine *machine, const struct due *due)
{
    switch ((enum happening)due->what) {
    case WHEN_START:
        machine_start(machine);
        return;
    case WHEN_CLERK:
        work_clerk(machine);
        return;
    case WHEN_WAKE:
        if (due->run == machine->run && machine->store != NULL)
            station_wake(machine);
        return;
    case WHEN_COMMIT:
        if (due->run == machine->run && machine->store != NULL &&
            machine->commit_planned)
            machine_turn(machine, true);
        return;
    case WHEN_SETTLE:
        if (due->run == machine->run && machine->store != NULL)
            station_settle(machine);
        return;
    default:
        net_happens(machine, due);
    }
}

static void happens(struct sim *sim, const struct due *due)
{
    struct machine *machine;
    struct due later = *due;

    sim->count.events++;
    sim_trace(sim, (uint64_t)due->at << 8 ^ (uint64_t)due->what ^
                       (uint64_t)(due->machine + 1) << 56);
    if (happens_anyhow(sim, due))
        return;
    machine = sim->machine[due->machine];
    if (machine->sleeps_until > sim->now) {     /* it finds out on waking */
        later.at = machine->sleeps_until;
        if (due->what == WHEN_WAKE)
            machine->wake_at = later.at;
        heap_push(&sim->heap, later);
        return;
    }
    happens_to(machine, due);
    if (machine->dying)
        machine_lives(machine);
}

/* ---- a county ---- */

/* Townships, now and then two machines of one, or a village within one; the
 * last station is the county's own. */
static void found(struct sim *sim)
{
    struct rng dice;
    char name[16], org[16];
    unsigned town = 0;

    rng_seed(&dice, sim->setup.seed, 2);
    for (int i = 0; i < sim->setup.stations; i++) {
        bool last = i == sim->setup.stations - 1 && i > 0;

        if (i == 0 || !rng_chance(&dice, 150))
            town++;
        snprintf(name, sizeof name, "s%d", i);
        snprintf(org, sizeof org, COUNTY "%03u", town % 1000);
        if (i > 0 && !last && rng_chance(&dice, 100))
            snprintf(org, sizeof org, COUNTY "%03u001", town % 1000);
        if (last)
            snprintf(org, sizeof org, COUNTY);
        machine_new(sim, name, org, false);
    }
    sim->hub = sim->machines;
    machine_new(sim, "hub", COUNTY, true);
    for (int i = 0; i < sim->hub; i++) {
        struct machine *machine = sim->machine[i];

        wire_key(bytes_text(machine->name), machine->key);
        net_link(sim, machine);
        work_begin(machine);
        sim_after(sim, rng_range(&dice, 0, HOUR), machine, WHEN_START, 0);
    }
    sim_after(sim, 0, sim_hub(sim), WHEN_START, 0);
}

bool sim_run(struct sim *sim, const struct setup *setup,
             struct schedule *schedule)
{
    struct due due;

    memset(sim, 0, sizeof *sim);
    sim->setup = *setup;
    sim->schedule = schedule;
    sim->ends_at = (int64_t)setup->days * DAY;
    disk_seed_sqlite((uint32_t)setup->seed | 1);
    sim->net = net_new(sim);
    sim->work = work_new(sim);
    sim->oracle = oracle_new();
    found(sim);
    strike_plan(sim);
    sim_after(sim, sim->ends_at, NULL, WHEN_HEAL, 0);
    while (!sim->failed && sim->phase != PHASE_END &&
           heap_pop(&sim->heap, &due)) {
        sim->now = due.at;
        happens(sim, &due);
    }
    if (!sim->failed)
        oracle_end(sim);
    return !sim->failed;
}

void sim_done(struct sim *sim)
{
    net_free(sim->net);
    for (int i = 0; i < sim->machines; i++)
        machine_free(sim->machine[i]);
    strike_done(sim);
    work_free(sim->work);
    oracle_free(sim->oracle);
    heap_done(&sim->heap);
}
