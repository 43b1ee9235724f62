#include "daemon/command.h"

#include <string.h>

enum { INPUT_MAX = 1024 * 1024 };

/* What every save says: who, on what base, under what token. */
static json_t *new_request(const struct cli *cli)
{
    json_t *request = json_object();
    const char *base = cli->value[OPT_BASE];

    if (cli->author[0])
        json_object_set_new(request, "author", json_string(cli->author));
    if (cli->value[OPT_TOKEN])
        json_object_set_new(request, "token",
                            json_string(cli->value[OPT_TOKEN]));
    if (base && strspn(base, "0123456789") == strlen(base) &&
        strlen(base) < 19) {
        json_t *number = json_loads(base, JSON_DECODE_ANY, NULL);

        if (number)
            json_object_set_new(request, "base", number);
    }
    return request;
}

static bool base_wrong(const struct cli *cli)
{
    const char *base = cli->value[OPT_BASE];

    return base && (base[0] == '\0' || strlen(base) > 18 ||
                    strspn(base, "0123456789") != strlen(base));
}

static void print_change(const struct cli *cli, const json_t *change)
{
    printf("  ");
    words_column(stdout, json_text(change, "cell"), 18);
    printf(" %s   %.8s-%lld\n",
           words_state(json_text(change, "state"), cli->zh),
           json_text(change, "origin"), (long long)json_number(change, "n"));
}

static void print_receipt(const struct cli *cli, json_t *receipt)
{
    const json_t *changes = json_object_get(receipt, "changes");
    const json_t *warnings = json_object_get(receipt, "warnings");
    size_t i;
    json_t *one;

    if (cli->json) {
        cli_print(receipt);
        return;
    }
    printf("%s\n", json_text(receipt, "id"));
    if (json_is_true(json_object_get(receipt, "repeated")))
        printf(T(cli, "  这个请求以前存过，没有重复存\n",
                  "  saved before under this token; nothing was added\n"));
    else if (json_array_size(changes) == 0)
        printf(T(cli, "  没有不同，什么都没存\n",
                 "  nothing differs, nothing was saved\n"));
    json_array_foreach(changes, i, one)
        print_change(cli, one);
    json_array_foreach(warnings, i, one)
        printf(T(cli, "  注意：%s（规则 %s）\n", "  mind: %s (rule %s)\n"),
               json_text(one, "field"), json_text(one, "rule"));
    json_decref(receipt);
}

static int save(struct cli *cli, const char *path, json_t *request)
{
    json_t *receipt;
    int rc = cli_post(cli, path, request, &receipt);

    if (rc == 0)
        print_receipt(cli, receipt);
    return rc;
}

int cli_input(struct cli *cli, json_t **out)
{
    struct fault fault = {0};
    json_error_t error;
    struct buf text;
    uint8_t piece[4096];
    size_t len;

    buf_init(&text, INPUT_MAX);
    while ((len = fread(piece, 1, sizeof(piece), stdin)) > 0)
        buf_put(&text, piece, len);
    *out = NULL;
    if (text.full)
        fault_set(&fault, ERR_SIZE, NULL, "%d", INPUT_MAX);
    else
        *out = json_loadb(text.data ? (char *)text.data : "", text.len,
                          JSON_REJECT_DUPLICATES, &error);
    if (!*out && !text.full)
        fault_set(&fault, ERR_JSON, NULL,
                  T(cli, "标准输入第 %d 行第 %d 列",
                    "standard input, line %d, column %d"),
                  error.line, error.column);
    buf_done(&text);
    if (json_is_object(*out))
        return 0;
    if (*out)
        fault_set(&fault, ERR_JSON, NULL,
                  T(cli, "应当是一个对象 {…}", "one object {...} is expected"));
    json_decref(*out);
    return cli_fail(cli, NULL, &fault);
}

/* What `show` prints is good input: then its "fields" are the fields, and its
 * "bases" say what the author looked at. */
static void take_fields(json_t *request, json_t *input)
{
    json_t *fields = json_object_get(input, "fields");
    json_t *bases = json_object_get(input, "bases");

    if (json_is_object(fields)) {
        json_object_set(request, "fields", fields);
        if (json_is_object(bases) && !json_object_get(request, "base"))
            json_object_set(request, "bases", bases);
        json_decref(input);
    } else {
        json_object_set_new(request, "fields", input);
    }
}

int cmd_put(struct cli *cli)
{
    bool has_id = cli->argc == 3;
    json_t *request, *input;
    int rc;

    if (strcmp(cli->argv[cli->argc - 1], "-") != 0)
        return cli_usage(cli, cli->argv[cli->argc - 1]);
    if (base_wrong(cli))
        return cli_usage(cli, "--base");
    rc = cli_input(cli, &input);
    if (rc != 0)
        return rc;
    request = new_request(cli);
    json_object_set_new(request, "kind", json_string(cli->argv[0]));
    if (has_id)
        json_object_set_new(request, "id", json_string(cli->argv[1]));
    take_fields(request, input);
    return save(cli, "/api/put", request);
}

json_t *cli_fields(int argc, char **argv)
{
    json_t *fields = json_object();

    for (int i = 0; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        json_t *list = NULL;

        if (!equals || equals == argv[i]) {
            json_decref(fields);
            return NULL;
        }
        if (equals[1] == '[')
            list = json_loads(equals + 1, JSON_REJECT_DUPLICATES, NULL);
        *equals = '\0';
        json_object_set_new(fields, argv[i],
                            list ? list : json_string(equals + 1));
    }
    return fields;
}

/* Fields on the command line can be read by everybody on the machine (ps), those
 * on standard input by nobody. Without --base, or the bases of what `show` has
 * printed, the base is what is here now. */
int cmd_edit(struct cli *cli)
{
    bool input = cli->argc == 2 && strcmp(cli->argv[1], "-") == 0;
    json_t *fields = NULL, *request;
    int rc = 0;

    if (!input)
        fields = cli_fields(cli->argc - 1, cli->argv + 1);
    if ((!input && !fields) || base_wrong(cli)) {
        json_decref(fields);
        return cli_usage(cli, base_wrong(cli) ? "--base" : "FIELD=VALUE | -");
    }
    if (input)
        rc = cli_input(cli, &fields);
    if (rc != 0)
        return rc;
    request = new_request(cli);
    json_object_set_new(request, "id", json_string(cli->argv[0]));
    if (input)
        take_fields(request, fields);
    else
        json_object_set_new(request, "fields", fields);
    return save(cli, "/api/edit", request);
}

int cmd_end(struct cli *cli)
{
    const char *reason = cli->value[OPT_REASON];
    bool undo = cli->value[OPT_UNDO] != NULL;
    json_t *request;

    if (undo == (reason != NULL) || base_wrong(cli))
        return cli_usage(cli, "--reason | --undo");
    request = new_request(cli);
    json_object_set_new(request, "id", json_string(cli->argv[0]));
    if (undo)
        json_object_set_new(request, "undo", json_true());
    else
        json_object_set_new(request, "reason", json_string(reason));
    return save(cli, "/api/end", request);
}

int cmd_retry(struct cli *cli)
{
    json_t *request = new_request(cli);

    json_object_set_new(request, "id", json_string(cli->argv[0]));
    if (cli->value[OPT_WHY])
        json_object_set_new(request, "why", json_string(cli->value[OPT_WHY]));
    return save(cli, "/api/retry", request);
}
