#include "proto/message.h"

#include <sodium.h>
#include <string.h>

enum { PARENT_UNTOLD = 2 };

/* A count that must not pass `max`. */
static int count_read(struct cut *cut, int max)
{
    uint64_t count = cut_varint(cut);

    if (count > (uint64_t)max)
        cut->bad = true;
    return cut->bad ? 0 : (int)count;
}

uint64_t number_read(struct cut *cut)
{
    uint64_t number = cut_varint(cut);

    if (number > INT64_MAX)
        cut->bad = true;
    return cut->bad ? 0 : number;
}

static void head_write(const struct head *head, struct buf *out)
{
    buf_put(out, head->origin.b, ID_SIZE);
    buf_varint(out, head->confirmed);
    buf_varint(out, head->n);
    buf_put(out, head->hash.b, HASH_SIZE);
    buf_u8(out, head->untold ? PARENT_UNTOLD : head->has_parent);
    if (head->untold || !head->has_parent)
        return;
    name_write(&head->parent, out);
    buf_put(out, head->parent_hash.b, HASH_SIZE);
}

static void head_read(struct cut *cut, struct head *out)
{
    uint8_t parent;

    cut_copy(cut, out->origin.b, ID_SIZE);
    out->confirmed = number_read(cut);
    out->n = number_read(cut);
    if (out->confirmed == INT64_MAX)    /* the hub answers from the next on */
        cut->bad = true;
    cut_copy(cut, out->hash.b, HASH_SIZE);
    parent = cut_u8(cut);
    out->has_parent = parent == 1;
    out->untold = parent == PARENT_UNTOLD;
    if (parent > PARENT_UNTOLD || (out->untold && out->confirmed == 0))
        cut->bad = true;
    if (!out->has_parent)
        return;
    name_read(cut, &out->parent);
    cut_copy(cut, out->parent_hash.b, HASH_SIZE);
}

/* Behind the last field: who does not know it passes it over. */
static void last_write(const struct last_said *last, struct buf *out)
{
    if (!last->told)
        return;
    buf_put(out, last->dictionary, sizeof last->dictionary);
    buf_bytes(out, bytes_text(last->author));
    buf_put(out, last->boot, sizeof last->boot);
    buf_zigzag(out, last->drift);
}

static void last_read(struct cut *cut, struct last_said *out)
{
    cut_copy(cut, out->dictionary, sizeof out->dictionary);
    cut_text(cut, out->author, sizeof out->author);
    cut_copy(cut, out->boot, sizeof out->boot);
    out->drift = cut_zigzag(cut);
    out->told = !cut->bad;
}

void hello_write(const struct hello *hello, struct buf *out)
{
    buf_varint(out, hello->life);
    buf_varint(out, hello->number);
    buf_varint(out, hello->seq);
    buf_put(out, hello->kinds, HASH_SIZE);
    buf_varint(out, hello->room);
    buf_zigzag(out, hello->wall_ms);
    buf_varint(out, hello->written);
    buf_varint(out, hello->queued);
    buf_varint(out, hello->parked);
    buf_varint(out, hello->returned);
    buf_varint(out, hello->aside);
    buf_varint(out, (uint64_t)hello->heads);
    for (int i = 0; i < hello->heads; i++)
        head_write(&hello->head[i], out);
    buf_varint(out, (uint64_t)hello->cursors);
    for (int i = 0; i < hello->cursors; i++) {
        buf_bytes(out, bytes_text(hello->cursor[i].stream));
        buf_varint(out, hello->cursor[i].seq);
    }
    last_write(&hello->last, out);
    if (hello->last.told && hello->brief)
        buf_u8(out, 1);
    if (hello->last.told && hello->brief && hello->brief_confirm)
        buf_u8(out, 1);
}

/* Bytes behind what is known here are of a newer partner, and passed over. */
int hello_read(struct bytes in, struct hello *out)
{
    struct cut cut = cut_of(in);

    memset(out, 0, sizeof *out);
    out->life = cut_varint(&cut);
    out->number = cut_varint(&cut);
    out->seq = cut_varint(&cut);
    cut_copy(&cut, out->kinds, HASH_SIZE);
    out->room = cut_varint(&cut);
    out->wall_ms = cut_zigzag(&cut);
    out->written = cut_varint(&cut);
    out->queued = cut_varint(&cut);
    out->parked = cut_varint(&cut);
    out->returned = cut_varint(&cut);
    out->aside = cut_varint(&cut);
    out->heads = count_read(&cut, HEADS);
    for (int i = 0; i < out->heads; i++)
        head_read(&cut, &out->head[i]);
    out->cursors = count_read(&cut, STREAMS);
    for (int i = 0; i < out->cursors; i++) {
        cut_text(&cut, out->cursor[i].stream, sizeof out->cursor[i].stream);
        out->cursor[i].seq = cut_varint(&cut);
    }
    if (cut.bad)
        return ERR_FORMAT;
    last_read(&cut, &out->last);
    out->brief = cut_u8(&cut) == 1 && !cut.bad;
    out->brief_confirm = out->brief && cut_u8(&cut) == 1 && !cut.bad;
    return 0;
}

uint64_t hello_cursor(const struct hello *hello, const char *stream)
{
    for (int i = 0; i < hello->cursors; i++)
        if (strcmp(hello->cursor[i].stream, stream) == 0)
            return hello->cursor[i].seq < INT64_MAX ? hello->cursor[i].seq
                                                    : INT64_MAX;
    return 0;
}

static void reach_write(const struct welcome *welcome, struct buf *out)
{
    buf_varint(out, welcome->life);
    buf_varint(out, welcome->number);
    buf_varint(out, welcome->seq);
    buf_varint(out, welcome->secured);
    buf_zigzag(out, welcome->wall_ms);
}

static void reach_read(struct cut *cut, struct welcome *out)
{
    out->life = number_read(cut);
    out->number = number_read(cut);
    out->seq = number_read(cut);
    out->secured = number_read(cut);
    out->wall_ms = cut_zigzag(cut);
}

void welcome_write(const struct welcome *welcome, struct buf *out)
{
    buf_put(out, welcome->hub.b, ID_SIZE);
    reach_write(welcome, out);
    buf_put(out, welcome->kinds, HASH_SIZE);
    buf_varint(out, (uint64_t)welcome->streams);
    for (int i = 0; i < welcome->streams; i++)
        buf_bytes(out, bytes_text(welcome->stream[i]));
    if (!welcome->terse)
        return;
    buf_put(out, welcome->dictionary, sizeof welcome->dictionary);
    if (welcome->brief)
        buf_u8(out, 1);
}

int welcome_read(struct bytes in, struct welcome *out)
{
    struct cut cut = cut_of(in);

    memset(out, 0, sizeof *out);
    cut_copy(&cut, out->hub.b, ID_SIZE);
    reach_read(&cut, out);
    cut_copy(&cut, out->kinds, HASH_SIZE);
    out->streams = count_read(&cut, STREAMS);
    for (int i = 0; i < out->streams; i++)
        cut_text(&cut, out->stream[i], sizeof out->stream[i]);
    if (cut.bad)
        return ERR_FORMAT;
    cut_copy(&cut, out->dictionary, sizeof out->dictionary);
    out->terse = !cut.bad;
    out->brief = cut_u8(&cut) == 1 && !cut.bad;
    return 0;
}

bool welcome_brief(const struct welcome *welcome, const struct hello *hello)
{
    const struct last_said *last = &hello->last;

    if (!hello->brief || !welcome->brief || !welcome->terse ||
        memcmp(welcome->kinds, hello->kinds, HASH_SIZE) != 0 ||
        memcmp(welcome->dictionary, last->dictionary,
               sizeof last->dictionary) != 0 ||
        welcome->streams != hello->cursors)
        return false;
    for (int i = 0; i < welcome->streams; i++)
        if (strcmp(welcome->stream[i], hello->cursor[i].stream) != 0)
            return false;
    return true;
}

void welcome_write_brief(const struct welcome *welcome, struct buf *out)
{
    reach_write(welcome, out);
}

int welcome_read_brief(struct bytes in, const struct hello *hello,
                       struct welcome *out)
{
    struct cut cut = cut_of(in);

    memset(out, 0, sizeof *out);
    reach_read(&cut, out);
    if (cut.bad || !hello->brief)
        return ERR_FORMAT;
    memcpy(out->kinds, hello->kinds, HASH_SIZE);
    out->streams = hello->cursors;
    for (int i = 0; i < out->streams; i++)
        memcpy(out->stream[i], hello->cursor[i].stream,
               sizeof out->stream[i]);
    memcpy(out->dictionary, hello->last.dictionary, sizeof out->dictionary);
    out->terse = out->brief = true;
    return 0;
}

void why_write(int reason, const char *field, const char *rule,
               struct buf *out)
{
    buf_u8(out, (uint8_t)reason);
    if (reason == 0)
        return;
    buf_bytes(out, bytes_text(field));
    buf_bytes(out, bytes_text(rule));
}

void why_read(struct cut *cut, int *reason, char field[WHY_FIELD],
              char rule[WHY_RULE])
{
    *reason = cut_u8(cut);
    field[0] = rule[0] = '\0';
    if (*reason == 0)
        return;
    cut_text(cut, field, WHY_FIELD);
    cut_text(cut, rule, WHY_RULE);
}

static void run_write(const struct run *run, struct buf *out)
{
    buf_varint(out, run->count);
    buf_u8(out, (uint8_t)run->verdict);
    buf_varint(out, run->number);
    why_write(run->reason, run->field, run->rule, out);
}

/* `left` is how many n there may still be; numbers run up with n, and neither
 * may run over. */
static void run_read(struct cut *cut, uint64_t *left, struct run *out)
{
    out->count = cut_varint(cut);
    out->verdict = cut_u8(cut);
    out->number = cut_varint(cut);
    why_read(cut, &out->reason, out->field, out->rule);
    if (out->count == 0 || out->count > *left ||
        (out->number == 0 && out->verdict != VERDICT_RECEIVED) ||
        (out->reason != 0 && out->count != 1) ||
        out->number > INT64_MAX - out->count)
        cut->bad = true;
    *left -= cut->bad ? 0 : out->count;
}

static void runs_write(const struct confirm *confirm, struct buf *out)
{
    buf_varint(out, (uint64_t)confirm->runs);
    for (int i = 0; i < confirm->runs; i++)
        run_write(&confirm->run[i], out);
}

static void runs_read(struct cut *cut, uint64_t left, struct confirm *out)
{
    out->runs = count_read(cut, RUNS);
    for (int i = 0; i < out->runs && !cut->bad; i++)
        run_read(cut, &left, &out->run[i]);
    cut_copy(cut, out->receipt, HASH_SIZE);
}

static void confirm_body(const struct confirm *confirm, struct buf *out)
{
    buf_put(out, confirm->origin.b, ID_SIZE);
    buf_u8(out, (uint8_t)confirm->standing);
    buf_varint(out, confirm->from);
    buf_varint(out, confirm->through);
    buf_put(out, confirm->hash.b, HASH_SIZE);
    buf_u8(out, confirm->more);
    runs_write(confirm, out);
}

void confirm_write(const struct confirm *confirm, struct buf *out)
{
    confirm_body(confirm, out);
    buf_put(out, confirm->receipt, HASH_SIZE);
}

void confirm_signed(const struct confirm *confirm, const struct id *hub,
                    uint64_t life, struct buf *out)
{
    buf_put(out, hub->b, ID_SIZE);
    buf_varint(out, life);
    confirm_body(confirm, out);
}

int confirm_read(struct bytes in, struct confirm *out)
{
    struct cut cut = cut_of(in);

    memset(out, 0, sizeof *out);
    cut_copy(&cut, out->origin.b, ID_SIZE);
    out->standing = (enum standing)cut_u8(&cut);
    out->from = cut_varint(&cut);
    out->through = number_read(&cut);
    cut_copy(&cut, out->hash.b, HASH_SIZE);
    out->more = cut_flag(&cut);
    if (out->standing > STANDING_FOREIGN || out->from == 0 ||
        out->from > INT64_MAX)
        return ERR_FORMAT;
    runs_read(&cut, INT64_MAX - out->from + 1, out);
    return cut.bad ? ERR_FORMAT : 0;
}

/* Do the runs reach just the head? */
static bool reaches(const struct confirm *confirm, const struct head *head)
{
    uint64_t at = confirm->from - 1;

    for (int i = 0; i < confirm->runs; i++)
        at += confirm->run[i].count;
    return confirm->runs > 0 && at == head->n;
}

bool confirm_brief(const struct confirm *confirm, const struct hello *hello,
                   int head)
{
    const struct head *of = &hello->head[head];

    return hello->brief && hello->brief_confirm &&
           confirm->standing == STANDING_GOOD && !confirm->more &&
           confirm->from == of->confirmed + 1 && confirm->through == of->n &&
           memcmp(confirm->hash.b, of->hash.b, HASH_SIZE) == 0 &&
           reaches(confirm, of);
}

void confirm_write_brief(const struct confirm *confirm, int head,
                         struct buf *out)
{
    buf_varint(out, (uint64_t)head);
    runs_write(confirm, out);
    buf_put(out, confirm->receipt, HASH_SIZE);
}

int confirm_read_brief(struct bytes in, const struct hello *hello,
                       struct confirm *out)
{
    struct cut cut = cut_of(in);
    uint64_t head = cut_varint(&cut);
    const struct head *of;

    memset(out, 0, sizeof *out);
    if (cut.bad || !hello->brief_confirm || head >= (uint64_t)hello->heads)
        return ERR_FORMAT;
    of = &hello->head[head];
    if (of->confirmed >= of->n)
        return ERR_FORMAT;
    out->origin = of->origin;
    out->from = of->confirmed + 1;
    out->through = of->n;
    out->hash = of->hash;
    runs_read(&cut, of->n - of->confirmed, out);
    return cut.bad || !reaches(out, of) ? ERR_FORMAT : 0;
}
