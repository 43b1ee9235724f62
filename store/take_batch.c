/*
 * Hub: taking in a batch.
 *
 * Happy path: the batch goes on where the origin stands, every place is decided.
 * If one fails, the turn is lost and its asker comes again: then, and after a
 * start that follows no clean stop, the hub is careful. Each change has a commit
 * of its own then, behind a mark that names it, and one that fails, or that is
 * found under its own mark after three crashes, is set aside: one bad change costs
 * one change.
 */
#include "store/taking.h"

#include <string.h>

/* Is the change here under this place the one with this hash? */
static int same_place(struct taking *on, struct place_id at,
                      const struct hash *hash)
{
    struct hash known;
    int rc = journal_hash(on->store, at, &known);

    if (rc != 1)
        return rc < 0 ? rc : ERR_CORRUPT;
    return memcmp(known.b, hash->b, HASH_SIZE) == 0 ? 0 : ERR_FORKED;
}

static int known_place(struct taking *on, const struct place *place)
{
    struct place_id at = {on->origin.id, place->n};
    int rc = same_place(on, at, &place->hash);

    if (rc == ERR_FORKED)
        on->forked_at = place->n;
    reached(on->store, REACH_KNOWN);
    return rc;
}

static int forked_at(struct taking *on, uint64_t n)
{
    on->forked_at = n;
    return ERR_FORKED;
}

/* A new origin only after its parent, hash and all. */
static int anchored(struct taking *on, const struct batch *batch)
{
    struct origin_row *origin = &on->origin;
    struct origin_row above;
    char name[STATION_MAX + 1];

    if (batch->first > origin->n + 1)
        return ERR_GAP;
    if (batch->first <= origin->n)
        return 0;               /* each known place is compared itself */
    if (origin->n == 0 && origin->parent != 0) {
        if (origin_by_row(on->store, origin->parent, &above) != 1 ||
            above.n < origin->parent_n)
            return ERR_GAP;
        origin_station(on->store, above.id, name, sizeof name);
        if (strcmp(name, on->station) != 0)
            return forked_at(on, FORKED_ALONE); /* of another station */
        if (same_place(on, (struct place_id){above.id, origin->parent_n},
                       &origin->parent_hash) < 0)
            return forked_at(on, FORKED_ALONE);
    }
    return memcmp(batch->before.b, origin->hash.b, HASH_SIZE) == 0
               ? 0 : forked_at(on, batch->first);
}

static int origin_move(struct taking *on)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store, "UPDATE origin SET n = ?2, hash = ?3 WHERE id = ?1");

    db_int(stmt, 1, on->origin.id);
    db_num(stmt, 2, on->origin.n);
    db_hash(stmt, 3, &on->origin.hash);
    return db_run(on->store, stmt);
}

/* ---- carefully ---- */

/* A power cut may fall on any change; one that is found under its own mark so
 * often is what ends the program. */
enum { DEATHS = 3 };

static bool marked(struct store *store, struct place_id at)
{
    return at.origin == meta_get(store, "deciding_origin", 0) &&
           at.n == (uint64_t)meta_get(store, "deciding_n", 0);
}

/* Name what is decided next, and the how manieth try it is. */
static int mark_deciding(struct store *store, struct place_id at)
{
    int64_t tries = marked(store, at)
                        ? meta_get(store, "deciding_tries", 0) + 1 : 1;
    int rc = meta_set(store, "deciding_origin", at.origin);

    if (rc == 0)
        rc = meta_set(store, "deciding_n", (int64_t)at.n);
    return rc < 0 ? rc : meta_set(store, "deciding_tries", tries);
}

static bool killed_us(struct store *store, struct place_id at)
{
    return marked(store, at) &&
           meta_get(store, "deciding_tries", 0) >= DEATHS;
}

static bool is_own_fault(int err)
{
    return err == ERR_FAULT || err == ERR_CORRUPT;
}

static bool is_failing(const struct taking *on)
{
    return id_equal(&on->store->failing, &on->origin.origin);
}

static bool has_passed(const struct taking *on)
{
    for (int i = 0; i < on->store->npassed; i++)
        if (on->store->passed[i] == on->origin.id)
            return true;
    return false;
}

/* Another station's good batch says nothing of this one's. */
static bool is_careful(const struct taking *on)
{
    return is_failing(on) || (on->store->careful && !has_passed(on));
}

enum { PASSED_MAX = 4096 };     /* origins; with so many it was not a change */

/* A batch of this origin has passed. */
static int pass(struct taking *on)
{
    struct store *store = on->store;

    if (!is_careful(on))
        return 0;
    if (is_failing(on))
        memset(&store->failing, 0, sizeof store->failing);
    if (store->careful && !has_passed(on)) {
        store->passed = xrealloc(store->passed, sizeof *store->passed *
                                                    ((size_t)store->npassed +
                                                     1));
        store->passed[store->npassed++] = on->origin.id;
        store->careful = store->npassed < PASSED_MAX;
    }
    return mark_deciding(store, (struct place_id){0, 0});
}

static int commit_before(struct taking *on, struct place_id at)
{
    int rc = origin_move(on);

    if (rc == 0)
        rc = mark_deciding(on->store, at);
    if (rc == 0)
        rc = store_commit(on->store, NULL);
    return rc < 0 ? rc : store_write(on->store);
}

/* One change behind its mark. `take` decides it, or enters what was decided. */
static int take_carefully(struct taking *on, const struct place *place,
                          take_fn *take, void *user)
{
    struct store *store = on->store;
    struct place_id at = {on->origin.id, place->n};
    int rc = 0;

    reached(store, REACH_CAREFUL);
    on->wrong = "change";
    if (killed_us(store, at)) {
        reached(store, REACH_DEADLY);
    } else {
        rc = commit_before(on, at);
        if (rc < 0)             /* the changes before it are undone, too */
            return rc;
        rc = take(on, place, user);
        if (!is_own_fault(rc))
            return rc;
        turn_undo(store);
        store->rc = 0;
        on->on.row.id = 0;
        rc = store_write(store);
    }
    begin_place(on, place);
    return rc < 0 ? rc : set_aside(on);
}

/* The log must not grow past its bound, however long the batch. */
static int commit_if_heavy(struct taking *on)
{
    int rc;

    if (!store_heavy(on->store))
        return 0;
    rc = origin_move(on);
    if (rc == 0)
        rc = store_commit(on->store, NULL);
    return rc < 0 ? rc : store_write(on->store);
}

static int take_next(struct taking *on, const struct place *place,
                     take_fn *take, void *user)
{
    int rc;

    if (place->n <= on->origin.n)
        return known_place(on, place);
    rc = is_careful(on) ? take_carefully(on, place, take, user)
                        : take(on, place, user);
    if (rc < 0)
        return rc;
    on->origin.n = place->n;
    on->origin.hash = place->hash;
    return commit_if_heavy(on);
}

int take_places(struct taking *on, struct batch batch, take_fn *take,
                void *user)
{
    struct place place;
    int rc, moved;

    while ((rc = batch_next(&batch, &place)) == 1) {
        rc = take_next(on, &place, take, user);
        if (rc < 0)
            break;
    }
    if (rc < 0 && rc != ERR_FORMAT && rc != ERR_FORKED)
        return rc;
    moved = origin_move(on);
    if (moved == 0 && rc == 0)
        moved = pass(on);
    return moved < 0 ? moved : rc;
}

/* Nothing of a turn in which something failed may become durable. */
static int lose_turn(struct taking *on, int rc)
{
    reached(on->store, REACH_LOST);
    turn_undo(on->store);
    if (!is_own_fault(rc))
        return rc;
    on->store->failing = on->origin.origin;
    return ERR_AGAIN;
}

int taking_open(struct taking *on, struct store *store,
                const struct station *station, const struct batch *batch)
{
    struct kinds *kinds;
    char name[STATION_MAX + 1];
    int rc;

    memset(on, 0, sizeof *on);
    on->store = store;
    on->org = station->org;
    on->station = station->name;
    if (origin_find(store, &batch->origin, &on->origin) != 1)
        return ERR_GAP;         /* not named in the hello */
    origin_station(store, on->origin.id, name, sizeof name);
    if (strcmp(name, station->name) != 0)
        return ERR_SCOPE;       /* it belongs to another station */
    kinds = store_kinds_of(store, batch->kinds, &on->kinds_row);
    /* Files this hub never had: ids mean the same in all of them, and what
     * its own do not know is set aside, change by change. */
    if (kinds == NULL) {
        kinds = store->kinds;
        on->kinds_row = store->kinds_row;
    }
    on->kinds = kinds;
    on->on.store = store;
    on->on.org = station->org;
    on->on.entry = &on->entry;
    entry_init(&on->entry);
    entry_init(&on->on.force);
    buf_init(&on->cleaned, CHANGE_MAX);
    rc = anchored(on, batch);
    return rc == 0 ? branch_find(on) : rc;
}

void taking_close(struct taking *on)
{
    if (on->kinds == NULL)
        return;
    buf_done(&on->cleaned);
    entry_done(&on->on.force);
    entry_done(&on->entry);
    if (on->kinds != on->store->kinds)
        kinds_free(on->kinds);
}

/* What became of it: 0, or why nothing (more) of it was taken. */
int taking_end(struct taking *on, int rc, uint64_t count, struct taken *out,
               struct fault *fault)
{
    if (rc < 0 && rc != ERR_GAP && rc != ERR_SCOPE && rc != ERR_FORKED &&
        rc != ERR_FORMAT)
        rc = lose_turn(on, rc);
    reached(on->store, rc == 0            ? REACH_TAKEN
                       : rc == ERR_FORKED ? REACH_FORKED
                                          : REACH_GAP);
    out->count = rc == 0 ? count : 0;
    out->origin = on->origin.origin;
    out->forked_at = on->forked_at;
    return rc < 0 ? fault_set(fault, rc, "batch", "not taken") : 0;
}

/* What an ask of an older life brings may have been confirmed as received in that
 * life, and lost since: then its author waits for the verdict without asking. */
static int decide_place(struct taking *on, const struct place *place,
                        void *user)
{
    const struct batch *batch = user;
    int rc = take_place(on, place);

    if (rc < 0 || batch->life == 0 || batch->life >= on->store->life ||
        on->entry.state == STATE_RECEIVED)
        return rc;
    return news_verdict(on->store, on->entry.at);
}

int store_take(struct store *store, const struct station *station,
               const struct batch *batch, struct taken *out,
               struct fault *fault)
{
    struct taking on;
    int rc = store_write(store);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return fault_set(fault, rc, "", "the hub cannot write");
    reached(store, REACH_TAKE);
    rc = taking_open(&on, store, station, batch);
    if (rc == 0)
        rc = take_places(&on, *batch, decide_place, (void *)batch);
    rc = taking_end(&on, rc, batch->count, out, fault);
    taking_close(&on);
    return rc;
}
