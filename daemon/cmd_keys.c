/* keys, and at the hub keys turn. */
#include "daemon/command.h"

#include <string.h>

static void print_behind(const struct cli *cli, const json_t *list)
{
    struct buf text;

    if (json_array_size(list) == 0)
        return;
    buf_init(&text, READABLE_MAX);
    json_readable(list, &text);
    buf_u8(&text, 0);
    if (!text.full)
        printf(T(cli, "还没有通过线路得知下一个密钥：%s\n再更换一次，它们就要重新"
                      "启用。\n",
                 "have not learnt the next key over the line yet: %s\nanother "
                 "turn would make them enrol anew\n"),
               (const char *)text.data);
    buf_done(&text);
}

static void print_keys(const struct cli *cli, const json_t *keys)
{
    const json_t *behind = json_object_get(keys, "behind");
    char when[WORDS_TIME];

    printf(T(cli, "现用密钥  %s\n下一密钥  %s\n", "present  %s\nnext     %s\n"),
           json_text(keys, "present"), json_text(keys, "next"));
    if (!behind)
        return;
    words_time(json_when(keys, "turned"), cli_now(), cli->zh, when);
    printf(T(cli, "上次更换：%s\n", "last turned: %s\n"), when);
    print_behind(cli, behind);
}

static int turn(struct cli *cli, json_t **out)
{
    int rc = cli_post(cli, "/api/keys/turn",
                      json_pack("{s:b}", "force",
                                cli->value[OPT_FORCE] != NULL), out);

    if (rc == EXIT_PENDING)
        fprintf(stderr, "%s\n",
                T(cli, "请等它们都上报过一次（见 yizhan keys），或停用不再用的电脑；"
                       "密钥可能被盗、等不及时：yizhan keys turn --force",
                  "Wait until each has been in contact (yizhan keys), or revoke "
                  "those that are no more. If the key may be stolen and there "
                  "is no time: yizhan keys turn --force"));
    return rc;
}

int cmd_keys(struct cli *cli)
{
    bool turning = cli->argc > 0;
    json_t *keys;
    int rc;

    if (turning && strcmp(cli->argv[0], "turn") != 0)
        return cli_usage(cli, cli->argv[0]);
    if (!turning && cli->value[OPT_FORCE])
        return cli_usage(cli, "--force");
    rc = turning ? turn(cli, &keys) : cli_get(cli, "/api/keys", &keys);
    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(keys));
    else
        print_keys(cli, keys);
    json_decref(keys);
    return 0;
}
