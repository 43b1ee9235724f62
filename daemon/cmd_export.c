#include "daemon/command.h"

static int on_line(void *user, struct bytes line)
{
    FILE *out = user;

    if (line.len == 0)
        return 0;
    fwrite(line.data, 1, line.len, out);
    return fputc('\n', out) == EOF ? ERR_IO : 0;
}

/* The door gives the lines as they are to be printed, so that the same register
 * gives the same bytes whatever machine and version prints it. */
int cmd_export(struct cli *cli)
{
    struct buf query;
    int rc;

    query_open(&query, "/api/export");
    query_add(&query, "kind", cli->value[OPT_KIND]);
    query_add(&query, "scope", cli->value[OPT_SCOPE]);
    query_add(&query, "full", cli->value[OPT_FULL] ? "1" : NULL);
    query_add(&query, "bases", cli->value[OPT_BASES] ? "1" : NULL);
    rc = cli_lines(cli, query_text(&query), on_line, stdout);
    buf_done(&query);
    return rc;
}
