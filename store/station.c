/* Hub: who may speak, and the streams of news each of them reads. */
#include "store/speak.h"
#include "store/news.h"
#include "store/secured.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the row's id; *fresh when it was made now. */
static int64_t stream_row(struct store *store, const char *name, bool *fresh)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT id FROM stream WHERE name = ?1");
    int64_t id = 0;

    db_text(stmt, 1, bytes_text(name));
    if (db_step(store, stmt) == 1)
        id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    *fresh = id == 0;
    if (id != 0)
        return id;
    stmt = db_stmt(store, "INSERT INTO stream (name) VALUES (?1)");
    db_text(stmt, 1, bytes_text(name));
    if (db_run(store, stmt) < 0)
        return store->rc;
    return sqlite3_last_insert_rowid(store->db);
}

/* An organisation that is new here gets what it sees of the whole register,
 * under the seqs it has: that is its first load. */
static int stream_fill(struct store *store, const struct stream *stream)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO news (stream, seq, what, a, b, key, origin, n) "
               "SELECT ?1, c.seq, ?2, c.record, c.cell, c.key, c.origin, "
               "c.n FROM cell c "
               "JOIN record r ON r.id = c.record WHERE c.seq IS NOT NULL AND "
               "(substr(r.org, 1, length(?3)) = ?3 OR "
               "substr(r.host, 1, length(?3)) = ?3)");

    int rc;

    db_int(stmt, 1, stream->id);
    db_int(stmt, 2, NEWS_STATE);
    db_text(stmt, 3, bytes_text(stream->name));
    rc = db_run(store, stmt);
    return rc < 0 ? rc : news_open_cases(store, stream);
}

static int add_stream(struct store *store, const char *org)
{
    struct stream *to;
    bool fresh;
    int64_t id;

    for (int i = 0; i < store->nstreams; i++)
        if (strcmp(store->streams[i].name, org) == 0)
            return 0;
    id = stream_row(store, org, &fresh);
    if (id < 0)
        return (int)id;
    store->streams = xrealloc(store->streams,
                              sizeof *to * ((size_t)store->nstreams + 1));
    to = &store->streams[store->nstreams++];
    to->id = id;
    snprintf(to->name, sizeof to->name, "%s", org);
    return fresh ? stream_fill(store, to) : 0;
}

static int add_station(struct store *store, const struct station *station)
{
    struct known_station *to;
    char name[STREAM_MAX + 1];
    bool fresh;
    int64_t id;

    snprintf(name, sizeof name, "@%s", station->name);
    id = stream_row(store, name, &fresh);
    if (id < 0)
        return (int)id;
    store->stations = xrealloc(store->stations,
                               sizeof *to * ((size_t)store->nstations + 1));
    to = &store->stations[store->nstations++];
    snprintf(to->name, sizeof to->name, "%s", station->name);
    snprintf(to->org, sizeof to->org, "%s", station->org);
    to->stream = id;
    return add_stream(store, station->org);
}

/* An organisation without a station today may have one again tomorrow, and
 * must not miss anything of the time between. */
static int known_streams(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT name FROM stream WHERE name NOT LIKE '@%' ORDER BY id");
    char name[STREAM_MAX + 1];
    int rc = 0;

    store->nstreams = 0;
    while (rc == 0 && db_step(store, stmt) == 1) {
        db_column_text(stmt, 0, name, sizeof name);
        rc = add_stream(store, name);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : store->rc;
}

int store_stations(struct store *store, const struct station *list, int count,
                   struct fault *fault)
{
    int rc = store_write(store);

    store->nstations = 0;
    if (rc == 0)
        rc = known_streams(store);
    for (int i = 0; i < count && rc == 0; i++)
        rc = add_station(store, &list[i]);
    rc = db_result(store, rc);
    return rc < 0 ? fault_set(fault, rc, "", "stations") : 0;
}

static int counters_sane(const struct hello *hello)
{
    const uint64_t all[] = {hello->written, hello->queued, hello->parked,
                            hello->returned, hello->aside};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] > INT64_MAX)
            return ERR_FORMAT;
    return 0;
}

static int keep_health(struct store *store, const struct station *station,
                       const struct hello *hello)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT OR REPLACE INTO station (name, org, contact_ms, "
               "offset_ms, written, queued, parked, returned, aside) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");

    db_text(stmt, 1, bytes_text(station->name));
    db_text(stmt, 2, bytes_text(station->org));
    db_int(stmt, 3, station->wall_ms);
    db_int(stmt, 4, (int64_t)((uint64_t)hello->wall_ms -
                              (uint64_t)station->wall_ms));
    db_num(stmt, 5, hello->written);
    db_num(stmt, 6, hello->queued);
    db_num(stmt, 7, hello->parked);
    db_num(stmt, 8, hello->returned);
    db_num(stmt, 9, hello->aside);
    return db_run(store, stmt);
}

int store_health(struct store *store, const char *station,
                 struct health *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT contact_ms, offset_ms, written, queued, parked, "
               "returned, aside FROM station WHERE name = ?1");
    int rc;

    memset(out, 0, sizeof *out);
    db_text(stmt, 1, bytes_text(station));
    rc = db_step(store, stmt);
    if (rc == 1) {
        out->contact_ms = sqlite3_column_int64(stmt, 0);
        out->offset_ms = sqlite3_column_int64(stmt, 1);
        out->written = (uint64_t)sqlite3_column_int64(stmt, 2);
        out->queued = (uint64_t)sqlite3_column_int64(stmt, 3);
        out->parked = (uint64_t)sqlite3_column_int64(stmt, 4);
        out->returned = (uint64_t)sqlite3_column_int64(stmt, 5);
        out->aside = (uint64_t)sqlite3_column_int64(stmt, 6);
    }
    sqlite3_reset(stmt);
    return rc;
}

/* Would the chain of parents come back to where it began? */
static bool goes_round(struct store *store, int64_t origin, int64_t parent)
{
    struct origin_row row;

    while (parent != 0 && parent != origin) {
        if (origin_by_row(store, parent, &row) != 1)
            return false;
        parent = row.parent;
    }
    return parent == origin;
}

/* An origin belongs to the station that named it first. */
static int keep_head(struct store *store, const struct station *station,
                     const struct head *head)
{
    int64_t parent = 0, row;
    sqlite3_stmt *stmt;

    if (head->untold)
        return 0;               /* it is known here, or all of it comes again */
    row = origin_row_of(store, &head->origin);
    if (row < 0)
        return (int)row;
    if (head->has_parent)
        parent = origin_row_of(store, &head->parent.origin);
    if (parent < 0)
        return (int)parent;
    if (parent != 0 && goes_round(store, row, parent))
        return 0;               /* whoever claimed it so, the others go on */
    stmt = db_stmt(store, "UPDATE origin SET station = ?2, "
                          "parent = nullif(?3, 0), parent_n = ?4, "
                          "parent_hash = ?5 "
                          "WHERE id = ?1 AND station IS NULL");
    db_int(stmt, 1, row);
    db_text(stmt, 2, bytes_text(station->name));
    db_int(stmt, 3, parent);
    db_num(stmt, 4, head->parent.n);
    if (head->has_parent)
        db_hash(stmt, 5, &head->parent_hash);
    else
        sqlite3_bind_null(stmt, 5);
    return db_run(store, stmt);
}

/* A station that knows a newer life or number than this hub proves that the
 * hub was set back unnoticed: raise everything above before deciding. */
static int raise_above(struct store *store, const struct hello *hello)
{
    uint64_t life = hello->life, number = hello->number, seq = hello->seq;

    if (life > store->life + LIFE_LEAP_MAX ||
        number > store->number + LEAP_MAX || seq > store->seq + LEAP_MAX)
        return 0;
    if (life <= store->life && number <= store->number && seq <= store->seq)
        return 0;
    return numbers_raise(store, life, number, seq);
}

int store_take_hello(struct store *store, const struct station *station,
                     const struct hello *hello, struct fault *fault)
{
    int rc = store_write(store);

    if (rc == 0)
        rc = counters_sane(hello);
    if (rc == 0)
        rc = keep_health(store, station, hello);
    for (int i = 0; i < hello->heads && rc == 0; i++)
        rc = keep_head(store, station, &hello->head[i]);
    if (rc == 0)
        rc = raise_above(store, hello);
    rc = db_result(store, rc);
    return rc < 0 ? fault_set(fault, rc, "", "hello") : 0;
}

void store_welcome(struct store *store, const struct station *station,
                   struct welcome *out)
{
    memset(out, 0, sizeof *out);
    out->hub = store->hub_id;
    out->life = store->life;
    out->number = store->number;
    out->seq = store->seq;
    out->secured = secured_number(store);
    out->wall_ms = station->wall_ms;
    memcpy(out->kinds, store->kinds->hash, HASH_SIZE);
    snprintf(out->stream[0], sizeof out->stream[0], "%s", station->org);
    snprintf(out->stream[1], sizeof out->stream[1], "@%s", station->name);
    out->streams = 2;
    terse_welcome(out);
}
