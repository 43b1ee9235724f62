#include "daemon/api.h"
#include "daemon/log.h"

#include <string.h>

struct lines {
    struct buf *out;
    json_t *line;
};

/* "key=value key=value" into members of the line. */
static void put_pairs(json_t *line, const char *rest)
{
    while (*rest) {
        size_t len = strcspn(rest, " "), name = strcspn(rest, "= ");

        if (name > 0 && name < len && name < 40) {
            char key[40] = "";

            memcpy(key, rest, name);
            json_object_set_new(
                line, key,
                json_from_bytes(bytes_of(rest + name + 1, len - name - 1)));
        }
        rest += len;
        rest += strspn(rest, " ");
    }
}

static int on_line(void *user, const struct log_line *line)
{
    struct buf *out = user;
    json_t *one = json_object();
    char level[2] = {line->level, '\0'}, code[16] = "YZ0000";

    put_pairs(one, line->rest);
    for (int i = 5, left = line->code; i > 1; i--, left /= 10)
        code[i] = (char)('0' + left % 10);
    json_object_set_new(one, "time", json_from_bytes(bytes_text(line->time)));
    json_object_set_new(one, "level", json_from_bytes(bytes_text(level)));
    json_object_set_new(one, "code", json_string(code));
    json_object_set_new(one, "event",
                        json_from_bytes(bytes_text(line->event)));
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
