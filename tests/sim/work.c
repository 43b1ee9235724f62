#include "tests/sim/work.h"
#include "tests/sim/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORNING = 8 * HOUR, EVENING = 18 * HOUR };

struct work *work_new(struct sim *sim)
{
    struct work *work = xmalloc(sizeof *work);

    memset(work, 0, sizeof *work);
    shown_init(&work->shown);
    shown_case_init(&work->shown_case);
    for (int i = 0; i < MACHINES; i++)
        rng_seed(&work->desk[i].hand, sim->setup.seed, 5000 + (uint64_t)i);
    return work;
}

void work_free(struct work *work)
{
    if (work == NULL)
        return;
    for (int i = 0; i < MACHINES; i++)
        free(work->desk[i].mine);
    shown_done(&work->shown);
    shown_case_done(&work->shown_case);
    free(work->record);
    free(work->slot);
    free(work);
}

/* ---- records ---- */

static int slot_of(const struct work *work, const struct id *id)
{
    uint64_t hash;
    int at;

    memcpy(&hash, id->b, sizeof hash);
    at = (int)(rng_mix(hash, 0) & (uint64_t)(work->slots - 1));
    while (work->slot[at] != 0 &&
           !id_equal(&work->record[work->slot[at] - 1].id, id))
        at = (at + 1) & (work->slots - 1);
    return at;
}

int work_at(const struct work *work, const struct id *id)
{
    return work->slots == 0 ? -1 : work->slot[slot_of(work, id)] - 1;
}

struct record *work_find(const struct work *work, const struct id *id)
{
    int at = work_at(work, id);

    return at < 0 ? NULL : &work->record[at];
}

static void records_grow(struct work *work)
{
    work->cap = work->cap == 0 ? 256 : work->cap * 2;
    work->record = xrealloc(work->record,
                            sizeof *work->record * (size_t)work->cap);
    work->slots = work->cap * 2;
    free(work->slot);
    work->slot = xmalloc(sizeof *work->slot * (size_t)work->slots);
    memset(work->slot, 0, sizeof *work->slot * (size_t)work->slots);
    for (int i = 0; i < work->records; i++)
        work->slot[slot_of(work, &work->record[i].id)] = i + 1;
}

int work_record(struct sim *sim, const struct id *id, const char *kind)
{
    struct work *work = sim->work;
    struct record *record;
    int at = work_at(work, id);

    if (at >= 0)
        return at;
    if (work->records == work->cap)
        records_grow(work);
    record = &work->record[work->records];
    memset(record, 0, sizeof *record);
    record->id = *id;
    record->kind = kind;
    work->records++;
    work->slot[slot_of(work, id)] = work->records;
    return work->records - 1;
}

static void mine(struct desk *desk, int record)
{
    if (desk->mines == desk->mine_cap) {
        desk->mine_cap = desk->mine_cap == 0 ? 64 : desk->mine_cap * 2;
        desk->mine = xrealloc(desk->mine,
                              sizeof *desk->mine * (size_t)desk->mine_cap);
    }
    desk->mine[desk->mines++] = record;
}

void work_seen_by(struct sim *sim, int record, const char *org)
{
    struct work *work = sim->work;

    for (int i = 0; i < sim->machines; i++) {
        const struct machine *machine = sim->machine[i];
        uint64_t bit = (uint64_t)1 << i;

        if (machine->hub || (work->record[record].orgs & bit) != 0 ||
            strncmp(machine->org, org, strlen(machine->org)) != 0)
            continue;
        work->record[record].orgs |= bit;
        mine(&work->desk[i], record);
    }
}

/* ---- hours ---- */

static int64_t next_time(struct machine *machine)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];
    int64_t mean = (EVENING - MORNING) / machine->sim->setup.saves;
    int64_t at = machine->sim->now + rng_range(&desk->hand, 1, 2 * mean);
    int64_t hour = at % DAY;

    if (hour < MORNING)
        at += MORNING - hour;
    else if (hour > EVENING)
        at += DAY - hour + MORNING + rng_range(&desk->hand, 0, HOUR);
    return at - machine->sim->now;
}

void work_begin(struct machine *machine)
{
    machine->sim->work->desk[machine->at].writing = true;
    sim_after(machine->sim, next_time(machine), machine, WHEN_CLERK, 0);
}

void work_clone(const struct machine *machine, struct machine *twin)
{
    struct work *work = machine->sim->work;
    const struct desk *from = &work->desk[machine->at];

    for (int i = 0; i < from->mines; i++) {
        work->record[from->mine[i]].orgs |= (uint64_t)1 << twin->at;
        mine(&work->desk[twin->at], from->mine[i]);
    }
    work_begin(twin);
}

/* ---- saving ---- */

static void fill_seen(const struct op *op, const struct kind *kind,
                      struct edit *edit)
{
    for (int i = 0; i < op->seens; i++) {
        int cell = kind_cell(kind, op->seen[i].cell);

        if (cell < 0)
            continue;
        edit->bases[edit->nbases].cell = cell;
        edit->bases[edit->nbases].key = bytes_text(op->seen[i].key);
        edit->bases[edit->nbases++].number = op->seen[i].number;
    }
}

/* What the page would send: fields of which this machine's kinds know nothing
 * are not on it. */
static void fill_edit(struct store *store, const struct op *op,
                      struct edit *edit)
{
    const struct kind *kind = kinds_find(store_kinds(store), op->kind);

    edit_clear(edit);
    edit->kind = kind;
    edit->create = op->create;
    edit->record = op->id;
    edit->ending = op->ending;
    edit->reason = bytes_text(op->reason);
    edit->author = bytes_text("经办人");
    edit->stamp = op->stamp;
    edit->force = op->force;
    edit->has_base = op->has_base;
    edit->base = op->base;
    edit->imported = op->imported;
    edit->token = bytes_of(op->token, sizeof op->token);
    for (int i = 0; i < op->sets; i++) {
        int field = kind_field(kind, op->set[i].field);

        if (field < 0)
            continue;
        edit->set[edit->nset].field = field;
        edit->set[edit->nset++].text = bytes_text(op->set[i].text);
    }
    for (int i = 0; i < op->keys; i++) {
        int cell = kind_cell(kind, op->key[i].cell);

        if (cell < 0)
            continue;
        edit->key[edit->nkeys].cell = cell;
        edit->key[edit->nkeys].key = bytes_text(op->key[i].text);
        edit->key[edit->nkeys++].present = op->key[i].present;
    }
    fill_seen(op, kind, edit);
    if (op->settling)
        edit->settles[edit->nsettles++] = op->settles;
}

static void note_names(struct op *op, const struct receipt *receipt)
{
    op->names = 0;
    for (int i = 0; i < receipt->changes && op->names < OP_NAMES; i++)
        op->name[op->names++] = receipt->change[i].name;
}

/* Who may see it from now on, and who has written it. */
static void note_record(struct machine *machine, struct op *op)
{
    struct sim *sim = machine->sim;
    struct record *record;

    if (op->record < 0) {
        op->record = work_record(sim, &op->id, op->kind);
        work_seen_by(sim, op->record, machine->org);
    }
    record = &sim->work->record[op->record];
    record->writers |= (uint64_t)1 << machine->at;
    for (int i = 0; i < op->sets; i++)
        if (strcmp(op->set[i].field, "org") == 0 ||
            strcmp(op->set[i].field, "host") == 0)
            if (op->set[i].text[0] != '\0')
                work_seen_by(sim, op->record, op->set[i].text);
}

int work_save(struct machine *machine, struct op *op)
{
    struct sim *sim = machine->sim;
    struct work *work = sim->work;
    struct desk *desk = &work->desk[machine->at];
    struct fault fault = {.err = 0};
    int rc;

    if (kinds_find(store_kinds(machine->store), op->kind) == NULL)
        return ERR_KIND;
    fill_edit(machine->store, op, &work->edit);
    sim->count.saves++;
    rc = store_put(machine->store, &work->edit, &work->receipt, &fault);
    sim_trace(sim, (uint64_t)(int64_t)rc);
    if (rc == 0) {
        op->id = work->receipt.record;
        op->repeated = work->receipt.repeated;
        note_names(op, &work->receipt);
        note_record(machine, op);
        if (desk->waits < WAITING)
            desk->waiting[desk->waits++] = *op;
    } else if (!machine->dying) {
        sim_say(sim, machine, "is refused: YZ%04d %s %s", err_code(rc),
                fault.field, fault.why);
        oracle_refused(machine, &fault, rc);
    }
    return rc;
}

void work_committed(struct machine *machine)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];

    for (int i = 0; i < desk->waits && machine->store != NULL; i++)
        oracle_told(machine, &desk->waiting[i]);
    desk->waits = 0;
}

void work_crashed(struct machine *machine)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];

    for (int i = 0; i < desk->waits; i++) {
        oracle_in_doubt(machine, &desk->waiting[i]);
        if (desk->doubts < DESK)
            desk->doubt[desk->doubts++] = desk->waiting[i];
    }
    desk->waits = 0;
}

/* ---- a clerk's hour ---- */

/* Somebody whose machine died asks again: the same token, and for a new record
 * perhaps another id, as a page that was loaded anew would. */
static bool ask_again(struct machine *machine)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];
    struct op op;

    if (desk->doubts == 0)
        return false;
    op = desk->doubt[--desk->doubts];
    if (rng_chance(&desk->hand, 150))
        return false;           /* this one has gone home */
    if (op.create && rng_chance(&desk->hand, 300))
        rng_fill(&desk->hand, op.id.b, ID_SIZE);
    work_save(machine, &op);
    return true;
}

/* A hand that is not sure presses twice. */
static void press(struct machine *machine, struct op *op)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];
    struct op again = *op;

    if (work_save(machine, op) < 0 || !rng_chance(&desk->hand, 40))
        return;
    if (machine_turn(machine, true) && work_save(machine, &again) == 0)
        oracle_again(machine, op, &again);
}

static bool save_page(struct machine *machine)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];
    struct op op;
    int at;

    if (desk->pages == 0 || !rng_chance(&desk->hand, 300))
        return false;
    at = (int)rng_below(&desk->hand, (uint64_t)desk->pages);
    op = desk->page[at];
    desk->page[at] = desk->page[--desk->pages];
    press(machine, &op);
    return true;
}

static void one(struct machine *machine)
{
    struct desk *desk = &machine->sim->work->desk[machine->at];
    struct op op;

    if (ask_again(machine) || save_page(machine) || !think(machine, &op))
        return;
    if (desk->pages < DESK && !op.create && rng_chance(&desk->hand, 200))
        desk->page[desk->pages++] = op;
    else
        press(machine, &op);
}

void work_clerk(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct desk *desk = &sim->work->desk[machine->at];
    int at_once = rng_chance(&desk->hand, 100) ? 3 : 1;

    if (sim->phase != PHASE_SAFETY || machine->retired || !desk->writing)
        return;
    sim_after(sim, next_time(machine), machine, WHEN_CLERK, 0);
    if (machine->store == NULL)
        return;
    for (int i = 0; i < at_once && machine->store != NULL; i++) {
        one(machine);
        if (!machine_lives(machine))
            return;
    }
    if (desk->waits > 0)
        station_saved(machine);
    if (machine->store != NULL)
        machine_turn(machine, true);
}
