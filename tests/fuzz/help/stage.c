#include "tests/fuzz/help/stage.h"
#include "tests/fuzz/help/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(struct store *store, const char *sql)
{
    must(sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK,
         "%s: %s", sql, sqlite3_errmsg(store->db));
}

/* The statement table knows a statement by the address of its text, so what
 * stands behind that text can be another one. */
static void replace(struct store *store, const char *old, const char *now)
{
    int found = 0;

    for (int i = 0; i < STATEMENTS; i++) {
        struct statement *at = &store->statement[i];

        if (at->sql == NULL || strcmp(at->sql, old) != 0)
            continue;
        sqlite3_finalize(at->stmt);
        must(sqlite3_prepare_v2(store->db, now, -1, &at->stmt, NULL) ==
                 SQLITE_OK,
             "%s", now);
        found++;
    }
    must(found == 1, "the store has %d statements %s", found, old);
}

/* So that all three have been used once. What is large has a turn for itself. */
static void use_turns(struct store *store)
{
    struct store_mark mark;

    must(mark_set(store, SIZE_MAX, &mark) == 0, "a turn begins");
    must(mark_end(store, &mark, ERR_FAULT) == ERR_FAULT, "it is undone");
    must(mark_set(store, SIZE_MAX, &mark) == 0, "another turn begins");
    must(store_commit(store, NULL) == 0, "it ends");
}

void stage_open(struct stage *stage, struct store *store)
{
    use_turns(store);
    replace(store, "BEGIN IMMEDIATE", "SAVEPOINT turn");
    replace(store, "COMMIT", "RELEASE turn");
    replace(store, "ROLLBACK", "ROLLBACK TO turn");
    must(store->passed == NULL, "no origin has passed yet");
    stage->store = store;
    stage->was = *store;
    must(kinds_read_text(buf_view(&store->kinds->text), &stage->kinds,
                         NULL) == 0,
         "the kinds are read again");
    run(store, "BEGIN IMMEDIATE");
}

/* A statement that is still running keeps its view of the pages, and in the
 * daemon no checkpoint would ever get past it. */
static void must_rest(struct store *store)
{
    sqlite3_stmt *stmt = NULL;

    while ((stmt = sqlite3_next_stmt(store->db, stmt)) != NULL)
        must(!sqlite3_stmt_busy(stmt), "still running: %s",
             sqlite3_sql(stmt));
}

void stage_back(struct stage *stage)
{
    struct store *store = stage->store, now = stage->was;

    must_rest(store);
    must(!sqlite3_get_autocommit(store->db), "the transaction has ended");
    run(store, "ROLLBACK; BEGIN IMMEDIATE");
    memcpy(now.statement, store->statement, sizeof now.statement);
    now.plan = store->plan;     /* only scratch, made when first wanted */
    free(store->passed);        /* none when it was opened */
    now.kinds = store->kinds;
    if (memcmp(now.kinds->hash, stage->kinds->hash, HASH_SIZE) != 0) {
        kinds_free(now.kinds);
        must(kinds_read_text(buf_view(&stage->kinds->text), &now.kinds,
                             NULL) == 0,
             "the kinds are read again");
    }
    *store = now;
}
