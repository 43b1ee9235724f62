/*
 * Happy path: curl names a socket -> on_socket polls it by the loop -> on_poll
 * gives curl a turn and calls `moved`; the same for curl's one timer.
 * What can fail: a descriptor the loop does not take, of which curl is told.
 */
#include "daemon/sockets.h"
#include "daemon/os.h"

#include <stdlib.h>
#include <string.h>

struct sockets {
    uv_loop_t *loop;
    uv_timer_t timer;
    CURLM *multi;
    void (*moved)(void *user);
    void *user;
    struct line *lines;
    uint64_t kept;              /* unsent of those that were closed */
    int handles;                /* open ones of libuv's: its own life */
    bool closing;
};

struct line {                   /* one socket of curl's */
    uv_poll_t poll;
    struct sockets *sockets;
    curl_socket_t socket;
    struct line *next, *prev;
};

static void give_back(struct sockets *sockets)
{
    if (--sockets->handles == 0 && sockets->closing)
        free(sockets);
}

static void on_line_closed(uv_handle_t *handle)
{
    struct line *line = handle->data;
    struct sockets *sockets = line->sockets;

    free(line);
    give_back(sockets);
}

static void on_timer_closed(uv_handle_t *handle)
{
    give_back(handle->data);
}

static void turn(struct sockets *sockets, curl_socket_t socket, int flags)
{
    int running;

    curl_multi_socket_action(sockets->multi, socket, flags, &running);
    sockets->moved(sockets->user);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct line *line = poll->data;
    int flags = 0;

    if (status < 0)
        flags |= CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    turn(line->sockets, line->socket, flags);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long ms, void *user)
{
    struct sockets *sockets = user;

    (void)multi;
    if (ms < 0)
        uv_timer_stop(&sockets->timer);
    else
        uv_timer_start(&sockets->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static struct line *line_open(struct sockets *sockets, curl_socket_t socket)
{
    struct line *line = xmalloc(sizeof *line);

    memset(line, 0, sizeof *line);
    line->sockets = sockets;
    line->socket = socket;
    line->poll.data = line;
    if (uv_poll_init_socket(sockets->loop, &line->poll, socket) != 0) {
        free(line);
        return NULL;
    }
    line->next = sockets->lines;
    if (line->next != NULL)
        line->next->prev = line;
    sockets->lines = line;
    sockets->handles++;
    curl_multi_assign(sockets->multi, socket, line);
    return line;
}

static void line_close(struct sockets *sockets, struct line *line)
{
    sockets->kept += os_unsent(line->socket);
    if (line->next != NULL)
        line->next->prev = line->prev;
    if (line->prev != NULL)
        line->prev->next = line->next;
    else
        sockets->lines = line->next;
    curl_multi_assign(sockets->multi, line->socket, NULL);
    uv_poll_stop(&line->poll);
    uv_close((uv_handle_t *)&line->poll, on_line_closed);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *user,
                     void *given)
{
    struct sockets *sockets = user;
    struct line *line = given;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (line != NULL)
            line_close(sockets, line);
        return 0;
    }
    if (line == NULL)
        line = line_open(sockets, socket);
    if (line == NULL)
        return -1;
    if (what != CURL_POLL_OUT)
        events |= UV_READABLE;
    if (what != CURL_POLL_IN)
        events |= UV_WRITABLE;
    return uv_poll_start(&line->poll, events, on_poll) == 0 ? 0 : -1;
}

struct sockets *sockets_open(uv_loop_t *loop, CURLM *multi,
                             void (*moved)(void *user), void *user)
{
    struct sockets *sockets = xmalloc(sizeof *sockets);

    memset(sockets, 0, sizeof *sockets);
    sockets->loop = loop;
    sockets->multi = multi;
    sockets->moved = moved;
    sockets->user = user;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, sockets);
    uv_timer_init(loop, &sockets->timer);
    sockets->timer.data = sockets;
    sockets->handles = 1;
    return sockets;
}

void sockets_close(struct sockets *sockets)
{
    sockets->closing = true;
    uv_timer_stop(&sockets->timer);
    uv_close((uv_handle_t *)&sockets->timer, on_timer_closed);
}

void sockets_begin(struct sockets *sockets)
{
    sockets->kept = 0;
}

uint64_t sockets_unsent(const struct sockets *sockets)
{
    uint64_t sum = sockets->kept;

    for (const struct line *at = sockets->lines; at; at = at->next)
        sum += os_unsent(at->socket);
    return sum;
}
