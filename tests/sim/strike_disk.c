/*
 * Lines of the schedule that are about disks: they refuse, fill up, lie, rot,
 * are copied, and go back to what they were.
 */
#include "tests/sim/fault.h"
#include "tests/sim/machine.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"
#include "tests/sim/work.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { RESTART_MS = SECOND };

static struct watch *watch_of(struct machine *machine)
{
    return &machine->sim->oracle->watch[machine->at];
}

static void spoilt(struct machine *machine)
{
    watch_of(machine)->spoiled = true;
}

static void rotten(struct machine *machine)
{
    watch_of(machine)->rotted = true;
    machine->rotten = machine->unsound = true;
}

/* ---- copies ---- */

bool strike_copies(enum fault_kind kind)
{
    return kind == FAULT_RESTORE || kind == FAULT_SETBACK ||
           kind == FAULT_RESUME || kind == FAULT_CLONE ||
           kind == FAULT_TWIN || kind == FAULT_LIE;
}

/* Will the copy, or whom it is put back on, draw the same dice again? Then the
 * program must draw anew behind the copy, too. */
static bool is_twin(const struct fault_line *line)
{
    return line->kind == FAULT_RESUME || line->kind == FAULT_TWIN;
}

void copy_take(struct machine *machine, const struct fault_line *line,
               struct copy *out)
{
    if (is_twin(line) && machine->store != NULL)
        machine_stop(machine, RESTART_MS);
    disk_image_free(out->image);
    out->image = disk_copy(machine->disk);
    out->dice = machine->dice;
    out->at = machine->sim->now;
    out->rotted = watch_of(machine)->rotted;
}

static void put_back(struct machine *machine, const struct copy *copy,
                     int64_t down_ms, bool noticed)
{
    machine_crash(machine, KILLED, -1);
    machine->sim->work->desk[machine->at].doubts = 0;
    disk_put(machine->disk, copy->image);
    if (noticed) {              /* whoever does it makes room for it first */
        disk_budget(machine->disk, -1);
        hub_keep_numbers(machine);
    }
    oracle_set_back(machine, copy->at, noticed);
    watch_of(machine)->rotted = copy->rotted || machine->misdirects;
    if (down_ms >= 0)
        sim_after(machine->sim, down_ms, machine, WHEN_START, 0);
}

static void restore_hub(struct machine *hub, const struct fault_line *line,
                        const struct copy *copy)
{
    put_back(hub, copy, line->arg[2], line->arg[1] == RESTORE_NOTICED);
    spoilt(hub);
}

static void clone(struct machine *machine, const struct fault_line *line,
                  const struct copy *copy, int at)
{
    struct sim *sim = machine->sim;
    struct machine *twin;

    if (sim->machines == MACHINES)
        return;
    twin = machine_new(sim, machine->name, machine->org, false);
    memcpy(twin->key, machine->key, KEY);
    twin->clone = machine->clone = true;
    twin->kinds = machine->kinds;
    twin->revoked = machine->revoked;
    if (is_twin(line))
        twin->dice = copy->dice;
    disk_put(twin->disk, copy->image);
    oracle_set_back(twin, copy->at, false);
    watch_of(twin)->rotted = copy->rotted;
    twin->rotten = machine->rotten;
    twin->unsound = machine->unsound;
    twin->lineage = 0;
    net_link(sim, twin);
    work_clone(machine, twin);
    sim_after(sim, RESTART_MS, twin, WHEN_START, 0);
    sim->copies[at].clone = twin->at;
    sim_after(sim, line->arg[1], NULL, WHEN_FAULT_ENDS, (uint64_t)at);
}

void strike_well(struct machine *machine)
{
    for (int op = 0; op < DISK_OPS; op++)
        disk_fail(machine->disk, (enum disk_op)op, 0, 0, 0);
    disk_budget(machine->disk, -1);
    disk_lie(machine->disk, false);
    if (machine->misdirects)
        disk_misdirect(machine->disk, UINT64_MAX);
    machine->lies = false;
}

/* A new PC takes the place of one whose disk is gone. */
void strike_new_disk(struct machine *machine, int64_t down_ms)
{
    machine_crash(machine, KILLED, -1);
    machine->sim->work->desk[machine->at].doubts = 0;
    strike_well(machine);
    disk_file_delete(machine->disk, "yizhan.db");
    disk_file_delete(machine->disk, "yizhan.db-wal");
    disk_file_delete(machine->disk, "yizhan.db-journal");
    machine->misdirects = false;
    oracle_set_back(machine, -1, false);
    watch_of(machine)->rotted = false;
    sim_after(machine->sim, down_ms, machine, WHEN_START, 0);
}

/* A hub is put back from its last copy, a station's PC is replaced. */
void strike_broken(struct machine *machine)
{
    sim_say(machine->sim, machine, "is damaged beyond use");
    if (!machine->hub) {
        strike_new_disk(machine, HOUR);
    } else if (machine->spare != NULL) {
        put_back(machine, machine->spare, HOUR, true);
    }
}

/* What a disk that lied left of the derived tables may pass verify, as each row
 * is good; the journal folded again tells. */
void strike_look(struct machine *machine)
{
    struct fault fault;

    if (machine->unsound && machine->store != NULL &&
        (store_verify(machine->store, &fault) < 0 ||
         store_rebuild(machine->store, &fault) < 0))
        strike_broken(machine);
}

bool strike_disks(struct machine *machine, const struct fault_line *line,
                  int at)
{
    struct copy *copy = &machine->sim->copies[at];

    if (strike_copies(line->kind) && line->kind != FAULT_LIE &&
        copy->image == NULL)
        return true;            /* it was not there yet */
    switch (line->kind) {
    case FAULT_RESTORE:
        restore_hub(machine, line, copy);
        return true;
    case FAULT_SETBACK:
    case FAULT_RESUME:
        if (is_twin(line)) {
            machine->dice = copy->dice;
            machine->clone = true;
        }
        put_back(machine, copy, line->arg[1], false);
        return true;
    case FAULT_CLONE:
    case FAULT_TWIN:
        clone(machine, line, copy, at);
        return true;
    case FAULT_LOST:
        strike_new_disk(machine, line->arg[0]);
        return true;
    default:
        return false;
    }
}

/* ---- a disk that is not as it should be ---- */

static void lie(struct machine *machine, const struct fault_line *line, int at)
{
    if (machine->lies)
        return;
    copy_take(machine, line, &machine->sim->copies[at]);
    machine->spare = &machine->sim->copies[at];
    machine->lies = machine->lied = machine->unsound = true;
    disk_lie(machine->disk, true);
    sim_after(machine->sim, line->arg[0], NULL, WHEN_FAULT_ENDS,
              (uint64_t)at);
}

/* The power goes, and with it all that the disk said it had. */
static void lie_ends(struct machine *machine, const struct fault_line *line)
{
    if (!machine->lies)
        return;
    machine_crash(machine, (int)line->arg[1], SECOND);
    machine->lies = false;
    disk_lie(machine->disk, false);
}

bool strike_disk(struct machine *machine, const struct fault_line *line,
                 int at)
{
    static const int code[] = {SQLITE_IOERR, SQLITE_FULL};
    const int64_t *arg = line->arg;

    switch (line->kind) {
    case FAULT_DISK:
        disk_fail(machine->disk, (enum disk_op)arg[0], (uint64_t)arg[1],
                  (int)arg[2], code[arg[3] & 1]);
        break;
    case FAULT_FULL:
        disk_budget(machine->disk,
                    disk_file_size(machine->disk, "yizhan.db") + arg[0]);
        sim_after(machine->sim, arg[1], NULL, WHEN_FAULT_ENDS, (uint64_t)at);
        break;
    case FAULT_LIE:
        lie(machine, line, at);
        break;
    case FAULT_ROT:
        machine_stop(machine, arg[1]);
        disk_rot(machine->disk, "yizhan.db", (int)arg[0]);
        rotten(machine);
        break;
    case FAULT_MISDIRECT:
        disk_misdirect(machine->disk, (uint64_t)arg[0]);
        machine->misdirects = true;
        rotten(machine);
        break;
    default:
        return false;
    }
    spoilt(machine);
    return true;
}

bool strike_disk_ends(struct machine *machine, const struct fault_line *line,
                      int at)
{
    struct sim *sim = machine->sim;

    switch (line->kind) {
    case FAULT_FULL:
        disk_budget(machine->disk, -1);
        return true;
    case FAULT_LIE:
        lie_ends(machine, line);
        return true;
    case FAULT_CLONE:
    case FAULT_TWIN:            /* whoever is left when all heals may stay */
        if (sim->phase == PHASE_SAFETY)
            machine_retire(sim->machine[sim->copies[at].clone]);
        return true;
    default:
        return false;
    }
}
