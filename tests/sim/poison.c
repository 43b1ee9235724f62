/*
 * Somebody with a station's secret who keeps no rule: an ask as no station of
 * ours would write it, made with proto/ alone. The hub must set aside, return or
 * pass over what is wrong, and everything else must go on as if nothing were.
 */
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"
#include "tests/sim/work.h"

#include <stdio.h>
#include <string.h>

enum { CHANGES = 6, RAW = 4096 };

enum wrong {
    WRONG_BYTES,                /* no change at all */
    WRONG_KIND,
    WRONG_CELL,
    WRONG_FIELD,
    WRONG_FORM,                 /* a value not in its one form */
    WRONG_COUNTY,               /* a record for another county */
    WRONG_SCOPE,                /* a record for another township */
    WRONG_RECORD,               /* somebody's record, perhaps not its own */
    WRONG_ORDER,                /* cells before their identity */
    WRONG_GAP,
    WRONG_CHAIN,
    WRONG_ORIGIN,               /* goes on with another station's origin */
    WRONG_SETTLES,              /* closes whatever it can name */
    WRONG_RULE,
    WRONG_FRAMES,
    WRONG_HELLO,
    WRONG_NAME,                 /* a change that says it is another's */
    WRONGS
};

struct poison {
    struct machine *station;
    struct rng dice;
    enum wrong wrong;
    struct id origin;
    struct id record;
    struct hash at;             /* of the change before */
    uint64_t n;
    struct batch_writer writer;
    struct wire wire;
    struct buf ask;
};

/* ---- changes ---- */

static void field_put(struct change *change, uint64_t field, const char *text)
{
    body_set(&change->body, field, bytes_text(text));
}

static void identity(struct poison *on, struct change *change)
{
    const char *org = on->station->org;

    if (on->wrong == WRONG_COUNTY)
        org = "630000";
    if (on->wrong == WRONG_SCOPE)
        org = COUNTY "999";
    change->cell = 1;
    field_put(change, 1, org);
    field_put(change, 2, "毒");
}

/* Somebody's change, to be gone on from or settled. */
static const struct told *any_told(struct poison *on)
{
    const struct oracle *oracle = on->station->sim->oracle;

    return oracle->count == 0
               ? NULL
               : &oracle->told[rng_below(&on->dice, (uint64_t)oracle->count)];
}

static void settle_any(struct poison *on, struct change *change)
{
    const struct told *told = any_told(on);

    if (told != NULL)
        change->settles[change->nsettles++] = told->name;
    change->base = UINT64_MAX;
}

static void cell_of(struct poison *on, struct change *change, int i)
{
    change->cell = 2;
    field_put(change, 3, "毒");
    switch (on->wrong) {
    case WRONG_KIND:
        change->kind = 4711;
        break;
    case WRONG_CELL:
        change->cell = 4711;
        break;
    case WRONG_FIELD:
        field_put(change, 4711, "毒");
        break;
    case WRONG_FORM:
        change->cell = 6;
        change->body.count = 0;
        field_put(change, 8, "2020.1.5");
        break;
    case WRONG_RULE:
        change->cell = 9;
        change->body.count = 0;
        field_put(change, 11, "2021-01-01");
        field_put(change, 12, "2020-01-01");
        break;
    case WRONG_NAME:
        change->name.n += (uint64_t)i;
        break;
    case WRONG_SETTLES:
        settle_any(on, change);
        break;
    default:
        break;
    }
}

static void change_put(struct poison *on, int i)
{
    struct change change;
    struct buf bytes;
    bool first = on->wrong == WRONG_ORDER ? i == CHANGES - 1 : i == 0;

    memset(&change, 0, sizeof change);
    change.name = (struct name){on->origin, ++on->n};
    change.record = on->record;
    change.kind = 2;
    change.author = bytes_text(POISON_AUTHOR);
    change.base = rng_below(&on->dice, 3) == 0 ? rng_next(&on->dice) >> 40 : 0;
    if (first && on->wrong != WRONG_RECORD && on->wrong != WRONG_SETTLES)
        identity(on, &change);
    else
        cell_of(on, &change, i);
    buf_init(&bytes, CHANGE_MAX);
    change_write(&change, &bytes);
    if (on->wrong == WRONG_BYTES && i == 2)
        rng_fill(&on->dice, bytes.data, bytes.len);
    on->at = change_hash(&on->at, buf_view(&bytes));
    batch_add(&on->writer, buf_view(&bytes), &on->at, BATCH_SIZE_MAX);
    buf_done(&bytes);
}

/* ---- the ask ---- */

static void frame(struct poison *on, enum frame_type type, struct buf *payload)
{
    wire_frame_write(&on->wire, type, buf_view(payload), &on->ask);
    buf_done(payload);
}

static void hello_put(struct poison *on)
{
    struct hello hello = {.heads = 1, .room = 1 << 20};
    struct buf payload;

    hello.head[0].origin = on->origin;
    hello.head[0].n = on->n + CHANGES;
    if (on->wrong == WRONG_HELLO) {
        hello.life = rng_next(&on->dice) >> rng_below(&on->dice, 64);
        hello.number = rng_next(&on->dice) >> rng_below(&on->dice, 64);
        hello.seq = rng_next(&on->dice) >> rng_below(&on->dice, 64);
        hello.head[0].has_parent = true;
        hello.head[0].parent = (struct name){on->origin, 3};
    }
    buf_init(&payload, FRAME_MAX);
    hello_write(&hello, &payload);
    frame(on, FRAME_HELLO, &payload);
}

static void batch_put(struct poison *on)
{
    struct buf payload;

    batch_open(&on->writer, sim_kinds(KINDS_NOW)->hash, &on->origin,
               on->wrong == WRONG_GAP ? on->n + 5 : on->n + 1, &on->at);
    for (int i = 0; i < CHANGES; i++)
        change_put(on, i);
    buf_init(&payload, BATCH_MAX);
    if (batch_close(&on->writer, &payload) == 0)
        frame(on, FRAME_BATCH, &payload);
    else
        buf_done(&payload);
}

static void noise_put(struct poison *on)
{
    struct buf payload;

    buf_init(&payload, RAW);
    rng_fill(&on->dice, buf_room(&payload, RAW / 2), RAW / 2);
    frame(on, (enum frame_type)rng_below(&on->dice, 12), &payload);
}

static void ask_put(struct poison *on)
{
    struct buf end = {.data = NULL};

    buf_init(&on->ask, RECORD_MAX);
    memcpy(on->wire.key, on->station->key, KEY);
    rng_fill(&on->dice, on->wire.ask_id, ID_SIZE);
    wire_head_write(&on->wire, on->station->name, &on->ask);
    hello_put(on);
    if (on->wrong == WRONG_FRAMES)
        noise_put(on);
    batch_put(on);
    frame(on, FRAME_END, &end);
}

/* Has the hub been heard to have it? Nobody guesses the id of another. */
static bool at_hub(const struct oracle *oracle, int record)
{
    for (int i = 0; i < oracle->count; i++)
        if (oracle->told[i].record == record && oracle->told[i].sure_at >= 0)
            return true;
    return false;
}

static void begin(struct poison *on)
{
    struct work *work = on->station->sim->work;
    const struct told *told = any_told(on);
    int record;

    rng_fill(&on->dice, on->origin.b, ID_SIZE);
    rng_fill(&on->dice, on->record.b, ID_SIZE);
    if (on->wrong == WRONG_CHAIN)
        rng_fill(&on->dice, on->at.b, HASH_SIZE);
    if (on->wrong == WRONG_ORIGIN && told != NULL && told->sure_at >= 0) {
        on->origin = told->name.origin;
        on->n = told->name.n - rng_below(&on->dice, 2);
    }
    if (work->records == 0 || on->wrong < WRONG_RECORD ||
        on->wrong == WRONG_ORDER)
        return;
    record = (int)rng_below(&on->dice, (uint64_t)work->records);
    if (!at_hub(on->station->sim->oracle, record))
        return;
    on->record = work->record[record].id;
    work->record[record].foreign = true;        /* no clerk is alone with it */
    work_seen_by(on->station->sim, record, on->station->org);
}

void poison(struct machine *station, int64_t what, uint64_t dice)
{
    struct sim *sim = station->sim;
    struct poison on = {.station = station,
                        .wrong = (enum wrong)(what % WRONGS)};

    rng_seed(&on.dice, sim->setup.seed, dice);
    begin(&on);
    ask_put(&on);
    sim->oracle->poisoned = true;
    net_ghost(station, buf_view(&on.ask), 0, true);
    if (on.wrong == WRONG_CHAIN) {      /* the same names, other changes */
        buf_done(&on.ask);
        on.n = 0;
        on.wrong = WRONG_BYTES;
        memset(&on.at, 0, sizeof on.at);
        memset(&on.wire, 0, sizeof on.wire);
        ask_put(&on);
        net_ghost(station, buf_view(&on.ask), MINUTE, true);
    }
    buf_done(&on.ask);
}
