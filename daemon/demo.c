/*
 * The story of the demo, told as it happens. Everything it says was read back
 * from the daemons just before: nothing is claimed that was not looked at.
 */
#include "daemon/demo.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OWN_PHONE "12900000001"
#define COUNTY_PHONE "12900000002"

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

bool demo_stopped(void)
{
    return stopped != 0;
}

void demo_say(const struct demo *demo, const char *format, ...)
{
    va_list args;

    if (demo->cli->json)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    if (fflush(stdout) != 0)
        stopped = 1;            /* nobody reads it any more */
}

/* ---- its chapters ---- */

static int begin(struct demo *demo)
{
    int rc;

    demo_say(demo, T(demo->cli,
                     "云岭县（虚构）：一个县、县里的电脑，青石镇两台、黑水乡"
                     "一台。都在本机，数据是编的。\n文件夹 %s",
                     "Yunling county (it does not exist): the hub, the "
                     "county's PC, two PCs of one township and one of another, "
                     "all on this machine, with made-up people.\nFolder %s"),
             demo->dir);
    rc = demo_start(demo);
    if (rc == 0)
        demo_say(demo, T(demo->cli, "\n一、各站录入，还没有上报",
                         "\n1. The stations enter their registers; nothing is "
                         "sent yet"));
    for (int i = DEMO_CUT; rc == 0 && i < DEMO_NODES && !demo_stopped(); i++)
        rc = demo_fill(demo, i);
    if (rc == 0)
        demo_say(demo, T(demo->cli, "\n二、上报", "\n2. They exchange"));
    return rc ? rc : demo_exchange_all(demo, -1);
}

static int cut(struct demo *demo)
{
    char first[40], second[40];
    int rc;

    demo_member_id(DEMO_CUT, 0, first);
    demo_member_id(DEMO_CUT, 1, second);
    demo_say(demo, T(demo->cli,
                     "\n三、%s断线。两边改同一名党员的手机号，县里另外还改了"
                     "学历，断线的站另外改了一个住址",
                     "\n3. The line of %s is cut. Both sides change the phone "
                     "of the same member; the county also the education, the "
                     "cut-off station another member's address"),
             demo_name(demo, DEMO_CUT));
    rc = demo_edit(demo, DEMO_CUT, first, "phone", OWN_PHONE);
    if (rc == 0)
        rc = demo_edit(demo, DEMO_CUT, second, "address",
                       "云岭县青石镇老街社区7号");
    if (rc == 0)
        rc = demo_edit(demo, DEMO_COUNTY, first, "phone", COUNTY_PHONE);
    if (rc == 0)
        rc = demo_edit(demo, DEMO_COUNTY, first, "education", "大学专科");
    if (rc == 0)
        rc = demo_exchange_all(demo, DEMO_CUT);
    if (rc == 0)
        demo_say(demo, T(demo->cli,
                         "  %s：待上报 %lld 条。数据都在本机，不会丢，不用重录。",
                         "  %s: %lld changes waiting. Nothing is lost; nobody "
                         "has to enter anything again."),
                 demo_name(demo, DEMO_CUT),
                 (long long)demo_queued(demo, DEMO_CUT));
    return rc;
}

static int on_case(void *user, struct bytes line)
{
    struct demo *demo = user;

    json_t *one;

    if (line.len == 0 || demo->parked_case)
        return 0;
    one = json_loadb((const char *)line.data, line.len, 0, NULL);
    if (strcmp(json_text(one, "reason"), "clash") == 0)
        demo->parked_case = one;
    else
        json_decref(one);
    return 0;
}

static const char *side(const struct demo *demo, const char *name)
{
    const json_t *body = json_object_get(demo->parked_case, name);

    return json_text(body, "phone");
}

static int restore(struct demo *demo)
{
    int rc;

    demo_say(demo, T(demo->cli, "\n四、线路恢复", "\n4. The line is back"));
    rc = demo_exchange(demo, DEMO_CUT, true);
    if (rc == 0)
        rc = demo_exchange_all(demo, DEMO_CUT);
    if (rc == 0)
        rc = cli_lines(&demo->node[DEMO_CUT].cli, "/api/cases", on_case, demo);
    if (rc != 0 || demo_stopped())
        return rc;
    if (!demo->parked_case) {
        demo_say(demo, T(demo->cli, "  没有出现应有的冲突",
                         "  the conflict that should be here is not"));
        return EXIT_FAULT;
    }
    demo_say(demo, T(demo->cli,
                     "  只有手机号要人来定，两个值都留着：\n"
                     "    原来 %s · 本站填的 %s · 县里现在 %s\n"
                     "  学历和住址不相干，各自入册。",
                     "  Only the phone needs a person; both values are kept:\n"
                     "    before %s · entered here %s · in force %s\n"
                     "  Education and address do not collide: both are in."),
             side(demo, "base_value"), side(demo, "parked"),
             side(demo, "in_force"));
    return 0;
}

static int compare(struct demo *demo)
{
    int rc = 0;

    demo_say(demo, T(demo->cli, "\n五、核对：各站显示的，与县里的逐字节一样吗？",
                     "\n5. Does every station show what the hub shows, byte by "
                     "byte?"));
    demo->agree = true;
    for (int i = 1; i < DEMO_NODES && rc == 0 && !demo_stopped(); i++) {
        int64_t lines = 0;
        bool agree = false;

        rc = demo_agrees(demo, i, &agree, &lines);
        demo->agree = demo->agree && agree;
        demo_say(demo, T(demo->cli, "  %s：%lld 条，%s", "  %s: %lld records, "
                         "%s"),
                 demo_name(demo, i), (long long)lines,
                 agree ? T(demo->cli, "一样 ✓", "the same ✓")
                       : T(demo->cli, "不一样 ✗", "DIFFERENT ✗"));
    }
    return rc == 0 && !demo->agree ? EXIT_FAULT : rc;
}

/* ---- and what remains ---- */

static void print_summary(const struct demo *demo)
{
    json_t *out = json_object(), *nodes = json_array();
    char door[CONFIG_HOST];

    for (int i = 0; i < DEMO_NODES; i++) {
        config_door(&demo->node[i].cli.config, door);
        json_array_append_new(
            nodes, json_pack("{s:s, s:s, s:s, s:s}", "name",
                             demo->node[i].name, "org", demo->node[i].org,
                             "conf", demo->node[i].conf, "door", door));
    }
    json_object_set_new(out, "dir", json_string(demo->dir));
    json_object_set_new(out, "nodes", nodes);
    json_object_set_new(out, "records", json_integer(demo->records));
    json_object_set_new(out, "taken", json_integer(demo->taken));
    json_object_set_new(out, "parked", json_integer(demo->parked));
    json_object_set_new(out, "returned", json_integer(demo->returned));
    json_object_set_new(out, "bytes_up", json_integer(demo->bytes_up));
    json_object_set_new(out, "bytes_down", json_integer(demo->bytes_down));
    json_object_set_new(out, "agree", json_boolean(demo->agree));
    json_object_set(out, "case", demo->parked_case ? demo->parked_case
                                                   : json_null());
    cli_print(out);
    if (fflush(stdout) != 0)
        stopped = 1;
}

static void tell_end(const struct demo *demo, double seconds)
{
    char up[WORDS_TIME], down[WORDS_TIME], door[CONFIG_HOST];

    words_bytes((uint64_t)demo->bytes_up, up);
    words_bytes((uint64_t)demo->bytes_down, down);
    demo_say(demo, T(demo->cli,
                     "\n一共 %lld 条记录；线上走了：上行 %s，下行 %s；%.1f 秒。",
                     "\n%lld records in all; on the line: %s up, %s down; "
                     "%.1f s."),
             (long long)demo->records, up, down, seconds);
    for (int i = 0; i < DEMO_NODES; i++) {
        config_door(&demo->node[i].cli.config, door);
        demo_say(demo, "  %s/   %s   yizhan --conf %s status", door,
                 demo_name(demo, i), demo->node[i].conf);
    }
}

/* The lines stay up: whatever is entered at one place arrives at the others. */
static void stay(struct demo *demo, int64_t ms)
{
    int64_t until = cli_now() + ms;

    if (ms < 0)
        demo_say(demo, T(demo->cli, "\nCtrl-C 结束。", "\nCtrl-C ends it."));
    while (!demo_stopped() && (ms < 0 || cli_now() < until)) {
        for (int i = 1; i < DEMO_NODES && !demo_stopped(); i++)
            if (demo_exchange(demo, i, false) != 0)
                return;
        for (int i = 0; i < 20 && !demo_stopped() &&
                        (ms < 0 || cli_now() < until); i++)
            cli_pause(100);
    }
}

static void set_nodes(struct demo *demo)
{
    static const struct demo_node nodes[DEMO_NODES] = {
        {.name = "hub", .org = "990001", .zh = "县里", .en = "the hub"},
        {.name = "county-01", .org = "990001", .zh = "县里的电脑",
         .en = "the county's PC"},
        {.name = "qingshi-01", .org = "990001001", .zh = "青石镇一号机",
         .en = "Qingshi PC 1"},
        {.name = "qingshi-02", .org = "990001001", .zh = "青石镇二号机",
         .en = "Qingshi PC 2"},
        {.name = "heishui-01", .org = "990001002", .zh = "黑水乡",
         .en = "Heishui"},
    };

    memcpy(demo->node, nodes, sizeof(nodes));
}

static int tell_story(struct demo *demo)
{
    int (*const chapters[])(struct demo *) = {demo_prepare, begin, cut, restore,
                                              compare};
    int rc = 0;

    for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++)
        if (rc == 0 && !demo_stopped())
            rc = chapters[i](demo);
    return rc;
}

int cmd_demo(struct cli *cli)
{
    const char *seconds = cli->value[OPT_FOR];
    struct sigaction action = {.sa_handler = on_signal};
    int64_t start = cli_now();
    struct demo *demo;
    int rc;

    if (seconds && (seconds[0] == '\0' || strlen(seconds) > 6 ||
                    strspn(seconds, "0123456789") != strlen(seconds)))
        return cli_usage(cli, "--for");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);   /* or the children would stay */
    demo = xmalloc(sizeof(*demo));
    memset(demo, 0, sizeof(*demo));
    demo->cli = cli;
    set_nodes(demo);
    rc = tell_story(demo);
    if (rc == 0 && !demo_stopped()) {
        tell_end(demo, (double)(cli_now() - start) / 1000);
        if (cli->json)
            print_summary(demo);
        stay(demo, seconds ? strtoll(seconds, NULL, 10) * 1000 : -1);
    } else if (rc == 0) {
        rc = EXIT_PENDING;      /* cut short, its claims not looked at */
    } else if (demo->own_dir) {
        demo->own_dir = false;
        fprintf(stderr, T(cli, "文件留在 %s\n", "the files are left in %s\n"),
                demo->dir);
    }
    demo_end(demo);
    json_decref(demo->parked_case);
    free(demo);
    return rc;
}
