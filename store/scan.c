#include "store/scan.h"
#include "store/news.h"

#include <string.h>

void scan_open(struct store *store, const char *org,
               const struct range *range, struct scan *out)
{
    memset(out, 0, sizeof *out);
    out->store = store;
    out->org = org;
    out->range = *range;
    out->told = ROW_CELLS;      /* of no record yet */
    out->records =
        db_stmt(store, "SELECT id, record, org, host, gone FROM record "
                       "WHERE record BETWEEN ?1 AND ?2 ORDER BY record");
    out->cells = db_stmt(
        store, "SELECT c.cell, c.key, c.number, c.origin, c.n, j.hash, "
               "j.bytes FROM cell c LEFT JOIN journal j "
               "ON j.origin = c.origin AND j.n = c.n "
               "WHERE c.record = ?1 AND c.origin IS NOT NULL "
               "ORDER BY c.cell, c.key");
    db_id(out->records, 1, &out->range.from);
    db_id(out->records, 2, &out->range.to);
}

void scan_close(struct scan *scan)
{
    sqlite3_reset(scan->records);
    sqlite3_reset(scan->cells);
}

static bool seen(struct scan *scan)
{
    struct record_row *row = &scan->record;

    row->id = sqlite3_column_int64(scan->records, 0);
    db_column_id(scan->records, 1, &row->record);
    db_column_text(scan->records, 2, row->org, sizeof row->org);
    db_column_text(scan->records, 3, row->host, sizeof row->host);
    row->gone = db_column_num(scan->records, 4);
    scan->last = row->record;
    return scan->org == NULL ? row->gone == 0 : org_sees(scan->org, row);
}

int scan_record(struct scan *scan, uint64_t most)
{
    while (scan->looked < most) {
        int rc = db_step(scan->store, scan->records);

        if (rc != 1) {
            scan->last = scan->range.to;
            return rc;
        }
        scan->looked++;
        if (!seen(scan))
            continue;
        sqlite3_reset(scan->cells);
        db_int(scan->cells, 1, scan->record.id);
        scan->row.record = scan->record.record;
        scan->row.fresh = true;
        return 1;
    }
    return 0;
}

int scan_cell(struct scan *scan)
{
    struct row *row = &scan->row;
    int rc = db_step(scan->store, scan->cells);

    if (rc != 1)
        return rc;
    row->cell = db_column_num(scan->cells, 0);
    row->key = db_column(scan->cells, 1);
    row->number = db_column_num(scan->cells, 2);
    scan->force.origin = sqlite3_column_int64(scan->cells, 3);
    scan->force.n = db_column_num(scan->cells, 4);
    /* A change that is not there any more has no hash and no bytes: its digest
     * is like no other. */
    db_column_hash(scan->cells, 5, &scan->hash);
    digest_cell(&row->record, row->cell, row->key, &scan->hash,
                db_column(scan->cells, 6), row->digest);
    return 1;
}

int scan_next(struct scan *scan)
{
    int rc = 0;

    scan->row.fresh = false;
    if (scan->told++ < ROW_CELLS)
        rc = scan_cell(scan);
    while (rc == 0 && (rc = scan_record(scan, UINT64_MAX)) == 1) {
        scan->told = 1;
        rc = scan_cell(scan);
        if (rc != 0)
            return rc;
    }
    return rc;
}
