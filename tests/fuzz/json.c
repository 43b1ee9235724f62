/*
 * The API of the loopback door, without the door: requests against a station's
 * store. A request of the input is the number of its route (u8), its query up
 * to a line feed, like "kind=thing&full=1", and its body up to 00.
 */
#include "daemon/api.h"
#include "tests/fuzz/help/hold.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/node.h"
#include "tests/fuzz/help/stage.h"
#include "tests/fuzz/help/story.h"
#include "tests/fuzz/help/walk.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 6, QUERY_BYTES = 300, PIECE = 61 };

static struct town *town;
static struct stage stage;
static int routes;

/* ---- setting up ---- */

static uint32_t same_random(void)
{
    static uint32_t state = 1;

    return state = state * 1664525 + 1013904223;
}

static void same_bytes(void *const out, const size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(same_random() >> 24);
}

static const char *same_name(void)
{
    return "same";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct randombytes_implementation same = {
        .implementation_name = same_name, .random = same_random,
        .buf = same_bytes};
    struct world *county;

    (void)argc;
    (void)argv;
    randombytes_set_implementation(&same);
    json_object_seed(1);
    county = story_county(true);
    story_unlink(county);
    town = town_of(county, "a");
    desk.store = town->store;
    strcpy(desk.config.org, town->org);
    strcpy(desk.config.name, town->name);
    strcpy(desk.config.data, "/nowhere");
    while (api_routes[routes].method != NULL)
        routes++;
    stage_open(&stage, town->store);
    return 0;
}

/* ---- one request, as talk.c has it ---- */

struct asked_for {
    const struct route *route;
    char query[QUERY_BYTES];
    struct bytes body;
};

/* Names the route knows only: the door lets no others through. */
static void take_query(struct request *request, char *text)
{
    char *rest = NULL;

    for (char *word = strtok_r(text, "&", &rest); word != NULL;
         word = strtok_r(NULL, "&", &rest)) {
        char *value = strchr(word, '=');

        if (value != NULL)
            *value++ = '\0';
        if (request->queries < QUERY_MAX && request->route->query != NULL &&
            name_among(word, request->route->query) &&
            request_query(request, word) == NULL) {
            request->query[request->queries].name = word;
            request->query[request->queries++].value =
                value == NULL ? "" : value;
        }
    }
}

static int give_body(struct request *request, struct bytes body,
                     struct fault *fault)
{
    int rc = 0;

    if (request->route->piece == NULL) {
        buf_put(&request->body, body.data, body.len);
        return 0;
    }
    for (size_t at = 0; at < body.len && rc == 0; at += PIECE)
        rc = request->route->piece(
            request,
            bytes_of(body.data + at,
                     body.len - at < PIECE ? body.len - at : PIECE),
            fault);
    return rc;
}

static void fill_all(struct request *request)
{
    struct reply *reply = &request->reply;
    size_t before;

    while (reply->fill != NULL) {
        before = reply->body.len;
        must(reply->fill(request) == 0, "reading stopped");
        if (reply->body.len == before)
            break;
    }
}

static int run(const struct asked_for *asked, struct request *request)
{
    struct fault fault = {.err = 0};
    char query[QUERY_BYTES];
    int rc;

    memset(request, 0, sizeof *request);
    memcpy(query, asked->query, sizeof query);
    request->route = asked->route;
    take_query(request, query);
    buf_init(&request->body, BODY_MAX);
    buf_init(&request->reply.body, REPLY_MAX);
    rc = asked->route->begin ? asked->route->begin(request, &fault) : 0;
    if (rc == 0)
        rc = give_body(request, asked->body, &fault);
    if (rc == 0)
        rc = asked->route->end(request, &fault);
    if (rc == 0)
        must(store_commit(town->store, &fault) == 0, "the commit");
    if (rc == 0 && request->later) {
        node_do_job(&fault);
        rc = fault.err;
    }
    if (rc == 0 && asked->route->ready)
        rc = asked->route->ready(request, &fault);
    must(rc == 0 || fault.err == rc, "%s %s: the fault says %d, the result "
         "is %d", asked->route->path, query, fault.err, rc);
    if (rc < 0)
        reply_fault(&request->reply, 0, &fault);
    fill_all(request);
    must(rc == 0 || request->reply.status != 500 || rc == ERR_IO,
         "a fault of our own: %s %d %s %s", asked->route->path, rc,
         fault.field, fault.why);
    return rc;
}

static void drop(struct request *request)
{
    if (request->route->drop)
        request->route->drop(request);
    buf_done(&request->body);
    buf_done(&request->reply.body);
}

/* These write files, or look at the machine. */
static bool left_alone(const struct route *route)
{
    static const char *const path[] = {
        "/api/backup", "/api/doctor", "/api/pack", "/api/unpack",
        "/api/enroll", NULL};
    int at = 0;

    while (path[at] != NULL && strcmp(route->path, path[at]) != 0)
        at++;
    return path[at] != NULL;
}

/* ---- what is told ---- */

static void must_lines(struct bytes text)
{
    struct fault fault;
    json_t *value;

    while (text.len > 0) {
        const uint8_t *feed = memchr(text.data, '\n', text.len);

        must(feed != NULL, "the last line has no end");
        must(json_parse(bytes_of(text.data, (size_t)(feed - text.data)),
                        &value, &fault) == 0,
             "a line that is no JSON: %s", fault.why);
        json_decref(value);
        text = bytes_of(feed + 1, (size_t)(text.data + text.len - feed - 1));
    }
}

/* The reply as one object; NULL when it is none. */
static json_t *told(const struct request *request)
{
    struct bytes text = buf_view(&request->reply.body);
    struct fault fault = {.err = 0};
    json_t *value = NULL;

    must(!request->reply.body.full, "a reply of more than 8 MiB");
    if (request->reply.type == NULL)
        must(json_parse(text, &value, &fault) == 0, "a reply: %s", fault.why);
    else if (strcmp(request->reply.type, NDJSON_TYPE) == 0)
        must_lines(text);
    return value;
}

static uint64_t written(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < STATES; i++)
        sum += (uint64_t)town->store->tally[i];
    return sum;
}

static uint64_t member_number(const json_t *value, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(value, name));
}

static uint64_t lines_taken(const json_t *counts)
{
    return member_number(counts, "new") + member_number(counts, "changed") +
           member_number(counts, "same");
}

/* A line taken once is not taken again. */
static void import_again(const struct asked_for *asked, const json_t *counts)
{
    struct request request;
    json_t *again;

    must(member_number(counts, "read") ==
             lines_taken(counts) + member_number(counts, "wrong") +
                 member_number(counts, "duplicate"),
         "the lines do not add up");
    if (strstr(asked->query, "dry") != NULL)
        return;
    must(run(asked, &request) == 0, "a second import");
    again = told(&request);
    must(member_number(again, "duplicate") >=
             lines_taken(counts) + member_number(counts, "duplicate"),
         "a line is taken twice");
    json_decref(again);
    drop(&request);
}

/* The same request with the same token gives the same, and writes nothing. */
static void write_again(const struct asked_for *asked, const json_t *receipt,
                        uint64_t count)
{
    struct request request;
    struct fault fault;
    json_t *body, *again;
    bool token;

    if (json_parse(asked->body, &body, &fault) < 0)
        return;
    token = json_string_length(json_object_get(body, "token")) > 0;
    json_decref(body);
    if (!token)
        return;
    must(run(asked, &request) == 0, "the same request is refused: %.*s",
         (int)request.reply.body.len, (char *)request.reply.body.data);
    again = told(&request);
    must(written() == count, "the same request writes again");
    must(json_equal(json_object_get(again, "id"),
                    json_object_get(receipt, "id")),
         "the same request is another record");
    json_decref(again);
    drop(&request);
}

/* What was refused has written nothing; what was not has a receipt of it. */
static void ask(const struct asked_for *asked)
{
    struct request request;
    uint64_t before = written(), now;
    int rc = run(asked, &request);
    json_t *value = told(&request);
    const json_t *changes = json_object_get(value, "changes");

    now = written();
    must(rc == 0 || asked->route->piece || now == before,
         "refused, and %llu written", (unsigned long long)(now - before));
    must(!json_is_array(changes) || strcmp(asked->route->method, "GET") == 0 ||
             now == before || json_array_size(changes) == now - before,
         "%zu changes on the receipt, %llu written", json_array_size(changes),
         (unsigned long long)(now - before));
    drop(&request);
    if (rc == 0 && asked->route->piece)
        import_again(asked, value);
    else if (rc == 0 && json_is_array(changes))
        write_again(asked, value, now);
    json_decref(value);
}

static struct bytes part(struct cut *in, uint8_t end)
{
    size_t left = cut_left(in);
    const uint8_t *stop = left > 0 ? memchr(in->at, end, left) : NULL;
    struct bytes out = cut_take(in, stop ? (size_t)(stop - in->at) : left);

    cut_take(in, stop ? 1 : 0);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut in = cut_of(bytes_of(data, size));

    for (int i = 0; i < REQUESTS && cut_left(&in) > 0; i++) {
        struct asked_for asked = {
            .route = &api_routes[cut_u8(&in) % routes]};
        struct bytes query = part(&in, '\n');

        if (query.len > 0)
            memcpy(asked.query, query.data,
                   query.len < QUERY_BYTES ? query.len : QUERY_BYTES - 1);
        asked.body = part(&in, 0);
        if (!left_alone(asked.route))
            ask(&asked);
    }
    node_forget_all();
    if (hold_seldom())
        walk_shown(town->store);
    hold_whole(town->store, false);
    stage_back(&stage);
    return 0;
}
