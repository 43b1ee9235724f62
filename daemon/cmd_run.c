#include "daemon/command.h"
#include "daemon/node.h"
#include "daemon/open.h"
#include "daemon/stations.h"

static void print_check(const struct config *config)
{
    json_t *out = json_object();
    struct config_value value;
    char name[64];

    for (int i = 0; config_value(config, i, &value); i++) {
        json_t *one;

        if (value.section[0] == '\0')
            continue;
        snprintf(name, sizeof(name), "%s.%s", value.section, value.name);
        one = json_pack("{s:s}", "value", value.text);
        if (value.line)
            json_object_set_new(one, "line", json_integer(value.line));
        json_object_set_new(out, name, one);
    }
    cli_print(out);
}

/* What the file names must be right too: the kinds, the hub's stations, the
 * secret. */
int check_named(const struct config *config, struct fault *fault)
{
    struct stations *stations = NULL;
    struct kinds *kinds = NULL;
    uint8_t key[32];
    int rc = kinds_load(config->kinds, &kinds, fault);

    kinds_free(kinds);
    if (rc < 0)
        return rc;
    if (config->hub ? !config->stations[0] : !config->secret[0])
        return 0;               /* what is enrolled is no matter of the file */
    if (!config->hub)
        return secret_read(config->secret, key, fault);
    rc = stations_read(config->stations, config->org, &stations, fault);
    stations_free(stations);
    return rc;
}

/* What no other try will mend needs a person, and the service manager is not to
 * try. All else may have gone by then: a full disk, another daemon. */
static int run_exit(int code, int err)
{
    return err == ERR_CORRUPT || err == ERR_SCHEMA || err == ERR_NUMBERS ||
                   err == ERR_MISSING || err == ERR_RESTORING
               ? EXIT_PERSON
               : code;
}

int cmd_run(struct cli *cli)
{
    struct fault fault = {0};

    cli->writing = true;        /* what is told of the disk is our own */
    if (!cli->value[OPT_CHECK])
        return node_run(&cli->config, &fault) == 0
                   ? 0
                   : run_exit(cli_fail(cli, NULL, &fault), fault.err);
    if (check_named(&cli->config, &fault) < 0) {
        cli_fail(cli, NULL, &fault);
        return EXIT_USAGE;
    }
    if (cli->json)
        print_check(&cli->config);
    else
        config_print(&cli->config);
    return 0;
}
