/* Part of world.c: settling a case, as the page does it. */

static bool case_here(const struct shown_case *shown, int record,
                      const char *cell)
{
    struct id id = record_id(record);

    return id_equal(&shown->record, &id) && shown->kind != NULL &&
           shown->cell >= 0 &&
           strcmp(shown->kind->cells[shown->cell].name, cell) == 0;
}

static int find_case(struct store *store, int record, const char *cell,
                     struct shown_case *out)
{
    out->row = 0;
    while (store_next_case(store, out->row, out) > 0)
        if (case_here(out, record, cell))
            return 0;
    return ERR_CASE;
}

static void settle_body(const struct shown_case *shown, bool present,
                        const struct body *body, struct edit *edit)
{
    const struct kind *kind = shown->kind;

    if (shown->cell == 0) {
        edit->ending = present ? ENDING_END : ENDING_UNDO;
        edit->reason = present ? body_get(body, END_REASON)
                               : bytes_of(NULL, 0);
        return;
    }
    if (kind->cells[shown->cell].keyed) {
        edit->key[0].cell = shown->cell;
        edit->key[0].key = shown->key;
        edit->key[0].present = present;
        edit->nkeys = 1;
        return;
    }
    for (int i = 0; i < kind->nfields; i++) {
        if (kind->fields[i].cell != shown->cell)
            continue;
        edit->set[edit->nset].field = i;
        edit->set[edit->nset++].text =
            present ? body_get(body, (uint64_t)kind->fields[i].id)
                    : bytes_of(NULL, 0);
    }
}

struct edit *settle_edit(struct world *world, const char *name, int record,
                         const char *cell, const char *side)
{
    static struct edit edit;
    static struct shown_case shown;
    static bool ready;
    struct town *town = town_of(world, name);

    if (!ready)
        shown_case_init(&shown);
    ready = true;
    if (find_case(town->store, record, cell, &shown) < 0)
        return NULL;
    memset(&edit, 0, sizeof edit);
    edit.kind = shown.kind;
    edit.record = shown.record;
    edit_frame(world, &edit);
    edit.settles[edit.nsettles++] = shown.name;
    edit.has_base = true;
    edit.base = shown.number;
    edit.force = true;
    if (strcmp(side, "in-force") == 0)
        settle_body(&shown, shown.in_force_present, &shown.in_force, &edit);
    else if (strcmp(side, "parked") == 0)
        settle_body(&shown, !shown.parked.removal, &shown.parked.body, &edit);
    else
        edit_words(shown.kind, side, &edit);
    return &edit;
}

int settle(struct world *world, const char *name, int record,
           const char *cell, const char *side)
{
    struct edit *edit = settle_edit(world, name, record, cell, side);
    int rc = edit == NULL ? ERR_CASE : put(world, name, edit);

    return rc < 0 ? rc : store_commit(town_of(world, name)->store,
                                      &world->fault);
}
