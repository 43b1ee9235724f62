/* doctor: what can be seen from outside, then what the daemon finds. */
#include "daemon/command.h"
#include "daemon/findings.h"
#include "daemon/json.h"
#include "daemon/marker.h"
#include "daemon/numbers.h"
#include "daemon/os.h"

#include <string.h>

#ifndef YIZHAN_VERSION
#define YIZHAN_VERSION "0.1.0"
#endif

/* What a script gets to know by the exit code alone: the first thing that is
 * bad, else the first that is not as it should be. */
struct outcome {
    enum finding_level level;
    int code;
};

static int exit_of(enum finding_name name)
{
    switch (name) {
    case FIND_CONFIG:
        return EXIT_USAGE;
    case FIND_SECRET:
        return EXIT_STRANGER;
    case FIND_DAEMON:
        return EXIT_FAULT;
    case FIND_CLOCK:
        return EXIT_CLOCK;
    case FIND_CONTACT:
        return EXIT_NO_HUB;
    case FIND_QUEUE:
        return EXIT_PENDING;
    case FIND_KINDS:
    case FIND_SERVICE:
    case FIND_VERSION:
    case FINDINGS_NAMES: /* of a newer daemon */
        return EXIT_PERSON;
    case FIND_DIRECTORY:
    case FIND_STORE:
    case FIND_DATABASE:
    case FIND_LOG:
    case FIND_DISK:
    case FIND_BACKUP:
        break;
    }
    return EXIT_STORAGE;
}

static enum finding_level level_of(const char *text)
{
    return strcmp(text, level_text(LEVEL_OK)) == 0     ? LEVEL_OK
           : strcmp(text, level_text(LEVEL_WARN)) == 0 ? LEVEL_WARN
                                                       : LEVEL_BAD;
}

struct examined {
    struct cli *cli;
    struct outcome outcome;
};

static void tell(struct examined *on, const json_t *finding)
{
    static const char *const sign[] = {"✓", "!", "✗"};
    struct cli *cli = on->cli;
    enum finding_level level = level_of(json_text(finding, "level"));

    if (level > on->outcome.level) {
        on->outcome.level = level;
        on->outcome.code = exit_of(finding_of(json_text(finding, "name")));
    }
    if (cli->json) {
        cli_print(json_incref((json_t *)finding));
        return;
    }
    printf("%s ", sign[level]);
    words_column(stdout, json_text(finding, "name"), 10);
    printf("%s", json_text(finding, cli->zh ? "text_zh" : "text"));
    if (level != LEVEL_OK)
        printf(" [%s]", json_text(finding, "code"));
    putchar('\n');
}

static void tell_all(struct examined *on, const struct findings *found)
{
    for (int i = 0; i < found->count; i++) {
        json_t *one = json_from_finding(&found->list[i]);

        tell(on, one);
        json_decref(one);
    }
}

static int on_finding(void *user, struct bytes line)
{
    json_t *one = json_loadb((const char *)line.data, line.len, 0, NULL);

    if (line.len > 0 && !one)
        return ERR_FORMAT;
    if (one)
        tell(user, one);
    json_decref(one);
    return 0;
}

/* ---- from outside ---- */

static bool find_config(struct cli *cli, struct findings *out)
{
    struct fault fault = {0};
    int rc = config_read(cli->conf, &cli->config, &fault);

    if (rc == 0)
        rc = check_named(&cli->config, &fault);
    if (rc < 0 && strcmp(fault.field, "secret") != 0) {
        find_fault(out, FIND_CONFIG, &fault);
        return false;
    }
    find_fault(out, FIND_CONFIG, NULL);
    if (cli->config.secret[0] || cli->config.stations[0])
        find_fault(out, FIND_SECRET, rc < 0 ? &fault : NULL);
    return true;
}

static void find_outside(const struct config *config, struct findings *out)
{
    struct fault fault = {0};
    int rc = os_own_directory(config->data, &fault);

    find_fault(out, FIND_DIRECTORY, rc < 0 ? &fault : NULL);
}

/* Nobody has the store, so what a start would say can be said now. */
static void find_at_rest(const struct config *config, struct findings *out)
{
    struct fault fault = {0};
    char path[CONFIG_PATH + 64];
    struct numbers numbers;
    bool there = false;
    int rc = marker_check(config, &there, &fault);

    if (rc == 0 && config->hub && there &&
        numbers_read(config, &numbers, &fault) == 0)
        rc = fault_set(&fault, ERR_NUMBERS, "data", "%s", numbers.path);
    if (rc == 0 && !there)
        find_add(out, FIND_STORE, LEVEL_OK,
                 "There is no store yet; the first start makes it.",
                 "还没有数据，第一次启动时会建立。");
    else
        find_fault(out, FIND_STORE, rc < 0 ? &fault : NULL);
    config_path(config, "yizhan.db-wal", path);
    find_log(out, os_size(path));
    config_path(config, "yizhan.db", path);
    find_disk(out, os_room(config->data), os_size(path));
}

static int examine_daemon(struct examined *on)
{
    static const char body[] = "{\"version\":\"" YIZHAN_VERSION "\"}";
    struct cli *cli = on->cli;
    struct client_call call = {.method = "POST",
                               .path = "/api/doctor",
                               .body = bytes_text(body),
                               .line = on_finding,
                               .user = on};
    struct client_reply reply;
    struct findings found = {.count = 0};
    struct fault fault = {0};
    int rc = client_do(cli->client, &call, &reply, &fault);

    client_reply_done(&reply);
    if (rc == 0 && reply.status == 200)
        return 0;
    if (rc == 0)
        fault_set(&fault, ERR_DENIED, NULL, "HTTP %ld", reply.status);
    find_fault(&found, FIND_DAEMON, &fault);
    if (rc == ERR_DOOR)
        find_at_rest(&cli->config, &found);
    tell_all(on, &found);
    return rc;
}

int cmd_doctor(struct cli *cli)
{
    struct examined on = {.cli = cli};
    struct findings found = {.count = 0};

    if (find_config(cli, &found)) {
        find_outside(&cli->config, &found);
        tell_all(&on, &found);
        cli->client = client_new(&cli->config);
        examine_daemon(&on);
    } else {
        tell_all(&on, &found);
    }
    return on.outcome.code;
}
