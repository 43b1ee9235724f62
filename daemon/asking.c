/*
 * The station's half of the conversation.
 *
 * Happy path: hello, batches from the first change that no answer confirmed,
 * end; then the answer's welcome, confirmations, news, end, each settled as it
 * completes. What can fail: the store (nothing more is read), a frame that is
 * not the hub's (nothing of it counts), a cut (what was settled stays).
 */
#include "daemon/framing.h"
#include "daemon/reconcile.h"

#include <stdlib.h>
#include <string.h>

enum { COMPARED_ROOM = 256 * 1024 };    /* its frames wait in memory */
enum phase { SAY_HEAD, SAY_BATCHES, SAY_END, SAID };

struct asking {
    struct store *store;
    char station[STATION_MAX + 1];
    struct asking_plan plan;
    struct later *later;
    struct hello hello;
    size_t bytes;               /* no further batch behind so many */
    int rc;                     /* of making it */
    struct wire out, in;
    enum phase phase;
    int head;                   /* which origin is being packed */
    uint64_t next;              /* n to go on from; 0: its first */
    int batches;
    bool left;                  /* changes stayed behind for the next ask */
    struct buf saying;          /* bytes not yet read, from `said` on */
    size_t said;
    bool greeted;               /* the answer's head was read */
    struct framing framing;
    struct asked asked;
    uint8_t more_of[STREAM_MAX];        /* what the last frame spoke of */
    size_t more_of_len;
    bool more;                  /* and what it said of more */
    struct welcome welcome;     /* of the hub that answers */
    bool terse;                 /* some batch was told in few bytes */
    struct reconcile *reconcile;        /* rides along; NULL: none */
    struct confirm confirm;     /* scratch: large */
};

static int hear_frame(void *user, struct bytes *rest, struct fault *fault);

struct asking *asking_new(struct store *store, const char *station,
                          const uint8_t key[32], const struct id *ask_id,
                          const struct asking_plan *plan, struct later *later,
                          int64_t wall_ms)
{
    struct asking *asking = xmalloc(sizeof *asking);

    memset(asking, 0, sizeof *asking);
    asking->store = store;
    memcpy(asking->station, station, strnlen(station, STATION_MAX));
    asking->later = later;
    asking->bytes = SIZE_MAX;
    memcpy(asking->out.key, key, 32);
    memcpy(asking->out.ask_id, ask_id->b, ID_SIZE);
    asking->in = asking->out;
    asking->in.answer = true;
    buf_init(&asking->saying, FRAME_MAX + 256);
    asking->framing = (struct framing){.room = FRAME_MAX + 64,
                                       .take = hear_frame,
                                       .user = asking,
                                       .what = "answer"};
    buf_init(&asking->framing.heard, FRAME_MAX + 64);
    if (plan == NULL)
        return asking;
    asking->plan = *plan;
    asking->rc = store_hello(store, &asking->hello);
    if (later != NULL)
        later_tell(later, &asking->hello);
    asking->hello.room = plan->room;
    asking->hello.wall_ms = wall_ms;
    return asking;
}

void asking_compare(struct asking *asking, struct reconcile *reconcile)
{
    if (reconcile == NULL || asking->plan.hello_only)
        return;
    asking->reconcile = reconcile;
    if (asking->hello.room > COMPARED_ROOM)
        asking->hello.room = COMPARED_ROOM;
}

void asking_bound(struct asking *asking, size_t bytes)
{
    asking->bytes = bytes;
}

void asking_free(struct asking *asking)
{
    if (asking == NULL)
        return;
    buf_done(&asking->saying);
    buf_done(&asking->framing.heard);
    free(asking);
}

/* ---- saying ---- */

static void say_hello(struct asking *asking)
{
    struct buf payload;

    buf_init(&payload, FRAME_MAX);
    hello_write(&asking->hello, &payload);
    wire_head_write(&asking->out, asking->station, &asking->saying);
    wire_frame_write(&asking->out, FRAME_HELLO, buf_view(&payload),
                     &asking->saying);
    buf_done(&payload);
    asking->phase = asking->plan.hello_only ? SAY_END : SAY_BATCHES;
    /* Parents before children: the newest origin stands first in the hello,
     * and is packed last. */
    asking->head = asking->hello.heads > 1 ? 1 : 0;
}

static void next_head(struct asking *asking)
{
    asking->next = 0;
    if (asking->head == 0)
        asking->phase = SAY_END;
    else
        asking->head = (asking->head + 1) % asking->hello.heads;
}

static int say_batch(struct asking *asking)
{
    const struct head *head = &asking->hello.head[asking->head];
    uint64_t from = asking->next > 0 ? asking->next : head->confirmed + 1;
    enum frame_type type;
    struct buf payload;
    uint64_t next;
    int count;

    if (asking->hello.heads == 0 || asking->batches == asking->plan.batches ||
        asking->asked.gone_up >= asking->bytes) {
        asking->left = asking->hello.heads > 0;
        asking->phase = SAY_END;
        return 0;
    }
    if (from > head->n) {
        next_head(asking);
        return 0;
    }
    buf_init(&payload, FRAME_MAX);
    type = FRAME_FACTS;
    count = store_facts(asking->store, head, from, &payload, &next);
    if (count == 0) {
        type = FRAME_BATCH;
        count = store_say_batch(asking->store, &asking->hello, head, from,
                                asking->plan.batch_size, &payload, &next);
        asking->terse |= count > 0 && batch_terse(buf_view(&payload));
    }
    if (count > 0) {
        wire_frame_write(&asking->out, type, buf_view(&payload),
                         &asking->saying);
        asking->batches++;
        asking->asked.up += (uint64_t)count;
    }
    buf_done(&payload);
    asking->next = next;
    if (next == 0)
        next_head(asking);
    return count < 0 ? count : 0;
}

static int say_more(struct asking *asking)
{
    buf_clear(&asking->saying);
    asking->said = 0;
    switch (asking->phase) {
    case SAY_HEAD:
        /* Half a hello would have the whole register told once more. */
        if (asking->rc < 0)
            return asking->rc;
        reached(asking->store, REACH_ASK);
        say_hello(asking);
        return 0;
    case SAY_BATCHES:
        return say_batch(asking);
    case SAY_END:
        reconcile_say(asking->reconcile, &asking->out, &asking->saying);
        wire_frame_write(&asking->out, FRAME_END, bytes_of("", 0),
                         &asking->saying);
        asking->phase = SAID;
        return 0;
    case SAID:
        break;
    }
    return 0;
}

long asking_read(struct asking *asking, uint8_t *out, size_t max)
{
    size_t left;

    while (asking->said == asking->saying.len && asking->phase != SAID) {
        int rc = say_more(asking);

        if (rc < 0)
            return rc;
    }
    left = asking->saying.len - asking->said;
    if (left > max)
        left = max;
    if (left > 0)
        memcpy(out, asking->saying.data + asking->said, left);
    asking->said += left;
    asking->asked.gone_up += left;
    return (long)left;
}

/* ---- hearing ---- */

static int hear_welcome(struct asking *asking, struct bytes payload,
                        struct fault *fault)
{
    struct welcome *welcome = &asking->welcome;
    int rc = welcome_read(payload, welcome);

    if (rc == 0)
        rc = store_settle_welcome(asking->store, welcome, fault);
    if (rc < 0)
        return rc;
    asking->asked.proven = true;
    asking->asked.hub_wall_ms = welcome->wall_ms;
    return 0;
}

/* An answer may tell one stream, or one origin, in several frames: only the
 * last of them says whether there is more. */
static void note_more(struct asking *asking, struct bytes of, bool more)
{
    bool same = of.len == asking->more_of_len &&
                memcmp(of.data, asking->more_of, of.len) == 0;

    if (!same)
        asking->asked.more = asking->asked.more || asking->more;
    memcpy(asking->more_of, of.data, of.len);
    asking->more_of_len = of.len;
    asking->more = more;
}

static void count_runs(struct asking *asking)
{
    for (int i = 0; i < asking->confirm.runs; i++) {
        const struct run *run = &asking->confirm.run[i];

        asking->asked.confirmed += run->count;
        if (run->verdict == STATE_TAKEN)
            asking->asked.taken += run->count;
        if (run->verdict == STATE_PARKED)
            asking->asked.parked += run->count;
        if (run->verdict == STATE_RETURNED)
            asking->asked.returned += run->count;
        if (run->verdict == STATE_ASIDE)
            asking->asked.aside += run->count;
    }
}

static int hear_confirm(struct asking *asking, struct bytes payload,
                        struct fault *fault)
{
    const struct confirm *confirm = &asking->confirm;
    bool applied = false, healed = false;
    int rc = confirm_read(payload, &asking->confirm);

    asking->confirm.life = asking->welcome.life;
    if (rc == 0 && asking->later != NULL)
        applied = later_keep(asking->later, confirm, payload);
    if (rc == 0 && !applied)
        rc = store_settle_confirm(asking->store, confirm, &applied, &healed,
                                  fault);
    if (rc < 0)
        return rc;
    note_more(asking, bytes_of(confirm->origin.b, ID_SIZE), confirm->more);
    if (healed)
        asking->asked.healed = asking->asked.more = true;
    if (applied)
        count_runs(asking);
    return 0;
}

/* Terse news that cannot be read here are asked for in full. */
static int read_news(struct asking *asking, int type, struct bytes payload,
                     struct news *out)
{
    int rc;

    if (type == FRAME_NEWS)
        return news_read(payload, out);
    rc = store_read_news(asking->store, &asking->welcome, payload, out);
    asking->asked.terse = true;
    if (rc == 0)
        return 0;
    store_speak_in_full(asking->store);
    asking->asked.more = true;
    return 1;
}

static int hear_news(struct asking *asking, int type, struct bytes payload,
                     struct fault *fault)
{
    struct settled settled;
    struct news news;
    int rc = read_news(asking, type, payload, &news);

    if (rc == 1)
        return 0;
    if (rc < 0)
        return fault_set(fault, rc, "news", "it is asked for again");
    rc = store_settle_news(asking->store, &news, &settled, fault);
    note_more(asking, bytes_text(news.stream), news.more);
    asking->asked.down += settled.states + settled.gone + settled.cases +
                          settled.verdicts;
    news_done(&news);
    return rc;
}

static int hear_kinds(struct asking *asking, struct bytes payload,
                      struct fault *fault)
{
    struct cut cut = cut_of(payload);
    uint64_t size = cut_varint(&cut);
    struct buf text;
    int rc;

    if (cut.bad || size > KINDS_TEXT_MAX)
        return fault_set(fault, ERR_SIZE, "kinds", "at most %d bytes",
                         KINDS_TEXT_MAX);
    buf_init(&text, KINDS_TEXT_MAX);
    rc = inflate_bytes(bytes_of(cut.at, cut_left(&cut)), (size_t)size, &text);
    if (rc == 0)
        rc = store_set_kinds(asking->store, buf_view(&text), fault);
    buf_done(&text);
    return rc;
}

static int hear(struct asking *asking, int type, struct bytes payload,
                struct fault *fault)
{
    if (type == FRAME_WELCOME)
        return hear_welcome(asking, payload, fault);
    if (!asking->asked.proven)
        return fault_set(fault, ERR_FORMAT, "answer", "no welcome");
    switch (type) {
    case FRAME_CONFIRM:
        return hear_confirm(asking, payload, fault);
    case FRAME_NEWS:
    case FRAME_TERSE_NEWS:
        return hear_news(asking, type, payload, fault);
    case FRAME_KINDS:
        return hear_kinds(asking, payload, fault);
    case FRAME_END:
        asking->asked.whole = true;
        return 0;
    default:                    /* unknown ones are of a newer hub */
        reconcile_hear(asking->reconcile, type, payload);
        return 0;
    }
}

/* One frame from the front of `rest`; 1 when there was one. */
static int hear_frame(void *user, struct bytes *rest, struct fault *fault)
{
    struct asking *asking = user;
    struct bytes payload;
    int type, rc;

    if (!asking->greeted) {
        rc = wire_head_read(&asking->in, rest, NULL);
        asking->greeted = rc == 1;
        if (rc < 0)
            return fault_set(fault, ERR_PORTAL, "answer",
                             "it does not begin like the hub's");
        return rc;
    }
    rc = wire_frame_read(&asking->in, rest, &type, &payload);
    if (rc < 0)
        return fault_set(fault, asking->asked.proven ? rc : ERR_PORTAL,
                         "answer", "a frame is not the hub's");
    if (rc == 0)
        return 0;
    rc = hear(asking, type, payload, fault);
    return rc < 0 ? rc : 1;
}

int settle_feed(struct asking *asking, const uint8_t *data, size_t len,
                struct fault *fault)
{
    asking->asked.came_down += len;
    return framing_feed(&asking->framing, bytes_of(data, len), fault);
}

void settle_end(struct asking *asking, struct asked *out)
{
    *out = asking->asked;
    out->more = out->more || asking->more;
    out->terse = out->terse || asking->terse;
    if (out->whole && asking->left)
        out->more = true;
    /* A hub that could read nothing of it is told all of it, but not without a
     * pause: it may have taken nothing for another reason. */
    if (out->whole && asking->terse && out->confirmed == 0) {
        store_speak_in_full(asking->store);
        out->more = true;
    }
    /* A hello alone was said because of a cut: whatever waits goes now. */
    if (out->whole && asking->plan.hello_only && asking->hello.queued > 0)
        out->more = true;
}
