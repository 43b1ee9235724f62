#include "store/receipt.h"
#include "proto/facts.h"

#include <stdlib.h>

int receipt_keep(struct store *store, int64_t origin,
                 const struct confirm *confirm)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "INSERT OR REPLACE INTO receipt (origin, n, signed, life) "
               "VALUES (?1, ?2, ?3, ?4)");
    struct buf body;
    int rc;

    buf_init(&body, FRAME_MAX);
    confirm_write(confirm, &body);
    db_int(stmt, 1, origin);
    db_num(stmt, 2, confirm->from);
    db_bytes(stmt, 3, buf_view(&body));
    db_num(stmt, 4, confirm->life);
    rc = db_run(store, stmt);
    buf_done(&body);
    return rc;
}

struct receipt_row {
    uint64_t n, life;
    struct buf body;            /* the confirm as it came */
    struct confirm confirm;
};

/* The receipt that speaks of this change: 1 found, 0 none. */
static int receipt_of(struct store *store, int64_t origin, uint64_t n,
                      struct receipt_row *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT n, life, signed FROM receipt WHERE origin = ?1 AND "
               "n <= ?2 AND life IS NOT NULL ORDER BY n DESC LIMIT 1");
    struct bytes body;
    int rc;

    db_int(stmt, 1, origin);
    db_num(stmt, 2, n);
    rc = db_step(store, stmt);
    if (rc == 1) {
        out->n = db_column_num(stmt, 0);
        out->life = db_column_num(stmt, 1);
        body = db_column(stmt, 2);
        buf_put(&out->body, body.data, body.len);
        rc = confirm_read(buf_view(&out->body), &out->confirm) == 0 &&
                     n < out->n + confirm_count(&out->confirm)
                 ? 1 : 0;
    }
    sqlite3_reset(stmt);
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
