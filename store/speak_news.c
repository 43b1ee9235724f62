/*
 * Terse news: what of them the station has already.
 *
 * The hub names only what the station surely has: its own changes, and states in
 * force whose news it has heard, by the cursor of its organisation. Should the
 * station not have one after all (the hub was set back, or it was), it takes
 * nothing of the frame, and asks for it in full.
 */
#include "store/news.h"
#include "store/speak.h"

#include <string.h>

/* Who is spoken to. */
struct hearer {
    struct store *store;
    const struct line *self;    /* hub: what it wrote; NULL: we are the hearer */
    const char *org;
    uint64_t upto;              /* seq it has heard */
    struct entry entry;
};

/* ---- hub ---- */

static bool sees(const struct hearer *on, int64_t record)
{
    struct record_row row;

    return record_by_row(on->store, record, &row) == 1 &&
           org_sees(on->org, &row);
}

/* Is it a state in force that was told? */
static bool was_told(const struct hearer *on, struct place_id at)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store,
        "SELECT c.record FROM journal j JOIN cell c ON c.record = j.record "
        "AND c.cell = j.cell AND c.key = j.key WHERE j.origin = ?1 AND "
        "j.n = ?2 AND c.origin = ?1 AND c.n = ?2 AND c.seq BETWEEN 1 AND ?3");
    int64_t record = 0;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    db_num(stmt, 3, on->upto);
    if (db_step(on->store, stmt) == 1)
        record = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return record != 0 && sees(on, record);
}

/* Any change of the record will do: it only names that. */
static bool on_find(void *user, const struct id *record,
                    const struct change *of, struct known *out)
{
    struct hearer *on = user;
    struct place_id at = {0, 0};
    struct record_row row;
    sqlite3_stmt *stmt;

    (void)of;
    if (record_find(on->store, record, &row) != 1 || !org_sees(on->org, &row))
        return false;
    stmt = db_stmt(on->store,
                   "SELECT origin, n FROM cell WHERE record = ?1 AND "
                   "seq BETWEEN 1 AND ?2 ORDER BY cell, key LIMIT 1");
    db_int(stmt, 1, row.id);
    db_num(stmt, 2, on->upto);
    if (db_step(on->store, stmt) == 1)
        at = (struct place_id){sqlite3_column_int64(stmt, 0),
                               db_column_num(stmt, 1)};
    sqlite3_reset(stmt);
    out->record = *record;
    return at.origin != 0 && place_name(on->store, at, &out->name) == 0;
}

/* ---- both ---- */

static bool on_look(void *user, struct known *out)
{
    struct hearer *on = user;

    return terse_look(on->store, out);
}

static bool on_said(void *user, const struct name *name, struct hash *hash,
                    struct change *out)
{
    struct hearer *on = user;
    struct place_id at = place_of(on->store, name);

    if (at.origin == 0 || (on->self != NULL && !line_has(on->self, at) &&
                           !was_told(on, at)))
        return false;
    if (out == NULL)
        return journal_hash(on->store, at, hash) == 1;
    if (journal_load(on->store, at, &on->entry) != 1 || !on->entry.readable)
        return false;
    *hash = on->entry.hash;
    *out = on->entry.change;
    return true;
}

static bool on_origin(void *user, const uint8_t *prefix, struct id *out)
{
    struct hearer *on = user;
    struct id from = {{0}}, to;
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT origin FROM origin WHERE "
                           "origin BETWEEN ?1 AND ?2 LIMIT 2");
    int found = 0;

    memset(&to, 0xFF, sizeof to);
    memcpy(from.b, prefix, ORIGIN_PREFIX);
    memcpy(to.b, prefix, ORIGIN_PREFIX);
    db_bytes(stmt, 1, bytes_of(from.b, ID_SIZE));
    db_bytes(stmt, 2, bytes_of(to.b, ID_SIZE));
    while (db_step(on->store, stmt) == 1 && db_column_id(stmt, 0, out))
        found++;
    sqlite3_reset(stmt);
    return found == 1;
}

static const struct names names = {
    .find = on_find,
    .look = on_look,
    .said = on_said,
    .origin = on_origin,
};

bool terse_tell(struct store *store, const struct telling_to *to,
                const struct news_writer *writer, struct buf *out)
{
    const struct news *head = &writer->head;
    struct hearer on = {.store = store,
                        .self = to->self,
                        .org = to->station->org,
                        .upto = head->from};
    struct names by = names;
    struct setting setting = {terse_mind(to->hello), &by, NULL, to->welcome};
    size_t start = out->len;
    int rc;

    if (setting.mind == NULL)
        return false;
    if (head->stream[0] == '@')
        on.upto = hello_cursor(to->hello, on.org);
    by.user = &on;
    entry_init(&on.entry);
    rc = terse_write_news(&setting, writer, out);
    entry_done(&on.entry);
    if (rc == 0)
        return true;
    out->len = start;
    out->full = false;
    return false;
}

int store_read_news(struct store *store, const struct welcome *welcome,
                    struct bytes payload, struct news *out)
{
    struct hearer on = {.store = store};
    struct names by = names;
    struct setting setting = {NULL, &by, NULL, welcome};
    int rc;

    memset(out, 0, sizeof *out);
    if (welcome->terse)
        setting.mind = terse_named(welcome->dictionary);
    if (setting.mind == NULL)
        return ERR_VERSION;
    by.user = &on;
    store->saying = 0;
    entry_init(&on.entry);
    rc = terse_read_news(&setting, payload, out);
    entry_done(&on.entry);
    return rc;
}
