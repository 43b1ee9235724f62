/*
 * Happy path: client_do builds one curl handle's options, performs, and the
 * callbacks fill the reply or pass its lines on.
 * What can fail: nobody listens (no daemon), the token is not ours to read,
 * the daemon ends half-way, the reply passes its bound, `line` wants no more, or
 * it hangs. Long work says nothing for long, so a silent daemon is asked
 * something short; one that does not answer that either has had as long as the
 * service manager gives it (WatchdogSec).
 */
#include "daemon/client.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TOKEN_MAX = 512,
    URL_MAX = 16 * 1024,
    CONNECT_MS = 5000,
    SILENT_MS = 30000,          /* then it is asked whether it lives, and */
    LIVING_MS = 60000           /* has so long to say so */
};

struct client {
    CURL *curl;
    char door[CONFIG_HOST];
    char token_file[CONFIG_PATH + 64];
    char author[124];
};

/* One call under way. */
struct transfer {
    struct client *client;
    const struct client_call *call;
    struct client_reply *reply;
    struct buf line;            /* the part of a line that has come */
    uint64_t sent;
    int stop;                   /* what `line` or `data` returned */
    bool read_error;
    curl_off_t moved;           /* bytes, both ways, when it last stirred ... */
    int64_t stirred;            /* ... which was then */
    bool hangs;
};

struct client *client_new(const struct config *config)
{
    struct client *client = xmalloc(sizeof(*client));

    memset(client, 0, sizeof(*client));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    if (!client->curl)
        abort();                /* out of memory, like xmalloc */
    config_door(config, client->door);
    config_path(config, "token", client->token_file);
    return client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client);
}

void client_author(struct client *client, const char *name)
{
    snprintf(client->author, sizeof(client->author), "%s", name);
}

/* What is wrong must be told by a daemon of any version, so those two verbs do
 * not say who asks. */
static void put_url(const struct client *client, const char *path,
                    struct buf *url)
{
    buf_put(url, client->door, strlen(client->door));
    buf_put(url, path, strlen(path));
    if (client->author[0] && strncmp(path, "/api/status", 11) != 0 &&
        strncmp(path, "/api/doctor", 11) != 0) {
        buf_put(url, strchr(path, '?') ? "&author=" : "?author=", 8);
        client_escape(client->author, url);
    }
    buf_u8(url, 0);
}

/* ---- silence ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t on_nothing(char *data, size_t one, size_t len, void *user)
{
    (void)data;
    (void)one;
    (void)user;
    return len;
}

/* No proxy, no redirect, nothing but plain HTTP to the door: what the
 * environment says about networks does not concern it. */
static void set_way(CURL *curl, const char *url)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
}

/* Any answer will do. */
static bool lives(const struct client *client)
{
    CURL *curl = curl_easy_init();
    char url[CONFIG_HOST + 16];
    bool answered;

    if (!curl)
        abort();
    snprintf(url, sizeof(url), "%s/api/status", client->door);
    set_way(curl, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)LIVING_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_nothing);
    answered = curl_easy_perform(curl) == CURLE_OK;
    curl_easy_cleanup(curl);
    return answered;
}

/* Called by curl at least once a second; non-zero ends the transfer. */
static int on_progress(void *user, curl_off_t down_all, curl_off_t down,
                       curl_off_t up_all, curl_off_t up)
{
    struct transfer *transfer = user;

    (void)down_all;
    (void)up_all;
    if (down + up != transfer->moved) {
        transfer->moved = down + up;
        transfer->stirred = now_ms();
    }
    if (now_ms() - transfer->stirred < SILENT_MS)
        return 0;
    transfer->hangs = !lives(transfer->client);
    transfer->stirred = now_ms();
    return transfer->hangs;
}

void client_reply_done(struct client_reply *reply)
{
    buf_done(&reply->body);
}

void client_escape(const char *text, struct buf *out)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (strchr(plain, byte)) {
            buf_u8(out, byte);
            continue;
        }
        buf_u8(out, '%');
        buf_u8(out, (uint8_t)digits[byte >> 4]);
        buf_u8(out, (uint8_t)digits[byte & 15]);
    }
}

/* Pass on the whole lines in transfer->line. */
static void pass_lines(struct transfer *transfer)
{
    struct buf *buf = &transfer->line;
    size_t start = 0;
    uint8_t *end;

    while (transfer->stop == 0 && start < buf->len &&
           (end = memchr(buf->data + start, '\n', buf->len - start))) {
        size_t len = (size_t)(end - (buf->data + start));

        transfer->stop = transfer->call->line(
            transfer->call->user, bytes_of(buf->data + start, len));
        start += len + 1;
    }
    memmove(buf->data, buf->data + start, buf->len - start);
    buf->len -= start;
}

static size_t on_data(char *data, size_t one, size_t len, void *user)
{
    struct transfer *transfer = user;
    long status = 0;

    (void)one;
    if (len == 0)
        return 0;
    curl_easy_getinfo(transfer->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->call->data && status == 200) {
        transfer->stop =
            transfer->call->data(transfer->call->user, bytes_of(data, len));
        return transfer->stop == 0 ? len : 0;
    }
    if (!transfer->call->line || status != 200) {
        buf_put(&transfer->reply->body, data, len);
        return transfer->reply->body.full ? 0 : len;
    }
    buf_put(&transfer->line, data, len);
    if (transfer->line.full)
        return 0;
    pass_lines(transfer);
    return transfer->stop == 0 ? len : 0;
}

static size_t on_read(char *out, size_t one, size_t len, void *user)
{
    struct transfer *transfer = user;
    const struct client_call *call = transfer->call;
    size_t got = fread(out, one, len, call->file);

    if (got == 0 && ferror(call->file)) {
        transfer->read_error = true;
        return CURL_READFUNC_ABORT;
    }
    transfer->sent += got;
    if (call->sent)
        call->sent(call->user, transfer->sent, call->size);
    return got;
}

static bool read_token(const struct client *client, char *out)
{
    FILE *file = fopen(client->token_file, "rb");
    bool good;

    out[0] = '\0';
    if (!file)
        return false;           /* errno says why */
    good = fgets(out, TOKEN_MAX, file) != NULL;
    fclose(file);
    errno = 0;
    out[strcspn(out, "\r\n")] = '\0';
    return good && out[0];
}

/* Reads are told without a token if they must; a write never leaves without. */
static int set_headers(struct client *client, const struct client_call *call,
                       struct curl_slist **out, struct fault *fault)
{
    char token[TOKEN_MAX], header[TOKEN_MAX + 64];
    bool post = strcmp(call->method, "POST") == 0;

    *out = curl_slist_append(NULL, "Expect:");
    if (read_token(client, token)) {
        snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
        *out = curl_slist_append(*out, header);
    } else if (post && errno == EACCES) {
        return fault_set(fault, ERR_DENIED, NULL, "%.180s: %s",
                         client->token_file, strerror(errno));
    }
    if (post) {
        snprintf(header, sizeof(header), "Content-Type: %s",
                 call->type ? call->type : "application/json");
        *out = curl_slist_append(*out, header);
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, *out);
    return 0;
}

static void set_body(CURL *curl, const struct client_call *call,
                     struct transfer *transfer)
{
    if (strcmp(call->method, "POST") != 0)
        return;
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    if (!call->file) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)call->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         call->body.len ? (const char *)call->body.data : "");
        return;
    }
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     call->size ? (curl_off_t)call->size : (curl_off_t)-1);
}

static void set_options(CURL *curl, const char *url,
                        const struct client_call *call,
                        struct transfer *transfer)
{
    curl_easy_reset(curl);
    set_way(curl, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    set_body(curl, call, transfer);
}

/* It was there and then it was not, or not in time: `where` is set, which tells
 * cli_fail that this is the door's trouble and not the store's. */
static int door_fault(const struct transfer *transfer, int err,
                      const char *why, struct fault *fault)
{
    int rc = fault_set(fault, err, NULL, "%s", why);

    if (fault)
        snprintf(fault->where, sizeof(fault->where), "%s",
                 transfer->client->door);
    return rc;
}

static int judge(const struct transfer *transfer, CURLcode code,
                 struct fault *fault)
{
    if (transfer->stop != 0)
        return transfer->stop;
    if (transfer->read_error)
        return fault_set(fault, ERR_IO, NULL, "the file cannot be read");
    if (transfer->hangs)        /* what it was told it may yet do */
        return door_fault(transfer,
                          strcmp(transfer->call->method, "POST") == 0
                              ? ERR_UNKNOWN : ERR_BUSY,
                          "it has said nothing for 90 seconds", fault);
    if (transfer->line.full || transfer->reply->body.full)
        return fault_set(fault, ERR_SIZE, NULL, "the reply is too long");
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return fault_set(fault, ERR_DOOR, NULL, "%s", transfer->client->door);
    case CURLE_OPERATION_TIMEDOUT:
        return door_fault(transfer, ERR_BUSY, "no reply in time", fault);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return door_fault(transfer, ERR_UNKNOWN, "yizhan ended in the middle",
                          fault);
    case CURLE_OUT_OF_MEMORY:
        abort();
    default:
        return fault_set(fault, ERR_FORMAT, NULL, "%s: %s",
                         transfer->client->door, curl_easy_strerror(code));
    }
}

int client_do(struct client *client, const struct client_call *call,
              struct client_reply *out, struct fault *fault)
{
    struct transfer transfer = {.client = client, .call = call, .reply = out,
                                .stirred = now_ms()};
    struct curl_slist *headers = NULL;
    struct buf url;
    CURLcode code;
    int rc;

    out->status = 0;
    buf_init(&out->body, CLIENT_REPLY_MAX);
    buf_init(&transfer.line, CLIENT_LINE_MAX);
    buf_init(&url, URL_MAX);
    put_url(client, call->path, &url);
    if (url.full) {
        buf_done(&url);
        return fault_set(fault, ERR_SIZE, NULL, "the request is too long");
    }
    set_options(client->curl, (const char *)url.data, call, &transfer);
    rc = set_headers(client, call, &headers, fault);
    if (rc == 0) {
        code = curl_easy_perform(client->curl);
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &out->status);
        rc = judge(&transfer, code, fault);
    }
    if (rc == 0 && transfer.line.len > 0)
        rc = call->line(call->user, buf_view(&transfer.line));
    curl_slist_free_all(headers);
    buf_done(&transfer.line);
    buf_done(&url);
    return rc;
}
