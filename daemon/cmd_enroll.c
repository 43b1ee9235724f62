/*
 * enroll, and the hub's invite, admit, devices, revoke. The daemon makes the
 * note and judges the answer; this only carries them, over the line or by way of
 * files on a stick.
 */
#include "daemon/command.h"
#include "daemon/knock.h"

#include <errno.h>
#include <string.h>

enum { FILE_MAX = 16 * 1024 };

static int fail_file(struct cli *cli, const char *file)
{
    struct fault fault = {0};

    fault_set(&fault, ERR_IO, NULL, "%.150s: %s", file, strerror(errno));
    return cli_fail(cli, NULL, &fault);
}

static int write_text(struct cli *cli, const char *file, const char *text)
{
    FILE *out = fopen(file, "w");
    bool good = out && fputs(text, out) >= 0;

    if (out && fclose(out) != 0)
        good = false;
    return good ? 0 : fail_file(cli, file);
}

static int read_text(struct cli *cli, const char *file, struct buf *out)
{
    char piece[FILE_MAX];
    FILE *in = fopen(file, "r");
    bool good;

    buf_init(out, FILE_MAX);
    if (!in)
        return fail_file(cli, file);
    buf_put(out, piece, fread(piece, 1, sizeof(piece), in));
    good = !ferror(in);
    fclose(in);
    return good ? 0 : fail_file(cli, file);
}

/* ---- the station ---- */

/* The hub's answer, as a JSON string: 0 or an exit code. */
static int ask_hub(struct cli *cli, const char *url, const char *ask,
                   json_t **answer)
{
    struct client_reply reply;
    struct fault fault = {0};
    json_t *refusal = NULL;
    int rc = knock(url, bytes_text(ask), &reply, &fault);

    *answer = NULL;
    if (rc < 0 || reply.status != 200) {
        rc = cli_reply(cli, rc, &reply, &fault, &refusal);
        json_decref(refusal);
        rc = rc == 0 ? EXIT_NO_HUB : rc;
    } else {
        *answer = json_stringn((const char *)reply.body.data,
                               reply.body.len);
        if (!*answer) {
            fault_set(&fault, ERR_PORTAL, NULL, "it is no text");
            rc = cli_fail(cli, NULL, &fault);
        }
    }
    client_reply_done(&reply);
    return rc;
}

/* The note of this station: 0 or an exit code. */
static int make_ask(struct cli *cli, const char *code, json_t **out)
{
    return cli_post(cli, "/api/enroll", json_pack("{s:s}", "code", code), out);
}

/* Takes over `answer`. `url`: NULL when the configuration says where. */
static int give_answer(struct cli *cli, const char *code, json_t *answer,
                       const char *url, json_t **done)
{
    json_t *body = json_pack("{s:s, s:o}", "code", code, "answer", answer);

    if (url)
        json_object_set_new(body, "hub", json_string(url));
    return cli_post(cli, "/api/enroll", body, done);
}

int cli_enroll(struct cli *cli, const char *code, const char *url,
               json_t **done)
{
    json_t *ask, *answer = NULL;
    int rc = make_ask(cli, code, &ask);

    *done = NULL;
    if (rc != 0)
        return rc;
    rc = ask_hub(cli, url, json_text(ask, "ask"), &answer);
    json_decref(ask);
    return rc != 0 ? rc : give_answer(cli, code, answer, url, done);
}

static int write_ask(struct cli *cli)
{
    json_t *ask;
    int rc = make_ask(cli, cli->argv[0], &ask);

    if (rc == 0)
        rc = write_text(cli, cli->value[OPT_REQUEST], json_text(ask, "ask"));
    json_decref(ask);
    return rc;
}

static int read_answer(struct cli *cli, json_t **done)
{
    const char *file = cli->value[OPT_ANSWER];
    json_t *answer = NULL;
    struct buf text;
    int rc = read_text(cli, file, &text);

    if (rc == 0)
        answer = json_stringn((const char *)text.data, text.len);
    buf_done(&text);
    if (rc != 0 || !answer)
        return rc != 0 ? rc : cli_usage(cli, file);
    return give_answer(cli, cli->argv[0], answer, cli->value[OPT_HUB], done);
}

static void print_enrolled(const struct cli *cli, const json_t *done)
{
    printf(T(cli, "已启用：%s（%s）\n与县里屏幕核对：%s\n",
             "enrolled as %s, for %s\ncompare with the county's screen: %s\n"),
           json_text(done, "device"), json_text(done, "org"),
           json_text(done, "check"));
}

int cmd_enroll(struct cli *cli)
{
    const char *url = cli->value[OPT_HUB] ? cli->value[OPT_HUB]
                                          : cli->config.uplink;
    json_t *done = NULL;
    int rc;

    if (cli->value[OPT_REQUEST])
        return write_ask(cli);
    if (!url[0])
        return cli_usage(cli, T(cli, "还缺 --hub", "--hub is missing"));
    rc = cli->value[OPT_ANSWER] ? read_answer(cli, &done)
                                : cli_enroll(cli, cli->argv[0], url, &done);
    if (rc != 0 || !done)
        return rc;
    if (cli->json)
        cli_print(json_incref(done));
    else
        print_enrolled(cli, done);
    json_decref(done);
    return 0;
}

/* ---- the hub ---- */

int cmd_invite(struct cli *cli)
{
    json_t *made;
    int rc = cli_post(cli, "/api/invite", json_pack("{s:s}", "org",
                                                    cli->argv[0]), &made);

    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(made));
    else
        printf(T(cli, "%s\n给 %s 的一台电脑用一次，72 小时内有效：yizhan enroll "
                      "%s --hub https://本机地址:端口\n",
                 "%s\nfor one PC of %s, within 72 hours: yizhan enroll %s --hub "
                 "https://THIS-HUB:PORT\n"),
               json_text(made, "code"), json_text(made, "org"),
               json_text(made, "code"));
    json_decref(made);
    return 0;
}

int cmd_admit(struct cli *cli)
{
    json_t *body, *made;
    struct buf text;
    int rc = read_text(cli, cli->argv[0], &text);

    if (rc != 0) {
        buf_done(&text);
        return rc;
    }
    body = json_pack("{s:s%}", "ask", (const char *)text.data, text.len);
    buf_done(&text);
    if (!body)
        return cli_usage(cli, cli->argv[0]);
    rc = cli_post(cli, "/api/admit", body, &made);
    if (rc != 0)
        return rc;
    rc = write_text(cli, cli->argv[1], json_text(made, "answer"));
    json_decref(made);
    return rc;
}

static int on_device(void *user, struct bytes line)
{
    const struct cli *cli = user;
    json_t *one = json_loadb((const char *)line.data, line.len, 0, NULL);
    bool revoked = strcmp(json_text(one, "state"), "revoked") == 0;
    char when[WORDS_TIME];

    if (cli->json) {
        cli_print(one);
        return 0;
    }
    words_time(json_when(one, "last_contact"), cli_now(), cli->zh, when);
    printf(T(cli, "%s  %s  核对 %s%s\n  最近上报：%s%s  录入 %lld  待上报 %lld  "
                  "有冲突 %lld  被退回 %lld  已搁置 %lld\n",
             "%s  %s  check %s%s\n  last contact: %s%s  entered %lld  waiting "
             "%lld  conflicts %lld  returned %lld  set aside %lld\n"),
           json_text(one, "device"), json_text(one, "org"),
           json_text(one, "check"),
           revoked ? T(cli, "  已停用", "  revoked") : "", when,
           strcmp(json_text(one, "by"), "stick") == 0
               ? T(cli, "（离线同步包）", " by stick") : "",
           (long long)json_number(one, "written"),
           (long long)json_number(one, "queued"),
           (long long)json_number(one, "parked"),
           (long long)json_number(one, "returned"),
           (long long)json_number(one, "aside"));
    json_decref(one);
    return 0;
}

int cmd_devices(struct cli *cli)
{
    return cli_lines(cli, "/api/devices", on_device, cli);
}

int cmd_revoke(struct cli *cli)
{
    json_t *done;
    int rc = cli_post(cli, "/api/revoke", json_pack("{s:s}", "device",
                                                    cli->argv[0]), &done);

    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(done));
    else
        printf(T(cli, "%s 已停用，下一次请求起生效\n",
                 "%s is revoked, from its next request on\n"),
               json_text(done, "device"));
    json_decref(done);
    return 0;
}
