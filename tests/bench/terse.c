/*
 * Terse batches from outside a test:
 *
 *   terse dictionary < ROWS > FILE     make a dictionary
 *   terse random SEED COUNT > FILE     batches drawn at random, for a second
 *                                      implementation to read
 *   terse news SEED COUNT > FILE       the same of news
 *   terse measure < CASES              bytes and speed (lines.py)
 *
 * Files hold numbers of four bytes, the lowest first, and what they count.
 */
#include "tests/golden/terse.h"

#include <time.h>
#include <zlib.h>

static void put(uint32_t number)
{
    for (int i = 0; i < 4; i++)
        putchar((int)(number >> (8 * i) & 255));
}

static void put_bytes(struct bytes bytes)
{
    put((uint32_t)bytes.len);
    fwrite(bytes.data, 1, bytes.len, stdout);
}

static void read_all(struct buf *out)
{
    uint8_t piece[4096];
    size_t got;

    buf_init(out, 256u << 20);
    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0)
        buf_put(out, piece, got);
}

static int make_dictionary(void)
{
    struct buf rows, out;

    read_all(&rows);
    buf_init(&out, 1u << 20);
    if (dictionary_write(buf_view(&rows), &out) < 0)
        return 1;
    fwrite(out.data, 1, out.len, stdout);
    return 0;
}

/* ---- at random ---- */

static int random_one(char *room)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct hash gone = sample_hash(0x05);
    uint64_t first = 299 + roll(1000);
    struct batch_writer writer;
    struct change change;
    struct buf bytes;
    int rc;

    writer_open(&writer, first);
    for (uint32_t many = 1 + roll(roll(8) ? 6 : 60), at = 0; at < many; at++) {
        some_change(first + at, &change, room);
        buf_init(&bytes, 2 * CHANGE_MAX);
        if (roll(40) > 0)
            change_write(&change, &bytes);
        else if (roll(2))
            buf_put(&bytes, "no change", 9);
        batch_add(&writer, buf_view(&bytes), &gone, BATCH_RAW_MAX);
        buf_done(&bytes);
    }
    buf_init(&bytes, BATCH_MAX);
    rc = terse_write(&on, &writer, &bytes);
    put_bytes(buf_view(&bytes));
    put_bytes(buf_view(&writer.raw));
    buf_done(&bytes);
    batch_drop(&writer);
    return rc;
}

/* Some news tersely, then plainly. */
static int random_news(char *room)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct news_writer writer;
    struct buf bytes;
    int rc;

    some_news(&writer, roll(roll(8) ? 6 : 60), room);
    buf_init(&bytes, FRAME_MAX);
    rc = terse_write_news(&on, &writer, &bytes);
    put_bytes(buf_view(&bytes));
    buf_clear(&bytes);
    if (rc == 0)
        rc = news_close(&writer, &bytes);
    else
        news_done(&writer.head);
    put_bytes(buf_view(&bytes));
    buf_done(&bytes);
    return rc;
}

static void put_known(const struct known *one)
{
    static struct change change;
    struct hash hash;
    struct buf bytes;

    buf_init(&bytes, 4096);
    name_write(&one->name, &bytes);
    buf_put(&bytes, one->record.b, ID_SIZE);
    buf_varint(&bytes, one->number);
    on_said(NULL, &one->name, &hash, &change);
    buf_put(&bytes, hash.b, HASH_SIZE);
    change_write(&change, &bytes);
    put_bytes(buf_view(&bytes));
    buf_done(&bytes);
}

/* Hello, welcome and what both have come first. */
static int make_random(int count, int (*one)(char *room))
{
    static char room[SOME_ROOM];
    struct buf bytes;
    int rc = 0;

    buf_init(&bytes, 4096);
    hello_write(&hello, &bytes);
    put_bytes(buf_view(&bytes));
    buf_clear(&bytes);
    welcome_write(&welcome, &bytes);
    put_bytes(buf_view(&bytes));
    buf_done(&bytes);
    put(KNOWN);
    for (int i = 0; i < KNOWN; i++)
        put_known(&known[i]);
    for (int i = 0; i < count && rc == 0; i++)
        rc = one(room);
    return rc < 0;
}

/* ---- measured ---- */

enum { INDEX = 1 << 15 };

struct measured {
    struct cut in;
    struct known *had; /* changes both ends have */
    uint32_t many;
    uint32_t by_record[INDEX], by_name[INDEX];
    double write, read, deflate;
    uint64_t raw, changes;
};

static uint32_t get(struct cut *cut)
{
    uint32_t out = 0;

    for (int i = 0; i < 4; i++)
        out |= (uint32_t)cut_u8(cut) << (8 * i);
    return out;
}

static struct bytes get_bytes(struct cut *cut)
{
    return cut_take(cut, get(cut));
}

/* Processor time: others on the machine must not count. */
static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* What is had, by record and by name: as fast as an index would be. */
static uint32_t hash_of(const uint8_t *bytes, size_t len)
{
    uint32_t hash = 0x811c9dc5u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 0x01000193u;
    return (hash ^ hash >> 15) % INDEX;
}

static uint32_t record_place(const struct id *record)
{
    return hash_of(record->b, ID_SIZE);
}

static uint32_t name_place(const struct name *name)
{
    return (hash_of(name->origin.b, ID_SIZE) + (uint32_t)name->n * 40503u) %
           INDEX;
}

static void index_had(struct measured *on)
{
    memset(on->by_record, 0, sizeof on->by_record);
    memset(on->by_name, 0, sizeof on->by_name);
    for (uint32_t i = 0; i < on->many; i++) {
        uint32_t record = record_place(&on->had[i].record);
        uint32_t name = name_place(&on->had[i].name);

        while (on->by_record[record] != 0)
            record = (record + 1) % INDEX;
        while (on->by_name[name] != 0)
            name = (name + 1) % INDEX;
        on->by_record[record] = on->by_name[name] = i + 1;
    }
}

static bool had_find(void *user, const struct id *record,
                     const struct change *of, struct known *out)
{
    const struct measured *on = user;
    bool found = false;

    for (uint32_t at = record_place(record); on->by_record[at] != 0;
         at = (at + 1) % INDEX) {
        const struct known *had = &on->had[on->by_record[at] - 1];

        if (!id_equal(&had->record, record))
            continue;
        if (!found || (of != NULL && had->number == of->base))
            *out = *had;
        found = true;
    }
    return found;
}

static bool had_look(void *user, struct known *out)
{
    const struct measured *on = user;

    for (uint32_t at = name_place(&out->name); on->by_name[at] != 0;
         at = (at + 1) % INDEX) {
        const struct known *had = &on->had[on->by_name[at] - 1];

        if (!name_equal(&had->name, &out->name))
            continue;
        *out = *had;
        return true;
    }
    return false;
}

static size_t measure_batch(struct measured *on, struct batch_writer *writer)
{
    struct names by = {.user = on,
                       .find = had_find,
                       .look = had_look,
                       .hash = on_hash};
    struct setting setting = {mind, &by, &hello, &welcome};
    struct bytes rows = buf_view(&writer->raw);
    static uint8_t room[2 * BATCH_MAX];
    uLongf len = sizeof room;
    struct batch batch;
    struct buf out;
    double from = now();
    size_t size;

    buf_init(&out, BATCH_MAX);
    if (terse_write(&setting, writer, &out) < 0)
        exit(1);
    on->write += now() - from;
    from = now();
    if (terse_read(&setting, buf_view(&out), &batch, NULL) < 0 ||
        !bytes_equal(buf_view(&batch.raw), rows))
        exit(1);
    on->read += now() - from;
    batch_done(&batch);
    from = now();
    compress2(room, &len, rows.data, rows.len, 6);
    on->deflate += now() - from;
    on->raw += rows.len;
    on->changes += writer->head.count;
    size = out.len;
    buf_done(&out);
    return size;
}

/* A case: what both have, then the changes. */
static void measure_case(struct measured *on)
{
    struct batch_writer writer;
    uint32_t many = get(&on->in);
    static struct change first, last;
    struct bytes change;

    if (many >= INDEX)
        exit(1);
    on->many = many;
    on->had = xmalloc((many + 1) * sizeof *on->had);
    for (uint32_t i = 0; i < many; i++) {
        struct cut cut = cut_of(get_bytes(&on->in));

        name_read(&cut, &on->had[i].name);
        cut_copy(&cut, on->had[i].record.b, ID_SIZE);
        on->had[i].number = cut_varint(&cut);
    }
    index_had(on);
    many = get(&on->in);
    for (uint32_t i = 0; i < many; i++) {
        change = get_bytes(&on->in);
        if (change_open(change, &last) < 0)
            exit(1);
        if (i == 0) {
            first = last;
            batch_open(&writer, hello.kinds, &last.name.origin, last.name.n,
                       &(struct hash){{0}});
        }
        if (!batch_add(&writer, change, NULL, BATCH_RAW_MAX))
            exit(1);
    }
    hello.heads = 1;
    hello.head[0].origin = first.name.origin;
    hello.head[0].confirmed = first.name.n - 1;
    hello.wall_ms = last.stamp.wall_ms + 3000;
    hello.last.drift = last.stamp.wall_ms - last.stamp.mono_ms;
    memcpy(hello.last.boot, last.stamp.boot, sizeof hello.last.boot);
    memset(hello.last.author, 0, sizeof hello.last.author);
    memcpy(hello.last.author, last.author.data, last.author.len);
    printf("%zu\n", measure_batch(on, &writer));
    batch_drop(&writer);
    free(on->had);
}

static int measure(void)
{
    static struct measured on;
    struct buf all;

    read_all(&all);
    on.in = cut_of(buf_view(&all));
    while (cut_left(&on.in) > 0 && !on.in.bad)
        measure_case(&on);
    printf("speed %.0f %.0f %.1f\n", (double)on.changes / on.write,
           (double)on.changes / on.read, (double)on.raw / on.deflate / 1e6);
    return on.in.bad;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "dictionary") == 0)
        return make_dictionary();
    terse_setup();
    if (mind == NULL)
        return 1;
    if (strcmp(what, "measure") == 0)
        return measure();
    if (argc != 4)
        return 2;
    seed = (uint32_t)atoi(argv[2]);
    return make_random(atoi(argv[3]),
                       strcmp(what, "news") == 0 ? random_news : random_one);
}
