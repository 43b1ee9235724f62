/*
 * What must hold in the end, when everything that was wrong is over and
 * everything that was under way has arrived.
 */
#include "tests/sim/oracle.h"
#include "tests/sim/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a register as one hash a record ---- */

struct row {
    struct id id;
    uint64_t hash;
    char org[16], host[16];
};

struct rows {
    struct row *list;
    int count, cap;
    uint64_t hash;              /* of all of them: the export */
};

static uint64_t hash_bytes(uint64_t hash, struct bytes bytes)
{
    for (size_t at = 0; at < bytes.len; at += 8) {
        uint64_t word = 0;

        memcpy(&word, bytes.data + at,
               bytes.len - at < 8 ? bytes.len - at : 8);
        hash = rng_mix(hash, word);
    }
    return rng_mix(hash, bytes.len);
}

static uint64_t hash_cell(uint64_t hash, const struct shown_cell *cell,
                          bool numbers)
{
    hash = rng_mix(hash, (uint64_t)cell->cell << 1 | cell->present);
    hash = hash_bytes(hash, cell->key);
    hash = rng_mix(hash, numbers ? cell->base : 0);
    for (int i = 0; cell->present && i < cell->body.count; i++) {
        hash = rng_mix(hash, cell->body.value[i].field);
        hash = hash_bytes(hash, cell->body.value[i].text);
    }
    return hash;
}

static void text_of(struct bytes from, char to[16])
{
    snprintf(to, 16, "%.*s", (int)from.len,
             from.len > 0 ? (const char *)from.data : "");
}

static void row_of(const struct shown *shown, bool numbers, struct row *out)
{
    uint64_t hash = rng_mix((uint64_t)shown->kind->id, shown->ended);

    out->id = shown->record;
    text_of(shown->org, out->org);
    text_of(shown->host, out->host);
    hash = hash_bytes(hash, shown->org);
    hash = hash_bytes(hash, shown->host);
    hash = hash_bytes(hash, shown->end_reason);
    for (int i = 0; i < shown->cells; i++)
        hash = hash_cell(hash, &shown->cell[i], numbers);
    out->hash = hash;
}

static void rows_add(struct rows *rows, const struct row *row)
{
    if (rows->count == rows->cap) {
        rows->cap = rows->cap == 0 ? 256 : rows->cap * 2;
        rows->list = xrealloc(rows->list,
                              sizeof *rows->list * (size_t)rows->cap);
    }
    rows->list[rows->count++] = *row;
    rows->hash = rng_mix(rows->hash, row->hash);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct row *)a)->id.b, ((const struct row *)b)->id.b,
                  ID_SIZE);
}

static void rows_of(struct machine *machine, struct rows *out)
{
    struct shown *shown = &machine->sim->work->shown;
    const struct kinds *kinds = store_kinds(machine->store);
    /* A comparison is of changes, whatever numbers they have. */
    bool numbers = !machine->sim->oracle->numbers_back &&
                   !oracle_bereft(machine->sim);
    struct row row;

    memset(out, 0, sizeof *out);
    for (int i = 0; i < kinds->count; i++) {
        struct id after, *from = NULL;

        while (store_next(machine->store, &kinds->list[i], from, shown) ==
               1) {
            row_of(shown, numbers, &row);
            rows_add(out, &row);
            after = shown->record;
            from = &after;
        }
    }
    if (out->count > 0)
        qsort(out->list, (size_t)out->count, sizeof *out->list, by_id);
}

/* ---- everybody shows the same ---- */

static bool covers(const char *org, const char *other)
{
    return strncmp(org, other, strlen(org)) == 0;
}

static bool in_scope(const struct machine *machine, const struct row *row)
{
    return covers(machine->org, row->org) || covers(machine->org, row->host);
}

static void differs(struct machine *machine, const char *invariant,
                    const struct id *record)
{
    char id[37], why[FAIL_ROOM / 2];

    id_text(record, id);
    differ_text(machine, record, why, sizeof why);
    differ_say(machine, record);
    sim_fail(machine->sim, invariant, "%s shows %s otherwise: %s",
             machine->name, id, why);
}

/* Both are in order of id: what the hub has of this station's, the station must
 * have too, the same, and nothing more. */
static void compare(struct machine *machine, const struct rows *hub,
                    const struct rows *own)
{
    int at = 0;

    for (int i = 0; i < hub->count && !machine->sim->failed; i++) {
        const struct row *row = &hub->list[i];
        int order = at < own->count ? by_id(&own->list[at], row) : 1;

        if (!in_scope(machine, row))
            continue;
        if (order < 0)
            break;
        if (order > 0 || own->list[at].hash != row->hash)
            differs(machine, "V6", &row->id);
        at++;
    }
    if (at < own->count && !machine->sim->failed)
        differs(machine, "V8", &own->list[at].id);
}

static void check_store(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct fault fault = {.err = 0};

    if (store_verify(machine->store, &fault) < 0)
        sim_fail(sim, "verify", "%s: %s %s", machine->name, fault.field,
                 fault.why);
    else if (store_rebuild(machine->store, &fault) < 0)
        sim_fail(sim, "rebuild", "%s: %s", machine->name, fault.why);
    else if (store_commit(machine->store, &fault) < 0)
        sim_fail(sim, "rebuild", "%s: no commit", machine->name);
}

bool oracle_bereft(const struct sim *sim)
{
    bool gone = sim->oracle->poisoned;

    for (int i = 0; i < sim->machines; i++)
        gone = gone || sim->machine[i]->lineage > 0 ||
               sim->machine[i]->retired || sim->machine[i]->revoked;
    return sim->oracle->hub_was_back && gone;
}

bool oracle_takes_part(const struct machine *machine)
{
    return machine->store != NULL && !machine->retired && !machine->revoked;
}

static void check_registers(struct sim *sim)
{
    struct rows hub, own;

    rows_of(sim_hub(sim), &hub);
    sim->register_hash = hub.hash;
    sim->count.records = (uint64_t)hub.count;
    sim_trace(sim, hub.hash);
    for (int i = 0; i < sim->machines && !sim->failed; i++) {
        if (i == sim->hub || !oracle_takes_part(sim->machine[i]))
            continue;
        rows_of(sim->machine[i], &own);
        compare(sim->machine[i], &hub, &own);
        free(own.list);
    }
    free(hub.list);
}

void oracle_end(struct sim *sim)
{
    sim->count.mended += oracle_bereft(sim);
    check_registers(sim);
    for (int i = 0; i < sim->machines && !sim->failed; i++)
        if (i != sim->hub && oracle_takes_part(sim->machine[i]))
            end_cases(sim->machine[i]);
    for (int i = 0; i < sim->machines && !sim->failed; i++)
        if (sim->machine[i]->store != NULL)
            check_store(sim->machine[i]);
    for (int i = 0; i < sim->machines && !sim->failed; i++)
        machine_stop(sim->machine[i], -1);
    if (!sim->failed)
        end_journals(sim);
}
