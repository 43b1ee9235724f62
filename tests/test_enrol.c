#include "daemon/enrol.h"

#include <sodium.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char all_ones[] = "ZZZZ-ZZZZ-ZZZZ-ZZZZ";

static void test_code_text(void **state)
{
    uint8_t code[CODE_SIZE], back[CODE_SIZE];
    char text[CODE_TEXT];

    (void)state;
    memset(code, 0xFF, sizeof(code));
    code_text(code, text);
    assert_string_equal(text, all_ones);
    for (int i = 0; i < 500; i++) {
        randombytes_buf(code, sizeof(code));
        code_text(code, text);
        assert_int_equal(strlen(text), CODE_TEXT - 1);
        assert_true(code_parse(text, back));
        assert_memory_equal(code, back, sizeof(code));
    }
}

/* A clerk reads it off a slip of paper, or hears it on the telephone. */
static void test_code_typed(void **state)
{
    static const char *const same[] = {
        "0123-4567-89AB-CD10", "0123456789abcd10", " o123 4567 89ab cdlO ",
        "O123-4567-89AB-CDI0",
    };
    static const char *const none[] = {
        "", "0123-4567-89AB-CD1", "0123-4567-89AB-CD100",
        "0123-4567-89AB-CDU0", "0123_4567_89AB_CD10",
        "0123-4567-89AB-CD1\xE9",
    };
    uint8_t want[CODE_SIZE], got[CODE_SIZE];

    (void)state;
    assert_true(code_parse(same[0], want));
    for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_true(code_parse(same[i], got));
        assert_memory_equal(want, got, sizeof(want));
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (code_parse(none[i], got))
            fail_msg("taken: %s", none[i]);
}

static void fill(struct note *note, uint8_t with)
{
    memset(note, 0, sizeof(*note));
    strcpy(note->org, "520527001");
    strcpy(note->name, "qs-01");
    memset(note->pins.pin, with, 32);
    memset(note->pins.next, with + 1, 32);
    memset(note->pins.exchange, with + 2, 32);
}

static void pass_of(const char *code, struct pass *out)
{
    uint8_t bits[CODE_SIZE];

    assert_true(code_parse(code, bits));
    assert_int_equal(code_pass(bits, out), 0);
}

/* Neither side takes a note of which one bit is another one. */
static void test_every_bit_counts(void **state)
{
    struct note ask, answer, got;
    struct pass pass, other;
    const size_t bytes = sizeof(struct note);

    (void)state;
    pass_of(all_ones, &pass);
    pass_of("0000-0000-0000-0000", &other);
    fill(&ask, 10);
    fill(&answer, 20);
    note_ask(&ask, &pass);
    note_answer(&answer, &ask, pass.key);
    assert_true(note_asked(&ask, pass.key));
    assert_false(note_asked(&ask, other.key));
    assert_true(note_answered(&answer, &ask, pass.key));
    assert_false(note_answered(&answer, &ask, other.key));
    assert_false(note_asked(&answer, pass.key));
    assert_false(note_answered(&ask, &ask, pass.key));
    for (size_t i = 0; i < bytes * 8; i++) {
        size_t at = i / 8;
        bool text = at >= offsetof(struct note, org) &&
                    at < offsetof(struct note, pins);

        /* What stands behind the end of a text says nothing. */
        if (text && ((const char *)&ask)[at] == '\0')
            continue;
        got = ask;
        ((uint8_t *)&got)[at] ^= (uint8_t)(1 << i % 8);
        if (note_asked(&got, pass.key) ||
            (at < offsetof(struct note, mac) &&
             note_answered(&answer, &got, pass.key)))
            fail_msg("bit %zu of the ask", i);
        got = answer;
        ((uint8_t *)&got)[at] ^= (uint8_t)(1 << i % 8);
        if (note_answered(&got, &ask, pass.key))
            fail_msg("bit %zu of the answer", i);
    }
}

static void test_note_text(void **state)
{
    struct note note, got;
    struct fault fault;
    struct buf text, cut;
    struct pass pass;

    (void)state;
    pass_of(all_ones, &pass);
    fill(&note, 1);
    note_ask(&note, &pass);
    buf_init(&text, NOTE_MAX);
    note_write(&note, "ask", &text);
    assert_int_equal(note_read(buf_view(&text), "ask", &got, &fault), 0);
    assert_memory_equal(&note, &got, sizeof(note));
    assert_true(note_read(buf_view(&text), "answer", &got, &fault) < 0);
    /* No shorter one is whole; but the last line needs no end. */
    for (size_t len = 0; len + 1 < text.len; len++) {
        buf_init(&cut, NOTE_MAX);
        buf_put(&cut, text.data, len);
        if (note_read(buf_view(&cut), "ask", &got, &fault) == 0)
            fail_msg("cut at %zu is taken", len);
        buf_done(&cut);
    }
    /* Whatever is altered does not prove itself. */
    for (size_t i = 0; i < text.len * 8; i++) {
        text.data[i / 8] ^= (uint8_t)(1 << i % 8);
        if (note_read(buf_view(&text), "ask", &got, &fault) == 0 &&
            note_asked(&got, pass.key) && memcmp(&got, &note, sizeof(got)))
            fail_msg("bit %zu", i);
        text.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    buf_done(&text);
}

static void test_note_odd(void **state)
{
    static const char *const odd[] = {
        "", "[ask]\n", "[ask]\nform = 2\n", "[ask]\nform = 1\nform = 1\n",
        "[ask]\norg = 520527001\norg = 520527001\n", "[ask]\nmoon = 1\n",
        "[ask]\npin = 00\n", "[ask]\ninvite = 00112233445566zz\n",
        "form = 1\n", "<html>\n",
    };
    struct fault fault;
    struct note got;

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        int rc = note_read(bytes_text(odd[i]), "ask", &got, &fault);

        if (rc >= 0)
            fail_msg("taken: %s", odd[i]);
    }
}

/* Both ends come to the same key, which nobody else has. */
static void test_frame_key(void **state)
{
    uint8_t hub[32], station[32], one[32], two[32], zero[32] = {0};
    struct pins hub_pins = {.pin = {1}}, station_pins = {.pin = {2}};

    (void)state;
    randombytes_buf(hub, sizeof(hub));
    randombytes_buf(station, sizeof(station));
    crypto_scalarmult_base(hub_pins.exchange, hub);
    crypto_scalarmult_base(station_pins.exchange, station);
    assert_int_equal(enrol_key(hub, station_pins.exchange, &hub_pins,
                               &station_pins, one), 0);
    assert_int_equal(enrol_key(station, hub_pins.exchange, &hub_pins,
                               &station_pins, two), 0);
    assert_memory_equal(one, two, sizeof(one));
    assert_true(enrol_key(hub, zero, &hub_pins, &station_pins, one) < 0);
}

static void test_check(void **state)
{
    struct pins hub = {.exchange = {1}}, station = {.exchange = {2}};
    char one[CHECK_TEXT], two[CHECK_TEXT];

    (void)state;
    enrol_check(&hub, &station, one);
    assert_int_equal(strlen(one), CHECK_TEXT - 1);
    assert_int_equal(strspn(one, "0123456789 "), CHECK_TEXT - 1);
    station.pin[31] = 1;
    enrol_check(&hub, &station, two);
    assert_string_not_equal(one, two);
    enrol_check(&station, &hub, one);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_text),
        cmocka_unit_test(test_code_typed),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_note_text),
        cmocka_unit_test(test_note_odd),
        cmocka_unit_test(test_frame_key),
        cmocka_unit_test(test_check),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
