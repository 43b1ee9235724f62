#include "daemon/command.h"

#include <string.h>

static const struct act {
    const char *name, *zh, *en;
} acts[] = {
    {"show.full", "看了一条的完整号码", "saw a record's numbers in full"},
    {"list.full", "列出完整号码", "listed numbers in full"},
    {"case.full", "看了一件待办的完整号码", "saw a case's numbers in full"},
    {"cases.full", "列出待办的完整号码", "listed cases with numbers in full"},
    {"export", "导出", "exported"},
    {"export.full", "导出完整号码", "exported with numbers in full"},
    {"import", "导入", "imported"},
    {"pack", "打成离线同步包", "packed a bundle"},
    {"unpack", "读入离线同步包", "unpacked a bundle"},
    {"release", "处理搁置的变更", "had what was set aside decided anew"},
    {"reconcile", "与县里核对并改好", "compared with the county and mended"},
    {"rebuild", "按流水重算", "folded the journal again"},
    {"backup", "备份", "made a backup"},
    {"restore", "用备份恢复", "put a backup back"},
    {"invite", "发出启用码", "gave out a code"},
    {"admit", "启用一台电脑", "let a PC in"},
    {"revoke", "停用一台电脑", "withdrew a PC's access"},
    {"enroll", "启用本机", "enrolled this PC"},
    {"keys.turn", "更换县里的密钥", "turned the hub's key"},
    {"config", "启动时配置有变", "started with another configuration"},
    {"kinds", "启动时类别定义有变", "started with other kinds"},
};

static const char *act_text(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(acts[i].name, name) == 0)
            return T(cli, acts[i].zh, acts[i].en);
    return name;
}

static int on_row(void *user, struct bytes line)
{
    const struct cli *cli = user;
    const char *person, *time;
    json_t *row;

    if (line.len == 0)
        return 0;
    if (cli->json) {
        printf("%.*s\n", (int)line.len, (const char *)line.data);
        return 0;
    }
    row = json_loadb((const char *)line.data, line.len, 0, NULL);
    if (!row)
        return ERR_FORMAT;
    person = json_text(row, "person");
    time = json_text(row, "time");
    printf("%lld  %s%s  %s@%s  %s  %s\n", (long long)json_number(row, "n"),
           time[0] ? time : "-",
           json_is_true(json_object_get(row, "trusted")) ? "" : "?",
           person[0] ? person : "-", json_text(row, "device"),
           act_text(cli, json_text(row, "act")), json_text(row, "object"));
    json_decref(row);
    return 0;
}

int cmd_audit(struct cli *cli)
{
    char since[SINCE_TEXT];
    struct buf query;
    int rc;

    if (!cli_since_ms(cli, since))
        return cli_usage(cli, "--since");
    query_open(&query, "/api/audit");
    query_add(&query, "since", since[0] ? since : NULL);
    rc = cli_lines(cli, query_text(&query), on_row, cli);
    buf_done(&query);
    return rc;
}
