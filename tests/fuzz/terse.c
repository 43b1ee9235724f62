/*
 * A terse batch, or terse news. The first byte says how the rest is meant: as
 * the code behind a head, without its checksum; as a whole batch; as a
 * dictionary; and the first two for news.
 */
#include "proto/mind.h"
#include "tests/fuzz/help/must.h"

#include <stdlib.h>
#include <string.h>

enum { CODE, WHOLE, DICTIONARY, NEWS_CODE, NEWS_WHOLE, WAYS };

static struct mind *mind;
static struct hello hello;
static struct welcome welcome;

static bool on_find(void *user, const struct id *record,
                    const struct change *of, struct known *out)
{
    (void)user;
    (void)record;
    (void)of;
    (void)out;
    return false;
}

/* Every third change is known. */
static bool on_look(void *user, struct known *out)
{
    (void)user;
    out->record = (struct id){{(uint8_t)out->name.n}};
    out->number = out->name.n;
    return out->name.n % 3 == 0;
}

static bool on_hash(void *user, const struct name *name, struct hash *out)
{
    (void)user;
    (void)name;
    memset(out, 0, sizeof *out);
    return true;
}

/* So is what stands before every third. */
static bool on_said(void *user, const struct name *name, struct hash *hash,
                    struct change *out)
{
    (void)user;
    memset(hash, (int)(name->n & 255), sizeof *hash);
    if (out != NULL) {
        memset(out, 0, sizeof *out);
        out->author = bytes_of("said", name->n % 5);
        out->stamp.wall_ms = (int64_t)name->n;
    }
    return name->n % 3 == 0;
}

static bool on_origin(void *user, const uint8_t *prefix, struct id *out)
{
    (void)user;
    memset(out, prefix[0], sizeof *out);
    return memcmp(out->b, prefix, ORIGIN_PREFIX) == 0;
}

static const struct names names = {NULL,    on_find, on_look,
                                   on_hash, on_said, on_origin};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    mind = mind_new(dictionary_built());
    must(mind != NULL, "the dictionary is none");
    hello.heads = 1;
    hello.wall_ms = 1735689600000;
    hello.last.told = true;
    mind_name(mind, hello.last.dictionary);
    welcome.streams = 1;
    welcome.number = 7;
    welcome.seq = 9;
    welcome.wall_ms = 1735689600000;
    memcpy(welcome.stream[0], "520527001", sizeof "520527001");
    return 0;
}

/* What was read is a change that is written back to the same bytes, or bytes
 * that were told as they are. */
static void check_rows(struct batch *batch)
{
    static struct change change;
    struct place place;
    uint64_t places = 0;
    struct buf again;
    int rc;

    while ((rc = batch_next(batch, &place)) == 1) {
        places++;
        if (place.bytes.len == 0 || change_open(place.bytes, &change) < 0)
            continue;
        buf_init(&again, CHANGE_MAX + 1);
        change_write(&change, &again);
        must_equal(buf_view(&again), place.bytes, "a change");
        buf_done(&again);
    }
    must(rc == 0, "rows that are none");
    must(places > 0, "no place at all");
}

/* Whatever was read can be told again, and is read as the same. */
static void check_again(const struct batch *batch)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct batch_writer writer = {.head = *batch, .raw = batch->raw};
    struct batch again;
    struct buf out;

    buf_init(&out, BATCH_MAX);
    if (terse_write(&on, &writer, &out) == 0) {
        must(terse_read(&on, buf_view(&out), &again, NULL) == 0,
             "it is not read again");
        must_equal(buf_view(&again.raw), buf_view(&batch->raw), "the rows");
        batch_done(&again);
    }
    buf_done(&out);
}

static void read_code(struct cut *in)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct batch batch;

    memset(&batch, 0, sizeof batch);
    batch.first = 1 + take_number(in) % 1000;
    batch.count = 1 + take_number(in) % 300;
    buf_init(&batch.raw, BATCH_RAW_MAX);
    if (mind_read(&on, take_some(in, SIZE_MAX), &batch, &batch.raw) == 0) {
        struct batch reading = batch;

        reading.rest = cut_of(buf_view(&batch.raw));
        check_rows(&reading);
        check_again(&batch);
    }
    buf_done(&batch.raw);
}

static void read_whole(struct cut *in)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct fault fault = {.err = 0};
    struct batch batch;
    int rc = terse_read(&on, take_some(in, SIZE_MAX), &batch, &fault);

    must(fault.err == rc, "the fault says %d, the result is %d", fault.err,
         rc);
    if (rc < 0)
        return;
    check_rows(&batch);
    batch_done(&batch);
}

/* What was read can be read as plain news, up to the first item that says what
 * none may; and it can be told again. */
static void check_news(const struct news *news)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct news_writer writer = {.head = *news};
    struct news reading = *news, again;
    struct news_item item;
    struct buf out;

    reading.rest = cut_of(buf_view(&news->raw));
    while (news_next(&reading, &item) == 1)
        ;
    buf_init(&out, FRAME_MAX);
    if (terse_write_news(&on, &writer, &out) == 0) {
        must(terse_read_news(&on, buf_view(&out), &again) == 0,
             "it is not read again");
        must_equal(buf_view(&again.raw), buf_view(&news->raw), "the items");
        news_done(&again);
    }
    buf_done(&out);
}

static void read_news_code(struct cut *in)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct news_writer writer;

    news_open(&writer, welcome.stream[0], take_number(in));
    writer.head.count = 1 + take_number(in) % 300;
    if (mind_read_news(&on, take_some(in, SIZE_MAX), &writer) == 0)
        check_news(&writer.head);
    news_done(&writer.head);
}

static void read_news_whole(struct cut *in)
{
    struct setting on = {mind, &names, &hello, &welcome};
    struct news news;

    if (terse_read_news(&on, take_some(in, SIZE_MAX), &news) < 0)
        return;
    check_news(&news);
    news_done(&news);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut in = cut_of(bytes_of(data, size));

    switch (cut_u8(&in) % WAYS) {
    case CODE:
        read_code(&in);
        break;
    case WHOLE:
        read_whole(&in);
        break;
    case NEWS_CODE:
        read_news_code(&in);
        break;
    case NEWS_WHOLE:
        read_news_whole(&in);
        break;
    default:
        mind_free(mind_new(take_some(&in, SIZE_MAX)));
    }
    return 0;
}
