/* The shell of a station: events to the core, its todos into exchanges. */
#include "tests/sim/machine.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"

static void step(struct machine *machine, struct event event)
{
    struct sim *sim = machine->sim;
    int64_t mono = clock_mono(&machine->clock, sim->now);
    struct todo todo;

    event.now = mono;
    if (event.type == EV_START || event.type == EV_DONE)
        event.dice = (uint32_t)rng_next(&machine->dice);
    todo = core_step(&machine->core, event);
    if (todo.exchange) {
        machine->begin = true;
        machine->plan = todo.plan;
        if (sim->setup.even && !machine->plan.hello_only)
            machine->plan = (struct asking_plan){false, BATCH_SIZE_MAX, 16,
                                                 16 * BATCH_SIZE_MAX, true};
    }
    machine->wake_at = -1;
    if (todo.wake_at >= 0) {
        int64_t wait = todo.wake_at > mono ? todo.wake_at - mono : 0;

        machine->wake_at = sim->now + wait;
        sim_after(sim, wait, machine, WHEN_WAKE, 0);
    }
    /* An exchange begins after a commit and speaks of what is on disk. */
    if (machine->begin && machine_turn(machine, true)) {
        machine->begin = false;
        net_begin(machine);
    }
}

void station_started(struct machine *machine)
{
    machine->later = later_new(machine->store);
    core_init(&machine->core, machine->sim->setup.every_ms, 300);
    step(machine, (struct event){.type = EV_START});
}

void station_wake(struct machine *machine)
{
    if (machine->wake_at == machine->sim->now || machine->wake_at < 0)
        step(machine, (struct event){.type = EV_WAKE});
}

void station_saved(struct machine *machine)
{
    step(machine, (struct event){.type = EV_SAVED});
}

void station_now(struct machine *machine)
{
    step(machine, (struct event){.type = EV_NOW});
}

void station_settle(struct machine *machine)
{
    struct fault fault;
    int rc;

    if (machine->later == NULL || !later_waits(machine->later))
        return;
    rc = later_settle(machine->later, &fault);
    if (!machine_lives(machine))
        return;
    sim_trace(machine->sim, (uint64_t)(int64_t)rc);
    if (rc < 0)
        oracle_refused_talk(machine, machine, rc, &fault, false);
    if (machine_turn(machine, false) && later_waits(machine->later))
        sim_after(machine->sim, 1, machine, WHEN_SETTLE, 0);
}

void station_done(struct machine *machine, const struct asked *asked,
                  bool good)
{
    if (later_waits(machine->later))
        sim_after(machine->sim, rng_range(&machine->shell, 1, 50), machine,
                  WHEN_SETTLE, 0);
    step(machine, (struct event){
                      .type = EV_DONE,
                      .whole = good && asked->whole,
                      .more = asked->more,
                      .progress = asked->confirmed > 0 || asked->down > 0,
                      .healed = asked->healed,
                      .terse = asked->terse,
                      .bytes = asked->gone_up + asked->came_down,
                      .bytes_up = asked->gone_up,
                      .up = asked->up,
                  });
}
