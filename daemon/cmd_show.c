#include "daemon/command.h"

#include <string.h>

/* ---- show ---- */

static void print_field(const char *name, const json_t *value)
{
    struct buf text;

    buf_init(&text, READABLE_MAX);
    json_readable(value, &text);
    buf_u8(&text, 0);
    printf("  ");
    words_column(stdout, name, 14);
    printf(" %s\n", text.full ? "…" : (const char *)text.data);
    buf_done(&text);
}

/* Cells whose newest value is not yet in the register. */
static void print_open_states(const struct cli *cli, json_t *record)
{
    json_t *states = json_object_get(record, "states"), *state;
    const char *cell;

    json_object_foreach(states, cell, state) {
        const char *name = json_string_value(state);

        if (name && strcmp(name, "taken") != 0 && strcmp(name, "same") != 0 &&
            strcmp(name, "settled") != 0)
            printf("  %s: %s\n", cell, words_state(name, cli->zh));
    }
}

static void print_record(const struct cli *cli, json_t *record)
{
    json_t *fields = json_object_get(record, "fields"), *value;
    const char *name;

    printf("%s %s   %s%s\n", json_text(record, "kind"),
           json_text(record, "id"), json_text(record, "org"),
           json_is_true(json_object_get(record, "ended"))
               ? T(cli, "   已结束", "   ended") : "");
    json_object_foreach(fields, name, value)
        print_field(name, value);
    if (json_text(record, "end_reason")[0])
        print_field(T(cli, "结束原因", "end reason"),
                    json_object_get(record, "end_reason"));
    print_open_states(cli, record);
}

static void print_past(const struct cli *cli, json_t *past)
{
    json_t *fields = json_object_get(past, "fields"), *value;
    char at[WORDS_TIME];
    const char *name, *reason = json_text(past, "reason");

    words_time(json_when(past, "time"), cli_now(), cli->zh, at);
    words_column(stdout, at, 18);
    putchar(' ');
    words_column(stdout, json_text(past, "cell"), 18);
    printf(" %s%s%s", words_state(json_text(past, "state"), cli->zh),
           reason[0] ? " · " : "",
           reason[0] ? words_reason(reason, cli->zh) : "");
    if (json_number(past, "number") > 0)
        printf(T(cli, "  入册号 %lld", "  number %lld"),
               (long long)json_number(past, "number"));
    printf("  %s%s\n", json_text(past, "author"),
           json_is_true(json_object_get(past, "removal"))
               ? T(cli, "  清空", "  emptied") : "");
    json_object_foreach(fields, name, value)
        print_field(name, value);
}

static void print_history(const struct cli *cli, const json_t *list)
{
    size_t i;
    json_t *past;

    json_array_foreach(list, i, past)
        print_past(cli, past);
}

int cmd_show(struct cli *cli)
{
    struct buf query;
    json_t *record;
    int rc;

    query_open(&query, "/api/show");
    query_add(&query, "id", cli->argv[0]);
    query_add(&query, "history", cli->value[OPT_HISTORY] ? "1" : NULL);
    query_add(&query, "full", cli->value[OPT_FULL] ? "1" : NULL);
    rc = cli_get(cli, query_text(&query), &record);
    buf_done(&query);
    if (rc != 0)
        return rc;
    if (cli->json) {
        cli_print(record);
        return 0;
    }
    print_record(cli, record);
    print_history(cli, json_object_get(record, "history"));
    json_decref(record);
    return 0;
}

/* ---- list ---- */

struct listing {
    struct cli *cli;
    uint64_t count;
};

static void print_row(struct listing *listing, const json_t *record)
{
    const json_t *fields = json_object_get(record, "fields");
    const char *name = json_text(fields, "name");
    const struct cli *cli = listing->cli;
    char at[WORDS_TIME];

    if (name[0] == '\0')
        name = json_text(fields, "full_name");
    words_time(json_when(record, "newest"), cli_now(), cli->zh, at);
    words_column(stdout, words_state(json_text(record, "state"), cli->zh),
                 cli->zh ? 9 : 16);
    printf(" %-36s ", json_text(record, "id"));
    words_column(stdout, json_text(record, "kind"), 12);
    putchar(' ');
    words_column(stdout, name, 16);
    printf(" %-12s %s%s\n", json_text(record, "org"), at,
           json_is_true(json_object_get(record, "ended"))
               ? T(cli, " 已结束", " ended") : "");
}

static int on_row(void *user, struct bytes line)
{
    struct listing *listing = user;
    json_t *record;

    if (line.len == 0)
        return 0;
    listing->count++;
    if (listing->cli->json) {
        fwrite(line.data, 1, line.len, stdout);
        putchar('\n');
        return 0;
    }
    record = json_loadb((const char *)line.data, line.len, 0, NULL);
    if (!record)
        return ERR_FORMAT;
    print_row(listing, record);
    json_decref(record);
    return 0;
}

bool cli_since_ms(const struct cli *cli, char out[SINCE_TEXT])
{
    int64_t ms;

    out[0] = '\0';
    if (!cli->value[OPT_SINCE])
        return true;
    if (!cli_since(cli->value[OPT_SINCE], &ms))
        return false;
    snprintf(out, SINCE_TEXT, "%lld", (long long)ms);
    return true;
}

int cmd_list(struct cli *cli)
{
    struct listing listing = {.cli = cli};
    char since[SINCE_TEXT];
    struct buf query;
    int rc;

    if (!cli_since_ms(cli, since))
        return cli_usage(cli, "--since");
    query_open(&query, "/api/list");
    query_add(&query, "kind", cli->value[OPT_KIND]);
    query_add(&query, "state", cli->value[OPT_STATE]);
    query_add(&query, "since", since[0] ? since : NULL);
    query_add(&query, "full", cli->value[OPT_FULL] ? "1" : NULL);
    rc = cli_lines(cli, query_text(&query), on_row, &listing);
    buf_done(&query);
    if (rc == 0 && !cli->json)
        printf(T(cli, "%llu 条\n", "%llu records\n"),
               (unsigned long long)listing.count);
    return rc;
}
