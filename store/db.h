/* The guts of the store, for the files of store/ only. */
#ifndef YZ_STORE_DB_H
#define YZ_STORE_DB_H

#include "store/peer.h"

#include <sqlite3.h>

enum {
    SCHEMA_VERSION = 2,
    STATEMENTS = 256,           /* slots of the statement table, a power of 2 */
    RESERVE_BLOCK = 10000,      /* numbers reserved at a time */
    TALLY_RECORDS = 100,        /* rows of the table beside the states */
    TALLY_ORIGIN = 101,
    TALLY_N = 102,
    LOG_PAGES = 4096,           /* the bound of the log: 16 MiB */
    ORG_ROOM = 16
};

struct statement {
    const char *sql;            /* identity, not content: literals are static */
    sqlite3_stmt *stmt;
};

/* Hub: a stream of news, for an organisation or (name "@...") one station. */
struct stream {
    int64_t id;
    char name[STREAM_MAX + 1];
};

struct known_station {
    char name[STATION_MAX + 1];
    char org[ORG_ROOM];
    int64_t stream;             /* its own, "@name" */
};

struct store {
    sqlite3 *db;
    bool hub;
    char org[ORG_ROOM];
    struct id hub_id;
    uint8_t key[32];
    struct store_world world;
    struct kinds *kinds;
    int64_t kinds_row;
    bool open_turn;             /* a transaction is open */
    int64_t changes_before;     /* SQLite's count when it was opened */
    uint64_t turn_pages;        /* a turn may add to the log, as far as can be
                                 * told beforehand; they stay in the cache */
    uint64_t weight;            /* pages of log for 1024 writes, lately */
    uint64_t turns_lost;
    bool careful;               /* hub: after an unclean stop, until each origin
                                 * has passed a batch: one change per commit */
    int64_t *passed;            /* origins that did */
    int npassed;
    struct id failing;          /* the origin that made a turn fail, or zeros */
    bool was_running;           /* the last run did not end cleanly */
    bool ready;                 /* store_open returned it */
    bool broken;                /* a commit failed: nothing is known */
    bool damaged;               /* the file was found to be */
    int rc;                     /* first SQLite error of this call, as ERR_* */
    int wal_pages;
    int64_t tally[STATES], tally_kept[STATES];  /* now, and when the turn
                                 * began */
    int64_t records, records_kept;
    bool tally_dirty;
    struct {                    /* the table of counts, */
        int64_t queued, origin; /* as of this change of this machine */
        uint64_t n;
    } table;
    uint64_t life, number, seq, reserved;
    uint64_t since_number, since_seq;   /* hub: what is above was drawn since
                                 * it was opened, or raised */
    uint64_t number_kept, seq_kept;     /* as of the last commit, like ... */
    uint64_t since_number_kept, since_seq_kept; /* ... these */
    bool numbers_dirty;
    int64_t self;               /* origin.id drawn since open, 0: none yet */
    struct id self_origin;
    uint64_t self_n;
    uint64_t self_met;          /* the last n of it in the journal, by whomever */
    struct hash self_hash;
    int namings;                /* station: rounds of naming every origin */
    bool suspect;               /* station: this answer took a copy for it */
    bool importing;
    bool import_moved;          /* import_base has rows */
    struct plan *plan;          /* scratch of store_put */
    bool in_full;               /* station: the next ask is not terse */
    int64_t saying;             /* origin.id that a terse batch named last, and */
    struct id saying_origin;    /* its name; 0: none in this batch */
    struct stream *streams;     /* hub: of organisations only */
    int nstreams;
    struct known_station *stations;
    int nstations;
    char path[512];
    sqlite3_stmt *nothing;      /* in place of one that the schema denies */
    struct statement statement[STATEMENTS];
};

/* ---- statements: one literal, prepared once, reset when handed out ---- */

/* Never NULL. */
sqlite3_stmt *db_stmt(struct store *store, const char *sql);
void db_id(sqlite3_stmt *stmt, int at, const struct id *id);
void db_hash(sqlite3_stmt *stmt, int at, const struct hash *hash);
void db_bytes(sqlite3_stmt *stmt, int at, struct bytes bytes);  /* blob */
void db_text(sqlite3_stmt *stmt, int at, struct bytes text);
void db_int(sqlite3_stmt *stmt, int at, int64_t value);
void db_num(sqlite3_stmt *stmt, int at, uint64_t value);
/* NULL for 0 and "": nullif() in SQL is a call each time. */
void db_some(sqlite3_stmt *stmt, int at, uint64_t value);
void db_words(sqlite3_stmt *stmt, int at, const char *text);
/* 1 a row, 0 done, or an error (kept in store->rc too). */
int db_step(struct store *store, sqlite3_stmt *stmt);
/* Run to the end: 0 or an error. */
int db_run(struct store *store, sqlite3_stmt *stmt);
struct bytes db_column(sqlite3_stmt *stmt, int at);
uint64_t db_column_num(sqlite3_stmt *stmt, int at);
bool db_column_hash(sqlite3_stmt *stmt, int at, struct hash *out);
bool db_column_id(sqlite3_stmt *stmt, int at, struct id *out);
void db_column_text(sqlite3_stmt *stmt, int at, char *out, size_t size);
int db_exec(struct store *store, const char *sql);
int db_error(struct store *store, int sqlite_rc);
/* What a call of the store came to: `rc`, unless a step failed on the way. That
 * one may have passed for "there is none", and what rests on it is wrong. */
int db_result(const struct store *store, int rc);

/* Every write begins here: opens the turn's transaction when none is open.
 * ERR_UNKNOWN after a failed commit. */
int store_write(struct store *store);

int64_t meta_get(struct store *store, const char *name, int64_t otherwise);
int meta_set(struct store *store, const char *name, int64_t value);

/* The VFS of a connection, for opening another one there. (In copy.c.) */
const char *db_vfs(struct store *store);

/* Kinds of another time, for reading what was written under them. NULL when
 * that set was never here. The caller frees it unless it is store->kinds. */
struct kinds *store_kinds_of(struct store *store, const uint8_t *hash,
                             int64_t *row);

/* Does an organisation cover another: does its code begin the other's? */
bool org_covers(const char *org, struct bytes other);

/* Reads the counts: as they were at the last commit. */
void tally_load(struct store *store);
/* At the end of a turn: writes them, unless the next start finds them without. */
void tally_save(struct store *store);
void tally_move(struct store *store, int from, int to, int64_t count);

/* Hub: undo everything since the last commit. Nobody was told of it yet: an
 * answer is made after the commit, and one that began in this turn is not made
 * (store_turns_lost). */
void turn_undo(struct store *store);

/* Station: a point to go back to, with the counters that live in memory. Much
 * at once commits first, so that the turn itself is the point; a savepoint keeps
 * a second copy of every page it touches, and is for what is small. */
struct store_mark {
    bool turn;                  /* no savepoint */
    int64_t tally[STATES];
    int64_t records, self;
    struct id self_origin;
    uint64_t self_n, self_met;
    struct hash self_hash;
};
/* `size`: of what is about to be done, in bytes. */
int mark_set(struct store *store, size_t size, struct store_mark *mark);
/* Keep what was done since, if it came to 0 (`rc`, and no step failed); else undo
 * it. 0, or what failed. */
int mark_end(struct store *store, const struct store_mark *mark, int rc);

#endif
