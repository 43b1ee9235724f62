/* What a hub says: welcome, confirmations, news, kinds. */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/story.h"

#include <stdio.h>
#include <string.h>

void draw_stream(struct draw *draw, char out[STREAM_MAX + 1])
{
    uint8_t pick = cut_u8(&draw->in);
    struct bytes text;

    if (pick < 2) {
        snprintf(out, STREAM_MAX, "%s%s", pick ? "@" : "",
                 pick ? draw->station : draw->org);
        return;
    }
    text = take_some(&draw->in, pick % STREAM_MAX);
    snprintf(out, STREAM_MAX, "%.*s", (int)text.len,
             text.len > 0 ? (const char *)text.data : "");
}

void draw_welcome(struct draw *draw, struct buf *out)
{
    static struct welcome welcome;
    struct store *store = draw->store;

    memset(&welcome, 0, sizeof welcome);
    welcome.hub.b[0] = 1;
    welcome.life = draw_number(draw, store->life);
    welcome.number = draw_number(draw, store->number);
    welcome.seq = draw_number(draw, store->seq);
    welcome.wall_ms = (int64_t)take_number(&draw->in);
    memcpy(welcome.kinds, store->kinds->hash, HASH_SIZE);
    welcome.streams = cut_u8(&draw->in) % 4;
    for (int i = 0; i < welcome.streams; i++)
        draw_stream(draw, welcome.stream[i]);
    welcome_write(&welcome, out);
}

void draw_why(struct draw *draw, int *reason, char field[WHY_FIELD],
                     char rule[WHY_RULE])
{
    uint8_t pick = cut_u8(&draw->in);

    field[0] = rule[0] = '\0';
    *reason = pick;
    if (pick == 0)
        return;
    snprintf(field, WHY_FIELD, "%s", pick & 16 ? "name" : "");
    snprintf(rule, WHY_RULE, "%s", pick & 32 ? "R1" : "");
    *reason = pick & 15;
}

void draw_confirm(struct draw *draw, struct buf *out)
{
    static struct confirm confirm;
    struct origin_row row;
    struct name last;
    uint64_t number = draw->store->number;

    memset(&confirm, 0, sizeof confirm);
    memset(&row, 0, sizeof row);
    draw_origin(draw, &confirm.origin);
    origin_find(draw->store, &confirm.origin, &row);
    confirm.standing = (enum standing)(cut_u8(&draw->in) % 5);
    confirm.from = draw_number(draw, row.confirmed + 1);
    confirm.through = draw_number(draw, row.n);
    confirm.more = cut_u8(&draw->in) & 1;
    confirm.runs = cut_u8(&draw->in) % 8;
    last = (struct name){confirm.origin, confirm.from - 1};
    for (int i = 0; i < confirm.runs; i++) {
        struct run *run = &confirm.run[i];

        run->count = draw_number(draw, 1);
        run->verdict = cut_u8(&draw->in) % 9;
        run->number = draw_number(draw, number + 1);
        number = run->number + run->count - 1;
        draw_why(draw, &run->reason, run->field, run->rule);
        last.n += run->count;
    }
    confirm.hash = draw_hash(draw, &last);
    confirm.hash.b[0] ^= cut_u8(&draw->in);
    confirm_write(&confirm, out);
}

void draw_kinds(struct draw *draw, struct buf *out)
{
    uint8_t pick = cut_u8(&draw->in);

    if (pick == 0)
        pack_kinds(buf_view(&draw->store->kinds->text), out);
    else if (pick == 1)
        pack_kinds(story_old_kinds(), out);
    else
        pack_kinds(take_some(&draw->in, SIZE_MAX), out);
}

/* ---- rows of frames ---- */

static void draw_payload(struct draw *draw, uint8_t type, struct buf *out)
{
    switch (type) {
    case DRAWN + FRAME_HELLO:
        draw_hello(draw, out);
        break;
    case DRAWN + FRAME_BATCH:
        draw_batch(draw, out);
        break;
    case DRAWN + FRAME_FACTS:
        draw_facts(draw, out);
        break;
    case DRAWN + FRAME_WELCOME:
        draw_welcome(draw, out);
        break;
    case DRAWN + FRAME_CONFIRM:
        draw_confirm(draw, out);
        break;
    case DRAWN + FRAME_NEWS:
        draw_news(draw, out);
        break;
    case DRAWN + FRAME_MEND:    /* the hub's word, whatever was here */
        pack_news_from(&draw->in, out);
        draw->forged = true;
        break;
    case DRAWN + FRAME_KINDS:
        draw_kinds(draw, out);
        break;
    default:
        buf_put(out, draw->in.at, cut_left(&draw->in));
    }
}

bool draw_frame(struct draw *draw, struct wire *wire, struct buf *out)
{
    struct cut row = draw->in;
    struct buf payload;
    uint8_t type;

    if (cut_left(&row) == 0)
        return false;
    type = cut_u8(&row);
    buf_init(&payload, FRAME_MAX + 64);
    draw->in = cut_of(take_sized(&row));
    draw_payload(draw, type, &payload);
    wire_frame_write(wire, (enum frame_type)(type % DRAWN),
                     buf_view(&payload), out);
    buf_done(&payload);
    draw->in = row;
    return true;
}
