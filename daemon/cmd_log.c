/* log reads the file itself, so it works without a daemon. */
#include "daemon/command.h"
#include "daemon/log.h"

#include <errno.h>
#include <string.h>

static int on_line(void *user, const struct log_line *line)
{
    const struct cli *cli = user;
    const char *text;
    char level[2] = "", code[16];

    if (!line)                  /* nothing new; is anybody still reading? */
        return fflush(stdout) != 0;
    text = log_text(line->code, cli->zh);
    level[0] = line->level;
    snprintf(code, sizeof(code), "YZ%04d", line->code);
    if (cli->json)
        cli_print(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "time",
                            line->time, "level", level, "code", code, "event",
                            line->event, "pairs", line->rest, "text", text));
    else
        printf("%s %s %s %s%s%s%s%s\n", line->time, level, code, line->event,
               line->rest[0] ? " " : "", line->rest, text[0] ? "  " : "",
               text);
    return ferror(stdout);
}

int cmd_log(struct cli *cli)
{
    const char *code = cli->value[OPT_CODE];
    char path[CONFIG_PATH + 64];
    int64_t since = 0;
    int rc;

    if (cli->value[OPT_SINCE] && !cli_since(cli->value[OPT_SINCE], &since))
        return cli_usage(cli, "--since");
    config_path(&cli->config, LOG_FILE, path);
    rc = log_read(path, since, code, on_line, cli);
    if (rc == 0 && cli->value[OPT_FOLLOW] && !ferror(stdout))
        rc = log_follow(path, code, on_line, cli);
    if (rc == 0)
        return 0;
    fprintf(stderr, T(cli, "读不了日志 %s：%s [YZ%04d]\n",
                      "the log cannot be read, %s: %s [YZ%04d]\n"),
            path, strerror(errno), err_code(rc));
    return EXIT_STORAGE;
}
