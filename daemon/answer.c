/*
 * The hub's half of the conversation.
 *
 * Happy path: head and hello, batches decided as each completes, end; after the
 * commit the answer is made frame by frame as it is read: welcome, kinds if
 * they differ, confirmations, news, end. Nothing is kept between exchanges.
 * What can fail: a stranger or a wrong secret (nothing is read), a batch that
 * is damaged or does not join (it is not taken, and the confirmation says how
 * far the hub has come), the store (the process ends).
 */
#include "daemon/answering.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIRM_CHANGES = 4096 };

struct answer *answer_new(struct store *store, speaker_fn speaker, void *user,
                          int64_t wall_ms)
{
    struct answer *answer = xmalloc(sizeof *answer);

    memset(answer, 0, sizeof *answer);
    answer->store = store;
    answer->speaker = speaker;
    answer->user = user;
    answer->wall_ms = wall_ms;
    answer->turns_lost = store_turns_lost(store);
    answer->framing = (struct framing){.room = STRANGER_MAX,
                                       .take = answer_hear,
                                       .user = answer,
                                       .what = "ask"};
    buf_init(&answer->framing.heard, FRAME_MAX + 128);
    buf_init(&answer->telling, FRAME_MAX + 256);
    return answer;
}

void answer_free(struct answer *answer)
{
    if (answer == NULL)
        return;
    buf_done(&answer->framing.heard);
    buf_done(&answer->telling);
    compared_free(answer->compared);
    free(answer);
}

bool answer_whole(const struct answer *answer)
{
    return answer->whole;
}

const char *answer_station(const struct answer *answer)
{
    return answer->name;
}

bool answer_slow(const struct answer *answer)
{
    return answer->compared != NULL && answer->phase == TELL_COMPARED;
}

uint64_t answer_taken(const struct answer *answer)
{
    return answer->taken;
}

/* ---- telling ---- */

static void tell(struct answer *answer, enum frame_type type,
                 const struct buf *payload)
{
    wire_frame_write(&answer->out, type, buf_view(payload),
                     &answer->telling);
}

static int tell_kinds(struct answer *answer)
{
    const struct kinds *kinds = store_kinds(answer->store);
    struct buf payload;
    int rc;

    answer->phase = TELL_CONFIRM;
    if (memcmp(answer->hello.kinds, kinds->hash, HASH_SIZE) == 0)
        return 0;
    buf_init(&payload, FRAME_MAX);
    buf_varint(&payload, kinds->text.len);
    rc = deflate_bytes(buf_view(&kinds->text), &payload);
    if (rc == 0)
        tell(answer, FRAME_KINDS, &payload);
    buf_done(&payload);
    return rc;
}

static void tell_head(struct answer *answer)
{
    struct buf payload;
    bool brief;

    buf_init(&payload, FRAME_MAX);
    store_welcome(answer->store, &answer->station, &answer->welcome);
    /* What is compared waits for the news it may be behind. */
    answer->hello.brief = answer->hello.brief && answer->compared == NULL;
    brief = welcome_brief(&answer->welcome, &answer->hello);
    if (brief)
        welcome_write_brief(&answer->welcome, &payload);
    else
        welcome_write(&answer->welcome, &payload);
    wire_head_write(&answer->out, NULL, &answer->telling);
    tell(answer, brief ? FRAME_BRIEF_WELCOME : FRAME_WELCOME, &payload);
    buf_done(&payload);
    answer->room = (size_t)answer->hello.room;
    answer->phase = TELL_KINDS;
}

/* The hub has all of it, as the station knows: its silence says the same. */
static bool says_nothing(const struct answer *answer, const struct head *head,
                         const struct confirm *confirm)
{
    return answer->hello.brief && !answer->spoken && confirm->runs == 0 &&
           confirm->standing == STANDING_GOOD && !confirm->more &&
           head->confirmed >= head->n && confirm->through >= head->confirmed;
}

/* One frame for each origin; more while it has more than one frame holds. */
static int tell_confirm(struct answer *answer)
{
    struct confirm *confirm = &answer->confirm;
    struct head *head;
    struct buf payload;
    bool brief;
    int rc;

    if (answer->head == answer->hello.heads) {
        answer->phase = TELL_NEWS;
        return 0;
    }
    head = &answer->hello.head[answer->head];
    rc = store_confirm(answer->store, &answer->station, head, CONFIRM_CHANGES,
                       answer->forked_at[answer->head], confirm);
    if (rc < 0)
        return rc;
    if (says_nothing(answer, head, confirm)) {
        answer->head++;
        return 0;
    }
    buf_init(&payload, FRAME_MAX);
    /* Behind a frame of this head, confirmed is no more what the hello said. */
    brief = !answer->spoken &&
            confirm_brief(confirm, &answer->hello, answer->head);
    if (brief)
        confirm_write_brief(confirm, answer->head, &payload);
    else
        confirm_write(confirm, &payload);
    tell(answer, brief ? FRAME_BRIEF_CONFIRM : FRAME_CONFIRM, &payload);
    buf_done(&payload);
    answer->spoken = confirm->more;
    for (int i = 0; i < confirm->runs; i++)
        head->confirmed += confirm->run[i].count;
    if (!confirm->more)
        answer->head++;
    return 0;
}

/* At least one frame of each stream goes, however small the room. */
static int tell_news(struct answer *answer)
{
    const char *stream = answer->welcome.stream[answer->stream];
    size_t size = answer->room < BATCH_SIZE_MIN ? BATCH_SIZE_MIN
                                                : answer->room;
    struct buf payload;
    bool more = false;
    int rc;

    if (answer->stream == answer->welcome.streams) {
        answer->phase = TELL_COMPARED;
        return 0;
    }
    if (!answer->cursor_set)
        answer->cursor = hello_cursor(&answer->hello, stream);
    buf_init(&payload, FRAME_MAX);
    rc = store_say_news(answer->store, &answer->station, &answer->hello,
                        &answer->welcome, stream, answer->cursor, size,
                        &payload, &more, &answer->cursor);
    if (rc > 0)                 /* 0: its silence says the same */
        tell(answer, (enum frame_type)rc, &payload);
    answer->room -= payload.len < answer->room ? payload.len : answer->room;
    buf_done(&payload);
    answer->cursor_set = more && answer->room > 0;
    if (!answer->cursor_set)
        answer->stream++;
    return rc < 0 ? rc : 0;
}

/* What an answer tells must be on disk: other stations' changes may have been
 * decided in this very turn. */
static int tell_more(struct answer *answer)
{
    struct buf nothing = {.data = NULL};
    int rc = store_commit(answer->store, NULL);

    /* What was fed may be gone; what is told from here on is on disk. */
    if (rc == 0 && answer->phase == TELL_HEAD &&
        answer->turns_lost != store_turns_lost(answer->store))
        rc = ERR_AGAIN;
    if (rc < 0)
        return rc;
    buf_clear(&answer->telling);
    answer->told = 0;
    switch (answer->phase) {
    case TELL_HEAD:
        reached(answer->store, REACH_ANSWER);
        tell_head(answer);
        return 0;
    case TELL_KINDS:
        return tell_kinds(answer);
    case TELL_CONFIRM:
        return tell_confirm(answer);
    case TELL_NEWS:
        return tell_news(answer);
    case TELL_COMPARED:
        rc = compared_say(answer->compared, answer->store, &answer->station,
                          &answer->out, &answer->room, &answer->telling);
        answer->phase = rc > 0 ? TELL_COMPARED : TELL_END;
        return rc < 0 ? rc : 0;
    case TELL_END:
        tell(answer, FRAME_END, &nothing);
        reached(answer->store, REACH_ANSWERED);
        answer->phase = TOLD;
        return 0;
    case TOLD:
        break;
    }
    return 0;
}

long answer_read(struct answer *answer, uint8_t *out, size_t max)
{
    size_t left;

    while (answer->told == answer->telling.len && answer->phase != TOLD) {
        int rc = tell_more(answer);

        if (rc < 0)
            return rc;
    }
    left = answer->telling.len - answer->told;
    if (left > max)
        left = max;
    if (left > 0)
        memcpy(out, answer->telling.data + answer->told, left);
    answer->told += left;
    return (long)left;
}
