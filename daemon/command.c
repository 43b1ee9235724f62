#include "daemon/command.h"
#include "daemon/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int exit_of(int err)
{
    switch (err) {
    case ERR_STATION:
    case ERR_MAC:
    case ERR_DENIED:
        return EXIT_STRANGER;
    case ERR_CONFIG:
    case ERR_USAGE:
    case ERR_JSON:
        return EXIT_USAGE;
    case ERR_RUNNING:
        return EXIT_PENDING;
    case ERR_BUNDLE:
    case ERR_TORN:
    case ERR_ASTRAY:
        return EXIT_PERSON;
    case ERR_DOOR:
    case ERR_FAULT:
    case ERR_FORMAT:
    case ERR_VERSION:
    case ERR_SIZE:
        return EXIT_FAULT;
    default:
        break;
    }
    switch (err_code(err) / 100) {
    case 22:                    /* refused: somebody has to correct it */
    case 40:
    case 50:
        return EXIT_PERSON;
    case 60:
        return EXIT_STORAGE;
    case 71:
        return EXIT_NO_HUB;
    case 80:
        return EXIT_STRANGER;
    default:
        return EXIT_FAULT;
    }
}

/* No daemon: the one error whose remedy depends on this machine. */
static void tell_start(const struct cli *cli)
{
    const char *service = cli->config.hub ? "yizhan-hub" : "yizhan";

    fprintf(stderr, "%s", T(cli, "启动：", " Start it: "));
    if (strncmp(cli->conf, "/etc/", 5) == 0)
        fprintf(stderr, T(cli, "systemctl start %s，或 ",
                          "systemctl start %s, or "), service);
    fprintf(stderr, "%s --conf %s run", cli->program, cli->conf);
}

struct last {                   /* line of the log */
    char level;
    int code;
    char why[LOG_LINE];
};

static int on_last(void *user, const struct log_line *line)
{
    struct last *last = user;
    const char *why = strstr(line->rest, "why=\"");

    last->level = line->level;
    last->code = line->code;
    snprintf(last->why, sizeof(last->why), "%s", why ? why + 5 : "");
    last->why[strcspn(last->why, "\"")] = '\0';
    return 0;
}

/* Why it does not run, if the last it could say was an error: 0 or that. */
static int tell_end(const struct cli *cli)
{
    char path[CONFIG_PATH + 64];
    struct last last = {.level = LOG_I};
    int err;

    config_path(&cli->config, LOG_FILE, path);
    log_read(path, INT64_MIN, NULL, on_last, &last);
    err = last.level == LOG_E ? err_of_code(last.code) : 0;
    if (err != 0)
        fprintf(stderr, T(cli, "。它停下的原因：%s%s%s [YZ%04d]",
                          ". Why it ended: %s%s%s [YZ%04d]"),
                err_text(err, cli->zh),
                last.why[0] ? T(cli, "：", ": ") : "", last.why, last.code);
    return err;
}

static void print_error(const struct fault *fault)
{
    char code[16];
    json_t *error = json_object(), *whole = json_object();

    snprintf(code, sizeof(code), "YZ%04d", err_code(fault->err));
    json_object_set_new(error, "code", json_string(code));
    json_object_set_new(error, "text", json_string(err_text(fault->err, 0)));
    json_object_set_new(error, "field", json_string(fault->field));
    json_object_set_new(error, "rule", json_string(fault->rule));
    json_object_set_new(error, "where", json_string(fault->where));
    json_object_set_new(error, "why", json_string(fault->why));
    json_object_set_new(whole, "error", error);
    cli_print(whole);
}

/* What the client says of the door has a place; what the daemon says of its
 * store under the same code has none. */
static const char *clause_of(const struct cli *cli, const struct fault *fault)
{
    if (fault->where[0] && fault->err == ERR_BUSY)
        return T(cli, "驿站正忙", "yizhan is busy");
    if (fault->where[0] && fault->err == ERR_UNKNOWN && !cli->writing)
        return T(cli, "应答中断", "the reply broke off");
    return err_text(fault->err, cli->zh);
}

static const char *advice_of(const struct cli *cli, const struct fault *fault)
{
    if (err_code(fault->err) / 100 == 22 && !cli->writing)
        return "";
    if (fault->where[0] && fault->err == ERR_BUSY)
        return T(cli, "请过一会儿再试；还是这样，就重新启动驿站。",
                 "Wait a minute, then ask again; if that is no help, restart it.");
    if (fault->where[0] && fault->err == ERR_UNKNOWN && !cli->writing)
        return T(cli, "请看驿站是否在运行，再试。",
                 "See that it runs, then ask again.");
    return words_advice(fault->err, cli->zh);
}

int cli_fail(struct cli *cli, const char *what, const struct fault *fault)
{
    const char *advice = advice_of(cli, fault);
    const char *colon = T(cli, "：", ": ");
    int end;

    if (cli->json)
        print_error(fault);
    fprintf(stderr, "%s%s%s", what ? what : "", what ? colon : "",
            clause_of(cli, fault));
    if (fault->where[0])
        fprintf(stderr, T(cli, "，%s", ", %s"), fault->where);
    if (fault->field[0])
        fprintf(stderr, T(cli, "，“%s”", ", \"%s\""), fault->field);
    if (fault->rule[0])
        fprintf(stderr, T(cli, "，规则 %s", ", rule %s"), fault->rule);
    if (fault->why[0])
        fprintf(stderr, "%s%s", colon, fault->why);
    end = fault->err == ERR_DOOR ? tell_end(cli) : 0;
    if (end != 0)
        advice = words_advice(end, cli->zh);
    fprintf(stderr, "%s%s%s", T(cli, "。", "."),
            !cli->zh && advice[0] ? " " : "", advice);
    if (fault->err == ERR_DOOR)
        tell_start(cli);
    fprintf(stderr, " [YZ%04d]\n", err_code(fault->err));
    return exit_of(fault->err);
}

/* Fill a fault from {"error":{...}} of the door. */
static void take_error(const struct client_reply *reply, struct fault *fault)
{
    json_t *whole = json_loadb((const char *)reply->body.data, reply->body.len,
                               JSON_REJECT_DUPLICATES, NULL);
    const json_t *error = json_object_get(whole, "error");

    memset(fault, 0, sizeof(*fault));
    fault->err = json_err(error, "code");
    snprintf(fault->field, sizeof(fault->field), "%s",
             json_text(error, "field"));
    snprintf(fault->rule, sizeof(fault->rule), "%s", json_text(error, "rule"));
    snprintf(fault->where, sizeof(fault->where), "%s",
             json_text(error, "where"));
    snprintf(fault->why, sizeof(fault->why), "%s", json_text(error, "why"));
    if (fault->err == 0)
        fault_set(fault, reply->status == 401 || reply->status == 403
                             ? ERR_DENIED : ERR_FAULT,
                  NULL, "HTTP %ld", reply->status);
    json_decref(whole);
}

int cli_reply(struct cli *cli, int rc, const struct client_reply *reply,
              struct fault *fault, json_t **out)
{
    *out = NULL;
    if (rc < 0)
        return cli_fail(cli, NULL, fault);
    if (reply->status < 200 || reply->status > 299) {
        take_error(reply, fault);
        return cli_fail(cli, NULL, fault);
    }
    *out = json_loadb(reply->body.data ? (const char *)reply->body.data : "",
                      reply->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (*out)
        return 0;
    fault_set(fault, ERR_FORMAT, NULL, "the door's reply is no JSON");
    return cli_fail(cli, NULL, fault);
}

static int call(struct cli *cli, const struct client_call *how, json_t **out)
{
    struct client_reply reply;
    struct fault fault = {0};
    json_t *value = NULL;
    int rc = client_do(cli->client, how, &reply, &fault);

    if (rc != 0 || !how->line || reply.status != 200)
        rc = cli_reply(cli, rc, &reply, &fault, &value);
    client_reply_done(&reply);
    if (out)
        *out = value;
    else
        json_decref(value);
    return rc;
}

int cli_get(struct cli *cli, const char *path, json_t **out)
{
    return call(cli, &(struct client_call){.method = "GET", .path = path},
                out);
}

int cli_post(struct cli *cli, const char *path, json_t *body, json_t **out)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : xstrdup("{}");
    int rc;

    json_decref(body);
    if (!text)
        abort();
    cli->writing = true;
    rc = call(cli, &(struct client_call){.method = "POST", .path = path,
                                         .body = bytes_text(text)}, out);
    cli->writing = false;
    free(text);
    return rc;
}

int cli_lines(struct cli *cli, const char *path, cli_line_fn line, void *user)
{
    return call(cli, &(struct client_call){.method = "GET", .path = path,
                                           .line = line, .user = user}, NULL);
}

void query_open(struct buf *query, const char *path)
{
    buf_init(query, 8192);
    buf_put(query, path, strlen(path));
}

void query_add(struct buf *query, const char *name, const char *value)
{
    bool first = !query->data || !memchr(query->data, '?', query->len);

    if (!value)
        return;
    buf_u8(query, first ? '?' : '&');
    buf_put(query, name, strlen(name));
    buf_u8(query, '=');
    client_escape(value, query);
}

const char *query_text(struct buf *query)
{
    buf_u8(query, 0);
    return query->full ? "" : (const char *)query->data;
}

void cli_print(json_t *value)
{
    json_dumpf(value, stdout,
               JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(value);
}

const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

int json_err(const json_t *object, const char *name)
{
    const char *code = json_text(object, name);

    return strncmp(code, "YZ", 2) == 0
               ? err_of_code((int)strtol(code + 2, NULL, 10)) : 0;
}

int64_t json_number(const json_t *object, const char *name)
{
    return (int64_t)json_number_value(json_object_get(object, name));
}

void json_readable(const json_t *value, struct buf *out)
{
    char number[24];
    size_t i;
    json_t *item;

    if (json_is_string(value)) {
        buf_put(out, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%lld",
                 (long long)json_integer_value(value));
        buf_put(out, number, strlen(number));
    } else if (json_is_boolean(value)) {
        buf_put(out, json_is_true(value) ? "true" : "false",
                json_is_true(value) ? 4 : 5);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item) {
            if (i > 0)
                buf_put(out, ", ", 2);
            json_readable(item, out);
        }
    }
}

int64_t json_when(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    int64_t ms = 0;

    if (json_is_integer(value))
        return json_integer_value(value);
    if (json_is_string(value) && log_time_parse(json_string_value(value), &ms))
        return ms;
    return 0;
}

int status_exit(const json_t *status)
{
    int err = json_err(status, "cause");

    if (err != 0)
        return exit_of(err) == EXIT_STRANGER || exit_of(err) == EXIT_STORAGE
                   ? exit_of(err) : EXIT_NO_HUB;
    if (json_number(status, "parked") + json_number(status, "returned") +
            json_number(status, "aside") + json_number(status, "cases") > 0)
        return EXIT_PERSON;
    if (json_number(status, "queued") + json_number(status, "received") > 0)
        return EXIT_PENDING;
    return EXIT_DONE;
}

const char *status_advice(const struct cli *cli, const json_t *status, int err)
{
    const json_t *next = json_object_get(status, "next_try");

    if ((err == ERR_NET || err == ERR_STALL) && json_is_null(next))
        return T(cli, "数据都在本机，不会丢；不用重录，线路好了再上报：yizhan "
                      "sync",
                 "Nothing is lost, do not enter it anew. When the line is "
                 "back: yizhan sync");
    /* Of the hub it is this station's standing, not who runs the command. */
    return words_advice(err == ERR_DENIED ? ERR_MAC : err, cli->zh);
}

bool cli_since(const char *text, int64_t *ms)
{
    int64_t span;

    if (span_parse(text, &span)) {
        *ms = cli_now() - span;
        return true;
    }
    return log_time_parse(text, ms);
}

int64_t cli_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_pause(int ms)
{
    struct timespec pause = {.tv_sec = ms / 1000,
                             .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&pause, NULL);
}

bool cli_terminal(FILE *file)
{
    return isatty(fileno(file)) == 1;
}
