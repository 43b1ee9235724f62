/* Hub: what a range of records holds, as digests or as rows. */
#include "store/compare.h"
#include "store/scan.h"
#include "store/news.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLICE_CELLS = 8192,         /* of one frame: some 30 ms */
    SLICE_LOOKS = 16384,
    CHUNK_SIZE = 40             /* bytes, about */
};

bool store_may_compare(const struct store *store,
                       const struct station *station, const char *stream)
{
    const struct known_station *known = station_known(store, station->name);

    return known != NULL && strcmp(known->org, stream) == 0;
}

static uint64_t newest_news(struct store *store, const char *stream)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT ifnull(max(seq), 0) FROM news WHERE stream = "
               "(SELECT id FROM stream WHERE name = ?1)");
    uint64_t seq = 0;

    db_text(stmt, 1, bytes_text(stream));
    if (db_step(store, stmt) == 1)
        seq = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return seq;
}

static void move_on(struct range *left, const struct id *last, bool *over)
{
    *over = id_compare(last, &left->to) >= 0;
    left->from = *last;
    if (!*over)
        id_next(&left->from);
}

static void chunk_end(struct digests *told, const struct id *to,
                      struct digest *sum)
{
    told->chunk[told->chunks].to = *to;
    told->chunk[told->chunks++].sum = *sum;
    memset(sum, 0, sizeof *sum);
}

/* Behind the last record nothing follows up to `to`. */
static void chunk_last(struct digests *told, const struct id *to,
                       struct digest *sum)
{
    if (sum->cells > 0 || told->chunks == 0)
        chunk_end(told, to, sum);
    else
        told->chunk[told->chunks - 1].to = *to;
}

static int sum_record(struct scan *scan, struct digest *sum)
{
    int rc;

    while ((rc = scan_cell(scan)) == 1) {
        digest_add(sum, scan->row.digest);
        sum->records += scan->row.fresh;
        scan->row.fresh = false;
    }
    return rc;
}

int store_tell_digests(struct store *store, const char *stream,
                       uint64_t grain, size_t size, struct range *left,
                       bool *over, struct buf *out)
{
    int most = (int)(size / CHUNK_SIZE);
    struct digests *told = xmalloc(sizeof *told);
    struct digest sum = {0};
    struct scan scan;
    uint64_t cells = 0;
    int rc = 0;

    store->rc = 0;
    told->seq = newest_news(store, stream);
    told->from = left->from;
    told->chunks = 0;
    scan_open(store, stream, left, &scan);
    most = most < CHUNKS ? most : CHUNKS - 1;
    while (cells < SLICE_CELLS && (told->chunks == 0 || told->chunks < most) &&
           (rc = scan_record(&scan, SLICE_LOOKS)) == 1) {
        uint64_t before = sum.cells;

        rc = sum_record(&scan, &sum);
        if (rc < 0)
            break;
        cells += sum.cells - before;
        if (sum.cells >= grain)
            chunk_end(told, &scan.last, &sum);
    }
    chunk_last(told, &scan.last, &sum);
    scan_close(&scan);
    if (rc >= 0) {
        digests_write(told, out);
        move_on(left, &scan.last, over);
    }
    free(told);
    return rc < 0 ? rc : 0;
}

/* ---- rows ---- */

static int tell_record(struct scan *scan, struct rows *head,
                       struct buf *cells, struct buf *records)
{
    uint64_t count = 0;
    int rc = 0;

    buf_clear(cells);
    while (count < ROW_CELLS && (rc = scan_cell(scan)) == 1) {
        rows_cell_write(&scan->row, cells);
        count++;
    }
    if (rc < 0 || count == 0)
        return rc;
    rows_record_write(&scan->row.record, scan->record.org, count, records);
    buf_put(records, cells->data, cells->len);
    head->records++;
    return 0;
}

int store_tell_rows(struct store *store, const char *stream, size_t size,
                    struct range *left, bool *over, struct buf *out)
{
    struct rows head = {.range = *left};
    struct buf cells, records;
    struct scan scan;
    int rc = 0;

    store->rc = 0;
    head.seq = newest_news(store, stream);
    buf_init(&cells, FRAME_MAX);
    buf_init(&records, FRAME_MAX);
    scan_open(store, stream, left, &scan);
    size = size < ROWS_SIZE ? size : ROWS_SIZE;
    while ((records.len == 0 || records.len < size) &&
           (rc = scan_record(&scan, SLICE_LOOKS)) == 1) {
        rc = tell_record(&scan, &head, &cells, &records);
        if (rc < 0)
            break;
    }
    scan_close(&scan);
    if (rc >= 0) {
        head.range.to = scan.last;
        rows_write(&head, buf_view(&records), out);
        move_on(left, &scan.last, over);
    }
    buf_done(&cells);
    buf_done(&records);
    return rc < 0 ? rc : 0;
}
