/*
 * The audit trail: a chain of its own beside the journal. The hash of its last
 * row stands in meta, too, so that rows cut off its end are missed. Whoever can
 * write the file can make both anew: then only somebody who kept a head can tell.
 *
 * The table is made with its first row, in a store of any version that this
 * program reads; a version before it leaves it as it is.
 */
#include "store/audit.h"
#include "store/db.h"
#include "store/verify.h"

#include <string.h>

const char store_trail[] =
    "CREATE TABLE audit ("
    "n INTEGER PRIMARY KEY, "   /* from 1, without a gap */
    "hash BLOB NOT NULL, "      /* covers the row before it */
    "wall_ms INTEGER NOT NULL, "
    "trusted INTEGER NOT NULL, "        /* 1: that clock was */
    "person TEXT NOT NULL, "    /* account, or the name it gave itself */
    "device TEXT NOT NULL, "
    "act TEXT NOT NULL, "       /* 'show.full', 'export', ... */
    "object TEXT NOT NULL)";    /* ids, names of kinds and files, counts */

#define ROW_COLUMNS "n, hash, wall_ms, trusted, person, device, act, object"

static const char head_name[] = "audit";

int audit_there(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT 1 FROM sqlite_schema WHERE "
                                        "name = 'audit' AND type = 'table'");
    int rc = db_step(store, stmt);

    sqlite3_reset(stmt);
    return rc;
}

/* At most `max` bytes, whole characters. */
static struct bytes bounded(const char *text, size_t max)
{
    struct bytes out = bytes_text(text);

    if (out.len <= max)
        return out;
    while (max > 0 && (out.data[max] & 0xC0) == 0x80)
        max--;
    return bytes_of(out.data, max);
}

/* What is hashed; each text with its length, so that no two rows look alike. */
static struct hash hash_of(const struct hash *before, uint64_t n,
                           int64_t wall_ms, bool trusted,
                           const struct bytes text[4])
{
    struct hash hash;
    struct buf row;

    buf_init(&row, 1024);
    buf_varint(&row, n);
    buf_zigzag(&row, wall_ms);
    buf_u8(&row, trusted);
    for (int i = 0; i < 4; i++)
        buf_bytes(&row, text[i]);
    hash = change_hash(before, buf_view(&row));
    buf_done(&row);
    return hash;
}

int store_audit_head(struct store *store, struct audit_head *out)
{
    sqlite3_stmt *stmt;
    int rc = audit_there(store);

    memset(out, 0, sizeof *out);
    if (rc != 1)
        return rc;
    stmt = db_stmt(store, "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1");
    rc = db_step(store, stmt);
    if (rc == 1) {
        out->n = db_column_num(stmt, 0);
        db_column_hash(stmt, 1, &out->hash);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

/* Beside the rows: what their last one is. */
static int head_keep(struct store *store, const struct hash *hash)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "INSERT INTO meta (name, value) VALUES (?1, ?2) "
                       "ON CONFLICT (name) DO UPDATE SET value = ?2");

    db_text(stmt, 1, bytes_text(head_name));
    db_hash(stmt, 2, hash);
    return db_run(store, stmt);
}

/* 1 there is one, 0 none; one that rotted is of no row. */
static int head_kept(struct store *store, struct hash *out)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT value FROM meta WHERE name = ?1");
    int rc;

    memset(out, 0, sizeof *out);
    db_text(stmt, 1, bytes_text(head_name));
    rc = db_step(store, stmt);
    if (rc == 1)
        db_column_hash(stmt, 0, out);
    sqlite3_reset(stmt);
    return rc;
}

int audit_add(struct store *store, const struct audited *row)
{
    const struct bytes text[4] = {
        bounded(row->person, AUDIT_PERSON), bounded(row->device, AUDIT_DEVICE),
        bounded(row->act, AUDIT_ACT), bounded(row->object, AUDIT_OBJECT)};
    struct audit_head head;
    struct hash hash;
    sqlite3_stmt *stmt;
    int rc = audit_there(store);

    if (rc == 0)
        rc = db_exec(store, store_trail);
    if (rc >= 0)
        rc = store_audit_head(store, &head);
    if (rc < 0)
        return rc;
    hash = hash_of(&head.hash, head.n + 1, row->wall_ms, row->trusted, text);
    stmt = db_stmt(store, "INSERT INTO audit (" ROW_COLUMNS ") "
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    db_num(stmt, 1, head.n + 1);
    db_hash(stmt, 2, &hash);
    db_int(stmt, 3, row->wall_ms);
    db_int(stmt, 4, row->trusted);
    for (int i = 0; i < 4; i++)
        db_text(stmt, 5 + i, text[i]);
    rc = db_run(store, stmt);
    return rc < 0 ? rc : head_keep(store, &hash);
}

/* A commit of its own: a hub may undo the rest of the turn, and what was shown
 * cannot be taken back. */
int store_audit(struct store *store, const struct audited *row,
                struct fault *fault)
{
    struct store_mark mark;
    int rc = mark_set(store, 0, &mark);

    if (rc == 0)
        rc = mark_end(store, &mark, audit_add(store, row));
    if (rc < 0)
        return fault_set(fault, rc, "audit", "it could not be noted, so it is "
                         "not done");
    return store_commit(store, fault);
}

/* One after the other into out->text; a row that was altered may have more. */
static void take_texts(sqlite3_stmt *stmt, int at, struct audited *out)
{
    static const int max[4] = {AUDIT_PERSON, AUDIT_DEVICE, AUDIT_ACT,
                               AUDIT_OBJECT};
    const char **text[4] = {&out->person, &out->device, &out->act,
                            &out->object};
    char *to = out->text;

    for (int i = 0; i < 4; i++) {
        db_column_text(stmt, at + i, to, (size_t)max[i] + 1);
        *text[i] = to;
        to += strlen(to) + 1;
    }
}

int store_audit_next(struct store *store, uint64_t n, int64_t since_ms,
                     struct audited *out)
{
    sqlite3_stmt *stmt;
    int rc = audit_there(store);

    memset(out, 0, sizeof *out);
    if (rc != 1)
        return rc;
    stmt = db_stmt(store, "SELECT " ROW_COLUMNS " FROM audit WHERE n > ?1 AND "
                          "wall_ms >= ?2 ORDER BY n LIMIT 1");
    db_num(stmt, 1, n);
    db_int(stmt, 2, since_ms);
    rc = db_step(store, stmt);
    if (rc == 1) {
        out->n = db_column_num(stmt, 0);
        db_column_hash(stmt, 1, &out->hash);
        out->wall_ms = sqlite3_column_int64(stmt, 2);
        out->trusted = sqlite3_column_int(stmt, 3) != 0;
        take_texts(stmt, 4, out);
    }
    sqlite3_reset(stmt);
    return rc;
}

/* ---- is it whole? ---- */

static int altered(uint64_t n, const char *what, struct fault *fault)
{
    return fault_set(fault, ERR_AUDIT, "audit", "row %llu %s",
                     (unsigned long long)n, what);
}

static int verify_row(struct verify *on, sqlite3_stmt *row, struct fault *fault)
{
    uint64_t n = db_column_num(row, 0);
    int64_t trusted = sqlite3_column_int64(row, 3);
    struct bytes text[4];
    struct hash kept, made;

    if (n != on->audit.n + 1)
        return altered(on->audit.n + 1, "is missing", fault);
    for (int i = 0; i < 4; i++)
        text[i] = db_column(row, 4 + i);
    made = hash_of(&on->audit.hash, n, sqlite3_column_int64(row, 2),
                   trusted == 1, text);
    if (!db_column_hash(row, 1, &kept) || (trusted & ~INT64_C(1)) != 0 ||
        memcmp(kept.b, made.b, HASH_SIZE) != 0)
        return altered(n, "does not fit its hash", fault);
    on->audit = (struct audit_head){n, made};
    on->found.audited++;
    return 1;
}

static int verify_head(struct verify *on, struct fault *fault)
{
    struct audit_head now;
    struct hash kept;
    int rc = head_kept(on->store, &kept), there;

    if (rc < 0)
        return rc;
    there = rc;
    rc = store_audit_head(on->store, &now);
    if (rc < 0)
        return rc;
    if (now.n > on->audit.n)
        return 1;               /* added since the last slice */
    if (now.n < on->audit.n)
        return altered(now.n + 1, "is missing", fault);
    if (there != (now.n > 0) || memcmp(kept.b, now.hash.b, HASH_SIZE) != 0)
        return altered(now.n + 1, "is missing: the trail was cut off, or is "
                       "not the one it was", fault);
    return 0;
}

int verify_audit(struct verify *on, struct fault *fault)
{
    sqlite3_stmt *stmt;
    int rows = 0, rc = audit_there(on->store), stepped = 0;

    if (rc < 0)
        return rc;
    if (rc == 0)
        return verify_head(on, fault);
    stmt = db_stmt(on->store, "SELECT " ROW_COLUMNS " FROM audit WHERE n > ?1 "
                              "ORDER BY n LIMIT ?2");
    db_num(stmt, 1, on->audit.n);
    db_int(stmt, 2, SLICE_ROWS);
    while (rc == 1 && (stepped = db_step(on->store, stmt)) == 1) {
        rc = verify_row(on, stmt, fault);
        rows++;
    }
    sqlite3_reset(stmt);
    if (stepped < 0)
        return stepped;
    return rc == 1 && rows < SLICE_ROWS ? verify_head(on, fault) : rc;
}
