#include "daemon/command.h"

#include <string.h>

/* The fields of one side; "-" for nothing. */
static void print_side(const struct cli *cli, const char *label,
                       const json_t *body, const char *author)
{
    json_t *value;
    const char *name, *comma = "";
    struct buf text;

    printf("    ");
    words_column(stdout, label, 12);
    putchar(' ');
    json_object_foreach((json_t *)body, name, value) {
        buf_init(&text, READABLE_MAX);
        json_readable(value, &text);
        printf("%s%s=%.*s", comma, name, (int)text.len,
               text.len ? (const char *)text.data : "");
        buf_done(&text);
        comma = ", ";
    }
    if (comma[0] == '\0')        /* a key of a set is there or not */
        printf("%s", json_is_object(body) ? T(cli, "有", "present") : "-");
    if (author[0])
        printf("   (%s)", author);
    putchar('\n');
}

static void print_case(const struct cli *cli, const json_t *one)
{
    const json_t *authors = json_object_get(one, "authors");
    bool own = json_is_true(json_object_get(one, "own"));
    char since[WORDS_TIME];

    words_time(json_when(one, "since"), cli_now(), cli->zh, since);
    if (json_text(one, "kind")[0] == '\0') {    /* of no record known here */
        printf("%s\n    %s (%s)   %s\n", json_text(one, "case"),
               words_reason(json_text(one, "reason"), cli->zh),
               json_text(one, "field"), since);
        return;
    }
    printf("%s  %s %s  %s\n", json_text(one, "case"), json_text(one, "kind"),
           json_text(one, "record"), json_text(one, "cell"));
    printf("    %s%s%s%s   %s\n",
           words_reason(json_text(one, "reason"), cli->zh),
           json_text(one, "rule")[0] ? " " : "", json_text(one, "rule"),
           json_is_false(json_object_get(one, "open"))
               ? T(cli, "（已了结）", " (settled)") : "", since);
    print_side(cli, T(cli, "原来", "before"),
               json_object_get(one, "base_value"), "");
    print_side(cli,
               own ? T(cli, "您填的", "yours") : T(cli, "搁下的", "parked"),
               json_object_get(one, "parked"), json_text(authors, "parked"));
    print_side(cli, T(cli, "现在在册", "in force"),
               json_object_get(one, "in_force"),
               json_text(authors, "in_force"));
}

struct listing {
    struct cli *cli;
    unsigned long long count, aside;
};

/* The state of the change a case is of, as far as its reason tells. */
static const char *state_of(const char *reason)
{
    static const char *const returned[] = {"rule", "scope", "value"};

    if (strcmp(reason, "unreadable") == 0)
        return "aside";
    for (size_t i = 0; i < sizeof(returned) / sizeof(returned[0]); i++)
        if (strcmp(reason, returned[i]) == 0)
            return "returned";
    return "parked";
}

static int on_case(void *user, struct bytes line)
{
    struct listing *listing = user;
    const char *state = listing->cli->value[OPT_STATE];
    json_t *one;

    if (line.len == 0)
        return 0;
    one = json_loadb((const char *)line.data, line.len, 0, NULL);
    if (!one)
        return ERR_FORMAT;
    if (!state || strcmp(state, state_of(json_text(one, "reason"))) == 0) {
        listing->count++;
        listing->aside += strcmp(json_text(one, "reason"), "unreadable") == 0;
        if (listing->cli->json)
            printf("%.*s\n", (int)line.len, (const char *)line.data);
        else
            print_case(listing->cli, one);
    }
    json_decref(one);
    return 0;
}

static void print_foot(const struct cli *cli, const struct listing *listing)
{
    if (listing->count == 0) {
        printf(T(cli, "没有待办\n", "nothing waits for a person\n"));
        return;
    }
    if (!cli->config.hub) {
        printf(T(cli, "%llu 件。用哪边：yizhan cases take parked|in-force C，"
                      "或另填：yizhan cases set C F=V\n",
                  "%llu cases. Decide: yizhan cases take parked|in-force C, "
                  "or yizhan cases set C F=V\n"),
               listing->count);
        return;
    }
    printf(T(cli, "%llu 件，由县里的站（县里的电脑）或有关的站来定。\n",
              "%llu cases; the county's station decides, or the station "
              "concerned.\n"),
           listing->count);
    if (listing->aside > 0)
        printf(T(cli, "其中搁置的 %llu 件，程序或类别定义更新以后可以再处理：yizhan "
                      "release C\n",
                  "%llu of them are set aside; once the program or the kinds "
                  "are newer: yizhan release C\n"),
               listing->aside);
}

static int list_cases(struct cli *cli)
{
    struct listing listing = {.cli = cli};
    struct buf query;
    int rc;

    query_open(&query, "/api/cases");
    query_add(&query, "full", cli->value[OPT_FULL] ? "1" : NULL);
    rc = cli_lines(cli, query_text(&query), on_case, &listing);
    buf_done(&query);
    if (rc == 0 && !cli->json)
        print_foot(cli, &listing);
    return rc;
}

static int show_case(struct cli *cli, const char *name)
{
    struct buf query;
    json_t *one;
    int rc;

    query_open(&query, "/api/cases");
    query_add(&query, "case", name);
    rc = cli_get(cli, query_text(&query), &one);
    buf_done(&query);
    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(one));
    else
        print_case(cli, one);
    json_decref(one);
    return 0;
}

static int settle(struct cli *cli, json_t *request)
{
    json_t *receipt;
    int rc;

    if (cli->author[0])
        json_object_set_new(request, "author", json_string(cli->author));
    if (cli->value[OPT_WHY])
        json_object_set_new(request, "why", json_string(cli->value[OPT_WHY]));
    rc = cli_post(cli, "/api/cases", request, &receipt);
    if (rc != 0)
        return rc;
    if (cli->json)
        cli_print(json_incref(receipt));
    else
        printf(T(cli, "已定，等县里入册；没选的那个值留在修改记录里。\n",
                  "Decided; it goes to the county. The other value stays in "
                  "the history.\n"));
    json_decref(receipt);
    return 0;
}

static int take(struct cli *cli, const char *side, const char *name)
{
    bool parked = strcmp(side, "parked") == 0;

    if (!parked && strcmp(side, "in-force") != 0)
        return cli_usage(cli, side);
    return settle(cli,
                  json_pack("{s:s, s:s}", "case", name, "take",
                            parked ? "parked" : "in-force"));
}

static int set(struct cli *cli)
{
    bool input = cli->argc == 3 && strcmp(cli->argv[2], "-") == 0;
    json_t *fields = NULL;
    int rc = 0;

    if (input)
        rc = cli_input(cli, &fields);
    else
        fields = cli_fields(cli->argc - 2, cli->argv + 2);
    if (rc != 0)
        return rc;
    if (!fields)
        return cli_usage(cli, "F=V | -");
    return settle(cli,
                  json_pack("{s:s, s:o}", "case", cli->argv[1], "fields",
                            fields));
}

int cmd_cases(struct cli *cli)
{
    const char *verb = cli->argc > 0 ? cli->argv[0] : "list";

    if (strcmp(verb, "list") == 0 && cli->argc <= 1)
        return list_cases(cli);
    if (strcmp(verb, "show") == 0 && cli->argc == 2)
        return show_case(cli, cli->argv[1]);
    if (strcmp(verb, "take") == 0 && cli->argc == 3)
        return take(cli, cli->argv[1], cli->argv[2]);
    if (strcmp(verb, "set") == 0 && cli->argc >= 3)
        return set(cli);
    return cli_usage(cli, verb);
}
