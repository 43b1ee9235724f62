/* restore works on the files themselves, and only while no daemon has them. */
#include "daemon/command.h"
#include "daemon/restore.h"

static json_t *from_restored(const struct restored *done)
{
    static const char *const numbers[] = {"", "present", "copy"};
    json_t *out = json_object();

    json_object_set_new(out, "role",
                        json_string(done->facts.hub ? "hub" : "station"));
    json_object_set_new(out, "name", json_string(done->facts.note.name));
    json_object_set_new(out, "made_ms",
                        json_integer(done->facts.note.made_ms));
    json_object_set_new(out, "number",
                        json_integer((json_int_t)done->facts.number));
    json_object_set_new(out, "records",
                        json_integer((json_int_t)done->facts.records));
    json_object_set_new(out, "changes",
                        json_integer((json_int_t)done->facts.written));
    json_object_set_new(out, "audit_altered", json_boolean(done->altered));
    json_object_set_new(out, "kept", done->kept[0] ? json_string(done->kept)
                                                   : json_null());
    if (done->facts.hub) {
        json_object_set_new(out, "numbers",
                            json_string(numbers[done->numbers]));
        json_object_set_new(out, "reserved",
                            json_integer((json_int_t)done->reserved));
        json_object_set_new(out, "life",
                            json_integer((json_int_t)done->life));
    }
    return out;
}

static void print_numbers(const struct cli *cli, const struct restored *done)
{
    if (done->numbers == NUMBERS_PRESENT)
        printf(T(cli, "入册号接着本机编号文件，从 %llu 之后继续。\n",
                  "Numbers go on above %llu, as this machine's file of numbers "
                  "says.\n"),
               (unsigned long long)done->reserved);
    else
        printf(T(cli, "本机编号文件不可用，用了备份里的；备份之后县里可能用过更大的"
                      "编号，所以跳过一百万个，从 %llu 之后继续。\n",
                  "There was no file of numbers to go on with, so the copy's "
                  "is in use. Numbers may have been\nused beyond it: a million "
                  "are passed over, and they go on above %llu.\n"),
               (unsigned long long)done->reserved);
}

static void print_next(const struct cli *cli, const struct restored *done)
{
    if (done->kept[0])
        printf(T(cli, "原来的数据没有删，都在 %s/%s.*\n",
                  "What was there before is kept: %s/%s.*\n"),
               cli->config.data, done->kept);
    if (done->facts.hub) {
        print_numbers(cli, done);
        printf("%s", T(cli, "下一步：启动驿站。备份之后的变更由各站在下次联系时补齐，"
                            "不用重录。\n",
                       "Next: start yizhan. What came after the copy is sent "
                       "again by the stations when they next\nmake contact; "
                       "nobody enters anything anew.\n"));
        return;
    }
    if (done->kept[0])
        printf("%s", T(cli, "备份之后在本机录入而没有上报的，只在原来的数据里。\n",
                       "What was entered here after the copy and never sent "
                       "is only in there.\n"));
    printf("%s", T(cli, "下一步：启动驿站。县里已有的会在下次联系时自动补回。\n",
                   "Next: start yizhan. What the county has comes back at the "
                   "next contact.\n"));
}

static void print_restored(const struct cli *cli, const struct restored *done)
{
    char made[WORDS_TIME];

    words_time(done->facts.note.made_ms, cli_now(), cli->zh, made);
    printf(T(cli, "已恢复 %s（%s 的备份）：%llu 条记录，%llu 条变更，到入册号 "
                  "%llu。校验完好。\n",
             "%s is as it was at %s: %llu records, %llu changes, up to number "
             "%llu; checked and whole.\n"),
           done->facts.note.name, made,
           (unsigned long long)done->facts.records,
           (unsigned long long)done->facts.written,
           (unsigned long long)done->facts.number);
    if (done->altered)
        printf(T(cli, "备份里的审计记录被改动过，从哪一条起见 yizhan verify。"
                      "[YZ%04d]\n",
                 "The copy's audit trail was altered; yizhan verify names the "
                 "first bad row. [YZ%04d]\n"),
               err_code(ERR_AUDIT));
    print_next(cli, done);
}

int cmd_restore(struct cli *cli)
{
    struct fault fault = {0};
    struct restored done;

    if (restore(&cli->config, cli->argv[0], cli->author, &done, &fault) < 0)
        return cli_fail(cli, T(cli, "没有恢复", "nothing was restored"),
                        &fault);
    if (cli->json)
        cli_print(from_restored(&done));
    else
        print_restored(cli, &done);
    return 0;
}
