/* Station: what is in force here, beside what the hub told of a range. */
#include "store/compare.h"
#include "store/scan.h"

#include <stdlib.h>
#include <string.h>

enum { COMPARE_CELLS = 16384 }; /* at a time */

/* ---- sums by organisation ---- */

void sums_done(struct sums *sums)
{
    free(sums->list);
    memset(sums, 0, sizeof *sums);
}

static struct org_sum *sums_at(struct sums *sums, const char *org)
{
    int low = 0, high = sums->count;
    struct org_sum *at;

    while (low < high) {
        int middle = (low + high) / 2;

        if (strcmp(sums->list[middle].org, org) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sums->count && strcmp(sums->list[low].org, org) == 0)
        return &sums->list[low];
    if (sums->count == sums->room) {
        sums->room = sums->room * 2 + 16;
        sums->list = xrealloc(sums->list,
                              sizeof *at * (size_t)sums->room);
    }
    at = &sums->list[low];
    memmove(at + 1, at, sizeof *at * (size_t)(sums->count++ - low));
    memset(at, 0, sizeof *at);
    memcpy(at->org, org, strnlen(org, ORG_MAX));
    return at;
}

static void sum_row(struct digest *to, const struct row *row, bool fresh)
{
    digest_add(to, row->digest);
    to->records += fresh;
}

bool store_stream(struct store *store, char stream[STREAM_MAX + 1],
                  uint64_t *seq)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT name, cursor FROM stream WHERE name NOT LIKE '@%' "
               "ORDER BY name = ?1 DESC, id DESC LIMIT 1");
    bool there;

    db_text(stmt, 1, bytes_text(store->org));
    there = db_step(store, stmt) == 1;
    if (there) {
        db_column_text(stmt, 0, stream, STREAM_MAX + 1);
        *seq = db_column_num(stmt, 1);
    }
    sqlite3_reset(stmt);
    return there;
}

/* ---- digests ---- */

int store_agrees(struct store *store, const struct range *range,
                 const struct digest *there, struct sums *sums)
{
    struct sums found = {.list = NULL};
    struct digest here = {0};
    struct scan scan;
    bool equal;
    int rc;

    store->rc = 0;
    scan_open(store, NULL, range, &scan);
    while ((rc = scan_record(&scan, UINT64_MAX)) == 1 &&
           here.cells <= there->cells) {
        struct org_sum *at = sums_at(&found, scan.record.org);

        while (here.cells <= there->cells && (rc = scan_cell(&scan)) == 1) {
            sum_row(&here, &scan.row, scan.row.fresh);
            sum_row(&at->here, &scan.row, scan.row.fresh);
            scan.row.fresh = false;
        }
        if (rc < 0)
            break;
    }
    scan_close(&scan);
    equal = rc >= 0 && digest_equal(&here, there);
    for (int i = 0; equal && i < found.count; i++) {
        struct org_sum *to = sums_at(sums, found.list[i].org);

        digest_join(&to->here, &found.list[i].here);
        digest_join(&to->there, &found.list[i].here);
    }
    sums_done(&found);
    return rc < 0 ? rc : equal;
}

/* ---- rows ---- */

struct comparing {
    struct store *store;
    struct scan scan;
    struct rows *rows;
    struct row theirs;
    bool here, there;           /* there is a row on this side */
    struct sums *sums;
    uint64_t cells;
    int found;
};

static int next_here(struct comparing *on)
{
    int rc = scan_next(&on->scan);

    on->here = rc == 1;
    on->cells++;
    return rc < 0 ? rc : 0;
}

static int next_there(struct comparing *on)
{
    int rc = rows_next(on->rows, &on->theirs);

    on->there = rc == 1;
    return rc < 0 ? rc : 0;
}

/* Which side has the row that comes next: below 0 here, above 0 there. */
static int side(const struct comparing *on)
{
    if (!on->here || !on->there)
        return on->here ? -1 : 1;
    return row_compare(&on->scan.row, &on->theirs);
}

static void hold_here(struct comparing *on, struct want *out)
{
    struct name name;

    out->has = place_name(on->store, on->scan.force, &name) == 0;
    if (!out->has)
        return;
    out->name = name;
    out->hash = on->scan.hash;
}

static void differs(struct comparing *on, int order, struct differing *out)
{
    const struct row *row = order > 0 ? &on->theirs : &on->scan.row;
    size_t len = row->key.len < KEY_MAX ? row->key.len : KEY_MAX;

    memset(out, 0, sizeof *out);
    out->what = order == 0  ? DIFFER_BOTH
                : order < 0 ? DIFFER_NOT_THERE
                            : DIFFER_NOT_HERE;
    out->want.record = row->record;
    out->want.cell = row->cell;
    if (len > 0)
        memcpy(out->want.key, row->key.data, len);
    if (order <= 0) {
        out->here = on->scan.row.number;
        hold_here(on, &out->want);
    }
    if (order >= 0)
        out->there = on->theirs.number;
}

static void sum_sides(struct comparing *on, int order)
{
    const struct row *here = &on->scan.row, *there = &on->theirs;

    if (order <= 0)
        sum_row(&sums_at(on->sums, on->scan.record.org)->here, here,
                here->fresh);
    if (order >= 0)
        sum_row(&sums_at(on->sums, there->org)->there, there, there->fresh);
}

/* The row that comes next, or the two of one cell; true when they differ. */
static bool compare_next(struct comparing *on, int order,
                         struct differing *out)
{
    sum_sides(on, order);
    if (order == 0 && memcmp(on->scan.row.digest, on->theirs.digest,
                             DIGEST_SIZE) == 0)
        return false;
    differs(on, order, out);
    on->found++;
    return true;
}

static int step(struct comparing *on, int order)
{
    int rc = order <= 0 ? next_here(on) : 0;

    return rc == 0 && order >= 0 ? next_there(on) : rc;
}

int store_compare(struct store *store, struct rows *rows, int most,
                  differing_fn each, void *user, struct sums *sums)
{
    struct comparing on = {.store = store, .rows = rows, .sums = sums};
    struct differing one;
    struct id record = rows->range.from;
    int rc;

    store->rc = 0;
    scan_open(store, NULL, &rows->range, &on.scan);
    rc = next_here(&on);
    if (rc == 0)
        rc = next_there(&on);
    while (rc == 0 && (on.here || on.there)) {
        int order = side(&on);
        const struct id *next = order > 0 ? &on.theirs.record
                                          : &on.scan.row.record;

        if ((on.found >= most || on.cells >= COMPARE_CELLS) &&
            id_compare(next, &record) > 0) {
            rows->range.to = *next;
            id_before(&rows->range.to);
            break;
        }
        record = *next;
        if (compare_next(&on, order, &one))
            each(user, &one);
        rc = step(&on, order);
    }
    scan_close(&on.scan);
    return rc;
}
