/* Care of the store. The daemon does it, which alone opens the database. */
#include "daemon/command.h"

static int ask(struct cli *cli, const char *path, const char *good)
{
    json_t *result;
    int rc = cli_post(cli, path, NULL, &result);

    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(result));
    else
        printf("%s\n", good);
    json_decref(result);
    return 0;
}

int cmd_rebuild(struct cli *cli)
{
    return ask(cli, "/api/rebuild",
               T(cli, "按流水重算完毕，结果一致",
                 "folded the journal again: the same register"));
}

int cmd_verify(struct cli *cli)
{
    json_t *found;
    int rc = cli_post(cli, "/api/verify", NULL, &found);

    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(found));
    else
        printf(T(cli, "数据完好：%lld 条变更，%lld 项，流水环环相扣，收支相符\n",
                 "the data is whole: %lld changes, %lld cells, every chain "
                 "and every sum\n"),
               (long long)json_number(found, "changes"),
               (long long)json_number(found, "cells"));
    json_decref(found);
    return 0;
}
