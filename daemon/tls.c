#include "daemon/tls.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* "sha256//A;sha256//B", as curl wants it; it keeps a copy. */
void tls_pins(void *curl, const struct tls *tls)
{
    const struct pins *hub = tls ? tls->hub : NULL;
    char one[64], two[64], both[160];

    if (!hub)
        return;
    sodium_bin2base64(one, sizeof(one), hub->pin, sizeof(hub->pin),
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2base64(two, sizeof(two), hub->next, sizeof(hub->next),
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(both, sizeof(both), "sha256//%s;sha256//%s", one, two);
    curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, both);
}

static void show_key(CURL *curl, const struct keys *keys)
{
    struct curl_blob certificate = {
        .data = keys->certificate,
        .len = strlen(keys->certificate),
        .flags = CURL_BLOB_COPY,
    };
    struct curl_blob key = {
        .data = keys->key,
        .len = strlen(keys->key),
        .flags = CURL_BLOB_COPY,
    };

    curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "PEM");
    curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(curl, CURLOPT_SSLKEYTYPE, "PEM");
    curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
}

/* The key is the identity: an authority, a name or a date would only be one
 * more thing that can be wrong on a PC with a dead battery. */
void tls_options(void *curl, struct tls *tls)
{
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    if (!tls)
        return;
    curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                     (long)CURL_SSLVERSION_TLSv1_3 |
                         (long)CURL_SSLVERSION_MAX_TLSv1_3);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, tls->error);
    if (tls->hub)
        curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    if (tls->keys)
        show_key(curl, tls->keys);
}

/* ---- a turn of the hub's keys ---- */

/* The key that the hub has shown on this transfer's new connection. */
static bool shown(CURL *curl, uint8_t pin[32])
{
    static const char name[] = "Cert:", begin[] = "-----BEGIN CERTIFICATE-----";
    struct curl_certinfo *chain = NULL;
    const char *text = NULL, *end;
    uint8_t der[2048];
    size_t len = 0;

    curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain);
    if (!chain || chain->num_of_certs < 1)
        return false;
    for (const struct curl_slist *at = chain->certinfo[0]; at; at = at->next)
        if (strncmp(at->data, name, sizeof(name) - 1) == 0)
            text = strstr(at->data, begin);
    if (!text)
        return false;
    text += sizeof(begin) - 1;
    end = strstr(text, "-----END");
    return end &&
           sodium_base642bin(der, sizeof(der), text, (size_t)(end - text),
                             "\r\n", &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           keys_pin(bytes_of(der, len), pin);
}

bool tls_turned(void *curl, struct tls *tls, uint8_t next[32])
{
    struct curl_header *header;
    uint8_t pin[32];
    size_t len = 0;
    long fresh = 0;

    if (!tls || !tls->hub)
        return false;
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &fresh);
    if (fresh > 0)
        tls->by_next = shown(curl, pin) &&
                       memcmp(pin, tls->hub->next, sizeof(pin)) == 0;
    return tls->by_next &&
           curl_easy_header(curl, KEYS_HEADER, 0, CURLH_HEADER, -1,
                            &header) == CURLHE_OK &&
           sodium_base642bin(next, 32, header->value, strlen(header->value),
                             NULL, &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           len == 32;
}

int tls_fault(const struct tls *tls, int code, struct fault *fault)
{
    const char *why = tls && tls->error[0]
                          ? tls->error
                          : curl_easy_strerror((CURLcode)code);

    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return fault_set(fault, ERR_KEY, "uplink", "%s", why);
    /* It answered, but what it said is no TLS of ours. A line that was cut in
     * the handshake has the same code, and no such words. */
    if (code == CURLE_SSL_CONNECT_ERROR && strstr(why, "SSL routines"))
        return fault_set(fault, ERR_PORTAL, "uplink", "%s", why);
    return fault_set(fault, ERR_NET, "uplink", "%s", why);
}
