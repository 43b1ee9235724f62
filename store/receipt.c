#include "store/receipt.h"
#include "proto/facts.h"

#include <stdlib.h>

struct receipt_row {
    uint64_t n, life;
    struct buf body;            /* the confirm as it came */
    struct confirm confirm;
};

static bool receipt_read(sqlite3_stmt *stmt, struct receipt_row *out)
{
    struct bytes body = db_column(stmt, 2);

    out->n = db_column_num(stmt, 0);
    out->life = db_column_num(stmt, 1);
    buf_clear(&out->body);
    buf_put(&out->body, body.data, body.len);
    return confirm_read(buf_view(&out->body), &out->confirm) == 0;
}

enum { LOOK_BACK = 16 };        /* receipts of one batch, after a refill */

/* A receipt that speaks of this change: 1 found, 0 none. A later and narrower one
 * may stand between it and the change. */
static int receipt_of(struct store *store, int64_t origin, uint64_t n,
                      struct receipt_row *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT n, life, signed FROM receipt WHERE origin = ?1 AND "
               "n <= ?2 AND life IS NOT NULL ORDER BY n DESC LIMIT ?3");
    bool found = false;

    db_int(stmt, 1, origin);
    db_num(stmt, 2, n);
    db_int(stmt, 3, LOOK_BACK);
    while (!found && db_step(store, stmt) == 1)
        found = receipt_read(stmt, out) &&
                n < out->n + confirm_count(&out->confirm);
    sqlite3_reset(stmt);
    return store->rc < 0 ? store->rc : found;
}

int receipt_keep(struct store *store, int64_t origin,
                 const struct confirm *confirm)
{
    struct receipt_row *known = xmalloc(sizeof *known);
    sqlite3_stmt *stmt;
    bool wider;
    int rc;

    buf_init(&known->body, FRAME_MAX);
    rc = receipt_of(store, origin, confirm->from, known);
    wider = rc == 1 && known->n == confirm->from &&
            confirm_count(&known->confirm) > confirm_count(confirm);
    buf_clear(&known->body);
    confirm_write(confirm, &known->body);
    if (rc >= 0 && !wider) {
        stmt = db_stmt(store, "INSERT OR REPLACE INTO receipt "
                              "(origin, n, signed, life) "
                              "VALUES (?1, ?2, ?3, ?4)");
        db_int(stmt, 1, origin);
        db_num(stmt, 2, confirm->from);
        db_bytes(stmt, 3, buf_view(&known->body));
        db_num(stmt, 4, confirm->life);
        rc = db_run(store, stmt);
    }
    buf_done(&known->body);
    free(known);
    return rc < 0 ? rc : 0;
}

static int receipt_delete(struct store *store, int64_t origin, uint64_t n)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "DELETE FROM receipt WHERE (origin = ?1 AND n >= ?2) OR "
               "origin > ?1");

    db_int(stmt, 1, origin);
    db_num(stmt, 2, n);
    return db_run(store, stmt);
}

int receipt_forget(struct store *store, int64_t origin, uint64_t from)
{
    struct receipt_row *across = xmalloc(sizeof *across);
    int rc = receipt_delete(store, origin, from);

    buf_init(&across->body, FRAME_MAX);
    /* One that begins before it cannot be shown either: not whole. */
    while (rc == 0 && (rc = receipt_of(store, origin, from, across)) == 1)
        rc = receipt_delete(store, origin, across->n);
    buf_done(&across->body);
    free(across);
    return rc;
}

/* Its changes, all of them: the hub knows some perhaps, but only the whole ends
 * in the hash that was signed. */
static int pack_receipt(struct store *store, const struct head *head,
                        const struct receipt_row *receipt, struct buf *out)
{
    struct head part = *head;
    struct buf batch;
    uint64_t next;
    int rc;

    part.n = receipt->n + confirm_count(&receipt->confirm) - 1;
    buf_init(&batch, BATCH_MAX);
    rc = store_batch(store, &part, receipt->n, BATCH_RAW_MAX, &batch, &next);
    if (rc > 0 && next == 0)
        facts_write(receipt->life, buf_view(&receipt->body), buf_view(&batch),
                    out);
    buf_done(&batch);
    return rc <= 0 || next != 0 ? 0 : rc;
}

int store_facts(struct store *store, const struct head *head, uint64_t from,
                struct buf *out, uint64_t *next)
{
    struct receipt_row *receipt;
    struct origin_row origin;
    int rc;

    store->rc = 0;
    if (origin_find(store, &head->origin, &origin) != 1)
        return ERR_FAULT;
    receipt = xmalloc(sizeof *receipt);
    buf_init(&receipt->body, FRAME_MAX);
    rc = receipt_of(store, origin.id, from, receipt);
    if (rc == 1)
        rc = pack_receipt(store, head, receipt, out);
    if (rc > 0) {
        uint64_t past = receipt->n + confirm_count(&receipt->confirm);

        *next = past <= head->n ? past : 0;
    }
    buf_done(&receipt->body);
    free(receipt);
    return rc;
}
