/*
 * The kinds in use, and those of earlier times, in their table.
 */
#include "store/start.h"

#include <string.h>

/* A row is the set of that hash: id, text. */
static sqlite3_stmt *set_find(struct store *store, const uint8_t *hash)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT id, text FROM kinds WHERE hash = ?1");

    db_bytes(stmt, 1, bytes_of(hash, HASH_SIZE));
    return stmt;
}

struct kinds *store_kinds_of(struct store *store, const uint8_t *hash,
                             int64_t *row)
{
    sqlite3_stmt *stmt;
    struct kinds *kinds = NULL;

    if (memcmp(hash, store->kinds->hash, HASH_SIZE) == 0) {
        *row = store->kinds_row;
        return store->kinds;
    }
    stmt = set_find(store, hash);
    if (db_step(store, stmt) == 1) {
        *row = sqlite3_column_int64(stmt, 0);
        kinds_read_text(db_column(stmt, 1), &kinds, NULL);
    }
    sqlite3_reset(stmt);
    return kinds;
}

/* Make a set the one in use. */
static int set_use(struct store *store, struct kinds *kinds)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT INTO kinds (id, hash, text) "
               "VALUES ((SELECT ifnull(max(id), 0) + 1 FROM kinds), ?1, ?2) "
               "ON CONFLICT (hash) DO UPDATE SET text = ?2 "
               "RETURNING id");

    db_bytes(stmt, 1, bytes_of(kinds->hash, HASH_SIZE));
    db_bytes(stmt, 2, buf_view(&kinds->text));
    if (db_step(store, stmt) == 1)
        store->kinds_row = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (kinds != store->kinds)
        kinds_free(store->kinds);
    store->kinds = kinds;
    meta_set(store, "kinds", store->kinds_row);
    return store->rc;
}

int store_set_kinds(struct store *store, struct bytes text,
                    struct fault *fault)
{
    struct kinds *kinds = NULL;
    int rc = store_write(store);

    if (rc == 0)
        rc = meta_set(store, "kinds_from_hub", 1);
    if (rc < 0)
        return fault_set(fault, rc, "", "kinds");
    rc = kinds_read_text(text, &kinds, fault);
    return rc < 0 ? rc : set_use(store, kinds);
}

const struct kinds *store_kinds(const struct store *store)
{
    return store->kinds;
}

/* ---- at a start ---- */

/* What the hub last sent, into `out`, if that is what counts here. */
static void set_kept(struct store *store, struct buf *out, struct hash *hash)
{
    sqlite3_stmt *stmt;

    if (store->hub || meta_get(store, "kinds_from_hub", 0) == 0)
        return;
    stmt = db_stmt(store, "SELECT text, hash FROM kinds WHERE id = "
                          "(SELECT value FROM meta WHERE name = 'kinds')");
    if (db_step(store, stmt) == 1) {
        struct bytes text = db_column(stmt, 0);

        buf_put(out, text.data, text.len);
        db_column_hash(stmt, 1, hash);
    }
    sqlite3_reset(stmt);
}

/* They were read before they were kept: whatever is wrong now, the disk did. */
static int kept_read(struct store *store, const struct buf *kept,
                     const struct hash *hash, struct fault *fault)
{
    int rc = kinds_read_text(buf_view(kept), &store->kinds, NULL);

    if (rc < 0 || memcmp(store->kinds->hash, hash->b, HASH_SIZE) != 0)
        return fault_set(fault, ERR_CORRUPT, "", "the kinds in the register "
                         "are not those that were put there");
    return 0;
}

/* Every page that kinds_begin will need: nothing may be wrong with one then. */
static void set_look(struct store *store)
{
    sqlite3_stmt *stmt = set_find(store, store->kinds->hash);

    if (db_step(store, stmt) == 1)
        db_column(stmt, 1);
    sqlite3_reset(stmt);
}

int kinds_look(struct store *store, const struct kinds *files, bool there,
               struct fault *fault)
{
    struct buf kept;
    struct hash hash = {{0}};
    int rc;

    buf_init(&kept, SIZE_MAX / 2);
    if (there)
        set_kept(store, &kept, &hash);
    rc = store->rc < 0 ? start_unread(store, fault)
         : kept.len > 0 ? kept_read(store, &kept, &hash, fault)
                        : kinds_read_text(buf_view(&files->text),
                                          &store->kinds, fault);
    if (rc == 0 && there) {
        set_look(store);
        rc = store->rc < 0 ? start_unread(store, fault) : 0;
    }
    buf_done(&kept);
    return rc;
}

int kinds_begin(struct store *store)
{
    return set_use(store, store->kinds);
}
