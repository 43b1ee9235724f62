/*
 * Enrolment: how a station and the hub come to know each other's keys, over a
 * line nobody trusts. No I/O here: bytes, and what they prove.
 *
 * The county gives a clerk a code of 80 random bits. What it gives, its pass,
 * names the invitation and keys two notes: the station's, with its public keys;
 * and the hub's, with both sides' keys as it knows them. The code itself never
 * travels, so whoever stands between can alter neither note.
 */
#ifndef YZ_ENROL_H
#define YZ_ENROL_H

#include "daemon/config.h"

#define ENROL_TYPE "application/vnd.yizhan.enrolment"

enum {
    CODE_SIZE = 10,
    CODE_TEXT = 20,             /* "XXXX-XXXX-XXXX-XXXX" and NUL */
    INVITE_SIZE = 8,
    NOTE_MAX = 2048,
    CHECK_TEXT = 36             /* six groups of five digits and NUL */
};

struct pins {                   /* what is public of a machine's keys */
    uint8_t pin[32];            /* SHA-256 of the TLS key's SPKI */
    uint8_t next[32];           /* of the one after it; a station has none */
    uint8_t exchange[32];       /* X25519, gives the key of the frames */
};

struct pass {                   /* what a code gives */
    uint8_t invite[INVITE_SIZE];
    uint8_t key[32];
};

struct note {
    uint8_t invite[INVITE_SIZE];
    char org[16], name[64];     /* wanted; in the hub's note: as it is known */
    struct pins pins;
    uint8_t mac[32];
};

void code_text(const uint8_t code[CODE_SIZE], char out[CODE_TEXT]);
/* As a person types it: small letters, O for 0, I or L for 1, any blanks and
 * dashes. False if it is no code. */
bool code_parse(const char *text, uint8_t out[CODE_SIZE]);
/* Slow on purpose (some 20 ms). ERR_FAULT when memory is short. */
int code_pass(const uint8_t code[CODE_SIZE], struct pass *out);

/* The station's note, MAC included. */
void note_ask(struct note *note, const struct pass *pass);
bool note_asked(const struct note *note, const uint8_t key[32]);
/* The hub's note that answers `ask`. */
void note_answer(struct note *note, const struct note *ask,
                 const uint8_t key[32]);
bool note_answered(const struct note *note, const struct note *ask,
                   const uint8_t key[32]);

/* As text, for the line and for a stick. `head` is "ask" or "answer". */
void note_write(const struct note *note, const char *head, struct buf *out);
/* ERR_FORMAT, ERR_VERSION. */
int note_read(struct bytes text, const char *head, struct note *out,
              struct fault *fault);

/* What both screens show, so that two people can compare. */
void enrol_check(const struct pins *hub, const struct pins *station,
                 char out[CHECK_TEXT]);
/* The same of one TLS key, as it is pinned. */
void enrol_pin(const uint8_t pin[32], char out[CHECK_TEXT]);
/* The key of the frames, the same at both ends: `secret` is the X25519 secret
 * of one, `other` the public key of the other. */
int enrol_key(const uint8_t secret[32], const uint8_t other[32],
              const struct pins *hub, const struct pins *station,
              uint8_t key[32]);

/* Hex of one length; false if it is not just that. */
bool hex_read(const char *text, uint8_t *out, size_t len);

#endif
