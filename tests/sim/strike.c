/* What each line of the schedule does when its time has come. */
#include "tests/sim/fault.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"

#include <stdlib.h>
#include <string.h>

static struct machine *whose(struct sim *sim, const struct fault_line *line)
{
    int at = line->machine;

    if (at >= sim->setup.stations || fault_who(line->kind) == WHO_HUB)
        at = sim->hub;
    return at > sim->hub ? NULL : sim->machine[at];
}

void strike_plan(struct sim *sim)
{
    const struct schedule *schedule = sim->schedule;
    size_t size = sizeof *sim->copies * (size_t)(schedule->count + 1);

    sim->copies = xmalloc(size);
    memset(sim->copies, 0, size);
    size = sizeof *sim->sticks * (size_t)(schedule->count + 1);
    sim->sticks = xmalloc(size);
    memset(sim->sticks, 0, size);
    for (int i = 0; i < schedule->count; i++) {
        const struct fault_line *line = &schedule->list[i];
        int64_t then = line->at - line->arg[0];

        if (line->at >= sim->ends_at)
            continue;
        sim_after(sim, line->at, NULL, WHEN_FAULT, (uint64_t)i);
        if (strike_copies(line->kind) && line->kind != FAULT_LIE)
            sim_after(sim, then > MINUTE ? then : MINUTE, NULL, WHEN_COPY,
                      (uint64_t)i);      /* there is something to copy */
    }
}

void strike_copy(struct sim *sim, int at)
{
    const struct fault_line *line = &sim->schedule->list[at];
    struct machine *machine = whose(sim, line);

    if (machine != NULL)
        copy_take(machine, line, &sim->copies[at]);
}

void strike_done(struct sim *sim)
{
    for (int i = 0; sim->copies != NULL && i < sim->schedule->count; i++)
        disk_image_free(sim->copies[i].image);
    for (int i = 0; sim->sticks != NULL && i < sim->schedule->count; i++)
        stick_done(&sim->sticks[i]);
    free(sim->copies);
    free(sim->sticks);
}

/* ---- machines ---- */

/* When a log is checkpointed hangs on its bytes, and in an even run nothing may
 * hang on bytes. */
static void arm(struct machine *machine, const int64_t *arg)
{
    enum reach mark = (enum reach)arg[0];

    if (machine->sim->setup.even &&
        (mark == REACH_CHECKPOINT || mark == REACH_CHECKPOINTED))
        return;
    machine_arm(machine, &(struct arm){mark, arg[1], (int)arg[2], arg[3]});
}

static bool stop_kind(struct machine *machine, const struct fault_line *line)
{
    const int64_t *arg = line->arg;

    switch (line->kind) {
    case FAULT_STOP:
        machine_stop(machine, arg[0]);
        return true;
    case FAULT_KILL:
        machine_crash(machine, KILLED, arg[0]);
        return true;
    case FAULT_POWER:
        machine_crash(machine, (int)arg[1], arg[0]);
        return true;
    case FAULT_DIE:
        arm(machine, arg);
        return true;
    case FAULT_SLEEP:
        machine_sleep(machine, arg[0]);
        return true;
    default:
        return false;
    }
}

static bool clock_kind(struct machine *machine, const struct fault_line *line)
{
    int64_t now = machine->sim->now;

    switch (line->kind) {
    case FAULT_JUMP:
        clock_set(&machine->clock, now, line->arg[0]);
        return true;
    case FAULT_DRIFT:
        clock_drift(&machine->clock, now, line->arg[0]);
        return true;
    case FAULT_BATTERY:
        machine->clock.dead_battery = true;
        machine_crash(machine, DISK_SUBSET, line->arg[0]);
        return true;
    default:
        return false;
    }
}

/* ---- the county ---- */

static void herd(struct sim *sim)
{
    for (int i = 0; i < sim->machines; i++)
        if (i != sim->hub && sim->machine[i]->store != NULL)
            station_now(sim->machine[i]);
}

static void revoke(struct machine *station, bool revoked)
{
    struct sim *sim = station->sim;

    for (int i = 0; i < sim->machines; i++)     /* its clones have its name */
        if (strcmp(sim->machine[i]->name, station->name) == 0)
            sim->machine[i]->revoked = revoked;
    machine_stop(sim_hub(sim), 5 * SECOND);
}

static bool county_kind(struct machine *machine, const struct fault_line *line,
                        int at)
{
    switch (line->kind) {
    case FAULT_HERD:
        herd(machine->sim);
        return true;
    case FAULT_REVOKE:
        revoke(machine, true);
        sim_after(machine->sim, line->arg[0], NULL, WHEN_FAULT_ENDS,
                  (uint64_t)at);
        return true;
    case FAULT_KINDS:
        /* The hub's files only ever gain: so says conf/kinds/README.md. */
        if (!machine->hub || line->arg[0] > machine->kinds)
            machine->kinds = (int)line->arg[0];
        machine_stop(machine, SECOND);
        return true;
    case FAULT_POISON:
        poison(machine, line->arg[0], (uint64_t)line->arg[1]);
        return true;
    default:
        return false;
    }
}

/* ---- the line ---- */

static void line_fault(struct machine *station, const struct fault_line *line)
{
    if (station->lines < LINE_FAULTS)
        station->line[station->lines++] = (struct line_fault){
            (int)line->kind, line->arg[0], line->arg[1], line->arg[2]};
}

static bool net_kind(struct machine *station, const struct fault_line *line)
{
    struct net *net = station->sim->net;
    struct link *link = &net->link[station->at];
    int64_t until = station->sim->now + line->arg[0];

    switch (line->kind) {
    case FAULT_CUT:
    case FAULT_CLOG:
    case FAULT_GARBLE:
    case FAULT_TWICE:
    case FAULT_LATE:
    case FAULT_STALE:
        line_fault(station, line);
        return true;
    case FAULT_REPLAY:
        net_replay(station, line->arg[0], 0);
        return true;
    case FAULT_NONE:
        link->none_until = until;
        return true;
    case FAULT_DEAF:
        link->deaf_until = until;
        return true;
    case FAULT_MUTE:
        link->mute_until = until;
        return true;
    case FAULT_PORTAL:
        link->portal_until = until;
        return true;
    case FAULT_SLOW:
        link->slow_until = until;
        link->slow_rate = line->arg[1];
        return true;
    case FAULT_AWAY:
        net->away_until = until;
        net->away_silent = line->arg[1] != 0;
        return true;
    default:
        return false;
    }
}

void strike(struct sim *sim, int at)
{
    const struct fault_line *line = &sim->schedule->list[at];
    struct machine *machine = whose(sim, line);

    if (machine == NULL || sim->phase != PHASE_SAFETY)
        return;
    sim->schedule->struck[line->kind]++;
    sim_say(sim, machine, "fault: %s %lld %lld %lld %lld",
            fault_text(line->kind), (long long)line->arg[0],
            (long long)line->arg[1], (long long)line->arg[2],
            (long long)line->arg[3]);
    if (!stop_kind(machine, line) && !clock_kind(machine, line) &&
        !strike_disk(machine, line, at) && !strike_disks(machine, line, at) &&
        !county_kind(machine, line, at) && !net_kind(machine, line))
        stick_pack(machine, line, at, &sim->sticks[at]);
}

void strike_end(struct sim *sim, int at)
{
    const struct fault_line *line = &sim->schedule->list[at];
    struct machine *machine = whose(sim, line);

    if (machine == NULL)
        return;
    if (line->kind == FAULT_STICK) {
        stick_comes(machine, line, at, &sim->sticks[at]);
        return;
    }
    sim_say(sim, machine, "fault ends: %s", fault_text(line->kind));
    if (!strike_disk_ends(machine, line, at) && line->kind == FAULT_REVOKE)
        revoke(machine, false);
}

void strike_heal(struct sim *sim)
{
    for (int i = 0; i < sim->machines; i++)
        strike_well(sim->machine[i]);
}
