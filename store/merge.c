#include "store/merge.h"

#include <string.h>

bool merge_may(enum writer writer, bool owner, bool host, bool county)
{
    switch (writer) {
    case WRITER_ANY:
        return owner || host;
    case WRITER_OWNER:
        return owner;
    case WRITER_HOST:
        return host;
    case WRITER_COUNTY:
        return county;
    }
    return false;
}

static bool same_body(const struct merge_in *in)
{
    bool nothing = !in->ever || in->removed;

    if (in->removal)
        return nothing;
    return !nothing && body_equal(in->force, in->body);
}

/* The value a step begins or ends at; "none" when there is none. */
static struct bytes step_value(const struct merge_in *in,
                               const struct body *body, bool there)
{
    const struct cell *cell = &in->kind->cells[in->cell];
    struct bytes text = {NULL, 0};

    if (there)
        text = body_get(
            body, (uint64_t)in->kind->fields[cell->step_field].id);
    return text.len > 0 ? text : bytes_text("none");
}

/* Is the move legal? Sets the writer who may make it. Cells without steps, and
 * staying where one is, are always legal. */
static bool step_legal(const struct merge_in *in, enum writer *writer)
{
    const struct cell *cell = &in->kind->cells[in->cell];
    struct bytes from, to;

    *writer = cell->writer;
    if (cell->step_field < 0)
        return true;
    from = step_value(in, in->force, in->ever && !in->removed);
    to = step_value(in, in->body, !in->removal);
    if (bytes_equal(from, to))
        return true;
    for (int i = 0; i < cell->nsteps; i++)
        if (bytes_equal(bytes_text(cell->steps[i].from), from) &&
            bytes_equal(bytes_text(cell->steps[i].to), to)) {
            *writer = cell->steps[i].writer;
            return true;
        }
    return false;
}

enum state merge(const struct merge_in *in, enum reason *reason)
{
    const struct cell *cell = &in->kind->cells[in->cell];
    enum writer writer;
    bool legal, may;

    *reason = REASON_NONE;
    if (same_body(in))
        return STATE_SAME;

    legal = step_legal(in, &writer);
    may = merge_may(writer, in->owner, in->host, in->county) ||
          (!in->ever &&
           merge_may(cell->first, in->owner, in->host, in->county));
    if (!may)
        *reason = REASON_PROPOSAL;
    else if (in->ended && cell->id != CELL_END && !(in->settles && in->owner))
        *reason = REASON_ENDED;
    else if (cell->clash == CLASH_FIXED && in->ever &&
             !(in->settles && in->owner))
        *reason = REASON_FIXED;
    else if (!legal && !(in->settles && in->county))
        *reason = REASON_STEP;
    else if ((in->ever || cell->id == CELL_END) && !in->knew)
        *reason = REASON_CLASH; /* an ending must know every other cell too */
    return *reason == REASON_NONE ? STATE_TAKEN : STATE_PARKED;
}
