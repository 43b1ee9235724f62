#include "daemon/tls.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* "sha256//A;sha256//B", as curl wants it; it keeps a copy. */
static void pin_hub(CURL *curl, const struct pins *hub)
{
    char one[64], two[64], both[160];

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
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                     (long)CURL_SSLVERSION_TLSv1_3 |
                         (long)CURL_SSLVERSION_MAX_TLSv1_3);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, tls->error);
    if (tls->hub)
        pin_hub(curl, tls->hub);
    if (tls->keys)
        show_key(curl, tls->keys);
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
