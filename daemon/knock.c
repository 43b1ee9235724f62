#include "daemon/knock.h"
#include "daemon/tls.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX_BYTES = 64 * 1024, CONNECT_SECONDS = 30, ALL_SECONDS = 120 };

static size_t on_data(char *data, size_t one, size_t len, void *user)
{
    struct buf *body = user;

    (void)one;
    buf_put(body, data, len);
    return body->full ? 0 : len;
}

static void set_options(CURL *curl, const char *url, struct bytes note,
                        struct curl_slist *headers, struct buf *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)note.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)note.data);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
}

int knock(const char *url, struct bytes note, struct client_reply *out,
          struct fault *fault)
{
    struct tls tls = {.keys = NULL};
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: " ENROL_TYPE);
    CURL *curl = curl_easy_init();
    const char *type = NULL;
    char whole[CONFIG_HOST + 16];
    CURLcode code;
    int rc = 0;

    if (!curl || !headers)
        abort();
    out->status = 0;
    buf_init(&out->body, REPLY_MAX_BYTES);
    snprintf(whole, sizeof(whole), "%s/enroll", url);
    set_options(curl, whole, note, headers, &out->body);
    tls_options(curl, &tls);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (out->body.full)
        rc = fault_set(fault, ERR_PORTAL, "", "the answer is too long");
    else if (code != CURLE_OK)
        rc = tls_fault(&tls, (int)code, fault);
    else if (out->status == 200 && (!type || strcmp(type, ENROL_TYPE) != 0))
        rc = fault_set(fault, ERR_PORTAL, "", "HTTP 200 with other content");
    else if (out->status < 400 && out->status != 200)
        rc = fault_set(fault, ERR_PORTAL, "", "HTTP %ld", out->status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return rc;
}
