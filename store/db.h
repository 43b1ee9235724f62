/* The guts of the store, for the files of store/ only: statements, the turn, what
 * every file of it needs. */
#ifndef YZ_STORE_DB_H
#define YZ_STORE_DB_H

#include "store/state.h"

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
/* Of what is never beyond INT64_MAX: below nothing it is spoilt, and none. An id
 * is not: it may have any bit. */
uint64_t db_column_count(sqlite3_stmt *stmt, int at);
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
