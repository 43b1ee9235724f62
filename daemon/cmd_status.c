#include "daemon/command.h"

#include <stdlib.h>
#include <string.h>

static long long count(const json_t *status, const char *name)
{
    return (long long)json_number(status, name);
}

/* The one question the page answers: entered, at the county, missing. */
static void print_sum(const struct cli *cli, const json_t *status)
{
    long long written = count(status, "written");
    long long missing = written - count(status, "taken") -
                        count(status, "same") - count(status, "settled");

    if (strcmp(json_text(status, "role"), "hub") == 0) {
        printf(T(cli, "  在册记录 %lld 条   收到变更 %lld 条   待处理 %lld 件\n",
                  "  %lld records in the register   %lld changes received   "
                  "%lld cases\n"),
               count(status, "records"), written, count(status, "cases"));
        return;
    }
    printf(T(cli, "  本机录入 %lld 条变更   县里已入册 %lld   还差 %lld\n",
              "  %lld changes entered here   %lld in the register   %lld "
              "missing\n"),
           written, written - missing, missing);
}

static void print_line_state(const struct cli *cli, const json_t *status)
{
    int64_t contact = json_when(status, "last_contact"), now = cli_now();
    const char *cause = json_text(status, "cause");
    char at[WORDS_TIME], complete[WORDS_TIME], next[WORDS_TIME];
    int err = json_err(status, "cause");

    words_time(contact, now, cli->zh, at);
    words_time(json_when(status, "last_complete"), now, cli->zh, complete);
    if (err)
        printf(T(cli, "  ○ 没连上县里：%s [%s]   上次联系：%s\n",
                  "  ○ county not reached: %s [%s]   last contact: %s\n"),
               err_text(err, cli->zh), cause, at);
    else
        printf(T(cli, "  ● 上次联系县里：%s   上次全部入册：%s\n",
                  "  ● last contact: %s   last complete: %s\n"),
               at, complete);
    if (json_when(status, "next_try") > 0) {
        words_time(json_when(status, "next_try"), now, cli->zh, next);
        printf(T(cli, "  下次自动尝试：%s\n", "  next try: %s\n"), next);
    }
    if (err)
        printf("  %s\n", status_advice(cli, status, err));
}

/* A case is often a change of this machine's too, so they are not added up. */
static long long in_hand(const json_t *status, long long *own)
{
    long long cases = count(status, "cases");

    *own = count(status, "returned") + count(status, "parked") +
           count(status, "aside");
    return cases > *own ? cases : *own;
}

static void print_hands(const struct cli *cli, const json_t *status)
{
    static const char *const wanting[] = {"returned", "parked", "aside"};
    static const char *const marks[] = {"↩", "⇄", "⊘"};
    long long own, sum = in_hand(status, &own);

    if (sum > 0)
        printf(T(cli, "  需要您处理 (%lld)：", "  needs you (%lld):"), sum);
    for (int i = 0; i < 3; i++)
        if (count(status, wanting[i]) > 0)
            printf("  %s %s %lld", marks[i],
                   words_state(wanting[i], cli->zh),
                   count(status, wanting[i]));
    if (count(status, "cases") > 0)
        printf(T(cli, "  待办 %lld 件", "  open cases %lld"),
               count(status, "cases"));
    if (sum > 0)
        printf("    %s\n", !cli->config.hub ? "yizhan cases"
                           : T(cli, "由县里的站来定",
                               "the county's station decides"));
    printf(T(cli, "  其他：%s %lld · %s %lld · %s %lld · %s %lld\n",
              "  others: %s %lld · %s %lld · %s %lld · %s %lld\n"),
           words_state("queued", cli->zh), count(status, "queued"),
           words_state("received", cli->zh), count(status, "received"),
           words_state("same", cli->zh), count(status, "same"),
           words_state("settled", cli->zh), count(status, "settled"));
}

static void print_machine(const struct cli *cli, const json_t *status)
{
    int64_t offset = json_number(status, "clock_offset_ms");
    char size[WORDS_TIME], off[WORDS_TIME];

    words_bytes((uint64_t)json_number(status, "db_bytes"), size);
    if (json_is_true(json_object_get(status, "loading")))
        printf("%s", T(cli, "  首次接收还没完，名册暂不齐全，请勿据此补录\n",
                       "  the first load is under way: lists are not complete "
                       "yet, enter nobody anew\n"));
    if (json_is_true(json_object_get(status, "small_packets")))
        printf("%s", T(cli, "  线路不通大包，已改用小包 [YZ7113]\n",
                       "  large packets do not come through on this line: "
                       "small ones are used [YZ7113]\n"));
    printf(T(cli, "  在册 %lld 条记录   数据 %s", "  %lld records here   data %s"),
           count(status, "records"), size);
    if (json_when(status, "last_contact") > 0) {
        words_span(offset, cli->zh, off);
        printf("   %s", T(cli, "时钟", "clock "));
        if (offset > -2000 && offset < 2000)
            printf("%s", T(cli, "准", "right"));
        else
            printf("%s%s", offset < 0 ? T(cli, "慢 ", "behind by ")
                                      : T(cli, "快 ", "ahead by "), off);
    }
    printf(T(cli, "   版本 %s\n", "   version %s\n"),
           json_text(status, "version"));
}

/* The second mark: is it safe should the county's machine burn down? */
static void print_secured(const struct cli *cli, const json_t *status)
{
    long long secured = count(status, "secured");
    long long missing = count(status, "unsecured");

    if (secured + missing == 0)
        return;
    if (count(status, "secured_number") == 0)
        printf("%s", T(cli, "  县里还没有异地备份\n",
                       "  the county has no off-box copy of it\n"));
    else if (missing == 0)
        printf("%s", T(cli, "  已入册的都在县里的异地备份里\n",
                       "  all of it also in the county's off-box copy\n"));
    else
        printf(T(cli, "  其中 %lld 条已在县里的异地备份里，%lld 条还没有\n",
                  "  %lld of it also in the county's off-box copy, %lld not "
                  "yet\n"),
               secured, missing);
}

static void print_backup(const struct cli *cli, const json_t *status, bool hub)
{
    const json_t *backup = json_object_get(status, "backup");
    char last[WORDS_TIME];

    if (!json_is_object(backup)) {
        if (hub)
            printf("%s", T(cli, "  没有配置异地备份（[store] backup）\n",
                           "  no off-box copy is configured ([store] "
                           "backup)\n"));
        return;
    }
    words_time(json_when(backup, "last"), cli_now(), cli->zh, last);
    if (hub)
        printf(T(cli, "  异地备份：%s   到入册号 %lld\n",
                  "  off-box copy: %s   up to number %lld\n"),
               last, count(status, "secured_number"));
    else
        printf(T(cli, "  本机备份：%s\n", "  backup of this PC: %s\n"), last);
}

static void print_status(const struct cli *cli, const json_t *status)
{
    bool hub = strcmp(json_text(status, "role"), "hub") == 0;

    printf(T(cli, "驿站 · %s %s（%s）\n", "yizhan · %s %s (%s)\n"),
           json_text(status, "org"), json_text(status, "name"),
           hub ? T(cli, "县里", "the hub") : T(cli, "站", "station"));
    print_sum(cli, status);
    if (!hub) {
        print_secured(cli, status);
        print_line_state(cli, status);
    }
    print_backup(cli, status, hub);
    print_hands(cli, status);
    print_machine(cli, status);
}

int cmd_status(struct cli *cli)
{
    json_t *status;
    int rc = cli_get(cli, "/api/status", &status);

    if (rc != 0)
        return rc;
    rc = status_exit(status);
    if (cli->json)
        cli_print(json_incref(status));
    else
        print_status(cli, status);
    json_decref(status);
    return rc;
}
