/*
 * Happy path: uplink_start hands curl an asking to read from and to feed;
 * curl's sockets are polled by the loop; at the end the node hears what came of it.
 * What can fail: no connection, no progress for a while, an answer that is not
 * the hub's. Each is told apart by its cause; none touches the store.
 */
#include "daemon/uplink.h"
#include "daemon/os.h"
#include "daemon/sockets.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_MAX = 16 * 1024,
    CONNECTION_SECONDS = 3600,
    SMALL_BYTES = 1060,         /* in a packet, its head not counted */
    SMALL_MS = 24 * 60 * 60 * 1000,
    FOREIGN_MAX = 64 * 1024,    /* of an answer that is not the hub's */
    REFUSAL_MAX = 512           /* of it, what is kept of a refusal */
};

struct uplink {
    struct sockets *sockets;
    struct tls *tls;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *bare, *headers, *chunked;        /* of brief asks, of
                                                         * short, of long */
    struct asking *asking;
    uplink_fn done;
    void *user;
    struct uplink_end end;
    bool read;                  /* more of the ask than `first` was */
    uint8_t first[FIRST_MAX];   /* its beginning, of short asks all */
    size_t firsts, given;       /* bytes of it; those curl has read */
    int rc;                     /* of reading it */
    size_t foreign;             /* bytes of an error's body, passed over */
    char refusal[REFUSAL_MAX + 1];      /* and its beginning */
    bool small;                 /* new connections have small packets, */
    bool helps;                 /* which brought what stood still before, */
    int64_t small_at;           /* since then */
};

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

/* What never left this machine was not said. */
static void count_gone(struct uplink *uplink)
{
    struct asked *asked = &uplink->end.asked;
    long heads = 0;

    curl_easy_getinfo(uplink->easy, CURLINFO_REQUEST_SIZE, &heads);
    if (heads == 0)
        asked->up = asked->gone_up = 0;
    uplink->end.unsent = sockets_unsent(uplink->sockets);
    if (uplink->end.unsent > asked->gone_up)
        uplink->end.unsent = asked->gone_up;
    asked->gone_up -= uplink->end.unsent;
}

/* A path that loses large packets and passes small ones (its routers do not say so)
 * looks like a line that stands still as soon as there is much to say. So behind
 * one that did, packets are made small, both ways, as the ends agree on it when
 * they connect; and large again where that did not help, or a day later. */
static void judge_packets(struct uplink *uplink, CURLcode code)
{
    const struct asked *asked = &uplink->end.asked;
    curl_off_t connected = 0;

    curl_easy_getinfo(uplink->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (uplink->end.err == ERR_STALL ||
        (code == CURLE_OPERATION_TIMEDOUT && connected > 0)) {
        uplink->small = !uplink->small;
        uplink->small_at = os_mono_ms();
        uplink->helps = false;
    } else if (uplink->end.err == 0 && uplink->small &&
               (asked->gone_up > SMALL_BYTES ||
                asked->came_down > SMALL_BYTES)) {
        uplink->helps = true;
    }
}

bool uplink_small(const struct uplink *uplink)
{
    return uplink->small && uplink->helps;
}

static int on_socket_made(void *user, curl_socket_t socket,
                          curlsocktype purpose)
{
    const struct uplink *uplink = user;

    (void)purpose;
    if (uplink->small)
        os_small_packets(socket, SMALL_BYTES);
    return CURL_SOCKOPT_OK;
}

static void finish(struct uplink *uplink, CURLcode code)
{
    uplink_fn done = uplink->done;
    curl_off_t wait = 0;

    settle_end(uplink->asking, &uplink->end.asked);
    count_gone(uplink);
    uplink->end.err = transfer_error(uplink, code);
    judge_packets(uplink, code);
    uplink->end.turned =
        tls_turned(uplink->easy, uplink->tls, uplink->end.next);
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

void uplink_moved(const struct uplink *uplink, uint64_t *bytes, bool *owed)
{
    struct asked asked;
    uint64_t unsent = sockets_unsent(uplink->sockets);

    settle_end(uplink->asking, &asked);
    *bytes = asked.gone_up + asked.came_down - unsent;
    *owed = unsent > 0 || asked.came_down > 0;
}

void uplink_give_up(struct uplink *uplink)
{
    uplink->end.err = fault_set(&uplink->end.fault, ERR_STALL, "uplink",
                                "no byte moves");
    finish(uplink, CURLE_OPERATION_TIMEDOUT);
}

static void check_done(void *user)
{
    struct uplink *uplink = user;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(uplink->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            finish(uplink, message->data.result);
}

/* ---- bytes ---- */

static int not_made(struct uplink *uplink, long rc)
{
    return fault_set(&uplink->end.fault, (int)rc, "ask",
                     "it could not be made");
}

static size_t on_read(char *out, size_t size, size_t count, void *user)
{
    struct uplink *uplink = user;
    size_t left = uplink->firsts - uplink->given;
    long got;

    if (left > 0) {
        left = left < size * count ? left : size * count;
        memcpy(out, uplink->first + uplink->given, left);
        uplink->given += left;
        return left;
    }
    uplink->read = true;
    got = uplink->rc < 0 ? uplink->rc
                         : asking_read(uplink->asking, (uint8_t *)out,
                                       size * count);
    if (got < 0) {
        uplink->end.err = not_made(uplink, got);
        return CURL_READFUNC_ABORT;
    }
    return (size_t)got;
}

/* A short ask is made before it goes: its length is told, which is shorter than
 * chunks, it is one record and one packet, and it can go once more where the
 * kept connection turns out to be dead. */
static void read_first(struct uplink *uplink)
{
    CURL *easy = uplink->easy;
    long got = 1;

    uplink->firsts = uplink->given = 0;
    while (got > 0 && uplink->firsts < FIRST_MAX) {
        got = asking_read(uplink->asking, uplink->first + uplink->firsts,
                          FIRST_MAX - uplink->firsts);
        uplink->firsts += got > 0 ? (size_t)got : 0;
    }
    uplink->rc = got < 0 ? (int)got : 0;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                     got != 0                         ? uplink->chunked
                     : asking_brief(uplink->asking) ? uplink->bare
                                                      : uplink->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     got == 0 ? uplink->first : NULL);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     got == 0 ? (curl_off_t)uplink->firsts : (curl_off_t)-1);
}

/* curl begins an ask anew on a fresh connection when the kept one was dead, and
 * wants to go back for it; it may still want that of the ask before this one.
 * An ask of which more than its beginning was read can not be read again. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct uplink *uplink = user;

    if (offset != 0 || origin != SEEK_SET || uplink->read)
        return CURL_SEEKFUNC_FAIL;
    uplink->given = 0;
    return CURL_SEEKFUNC_OK;
}

/* Only status 200 with our own media type, or none, is looked at, and only its
 * MACs make it count: a login page may have both. */
static bool looks_ours(struct uplink *uplink)
{
    const char *type = NULL;
    long status = 0;

    curl_easy_getinfo(uplink->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(uplink->easy, CURLINFO_CONTENT_TYPE, &type);
    return status == 200 &&
           (type == NULL ||
            strncmp(type, EXCHANGE_TYPE, strlen(EXCHANGE_TYPE)) == 0);
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
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, uplink);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, uplink);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, uplink);
    tls_options(easy, uplink->tls);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, uplink);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                     (long)CONNECTION_SECONDS);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65536L);
}

static struct curl_slist *headers(const char *type, const char *more)
{
    struct curl_slist *list = curl_slist_append(NULL, type);

    list = curl_slist_append(list, "Expect:");
    list = curl_slist_append(list, "Accept:");
    if (more != NULL)
        list = curl_slist_append(list, more);
    if (list == NULL)
        abort();
    return list;
}

struct uplink *uplink_open(uv_loop_t *loop, const char *url, struct tls *tls)
{
    struct uplink *uplink = xmalloc(sizeof *uplink);
    char whole[512];

    memset(uplink, 0, sizeof *uplink);
    uplink->tls = tls;
    uplink->multi = curl_multi_init();
    uplink->easy = curl_easy_init();
    uplink->bare = headers("Content-Type:", NULL);
    uplink->headers = headers("Content-Type: " EXCHANGE_TYPE, NULL);
    uplink->chunked = headers("Content-Type: " EXCHANGE_TYPE,
                              "Transfer-Encoding: chunked");
    if (uplink->multi == NULL || uplink->easy == NULL)
        abort();
    snprintf(whole, sizeof whole, "%s/exchange", url);
    easy_options(uplink, whole);
    uplink->sockets = sockets_open(loop, uplink->multi, check_done, uplink);
    return uplink;
}

void uplink_close(struct uplink *uplink)
{
    if (uplink == NULL)
        return;
    if (uplink->asking != NULL)
        curl_multi_remove_handle(uplink->multi, uplink->easy);
    asking_free(uplink->asking);
    uplink->asking = NULL;
    curl_easy_cleanup(uplink->easy);
    curl_multi_cleanup(uplink->multi);
    sockets_close(uplink->sockets);
    curl_slist_free_all(uplink->bare);
    curl_slist_free_all(uplink->headers);
    curl_slist_free_all(uplink->chunked);
    free(uplink);
}

void uplink_start(struct uplink *uplink, struct asking *asking,
                  int64_t connect_ms, uplink_fn done, void *user)
{
    memset(&uplink->end, 0, sizeof uplink->end);
    uplink->foreign = 0;
    uplink->read = false;
    memset(uplink->refusal, 0, sizeof uplink->refusal);
    uplink->asking = asking;
    uplink->done = done;
    uplink->user = user;
    if (uplink->small && os_mono_ms() - uplink->small_at > SMALL_MS)
        uplink->small = uplink->helps = false;
    tls_pins(uplink->easy, uplink->tls);
    read_first(uplink);
    sockets_begin(uplink->sockets);
    curl_easy_setopt(uplink->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)connect_ms);
    curl_multi_add_handle(uplink->multi, uplink->easy);
}
