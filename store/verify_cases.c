/*
 * Does each case follow from the journal, and has each change that waits its
 * case? What its hub or, of its own changes, this station decided stands in
 * both places; of others a station knows what it was told, and the two may have
 * come at different times.
 */
#include "store/verify.h"

#include <string.h>

enum { SLICE_CASES = 500 };     /* each looks three rows up */

/* A case, and what stands beside it. */
struct beside {
    struct place_id at;
    enum reason reason, why;    /* of the case, and of its change */
    enum state state;           /* of the change; */
    bool here;                  /* which is there */
    bool same_place, same_words;
    int open;
    bool settled;               /* somebody is known to have done so */
    bool decided_here;
};

/* The verdict that makes a case with this reason. */
static bool verdict_of(enum reason reason, enum state *out)
{
    switch (reason) {
    case REASON_CLASH:
    case REASON_PROPOSAL:
    case REASON_ENDED:
    case REASON_FIXED:
    case REASON_STEP:
        *out = STATE_PARKED;
        return true;
    case REASON_RULE:
    case REASON_SCOPE:
    case REASON_VALUE:
        *out = STATE_RETURNED;
        return true;
    case REASON_UNREADABLE:
        *out = STATE_ASIDE;
        return true;
    case REASON_DUPLICATE:
    case REASON_COPIED:
    case REASON_RESTORED:
    case REASON_LOST:
        *out = STATE_TAKEN;
        return true;
    case REASON_NONE:
        break;
    }
    return false;
}

/* The case of what is in force asks about it and leaves it so; of what was set
 * aside too, unless it was decided after all. */
static bool state_fits(const struct beside *on, enum state verdict)
{
    bool own_words = verdict == STATE_PARKED || verdict == STATE_RETURNED;

    if (own_words && !on->open)
        verdict = STATE_SETTLED;
    if (on->state != verdict)
        return false;
    return verdict == STATE_TAKEN || (on->why == on->reason && on->same_words);
}

/* Told as a case before the verdict came; or it is in force after all. */
static bool state_may_differ(const struct store *store,
                             const struct beside *on)
{
    if (on->reason == REASON_UNREADABLE)
        return !on->open && on->state != STATE_QUEUED;
    return !store->hub && (on->state == STATE_QUEUED ||
                           on->state == STATE_RECEIVED ||
                           (on->state == STATE_TAKEN && !on->open));
}

/* A hub that was set back could not read what it once took: it asks, and its
 * author keeps the verdict he was told. */
static bool taken_once(const struct store *store, const struct beside *on)
{
    return !store->hub && on->reason == REASON_UNREADABLE && on->open == 1 &&
           on->state == STATE_TAKEN;
}

static bool case_fits(const struct store *store, const struct beside *on)
{
    bool released = on->reason == REASON_UNREADABLE &&
                    (!on->open || !on->decided_here);
    enum state verdict;

    if (taken_once(store, on))
        return true;
    if ((on->open != 0 && on->open != 1) ||
        !verdict_of(on->reason, &verdict) ||
        (store->hub && on->reason == REASON_LOST) ||
        (!on->same_place && !released))
        return false;
    return !on->decided_here || state_fits(on, verdict) ||
           state_may_differ(store, on);
}

/* Of what was set aside the verdict, once it comes, ends the case; a station may
 * hear of that first. */
static bool may_be_released(const struct store *store,
                            const struct beside *on)
{
    return on->reason == REASON_UNREADABLE &&
           (!store->hub || on->state != STATE_ASIDE);
}

static int verify_case(struct verify *on, const struct beside *beside,
                       struct fault *fault)
{
    const char *wrong = NULL;

    if (!beside->here)
        wrong = "has a case and is not here";
    else if (!case_fits(on->store, beside))
        wrong = "has a case that is other than it is";
    else if (!beside->open && !beside->settled &&
             !may_be_released(on->store, beside))
        wrong = "has a case that is closed, and nobody settled it";
    if (wrong == NULL)
        return 1;
    if (origin_by_row(on->store, beside->at.origin, &on->origin) != 1)
        memset(&on->origin, 0, sizeof on->origin);
    return verify_damaged(on, "cases", beside->at.n, wrong, fault);
}

static void read_case(struct verify *on, sqlite3_stmt *row,
                      struct beside *out)
{
    out->at.origin = sqlite3_column_int64(row, 1);
    out->at.n = db_column_num(row, 2);
    out->reason = (enum reason)sqlite3_column_int(row, 3);
    out->open = sqlite3_column_int(row, 4);
    out->here = sqlite3_column_type(row, 5) != SQLITE_NULL;
    out->state = (enum state)sqlite3_column_int(row, 5);
    out->why = (enum reason)sqlite3_column_int(row, 6);
    out->same_place = sqlite3_column_int(row, 7) != 0;
    out->same_words = sqlite3_column_int(row, 8) != 0;
    out->settled = sqlite3_column_int(row, 9) != 0;
    out->decided_here =
        on->store->hub || place_is_own(on->store, out->at);
}

int verify_cases(struct verify *on, struct fault *fault)
{
    sqlite3_stmt *stmt = db_stmt(
        on->store,
        "SELECT c.id, c.origin, c.n, c.reason, c.open, j.state, j.reason, "
        "c.record IS j.record AND (j.record IS NULL OR "
        "(c.cell = j.cell AND c.key = j.key)), "
        "ifnull(c.field, '') = ifnull(j.field, '') AND "
        "ifnull(c.rule, '') = ifnull(j.rule, ''), s.n IS NOT NULL "
        "FROM cases c LEFT JOIN journal j ON j.origin = c.origin AND "
        "j.n = c.n LEFT JOIN origin o ON o.id = c.origin "
        "LEFT JOIN settles s ON s.origin = o.origin AND s.n = c.n "
        "WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
    struct beside beside;
    int rows = 0, rc = 1, stepped = 0;

    db_int(stmt, 1, on->cases);
    db_int(stmt, 2, SLICE_CASES);
    while (rc == 1 && (stepped = db_step(on->store, stmt)) == 1) {
        on->cases = sqlite3_column_int64(stmt, 0);
        read_case(on, stmt, &beside);
        rc = verify_case(on, &beside, fault);
        rows++;
    }
    sqlite3_reset(stmt);
    if (stepped < 0)
        return stepped;
    if (rc == 1 && rows < SLICE_CASES)
        on->phase = VERIFY_RECEIPTS;
    return rc;
}

int verify_waits(struct verify *on, uint64_t n, enum state state,
                 struct fault *fault)
{
    struct place_id at = {on->origin.id, n};
    struct case_row found;
    int rc;

    if ((state != STATE_PARKED && state != STATE_RETURNED &&
         state != STATE_ASIDE && state != STATE_SETTLED) ||
        (!on->store->hub && !place_is_own(on->store, at)))
        return 1;
    rc = case_find(on->store, at, &found);
    return rc == 0 ? verify_damaged(on, "cases", n, "has no case", fault) : rc;
}
