#include "daemon/enrol.h"
#include "proto/ini.h"

#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Crockford's: no letter that looks like a digit. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum {
    DIGITS = 16,                /* of a code, five bits each */
    SLOW_PASSES = 3,
    SLOW_MEMORY = 8 * 1024 * 1024
};

void code_text(const uint8_t code[CODE_SIZE], char out[CODE_TEXT])
{
    size_t at = 0;

    for (int i = 0; i < DIGITS; i++) {
        int bit = i * 5;
        unsigned two = (unsigned)code[bit / 8] << 8;

        if (bit / 8 + 1 < CODE_SIZE)
            two |= code[bit / 8 + 1];
        if (i > 0 && i % 4 == 0)
            out[at++] = '-';
        out[at++] = digits[two >> (11 - bit % 8) & 31];
    }
    out[at] = '\0';
}

static int digit_of(char c)
{
    const char *found;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    found = c == '\0' ? NULL : strchr(digits, c);
    return found ? (int)(found - digits) : -1;
}

bool code_parse(const char *text, uint8_t out[CODE_SIZE])
{
    int count = 0;

    memset(out, 0, CODE_SIZE);
    for (; *text; text++) {
        int value, bit = count * 5;

        if (*text == '-' || *text == ' ')
            continue;
        value = digit_of(*text);
        if (value < 0 || count++ == DIGITS)
            return false;
        for (int i = 0; i < 5; i++, bit++)
            if (value & (16 >> i))
                out[bit / 8] |= (uint8_t)(128 >> bit % 8);
    }
    return count == DIGITS;
}

/* 80 random bits need no slow hash; it costs nothing here, and somebody who
 * recorded a note would have to pay it for each guess. */
int code_pass(const uint8_t code[CODE_SIZE], struct pass *out)
{
    static const unsigned char salt[crypto_pwhash_SALTBYTES + 1] =
        "yizhan enrolment";
    uint8_t all[INVITE_SIZE + 32];

    if (crypto_pwhash(all, sizeof(all), (const char *)code, CODE_SIZE, salt,
                      SLOW_PASSES, SLOW_MEMORY,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_FAULT;
    memcpy(out->invite, all, INVITE_SIZE);
    memcpy(out->key, all + INVITE_SIZE, sizeof(out->key));
    sodium_memzero(all, sizeof(all));
    return 0;
}

/* ---- what the notes prove ---- */

/* Each part with its length, so that no two notes give the same bytes. */
static void add(crypto_generichash_state *hash, const void *data, size_t len)
{
    uint8_t size = (uint8_t)len;

    crypto_generichash_update(hash, &size, 1);
    crypto_generichash_update(hash, data, len);
}

static void add_note(crypto_generichash_state *hash, const struct note *note)
{
    add(hash, note->invite, sizeof(note->invite));
    add(hash, note->org, strlen(note->org));
    add(hash, note->name, strlen(note->name));
    add(hash, note->pins.pin, sizeof(note->pins.pin));
    add(hash, note->pins.next, sizeof(note->pins.next));
    add(hash, note->pins.exchange, sizeof(note->pins.exchange));
}

static void make_mac(const struct note *note, const struct note *ask,
                     const uint8_t key[32], uint8_t mac[32])
{
    crypto_generichash_state hash;

    crypto_generichash_init(&hash, key, 32, 32);
    add(&hash, ask ? "answer" : "ask", ask ? 6 : 3);
    add_note(&hash, note);
    if (ask)
        add_note(&hash, ask);
    crypto_generichash_final(&hash, mac, 32);
}

void note_ask(struct note *note, const struct pass *pass)
{
    memcpy(note->invite, pass->invite, sizeof(note->invite));
    make_mac(note, NULL, pass->key, note->mac);
}

bool note_asked(const struct note *note, const uint8_t key[32])
{
    uint8_t mac[32];

    make_mac(note, NULL, key, mac);
    return sodium_memcmp(mac, note->mac, sizeof(mac)) == 0;
}

void note_answer(struct note *note, const struct note *ask,
                 const uint8_t key[32])
{
    memcpy(note->invite, ask->invite, sizeof(note->invite));
    make_mac(note, ask, key, note->mac);
}

bool note_answered(const struct note *note, const struct note *ask,
                   const uint8_t key[32])
{
    uint8_t mac[32];

    make_mac(note, ask, key, mac);
    return sodium_memcmp(mac, note->mac, sizeof(mac)) == 0;
}

/* Six groups of five digits. */
static void write_sum(const uint8_t sum[24], char out[CHECK_TEXT])
{
    size_t at = 0;

    for (int i = 0; i < 6; i++) {
        const uint8_t *four = sum + (ptrdiff_t)4 * i;
        unsigned value = (unsigned)four[0] << 24 | (unsigned)four[1] << 16 |
                         (unsigned)four[2] << 8 | four[3];

        at += (size_t)snprintf(out + at, CHECK_TEXT - at, "%s%05u",
                               i ? " " : "", value % 100000);
    }
}

void enrol_pin(const uint8_t pin[32], char out[CHECK_TEXT])
{
    write_sum(pin, out);
}

void enrol_check(const struct pins *hub, const struct pins *station,
                 char out[CHECK_TEXT])
{
    crypto_generichash_state hash;
    uint8_t sum[24];

    crypto_generichash_init(&hash, NULL, 0, sizeof(sum));
    add(&hash, hub->exchange, sizeof(hub->exchange));
    add(&hash, station->exchange, sizeof(station->exchange));
    add(&hash, station->pin, sizeof(station->pin));
    crypto_generichash_final(&hash, sum, sizeof(sum));
    write_sum(sum, out);
}

int enrol_key(const uint8_t secret[32], const uint8_t other[32],
              const struct pins *hub, const struct pins *station,
              uint8_t key[32])
{
    static const char label[] = "yizhan frames 1";
    crypto_generichash_state hash;
    uint8_t shared[32];

    if (crypto_scalarmult(shared, secret, other) != 0)
        return ERR_MAC;         /* a public key that gives nothing */
    crypto_generichash_init(&hash, shared, sizeof(shared), 32);
    add(&hash, label, sizeof(label) - 1);
    add(&hash, hub->exchange, sizeof(hub->exchange));
    add(&hash, station->exchange, sizeof(station->exchange));
    crypto_generichash_final(&hash, key, 32);
    sodium_memzero(shared, sizeof(shared));
    return 0;
}

/* ---- the notes as text ---- */

bool hex_read(const char *text, uint8_t *out, size_t len)
{
    size_t got;

    return strlen(text) == 2 * len &&
           sodium_hex2bin(out, len, text, 2 * len, NULL, &got, NULL) == 0 &&
           got == len;
}

#define FIELD(name, member, text) \
    {name, offsetof(struct note, member), \
     sizeof(((struct note *)0)->member), text}

static const struct field {
    const char *name;
    size_t at, size;
    bool text;                  /* else bytes, written as hex */
} fields[] = {
    FIELD("invite", invite, false),
    FIELD("org", org, true),
    FIELD("name", name, true),
    FIELD("pin", pins.pin, false),
    FIELD("next", pins.next, false),
    FIELD("exchange", pins.exchange, false),
    FIELD("mac", mac, false),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]), FORM = 1 };

static void put_line(struct buf *out, const char *name, const char *value)
{
    char line[200];

    snprintf(line, sizeof(line), "%s = %s\n", name, value);
    buf_put(out, line, strlen(line));
}

void note_write(const struct note *note, const char *head, struct buf *out)
{
    char hex[65], first[32];

    snprintf(first, sizeof(first), "[%s]\n", head);
    buf_put(out, first, strlen(first));
    put_line(out, "form", "1");
    for (int i = 0; i < FIELDS; i++) {
        const uint8_t *from = (const uint8_t *)note + fields[i].at;

        if (!fields[i].text)
            sodium_bin2hex(hex, sizeof(hex), from, fields[i].size);
        put_line(out, fields[i].name,
                 fields[i].text ? (const char *)from : hex);
    }
}

struct reading {
    struct note *note;
    const char *head;
    unsigned seen;              /* fields, by bit; above them the form */
};

static int set_field(struct reading *reading, int i, const char *value)
{
    uint8_t *to = (uint8_t *)reading->note + fields[i].at;

    if (reading->seen & 1u << i)
        return ERR_FORMAT;
    reading->seen |= 1u << i;
    if (!fields[i].text)
        return hex_read(value, to, fields[i].size) ? 0 : ERR_FORMAT;
    if (strlen(value) >= fields[i].size)
        return ERR_FORMAT;
    memcpy(to, value, strlen(value) + 1);
    return 0;
}

static int on_item(void *user, const struct ini_item *item,
                   struct fault *fault)
{
    struct reading *reading = user;
    int rc = ERR_FORMAT;

    if (strcmp(item->section, reading->head) == 0 && !item->name)
        return 0;
    if (item->name && strcmp(item->name, "form") == 0) {
        reading->seen |= 1u << FIELDS;
        rc = strtol(item->value, NULL, 10) == FORM ? 0 : ERR_VERSION;
    }
    for (int i = 0; item->name && i < FIELDS; i++)
        if (strcmp(item->name, fields[i].name) == 0)
            rc = set_field(reading, i, item->value);
    return rc < 0 ? fault_set(fault, rc, item->name, "not an enrolment of "
                              "this kind") : 0;
}

int note_read(struct bytes text, const char *head, struct note *out,
              struct fault *fault)
{
    struct reading reading = {.note = out, .head = head};
    int rc;

    memset(out, 0, sizeof(*out));
    rc = ini_read_sections(head, (const char *)text.data, text.len, on_item,
                           &reading, fault);
    if (rc == 0 && (reading.seen != (1u << (FIELDS + 1)) - 1 ||
                    !org_valid(out->org) || !station_name_valid(out->name)))
        rc = ERR_FORMAT;
    if (rc < 0 && rc != ERR_VERSION)    /* whatever the INI reader calls it */
        rc = fault_set(fault, ERR_FORMAT, NULL, "not an enrolment");
    return rc;
}
