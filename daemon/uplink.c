/*
 * Happy path: uplink_start hands curl an asking to read from and to feed;
 * curl's sockets are polled by the loop; when the transfer ends, what came of
 * it goes to the node.
 * What can fail: no connection, no progress for a while, an answer that is not
 * the hub's. Each is told apart by its cause; none touches the store.
 */
#include "daemon/uplink.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_SECONDS = 30,
    STALL_SECONDS = 60,         /* below STALL_BYTES a second for so long */
    STALL_BYTES = 20,           /* a 200 bit/s line still counts as alive */
    CONNECTION_SECONDS = 3600,
    FOREIGN_MAX = 64 * 1024,    /* of an answer that is not the hub's */
    REFUSAL_MAX = 512           /* of it, what is kept of a refusal */
};

struct uplink {
    uv_loop_t *loop;
    struct tls *tls;
    uv_timer_t timer;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    struct asking *asking;
    uplink_fn done;
    void *user;
    struct uplink_end end;
    bool read;                  /* something of the ask was */
    size_t foreign;             /* bytes of an error's body, passed over */
    char refusal[REFUSAL_MAX + 1];      /* and its beginning */
    int handles;                /* open libuv handles, the uplink's own life */
    bool closing;
};

struct line {                   /* one socket of curl's */
    uv_poll_t poll;
    struct uplink *uplink;
    curl_socket_t socket;
};

static void uplink_free(struct uplink *uplink)
{
    if (uplink->handles > 0)
        return;
    curl_slist_free_all(uplink->headers);
    free(uplink);
}

static void on_line_closed(uv_handle_t *handle)
{
    struct line *line = handle->data;
    struct uplink *uplink = line->uplink;

    free(line);
    uplink->handles--;
    if (uplink->closing)
        uplink_free(uplink);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct uplink *uplink = handle->data;

    uplink->handles--;
    uplink_free(uplink);
}

/* ---- the end of an exchange ---- */

/* Why the hub would not have us, as far as its refusal names a code that is
 * about this station. Nobody proved it: it picks the words, nothing else. */
static int refusal(const struct uplink *uplink)
{
    const char *at = uplink->refusal;

    while ((at = strstr(at, "YZ")) != NULL) {
        at += 2;
        if (strspn(at, "0123456789") == 4) {
            int err = err_of_code((int)strtol(at, NULL, 10));

            if (err == ERR_MAC || err == ERR_STATION || err == ERR_DENIED ||
                err == ERR_REVOKED)
                return err;
        }
    }
    return ERR_REFUSED;
}

static int transfer_error(struct uplink *uplink, CURLcode code)
{
    struct fault *fault = &uplink->end.fault;
    long status = 0;

    curl_easy_getinfo(uplink->easy, CURLINFO_RESPONSE_CODE, &status);
    uplink->end.http_status = (int)status;
    if (uplink->end.err < 0)
        return uplink->end.err;
    if (code != CURLE_OK)
        return tls_fault(uplink->tls, (int)code, fault);
    if (status >= 400)
        return fault_set(fault, status < 500 ? refusal(uplink) : ERR_REFUSED,
                         "uplink", "the hub refused, HTTP %ld", status);
    if (!uplink->end.asked.whole)
        return fault_set(fault, uplink->end.asked.proven ? ERR_NET
                                                         : ERR_PORTAL,
                         "uplink", "the answer was cut off");
    return 0;
}

static void finish(struct uplink *uplink, CURLcode code)
{
    uplink_fn done = uplink->done;
    curl_off_t wait = 0;

    settle_end(uplink->asking, &uplink->end.asked);
    uplink->end.err = transfer_error(uplink, code);
    curl_easy_getinfo(uplink->easy, CURLINFO_RETRY_AFTER, &wait);
    if (wait > 0)
        uplink->end.retry_after_ms =
            wait > 86400 ? 86400000 : (int64_t)wait * 1000;
    curl_multi_remove_handle(uplink->multi, uplink->easy);
    asking_free(uplink->asking);
    uplink->asking = NULL;
    uplink->done = NULL;
    done(uplink->user, &uplink->end);
}

static void check_done(struct uplink *uplink)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(uplink->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            finish(uplink, message->data.result);
}

/* ---- libuv and curl ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct line *line = poll->data;
    struct uplink *uplink = line->uplink;
    int running, flags = 0;

    if (status < 0)
        flags |= CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(uplink->multi, line->socket, flags, &running);
    check_done(uplink);
}

static void on_timer(uv_timer_t *timer)
{
    struct uplink *uplink = timer->data;
    int running;

    curl_multi_socket_action(uplink->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    check_done(uplink);
}

static int on_curl_timer(CURLM *multi, long ms, void *user)
{
    struct uplink *uplink = user;

    (void)multi;
    if (ms < 0)
        uv_timer_stop(&uplink->timer);
    else
        uv_timer_start(&uplink->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static struct line *line_open(struct uplink *uplink, curl_socket_t socket)
{
    struct line *line = xmalloc(sizeof *line);

    memset(line, 0, sizeof *line);
    line->uplink = uplink;
    line->socket = socket;
    line->poll.data = line;
    if (uv_poll_init_socket(uplink->loop, &line->poll, socket) != 0) {
        free(line);
        return NULL;
    }
    uplink->handles++;
    curl_multi_assign(uplink->multi, socket, line);
    return line;
}

static void line_close(struct uplink *uplink, struct line *line)
{
    curl_multi_assign(uplink->multi, line->socket, NULL);
    uv_poll_stop(&line->poll);
    uv_close((uv_handle_t *)&line->poll, on_line_closed);
}

static int on_curl_socket(CURL *easy, curl_socket_t socket, int what,
                          void *user, void *given)
{
    struct uplink *uplink = user;
    struct line *line = given;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (line != NULL)
            line_close(uplink, line);
        return 0;
    }
    if (line == NULL)
        line = line_open(uplink, socket);
    if (line == NULL)
        return -1;
    if (what != CURL_POLL_OUT)
        events |= UV_READABLE;
    if (what != CURL_POLL_IN)
        events |= UV_WRITABLE;
    return uv_poll_start(&line->poll, events, on_poll) == 0 ? 0 : -1;
}

/* ---- bytes ---- */

static size_t on_read(char *out, size_t size, size_t count, void *user)
{
    struct uplink *uplink = user;
    long got = asking_read(uplink->asking, (uint8_t *)out, size * count);

    uplink->read = true;
    if (got < 0) {
        uplink->end.err = fault_set(&uplink->end.fault, (int)got, "ask",
                                    "it could not be made");
        return CURL_READFUNC_ABORT;
    }
    return (size_t)got;
}

/* curl begins an ask anew on a fresh connection when the kept one was dead, and
 * wants to go back for it; it may still want that of the ask before this one.
 * An ask of which something was read can not be read again. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct uplink *uplink = user;

    return offset == 0 && origin == SEEK_SET && !uplink->read
               ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

/* Only status 200 with our own media type is looked at, and only its MACs make
 * it count: a login page may have both. */
static bool looks_ours(struct uplink *uplink)
{
    const char *type = NULL;
    long status = 0;

    curl_easy_getinfo(uplink->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(uplink->easy, CURLINFO_CONTENT_TYPE, &type);
    return status == 200 && type != NULL &&
           strncmp(type, EXCHANGE_TYPE, strlen(EXCHANGE_TYPE)) == 0;
}

static size_t on_write(char *data, size_t size, size_t count, void *user)
{
    struct uplink *uplink = user;
    size_t len = size * count;
    long status = 0;
    int rc;

    if (looks_ours(uplink)) {
        rc = settle_feed(uplink->asking, (const uint8_t *)data, len,
                         &uplink->end.fault);
        if (rc < 0)
            uplink->end.err = rc;
        return rc < 0 ? 0 : len;
    }
    curl_easy_getinfo(uplink->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400 && uplink->foreign < REFUSAL_MAX) {
        size_t keep = REFUSAL_MAX - uplink->foreign;

        memcpy(uplink->refusal + uplink->foreign, data,
               len < keep ? len : keep);
    }
    uplink->foreign += len;
    if (status >= 400 && uplink->foreign <= FOREIGN_MAX)
        return len;
    uplink->end.err = fault_set(&uplink->end.fault, ERR_PORTAL, "uplink",
                                "HTTP %ld with other content", status);
    return 0;
}

static void easy_options(struct uplink *uplink, const char *url)
{
    CURL *easy = uplink->easy;

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, uplink->headers);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, uplink);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, uplink);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, uplink);
    if (uplink->tls)
        tls_options(easy, uplink->tls);
    else
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                     (long)CONNECTION_SECONDS);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65536L);
}

static void multi_options(struct uplink *uplink)
{
    CURLM *multi = uplink->multi;

    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, uplink);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, uplink);
}

struct uplink *uplink_open(uv_loop_t *loop, const char *url, struct tls *tls)
{
    struct uplink *uplink = xmalloc(sizeof *uplink);
    char whole[512];

    memset(uplink, 0, sizeof *uplink);
    uplink->loop = loop;
    uplink->tls = tls;
    uplink->multi = curl_multi_init();
    uplink->easy = curl_easy_init();
    uplink->headers =
        curl_slist_append(NULL, "Content-Type: " EXCHANGE_TYPE);
    uplink->headers = curl_slist_append(uplink->headers,
                                        "Transfer-Encoding: chunked");
    uplink->headers = curl_slist_append(uplink->headers, "Expect:");
    uplink->headers = curl_slist_append(uplink->headers, "Accept:");
    if (uplink->multi == NULL || uplink->easy == NULL ||
        uplink->headers == NULL)
        abort();
    snprintf(whole, sizeof whole, "%s/exchange", url);
    easy_options(uplink, whole);
    multi_options(uplink);
    uv_timer_init(loop, &uplink->timer);
    uplink->timer.data = uplink;
    uplink->handles = 1;
    return uplink;
}

void uplink_close(struct uplink *uplink)
{
    if (uplink == NULL)
        return;
    uplink->closing = true;
    if (uplink->asking != NULL)
        curl_multi_remove_handle(uplink->multi, uplink->easy);
    asking_free(uplink->asking);
    uplink->asking = NULL;
    curl_easy_cleanup(uplink->easy);
    curl_multi_cleanup(uplink->multi);
    uv_timer_stop(&uplink->timer);
    uv_close((uv_handle_t *)&uplink->timer, on_timer_closed);
}

void uplink_start(struct uplink *uplink, struct asking *asking,
                  uplink_fn done, void *user)
{
    memset(&uplink->end, 0, sizeof uplink->end);
    uplink->foreign = 0;
    uplink->read = false;
    memset(uplink->refusal, 0, sizeof uplink->refusal);
    uplink->asking = asking;
    uplink->done = done;
    uplink->user = user;
    curl_multi_add_handle(uplink->multi, uplink->easy);
}
