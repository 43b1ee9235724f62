/* Hub: what an answer tells: confirmations with their receipt, and news. */
#include "proto/facts.h"
#include "store/news.h"
#include "store/speak.h"

#include <stdio.h>
#include <string.h>

/* ---- confirm ---- */

static bool run_goes_on(const struct run *run, int verdict, uint64_t number,
                        int reason)
{
    return run->verdict == verdict && reason == 0 && run->reason == 0 &&
           (number == 0 ? run->number == 0
                        : run->number + run->count == number);
}

/* False when the confirm is full. */
static bool run_add(struct confirm *out, sqlite3_stmt *stmt)
{
    int verdict = sqlite3_column_int(stmt, 1);
    uint64_t number = db_column_num(stmt, 2);
    int reason = sqlite3_column_int(stmt, 3);
    struct run *run;

    /* Once settled it is no longer what it was told to be; the station learns
     * the rest from the case. */
    if (verdict == STATE_SETTLED)
        verdict = STATE_PARKED;
    if (out->runs > 0 &&
        run_goes_on(&out->run[out->runs - 1], verdict, number, reason)) {
        out->run[out->runs - 1].count++;
        return true;
    }
    if (out->runs == RUNS)
        return false;
    run = &out->run[out->runs++];
    memset(run, 0, sizeof *run);
    run->count = 1;
    run->verdict = verdict;
    run->number = number;
    run->reason = reason;
    db_column_text(stmt, 4, run->field, sizeof run->field);
    db_column_text(stmt, 5, run->rule, sizeof run->rule);
    return true;
}

static bool head_agrees(struct store *store, const struct origin_row *origin,
                        uint64_t n, const struct hash *hash)
{
    struct place_id at = {origin->id, n};
    struct hash known;

    return journal_hash(store, at, &known) != 1 ||
           memcmp(known.b, hash->b, HASH_SIZE) == 0;
}

enum { PLACE_HEAD = 8 };        /* bytes around a change in a batch, at most */

static int confirm_runs(struct store *store, const struct origin_row *origin,
                        uint64_t max, uint64_t upto, struct confirm *out)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "SELECT hash, state, ifnull(number, 0), reason, field, rule, "
               "ifnull(length(bytes), 0), kinds FROM journal "
               "WHERE origin = ?1 AND n >= ?2 ORDER BY n LIMIT ?3");
    uint64_t told = out->from - 1, bytes = 0;
    int64_t kinds = 0;          /* a batch has one set of them */

    db_int(stmt, 1, origin->id);
    db_num(stmt, 2, out->from);
    db_num(stmt, 3, max);
    while (db_step(store, stmt) == 1) {
        bytes += db_column_num(stmt, 6) + PLACE_HEAD;
        if (kinds == 0)
            kinds = sqlite3_column_int64(stmt, 7);
        if ((bytes > BATCH_SIZE_MAX && out->runs > 0) ||
            kinds != sqlite3_column_int64(stmt, 7) || !run_add(out, stmt))
            break;
        db_column_hash(stmt, 0, &out->hash);
        told++;
    }
    sqlite3_reset(stmt);
    out->more = told < out->through && told < upto;
    return store->rc;
}

/* Does it go on from changes that are not here? Only a hub that was set back
 * can find that: a station sends parents first. */
static bool orphan(struct store *store, const struct origin_row *origin)
{
    struct origin_row parent;

    return origin->n == 0 && origin->parent != 0 &&
           (origin_by_row(store, origin->parent, &parent) != 1 ||
            parent.n < origin->parent_n);
}

/* How far this asker may hear of the origin: no further than it wrote, nor than
 * what it wrote is what stands here. */
static uint64_t confirm_upto(struct store *store,
                             const struct origin_row *origin,
                             const struct head *head, uint64_t forked_at)
{
    if (forked_at > 0)
        return forked_at - 1;
    if (head->n > 0 && head->n <= origin->n &&
        !head_agrees(store, origin, head->n, &head->hash))
        return 0;               /* its changes will tell from where on */
    return head->n;
}

static int confirm_known(struct store *store, const struct origin_row *origin,
                         const struct head *head, uint64_t max,
                         uint64_t forked_at, struct confirm *out)
{
    uint64_t upto = confirm_upto(store, origin, head, forked_at);
    /* What does not go on from the last change here parted before it. */
    uint64_t parted = forked_at > origin->n ? 1 : forked_at;

    out->through = origin->n;
    /* A hub that was set back has another change by now where it confirmed this
     * one's: that, too, must come again, to move with the rest. */
    if (parted > 0 && parted <= head->confirmed) {
        out->through = parted - 1;
        return 0;
    }
    if (forked_at > 0)
        out->standing = STANDING_FORKED;
    else if (orphan(store, origin))
        out->standing = STANDING_ORPHAN;
    /* It has nothing to send, but what was confirmed to it is not what stands here:
     * all of it must come again to tell from where on. */
    if (forked_at == 0 && upto == 0 && head->n > 0 &&
        head->confirmed >= head->n)
        out->through = 0;
    if (upto > origin->n)
        upto = origin->n;
    if (upto <= head->confirmed)
        return 0;
    if (max > upto - head->confirmed)
        max = upto - head->confirmed;
    return confirm_runs(store, origin, max, upto, out);
}

int store_confirm(struct store *store, const struct station *station,
                  const struct head *head, uint64_t max, uint64_t forked_at,
                  struct confirm *out)
{
    struct origin_row origin;
    char owner[STATION_MAX + 1] = "";
    int rc;

    store->rc = 0;
    memset(out, 0, sizeof *out);
    out->origin = head->origin;
    out->from = head->confirmed + 1;
    rc = origin_find(store, &head->origin, &origin);
    if (rc == 1)
        rc = origin_station(store, origin.id, owner, sizeof owner);
    if (rc == 1 && head->untold && owner[0] == '\0')
        rc = 0;                 /* a hub that was set back: all of it again */
    if (rc == 1 && (strcmp(owner, station->name) != 0 ||
                    forked_at == FORKED_ALONE))
        out->standing = STANDING_FOREIGN;
    else if (rc == 1)
        rc = confirm_known(store, &origin, head, max, forked_at, out);
    confirm_mac(out, &store->hub_id, store->life, store->key, out->receipt);
    return db_result(store, rc < 0 ? rc : 0);
}

/* ---- news ---- */

struct telling {
    struct store *store;
    int64_t stream;
    struct line self;           /* the asker's own */
    struct news_writer writer;
    struct entry entry;
    struct news_item item;
};

/* Is there a departure of the record to be told in this stream, though it came
 * back since? */
static bool had_left(struct telling *on, int64_t record)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "SELECT 1 FROM gone WHERE record = ?1 AND stream = ?2");
    bool left;

    db_int(stmt, 1, record);
    db_int(stmt, 2, on->stream);
    left = db_step(on->store, stmt) == 1;
    sqlite3_reset(stmt);
    return left;
}

static int tell_state(struct telling *on, int64_t record,
                      struct place_id force)
{
    /* What the asker itself wrote it has; but only a state shows it again what
     * a departure, told before it, hid. */
    if ((line_has(&on->self, force) && !had_left(on, record)) ||
        journal_load(on->store, force, &on->entry) != 1)
        return on->store->rc;
    on->item.number = on->entry.number;
    on->item.change = buf_view(&on->entry.bytes);
    on->item.hash = on->entry.hash;
    news_add(&on->writer, &on->item);
    return 0;
}

static int tell_gone(struct telling *on, int64_t record)
{
    struct record_row row;

    if (record_by_row(on->store, record, &row) != 1)
        return on->store->rc;
    on->item.number = on->store->number;
    on->item.record = row.record;
    news_add(&on->writer, &on->item);
    return 0;
}

static int tell_case(struct telling *on, int64_t id)
{
    struct case_row found;
    struct name named;
    sqlite3_stmt *stmt;

    if (case_by_row(on->store, id, &found) != 1 ||
        journal_load(on->store, found.at, &on->entry) != 1 ||
        place_name(on->store, found.at, &named) < 0)
        return on->store->rc;
    on->item.number = on->entry.number;
    /* Bytes that give themselves another name are as good as none. */
    if (on->entry.readable && name_equal(&on->entry.change.name, &named))
        on->item.change = buf_view(&on->entry.bytes);
    on->item.hash = on->entry.hash;
    on->item.reason = (int)found.reason;
    memcpy(on->item.field, found.field, sizeof found.field);
    memcpy(on->item.rule, found.rule, sizeof found.rule);
    on->item.name = named;
    on->item.verdict = (int)on->entry.state;
    on->item.open = found.open;
    if (!found.open)
        settles_find(on->store, &named, &on->item.settled_by);
    stmt = db_stmt(on->store, "SELECT base FROM cases WHERE id = ?1 AND "
                              "base IS NOT NULL");
    db_int(stmt, 1, id);
    if (db_step(on->store, stmt) == 1) {
        on->item.has_base = true;
        on->item.base_body = db_column(stmt, 0);
    }
    news_add(&on->writer, &on->item);
    sqlite3_reset(stmt);
    return 0;
}

static int tell_verdict(struct telling *on, int64_t origin, uint64_t n)
{
    struct place_id at = {origin, n};

    if (journal_load(on->store, at, &on->entry) != 1 ||
        place_name(on->store, at, &on->item.name) < 0)
        return on->store->rc;
    on->item.number = on->entry.number;
    on->item.verdict = (int)on->entry.state;
    on->item.reason = (int)on->entry.reason;
    memcpy(on->item.field, on->entry.field, sizeof on->entry.field);
    memcpy(on->item.rule, on->entry.rule, sizeof on->entry.rule);
    news_add(&on->writer, &on->item);
    return 0;
}

static int tell_row(struct telling *on, sqlite3_stmt *stmt)
{
    int64_t a = sqlite3_column_int64(stmt, 2);
    uint64_t b = db_column_num(stmt, 3);

    memset(&on->item, 0, sizeof on->item);
    on->item.seq = db_column_num(stmt, 0);
    on->item.what = (enum news_what)sqlite3_column_int(stmt, 1);
    switch (on->item.what) {
    case NEWS_STATE:
        return tell_state(on, a, (struct place_id){
                                     sqlite3_column_int64(stmt, 4),
                                     db_column_num(stmt, 5)});
    case NEWS_GONE:
        return tell_gone(on, a);
    case NEWS_CASE:
        return tell_case(on, a);
    case NEWS_VERDICT:
        return tell_verdict(on, a, b);
    }
    return 0;
}

static int64_t stream_id(struct store *store, const struct station *station,
                         const char *name)
{
    const struct known_station *known = station_known(store, station->name);

    if (known == NULL)
        return 0;
    if (name[0] == '@')
        return strcmp(name + 1, known->name) == 0 ? known->stream : 0;
    for (int i = 0; i < store->nstreams; i++)
        if (strcmp(store->streams[i].name, name) == 0 &&
            strcmp(known->org, name) == 0)
            return store->streams[i].id;
    return 0;
}

/* The asker's own line, no further than this answer and earlier ones confirmed:
 * behind that the same names may be those of a copy of its disk. */
static void self_open(struct store *store, const struct hello *hello,
                      struct line *out)
{
    struct place_id end = {0, 0};
    struct origin_row row;

    if (hello->heads > 0 &&
        origin_find(store, &hello->head[0].origin, &row) == 1)
        end = (struct place_id){row.id, hello->head[0].confirmed + 1};
    line_open(store, end, out);
    for (int i = 1; i < hello->heads; i++)
        if (origin_find(store, &hello->head[i].origin, &row) == 1)
            line_cut(out, (struct place_id){
                              row.id, hello->head[i].confirmed + 1});
}

/* News come in order of seq; `to` is the last told, or all there is. */
static int tell_rows(struct telling *on, int64_t stream, uint64_t cursor,
                     size_t size, bool *more)
{
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT seq, what, a, b, origin, n FROM news "
                           "WHERE stream = ?1 AND seq > ?2 ORDER BY seq");
    struct news *head = &on->writer.head;
    int rc = 0;

    *more = false;
    db_int(stmt, 1, stream);
    db_num(stmt, 2, cursor);
    while (rc == 0 && db_step(on->store, stmt) == 1) {
        if (head->raw.len >= size) {
            *more = true;
            break;
        }
        rc = tell_row(on, stmt);
        head->to = db_column_num(stmt, 0);
    }
    sqlite3_reset(stmt);
    if (!*more && rc == 0) {
        head->to = on->store->seq > cursor ? on->store->seq : cursor;
        head->as_of = on->store->number;
    }
    head->more = *more;
    return rc < 0 ? rc : on->store->rc;
}

/* Returns which frame it is. */
static int tell_frame(struct telling *on, const struct telling_to *to,
                      struct buf *out)
{
    int rc;

    if (to->welcome != NULL && terse_tell(on->store, to, &on->writer, out)) {
        news_done(&on->writer.head);
        return FRAME_TERSE_NEWS;
    }
    rc = news_close(&on->writer, out);
    return rc < 0 ? rc : FRAME_NEWS;
}

/* Does the hearer know all of it from the welcome alone? */
static bool is_quiet(const struct telling *on, const struct telling_to *to)
{
    const struct news *head = &on->writer.head;

    return to->welcome != NULL && to->hello->brief && head->count == 0 &&
           !head->more &&
           head->from == hello_cursor(to->hello, head->stream) &&
           head->to == to->welcome->seq && head->as_of == to->welcome->number;
}

int store_say_news(struct store *store, const struct station *station,
                   const struct hello *hello, const struct welcome *welcome,
                   const char *stream, uint64_t cursor, size_t size,
                   struct buf *out, bool *more, uint64_t *to)
{
    struct telling on = {.store = store};
    struct telling_to hearer = {station, hello, welcome, &on.self};
    int64_t id = stream_id(store, station, stream);
    int rc;

    store->rc = 0;
    if (id == 0)
        return ERR_SCOPE;
    on.stream = id;
    self_open(store, hello, &on.self);
    news_open(&on.writer, stream, cursor);
    entry_init(&on.entry);
    rc = tell_rows(&on, id, cursor,
                   size < BATCH_SIZE_MAX ? size : BATCH_SIZE_MAX, more);
    entry_done(&on.entry);
    *to = on.writer.head.to;
    if (rc < 0 || is_quiet(&on, &hearer))
        news_done(&on.writer.head);
    else
        rc = tell_frame(&on, &hearer, out);
    line_done(&on.self);
    return rc;
}

int store_news(struct store *store, const struct station *station,
               const struct hello *hello, const char *stream, uint64_t cursor,
               size_t size, struct buf *out, bool *more, uint64_t *to)
{
    int rc = store_say_news(store, station, hello, NULL, stream, cursor, size,
                            out, more, to);

    return rc < 0 ? rc : 0;
}
