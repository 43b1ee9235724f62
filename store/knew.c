/* Knowing: did the author know what is in force? See store/README.md. */
#include "store/decide.h"

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
