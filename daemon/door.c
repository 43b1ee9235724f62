/*
 * libmicrohttpd in the node's loop.
 *
 *   something comes in   its epoll descriptor turns readable -> on_ready ->
 *                        MHD_run -> talk_request, which calls a handler
 *   a handler is done    the connection sleeps until the turn's commit, then
 *                        on_saved wakes it and the loop comes back here
 *   MHD wants the clock  MHD_get_timeout -> one timer; with no connection open
 *                        there is none, and an idle door wakes nobody
 *
 * What can fail: an upload can come in faster than the disk takes it, so a turn
 * ends after TURN_MS and its commit comes before the next; a caller can be
 * silent, drip or vanish: sweep() cuts off whom MHD's idle limit lets pass.
 */
#include "daemon/door.h"
#include "daemon/address.h"
#include "daemon/api.h"
#include "daemon/gate.h"
#include "daemon/open.h"
#include "daemon/os.h"
#include "daemon/talk.h"
#include "daemon/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LOCAL_CALLERS = 64,
    PUBLIC_CALLERS = 512,
    LEAST_CALLERS = 24,         /* of both doors together */
    OWN_FILES = 40,             /* database, log, temporary files, uplink */
    LOCAL_MEMORY = 128 * 1024,  /* of a connection: half is what one piece of
                                 * an upload can be */
    PUBLIC_MEMORY = 48 * 1024,
    IDLE_S = 30,
    TURN_MS = 50,
    SWEEP_MS = 2000,
    FULL_MS = 100,              /* the same, when all places are taken */
    HEAD_MS = 30000,            /* a whole head must have come in this time */
    SILENT_MS = 5000,           /* or its first byte, when all places are
                                 * taken: slow lines send that at once */
    PROGRESS_BYTES = 1024       /* and so much of a body in each such span */
};

static uint64_t now_ms(const struct door *door)
{
    return uv_now(node_loop(door->node));
}

/* Is the request still coming, as far as anybody has been told? */
static bool is_coming(const struct caller *caller)
{
    return !caller->talk || caller->talk->stage == TALK_BODY;
}

/* The caller has hung up in the middle. When its end came together with the
 * last bytes MHD 0.9.75 does not see it: it reads edge-triggered, and takes a
 * short read for the last one. The place would stay taken until IDLE_S. */
static bool is_gone(const struct caller *caller)
{
    char byte;

    return recv(caller->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool is_stuck(struct caller *caller, uint64_t now)
{
    struct talk *talk = caller->talk;

    if (now - caller->since < HEAD_MS)
        return false;
    if (!talk || talk->came - talk->marked < PROGRESS_BYTES)
        return true;
    talk->marked = talk->came;
    caller->since = now;
    return false;
}

/* Fewer where few files may be open: a door that finds none left to accept a
 * caller with turns round until there is one. What the rest of the process
 * opens is set aside, and neither door can take the other's. */
static unsigned places(bool public)
{
    int left = os_files() - OWN_FILES;
    int local = left / 2 < LOCAL_CALLERS ? left / 2 : LOCAL_CALLERS;

    if (left < LEAST_CALLERS)
        return 0;
    if (!public)
        return (unsigned)local;
    return (unsigned)(left - local < PUBLIC_CALLERS ? left - local
                                                    : PUBLIC_CALLERS);
}

/* One address is not all there is, though a whole county may come from one. On
 * loopback everybody does: the near end of a tunnel. 0: no bound. */
static unsigned of_one_address(const struct door *door)
{
    return host_loopback(door->where.host) ? 0 : door->places / 2;
}

static bool is_full(const struct door *door)
{
    unsigned count = 0;

    for (const struct caller *at = door->callers; at; at = at->next)
        count++;
    return count >= door->places;
}

static bool is_silent(const struct caller *caller, uint64_t now)
{
    return !caller->talk && now - caller->since >= SILENT_MS &&
           os_never_sent(caller->socket);
}

/* When all places are taken others wait, and among them may be many who have
 * left already: each has to be accepted before that can be seen. */
static uint64_t sweep_pause(const struct door *door)
{
    return is_full(door) ? FULL_MS : SWEEP_MS;
}

static void sweep(struct door *door)
{
    uint64_t now = now_ms(door), pause = sweep_pause(door);
    bool full = pause < SWEEP_MS;

    if (now - door->swept < pause)
        return;
    door->swept = now;
    /* MHD sees the shutdown and closes in its own time. */
    for (struct caller *at = door->callers; at; at = at->next)
        if (now - at->since >= pause && is_coming(at) &&
            (is_gone(at) || is_stuck(at, now) ||
             (full && is_silent(at, now))))
            shutdown(at->socket, SHUT_RDWR);
}

static void on_timer(uv_timer_t *timer);

static void pump(struct door *door)
{
    uint64_t until = uv_hrtime() + TURN_MS * 1000000ull;
    MHD_UNSIGNED_LONG_LONG wait;
    uint64_t pause;
    bool again;

    do {
        door->left = door->slow = false;
        MHD_run(door->mhd);
        pause = sweep_pause(door);
        if (MHD_get_timeout(door->mhd, &wait) != MHD_YES || wait > pause)
            wait = pause;
        /* Full, MHD stops listening, and looks whether there is room again
         * only at the start of a run: nothing else would wake it. */
        again = wait == 0 || door->left;
    } while (again && !door->slow && uv_hrtime() < until);
    sweep(door);
    /* Of 0 it would run again before anything else of the loop. */
    if (again || door->callers)
        uv_timer_start(&door->timer, on_timer, again ? 1 : wait, 0);
    else
        uv_timer_stop(&door->timer);
}

static void on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

void door_wake(struct door *door)
{
    uv_timer_start(&door->timer, on_timer, 0, 0);
}

static void on_caller(void *cls, struct MHD_Connection *connection,
                      void **context,
                      enum MHD_ConnectionNotificationCode what)
{
    struct door *door = cls;
    struct caller *caller = *context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        caller = xmalloc(sizeof(*caller));
        *caller = (struct caller){
            .door = door,
            .connection = connection,
            .socket = MHD_get_connection_info(
                          connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                          ->connect_fd,
            .since = now_ms(door),
            .next = door->callers,
        };
        if (door->callers)
            door->callers->prev = caller;
        door->callers = caller;
        *context = caller;
        return;
    }
    if (!caller)
        return;
    if (caller->next)
        caller->next->prev = caller->prev;
    if (caller->prev)
        caller->prev->next = caller->next;
    else
        door->callers = caller->next;
    free(caller);
    *context = NULL;
    door->left = true;
}

/* `place`: a socket that listens there already, or none (-1). */
static int start(struct door *door, int place, struct fault *fault)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    const struct sockaddr *address = (const struct sockaddr *)&v4;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    const struct listen *where = &door->where;

    if (door->tls)
        flags |= MHD_USE_TLS;
    if (uv_ip4_addr(where->host, where->port, &v4) != 0) {
        if (uv_ip6_addr(where->host, where->port, &v6) != 0)
            return fault_set(fault, ERR_CONFIG, "listen", "%s is no address",
                             where->host);
        address = (const struct sockaddr *)&v6;
        flags |= MHD_USE_IPv6;
    }
    errno = 0;
    door->mhd = MHD_start_daemon(
        flags, where->port, NULL, NULL, talk_request, door,
        MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_LISTEN_SOCKET, place,
        MHD_OPTION_CONNECTION_LIMIT, door->places,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(door->public ? PUBLIC_MEMORY : LOCAL_MEMORY),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_one_address(door),
        MHD_OPTION_NOTIFY_COMPLETED, talk_done, door,
        MHD_OPTION_NOTIFY_CONNECTION, on_caller, door,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, door->options,
        MHD_OPTION_END);
    if (!door->mhd)
        return fault_set(fault, ERR_CONFIG, "listen", "%s port %u: %s",
                         where->host, (unsigned)where->port,
                         errno ? strerror(errno) : "cannot listen");
    return 0;
}

static int open_at(struct node *node, const struct listen *where, bool public,
                   int place, struct door **out, struct fault *fault)
{
    struct door *door = xmalloc(sizeof(*door));
    int fd, rc = 0;

    *out = NULL;
    *door = (struct door){
        .node = node,
        .where = *where,
        .public = public,
        .places = places(public),
        .routes = public ? gate_routes : api_routes,
        .options = {{MHD_OPTION_END, 0, NULL}},
    };
    if (door->places == 0)
        rc = fault_set(fault, ERR_CONFIG, "ulimit -n", "at least %d",
                       OWN_FILES + LEAST_CALLERS);
    if (rc == 0 && !public)
        rc = token_open(node_config(node), door->token, fault);
    if (public && node_opened(node)->devices)
        door_tls_open(door, &node_opened(node)->keys);
    if (rc == 0)
        rc = start(door, place, fault);
    if (rc < 0) {
        free(door);
        return rc;
    }
    fd = MHD_get_daemon_info(door->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_timer_init(node_loop(node), &door->timer);
    door->timer.data = door;
    door->handles = 1;
    if (uv_poll_init(node_loop(node), &door->poll, fd) != 0) {
        door_close(door);
        return fault_set(fault, ERR_FAULT, "", "the loop takes no descriptor");
    }
    door->poll.data = door;
    door->handles = 2;
    uv_poll_start(&door->poll, UV_READABLE, on_ready);
    *out = door;
    return 0;
}

int door_open(struct node *node, const struct listen *where, bool public,
              struct door **out, struct fault *fault)
{
    return open_at(node, where, public, -1, out, fault);
}

/* The socket goes on listening all the while: a confined process could not bind
 * it once more, and who comes in between waits. */
int door_anew(struct door **door, struct fault *fault)
{
    struct node *node = (*door)->node;
    const struct listen where = (*door)->where;
    int place = MHD_quiesce_daemon((*door)->mhd);

    door_close(*door);
    return open_at(node, &where, true, place, door, fault);
}

static void on_close(uv_handle_t *handle)
{
    struct door *door = handle->data;

    if (--door->handles == 0)
        free(door);
}

void door_close(struct door *door)
{
    if (!door)
        return;
    if (door->handles == 2)
        uv_close((uv_handle_t *)&door->poll, on_close);
    uv_close((uv_handle_t *)&door->timer, on_close);
    /* MHD does not stop while a connection is suspended. */
    for (struct request *at = door->requests; at; at = at->next) {
        struct talk *talk = (struct talk *)at;

        if (talk->stage != TALK_WAIT)
            continue;
        node_forget(door->node, &talk->wait);
        MHD_resume_connection(talk->connection);
    }
    MHD_stop_daemon(door->mhd);
}
