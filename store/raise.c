/*
 * Hub: it was set back and did not notice, until a station knew newer numbers
 * than it has drawn.
 *
 * What was decided since the start may carry a number that another change had in
 * the lost time, and its news a seq that some cursor has passed. Both are moved
 * above everything the station knows, so that a refilled fact keeps its number and
 * its order, and nobody misses news. It is taken for granted that a hub is set
 * back while it does not run.
 */
#include "store/news.h"

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

static void renumber(struct store *store, uint64_t by, uint64_t since)
{
    shift(store, "UPDATE journal SET number = number + ?1 WHERE number > ?2",
          by, since);
    shift(store, "UPDATE cell SET number = number + ?1 WHERE number > ?2",
          by, since);
    store->number += by;
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
        numbers_reserve_upto(store, store->number);
        return store->rc;
    }
    number = above(number, store->number);
    seq = above(seq, store->seq);
    numbers_reserve_upto(store, above(2 * number - store->since_number,
                                      2 * seq - store->since_seq));
    if (store->rc < 0)
        return store->rc;
    if (store->number > store->since_number)
        renumber(store, number - store->since_number, store->since_number);
    if (store->seq > store->since_seq)
        retell(store, seq - store->since_seq, store->since_seq);
    store->number = above(number, store->number);
    store->seq = above(seq, store->seq);
    store->since_number = number;
    store->since_seq = seq;
    return store->rc;
}
