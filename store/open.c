/*
 * Opening the one connection: configured, read back, the schema made, counters
 * and kinds loaded. What can fail: another process holds the file, it is of
 * another version or damaged, the disk refuses.
 */
#include "store/news.h"
#include "store/plan.h"
#include "store/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char store_schema[];       /* made from schema.sql */

static int on_wal(void *user, sqlite3 *db, const char *name, int pages)
{
    struct store *store = user;

    (void)db;
    (void)name;
    store->wal_pages = pages;
    return SQLITE_OK;
}

static void load_counters(struct store *store)
{
    tally_load(store);
    store->life = (uint64_t)meta_get(store, "life", 0);
    store->number = (uint64_t)meta_get(store, "number", 0);
    store->seq = (uint64_t)meta_get(store, "seq", 0);
}

/* Read back what was asked for: a file system or build that silently keeps
 * another mode would break the one promise this program makes. */
static bool pragma_is(struct store *store, const char *pragma,
                      const char *want)
{
    sqlite3_stmt *stmt = NULL;
    bool is = false;

    if (sqlite3_prepare_v2(store->db, pragma, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const char *got = (const char *)sqlite3_column_text(stmt, 0);

        is = got != NULL && strcmp(got, want) == 0;
    }
    sqlite3_finalize(stmt);
    return is;
}

static int configure(struct store *store, struct fault *fault)
{
    static const char *const pragma[][2] = {
        {"PRAGMA locking_mode = EXCLUSIVE", "exclusive"},
        {"PRAGMA journal_mode = WAL", "wal"},
        {"PRAGMA synchronous", "2"},
        {"PRAGMA secure_delete = ON", "1"},
    };

    /* Exclusive first: before that, a log left behind can be read only through
     * shared memory, and where there is none the whole line is passed over. */
    db_exec(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;"
                   "PRAGMA temp_store = FILE; PRAGMA cell_size_check = ON; "
                   "PRAGMA journal_size_limit = 16777216; "
                   "PRAGMA trusted_schema = OFF");
    /* A station's PC is small; a hub serves a county. */
    db_exec(store, store->hub ? "PRAGMA cache_size = -32768"
                              : "PRAGMA cache_size = -6144");
    for (size_t i = 0; i < sizeof pragma / sizeof pragma[0]; i++)
        if (!pragma_is(store, pragma[i][0], pragma[i][1])) {
            int rc = sqlite3_errcode(store->db);

            rc = rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE
                     ? ERR_IO
                     : db_error(store, rc);
            return fault_set(fault, rc, "", "'%s' was not accepted",
                             pragma[i][0]);
        }
    sqlite3_wal_autocheckpoint(store->db, 0);
    sqlite3_wal_hook(store->db, on_wal, store);
    return 0;
}

int start_unread(struct store *store, struct fault *fault)
{
    return fault_set(fault, store->rc, "", "%s",
                     store->damaged ? "a page cannot be read or written"
                                    : sqlite3_errmsg(store->db));
}

enum { NO_SCHEMA = -1 };

static int64_t schema_version(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT count(*) FROM sqlite_schema "
                                        "WHERE name = 'meta'");
    bool there = db_step(store, stmt) == 1 &&
                 sqlite3_column_int(stmt, 0) == 1;

    sqlite3_reset(stmt);
    return there ? meta_get(store, "schema", 0) : NO_SCHEMA;
}

static int schema_look(struct store *store, int64_t *version,
                       struct fault *fault)
{
    store->rc = 0;
    *version = schema_version(store);
    if (store->rc < 0)
        return start_unread(store, fault);
    if ((*version < 1 && *version != NO_SCHEMA) || *version > SCHEMA_VERSION)
        return fault_set(fault, ERR_SCHEMA, "",
                         "the file is of version %lld, this program reads "
                         "version %d; nothing was touched",
                         (long long)*version, SCHEMA_VERSION);
    return 0;
}

static int schema_make(struct store *store)
{
    if (db_exec(store, "BEGIN IMMEDIATE") < 0)
        return store->rc;
    db_exec(store, store_schema);
    reached(store, REACH_SCHEMA);
    if (store->rc == 0)
        meta_set(store, "schema", SCHEMA_VERSION);
    db_exec(store, store->rc == 0 ? "COMMIT" : "ROLLBACK");
    return store->rc;
}

static int schema_ready(struct store *store, int64_t version,
                        struct fault *fault)
{
    int rc = 0;

    store->rc = 0;
    if (version == NO_SCHEMA)
        rc = schema_make(store);
    else if (version < SCHEMA_VERSION)
        rc = store_upgrade(store, version);
    return rc < 0 ? start_unread(store, fault) : 0;
}

static void copy_options(struct store *store,
                         const struct store_options *options)
{
    store->hub = options->hub;
    snprintf(store->org, sizeof store->org, "%s", options->org);
    snprintf(store->path, sizeof store->path, "%s", options->path);
    store->hub_id = options->hub_id;
    memcpy(store->key, options->key, sizeof store->key);
    store->world = options->world;
    store->weight = 1024;       /* until a turn tells better */
    /* The longer a turn of the hub, the more of its changes share a page. */
    store->turn_pages = store->hub ? 3100 : 2048;
}

/* Does the reserve file know every number that the database does? */
static int numbers_look(struct store *store,
                        const struct store_options *options,
                        struct fault *fault)
{
    if (store->hub && (store->number > options->floor ||
                       store->seq > options->floor))
        return fault_set(fault, ERR_NUMBERS, "",
                         "the file of numbers is older than the store");
    return 0;
}

/* A hub begins above every number any earlier life may have used: the reserve
 * file says so. */
static int numbers_begin(struct store *store,
                         const struct store_options *options)
{
    /* Somebody may have heard another copy of this store in between, and passed
     * news of this one that it never had. */
    bool restored = store->life > 0 && options->life > store->life + 1;

    store->life = options->life;
    store->number = store->seq = store->reserved = options->floor;
    store->number_kept = store->seq_kept = options->floor;
    store->since_number = store->since_seq = options->floor;
    store->since_number_kept = store->since_seq_kept = options->floor;
    db_exec(store, "DROP INDEX IF EXISTS journal_number");      /* facts.c */
    store->numbers_dirty = true;        /* or the next start missed this life */
    store->careful = store->was_running;
    return restored ? news_again(store) : store->rc;
}

/* A savepoint's second copies of pages stay in memory up to here. Not more:
 * SQLite 3.40 writes the spill in one piece and may come back short of 128 KiB.
 * One thread alone uses SQLite, and nobody asks how much memory it has: its
 * locks and counts were 4 % of an import. Once per process, before the first
 * connection; refused afterwards. */
static void configure_sqlite(void)
{
    static bool done;

    if (!done) {
        sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 128000);
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    }
    done = true;
}

/* Whatever may refuse the start is read before anything is written: what is
 * damaged stays as it was found, for whoever mends it. */
static int look(struct store *store, const struct store_options *options,
                bool log, int64_t *version, struct fault *fault)
{
    int rc = configure(store, fault);

    if (rc == 0)
        rc = running_look(store, log, fault);
    if (rc == 0)
        rc = schema_look(store, version, fault);
    if (rc == 0 && *version != NO_SCHEMA) {
        load_counters(store);
        origin_look(store);
        rc = store->rc < 0 ? start_unread(store, fault)
                           : numbers_look(store, options, fault);
    }
    if (rc == 0)
        rc = kinds_look(store, options->kinds, *version != NO_SCHEMA, fault);
    return rc;
}

/* The first turn, whole or not at all: a hub that was restored must not note its
 * life without telling its news again. */
static int begin(struct store *store, const struct store_options *options,
                 struct fault *fault)
{
    int rc = store_write(store);

    if (rc == 0)
        rc = kinds_begin(store);
    if (rc == 0)
        origin_ready(store);
    if (rc == 0 && store->hub)
        rc = numbers_begin(store, options);
    rc = db_result(store, rc);
    return rc < 0 ? rc : running_begin(store, fault);
}

int store_open(const struct store_options *options, struct store **out,
               struct fault *fault)
{
    struct store *store = xmalloc(sizeof *store);
    int64_t version = NO_SCHEMA;
    bool log;
    int rc;

    *out = NULL;
    configure_sqlite();
    log = log_there(options->path, options->vfs);
    memset(store, 0, sizeof *store);
    copy_options(store, options);
    rc = sqlite3_open_v2(options->path, &store->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX,
                         options->vfs);
    if (rc != SQLITE_OK) {
        rc = fault_set(fault, db_error(store, rc), "", "%s", options->path);
    } else {
        sqlite3_extended_result_codes(store->db, 1);
        running_unknown(store, log);
        reached(store, REACH_OPEN);
        rc = look(store, options, log, &version, fault);
    }
    if (rc == 0)
        rc = running_settle(store, fault);
    if (rc == 0)
        rc = schema_ready(store, version, fault);
    if (rc == 0) {
        reached(store, REACH_OPENED);
        rc = begin(store, options, fault);
    }
    if (rc < 0) {
        store_close(store);
        return rc;
    }
    store->ready = true;
    *out = store;
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    /* What waits was promised to nobody; if this fails the next start is a
     * careful one. */
    if (store->ready && !store->open_turn)
        running_end(store);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statement[i].stmt);
    sqlite3_finalize(store->nothing);
    sqlite3_close(store->db);
    kinds_free(store->kinds);
    if (store->plan != NULL)
        shown_done(&store->plan->shown);
    free(store->plan);
    free(store->passed);
    free(store->streams);
    free(store->stations);
    free(store);
}
