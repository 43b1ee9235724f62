/*
 * Comparing with the hub: begin, watch, print. What is printed names records
 * and cells, never a value.
 */
#include "daemon/command.h"

#include <string.h>

static const char *difference_text(const struct cli *cli, const char *name)
{
    if (strcmp(name, "not_here") == 0)
        return T(cli, "县里有、本机没有", "at the county, not here");
    if (strcmp(name, "not_there") == 0)
        return T(cli, "本机有、县里没有", "known here, not at the county");
    return T(cli, "两边不一样", "differs");
}

static const char *outcome_text(const struct cli *cli, const json_t *one)
{
    const char *name = json_text(one, "outcome");

    if (strcmp(name, "mended") == 0)
        return T(cli, "，已照县里改好", ", mended as the county has it");
    if (strcmp(name, "case") == 0)
        return T(cli, "，已照县里的显示，本机原值列入待办 ",
                  ", shown as the county has it, the value here is case ");
    if (strcmp(name, "alike") == 0)
        return T(cli, "，现在已一致", ", agrees by now");
    if (strcmp(name, "left") == 0)
        return T(cli, "，没有动：县里那份可能有问题",
                  ", left: the county's own copy is in doubt");
    return "";
}

static void print_found(const struct cli *cli, const json_t *one)
{
    printf("  %s  %s %s  %s%s%s\n", json_text(one, "record"),
           json_text(one, "kind"), json_text(one, "cell"),
           difference_text(cli, json_text(one, "difference")),
           outcome_text(cli, one), json_text(one, "case"));
}

static void print_org(const struct cli *cli, const json_t *org)
{
    const json_t *here = json_object_get(org, "here");
    const json_t *county = json_object_get(org, "county");

    printf(T(cli, "  %-12s 本机 %lld 条 %.8s   县里 %lld 条 %.8s   %s\n",
              "  %-12s here %lld records %.8s   county %lld records %.8s   "
              "%s\n"),
           json_text(org, "org"), (long long)json_number(here, "records"),
           json_text(here, "digest"),
           (long long)json_number(county, "records"),
           json_text(county, "digest"),
           json_is_true(json_object_get(org, "agree"))
               ? T(cli, "一致", "agree") : T(cli, "不一致", "DIFFER"));
}

static void print_sum(const struct cli *cli, const json_t *sum)
{
    const json_t *here = json_object_get(sum, "here"), *org;
    long long found = (long long)json_number(sum, "not_here") +
                      (long long)json_number(sum, "not_there") +
                      (long long)json_number(sum, "differs");
    size_t i;

    json_array_foreach(json_object_get(sum, "orgs"), i, org)
        print_org(cli, org);
    printf(T(cli, "核对了 %lld 条记录、%lld 项：", "%lld records, %lld cells: "),
           (long long)json_number(here, "records"),
           (long long)json_number(here, "cells"));
    if (found == 0)
        printf("%s", T(cli, "与县里完全一致\n", "all as at the county\n"));
    else
        printf(T(cli, "%lld 项不一致；改好 %lld 项，待办 %lld 件，还剩 %lld 项\n",
                  "%lld differed; %lld mended, %lld of them now cases, %lld "
                  "left\n"),
               found, (long long)json_number(sum, "mended"),
               (long long)json_number(sum, "cases"),
               (long long)json_number(sum, "left"));
}

/* What to do next goes to standard error. */
static void print_advice(const struct cli *cli, const json_t *sum)
{
    if (json_number(sum, "damaged") > 0)
        fprintf(stderr, T(cli, "有 %lld 项在本机磁盘上已损坏，已补好。请检查磁盘，"
                               "并备份。\n",
                          "%lld cells had rotted on this disk and were made "
                          "good. Check the disk, and make a copy.\n"),
                (long long)json_number(sum, "damaged"));
    if (json_number(sum, "cases") > 0)
        fprintf(stderr, "%s", T(cli, "县里没有的值请逐件决定：yizhan cases\n",
                                "Decide what the county does not know: "
                                "yizhan cases\n"));
    if (json_number(sum, "left") > 0 &&
        json_is_false(json_object_get(sum, "repair")))
        fprintf(stderr, "%s", T(cli, "照县里的改好：yizhan reconcile --repair\n",
                                "To mend it as the county has it: yizhan "
                                "reconcile --repair\n"));
    else if (json_number(sum, "left") > 0)
        fprintf(stderr, "%s", T(cli, "请县里运行 yizhan verify 和 yizhan rebuild。\n",
                                "At the hub run: yizhan verify, yizhan "
                                "rebuild\n"));
}

struct listing {
    struct cli *cli;
    json_t *sum;                /* the last line */
};

static int on_line(void *user, struct bytes line)
{
    struct listing *listing = user;
    json_t *one;

    if (line.len == 0)
        return 0;
    if (listing->cli->json) {
        fwrite(line.data, 1, line.len, stdout);
        putchar('\n');
    }
    one = json_loadb((const char *)line.data, line.len, 0, NULL);
    if (!one)
        return ERR_FORMAT;
    if (json_object_get(one, "state")) {
        json_decref(listing->sum);
        listing->sum = one;
        return 0;
    }
    if (!listing->cli->json)
        print_found(listing->cli, one);
    json_decref(one);
    return 0;
}

static void print_progress(const struct cli *cli, const json_t *sum, bool end)
{
    if (cli->json || !cli_terminal(stderr))
        return;
    fprintf(stderr, T(cli, "\r核对中 %lld 项", "\rcompared %lld cells"),
            (long long)json_number(sum, "compared"));
    if (end)
        fputc('\n', stderr);
}

/* Watch until the run ends, which the daemon sees to. */
static int follow(struct cli *cli, json_t **sum)
{
    int pause = 10;

    for (;;) {
        int rc = cli_get(cli, "/api/reconcile?brief=1", sum);
        bool runs;

        if (rc != 0)
            return rc;
        runs = strcmp(json_text(*sum, "state"), "running") == 0;
        print_progress(cli, *sum, !runs);
        if (!runs)
            return 0;
        json_decref(*sum);
        *sum = NULL;
        cli_pause(pause);
        pause = pause < 200 ? pause * 3 / 2 : 200;
    }
}

static int exit_of(struct cli *cli, const json_t *sum)
{
    struct fault fault = {.err = json_err(sum, "cause")};

    if (strcmp(json_text(sum, "state"), "failed") == 0) {
        bool json = cli->json;
        int rc;

        cli->json = false;      /* the sum was printed */
        rc = cli_fail(cli, NULL, &fault);
        cli->json = json;
        return fault.err == ERR_AGAIN ? EXIT_PENDING : rc;
    }
    return json_number(sum, "left") > 0 || json_number(sum, "cases") > 0
               ? EXIT_PERSON : EXIT_DONE;
}

int cmd_reconcile(struct cli *cli)
{
    struct listing listing = {.cli = cli};
    json_t *sum = NULL;
    int rc = cli_post(cli, "/api/reconcile",
                      json_pack("{s:b}", "repair",
                                cli->value[OPT_REPAIR] != NULL),
                      NULL);

    if (rc == 0)
        rc = follow(cli, &sum);
    json_decref(sum);
    if (rc == 0)
        rc = cli_lines(cli, "/api/reconcile", on_line, &listing);
    if (rc == 0 && listing.sum) {
        if (!cli->json &&
            strcmp(json_text(listing.sum, "state"), "done") == 0)
            print_sum(cli, listing.sum);
        if (!cli->json)
            print_advice(cli, listing.sum);
        rc = exit_of(cli, listing.sum);
    }
    json_decref(listing.sum);
    return rc;
}
