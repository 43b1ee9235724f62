/*
 * The station's half of the conversation: what it is answered, settled frame by
 * frame. What can fail is told in asking.c.
 */
#include "daemon/asking.h"

#include <string.h>

static int hear_welcome(struct asking *asking, int type, struct bytes payload,
                        struct fault *fault)
{
    struct welcome *welcome = &asking->welcome;
    int rc = type == FRAME_WELCOME
                 ? welcome_read(payload, welcome)
                 : welcome_read_brief(payload, &asking->hello, welcome);

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

    for (int i = 0; rc == 0 && i < asking->hello.heads; i++)
        if (id_equal(&asking->hello.head[i].origin, &confirm->origin))
            asking->heads |= (uint64_t)1 << i;
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

/* In full, as it may have to wait and be read again beside no hello. */
static int hear_brief_confirm(struct asking *asking, struct bytes payload,
                              struct fault *fault)
{
    struct buf full;
    int rc = confirm_read_brief(payload, &asking->hello, &asking->confirm);

    if (rc < 0)
        return rc;
    buf_init(&full, FRAME_MAX);
    confirm_write(&asking->confirm, &full);
    rc = hear_confirm(asking, buf_view(&full), fault);
    buf_done(&full);
    return rc;
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
    asking->streams = UINT64_MAX;       /* of which it was is not known */
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
    for (int i = 0; i < asking->welcome.streams; i++)
        if (strcmp(asking->welcome.stream[i], news.stream) == 0)
            asking->streams |= (uint64_t)1 << i;
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

/* A brief answer came to its end: of what it did not speak, nothing is new. Only
 * the whole answer says so, and only of what this very ask named. */
static int hear_silence(struct asking *asking, struct fault *fault)
{
    const struct welcome *welcome = &asking->welcome;
    struct confirm *confirm = &asking->confirm;
    struct settled settled;
    bool applied = false, healed = false;
    int rc = 0;

    if (!asking->hello.brief || !welcome->brief)
        return 0;
    memset(confirm, 0, sizeof *confirm);
    for (int i = 0; i < asking->hello.heads && rc == 0; i++) {
        const struct head *head = &asking->hello.head[i];

        confirm->origin = head->origin;
        confirm->from = head->confirmed + 1;
        confirm->through = head->confirmed;
        if ((asking->heads >> i & 1) == 0)
            rc = store_settle_confirm(asking->store, confirm, &applied,
                                      &healed, fault);
        asking->asked.healed |= rc == 0 && healed;
    }
    for (int i = 0; i < welcome->streams && rc == 0; i++) {
        struct news news = {.to = welcome->seq, .as_of = welcome->number};

        memcpy(news.stream, welcome->stream[i], sizeof news.stream);
        news.from = hello_cursor(&asking->hello, news.stream);
        if ((asking->streams >> i & 1) == 0)
            rc = store_settle_news(asking->store, &news, &settled, fault);
    }
    return rc;
}

static int hear(struct asking *asking, int type, struct bytes payload,
                struct fault *fault)
{
    if (type == FRAME_WELCOME || type == FRAME_BRIEF_WELCOME)
        return hear_welcome(asking, type, payload, fault);
    if (!asking->asked.proven)
        return fault_set(fault, ERR_FORMAT, "answer", "no welcome");
    switch (type) {
    case FRAME_CONFIRM:
        return hear_confirm(asking, payload, fault);
    case FRAME_BRIEF_CONFIRM:
        return hear_brief_confirm(asking, payload, fault);
    case FRAME_NEWS:
    case FRAME_TERSE_NEWS:
        return hear_news(asking, type, payload, fault);
    case FRAME_KINDS:
        return hear_kinds(asking, payload, fault);
    case FRAME_END:
        asking->asked.whole = true;
        return hear_silence(asking, fault);
    default:                    /* unknown ones are of a newer hub */
        reconcile_hear(asking->reconcile, type, payload);
        return 0;
    }
}

/* One frame from the front of `rest`; 1 when there was one. */
int asking_hear(void *user, struct bytes *rest, struct fault *fault)
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

/* Not only what is queued: what a hub that was set back lost, too. */
static bool unconfirmed(const struct hello *hello)
{
    for (int i = 0; i < hello->heads; i++)
        if (hello->head[i].confirmed < hello->head[i].n)
            return true;
    return false;
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
    if (out->whole && asking->plan.hello_only && unconfirmed(&asking->hello))
        out->more = true;
}
