/*
 * A batch and the changes in it. The first byte says how the rest is meant:
 * as a batch, or as a batch with its rows plain (help/pack.h).
 */
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/pack.h"

#include <string.h>

/* What is read is written back to the same bytes, and the lazy reader agrees
 * with the strict one. */
static void check_change(struct bytes bytes)
{
    static struct change change, opened;
    struct buf again;
    int rc = change_read(bytes, &change);

    must(rc < 0 || change_open(bytes, &opened) == 0,
         "a change is read but not opened");
    if (rc < 0)
        return;
    buf_init(&again, CHANGE_MAX + 1);
    change_write(&change, &again);
    must_equal(buf_view(&again), bytes, "a change");
    must(body_equal(&change.body, &opened.body), "two bodies of one change");
    buf_done(&again);
}

static void check_whole(const struct batch *head, struct batch_writer *writer)
{
    struct batch again;
    struct buf out;

    buf_init(&out, BATCH_MAX);
    must(batch_close(writer, &out) == 0, "a batch is not written again");
    must(batch_read(buf_view(&out), &again, NULL) == 0,
         "a batch is not read again");
    must_equal(buf_view(&again.raw), buf_view(&head->raw), "the rows");
    must(again.first == head->first && again.count == head->count &&
             id_equal(&again.origin, &head->origin) &&
             memcmp(again.kinds, head->kinds, HASH_SIZE) == 0 &&
             memcmp(&again.before, &head->before, HASH_SIZE) == 0,
         "the head of a batch");
    batch_done(&again);
    buf_done(&out);
}

static void check_places(const struct batch *batch)
{
    struct batch reading = *batch;
    struct batch_writer writer;
    struct place place;
    struct hash at = batch->before;
    uint64_t places = 0;
    int rc;
    bool fits = true;

    batch_open(&writer, batch->kinds, &batch->origin, batch->first,
               &batch->before);
    while ((rc = batch_next(&reading, &place)) == 1) {
        must(place.n == batch->first + places++, "a place out of its row");
        if (place.bytes.len > 0) {
            at = change_hash(&at, place.bytes);
            must(memcmp(&at, &place.hash, HASH_SIZE) == 0, "a hash");
            check_change(place.bytes);
        }
        at = place.hash;
        fits = fits && batch_add(&writer, place.bytes, &place.hash,
                                 BATCH_RAW_MAX);
    }
    must(rc < 0 || places == batch->count, "places are missing");
    if (rc == 0 && fits)
        check_whole(batch, &writer);
    else
        batch_drop(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut in = cut_of(bytes_of(data, size));
    struct fault fault = {.err = 0};
    struct batch batch;
    struct bytes bytes;
    struct buf packed;
    int rc;

    buf_init(&packed, BATCH_MAX);
    if (cut_u8(&in) & 1) {
        pack_batch_from(&in, &packed);
        bytes = buf_view(&packed);
    } else {
        bytes = take_some(&in, SIZE_MAX);
        check_change(bytes);
    }
    rc = batch_read(bytes, &batch, &fault);
    must(fault.err == rc, "the fault says %d, the result is %d", fault.err,
         rc);
    if (rc == 0) {
        check_places(&batch);
        batch_done(&batch);
    }
    buf_done(&packed);
    return 0;
}
