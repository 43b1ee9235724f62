/* Where two registers show one record otherwise: for the message of a failure,
 * so that a person need not look for it. */
#include "tests/sim/oracle.h"
#include "tests/sim/work.h"

#include <stdio.h>
#include <stdlib.h>

static void cell_text(const struct shown_cell *cell, char *out, size_t size)
{
    if (cell == NULL)
        snprintf(out, size, "nothing");
    else if (!cell->present)
        snprintf(out, size, "#%llu emptied", (unsigned long long)cell->base);
    else
        snprintf(out, size, "#%llu '%.*s'", (unsigned long long)cell->base,
                 cell->body.count == 0 ? 0
                                       : (int)cell->body.value[0].text.len,
                 cell->body.count == 0
                     ? ""
                     : (const char *)cell->body.value[0].text.data);
}

static const struct shown_cell *cell_in(const struct shown *shown,
                                        const struct shown_cell *like)
{
    for (int i = 0; i < shown->cells; i++)
        if (shown->cell[i].cell == like->cell &&
            bytes_equal(shown->cell[i].key, like->key))
            return &shown->cell[i];
    return NULL;
}

static bool cell_same(const struct shown_cell *a, const struct shown_cell *b)
{
    return b != NULL && a->present == b->present && a->base == b->base &&
           (!a->present || body_equal(&a->body, &b->body));
}

static bool found_in(const struct shown *one, const struct shown *other,
                     bool turned, char *out, size_t size)
{
    char text[2][100];

    for (int i = 0; i < one->cells; i++) {
        const struct shown_cell *cell = &one->cell[i];
        const struct shown_cell *there = cell_in(other, cell);

        if (cell_same(cell, there))
            continue;
        cell_text(turned ? there : cell, text[0], sizeof text[0]);
        cell_text(turned ? cell : there, text[1], sizeof text[1]);
        snprintf(out, size, "%s%.*s is %s here and %s at the hub",
                 one->kind->cells[cell->cell].name, (int)cell->key.len,
                 cell->key.len > 0 ? (const char *)cell->key.data : "",
                 text[0], text[1]);
        return true;
    }
    return false;
}

void differ_text(struct machine *machine, const struct id *record, char *out,
                 size_t size)
{
    struct shown *here = &machine->sim->work->shown;
    struct shown *there = xmalloc(sizeof *there);

    shown_init(there);
    if (store_show(machine->store, record, here) < 0)
        snprintf(out, size, "it is not shown here");
    else if (store_show(sim_hub(machine->sim)->store, record, there) < 0)
        snprintf(out, size, "it is not shown at the hub");
    else if (!found_in(here, there, false, out, size) &&
             !found_in(there, here, true, out, size))
        snprintf(out, size, "org %.*s, ended %d here; org %.*s, ended %d at "
                 "the hub", (int)here->org.len, (const char *)here->org.data,
                 here->ended, (int)there->org.len,
                 (const char *)there->org.data, there->ended);
    shown_done(there);
    free(there);
}

static int say_past(void *user, const struct past *past)
{
    const struct machine *machine = user;
    const struct change *change = &past->change;

    printf("  %s: %02x%02x/%llu cell %llu%.*s #%llu %s %s base %llu "
           "settles %d%s: %.*s\n", machine->name, change->name.origin.b[0],
           change->name.origin.b[1], (unsigned long long)change->name.n,
           (unsigned long long)change->cell, (int)change->key.len,
           change->key.len > 0 ? (const char *)change->key.data : "",
           (unsigned long long)past->number, state_text(past->state),
           reason_text(past->reason), (unsigned long long)change->base,
           change->nsettles, change->removal ? " emptied" : "",
           change->body.count == 0 ? 0 : (int)change->body.value[0].text.len,
           change->body.count == 0
               ? ""
               : (const char *)change->body.value[0].text.data);
    return 0;
}

/* For --trace: what both have of the record. */
void differ_say(struct machine *machine, const struct id *record)
{
    struct machine *hub = sim_hub(machine->sim);

    if (!machine->sim->setup.trace)
        return;
    store_history(machine->store, record, say_past, machine);
    store_history(hub->store, record, say_past, hub);
}
