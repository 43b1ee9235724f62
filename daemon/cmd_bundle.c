/*
 * pack, unpack: an exchange on a stick. The files are made here, by whoever
 * holds the stick; the daemon gives and takes their bytes through its door.
 */
#include "daemon/bar.h"
#include "daemon/bundle.h"
#include "daemon/stick.h"

#include <stdlib.h>
#include <string.h>

enum { MIB_MAX = 4096 };

/* A bundle goes to the daemon, or one comes from it, or both. */
struct moving {
    struct making making;
    struct bar bar;
};

static int on_piece(void *user, struct bytes piece)
{
    return stick_put(&((struct moving *)user)->making, piece);
}

static void on_sent(void *user, uint64_t sent, uint64_t size)
{
    bar_sent(&((struct moving *)user)->bar, sent, size);
}

/* One call whose good reply is a bundle. 0, or an exit code. */
static int make(struct cli *cli, struct moving *moving,
                struct client_call *call)
{
    struct making *making = &moving->making;
    struct client_reply reply;
    struct fault fault = {0};
    json_t *none = NULL;
    int rc;

    call->method = "POST";
    call->data = on_piece;
    call->sent = on_sent;
    call->user = moving;
    rc = client_do(cli->client, call, &reply, &fault);
    if (rc == 0 && reply.status == 200 && making->file != NULL) {
        rc = stick_finish(making);
    } else if (making->fault.err == 0) {
        rc = cli_reply(cli, rc, &reply, &fault, &none);
        json_decref(none);
    }
    stick_drop(making);
    client_reply_done(&reply);
    return making->fault.err == 0 ? rc
                                  : cli_fail(cli, NULL, &making->fault);
}

/* ---- the verbs ---- */

static json_t *json_from_look(const struct look *look)
{
    json_t *out = json_pack(
        "{s:s, s:s, s:I, s:I, s:b}", "direction",
        look->head.answer ? "answer" : "ask", "station", look->head.station,
        "number", (json_int_t)look->head.number, "bytes",
        (json_int_t)look->bytes, "whole", look->whole);

    if (look->whole) {
        json_object_set_new(out, "changes",
                            json_integer((json_int_t)look->counts.changes));
        json_object_set_new(out, "left",
                            json_integer((json_int_t)look->counts.left));
    }
    return out;
}

static void print_look(const struct cli *cli, const struct look *look)
{
    char size[WORDS_TIME];

    words_bytes(look->bytes, size);
    printf(look->head.answer
               ? T(cli, "给 %s 的回执包，对应第 %llu 号，%s",
                   "answer to %s, bundle %llu, %s")
               : T(cli, "%s 的离线同步包，第 %llu 号，%s",
                   "from %s, bundle %llu, %s"),
           look->head.station, (unsigned long long)look->head.number, size);
    if (!look->whole)
        printf("%s", T(cli, "，不完整，请重新复制",
                       ", cut short: copy it once more"));
    else
        printf(T(cli, "，%llu 条变更", ", %llu changes"),
               (unsigned long long)look->counts.changes);
    if (look->counts.left > 0)
        printf(T(cli, "；还有 %llu 条没装下，下次再打包",
                 "; %llu more did not fit: pack again after the answer"),
               (unsigned long long)look->counts.left);
    printf("\n");
}

static int list(struct cli *cli, const struct look *look)
{
    if (cli->json)
        cli_print(json_from_look(look));
    else
        print_look(cli, look);
    return look->whole ? EXIT_DONE : EXIT_PERSON;
}

static json_t *json_from_made(const struct making *made)
{
    json_t *out = json_from_look(&made->look);

    json_object_set_new(out, "file", json_string(made->path));
    return out;
}

static void print_settled(const struct cli *cli, const json_t *told)
{
    if (json_is_true(json_object_get(told, "overtaken"))) {
        printf("%s\n", T(cli, "这个回执包比本机已知的旧，没有新内容，也不会丢。",
                         "It is older than what this machine has heard since: "
                         "nothing new is in it, and nothing is lost."));
        return;
    }
    printf(T(cli, "县里已处理 %lld 条：已入册 %lld · 有冲突 %lld · 被退回 %lld · "
                  "已搁置 %lld；收到 %lld 条。还有待上报 %lld 条。\n",
              "decided by the county: %lld: in the register %lld · conflict "
              "%lld · returned %lld · set aside %lld; took in %lld. Waiting to "
              "send: %lld.\n"),
           (long long)json_number(told, "up"),
           (long long)json_number(told, "taken"),
           (long long)json_number(told, "parked"),
           (long long)json_number(told, "returned"),
           (long long)json_number(told, "aside"),
           (long long)json_number(told, "down"),
           (long long)json_number(told, "queued"));
    if (json_is_true(json_object_get(told, "more")))
        printf("%s\n", T(cli, "县里还有没带回的：请再打一次包。",
                         "The county has more for this machine: pack again."));
}

/* --size MIB into the query; 0 or an exit code. */
static int add_size(struct cli *cli, struct buf *query)
{
    const char *size = cli->value[OPT_SIZE];
    char bytes[32];
    long mib;

    if (size == NULL)
        return 0;
    mib = strlen(size) <= 4 && strspn(size, "0123456789") == strlen(size)
              ? strtol(size, NULL, 10) : 0;
    if (mib < 1 || mib > MIB_MAX)
        return cli_usage(cli, "--size");
    snprintf(bytes, sizeof bytes, "%lld", (long long)mib * 1024 * 1024);
    query_add(query, "bytes", bytes);
    return 0;
}

static void print_packed(const struct cli *cli, const struct making *made)
{
    printf("%s\n", made->path);
    print_look(cli, &made->look);
    printf("%s\n",
           T(cli, "带到县里：yizhan unpack 这个文件；再把生成的 .answer 带回本机"
                  " unpack。带回之前仍算待上报，不会丢。",
             "Take it to the county: yizhan unpack FILE there; then bring the "
             ".answer back and unpack it here. Until then all of it still "
             "counts as waiting, and nothing can be lost."));
}

int cmd_pack(struct cli *cli)
{
    struct moving moving = {.bar = {.shown = false}};
    struct fault fault = {0};
    struct buf query;
    int rc;

    if (stick_make(&moving.making, cli->argv[0], cli->config.name, &fault) < 0)
        return cli_fail(cli, NULL, &fault);
    query_open(&query, "/api/pack");
    rc = add_size(cli, &query);
    if (rc == 0)
        rc = make(cli, &moving, &(struct client_call){
            .path = query_text(&query),
            .body = bytes_text("{}"),
        });
    buf_done(&query);
    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_from_made(&moving.making));
    else
        print_packed(cli, &moving.making);
    return moving.making.look.counts.left > 0 ? EXIT_PENDING : EXIT_DONE;
}

/* A station takes an answer in. */
static int settle(struct cli *cli, FILE *file, const struct look *look)
{
    struct bar bar = bar_new(cli, T(cli, "读入", "unpack"), look->bytes);
    struct client_reply reply;
    struct fault fault = {0};
    json_t *told;
    int rc = client_do(cli->client, &(struct client_call){
        .method = "POST",
        .path = "/api/unpack",
        .type = BUNDLE_TYPE,
        .file = file,
        .size = look->bytes,
        .sent = bar_sent,
        .user = &bar,
    }, &reply, &fault);

    rc = cli_reply(cli, rc, &reply, &fault, &told);
    client_reply_done(&reply);
    if (rc != 0)
        return rc;
    rc = json_number(told, "queued") > 0 ||
                 json_is_true(json_object_get(told, "more"))
             ? EXIT_PENDING : EXIT_DONE;
    if (cli->json)
        cli_print(json_incref(told));
    else
        print_settled(cli, told);
    json_decref(told);
    return rc;
}

/* The answer stands beside its ask: NAME.ask, NAME.answer. */
static void name_answer(const char *ask, char out[STICK_PATH])
{
    size_t len = strlen(ask);

    if (len > 4 && strcmp(ask + len - 4, ".ask") == 0)
        len -= 4;
    snprintf(out, STICK_PATH, "%.*s.answer", (int)len, ask);
}

static void print_answered(const struct cli *cli, const struct look *look,
                           const struct making *made)
{
    print_look(cli, look);
    printf(T(cli, "已读入。回执包：%s\n请带回 %s，在那里 yizhan unpack。\n",
              "taken in. The answer: %s\nBring it back to %s and unpack it "
              "there.\n"),
           made->path, look->head.station);
}

/* The hub takes an ask in, and gives the answer. */
static int answer(struct cli *cli, FILE *file, const struct look *look)
{
    struct moving moving = {
        .bar = bar_new(cli, T(cli, "读入", "unpack"), look->bytes)};
    struct fault fault = {0};
    char path[STICK_PATH];
    json_t *out;
    int rc;

    name_answer(cli->argv[0], path);
    if (stick_make(&moving.making, cli->argc > 1 ? cli->argv[1] : path,
                   look->head.station, &fault) < 0)
        return cli_fail(cli, NULL, &fault);
    rc = make(cli, &moving, &(struct client_call){
        .path = "/api/unpack",
        .type = BUNDLE_TYPE,
        .file = file,
        .size = look->bytes,
    });
    if (rc != 0)
        return rc;
    if (!cli->json) {
        print_answered(cli, look, &moving.making);
        return 0;
    }
    out = json_from_made(&moving.making);
    json_object_set_new(out, "left",
                        json_integer((json_int_t)look->counts.left));
    cli_print(out);
    return 0;
}

int cmd_unpack(struct cli *cli)
{
    struct fault fault = {0};
    struct look look;
    FILE *file;
    int rc;

    file = stick_open(cli->argv[0], &look, &fault);
    if (file == NULL)
        return cli_fail(cli, NULL, &fault);
    if (cli->value[OPT_LIST])
        rc = list(cli, &look);
    else if (cli->config.hub && !look.head.answer)
        rc = answer(cli, file, &look);
    else
        rc = settle(cli, file, &look);
    fclose(file);
    return rc;
}
