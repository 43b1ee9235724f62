/* Records and cells, derived from the journal: guts of store/. */
#ifndef YZ_STORE_CELL_H
#define YZ_STORE_CELL_H

#include "store/journal.h"

struct record_row {
    int64_t id;
    struct id record;
    uint64_t kind;
    char org[ORG_ROOM], host[ORG_ROOM]; /* as shown; org "": no identity yet */
    bool ended;
    uint64_t gone;
};

struct cell_row {
    int64_t record;
    uint64_t cell;              /* id */
    struct place_id force;      /* origin 0: nothing known in force */
    uint64_t number;
    uint64_t seq;
    struct place_id own;        /* origin 0: no own undecided change on top */
    uint64_t own_base;
    struct place_id last;       /* came here last; origin 0: none ever */
    bool exists;
    char key[KEY_MAX + 1];      /* last: cell_new clears what stands before */
};

/* 1 found, 0 not there, or an error. */
int record_find(struct store *store, const struct id *record,
                struct record_row *out);
int record_by_row(struct store *store, int64_t id, struct record_row *out);
int record_add(struct store *store, const struct id *record, uint64_t kind,
               struct record_row *out);
/* Is it on this machine's lists: an identity, not left? */
bool record_shown(const struct record_row *row);

/* A row that is not there yet. */
void cell_new(int64_t record, uint64_t cell, struct bytes key,
              struct cell_row *out);
/* Fills record, cell and key in any case. */
int cell_find(struct store *store, int64_t record, uint64_t cell,
              struct bytes key, struct cell_row *out);
int cell_save(struct store *store, struct cell_row *row);
/* Put in force, in memory, what `stmt` finds (origin, n, number) of this cell (?1
 * to ?3) that is taken (?4) and not lost (?5); nothing if it finds none. */
int cell_newest(struct store *store, sqlite3_stmt *stmt,
                struct cell_row *cell);
/* Save only that an own change, the last one of its cell, lies on top. */
int cell_write(struct store *store, struct cell_row *row);
/* Make this change the last one of its cell; both are still to be saved. */
void cell_chain(struct cell_row *cell, struct entry *entry);
/* The change a cell shows: the own undecided one, else the one in force. */
struct place_id cell_shown(const struct cell_row *row);

/* What is shown of this cell has become `body` (NULL: nothing): bring the
 * record's own columns and the look-up table in step. `before` is what was
 * shown, or NULL. */
int record_note(struct store *store, struct record_row *row,
                const struct kind *kind, int cell, const struct body *before,
                const struct body *body);
/* Whose the record would be, and who its host, if this cell showed `body`: into
 * `out`. True when the cell tells either. */
bool record_as(const struct kind *kind, int cell, const struct body *body,
               struct record_row *out);
/* Hide it from here on (seq of its departure), or show it again (0). */
int record_set_gone(struct store *store, struct record_row *row,
                    uint64_t seq);

/* Another living record with this value in the field? Its row id or 0. */
int64_t lookup_other(struct store *store, const struct kind *kind, int field,
                     struct bytes value, int64_t not_this);

/* What one record shows, for reading and for checking an edit: the cells whose
 * bit is set in `wanted`. */
#define SHOW_ALL UINT64_MAX
int show_record(struct store *store, const struct record_row *row,
                uint64_t wanted, struct shown *out);
/* The bit of a cell, by its id. */
uint64_t show_bit(int cell_id);
/* All decisions up to here are known of every organisation this machine sees:
 * what an ending may speak for. */
uint64_t show_end_base(struct store *store);

#endif
