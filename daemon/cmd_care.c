/* Care of the store. The daemon does it, which alone opens the database. */
#include "daemon/command.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

static void print_backup(const struct cli *cli, const json_t *made)
{
    char size[WORDS_TIME];

    words_bytes((uint64_t)json_number(made, "bytes"), size);
    printf("%s\n", json_text(made, "file"));
    printf(T(cli, "已备份，读回校验完好：%lld 条记录，%lld 条变更，到入册号 %lld，"
                  "%s\n",
             "copied, read back and whole: %lld records, %lld changes, up to "
             "number %lld, %s\n"),
           (long long)json_number(made, "records"),
           (long long)json_number(made, "changes"),
           (long long)json_number(made, "number"), size);
    if (json_number(made, "removed") > 0)
        printf(T(cli, "清理了 %lld 份旧的\n", "%lld older ones removed\n"),
               (long long)json_number(made, "removed"));
}

/* The daemon has a working directory of its own. */
static int take_dir(struct cli *cli, json_t **out)
{
    char *path = cli->argc > 0 ? realpath(cli->argv[0], NULL) : NULL;
    struct fault fault = {0};
    int rc;

    *out = json_object();
    if (cli->argc > 0 && !path) {
        fault_set(&fault, ERR_IO, "dir", "%.150s: %s", cli->argv[0],
                  strerror(errno));
        json_decref(*out);
        return cli_fail(cli, T(cli, "没有备份", "no copy was made"), &fault);
    }
    rc = path ? json_object_set_new(*out, "dir", json_string(path)) : 0;
    free(path);
    return rc;
}

int cmd_backup(struct cli *cli)
{
    json_t *request, *made;
    int rc = take_dir(cli, &request);

    if (rc == 0)
        rc = cli_post(cli, "/api/backup", request, &made);
    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(made));
    else
        print_backup(cli, made);
    json_decref(made);
    return 0;
}

/* What became of it; what is not in the register needs a person. */
int cmd_release(struct cli *cli)
{
    json_t *request = json_pack("{s:s}", "id", cli->argv[0]), *done;
    int rc = cli_post(cli, "/api/release", request, &done);
    const char *state, *reason;

    if (rc != 0)
        return rc;
    state = json_text(done, "state");
    reason = json_text(done, "reason");
    if (cli->json)
        cli_print(json_incref(done));
    else
        printf("%s  %s%s%s%s%s%s%s\n", json_text(done, "case"),
               words_state(state, cli->zh), reason[0] ? T(cli, "：", ": ") : "",
               reason[0] ? words_reason(reason, cli->zh) : "",
               json_text(done, "field")[0] ? " " : "",
               json_text(done, "field"),
               json_text(done, "rule")[0] ? " " : "", json_text(done, "rule"));
    rc = strcmp(state, "taken") == 0 || strcmp(state, "same") == 0
             ? EXIT_DONE : EXIT_PERSON;
    json_decref(done);
    return rc;
}
