#include "daemon/keys.h"
#include "daemon/beside.h"
#include "daemon/os.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCHANGE_LABEL "YIZHAN EXCHANGE KEY"
#define TURNED "turned = "      /* first line of a file that was turned */

enum { KEYS_MAX = 8192, ALL_TIME = -1 };

/* ---- one key ---- */

static int failed(struct fault *fault, int rc)
{
    return fault_set(fault, ERR_FAULT, "keys", "%s", gnutls_strerror(rc));
}

/* The fixed span of a certificate that nobody judges: a clock of 1970 or 2099
 * makes the same one. */
static int fill_certificate(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
    int rc = gnutls_x509_crt_set_version(crt, 3);

    if (rc == 0)
        rc = gnutls_x509_crt_set_key(crt, key);
    if (rc == 0)
        rc = gnutls_x509_crt_set_serial(crt, "\1", 1);
    if (rc == 0)
        rc = gnutls_x509_crt_set_activation_time(crt, 0);
    if (rc == 0)
        rc = gnutls_x509_crt_set_expiration_time(crt, (time_t)ALL_TIME);
    if (rc == 0)
        rc = gnutls_x509_crt_set_dn(crt, "CN=yizhan", NULL);
    if (rc == 0)
        rc = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
    return rc;
}

static bool pin_of(gnutls_x509_crt_t crt, uint8_t pin[32])
{
    size_t size = 32;

    return gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, pin,
                                      &size) == 0 && size == 32;
}

/* The certificate of a key, as PEM if wanted, and the key's pin. */
static int certify(gnutls_x509_privkey_t key, char **pem, uint8_t pin[32])
{
    gnutls_datum_t out = {NULL, 0};
    gnutls_x509_crt_t crt;
    int rc = gnutls_x509_crt_init(&crt);

    if (rc < 0)
        return rc;
    rc = fill_certificate(crt, key);
    if (rc == 0 && !pin_of(crt, pin))
        rc = GNUTLS_E_INTERNAL_ERROR;
    if (rc == 0 && pem)
        rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &out);
    if (rc == 0 && pem)
        *pem = xstrdup((const char *)out.data);
    gnutls_free(out.data);
    gnutls_x509_crt_deinit(crt);
    return rc;
}

/* A new key as PEM, appended. */
static int draw_key(struct buf *out)
{
    gnutls_x509_privkey_t key;
    gnutls_datum_t pem = {NULL, 0};
    int rc = gnutls_x509_privkey_init(&key);

    if (rc < 0)
        return rc;
    rc = gnutls_x509_privkey_generate(
        key, GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (rc == 0)
        rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                               GNUTLS_PKCS_PLAIN, &pem);
    if (rc == 0)
        buf_put(out, pem.data, pem.size);
    if (pem.data)
        sodium_memzero(pem.data, pem.size);
    gnutls_free(pem.data);
    gnutls_x509_privkey_deinit(key);
    return rc;
}

bool keys_pin(struct bytes der, uint8_t pin[32])
{
    const gnutls_datum_t data = {(unsigned char *)der.data,
                                 (unsigned)der.len};
    gnutls_x509_crt_t crt;
    bool good;

    if (gnutls_x509_crt_init(&crt) < 0)
        return false;
    good = gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER) == 0 &&
           pin_of(crt, pin);
    gnutls_x509_crt_deinit(crt);
    return good;
}

/* ---- the file ---- */

static int put_exchange(uint8_t secret[32], struct buf *out)
{
    gnutls_datum_t raw = {secret, 32}, pem = {NULL, 0};
    int rc = gnutls_pem_base64_encode2(EXCHANGE_LABEL, &raw, &pem);

    if (rc == 0)
        buf_put(out, pem.data, pem.size);
    if (pem.data)
        sodium_memzero(pem.data, pem.size);
    gnutls_free(pem.data);
    return rc;
}

static int draw_exchange(struct buf *out)
{
    uint8_t secret[32];
    int rc;

    randombytes_buf(secret, sizeof(secret));
    rc = put_exchange(secret, out);
    sodium_memzero(secret, sizeof(secret));
    return rc;
}

static int draw_all(bool hub, struct buf *out, struct fault *fault)
{
    int rc = draw_exchange(out);

    if (rc == 0)
        rc = draw_key(out);
    if (rc == 0 && hub)
        rc = draw_key(out);
    return rc < 0 ? failed(fault, rc) : 0;
}

/* Where a PEM block begins, after `from`; NULL if there is none. */
static const char *block(const char *from)
{
    return from ? strstr(from, "-----BEGIN PRIVATE KEY-----") : NULL;
}

static int take_key(const char *pem, char **key, char **certificate,
                    uint8_t pin[32])
{
    const gnutls_datum_t data = {(unsigned char *)pem,
                                 (unsigned)strlen(pem)};
    gnutls_datum_t alone = {NULL, 0};
    gnutls_x509_privkey_t private;
    int rc = gnutls_x509_privkey_init(&private);

    if (rc < 0)
        return rc;
    rc = gnutls_x509_privkey_import(private, &data, GNUTLS_X509_FMT_PEM);
    if (rc == 0)
        rc = certify(private, certificate, pin);
    if (rc == 0 && key)
        rc = gnutls_x509_privkey_export2_pkcs8(private, GNUTLS_X509_FMT_PEM,
                                               NULL, GNUTLS_PKCS_PLAIN,
                                               &alone);
    if (rc == 0 && key)
        *key = xstrdup((const char *)alone.data);
    gnutls_free(alone.data);
    gnutls_x509_privkey_deinit(private);
    return rc;
}

static int take_exchange(const char *text, struct keys *out)
{
    const gnutls_datum_t data = {(unsigned char *)text,
                                 (unsigned)strlen(text)};
    gnutls_datum_t raw = {NULL, 0};
    int rc = gnutls_pem_base64_decode2(EXCHANGE_LABEL, &data, &raw);

    if (rc == 0 && raw.size != sizeof(out->secret))
        rc = GNUTLS_E_PARSING_ERROR;
    if (rc == 0)
        memcpy(out->secret, raw.data, sizeof(out->secret));
    if (rc == 0 &&
        crypto_scalarmult_base(out->pins.exchange, out->secret) != 0)
        rc = GNUTLS_E_PARSING_ERROR;
    gnutls_free(raw.data);
    return rc;
}

static int take_all(const char *text, bool hub, struct keys *out)
{
    const char *first = block(text), *second = first ? block(first + 1) : NULL;
    int rc = take_exchange(text, out);

    if (strncmp(text, TURNED, strlen(TURNED)) == 0)
        out->turned_ms = strtoll(text + strlen(TURNED), NULL, 10);
    if (rc == 0)
        rc = first ? take_key(first, &out->key, &out->certificate,
                              out->pins.pin)
                   : GNUTLS_E_PARSING_ERROR;
    if (rc == 0 && hub)
        rc = second ? take_key(second, NULL, NULL, out->pins.next)
                    : GNUTLS_E_PARSING_ERROR;
    return rc;
}

static int load(const char *path, struct buf *text, struct fault *fault)
{
    int rc;

    buf_init(text, KEYS_MAX + 1);
    rc = os_read_file(path, KEYS_MAX, text, fault);
    if (rc == 1)
        buf_u8(text, 0);
    return rc;
}

static void forget(struct buf *text)
{
    if (text->data)
        sodium_memzero(text->data, text->len);
    buf_done(text);
}

int keys_open(const struct config *config, struct keys *out,
              struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    struct buf text;
    int rc;

    memset(out, 0, sizeof(*out));
    if (sodium_init() < 0)
        return fault_set(fault, ERR_FAULT, "", "libsodium does not start");
    config_path(config, "keys", path);
    rc = load(path, &text, fault);
    if (rc == 0) {
        rc = draw_all(config->hub, &text, fault);
        if (rc == 0)
            rc = os_write_file(path, buf_view(&text), fault);
        buf_u8(&text, 0);
    }
    /* Drawn anew they would make this machine another device; whoever has a
     * damaged file should rather put it back. */
    if (rc >= 0)
        rc = take_all((const char *)text.data, config->hub, out) == 0
                 ? 0 : fault_file(fault, ERR_CORRUPT, path,
                                  "the keys cannot be read");
    forget(&text);
    if (rc < 0)
        keys_done(out);
    return rc;
}

/* ---- a turn ---- */

/* What the file holds after a turn: the secret, the next key, and a new one. */
static int turned_text(struct keys *keys, const char *text, int64_t now_ms,
                       struct buf *out)
{
    const char *first = block(text), *next = first ? block(first + 1) : NULL;
    char line[48];
    int rc;

    snprintf(line, sizeof(line), TURNED "%lld\n", (long long)now_ms);
    buf_put(out, line, strlen(line));
    rc = put_exchange(keys->secret, out);
    if (rc == 0 && !next)
        rc = GNUTLS_E_PARSING_ERROR;
    if (rc == 0)
        buf_put(out, next, strlen(next));
    return rc == 0 ? draw_key(out) : rc;
}

/* The file as it is to be from now on, in `out`; `after` is what it gives. */
static int plan_turn(struct keys *keys, const struct buf *text,
                     int64_t now_ms, struct buf *out, struct keys *after)
{
    struct keys there = {.key = NULL};
    int rc = take_all((const char *)text->data, true, &there);
    bool same = rc == 0 && memcmp(&there.pins, &keys->pins,
                                  sizeof(there.pins)) == 0;
    /* A rename of which the disk did not say that it stays: it is done again,
     * not once more. */
    bool done = rc == 0 && !same &&
                memcmp(there.pins.pin, keys->pins.next, 32) == 0;

    keys_done(&there);
    if (!same && !done)
        return GNUTLS_E_PARSING_ERROR;
    if (done)
        buf_put(out, text->data, text->len - 1);
    else
        rc = turned_text(keys, (const char *)text->data, now_ms, out);
    buf_u8(out, 0);
    return rc == 0 ? take_all((const char *)out->data, true, after) : rc;
}

static int write_turn(const struct config *config, const char *path,
                      const struct buf *made, struct fault *fault)
{
    struct bytes content = bytes_of(made->data, made->len - 1);
    int rc = 0;

    if (config->backup[0])
        rc = beside_keys(config, config->backup, content, fault);
    return rc == 0 ? os_write_file(path, content, fault) : rc;
}

int keys_turn(const struct config *config, struct keys *keys, int64_t now_ms,
              struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    struct keys after = {.key = NULL};
    struct buf text, made;
    int rc;

    config_path(config, "keys", path);
    buf_init(&made, KEYS_MAX + 1);
    rc = load(path, &text, fault);
    if (rc >= 0)
        rc = rc == 1 && plan_turn(keys, &text, now_ms, &made, &after) == 0
                 ? 0 : fault_file(fault, ERR_CORRUPT, path,
                                  "not the keys this hub began with");
    if (rc == 0)
        rc = write_turn(config, path, &made, fault);
    forget(&text);
    forget(&made);
    if (rc < 0) {
        keys_done(&after);
        return rc;
    }
    keys_done(keys);
    *keys = after;
    return 0;
}

void keys_done(struct keys *keys)
{
    if (keys->key)
        sodium_memzero(keys->key, strlen(keys->key));
    free(keys->key);
    free(keys->certificate);
    sodium_memzero(keys, sizeof(*keys));
}
