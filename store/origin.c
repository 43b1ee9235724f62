/* Origins: who a change's name belongs to, and lines of work through them. */
#include "store/journal.h"

#include <stdlib.h>
#include <string.h>

#define ORIGIN_COLUMNS \
    "id, origin, own, parent, parent_n, parent_hash, n, hash, confirmed"

void origin_newest(const struct store *store, int64_t id, uint64_t *n,
                   struct hash *hash, uint64_t *confirmed)
{
    if (id == store->self) {            /* written at the end of the turn */
        *n = store->self_n;
        *hash = store->self_hash;
    }
    if (*confirmed > *n)                /* spoilt: all of it may go again */
        *confirmed = 0;
}

static void origin_read(struct store *store, sqlite3_stmt *stmt,
                        struct origin_row *out)
{
    out->id = sqlite3_column_int64(stmt, 0);
    db_column_id(stmt, 1, &out->origin);
    out->own = sqlite3_column_int(stmt, 2) != 0;
    out->parent = sqlite3_column_int64(stmt, 3);
    out->parent_n = db_column_count(stmt, 4);
    out->has_parent = db_column_hash(stmt, 5, &out->parent_hash);
    out->n = db_column_count(stmt, 6);
    if (!db_column_hash(stmt, 7, &out->hash))
        out->hash = out->parent_hash;
    out->confirmed = db_column_count(stmt, 8);
    origin_newest(store, out->id, &out->n, &out->hash, &out->confirmed);
}

int origin_find(struct store *store, const struct id *origin,
                struct origin_row *out)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT " ORIGIN_COLUMNS
                                        " FROM origin WHERE origin = ?1");
    int rc;

    db_id(stmt, 1, origin);
    rc = db_step(store, stmt);
    if (rc == 1)
        origin_read(store, stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

int origin_by_row(struct store *store, int64_t id, struct origin_row *out)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT " ORIGIN_COLUMNS
                                        " FROM origin WHERE id = ?1");
    int rc;

    db_int(stmt, 1, id);
    rc = db_step(store, stmt);
    if (rc == 1)
        origin_read(store, stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

int64_t origin_row_of(struct store *store, const struct id *origin)
{
    struct origin_row row;
    sqlite3_stmt *stmt;
    int rc = origin_find(store, origin, &row);

    if (rc < 0)
        return rc;
    if (rc == 1)
        return row.id;
    stmt = db_stmt(store, "INSERT INTO origin (origin, own) VALUES (?1, 0)");
    db_id(stmt, 1, origin);
    rc = db_run(store, stmt);
    return rc < 0 ? rc : sqlite3_last_insert_rowid(store->db);
}

bool place_is_own(struct store *store, struct place_id at)
{
    struct origin_row row;

    if (at.origin == store->self)
        return at.n <= store->self_n;
    return origin_by_row(store, at.origin, &row) == 1 && row.own &&
           at.n <= row.n;
}

int place_name(struct store *store, struct place_id at, struct name *out)
{
    struct origin_row row;

    memset(out, 0, sizeof *out);
    if (origin_by_row(store, at.origin, &row) != 1)
        return ERR_FAULT;
    out->origin = row.origin;
    out->n = at.n;
    return 0;
}

struct place_id place_of(struct store *store, const struct name *name)
{
    struct origin_row row;

    if (origin_find(store, &name->origin, &row) != 1)
        return (struct place_id){0, name->n};
    return (struct place_id){row.id, name->n};
}

bool line_follows(struct store *store, struct place_id line,
                  struct place_id earlier)
{
    struct origin_row row;

    /* A child is always drawn after its parent, but rows of the hub are in
     * order of arrival: walk up by the parent links alone. */
    while (line.origin != 0) {
        if (line.origin == earlier.origin)
            return earlier.n < line.n;
        if (origin_by_row(store, line.origin, &row) != 1)
            return false;
        line.origin = row.parent;
        line.n = row.parent_n + 1;
    }
    return false;
}

static int by_origin(const void *a, const void *b)
{
    const struct place_id *x = a, *y = b;

    return (x->origin > y->origin) - (x->origin < y->origin);
}

void line_open(struct store *store, struct place_id end, struct line *out)
{
    struct origin_row row;

    out->place = NULL;
    out->places = 0;
    while (end.origin != 0) {
        out->place = xrealloc(out->place, sizeof *out->place *
                                              ((size_t)out->places + 1));
        out->place[out->places++] = end;
        if (origin_by_row(store, end.origin, &row) != 1)
            break;
        end.origin = row.parent;
        end.n = row.parent_n + 1;
    }
    if (out->places > 1)
        qsort(out->place, (size_t)out->places, sizeof *out->place, by_origin);
}

void line_done(struct line *line)
{
    free(line->place);
}

void line_cut(struct line *line, struct place_id end)
{
    for (int i = 0; i < line->places; i++)
        if (line->place[i].origin == end.origin && line->place[i].n > end.n)
            line->place[i].n = end.n;
}

bool line_has(const struct line *line, struct place_id earlier)
{
    const struct place_id *found =
        line->places == 0
            ? NULL
            : bsearch(&earlier, line->place, (size_t)line->places,
                      sizeof *line->place, by_origin);

    return found != NULL && earlier.n < found->n;
}

static int newest_own(struct store *store, struct origin_row *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT " ORIGIN_COLUMNS " FROM origin "
                       "WHERE own = 1 ORDER BY id DESC LIMIT 1");
    int rc = db_step(store, stmt);

    if (rc == 1)
        origin_read(store, stmt, out);
    sqlite3_reset(stmt);
    return rc;
}

static int origin_draw(struct store *store, const struct id *origin,
                       const struct origin_row *parent)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO origin (origin, own, parent, parent_n, "
               "parent_hash) VALUES (?1, 1, ?2, ?3, ?4)");
    int rc;

    db_id(stmt, 1, origin);
    for (int i = 2; i <= 4; i++)
        sqlite3_bind_null(stmt, i);
    if (parent != NULL) {
        db_int(stmt, 2, parent->id);
        db_num(stmt, 3, parent->n);
        db_hash(stmt, 4, &parent->hash);
    }
    rc = db_run(store, stmt);
    if (rc < 0)
        return rc;
    reached(store, REACH_ORIGIN);
    store->self = sqlite3_last_insert_rowid(store->db);
    store->self_origin = *origin;
    store->self_n = store->self_met = 0;
    store->tally_dirty = true;  /* a fork may move what the table rests on */
    memset(&store->self_hash, 0, sizeof store->self_hash);
    if (parent != NULL)
        store->self_hash = parent->hash;
    return 0;
}

/* How far the origin in use came is not written with each save. */
static int origin_end(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE origin SET n = ?2, hash = ?3 WHERE id = ?1");

    if (store->self == 0 || store->self_n == 0)
        return 0;
    db_int(stmt, 1, store->self);
    db_num(stmt, 2, store->self_n);
    db_hash(stmt, 3, &store->self_hash);
    return db_run(store, stmt);
}

int origin_renew(struct store *store, const struct origin_row *parent)
{
    struct origin_row known;
    struct id origin;
    int rc = origin_end(store);

    if (rc < 0)
        return rc;
    do {                        /* a copy of this machine draws the same, too */
        store->world.random(store->world.user, origin.b, ID_SIZE);
        rc = origin_find(store, &origin, &known);
    } while (rc == 1);
    return rc < 0 ? rc : origin_draw(store, &origin, parent);
}

/* A machine whose memory was copied while it ran may have heard what its other
 * self wrote next under this very origin: then it goes on under a new one. */
static bool next_is_free(const struct store *store)
{
    return store->self_met <= store->self_n;
}

int journal_self(struct store *store)
{
    struct origin_row parent;
    int rc;

    if (store->self != 0 && next_is_free(store))
        return 0;
    rc = newest_own(store, &parent);
    return rc < 0 ? rc : origin_renew(store, rc == 1 ? &parent : NULL);
}

void origin_look(struct store *store)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT max(n) FROM journal WHERE origin = "
                       "(SELECT max(id) FROM origin WHERE own = 1)");

    db_step(store, stmt);
    sqlite3_reset(stmt);
}

/* Once it is written nothing new comes under that origin but news of what a copy
 * of this store wrote: that is not counted here. */
void origin_ready(struct store *store)
{
    sqlite3_stmt *stmt;

    if (store->hub)
        return;
    stmt = db_stmt(
        store, "UPDATE origin SET n = j.n, hash = j.hash FROM journal j "
               "WHERE origin.id = (SELECT max(id) FROM origin WHERE own = 1)"
               " AND origin.n = 0 AND j.origin = origin.id AND j.n = "
               "(SELECT max(n) FROM journal WHERE origin = origin.id)");
    db_step(store, stmt);
    sqlite3_reset(stmt);
}
