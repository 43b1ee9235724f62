/*
 * Station: taking in news.
 *
 * Happy path: a frame that joins the cursor is applied whole, in a savepoint,
 * and moves the cursor. What comes again is recognised by the cursor.
 */
#include "store/hearing.h"

#include <string.h>

static uint64_t cursor_of(struct store *store, const char *stream,
                          bool *known)
{
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT cursor FROM stream WHERE name = ?1");
    uint64_t cursor = 0;

    db_text(stmt, 1, bytes_text(stream));
    *known = db_step(store, stmt) == 1;
    if (*known)
        cursor = db_column_num(stmt, 0);
    sqlite3_reset(stmt);
    return cursor;
}

static int cursor_move(struct store *store, const struct news *news)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE stream SET cursor = max(cursor, ?2), "
               "as_of = max(as_of, ?3) WHERE name = ?1");

    db_text(stmt, 1, bytes_text(news->stream));
    db_num(stmt, 2, news->to);
    db_num(stmt, 3, news->as_of);
    return db_run(store, stmt);
}

static int hear_all(struct hearing *on, struct news *news)
{
    struct news_item item;
    int rc;

    while ((rc = news_next(news, &item)) == 1) {
        rc = hear_item(on, &item);
        if (rc < 0)
            return rc;
    }
    reached(on->store, REACH_NEWS_HEARD);
    return rc < 0 ? rc : cursor_move(on->store, news);
}

/* Only news that join what is here already are taken in: an old answer, a gap,
 * or a name that is still ours changes nothing, and what is missing is asked for
 * again. */
int store_settle_news(struct store *store, const struct news *news,
                      struct settled *out, struct fault *fault)
{
    struct hearing on = {.store = store, .out = out};
    struct news reading = *news;
    struct store_mark mark;
    bool known;
    uint64_t cursor;
    int rc = store_write(store);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return fault_set(fault, rc, "", "news");
    cursor = cursor_of(store, news->stream, &known);
    if (!known || news->from > cursor || news->to < cursor ||
        store->suspect) {
        reached(store, REACH_NEWS_OLD);
        return store->rc;
    }
    reached(store, REACH_NEWS);
    rc = mark_set(store, news->raw.len, &mark);
    if (rc < 0)
        return rc;
    entry_init(&on.entry);
    rc = hear_all(&on, &reading);
    entry_done(&on.entry);
    rc = mark_end(store, &mark, rc);
    if (rc == 0)
        return 0;
    memset(out, 0, sizeof *out);
    if (rc == ERR_FORKED)       /* the next ask brings it out */
        return 0;
    return fault_set(fault, rc, "news", "nothing of it was applied");
}
