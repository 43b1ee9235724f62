/*
 * One request, from its head to the last byte of the reply.
 *
 * Happy path: begin judges the head -> take_piece for each piece of the body ->
 * finish calls the handler and puts the connection to sleep -> on_saved after
 * the commit -> send_reply -> talk_done.
 * What can fail: the head (refused before the body is read), the body (MHD takes
 * no reply in its middle: up to WASTE_MAX of the rest is read and dropped first),
 * the handler (its fault is the reply, without a commit), the caller (gone early).
 */
#include "daemon/talk.h"
#include "daemon/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WASTE_MAX = 1024 * 1024 };       /* read of a refused body, unkept */

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind,
                                 const char *key, size_t key_len,
                                 const char *value, size_t value_len)
{
    (void)kind;
    guard_see(cls, bytes_of(key, key_len), bytes_of(value, value_len));
    return MHD_YES;
}

static enum MHD_Result on_query(void *cls, enum MHD_ValueKind kind,
                                const char *key, size_t key_len,
                                const char *value, size_t value_len)
{
    struct talk *talk = cls;
    struct request *request = &talk->request;

    (void)kind;
    if (!value)
        value = "";
    if (request->queries == QUERY_MAX || strlen(key) != key_len ||
        strlen(value) != value_len || request_query(request, key)) {
        fault_set(&talk->fault, ERR_USAGE, "",
                  "a name of the query is given twice, or is none");
        return MHD_NO;
    }
    request->query[request->queries].name = key;
    request->query[request->queries++].value = value;
    return MHD_YES;
}

static void add_headers(const struct talk *talk, struct MHD_Response *response)
{
    static const char *const local[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy",
         "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    const char *type = talk->request.reply.type;
    char wait[24];

    snprintf(wait, sizeof(wait), "%lld",
             (long long)(talk->request.reply.wait_ms + 999) / 1000);
    if (talk->request.reply.wait_ms > 0)
        MHD_add_response_header(response, "Retry-After", wait);
    if (!type || !talk->request.bare)
        MHD_add_response_header(response, "Content-Type",
                                type ? type : "application/json");
    /* Between machines every byte counts, and no browser listens. */
    if (door_tls_tell(talk, response))
        return;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        MHD_add_response_header(response, local[i][0], local[i][1]);
}

/* What is wrong with the disk is wrong with a place on it. */
static void name_place(struct talk *talk)
{
    struct fault *fault = &talk->fault;

    if (!talk->door->public && fault->where[0] == '\0' &&
        (fault->err == ERR_CORRUPT || fault->err == ERR_IO))
        snprintf(fault->where, sizeof(fault->where), "%.190s",
                 node_config(talk->door->node)->data);
}

static ssize_t on_pull(void *cls, uint64_t at, char *out, size_t max)
{
    struct talk *talk = cls;
    struct reply *reply = &talk->request.reply;
    size_t left = reply->body.len - talk->sent;
    int rc;

    (void)at;
    if (left == 0) {
        buf_clear(&reply->body);
        talk->sent = 0;
        rc = reply->fill ? reply->fill(&talk->request) : 0;
        if (rc < 0)
            log_event(LOG_E, err_code(rc), "reply.cut", NULL);
        if (rc < 0 || reply->body.full)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        talk->door->slow = reply->slow;
        left = reply->body.len;
    }
    if (left == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left > max)
        left = max;
    memcpy(out, reply->body.data + talk->sent, left);
    talk->sent += left;
    return (ssize_t)left;
}

/* Short replies go out whole, with their length: that is shorter. */
static void fill_first(struct talk *talk)
{
    struct reply *reply = &talk->request.reply;

    while (reply->fill && !reply->slow && reply->body.len < REPLY_STEP) {
        size_t before = reply->body.len;
        int rc = reply->fill(&talk->request);

        if (rc < 0) {
            fault_set(&talk->fault, rc, "", "reading stopped");
            name_place(talk);
            reply_fault(reply, 0, &talk->fault);
        } else if (reply->body.len == before) {
            reply->fill = NULL;
        }
    }
    if (reply->body.full) {
        fault_set(&talk->fault, ERR_SIZE, "", "the answer is too large");
        reply_fault(reply, 500, &talk->fault);
    }
}

static enum MHD_Result send_reply(struct talk *talk)
{
    struct reply *reply = &talk->request.reply;
    struct MHD_Response *response;
    enum MHD_Result rc;

    fill_first(talk);
    talk->stage = TALK_SEND;
    /* The body belongs to the talk, which outlives the response. */
    if (reply->fill)
        response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, REPLY_STEP, on_pull, talk, NULL);
    else
        response = MHD_create_response_from_buffer(
            reply->body.len, reply->body.data, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(talk, response);
    rc = MHD_queue_response(talk->connection,
                            reply->status ? (unsigned)reply->status : 200,
                            response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result refuse(struct talk *talk)
{
    struct reply *reply = &talk->request.reply;

    name_place(talk);
    reply_fault(reply, talk->status, &talk->fault);
    /* A wrong value is the clerk's business, not the log's. */
    if (talk->status != 0 || reply->status >= 500)
        log_event(LOG_W, 7401, "door.refuse", "status=%d code=YZ%04d",
                  reply->status, err_code(talk->fault.err));
    return send_reply(talk);
}

/* Whether the route may be taken: 0 or the status to refuse with. */
static int judge_route(struct talk *talk, const struct guard *guard,
                       const char *path, const char *method)
{
    struct request *request = &talk->request;
    const struct route *route;
    bool known;
    int status = 0;

    route = route_find(talk->door->routes, method, path, &known);
    if (!route) {
        fault_set(&talk->fault, ERR_USAGE, "", "no such way in");
        return known ? 405 : 404;
    }
    for (int i = 0; i < request->queries; i++)
        if (!route_takes(route, request->query[i].name)) {
            fault_set(&talk->fault, ERR_USAGE, request->query[i].name,
                      "allowed: %s", route->query ? route->query : "nothing");
            return 400;
        }
    if (!route->type && (guard->bytes > 0 || guard->chunked)) {
        fault_set(&talk->fault, ERR_SIZE, "", "no body is expected here");
        return 413;
    }
    /* Whoever may not read the token's file may not write, nor see whole
     * personal numbers. */
    if ((route->type || route->personal || request_asks(request, "full")) &&
        !talk->door->public)
        status = guard_token(guard, talk->door->token, &talk->fault);
    request->bare = route->bare && guard->types == 0;
    if (route->type && status == 0 && !request->bare)
        status = guard_type(guard, route->type, &talk->fault);
    if (status == 0 && route->max && guard->bytes > route->max) {
        fault_set(&talk->fault, ERR_SIZE, "", "at most %zu bytes", route->max);
        status = 413;
    }
    /* Only now, so that nothing of a refused request reaches its handler. */
    request->route = status == 0 ? route : NULL;
    return status;
}

/* Whether the head may pass. `end`: the message has no sure end, so nothing
 * after it may be read as another one. */
static int judge(struct talk *talk, const char *path, const char *method,
                 bool *end)
{
    struct guard guard = {0};
    const struct door *door = talk->door;
    int status;

    MHD_get_connection_values_n(talk->connection, MHD_HEADER_KIND, on_header,
                                &guard);
    status = guard_framing(&guard, &talk->fault);
    *end = status != 0 || guard.bytes > 0 || guard.chunked;
    if (status == 0 && !door->public)
        status = guard_local(&guard, &door->where, &talk->fault);
    if (status != 0)
        return status;
    MHD_get_connection_values_n(talk->connection, MHD_GET_ARGUMENT_KIND,
                                on_query, talk);
    if (talk->fault.err)
        return 400;
    return judge_route(talk, &guard, path, method);
}

static enum MHD_Result begin(struct door *door,
                             struct MHD_Connection *connection,
                             const char *path, const char *method,
                             struct talk **out)
{
    struct talk *talk = xmalloc(sizeof(*talk));
    struct request *request = &talk->request;
    bool end = true;

    *talk = (struct talk){
        .request = {.node = door->node, .secret = door->token,
                    .next = door->requests},
        .door = door,
        .connection = connection,
        .caller = MHD_get_connection_info(
                      connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                      ->socket_context,
    };
    *out = talk;
    request->keyed = door->tls && door_tls_pin(connection, request->pin);
    if (door->requests)
        door->requests->prev = request;
    door->requests = request;
    talk->caller->talk = talk;
    talk->caller->since = uv_now(node_loop(door->node));
    buf_init(&request->body, BODY_MAX);
    buf_init(&request->reply.body, REPLY_MAX);
    talk->status = judge(talk, path, method, &end);
    talk->refused = talk->status != 0;
    if (!talk->refused && request->route->begin)
        talk->refused = request->route->begin(request, &talk->fault) < 0;
    /* A reply before the body came makes MHD close the connection. */
    return talk->refused && end ? refuse(talk) : MHD_YES;
}

static enum MHD_Result take_piece(struct talk *talk, struct bytes data)
{
    struct request *request = &talk->request;
    const struct route *route = request->route;

    talk->came += data.len;
    if (talk->refused)
        /* MHD takes no reply in the middle of a body. */
        return talk->came > WASTE_MAX ? MHD_NO : MHD_YES;
    if (route->piece) {
        talk->refused = route->piece(request, data, &talk->fault) < 0;
    } else if (talk->came > route->max) {
        talk->refused = true;
        fault_set(&talk->fault, ERR_SIZE, "", "at most %zu bytes", route->max);
    } else {
        buf_put(&request->body, data.data, data.len);
    }
    if (talk->refused)
        talk->came = 0;
    return MHD_YES;
}

static void on_saved(void *user)
{
    struct talk *talk = user;
    const struct route *route = talk->request.route;

    talk->stage = TALK_SEND;
    if (route->ready && !talk->refused)
        talk->refused = route->ready(&talk->request, &talk->fault) < 0;
    MHD_resume_connection(talk->connection);
    door_wake(talk->door);
}

static enum MHD_Result finish(struct talk *talk)
{
    const struct route *route = talk->request.route;

    if (!talk->refused)
        talk->refused = route->end(&talk->request, &talk->fault) < 0;
    if (talk->refused)
        return refuse(talk);
    talk->stage = TALK_WAIT;
    talk->wait = (struct node_wait){.done = on_saved, .user = talk};
    MHD_suspend_connection(talk->connection);
    if (!talk->request.later)
        node_wait(talk->door->node, &talk->wait);
    return MHD_YES;
}

void request_done(struct request *request, const struct fault *fault)
{
    struct talk *talk = (struct talk *)request;

    talk->refused = fault->err != 0;
    talk->fault = *fault;
    node_wait(talk->door->node, &talk->wait);
}

enum MHD_Result talk_request(void *door, struct MHD_Connection *connection,
                             const char *path, const char *method,
                             const char *version, const char *data,
                             size_t *len, void **out)
{
    struct talk *talk = *out;
    struct bytes piece = bytes_of(data, *len);

    (void)version;
    if (!talk) {
        enum MHD_Result rc = begin(door, connection, path, method, &talk);

        *out = talk;
        return rc;
    }
    *len = 0;
    switch (talk->stage) {
    case TALK_BODY:
        return piece.len > 0 ? take_piece(talk, piece) : finish(talk);
    case TALK_SEND:
        return talk->refused ? refuse(talk) : send_reply(talk);
    case TALK_WAIT:
        break;
    }
    return MHD_YES;
}

void talk_done(void *door, struct MHD_Connection *connection, void **out,
               enum MHD_RequestTerminationCode why)
{
    struct talk *talk = *out;
    struct request *request = &talk->request;
    struct door *owner = door;

    (void)connection;
    (void)why;
    if (!talk)
        return;
    *out = NULL;
    if (talk->stage == TALK_WAIT)
        node_forget(owner->node, &talk->wait);
    if (request->route && request->route->drop)
        request->route->drop(request);
    if (request->next)
        request->next->prev = request->prev;
    if (request->prev)
        request->prev->next = request->next;
    else
        owner->requests = request->next;
    talk->caller->talk = NULL;
    talk->caller->since = uv_now(node_loop(owner->node));
    buf_done(&request->body);
    buf_done(&request->reply.body);
    free(talk);
}

void request_abort(struct request *request)
{
    struct talk *talk = (struct talk *)request;

    shutdown(talk->caller->socket, SHUT_RDWR);
}
