/*
 * Station: the same disk ran twice.
 *
 * Happy path: the hub took one copy's changes and says so to the other; here
 * each change is written once more under a new origin, with its old name in it,
 * and every pointer to its old place follows. The saves stay the same saves, told
 * by the same tokens. None of them has a verdict, unless the hub also lost days in
 * between and gave the name to the other copy: then what it was told is true no
 * longer, it is asked again, and the news are heard again from the start.
 */
#include "store/fork.h"
#include "store/receipt.h"

#include <stdlib.h>
#include <string.h>

struct move {
    struct place_id from, to;
};

struct forking {
    struct store *store;
    struct move *move;          /* in order of `from` */
    int moves;
    bool decided;               /* one of them had a verdict */
};

static int repoint(struct forking *on, const struct entry *old,
                   struct place_id to)
{
    static const char *const sql[] = {
        ("UPDATE cell SET own_origin = ?5, own_n = ?6 WHERE record = ?1 AND "
         "cell = ?2 AND own_origin = ?3 AND own_n = ?4"),
        ("UPDATE cell SET last_origin = ?5, last_n = ?6 WHERE record = ?1 AND "
         "cell = ?2 AND last_origin = ?3 AND last_n = ?4"),
        ("UPDATE cell SET origin = NULL, n = NULL, number = 0, "
         "own_origin = ifnull(own_origin, ?5), own_n = ifnull(own_n, ?6), "
         "own_base = ifnull(own_base, 0) WHERE record = ?1 AND cell = ?2 AND "
         "origin = ?3 AND n = ?4"),
        (PAST_OF_RECORD "UPDATE journal SET past_origin = ?5, past_n = ?6 "
         "WHERE past_origin = ?3 AND past_n = ?4 AND "
         "(origin, n) IN (SELECT origin, n FROM past)"),
    };
    int rc = 0;

    /* The chain is walked from its end: it must not yet lead elsewhere. */
    for (int i = 3; i >= 0 && rc == 0; i--) {
        sqlite3_stmt *stmt = db_stmt(on->store, sql[i]);

        db_int(stmt, 1, old->record);
        db_num(stmt, 2, old->cell);
        db_int(stmt, 3, old->at.origin);
        db_num(stmt, 4, old->at.n);
        db_int(stmt, 5, to.origin);
        db_num(stmt, 6, to.n);
        rc = db_run(on->store, stmt);
    }
    return rc;
}

static int forget(struct store *store, const struct entry *old)
{
    static const char *const sql[] = {
        "DELETE FROM journal WHERE origin = ?1 AND n = ?2",
        "DELETE FROM cases WHERE origin = ?1 AND n = ?2"};
    int rc = 0;

    for (int i = 0; i < 2 && rc == 0; i++) {
        sqlite3_stmt *stmt = db_stmt(store, sql[i]);

        db_int(stmt, 1, old->at.origin);
        db_num(stmt, 2, old->at.n);
        rc = db_run(store, stmt);
    }
    tally_move(store, (int)old->state, -1, 1);
    return rc;
}

static int move_one(struct forking *on, struct place_id at)
{
    struct store *store = on->store;
    struct entry old;
    struct place_id to;
    int rc;

    entry_init(&old);
    rc = journal_load(store, at, &old);
    if (rc == 1 && old.readable) {
        struct change change = old.change;

        if (!change.has_was) {
            change.has_was = true;
            change.was = change.name;
            change.was_hash = old.hash;
        }
        change.name.origin = store->self_origin;
        rc = journal_write(store, &change, old.record, old.past, &to);
        if (rc == 0)
            rc = repoint(on, &old, to);
        if (rc == 0)
            rc = forget(store, &old);
        on->decided = on->decided || old.state != STATE_QUEUED;
        on->move = xrealloc(on->move, sizeof *on->move *
                                          ((size_t)on->moves + 1));
        on->move[on->moves++] = (struct move){at, to};
    }
    entry_done(&old);
    return rc < 0 ? rc : 0;
}

/* All that follow in this line of work: the origin's own, and those of every
 * origin drawn after it. */
static int move_all(struct forking *on, int64_t origin, uint64_t from)
{
    struct place_id at = {origin, from - 1};
    int rc;

    do {
        sqlite3_stmt *stmt = db_stmt(
            on->store, "SELECT j.origin, j.n FROM journal j JOIN origin o "
                       "ON o.id = j.origin WHERE o.own = 1 AND j.n <= o.n AND "
                       "j.origin <> ?3 AND (j.origin, j.n) > (?1, ?2) "
                       "ORDER BY j.origin, j.n LIMIT 1");

        db_int(stmt, 1, at.origin);
        db_num(stmt, 2, at.n);
        db_int(stmt, 3, on->store->self);
        rc = db_step(on->store, stmt);
        if (rc == 1)
            at = (struct place_id){sqlite3_column_int64(stmt, 0),
                                   db_column_num(stmt, 1)};
        sqlite3_reset(stmt);
        if (rc == 1 && move_one(on, at) < 0)
            rc = on->store->rc < 0 ? on->store->rc : ERR_FAULT;
    } while (rc == 1);
    return rc;
}

static int by_from(const void *a, const void *b)
{
    const struct move *x = a, *y = b;

    if (x->from.origin != y->from.origin)
        return x->from.origin < y->from.origin ? -1 : 1;
    return (x->from.n > y->from.n) - (x->from.n < y->from.n);
}

static int move_token(struct store *store, struct bytes token,
                      struct place_id to)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE token SET origin = ?2, n = ?3 WHERE token = ?1");

    db_bytes(stmt, 1, token);
    db_int(stmt, 2, to.origin);
    db_num(stmt, 3, to.n);
    return db_run(store, stmt);
}

/* Who asks again with a token gets the receipt under the new names. */
static int move_tokens(struct forking *on, int64_t origin)
{
    sqlite3_stmt *stmt =
        db_stmt(on->store, "SELECT token, origin, n FROM token "
                           "WHERE origin >= ?1");
    int rc = 0;

    db_int(stmt, 1, origin);
    while (rc == 0 && db_step(on->store, stmt) == 1) {
        struct move key = {{sqlite3_column_int64(stmt, 1),
                            db_column_num(stmt, 2)}, {0, 0}};
        const struct move *found =
            on->moves == 0 ? NULL
                           : bsearch(&key, on->move, (size_t)on->moves,
                                     sizeof *on->move, by_from);

        if (found != NULL)
            rc = move_token(on->store, db_column(stmt, 0), found->to);
    }
    sqlite3_reset(stmt);
    return rc < 0 ? rc : on->store->rc;
}

/* The old origin ends at the last common change; later ones are empty now. */
static int end_old(struct store *store, int64_t origin, uint64_t last,
                   const struct hash *hash)
{
    sqlite3_stmt *stmt = db_stmt(
        store, "UPDATE origin SET n = ?2, hash = ?3, "
               "confirmed = min(confirmed, ?2), again = 0 WHERE id = ?1");
    int rc;

    db_int(stmt, 1, origin);
    db_num(stmt, 2, last);
    if (last > 0)
        db_hash(stmt, 3, hash);
    else
        sqlite3_bind_null(stmt, 3);
    rc = db_run(store, stmt);
    if (rc < 0)
        return rc;
    stmt = db_stmt(store, "DELETE FROM origin WHERE id > ?1 AND own = 1 AND "
                          "id <> ?2 AND NOT EXISTS (SELECT 1 FROM journal "
                          "WHERE journal.origin = origin.id)");
    db_int(stmt, 1, origin);
    db_int(stmt, 2, store->self);
    return db_run(store, stmt);
}

/* What the new origin goes on from: the last common change; before the first one
 * of this origin, whatever it went on from itself. 1 there is one, 0 none. */
static int common(struct store *store, const struct origin_row *origin,
                  uint64_t last, struct origin_row *out)
{
    int rc;

    *out = *origin;
    if (last == 0) {
        if (origin->parent == 0)
            return 0;
        rc = origin_by_row(store, origin->parent, out);
        out->n = origin->parent_n;
        out->hash = origin->parent_hash;
    } else {
        out->n = last;
        rc = journal_hash(store, (struct place_id){origin->id, last},
                          &out->hash);
    }
    return rc == 1 ? 1 : rc < 0 ? rc : ERR_CORRUPT;
}

int fork_line(struct store *store, const struct origin_row *origin,
              uint64_t from, bool alone)
{
    struct forking on = {.store = store};
    struct origin_row parent;
    int rc = common(store, origin, from - 1, &parent);

    reached(store, REACH_FORK);
    if (rc >= 0)
        rc = origin_renew(store, alone || rc == 0 ? NULL : &parent);
    if (rc == 0)
        rc = move_all(&on, origin->id, from);
    if (rc == 0)
        rc = move_tokens(&on, origin->id);
    if (rc == 0)
        rc = end_old(store, origin->id, from - 1, &parent.hash);
    if (rc == 0)
        rc = receipt_forget(store, origin->id, from);
    if (rc == 0 && on.decided)
        rc = db_exec(store, "UPDATE stream SET cursor = 0");
    free(on.move);
    return rc;
}

/* The news of this answer lack the same, even if they join. */
int fork_suspect(struct store *store)
{
    store->suspect = true;
    return db_exec(store, "UPDATE stream SET cursor = 0");
}
