#include "daemon/bar.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SHOWN = 20,                 /* wrong lines told on the terminal */
    PRINTED = 100               /* in the JSON object; all are in --report */
};

static bool is_folder(FILE *file)
{
    struct stat info;

    return fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode);
}

static FILE *open_file(struct cli *cli, const char *name, uint64_t *size,
                       struct fault *fault)
{
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    long end = 0;

    *size = 0;
    if (!file || is_folder(file)) {
        fault_set(fault, ERR_USAGE, NULL, "%.120s: %s", name,
                  strerror(file ? EISDIR : errno));
        if (file && file != stdin)
            fclose(file);
        return NULL;
    }
    if (file != stdin && fseek(file, 0, SEEK_END) == 0 &&
        (end = ftell(file)) > 0)
        *size = (uint64_t)end;
    if (file == stdin)
        return file;
    rewind(file);
    if (end > 0)
        return file;
    fclose(file);
    fault_set(fault, ERR_USAGE, NULL, "%.120s: %s", name,
              T(cli, "是空的", "is empty"));
    return NULL;
}

static void print_wrong(const struct cli *cli, const json_t *line)
{
    int err = json_err(line, "code");

    printf(T(cli, "  第 %lld 行", "  line %lld"),
           (long long)json_number(line, "line"));
    if (json_text(line, "field")[0])
        printf(" %s", json_text(line, "field"));
    printf(": %s", err ? err_text(err, cli->zh) : "");
    if (json_text(line, "rule")[0])
        printf(" (%s)", json_text(line, "rule"));
    if (json_text(line, "why")[0])
        printf(": %s", json_text(line, "why"));
    printf(" [%s]\n", json_text(line, "code"));
}

static void print_result(const struct cli *cli, const json_t *result)
{
    const json_t *lines = json_object_get(result, "lines"), *line;
    long long wrong = (long long)json_number(result, "wrong");
    size_t i;

    printf(T(cli, "%s读了 %lld 行：新增 %lld · 更新 %lld · 不变 %lld · "
                  "有错 %lld · 以前导入过 %lld（%.1f 秒）\n",
              "%s%lld lines: new %lld · changed %lld · same %lld · wrong %lld "
              "· taken before %lld (%.1f s)\n"),
           cli->value[OPT_DRY_RUN] ? T(cli, "试算，没有改动。",
                                       "Dry run, nothing changed. ") : "",
           (long long)json_number(result, "read"),
           (long long)json_number(result, "new"),
           (long long)json_number(result, "changed"),
           (long long)json_number(result, "same"), wrong,
           (long long)json_number(result, "duplicate"),
           json_number_value(json_object_get(result, "seconds")));
    json_array_foreach(lines, i, line)
        if (i < SHOWN)
            print_wrong(cli, line);
    if (wrong > SHOWN)
        printf(T(cli, "  …… 其余见 --report\n", "  ... for the rest: "
                  "--report OUT\n"));
    if (wrong > 0 && !cli->value[OPT_DRY_RUN])
        printf(T(cli, "好的行已导入；有错的行改好后整个文件再导一次即可，"
                      "不会重复。\n",
                  "Good lines are in. Correct the others and import the whole "
                  "file again: nothing is taken twice.\n"));
}

static int write_report(struct cli *cli, const json_t *result)
{
    const char *name = cli->value[OPT_REPORT];
    FILE *file = fopen(name, "wb");
    struct fault fault;
    json_t *lines = json_object_get(result, "lines"), *line;
    size_t i;
    bool good;

    if (file) {
        json_array_foreach(lines, i, line) {
            json_dumpf(line, file, JSON_COMPACT | JSON_SORT_KEYS);
            fputc('\n', file);
        }
        good = !ferror(file);
        if (fclose(file) == 0 && good)
            return 0;
    }
    fault_set(&fault, ERR_IO, NULL, "%.120s: %s", name, strerror(errno));
    return cli_fail(cli, NULL, &fault);
}

static void print_json(json_t *result)
{
    json_t *lines = json_object_get(result, "lines");

    while (json_array_size(lines) > PRINTED)
        json_array_remove(lines, json_array_size(lines) - 1);
    cli_print(json_incref(result));
}

/* The folders are nobody's business. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int send_file(struct cli *cli, FILE *file, uint64_t size, json_t **out)
{
    struct bar bar = bar_new(cli, T(cli, "导入", "import"), size);
    struct fault fault = {0};
    struct client_reply reply;
    struct buf query;
    int rc;

    query_open(&query, "/api/import");
    query_add(&query, "mode", cli->value[OPT_MODE]);
    query_add(&query, "dry_run", cli->value[OPT_DRY_RUN] ? "1" : NULL);
    query_add(&query, "report", cli->value[OPT_REPORT] ? "1" : NULL);
    query_add(&query, "name", base_name(cli->argv[0]));
    cli->writing = true;
    rc = client_do(cli->client, &(struct client_call){
        .method = "POST",
        .path = query_text(&query),
        .type = "application/x-ndjson",
        .file = file,
        .size = size,
        .sent = bar_sent,
        .user = &bar,
    }, &reply, &fault);
    rc = cli_reply(cli, rc, &reply, &fault, out);
    cli->writing = false;
    client_reply_done(&reply);
    buf_done(&query);
    return rc;
}

int cmd_import(struct cli *cli)
{
    const char *mode = cli->value[OPT_MODE];
    struct fault fault = {0};
    json_t *result;
    uint64_t size;
    FILE *file;
    int rc;

    if (mode && strcmp(mode, "add") != 0 && strcmp(mode, "update") != 0 &&
        strcmp(mode, "both") != 0)
        return cli_usage(cli, "--mode");
    file = open_file(cli, cli->argv[0], &size, &fault);
    if (!file)
        return cli_fail(cli, NULL, &fault);
    rc = send_file(cli, file, size, &result);
    if (file != stdin)
        fclose(file);
    if (rc != 0)
        return rc;
    if (json_number(result, "wrong") > 0)
        rc = EXIT_PERSON;
    if (cli->value[OPT_REPORT] && write_report(cli, result) != 0)
        rc = EXIT_STORAGE;
    if (cli->json)
        print_json(result);
    else
        print_result(cli, result);
    json_decref(result);
    return rc;
}
