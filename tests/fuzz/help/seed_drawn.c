/*
 * Rows of drawn frames: for each cell of a record what two people do to it.
 * The signs are those that draw.c and its parts read, in their order.
 */
#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/seed.h"

#include <stdio.h>
#include <string.h>

enum { CELLS = 13, STATIONS = 4, MADE = 7 };

/* draw_number: as it is known, or a small one of the input's own. */
enum { AS_KNOWN = 0, SMALL = 2 };

static void put_frame(struct buf *out, int type, struct buf *payload)
{
    buf_u8(out, (uint8_t)(DRAWN + type));
    put_sized(out, buf_view(payload));
    buf_done(payload);
}

/* A hello that names three origins. */
static void put_hello(struct buf *out)
{
    struct buf hello;

    buf_init(&hello, SEED_MAX);
    buf_put(&hello, "\0\0\0\0\100\0\0", 7); /* up to what is queued */
    buf_u8(&hello, 3);
    for (uint8_t i = 1; i <= 3; i++) {
        buf_u8(&hello, i);                  /* origin */
        buf_put(&hello, "\0\0\0", 3);       /* confirmed, n, hash: as known */
        buf_u8(&hello, i == 3);             /* the last one goes on */
        if (i == 3)
            buf_put(&hello, "\1\0\0", 3);   /* from the first */
    }
    buf_put(&hello, "\2\0\0\1\0", 5);       /* cursors */
    put_frame(out, FRAME_HELLO, &hello);
}

/* `add` as draw.c has it; three signs for the fields are enough for any cell. */
static void put_change(struct buf *out, uint8_t add, uint8_t record,
                       uint8_t cell, uint8_t value)
{
    buf_u8(out, MADE);
    buf_u8(out, add);
    buf_u8(out, record);
    buf_u8(out, AS_KNOWN);                  /* the first kind */
    buf_u8(out, (uint8_t)(cell + SMALL));
    buf_u8(out, AS_KNOWN);                  /* base: the newest number */
    for (int i = 0; i < 3; i++)
        buf_u8(out, value);
    if (add & 4)
        buf_put(out, "\1\1\2", 3);          /* it settles two cases */
}

static void put_batch(struct buf *out, uint8_t origin, uint8_t cell)
{
    static const uint8_t add[] = {0, 0, 1, 4, 0, 5};
    struct buf batch;

    buf_init(&batch, SEED_MAX);
    buf_u8(&batch, origin);
    buf_put(&batch, "\0\0\0\0", 4);         /* kinds, n, before, no lie */
    for (uint8_t i = 0; i < sizeof add; i++) {
        buf_u8(&batch, 0);                  /* a change */
        put_change(&batch, add[i], i < 4 ? 1 + i : 20, cell, i % 4);
    }
    put_frame(out, FRAME_BATCH, &batch);
}

static void put_facts(struct buf *out, uint8_t origin)
{
    struct buf facts;

    buf_init(&facts, SEED_MAX);
    put_sized(&facts, bytes_of("\0\0\0\1\1\0\0\2\0\0", 10));
    buf_u8(&facts, AS_KNOWN);               /* life */
    buf_u8(&facts, origin);
    buf_put(&facts, "\0\0\0\0", 4);
    for (uint8_t i = 0; i < 3; i++) {
        buf_u8(&facts, 0);
        put_change(&facts, 0, 1, 2 + i, i);
    }
    put_frame(out, FRAME_FACTS, &facts);
}

static void seed_asks(void)
{
    struct buf out;
    char name[40];

    buf_init(&out, SEED_MAX);
    for (uint8_t cell = 0; cell < CELLS; cell++) {
        buf_u8(&out, 0);
        buf_u8(&out, cell % STATIONS);
        put_hello(&out);
        /* Origins stand in the order in which they came to the hub. */
        put_batch(&out, cell % STATIONS, cell);
        put_batch(&out, (cell + 1) % STATIONS, cell);
        if (cell % 4 == 0)
            put_facts(&out, cell % STATIONS);
        snprintf(name, sizeof name, "drawn-%02d", cell);
        seed_write("ask", name, &out);
    }
    buf_done(&out);
}

/* ---- answers ---- */

static void put_confirm(struct buf *out, uint8_t origin, uint8_t standing)
{
    struct buf confirm;

    buf_init(&confirm, SEED_MAX);
    buf_u8(&confirm, origin);
    buf_u8(&confirm, standing);
    buf_put(&confirm, "\0\0\0\5", 4);       /* from, through, no more, runs */
    for (uint8_t verdict = 2; verdict < 7; verdict++) {
        buf_u8(&confirm, AS_KNOWN);         /* one change */
        buf_u8(&confirm, verdict);
        buf_u8(&confirm, AS_KNOWN);
        buf_u8(&confirm, verdict > 3 ? verdict : 0);
    }
    put_frame(out, FRAME_CONFIRM, &confirm);
}

static void put_item(struct buf *out, uint8_t what, uint8_t origin, uint8_t n,
                     uint8_t cell)
{
    buf_put(out, "\0\0", 2);                /* seq, number: the next */
    buf_u8(out, what);
    buf_u8(out, origin);
    buf_u8(out, (uint8_t)(n + SMALL));
    put_change(out, 0, 1 + n, cell, what);
    buf_u8(out, 1 + n);                     /* record */
    buf_put(out, "\2\1\0\1\0\1\0", 7);
}

static void put_news(struct buf *out, uint8_t stream, uint8_t cell)
{
    struct buf news;

    buf_init(&news, SEED_MAX);
    buf_u8(&news, stream);
    buf_put(&news, "\0\0\0", 3);            /* from, as of, no more */
    for (uint8_t i = 0; i < 8; i++)
        put_item(&news, i % 4, 3 + i % 3, 20 + i, cell);
    put_frame(out, FRAME_NEWS, &news);
}

static void seed_answers(void)
{
    struct buf out;
    char name[40];

    buf_init(&out, SEED_MAX);
    for (uint8_t i = 0; i < CELLS; i++) {
        buf_u8(&out, i % 4 == 3 ? 8 : 0);
        put_confirm(&out, 1 + i % 2, i % 5);
        put_news(&out, i % 2, i);
        put_news(&out, 0, i);
        snprintf(name, sizeof name, "drawn-%02d", i);
        seed_write("answer", name, &out);
    }
    buf_done(&out);
}

void seed_drawn(void)
{
    seed_asks();
    seed_answers();
}
