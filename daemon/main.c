#include "daemon/command.h"

#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef YIZHAN_VERSION
#define YIZHAN_VERSION "0.1.0"
#endif

#define DEFAULT_CONF "/etc/yizhan/yizhan.conf"

static int cmd_help(struct cli *cli);
static int cmd_version(struct cli *cli);

static const struct command commands[] = {
    {"run", "[--check]", "在前台运行；--check 只看配置",
     "run the daemon in the foreground; --check shows the configuration",
     cmd_run, OPT(CHECK), 0, 0, false},
    {"demo", "[DIR] [--for SECONDS] [--kinds DIR]",
     "在本机演示：一个县、四个站、一次断线",
     "a hub and stations on this machine with made-up data",
     cmd_demo, OPT(FOR) | OPT(KINDS), 0, 1, true},
    {"status", "", "录了多少，县里收了多少，还差多少",
     "how much was entered, how much the county has, what is missing",
     cmd_status, 0, 0, 0, false},
    {"sync", "[--wait SECONDS]", "立即上报和接收",
     "exchange with the hub now", cmd_sync, OPT(WAIT), 0, 0, false},
    {"put", "KIND [ID] -", "从标准输入存一条记录（JSON）",
     "save one record from standard input (JSON)", cmd_put,
     OPT(TOKEN) | OPT(BASE), 2, 3, false},
    {"edit", "ID FIELD=VALUE ... | ID -", "修改一条记录", "change one record",
     cmd_edit, OPT(TOKEN) | OPT(BASE), 2, -1, false},
    {"end", "ID --reason TEXT | ID --undo", "结束一条记录，或撤销结束",
     "end a record, or take its ending back", cmd_end,
     OPT(REASON) | OPT(UNDO) | OPT(TOKEN) | OPT(BASE), 1, 1, false},
    {"show", "ID [--history] [--full]", "看一条记录和各项的状态",
     "one record with the state of its cells", cmd_show,
     OPT(HISTORY) | OPT(FULL), 1, 1, false},
    {"list", "[--kind KIND] [--state STATE] [--since T]", "列出记录",
     "list records", cmd_list, OPT(KIND) | OPT(STATE) | OPT(SINCE) | OPT(FULL),
     0, 0, false},
    {"import", "FILE [--mode add|update|both] [--dry-run] [--report OUT]",
     "导入记录", "import records", cmd_import,
     OPT(MODE) | OPT(DRY_RUN) | OPT(REPORT), 1, 1, false},
    {"export", "[--kind KIND] [--full] [--scope ORG] [--bases]",
     "导出在册记录（NDJSON）", "records in force as NDJSON", cmd_export,
     OPT(KIND) | OPT(NDJSON) | OPT(FULL) | OPT(SCOPE) | OPT(BASES), 0, 0,
     false},
    {"pack", "OUT [--size MIB]", "打成离线同步包，用 U 盘带到县里",
     "write what waits into a bundle, to be carried to the hub", cmd_pack,
     OPT(SIZE), 1, 1, false},
    {"unpack", "FILE [ANSWER] | --list FILE",
     "读入离线同步包；在县里生成要带回的回执包",
     "take a bundle in; at the hub, write the answer to be carried back",
     cmd_unpack, OPT(LIST), 1, 2, false},
    {"cases",
     "[list [--state STATE] [--full] | show C | take parked C | take in-force C | "
     "set C F=V ... | set C -]",
     "待办：两边不一样的、被退回的、已搁置的", "what waits for a person",
     cmd_cases, OPT(WHY) | OPT(STATE) | OPT(FULL), 0, -1, false},
    {"retry", "ID", "把被退回或已搁置的再上报一次",
     "send once more what was returned or set aside", cmd_retry, OPT(WHY), 1, 1,
     false},
    {"release", "ID", "县里：把搁置的一条再处理一次",
     "hub: decide anew what was set aside", cmd_release, 0, 1, 1, false},
    {"reconcile", "[--repair]", "人数核对：逐项与县里核对",
     "compare with the county, cell by cell", cmd_reconcile, OPT(REPAIR), 0, 0,
     false},
    {"log", "[-f] [--since T] [--code CODE]", "看运行日志", "read the log",
     cmd_log, OPT(FOLLOW) | OPT(SINCE) | OPT(CODE), 0, 0, false},
    {"audit", "[--since T]", "看审计记录：谁看过、导出过、导入过什么",
     "who saw, took away or brought what", cmd_audit, OPT(SINCE), 0, 0, false},
    {"rebuild", "", "按流水重算，并核对", "fold the journal again and compare",
     cmd_rebuild, 0, 0, 0, false},
    {"verify", "", "校验数据是否完好", "check that the data is whole",
     cmd_verify, 0, 0, 0, false},
    {"backup", "[DIR]", "备份一份到目录里，并读回校验",
     "make a copy in a directory, and read it back", cmd_backup, 0, 0, 1,
     false},
    {"restore", "FILE", "用备份恢复（先停止驿站；原数据留着）",
     "put a backup in place of the data, which is kept; yizhan must be stopped",
     cmd_restore, 0, 1, 1, false},
    {"doctor", "", "体检：配置、数据、磁盘、备份、时钟、线路",
     "examine configuration, data, disk, backup, clock and line", cmd_doctor,
     0, 0, 0, true},
    {"enroll", "CODE --hub URL [--answer FILE] | CODE --request FILE",
     "启用本机：县里给的 16 位启用码", "let this PC in at the hub, with its code",
     cmd_enroll, OPT(HUB) | OPT(REQUEST) | OPT(ANSWER), 1, 1, false},
    {"invite", "ORG", "县里：为一台电脑发一个启用码",
     "hub: a code that lets one PC in", cmd_invite, 0, 1, 1, false},
    {"admit", "REQUEST ANSWER", "县里：处理 U 盘带来的启用文件",
     "hub: answer the request of a PC that came by file", cmd_admit, 0, 2, 2,
     false},
    {"devices", "", "县里：已启用的电脑", "hub: the PCs that were let in",
     cmd_devices, 0, 0, 0, false},
    {"revoke", "DEVICE", "县里：停用一台电脑", "hub: withdraw a PC's access",
     cmd_revoke, 0, 1, 1, false},
    {"keys", "[turn [--force]]", "县里的密钥；县里：换成下一个",
     "the hub's keys; at the hub: make the next one the present", cmd_keys,
     OPT(FORCE), 0, 1, false},
    {"version", "", "版本", "the version", cmd_version, 0, 0, 0, true},
    {"help", "[VERB]", "用法", "how it is used", cmd_help, 0, 0, 1, true},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* In the order of enum option_name. */
static const struct help {
    const char *name, *value, *zh, *en;
} options[OPTIONS] = {
    {"conf", "FILE", "配置文件，默认 " DEFAULT_CONF,
     "configuration, by default " DEFAULT_CONF},
    {"json", NULL, "输出一个 JSON 对象（列表是 NDJSON）",
     "print one JSON object (lists: NDJSON)"},
    {"lang", "zh|en", "语言", "language of the messages"},
    {"as", "NAME", "以谁的名义，默认是系统用户名",
     "who does it; by default the system's user name"},
    {"help", NULL, "用法", "how it is used"},
    {"answer", "FILE", "县里带回的启用文件", "what the hub's admit wrote"},
    {"base", "NUMBER", "看到的是哪个入册号的状态",
     "number of the state the author looked at"},
    {"bases", NULL, "附各项的入册号", "with the number of each cell"},
    {"check", NULL, "只检查并显示配置", "check and print the configuration"},
    {"code", "CODE", "只看这类代码，如 2031 或 YZ2xxx",
     "only this code, like 2031 or YZ2xxx"},
    {"dry-run", NULL, "只看会怎样，什么都不改", "change nothing"},
    {"follow", NULL, "一直看下去（-f）", "go on as lines come (-f)"},
    {"for", "SECONDS", "多少秒后结束，0 为演完就结束",
     "end after so many seconds; 0 at once"},
    {"force", NULL, "不等还没有得知下一个密钥的电脑",
     "do not wait for PCs that do not know the next key"},
    {"full", NULL, "号码不打码（会记入审计）",
     "personal numbers in full (the audit trail tells)"},
    {"history", NULL, "修改记录", "who changed what, and when"},
    {"hub", "URL", "县里的地址，https://…:7443",
     "the hub's address, https://HOST:7443"},
    {"kind", "KIND", "只要这一类", "only this kind"},
    {"kinds", "DIR", "类别定义所在目录", "directory of the kind files"},
    {"list", NULL, "只看包上写着什么，不读入",
     "show what a bundle says of itself, take nothing in"},
    {"mode", "add|update|both", "只新增、只更新，或两者",
     "only new, only known, or both"},
    {"ndjson", NULL, "每行一个 JSON（默认）", "one JSON a line (the default)"},
    {"reason", "TEXT", "为什么结束", "why it ends"},
    {"repair", NULL, "不一致的照县里改好",
     "mend what differs as the county has it"},
    {"report", "OUT", "把每一行的错写到这个文件", "file for the wrong lines"},
    {"request", "FILE", "不上网：把启用请求写到这个文件",
     "write the request to a file, for a stick"},
    {"scope", "ORG", "只要这个组织的", "only of this organisation"},
    {"since", "T", "从何时起，如 1h、2d 或 2026-03-02",
     "from when, like 1h, 2d or 2026-03-02"},
    {"size", "MIB", "最多这么大，默认 64", "at most so large, by default 64"},
    {"state", "STATE", "只要有这种状态的", "only with this state"},
    {"token", "TEXT", "请求号：重复执行也只存一次",
     "names the request, so that a repeat is harmless"},
    {"undo", NULL, "撤销结束", "take the ending back"},
    {"wait", "SECONDS", "最多等多少秒，等到没有待上报",
     "until nothing waits, at most so long"},
    {"why", "TEXT", "依据", "on what grounds"},
};

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_options(const struct cli *cli, FILE *out, uint64_t mask)
{
    for (int i = 0; i < OPTIONS; i++) {
        char name[48];

        if (!(mask & (UINT64_C(1) << i)))
            continue;
        snprintf(name, sizeof(name), "--%s%s%s", options[i].name,
                 options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        fprintf(out, "  %-24s %s\n", name,
                T(cli, options[i].zh, options[i].en));
    }
}

static void print_command(const struct cli *cli, FILE *out,
                          const struct command *command)
{
    fprintf(out, "yizhan %s %s\n  %s\n", command->name, command->usage,
            T(cli, command->zh, command->en));
    print_options(cli, out, command->options);
}

static int cmd_help(struct cli *cli)
{
    const struct command *command = NULL;

    if (cli->argc > 0) {
        command = find_command(cli->argv[0]);
        if (!command)
            return cli_usage(cli, cli->argv[0]);
        print_command(cli, stdout, command);
        return 0;
    }
    printf(T(cli, "驿站：没有网络也能录，有网络就上报。\n\n"
                  "yizhan [选项] 动词 ...\n\n",
             "yizhan: work as if there were no network, agree as soon as "
             "there is.\n\nyizhan [OPTION ...] VERB ...\n\n"));
    for (int i = 0; i < COMMANDS; i++) {
        printf("  %-8s ", commands[i].name);
        printf("%s\n", T(cli, commands[i].zh, commands[i].en));
    }
    printf("\n");
    print_options(cli, stdout, OPT(CONF) | OPT(JSON) | OPT(LANG) | OPT(AS));
    printf(T(cli, "\n每个动词的用法：yizhan help 动词\n",
             "\nMore about a verb: yizhan help VERB, yizhan(1)\n"));
    return 0;
}

static int cmd_version(struct cli *cli)
{
    if (cli->json)
        cli_print(json_pack("{s:s}", "version", YIZHAN_VERSION));
    else
        printf("yizhan %s\n", YIZHAN_VERSION);
    return 0;
}

int cli_usage(struct cli *cli, const char *why)
{
    const struct command *command = find_command(cli->verb);

    fprintf(stderr, T(cli, "用法不对：%s [YZ1002]\n", "wrong usage: %s [YZ1002]\n"),
            why);
    if (command)
        print_command(cli, stderr, command);
    else
        fprintf(stderr, "%s\n", words_advice(ERR_USAGE, cli->zh));
    return EXIT_USAGE;
}

/* Options may stand anywhere; whether the verb knows them is asked later. */
static int parse_options(struct cli *cli, int argc, char **argv)
{
    struct option table[OPTIONS + 1] = {0};
    int which;

    for (int i = 0; i < OPTIONS; i++) {
        table[i].name = options[i].name;
        table[i].has_arg = options[i].value ? required_argument : no_argument;
        table[i].val = 256 + i;
    }
    opterr = 0;
    while ((which = getopt_long(argc, argv, "fh", table, NULL)) != -1) {
        if (which == 'f')
            which = 256 + OPT_FOLLOW;
        if (which == 'h')
            which = 256 + OPT_HELP;
        if (which < 256)
            return -1;
        cli->value[which - 256] = optarg ? optarg : "";
    }
    return 0;
}

static int check_options(struct cli *cli, const struct command *command)
{
    uint64_t allowed = command->options | OPT(CONF) | OPT(JSON) | OPT(LANG) |
                       OPT(AS) | OPT(HELP);
    char why[80];

    for (int i = 0; i < OPTIONS; i++)
        if (cli->value[i] && !(allowed & (UINT64_C(1) << i))) {
            snprintf(why, sizeof(why), "%s --%s", command->name,
                     options[i].name);
            return cli_usage(cli, why);
        }
    if (cli->argc < command->min)
        return cli_usage(cli, T(cli, "还缺参数", "something is missing"));
    if (command->max >= 0 && cli->argc > command->max)
        return cli_usage(cli, cli->argv[command->max]);
    return 0;
}

static void set_author(struct cli *cli)
{
    const char *name = cli->value[OPT_AS];
    /* cppcheck-suppress getpwuidCalled ; there is one thread */
    const struct passwd *user = name ? NULL : getpwuid(geteuid());

    if (user)
        name = user->pw_name;
    snprintf(cli->author, sizeof(cli->author), "%s", name ? name : "");
}

static int run(struct cli *cli, const struct command *command)
{
    struct fault fault = {0};
    int rc = check_options(cli, command);

    if (rc != 0)
        return rc;
    if (!command->no_config) {
        if (config_read(cli->conf, &cli->config, &fault) < 0) {
            cli_fail(cli, NULL, &fault);
            return EXIT_USAGE;
        }
        if (command->run != cmd_run) {  /* which sets curl up for itself */
            cli->client = client_new(&cli->config);
            client_author(cli->client, cli->author);
        }
    }
    rc = command->run(cli);
    client_free(cli->client);
    if ((fflush(stdout) != 0 || ferror(stdout)) && rc < EXIT_USAGE) {
        fault_set(&fault, ERR_IO, NULL, "standard output");
        cli->json = false;
        rc = cli_fail(cli, NULL, &fault);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct cli cli = {.program = argv[0], .verb = "", .conf = DEFAULT_CONF};
    const struct command *command;
    int wrong = parse_options(&cli, argc, argv);

    setlocale(LC_CTYPE, "");
    cli.zh = words_chinese(cli.value[OPT_LANG]);
    cli.json = cli.value[OPT_JSON] != NULL;
    if (cli.value[OPT_CONF])
        cli.conf = cli.value[OPT_CONF];
    set_author(&cli);
    if (optind < argc)
        cli.verb = argv[optind];
    cli.argc = argc - optind - 1;
    cli.argv = argv + optind + 1;
    if (wrong)
        return cli_usage(&cli, argv[optind - 1]);
    command = find_command(cli.verb);
    if (cli.value[OPT_HELP]) {
        cli.argc = command ? 1 : 0;
        cli.argv = (char *[]){(char *)cli.verb};
        return cmd_help(&cli);
    }
    if (!command)
        return cli_usage(&cli, cli.verb[0] ? cli.verb
                         : T(&cli, "没有说做什么", "no verb"));
    return run(&cli, command);
}
