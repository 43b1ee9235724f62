/* Can a change be read, and would a station of ours have written it? */
#include "store/taking.h"
#include "proto/value.h"

static bool known_fields(const struct kind *kind, int cell,
                         const struct change *change)
{
    for (int i = 0; i < change->body.count; i++) {
        uint64_t field = change->body.value[i].field;

        if (cell == 0 ? field != END_REASON && field != END_SURVIVOR
                      : kind_field_by_id(kind, cell, field) < 0)
            return false;
    }
    return true;
}

bool legible(struct taking *on)
{
    const struct change *change = &on->entry.change;
    const struct kind *kind;
    int cell;

    on->wrong = "change";
    if (!on->entry.readable ||
        !id_equal(&change->name.origin, &on->origin.origin) ||
        change->name.n != on->entry.at.n)
        return false;
    on->wrong = "kind";
    kind = kinds_by_id(on->kinds, change->kind);
    if (kind == NULL)
        return false;
    on->wrong = "cell";
    cell = kind_cell_by_id(kind, change->cell);
    if (cell < 0 || kind->cells[cell].keyed != (change->key.len > 0))
        return false;
    on->wrong = "field";
    on->on.kind = kind;
    on->on.cell = cell;
    return known_fields(kind, cell, change);
}

static bool clean(struct taking *on, const struct field *field,
                  struct bytes text)
{
    buf_clear(&on->cleaned);
    return value_clean(field, text, &on->cleaned, NULL) == 0 &&
           bytes_equal(buf_view(&on->cleaned), text);
}

int unclean_field(struct taking *on)
{
    const struct change *change = &on->entry.change;
    const struct kind *kind = on->on.kind;

    if (on->on.cell == 0)
        return -1;
    for (int i = 0; i < kind->nfields; i++)
        if (kind->fields[i].type == FIELD_SET &&
            kind->fields[i].cell == on->on.cell &&
            !clean(on, &kind->fields[i], change->key))
            return i;
    for (int i = 0; i < change->body.count; i++) {
        int field = kind_field_by_id(kind, on->on.cell,
                                     change->body.value[i].field);

        if (!clean(on, &kind->fields[field], change->body.value[i].text))
            return field;
    }
    return -1;
}
