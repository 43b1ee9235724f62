/*
 * The outer form of a bundle. The first byte says how the rest is meant: as a
 * file, or as a message to be sealed here, since nobody guesses a seal. What is
 * sealed comes out as it went in, however it is cut into pieces; with one bit
 * changed, or cut short, it is refused, and what was handed on before is the
 * message's beginning.
 */
#include "proto/bundle.h"
#include "tests/fuzz/help/must.h"

#include <string.h>

enum { FORM_SEAL = 1, FORM_ANSWER = 2, FORM_LARGE = 4 };
enum { FILE_BYTES = 512 * 1024, MESSAGE_BYTES = 200 * 1024 };

static const uint8_t key[32] = "the key of a station at the gate";

struct seen {
    int rc;
    struct bundle_head head;
    struct bundle_counts counts;
    struct buf plain;
};

/* `step` bytes at a time; out->plain is to be released. */
static void read_in(struct bytes file, size_t step, struct seen *out)
{
    struct bundle_reader reader;
    int rc = 0;

    buf_init(&out->plain, FILE_BYTES);
    bundle_reader_init(&reader);
    for (size_t at = 0; rc >= 0 && at < file.len;) {
        size_t left = file.len - at;

        at += bundle_hold(&reader, bytes_of(file.data + at,
                                            left < step ? left : step));
        while ((rc = bundle_next(&reader)) > 0)
            if (rc == BUNDLE_HEAD)
                bundle_unlock(&reader, key);
            else
                buf_put(&out->plain, reader.plain.data, reader.plain.len);
    }
    if (rc >= 0)
        rc = bundle_last(&reader);
    if (rc > 0)
        buf_put(&out->plain, reader.plain.data, reader.plain.len);
    out->rc = rc < 0 ? rc : 0;
    out->head = reader.head;
    out->counts = reader.counts;
    bundle_reader_done(&reader);
    must(out->rc == 0 || out->rc == ERR_BUNDLE || out->rc == ERR_TORN ||
             out->rc == ERR_VERSION,
         "refused with %d", out->rc);
}

static void check_file(struct bytes file, size_t step)
{
    struct seen whole, pieces;

    read_in(file, FILE_BYTES, &whole);
    read_in(file, step, &pieces);
    must(whole.rc == pieces.rc, "in pieces %d, in one %d", pieces.rc,
         whole.rc);
    must_equal(buf_view(&pieces.plain), buf_view(&whole.plain), "a file");
    must(whole.rc < 0 || whole.head.number <= INT64_MAX, "a number");
    buf_done(&whole.plain);
    buf_done(&pieces.plain);
}

static void seal(const struct bundle_head *head,
                 const struct bundle_counts *counts, struct bytes message,
                 size_t step, struct buf *out)
{
    struct bundle_writer writer;

    buf_init(out, FILE_BYTES);
    bundle_open(&writer, head, key, out);
    for (size_t at = 0; at < message.len; at += step)
        bundle_put(&writer,
                   bytes_of(message.data + at, message.len - at < step
                                                   ? message.len - at : step),
                   out);
    bundle_close(&writer, counts, out);
    bundle_writer_done(&writer);
    must(!out->full, "a bundle is too large");
}

static void must_refuse(struct bytes file, struct bytes message,
                        const char *what, size_t at)
{
    struct seen seen;

    read_in(file, FILE_BYTES, &seen);
    must(seen.rc < 0, "%s at %zu passes", what, at);
    must(seen.plain.len <= message.len &&
             (seen.plain.len == 0 ||
              memcmp(seen.plain.data, message.data, seen.plain.len) == 0),
         "%s at %zu: something else comes out", what, at);
    buf_done(&seen.plain);
}

static void check_sealed(uint8_t form, struct cut *in)
{
    struct bundle_head head = {.answer = (form & FORM_ANSWER) != 0,
                               .station = "gate"};
    struct bundle_counts counts;
    struct buf message, file;
    struct seen seen;
    size_t step = cut_u8(in) * 97u + 1, at;
    uint8_t bit = cut_u8(in) & 7;

    at = (size_t)take_number(in);
    head.number = take_number(in) & INT64_MAX;
    counts.changes = take_number(in) & INT64_MAX;
    counts.left = take_number(in) & INT64_MAX;
    buf_init(&message, MESSAGE_BYTES);
    buf_put(&message, in->at, cut_left(in));
    while (form & FORM_LARGE && message.len > 0 &&
           message.len <= MESSAGE_BYTES / 2) {
        size_t have = message.len;
        uint8_t *room = buf_room(&message, have);

        memcpy(room, message.data, have);
    }
    seal(&head, &counts, buf_view(&message), step, &file);
    read_in(buf_view(&file), step, &seen);
    must(seen.rc == 0, "it is refused: %d", seen.rc);
    must_equal(buf_view(&seen.plain), buf_view(&message), "a message");
    must(seen.head.number == head.number && seen.head.answer == head.answer &&
             strcmp(seen.head.station, head.station) == 0 &&
             seen.counts.changes == counts.changes &&
             seen.counts.left == counts.left,
         "another head");
    buf_done(&seen.plain);
    at %= file.len;
    must_refuse(bytes_of(file.data, at), buf_view(&message), "a cut", at);
    file.data[at] ^= (uint8_t)(1u << bit);
    must_refuse(buf_view(&file), buf_view(&message), "a bit", at);
    buf_done(&file);
    buf_done(&message);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    must(sodium_init() >= 0, "libsodium");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut in = cut_of(bytes_of(data, size));
    uint8_t form = cut_u8(&in);
    size_t step;

    if (form & FORM_SEAL) {
        check_sealed(form, &in);
        return 0;
    }
    step = cut_u8(&in) + 1u;
    check_file(bytes_of(in.at, cut_left(&in)), step);
    return 0;
}
