/* What an open store holds, for the files of store/ only. */
#ifndef YZ_STORE_STATE_H
#define YZ_STORE_STATE_H

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
    LOG_SPARE = 512,            /* for a turn that is heavier than foreseen */
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

#endif
