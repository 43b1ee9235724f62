/*
 * Hub: it was set back and did not notice, until a station knew newer numbers
 * than it has drawn.
 *
 * What was decided since the start may carry a number that another change had in
 * the lost time, and its news a seq that some cursor has passed. The news are told
 * again above everything the station knows, at once: that costs bytes only, should
 * the station be wrong. The numbers move when a receipt proves that they were
 * used before, so that the fact keeps its own. It is taken for granted that a hub
 * is set back while it does not run.
 */
#include "store/news.h"

/* So much more than whoever comes first may others have heard of the lost days:
 * all that a large county writes in one. */
enum { HEARD_MORE = 1000000 };

static void shift(struct store *store, const char *sql, uint64_t by,
                  uint64_t since)
{
    sqlite3_stmt *stmt = db_stmt(store, sql);

    db_num(stmt, 1, by);
    db_num(stmt, 2, since);
    db_run(store, stmt);
}

static uint64_t above(uint64_t known, uint64_t own)
{
    return known > own ? known : own;
}

int numbers_clear(struct store *store, uint64_t number)
{
    uint64_t by = store->number - store->since_number;

    if (number <= store->since_number || by == 0)
        return 0;
    reached(store, REACH_CLEARED);
    numbers_reserve_upto(store, store->number + by);
    if (store->rc < 0)
        return store->rc;
    shift(store, "UPDATE journal SET number = number + ?1 WHERE number > ?2",
          by, store->since_number);
    shift(store, "UPDATE cell SET number = number + ?1 WHERE number > ?2", by,
          store->since_number);
    store->since_number = store->number;
    store->number += by;
    return store->rc;
}

static void retell(struct store *store, uint64_t by, uint64_t since)
{
    /* By way of negative seqs, so that none meets one not yet moved. */
    shift(store, "UPDATE news SET seq = -(seq + ?1) WHERE seq > ?2", by,
          since);
    shift(store, "UPDATE news SET seq = ?1 - seq WHERE seq < 0 AND ?2 = ?2",
          0, since);
    shift(store, "UPDATE cell SET seq = seq + ?1 WHERE seq > ?2", by, since);
    shift(store, "UPDATE cases SET seq = seq + ?1 WHERE seq > ?2", by, since);
    shift(store, "UPDATE gone SET seq = seq + ?1 WHERE seq > ?2", by, since);
    store->seq += by;
    reached(store, REACH_RETOLD);
}

int numbers_raise(struct store *store, uint64_t life, uint64_t number,
                  uint64_t seq)
{
    reached(store, REACH_RAISED);
    if (life > store->life) {
        store->life = life;
        store->reserved = 0;    /* so that the life is made durable, too */
    }
    if (number <= store->number && seq <= store->seq) {
        numbers_reserve_upto(store, store->number + 1);
        return store->rc;
    }
    /* Others may have heard more of the lost days than whoever comes first: their
     * cursors must not stand above what is told from now on. */
    seq = above(seq, store->seq) + HEARD_MORE;
    numbers_reserve_upto(store, above(number, 2 * seq - store->since_seq));
    if (store->rc < 0)
        return store->rc;
    if (store->seq > store->since_seq)
        retell(store, seq - store->since_seq, store->since_seq);
    store->number = above(number, store->number);
    store->seq = above(seq, store->seq);
    store->since_seq = seq;
    return store->rc;
}

int news_again(struct store *store)
{
    uint64_t by = store->seq;

    numbers_reserve_upto(store, 2 * by);
    if (store->rc == 0)
        retell(store, by, 0);
    store->since_seq = store->seq;
    return store->rc;
}
