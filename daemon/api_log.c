/*
 * GET /api/log: the log's lines as NDJSON, as `yizhan log --json` prints them.
 * The log is bounded (log.h), so this reply is too.
 */
#include "daemon/api.h"
#include "daemon/log.h"

static int on_line(void *user, const struct log_line *line)
{
    struct buf *out = user;
    json_t *one = json_object();
    char level[2] = {line->level, '\0'}, code[16] = "YZ0000";

    for (int i = 5, left = line->code; i > 1; i--, left /= 10)
        code[i] = (char)('0' + left % 10);
    json_object_set_new(one, "time", json_from_bytes(bytes_text(line->time)));
    json_object_set_new(one, "level", json_from_bytes(bytes_text(level)));
    json_object_set_new(one, "code", json_string(code));
    json_object_set_new(one, "event",
                        json_from_bytes(bytes_text(line->event)));
    json_object_set_new(one, "pairs", json_from_bytes(bytes_text(line->rest)));
    json_object_set_new(one, "text", json_string(log_text(line->code, false)));
    json_print_line(one, out);
    return out->len > REPLY_MAX - 8 * LOG_LINE;
}

int api_log(struct request *request, struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    int64_t since_ms;
    int rc = api_time(request, "since", &since_ms, fault);

    if (rc < 0)
        return rc;
    config_path(node_config(request->node), LOG_FILE, path);
    rc = log_read(path, since_ms, request_query(request, "code"), on_line,
                  &request->reply.body);
    request->reply.type = NDJSON_TYPE;
    return rc < 0 ? fault_set(fault, rc, "", "no log") : 0;
}
