/* Import against the real store: line splitting, wrong lines, counts. */
#include "daemon/import.h"

#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char kind_text[] =
    "[kind]\nid = 7\nname = pet\nlabel = 宠物\nend = any\n"
    "[cell identity]\nid = 1\nlabel = 身份\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n"
    "[cell tag]\nid = 2\nlabel = 编号\n"
    "[field tag]\nid = 2\ncell = tag\nlabel = 编号\ntype = text\n"
    "max = 40\n";

enum { WRONG_MAX = 64 };

struct fixture {
    char path[64];
    struct kinds *kinds;
    struct store *store;
    struct import *import;
    struct fault fault;
    struct {
        uint64_t line;
        struct fault fault;
    } wrong[WRONG_MAX];
    int wrongs;
};

static void draw(void *user, void *out, size_t len)
{
    (void)user;
    randombytes_buf(out, len);
}

static void open_store(struct fixture *f)
{
    struct store_options options = {
        .path = f->path,
        .org = "520527001",
        .kinds = f->kinds,
        .world = {.random = draw},
    };

    if (store_open(&options, &f->store, &f->fault) < 0)
        fail_msg("%d %s", f->fault.err, f->fault.why);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct kind_file file = {"pet.conf", bytes_text(kind_text)};
    int fd;

    *state = f;
    if (!f || sodium_init() < 0)
        return -1;
    strcpy(f->path, "/tmp/yz-import-XXXXXX");
    fd = mkstemp(f->path);
    if (fd < 0)
        return -1;
    close(fd);
    if (kinds_read(&file, 1, &f->kinds, &f->fault) < 0) {
        print_error("%s %s\n", f->fault.where, f->fault.why);
        return -1;
    }
    open_store(f);
    return 0;
}

static int teardown(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    struct fixture *f = *state;
    char path[80];

    import_free(f->import);
    store_close(f->store);
    kinds_free(f->kinds);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", f->path, tails[i]);
        unlink(path);
    }
    free(f);
    return 0;
}

static void on_wrong(void *user, uint64_t line, const struct fault *fault)
{
    struct fixture *f = user;

    assert_true(f->wrongs < WRONG_MAX);
    f->wrong[f->wrongs].line = line;
    f->wrong[f->wrongs++].fault = *fault;
}

static void begin(struct fixture *f, enum import_mode mode, bool dry_run)
{
    struct import_options options = {
        .store = f->store,
        .org = "520527001",
        .mode = mode,
        .dry_run = dry_run,
        .author = "张敏",
        .wrong = on_wrong,
        .user = f,
    };

    f->wrongs = 0;
    assert_int_equal(import_new(&options, &f->import, &f->fault), 0);
}

static struct import_counts end(struct fixture *f)
{
    struct import_counts counts;

    assert_int_equal(import_end(f->import, &counts, &f->fault), 0);
    import_free(f->import);
    f->import = NULL;
    assert_int_equal(store_commit(f->store, &f->fault), 0);
    assert_true(counts.read == counts.new + counts.changed + counts.same +
                                   counts.wrong + counts.duplicate);
    return counts;
}

/* Feed `text` in pieces of `size` bytes. */
static struct import_counts run(struct fixture *f, const char *text,
                                size_t size)
{
    size_t len = strlen(text);

    for (size_t at = 0; at < len; at += size)
        assert_int_equal(
            import_feed(f->import,
                        bytes_of(text + at, len - at < size ? len - at : size),
                        &f->fault),
            0);
    return end(f);
}

#define ID(n) "00000000-0000-7000-8000-00000000000" #n
#define AT "\"at\":\"2024-12-26T13:08:00.026+08:00\",\"site\":\"520527001\""
#define INSERT(n, tag) \
    "{\"op\":\"insert\",\"kind\":\"pet\",\"id\":\"" ID(n) "\"," AT \
    ",\"data\":{\"org\":\"520527001\",\"tag\":\"" tag "\"}}\n"
#define UPDATE(n, tag) \
    "{\"op\":\"update\",\"kind\":\"pet\",\"id\":\"" ID(n) "\"," AT \
    ",\"data\":{\"tag\":\"" tag "\"}}\n"
#define DELETE(n) \
    "{\"op\":\"delete\",\"kind\":\"pet\",\"id\":\"" ID(n) "\"," AT "}\n"

static void test_pieces_of_any_size(void **state)
{
    static const char text[] =
        INSERT(1, "a") "\n  \r\n" UPDATE(1, "b") INSERT(2, "c") DELETE(2)
        INSERT(3, "last line without a line feed");
    static const size_t sizes[] = {1, 2, 3, 7, 64, 100000};
    struct fixture *f = *state;
    struct import_counts counts;

    begin(f, IMPORT_BOTH, false);
    counts = run(f, text, sizes[0]);
    assert_int_equal(counts.read, 5);
    assert_int_equal(counts.new, 3);
    assert_int_equal(counts.changed, 2);
    /* Lines once taken are never taken again, however they come. */
    for (int i = 1; i < 6; i++) {
        begin(f, IMPORT_BOTH, false);
        counts = run(f, text, sizes[i]);
        assert_int_equal(counts.read, 5);
        assert_int_equal(counts.duplicate, 5);
    }
}

static void test_carriage_returns_do_not_count(void **state)
{
    struct fixture *f = *state;

    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, INSERT(1, "a"), 9).new, 1);
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(
        run(f, "{\"op\":\"insert\",\"kind\":\"pet\",\"id\":\"" ID(1) "\"," AT
               ",\"data\":{\"org\":\"520527001\",\"tag\":\"a\"}}\r\n", 9)
            .duplicate, 1);
}

static void test_known_record_is_compared(void **state)
{
    struct fixture *f = *state;

    begin(f, IMPORT_BOTH, false);
    run(f, INSERT(1, "a"), 1000);
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, UPDATE(1, "a"), 1000).same, 1);
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, INSERT(1, "b"), 1000).changed, 1);
}

static void test_update_of_a_stranger_may_come_again(void **state)
{
    struct fixture *f = *state;

    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, UPDATE(1, "b"), 1000).wrong, 1);
    assert_int_equal(f->wrong[0].fault.err, ERR_RECORD);
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, INSERT(1, "a"), 1000).new, 1);
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, UPDATE(1, "b"), 1000).changed, 1);
}

static void test_modes(void **state)
{
    struct fixture *f = *state;

    begin(f, IMPORT_UPDATE, false);
    assert_int_equal(run(f, INSERT(1, "a"), 1000).wrong, 1);
    begin(f, IMPORT_ADD, false);
    assert_int_equal(run(f, INSERT(1, "a") UPDATE(1, "b") DELETE(1), 1000)
                         .wrong, 2);
    begin(f, IMPORT_ADD, false);
    assert_int_equal(run(f, INSERT(1, "c"), 1000).wrong, 1);
    begin(f, IMPORT_UPDATE, false);
    assert_int_equal(run(f, INSERT(1, "c"), 1000).changed, 1);
}

static void test_dry_run_changes_nothing(void **state)
{
    struct store_status status;
    struct fixture *f = *state;

    begin(f, IMPORT_BOTH, true);
    assert_int_equal(run(f, INSERT(1, "a") INSERT(2, "b"), 1000).new, 2);
    assert_int_equal(store_status(f->store, &status), 0);
    assert_int_equal(status.written, 0);
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, INSERT(1, "a"), 1000).new, 1);
}

static void test_one_at_a_time(void **state)
{
    struct import_options options = {0};
    struct fixture *f = *state;
    struct import *second;

    begin(f, IMPORT_BOTH, false);
    options.store = f->store;
    options.org = "520527001";
    assert_int_equal(import_new(&options, &second, &f->fault), ERR_RUNNING);
    end(f);
    begin(f, IMPORT_BOTH, false);
}

static void test_wrong_lines_have_code_and_field(void **state)
{
    static const char *const good = INSERT(1, "a");
    static const struct {
        const char *from, *to;
        int err;
        const char *field;
    } rows[] = {
        {"\"op\"", "\"oops\"", ERR_LINE, ""},
        {"insert", "upsert", ERR_LINE, "op"},
        {"\"pet\"", "\"cat\"", ERR_KIND, "kind"},
        {"\"pet\"", "5", ERR_KIND, "kind"},
        {ID(1), "1", ERR_LINE, "id"},
        {"2024-12-26", "2024-13-26", ERR_LINE, "at"},
        {"+08:00", "", ERR_LINE, "at"},
        {"\"520527001\",\"data\"", "\"52052700\",\"data\"", ERR_SCOPE, "site"},
        {"\"520527001\",\"data\"", "\"520527002\",\"data\"", ERR_SCOPE,
         "site"},
        {"\"520527001\",\"data\"", "\"52052700x\",\"data\"", ERR_LINE, "site"},
        {"\"tag\":", "\"tig\":", ERR_FIELD, "tig"},
        {"\"a\"", "5", ERR_VALUE, "tag"},
        {"\"a\"", "\"01234567890123456789012345678901234567890\"", ERR_LONG,
         "tag"},
        {"\"data\":{", "\"data\":[{", ERR_JSON, ""},
        {"\"data\":{\"org\":\"520527001\",\"tag\":\"a\"}", "\"data\":[]",
         ERR_JSON, "fields"},
        {",\"data\":{\"org\":\"520527001\",\"tag\":\"a\"}", "", ERR_LINE,
         "data"},
        {"\"op\":", "\"x\":1,\"op\":", ERR_LINE, ""},
        {"\"op\":", "\"op\":\"insert\",\"op\":", ERR_JSON, ""},
    };
    struct fixture *f = *state;
    char text[1000];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *at = strstr(good, rows[i].from);

        assert_non_null(at);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
                 rows[i].to, at + strlen(rows[i].from));
        begin(f, IMPORT_BOTH, false);
        run(f, text, 17);
        if (f->wrongs != 1 || f->wrong[0].fault.err != rows[i].err ||
            strcmp(f->wrong[0].fault.field, rows[i].field) != 0)
            fail_msg("%s gave %d wrong, %d %s", text, f->wrongs,
                     f->wrong[0].fault.err, f->wrong[0].fault.field);
    }
    begin(f, IMPORT_BOTH, false);
    assert_int_equal(run(f, good, 1000).new, 1);
}

/* A line over the limit costs that line, and no memory. */
static void test_long_line(void **state)
{
    static const char tail[] = "\n" INSERT(1, "a");
    static char piece[1000];
    struct fixture *f = *state;
    struct import_counts counts;

    memset(piece, 'x', sizeof(piece));
    begin(f, IMPORT_BOTH, false);
    for (int i = 0; i < 5000; i++)
        import_feed(f->import, bytes_of(piece, sizeof(piece)), &f->fault);
    counts = run(f, tail, 11);
    assert_int_equal(counts.read, 2);
    assert_int_equal(counts.new, 1);
    assert_int_equal(f->wrong[0].line, 1);
    assert_int_equal(f->wrong[0].fault.err, ERR_LONG);
    begin(f, IMPORT_BOTH, false);
    for (int i = 0; i < 100; i++)
        import_feed(f->import, bytes_of(piece, sizeof(piece)), &f->fault);
    assert_int_equal(end(f).wrong, 1);
}

static void test_zero_bytes_are_no_blank(void **state)
{
    struct fixture *f = *state;

    begin(f, IMPORT_BOTH, false);
    import_feed(f->import, bytes_of("\0\0\n\xff\xfe\n", 6), &f->fault);
    assert_int_equal(end(f).wrong, 2);
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2024-12-26T13:08:00.026+08:00", 1735189680026},
        {"2024-12-26 05:08:00.0269+00:00", 1735189680026},
        {"2024-12-26T01:38:00-03:30", 1735189680000},
        {"2099-01-01T00:00:00Z", 4070908800000},
    };
    static const char *const wrong[] = {
        "", "2024-12-26", "2024-12-26T13:08:00", "2024-12-26T13:08:00+0800",
        "2024-12-26T13:08+08:00", "2024-02-30T13:08:00Z",
        "2024-12-26T24:08:00Z", "2024-12-26T13:60:00Z",
        "2024-12-26T13:08:00.Z0", "2024-12-26T13:08:00Zx",
        "2024-12-26T13:08:00+24:00", "2024-12-26T13:08:00.026",
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(import_time(bytes_text(rows[i].text), &ms));
        assert_true(ms == rows[i].ms);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (import_time(bytes_text(wrong[i]), &ms))
            fail_msg("%s is no time", wrong[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pieces_of_any_size),
        TEST(test_carriage_returns_do_not_count),
        TEST(test_known_record_is_compared),
        TEST(test_update_of_a_stranger_may_come_again),
        TEST(test_modes),
        TEST(test_dry_run_changes_nothing),
        TEST(test_one_at_a_time),
        TEST(test_wrong_lines_have_code_and_field),
        TEST(test_long_line),
        TEST(test_zero_bytes_are_no_blank),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
