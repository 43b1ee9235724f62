/* Knowing: did the author know what is in force? See store/README.md. */
#include "store/decide.h"

#include <string.h>

static bool knew_by_row(struct store *store, const struct cell_row *cell,
                        struct place_id line)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT origin, n FROM knew WHERE record = ?1 AND "
                       "cell = ?2 AND key = ?3");
    bool found = false;

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    while (!found && db_step(store, stmt) == 1) {
        struct place_id place = {sqlite3_column_int64(stmt, 0),
                                 db_column_num(stmt, 1)};

        found = line_follows(store, line, place);
    }
    sqlite3_reset(stmt);
    return found;
}

static bool knew_cell(struct store *store, const struct cell_row *cell,
                      struct place_id line, uint64_t base)
{
    return cell->force.origin == 0 || cell->number <= base ||
           line_follows(store, line, cell->force) ||
           knew_by_row(store, cell, line);
}

/* An ending speaks for every cell of the record. */
static bool knew_record(struct store *store, int64_t record,
                        struct place_id line, uint64_t base)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT cell, key FROM cell WHERE record = ?1 AND "
                       "number > ?2");
    bool all = true;

    db_int(stmt, 1, record);
    db_num(stmt, 2, base);
    while (all && db_step(store, stmt) == 1) {
        struct cell_row cell;

        all = cell_find(store, record, db_column_num(stmt, 0),
                        db_column(stmt, 1), &cell) == 1 &&
              knew_cell(store, &cell, line, base);
    }
    sqlite3_reset(stmt);
    return all;
}

bool knew(struct store *store, const struct cell_row *cell,
          struct place_id line, uint64_t base)
{
    if (base > store->number)   /* no number yet: it speaks of nothing */
        base = 0;
    if (cell->cell == CELL_END)
        return knew_record(store, cell->record, line, base);
    return knew_cell(store, cell, line, base);
}

/* ---- told again by the journal ---- */

static bool same_content(const struct entry *a, const struct entry *b)
{
    return a->readable && b->readable &&
           a->change.removal == b->change.removal &&
           body_equal(&a->change.body, &b->change.body);
}

/* A change found the same since knows what is in force; one that only took back
 * what was refused is called the same too, and knows nothing. */
static int found_same(struct store *store, const struct cell_row *cell,
                      const struct entry *force)
{
    sqlite3_stmt *stmt = db_stmt(
        store, PAST_OF_RECORD
        "SELECT j.origin, j.n FROM past JOIN journal j USING (origin, n) "
        "WHERE j.key = ?3 AND j.state = ?4 AND j.number > ?5");
    struct entry same;
    int rc = 0;

    db_int(stmt, 1, cell->record);
    db_num(stmt, 2, cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    db_int(stmt, 4, STATE_SAME);
    db_num(stmt, 5, cell->number);
    entry_init(&same);
    while (rc == 0 && db_step(store, stmt) == 1) {
        struct place_id at = {sqlite3_column_int64(stmt, 0),
                              db_column_num(stmt, 1)};

        if (journal_load(store, at, &same) == 1 && same_content(&same, force))
            rc = knew_add(store, cell, at);
    }
    sqlite3_reset(stmt);
    entry_done(&same);
    return rc < 0 ? rc : store->rc;
}

int knew_favoured(struct store *store, const struct cell_row *cell,
                  const struct entry *force)
{
    const struct change *change = &force->change;
    struct entry parked;
    int rc = 0;

    entry_init(&parked);
    for (int i = 0; i < change->nsettles && rc == 0; i++)
        if (journal_load(store, place_of(store, &change->settles[i]),
                         &parked) == 1 &&
            parked.record == cell->record && parked.cell == cell->cell &&
            strcmp(parked.key, cell->key) == 0 && same_content(&parked, force))
            rc = knew_add(store, cell, parked.at);
    entry_done(&parked);
    return rc;
}

int knew_fold(struct store *store, const struct cell_row *cell,
              const struct entry *force)
{
    int rc = found_same(store, cell, force);

    return rc == 0 ? knew_favoured(store, cell, force) : rc;
}
