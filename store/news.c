#include "store/news.h"
#include "store/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers and seqs come from a block that was made durable outside the
 * database before, so that no restored copy of it can use one twice. */
void numbers_reserve_upto(struct store *store, uint64_t upto)
{
    if (upto > store->reserved) {
        int rc;

        reached(store, REACH_RESERVE);
        rc = store->world.reserve(store->world.user, store->life,
                                  upto + RESERVE_BLOCK);
        reached(store, REACH_RESERVED);

        if (rc == 0)
            store->reserved = upto + RESERVE_BLOCK;
        else if (store->rc == 0)
            store->rc = rc;
    }
    store->numbers_dirty = true;
}

uint64_t next_number(struct store *store)
{
    numbers_reserve_upto(store, ++store->number);
    return store->number;
}

uint64_t next_seq(struct store *store)
{
    numbers_reserve_upto(store, ++store->seq);
    return store->seq;
}

bool org_sees(const char *org, const struct record_row *row)
{
    return org_covers(org, bytes_text(row->org)) ||
           org_covers(org, bytes_text(row->host));
}

const struct known_station *station_known(const struct store *store,
                                          const char *name)
{
    for (int i = 0; i < store->nstations; i++)
        if (strcmp(store->stations[i].name, name) == 0)
            return &store->stations[i];
    return NULL;
}

static int news_delete(struct store *store, int64_t stream, uint64_t seq)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "DELETE FROM news WHERE stream = ?1 AND seq = ?2");

    db_int(stmt, 1, stream);
    db_num(stmt, 2, seq);
    return db_run(store, stmt);
}

static int news_insert(struct store *store, int64_t stream, uint64_t seq,
                       enum news_what what, int64_t a, uint64_t b)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO news (stream, seq, what, a, b, key) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, '')");

    db_int(stmt, 1, stream);
    db_num(stmt, 2, seq);
    db_int(stmt, 3, (int64_t)what);
    db_int(stmt, 4, a);
    db_num(stmt, 5, b);
    return db_run(store, stmt);
}

static int news_state(struct store *store, int64_t stream,
                      const struct cell_row *cell)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO news (stream, seq, what, a, b, key, origin, n) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

    db_int(stmt, 1, stream);
    db_num(stmt, 2, cell->seq);
    db_int(stmt, 3, NEWS_STATE);
    db_int(stmt, 4, cell->record);
    db_num(stmt, 5, cell->cell);
    db_text(stmt, 6, bytes_text(cell->key));
    db_int(stmt, 7, cell->force.origin);
    db_num(stmt, 8, cell->force.n);
    return db_run(store, stmt);
}

int news_cell(struct store *store, const struct record_row *was,
              const struct record_row *is, struct cell_row *cell)
{
    uint64_t old = cell->seq;
    int rc = 0;

    if (cell->force.origin == 0)
        return 0;               /* only waiting or refused changes of it */
    cell->seq = next_seq(store);
    for (int i = 0; i < store->nstreams && rc == 0; i++) {
        const struct stream *stream = &store->streams[i];

        /* The very cell that lets a record in is told twice in one turn. */
        if (old != 0 && (org_sees(stream->name, was) ||
                         org_sees(stream->name, is)))
            rc = news_delete(store, stream->id, old);
        if (rc == 0 && org_sees(stream->name, is))
            rc = news_state(store, stream->id, cell);
    }
    return rc < 0 ? rc : cell_save(store, cell);
}

/* ---- a record moves ---- */

static int gone_clear(struct store *store, int64_t record, int64_t stream)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "DELETE FROM gone WHERE record = ?1 AND stream = ?2 "
                       "RETURNING seq");
    uint64_t seq = 0;
    int rc;

    db_int(stmt, 1, record);
    db_int(stmt, 2, stream);
    rc = db_step(store, stmt);
    if (rc == 1)
        seq = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return rc == 1 ? news_delete(store, stream, seq) : rc;
}

/* The row stays when the record comes back: whoever had not yet heard that it
 * left must still give up the cases he had of it. */
static int gone_set(struct store *store, int64_t record, int64_t stream)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO gone (record, stream, seq) VALUES (?1, ?2, ?3)");
    uint64_t seq = next_seq(store);
    int rc = gone_clear(store, record, stream);

    if (rc < 0)
        return rc;
    db_int(stmt, 1, record);
    db_int(stmt, 2, stream);
    db_num(stmt, 3, seq);
    rc = db_run(store, stmt);
    return rc < 0 ? rc
                  : news_insert(store, stream, seq, NEWS_GONE, record, 0);
}

/* The next cell of a record after this one, in order of cell and key. */
static int next_cell(struct store *store, int64_t record,
                     struct cell_row *cell)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT cell, key FROM cell WHERE record = ?1 AND "
               "(cell, key) > (?2, ?3) ORDER BY cell, key LIMIT 1");
    char key[KEY_MAX + 1];
    uint64_t id = 0;
    int rc;

    db_int(stmt, 1, record);
    db_int(stmt, 2, cell->record == 0 ? -1 : (int64_t)cell->cell);
    db_text(stmt, 3, bytes_text(cell->key));
    rc = db_step(store, stmt);
    if (rc == 1) {
        id = db_column_num(stmt, 0);
        db_column_text(stmt, 1, key, sizeof key);
    }
    sqlite3_reset(stmt);
    return rc == 1 ? cell_find(store, record, id, bytes_text(key), cell) : rc;
}

static int moved_cases(struct store *store, const struct record_row *row)
{
    int64_t after = 0;
    struct case_row found;
    int rc;

    do {
        sqlite3_stmt *stmt = db_stmt(
            store, "SELECT id FROM cases WHERE record = ?1 AND id > ?2 "
                   "ORDER BY id LIMIT 1");

        db_int(stmt, 1, row->id);
        db_int(stmt, 2, after);
        rc = db_step(store, stmt);
        if (rc == 1)
            after = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        if (rc == 1 && case_by_row(store, after, &found) == 1)
            rc = news_case(store, row, &found) < 0 ? ERR_IO : 1;
    } while (rc == 1);
    return rc;
}

int news_moved(struct store *store, const struct record_row *was,
               const struct record_row *is)
{
    struct cell_row cell = {.record = 0};
    bool moved = false;
    int rc = 0;

    for (int i = 0; i < store->nstreams && rc == 0; i++) {
        const struct stream *stream = &store->streams[i];
        bool before = org_sees(stream->name, was);
        bool now = org_sees(stream->name, is);

        moved = moved || now != before;
        if (before && !now)
            rc = gone_set(store, is->id, stream->id);
    }
    if (moved)
        reached(store, REACH_MOVED);
    while (rc == 0 && (rc = next_cell(store, is->id, &cell)) == 1)
        rc = news_cell(store, was, is, &cell);
    return rc == 0 && moved ? moved_cases(store, is) : rc;
}

/* ---- cases and late verdicts ---- */

int origin_station(struct store *store, int64_t origin, char *out,
                   size_t size)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT ifnull(station, '') FROM origin WHERE id = ?1");
    int rc;

    out[0] = '\0';
    db_int(stmt, 1, origin);
    rc = db_step(store, stmt);
    if (rc == 1)
        db_column_text(stmt, 0, out, size);
    sqlite3_reset(stmt);
    return rc;
}

const char *origin_org(struct store *store, int64_t origin)
{
    char name[STATION_MAX + 1];
    const struct known_station *station;

    origin_station(store, origin, name, sizeof name);
    station = station_known(store, name);
    return station == NULL ? "" : station->org;
}

/* Who sees the owner's side may decide; the receiving side only where it may
 * write. What was refused for lack of right goes back to its author alone: the
 * others must not see it, nor it them. */
static bool case_concerns(const struct store *store, const char *org,
                          const struct record_row *row,
                          const struct case_row *which)
{
    const struct kind *kind;
    int cell;

    if (which->reason == REASON_SCOPE)
        return false;
    if (which->reason == REASON_COPIED)         /* nobody else's business */
        return org_covers(org, bytes_text(store->org));
    if (row == NULL || row->org[0] == '\0')
        return org_covers(org, bytes_text(store->org));
    if (org_covers(org, bytes_text(row->org)))
        return true;
    kind = kinds_by_id(store->kinds, row->kind);
    cell = kind == NULL ? -1 : kind_cell_by_id(kind, which->cell);
    return cell >= 0 && org_covers(org, bytes_text(row->host)) &&
           merge_may(kind->cells[cell].writer, false, true, false);
}

/* A station's own stream, also while it is struck off the list: it may come
 * back, and must hear what became of its changes. 0: it never had one. */
static int64_t own_stream(struct store *store, const char *station)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT id FROM stream WHERE name = '@' || ?1");
    int64_t id = 0;

    db_text(stmt, 1, bytes_text(station));
    if (station[0] != '\0' && db_step(store, stmt) == 1)
        id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return id;
}

/* Its old row goes from every stream, also from one that no longer sees the
 * record. 1 when this one had it. */
static int case_forget(struct store *store, int64_t stream,
                       const struct case_row *which)
{
    int rc;

    if (which->seq == 0)
        return 0;
    rc = news_delete(store, stream, which->seq);
    return rc < 0 ? rc : sqlite3_changes(store->db) > 0;
}

/* Tell one organisation's stream. Whoever was told of the case, and still sees
 * the record, hears how it ends, even if others decide it now. 1 when it is
 * told. */
static int case_told(struct store *store, const struct stream *stream,
                     const struct record_row *row,
                     const struct case_row *which, uint64_t seq)
{
    int had = case_forget(store, stream->id, which);
    int rc;

    if (had < 0)
        return had;
    if (!case_concerns(store, stream->name, row, which) &&
        (had == 0 || row == NULL || !org_sees(stream->name, row)))
        return 0;
    rc = news_insert(store, stream->id, seq, NEWS_CASE, which->id, 0);
    return rc < 0 ? rc : 1;
}

int news_case(struct store *store, const struct record_row *row,
              const struct case_row *which)
{
    char name[STATION_MAX + 1];
    const struct known_station *author;
    uint64_t seq = next_seq(store);
    int64_t own;
    bool told = false;
    int rc = origin_station(store, which->at.origin, name, sizeof name);

    author = station_known(store, name);
    own = own_stream(store, name);
    if (rc >= 0 && own != 0)
        rc = case_forget(store, own, which);
    for (int i = 0; i < store->nstreams && rc >= 0; i++) {
        const struct stream *stream = &store->streams[i];

        rc = case_told(store, stream, row, which, seq);
        told = told || (rc == 1 && author != NULL &&
                        strcmp(author->org, stream->name) == 0);
    }
    if (rc >= 0 && own != 0 && !told)
        rc = news_insert(store, own, seq, NEWS_CASE, which->id, 0);
    return rc < 0 ? rc : case_set_seq(store, which->id, seq);
}

static int open_case_told(struct store *store, const struct stream *stream,
                          int64_t id)
{
    struct case_row found;
    struct record_row row;
    bool known;

    if (case_by_row(store, id, &found) != 1 || found.seq == 0)
        return store->rc;
    known = found.record != 0 && record_by_row(store, found.record, &row) == 1;
    if (!case_concerns(store, stream->name, known ? &row : NULL, &found))
        return 0;
    return news_insert(store, stream->id, found.seq, NEWS_CASE, id, 0);
}

int news_open_cases(struct store *store, const struct stream *stream)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT id FROM cases WHERE open = 1 ORDER BY id");
    int rc = 0;

    while (rc == 0 && db_step(store, stmt) == 1)
        rc = open_case_told(store, stream, sqlite3_column_int64(stmt, 0));
    sqlite3_reset(stmt);
    return rc < 0 ? rc : store->rc;
}

int news_verdict(struct store *store, struct place_id at)
{
    char name[STATION_MAX + 1];
    int64_t own;
    int rc = origin_station(store, at.origin, name, sizeof name);

    own = own_stream(store, name);
    if (rc < 0 || own == 0)
        return rc < 0 ? rc : 0;
    return news_insert(store, own, next_seq(store), NEWS_VERDICT, at.origin,
                       at.n);
}
