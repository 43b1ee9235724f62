/* What the demo asks the daemons to do: fill, edit, exchange. */
#include "daemon/demo.h"

enum { SYNC_MS = 60000, REGISTER_MAX = 1024 * 1024 };

const char *demo_name(const struct demo *demo, int index)
{
    return T(demo->cli, demo->node[index].zh, demo->node[index].en);
}

int64_t demo_queued(struct demo *demo, int index)
{
    json_t *status = NULL;
    int64_t count = -1;

    if (cli_get(&demo->node[index].cli, "/api/status", &status) == 0)
        count = json_number(status, "queued");
    json_decref(status);
    return count;
}

int demo_fill(struct demo *demo, int index)
{
    struct client_reply reply;
    struct fault fault = {0};
    struct buf lines;
    json_t *result;
    int rc;

    buf_init(&lines, REGISTER_MAX);
    demo_register(index, &lines);
    rc = client_do(demo->node[index].cli.client, &(struct client_call){
        .method = "POST",
        .path = "/api/import?author=demo",
        .type = "application/x-ndjson",
        .body = buf_view(&lines),
    }, &reply, &fault);
    rc = cli_reply(demo->cli, rc, &reply, &fault, &result);
    client_reply_done(&reply);
    buf_done(&lines);
    if (rc != 0)
        return rc;
    demo->records += json_number(result, "new");
    demo_say(demo, T(demo->cli, "  %s：录入 %lld 条记录，%lld 条变更待上报",
                     "  %s: %lld records entered, %lld changes waiting"),
             demo_name(demo, index), (long long)json_number(result, "new"),
             (long long)demo_queued(demo, index));
    rc = json_number(result, "wrong") > 0 ? EXIT_FAULT : 0;
    json_decref(result);
    return rc;
}

static void tell_exchange(struct demo *demo, int index, const json_t *result)
{
    char up[WORDS_TIME], down[WORDS_TIME];

    words_bytes((uint64_t)json_number(result, "bytes_up"), up);
    words_bytes((uint64_t)json_number(result, "bytes_down"), down);
    demo_say(demo, T(demo->cli,
                     "  %s：上报 %lld 条（%s），入册 %lld，有冲突 %lld；"
                     "接收 %lld 条（%s）",
                     "  %s: sent %lld (%s), in the register %lld, conflicts "
                     "%lld; took in %lld (%s)"),
             demo_name(demo, index), (long long)json_number(result, "up"), up,
             (long long)json_number(result, "taken"),
             (long long)json_number(result, "parked"),
             (long long)json_number(result, "down"), down);
    if (json_number(result, "returned") > 0)
        demo_say(demo, T(demo->cli, "    被退回 %lld", "    returned %lld"),
                 (long long)json_number(result, "returned"));
}

int demo_exchange(struct demo *demo, int index, bool tell)
{
    json_t *result, *status = NULL;
    int rc = cli_sync(&demo->node[index].cli, SYNC_MS, &result, &status);

    if (rc == 0) {
        demo->bytes_up += json_number(result, "bytes_up");
        demo->bytes_down += json_number(result, "bytes_down");
        demo->taken += json_number(result, "taken");
        demo->parked += json_number(result, "parked");
        demo->returned += json_number(result, "returned");
        if (tell)
            tell_exchange(demo, index, result);
        if (status_exit(status) == EXIT_NO_HUB)
            rc = EXIT_NO_HUB;
    }
    json_decref(result);
    json_decref(status);
    return rc;
}

int demo_exchange_all(struct demo *demo, int except)
{
    int rc = 0;

    for (int round = 0; round < 2; round++)
        for (int i = 1; i < DEMO_NODES && rc == 0 && !demo_stopped(); i++)
            if (i != except)
                rc = demo_exchange(demo, i, round == 0);
    return rc;
}

int demo_edit(struct demo *demo, int index, const char *id,
                const char *field, const char *value)
{
    json_t *receipt;
    int rc = cli_post(&demo->node[index].cli, "/api/edit",
                      json_pack("{s:s, s:s, s:{s:s}}", "id", id, "author",
                                demo->node[index].name, "fields", field,
                                value),
                      &receipt);

    if (rc == 0)
        json_decref(receipt);
    return rc;
}
