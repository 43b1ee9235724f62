/* A change and its bytes are one: nothing else decodes to it, and nothing is
 * decoded that would be written differently. */
#include "tests/golden/golden.h"

static void assert_name(const struct name *a, const struct name *b)
{
    assert_true(name_equal(a, b));
}

static void assert_change(const struct change *a, const struct change *b)
{
    assert_name(&a->name, &b->name);
    assert_true(id_equal(&a->record, &b->record));
    assert_true(a->kind == b->kind && a->cell == b->cell);
    assert_true(bytes_equal(a->key, b->key));
    assert_true(a->base == b->base && a->removal == b->removal);
    assert_true(bytes_equal(a->author, b->author));
    assert_true(a->stamp.wall_ms == b->stamp.wall_ms);
    assert_true(a->stamp.mono_ms == b->stamp.mono_ms);
    assert_memory_equal(a->stamp.boot, b->stamp.boot, sizeof a->stamp.boot);
    assert_true(a->has_at == b->has_at && a->at_ms == b->at_ms);
    assert_int_equal(a->nsettles, b->nsettles);
    for (int i = 0; i < a->nsettles; i++)
        assert_name(&a->settles[i], &b->settles[i]);
    assert_int_equal(a->has_was, b->has_was);
    if (a->has_was) {
        assert_name(&a->was, &b->was);
        assert_memory_equal(a->was_hash.b, b->was_hash.b, HASH_SIZE);
    }
    assert_true(body_equal(&a->body, &b->body));
}

/* Read what was written; 0 or the error. */
static int reread(const struct change *change)
{
    struct change again;
    struct buf bytes;
    int rc;

    sample_bytes(change, &bytes);
    rc = change_read(buf_view(&bytes), &again);
    if (rc == 0)
        assert_change(change, &again);
    buf_done(&bytes);
    return rc;
}

/* Refused, or the very bytes that this change is written with. */
static bool read_as_one(struct bytes in)
{
    struct change change, opened;
    struct buf again;
    int rc = change_read(in, &change);

    /* The journal's way differs in the look at the texts alone. */
    assert_int_equal(change_open(in, &opened), rc == ERR_TEXT ? 0 : rc);
    if (rc < 0)
        return false;
    assert_change(&opened, &change);
    sample_bytes(&change, &again);
    assert_true(bytes_equal(buf_view(&again), in));
    buf_done(&again);
    return true;
}

static void test_bytes_are_golden(void **state)
{
    struct change plain, whole, removal;
    struct buf bytes;

    (void)state;
    sample_change(1, &plain);
    sample_whole(&whole);
    sample_change(2, &removal);
    removal.removal = true;
    removal.body.count = 0;
    sample_bytes(&plain, &bytes);
    golden_check("change", buf_view(&bytes));
    buf_done(&bytes);
    sample_bytes(&whole, &bytes);
    golden_check("change_whole", buf_view(&bytes));
    buf_done(&bytes);
    assert_int_equal(reread(&plain), 0);
    assert_int_equal(reread(&whole), 0);
    assert_int_equal(reread(&removal), 0);
}

static void test_numbers_at_their_ends(void **state)
{
    struct change change;

    (void)state;
    sample_whole(&change);
    change.base = change.kind = change.cell = UINT64_MAX;
    change.name.n = change.settles[1].n = change.was.n = INT64_MAX;
    change.stamp.wall_ms = INT64_MIN;
    change.stamp.mono_ms = INT64_MAX;
    change.at_ms = -1;
    body_set(&change.body, UINT64_MAX, bytes_text("x"));
    assert_int_equal(reread(&change), 0);
    change.settles[1].n++;
    assert_int_equal(reread(&change), ERR_FORMAT);
}

static void test_cut_anywhere_is_refused(void **state)
{
    struct change change;
    struct buf bytes;

    (void)state;
    golden_load("change_whole", &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_true(change_read(bytes_of(bytes.data, len), &change) < 0);
    buf_u8(&bytes, 0);
    assert_int_equal(change_read(buf_view(&bytes), &change), ERR_FORMAT);
    assert_int_equal(change_read(bytes_of(NULL, 0), &change), ERR_FORMAT);
    buf_done(&bytes);
}

static void test_one_flipped_bit_is_another_change(void **state)
{
    static const char *const names[] = {"change", "change_whole"};
    struct hash before = sample_hash(0), hash, flipped;
    struct buf bytes;

    (void)state;
    for (int f = 0; f < 2; f++) {
        golden_load(names[f], &bytes);
        hash = change_hash(&before, buf_view(&bytes));
        for (size_t bit = 0; bit < bytes.len * 8; bit++) {
            bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            read_as_one(buf_view(&bytes));
            flipped = change_hash(&before, buf_view(&bytes));
            assert_memory_not_equal(hash.b, flipped.b, HASH_SIZE);
            bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(read_as_one(buf_view(&bytes)));
        buf_done(&bytes);
    }
}

/* Idle bytes behind a number, or a byte put in or taken out, anywhere. */
static void test_no_second_form(void **state)
{
    struct buf bytes, other;
    uint32_t seed = 20250101;

    (void)state;
    print_message("seed %u\n", (unsigned)seed);
    golden_load("change_whole", &bytes);
    buf_init(&other, CHANGE_MAX);
    for (size_t at = 0; at < bytes.len; at++) {
        for (int way = 0; way < 8; way++) {
            buf_clear(&other);
            buf_put(&other, bytes.data, at);
            if (way == 0) {
                buf_u8(&other, bytes.data[at] | 0x80);
                buf_u8(&other, 0);
            } else if (way < 7) {
                buf_u8(&other, (uint8_t)golden_roll(&seed));
                if (way < 4)
                    buf_u8(&other, (uint8_t)golden_roll(&seed));
            }
            buf_put(&other, bytes.data + at + 1, bytes.len - at - 1);
            read_as_one(buf_view(&other));
        }
    }
    buf_done(&other);
    buf_done(&bytes);
}

/* Where the numbers of the plain change stand: each written one byte longer
 * than it must be is refused. */
static void test_padded_numbers_are_refused(void **state)
{
    static const size_t at[] = {
        17,     /* n */
        18,     /* flags */
        35,     /* kind */
        36,     /* cell */
        37,     /* length of the key */
        38,     /* base */
        39,     /* length of the author */
    };
    struct buf bytes, other;

    (void)state;
    golden_load("change", &bytes);
    buf_init(&other, CHANGE_MAX);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        buf_clear(&other);
        buf_put(&other, bytes.data, at[i]);
        buf_u8(&other, bytes.data[at[i]] | 0x80);
        buf_u8(&other, 0);
        buf_put(&other, bytes.data + at[i] + 1, bytes.len - at[i] - 1);
        assert_false(read_as_one(buf_view(&other)));
    }
    buf_done(&other);
    buf_done(&bytes);
}

static void test_bounds(void **state)
{
    static char text[CHANGE_MAX];
    struct change change;

    (void)state;
    memset(text, 'k', sizeof text);
    sample_change(1, &change);
    change.key = bytes_of(text, KEY_MAX);
    change.author = bytes_of(text, AUTHOR_MAX);
    assert_int_equal(reread(&change), 0);
    change.key.len = KEY_MAX + 1;
    assert_int_equal(reread(&change), ERR_FORMAT);
    change.key.len = 0;
    change.author.len = AUTHOR_MAX + 1;
    assert_int_equal(reread(&change), ERR_FORMAT);
    change.author.len = 0;
    change.nsettles = SETTLES_MAX;
    for (int i = 0; i < SETTLES_MAX; i++)
        change.settles[i] = (struct name){sample_id(9), (uint64_t)i + 1};
    change.body.count = 0;
    for (uint64_t i = 1; i <= BODY_FIELDS; i++)
        body_set(&change.body, i, bytes_of(text, i));
    assert_int_equal(change.body.count, BODY_FIELDS);
    assert_int_equal(reread(&change), 0);
}

/* The counts themselves lie: one more than may be, with or without the rest. */
static void test_one_too_many_is_refused(void **state)
{
    struct change change;
    struct buf bytes;
    size_t at;

    (void)state;
    sample_change(1, &change);
    change.nsettles = SETTLES_MAX;
    for (int i = 0; i < SETTLES_MAX; i++)
        change.settles[i] = (struct name){sample_id(9), 1};
    sample_bytes(&change, &bytes);
    at = bytes.len;
    while (bytes.data[at - 1] != SETTLES_MAX || bytes.data[at] != 9)
        at--;
    bytes.data[at - 1] = SETTLES_MAX + 1;
    assert_int_equal(change_read(buf_view(&bytes), &change), ERR_FORMAT);
    bytes.data[at - 1] = 0;
    assert_int_equal(change_read(buf_view(&bytes), &change), ERR_FORMAT);
    buf_done(&bytes);
    sample_change(1, &change);
    change.body.count = 0;
    for (uint64_t i = 1; i <= BODY_FIELDS; i++)
        body_set(&change.body, i, bytes_text("x"));
    body_set(&change.body, 99, bytes_text("x"));
    assert_int_equal(change.body.count, BODY_FIELDS);
    sample_bytes(&change, &bytes);
    at = bytes.len - 3 * BODY_FIELDS - 1;
    assert_int_equal(bytes.data[at], BODY_FIELDS);
    bytes.data[at] = BODY_FIELDS + 1;
    buf_put(&bytes, "\x63\x01x", 3);
    assert_int_equal(change_read(buf_view(&bytes), &change), ERR_FORMAT);
    buf_done(&bytes);
}

static void test_largest_change(void **state)
{
    static char text[CHANGE_MAX];
    struct change change;
    struct buf bytes;
    size_t rest;

    (void)state;
    memset(text, 'x', sizeof text);
    sample_change(1, &change);
    change.body.count = 0;
    body_set(&change.body, 1, bytes_of(text, CHANGE_MAX / 2));
    sample_bytes(&change, &bytes);
    rest = CHANGE_MAX - bytes.len;
    buf_done(&bytes);
    body_set(&change.body, 1, bytes_of(text, CHANGE_MAX / 2 + rest));
    assert_int_equal(reread(&change), 0);
    body_set(&change.body, 1, bytes_of(text, CHANGE_MAX / 2 + rest + 1));
    assert_int_equal(reread(&change), ERR_SIZE);
}

static void test_text_must_be_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"a\0b", 3}, {"\xff", 1}, {"\xc0\x80", 2}, {"\xe4\xb8", 2},
        {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4}, {"\x1b", 1},
    };
    struct change change;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes text = bytes_of(bad[i].bytes, bad[i].len);

        sample_change(1, &change);
        change.key = text;
        assert_int_equal(reread(&change), ERR_TEXT);
        sample_change(1, &change);
        change.author = text;
        assert_int_equal(reread(&change), ERR_TEXT);
        sample_change(1, &change);
        body_set(&change.body, 5, text);
        assert_int_equal(reread(&change), ERR_TEXT);
    }
}

static void test_body_has_one_order(void **state)
{
    struct change change;

    (void)state;
    sample_change(1, &change);
    change.body.value[0].field = 9;             /* twice */
    assert_int_equal(reread(&change), ERR_FORMAT);
    change.body.value[0].field = 10;            /* falling */
    assert_int_equal(reread(&change), ERR_FORMAT);
    change.body.value[0].field = 0;             /* no field */
    assert_int_equal(reread(&change), ERR_FORMAT);
    change.body.value[0] = (struct value){4, bytes_text("")};
    assert_int_equal(reread(&change), ERR_FORMAT);
    sample_change(1, &change);
    change.removal = true;                      /* and yet with a body */
    assert_int_equal(reread(&change), ERR_FORMAT);
    change.body.count = 0;
    assert_int_equal(reread(&change), 0);
    change.removal = false;                     /* a key alone says enough */
    assert_int_equal(reread(&change), 0);
}

/* n begins at 1: a name without it names nothing. */
static void test_names_without_n_are_refused(void **state)
{
    struct change change;

    (void)state;
    sample_whole(&change);
    change.name.n = 0;
    assert_int_equal(reread(&change), ERR_FORMAT);
    sample_whole(&change);
    change.settles[1].n = 0;
    assert_int_equal(reread(&change), ERR_FORMAT);
    sample_whole(&change);
    change.was.n = 0;
    assert_int_equal(reread(&change), ERR_FORMAT);
}

static void test_newer_change_is_told_apart(void **state)
{
    struct change change;
    struct buf bytes;

    (void)state;
    golden_load("change", &bytes);
    bytes.data[0] = 2;
    assert_int_equal(change_read(buf_view(&bytes), &change), ERR_VERSION);
    bytes.data[0] = 1;
    bytes.data[18] = 16;                        /* a flag not known here */
    assert_int_equal(change_read(buf_view(&bytes), &change), ERR_FORMAT);
    buf_done(&bytes);
}

enum { CHAIN = 5 };

static void chain(struct buf *changes, struct hash *out)
{
    struct hash at = {{0}};

    for (int i = 0; i < CHAIN; i++) {
        at = change_hash(&at, buf_view(&changes[i]));
        out[i] = at;
    }
}

static void test_history_cannot_be_rewritten(void **state)
{
    struct hash was[CHAIN], is[CHAIN];
    struct buf changes[CHAIN];
    struct change change;

    (void)state;
    for (int i = 0; i < CHAIN; i++) {
        sample_change((uint64_t)i + 1, &change);
        sample_bytes(&change, &changes[i]);
    }
    chain(changes, was);
    golden_check("chain", bytes_of(was, sizeof was));
    for (int old = 0; old < CHAIN; old++)
        for (size_t at = 0; at < changes[old].len; at++) {
            changes[old].data[at] ^= 1;
            chain(changes, is);
            for (int i = 0; i < CHAIN; i++)
                assert_int_equal(memcmp(was[i].b, is[i].b, HASH_SIZE) == 0,
                                 i < old);
            changes[old].data[at] ^= 1;
        }
    for (int i = 0; i < CHAIN; i++)
        buf_done(&changes[i]);
}

static void test_body_keeps_its_order(void **state)
{
    struct body body = {.count = 0};

    (void)state;
    body_set(&body, 5, bytes_text("five"));
    body_set(&body, 2, bytes_text("two"));
    body_set(&body, 9, bytes_text("nine"));
    body_set(&body, 5, bytes_text("FIVE"));
    body_set(&body, 7, bytes_text(""));
    assert_int_equal(body.count, 3);
    assert_true(body.value[0].field == 2 && body.value[1].field == 5);
    assert_true(bytes_equal(body_get(&body, 5), bytes_text("FIVE")));
    assert_null(body_get(&body, 7).data);
    body_set(&body, 2, bytes_text(""));
    body_set(&body, 9, bytes_text(""));
    assert_int_equal(body.count, 1);
    assert_true(body.value[0].field == 5);
    body_set(&body, 5, bytes_text(""));
    assert_int_equal(body.count, 0);
}

static void test_ids(void **state)
{
    static const char text[] = "0194015d-5132-7cb3-b03e-2e7c07cc0424";
    static const char *const bad[] = {
        "", "0", "0194015d-5132-7cb3-b03e-2e7c07cc042",
        "0194015d-5132-7cb3-b03e-2e7c07cc04240",
        "0194015d51327cb3b03e2e7c07cc0424ffff",
        "0194015d-5132-7cb3-b03e-2e7c07cc042g",
        "0194015d5132-7cb3b03e-2e7c07cc0424",
        "0194015d-5132-7cb3-b03e2e7c07cc0424-",
    };
    struct id id, same;
    char back[37];

    (void)state;
    assert_true(id_parse(text, &id));
    id_text(&id, back);
    assert_string_equal(back, text);
    assert_true(id_parse("0194015D51327CB3B03E2E7C07CC0424", &same));
    assert_true(id_equal(&id, &same));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(id_parse(bad[i], &same));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_golden),
        cmocka_unit_test(test_numbers_at_their_ends),
        cmocka_unit_test(test_cut_anywhere_is_refused),
        cmocka_unit_test(test_one_flipped_bit_is_another_change),
        cmocka_unit_test(test_no_second_form),
        cmocka_unit_test(test_padded_numbers_are_refused),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_one_too_many_is_refused),
        cmocka_unit_test(test_largest_change),
        cmocka_unit_test(test_text_must_be_text),
        cmocka_unit_test(test_body_has_one_order),
        cmocka_unit_test(test_names_without_n_are_refused),
        cmocka_unit_test(test_newer_change_is_told_apart),
        cmocka_unit_test(test_history_cannot_be_rewritten),
        cmocka_unit_test(test_body_keeps_its_order),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
