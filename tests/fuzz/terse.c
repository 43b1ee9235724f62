/*
 * A terse batch. The first byte says how the rest is meant: as the code behind
 * a head, without its checksum; as a whole batch; or as a dictionary.
 */
#include "proto/mind.h"
#include "tests/fuzz/help/must.h"

#include <stdlib.h>
#include <string.h>

enum { CODE, WHOLE, DICTIONARY, WAYS };

static struct mind *mind;
static struct hello hello;

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

static const struct names names = {NULL, on_find, on_look, on_hash};

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
    struct setting on = {mind, &names, &hello};
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
    struct setting on = {mind, &names, &hello};
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
    struct setting on = {mind, &names, &hello};
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
    default:
        mind_free(mind_new(take_some(&in, SIZE_MAX)));
    }
    return 0;
}
