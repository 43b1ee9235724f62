/*
 * What the tests of the wire share: golden bytes, a change with everything in
 * it, and made-up ids.
 *
 * A golden file is bytes in hex. YZ_GOLDEN=write in the environment makes the
 * ones that are missing; one that is there is never written again.
 */
#ifndef YZ_TEST_GOLDEN_H
#define YZ_TEST_GOLDEN_H

#include "proto/change.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOLDEN_MAX = 64 * 1024 };

static inline int golden_digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline FILE *golden_open(const char *name, const char *mode)
{
    char path[200];

    snprintf(path, sizeof path, "tests/golden/%s.hex", name);
    return fopen(path, mode);
}

static inline void golden_make(const char *name, struct bytes bytes)
{
    const char *want = getenv("YZ_GOLDEN");
    FILE *file = golden_open(name, "r");

    if (file != NULL) {
        fclose(file);
        return;
    }
    if (want == NULL || strcmp(want, "write") != 0)
        fail_msg("tests/golden/%s.hex is missing; it is made by hand with "
                 "YZ_GOLDEN=write", name);
    file = golden_open(name, "w");
    assert_non_null(file);
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(file, "%02x%s", bytes.data[i],
                i % 32 == 31 || i + 1 == bytes.len ? "\n" : " ");
    assert_int_equal(fclose(file), 0);
}

/* The bytes of a golden file; `out` is to be released. */
static inline void golden_load(const char *name, struct buf *out)
{
    FILE *file = golden_open(name, "r");
    int c, high = -1;

    if (file == NULL)
        fail_msg("tests/golden/%s.hex is missing", name);
    buf_init(out, GOLDEN_MAX);
    while ((c = getc(file)) != EOF) {
        int digit = golden_digit(c);

        if (digit >= 0 && high >= 0)
            buf_u8(out, (uint8_t)(high << 4 | digit));
        high = digit >= 0 && high < 0 ? digit : -1;
    }
    fclose(file);
    assert_false(out->full);
    assert_true(out->len > 0);
}

/* What is made now are the golden bytes. */
static inline void golden_check(const char *name, struct bytes made)
{
    struct buf golden;

    golden_make(name, made);
    golden_load(name, &golden);
    assert_int_equal(made.len, golden.len);
    assert_memory_equal(made.data, golden.data, golden.len);
    buf_done(&golden);
}

/* xorshift: the same numbers on every machine. */
static inline uint32_t golden_roll(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static inline struct id sample_id(uint8_t first)
{
    struct id id;

    for (int i = 0; i < ID_SIZE; i++)
        id.b[i] = (uint8_t)(first + i);
    return id;
}

static inline struct hash sample_hash(uint8_t first)
{
    struct hash hash;

    for (int i = 0; i < HASH_SIZE; i++)
        hash.b[i] = (uint8_t)(first + i);
    return hash;
}

/* An ordinary edit. */
static inline void sample_change(uint64_t n, struct change *out)
{
    memset(out, 0, sizeof *out);
    out->name = (struct name){sample_id(0x10), n};
    out->record = sample_id(0x40);
    out->kind = 1;
    out->cell = 3;
    out->base = 7;
    out->author = bytes_text("张三");
    out->stamp = (struct stamp){1735689600000, 60000, {1, 2, 3, 4, 5, 6, 7, 8}};
    body_set(&out->body, 4, bytes_text("13800000000"));
    body_set(&out->body, 9, bytes_text("城关镇"));
}

/* One with every part there is. */
static inline void sample_whole(struct change *out)
{
    sample_change(300, out);
    out->key = bytes_text("支部委员");
    out->base = 12345678;
    out->has_at = true;
    out->at_ms = -86400000;     /* imported: before 1970 */
    out->nsettles = 2;
    out->settles[0] = (struct name){sample_id(0x20), 1};
    out->settles[1] = (struct name){sample_id(0x20), 200};
    out->has_was = true;
    out->was = (struct name){sample_id(0x30), 299};
    out->was_hash = sample_hash(0x80);
    body_set(&out->body, 1000, bytes_text("两行\n文字"));
}

/* `out` is to be released. */
static inline void sample_bytes(const struct change *change, struct buf *out)
{
    buf_init(out, 2 * CHANGE_MAX);
    change_write(change, out);
    assert_false(out->full);
}

#endif
