#include "daemon/command.h"

#include <stdlib.h>
#include <string.h>

static const char *const told[] = {"up", "down", "bytes_up", "bytes_down",
                                   "taken", "parked", "returned", "aside"};

enum { TOLD = sizeof(told) / sizeof(told[0]) };

/* How the talking went since the daemon started. */
struct talk {
    bool busy;
    int64_t ended, failed;
    int64_t told[TOLD];
    int64_t contact, complete, queued;
};

static void read_talk(const json_t *status, struct talk *out)
{
    const json_t *exchange = json_object_get(status, "exchange");

    out->busy = json_is_true(json_object_get(exchange, "busy"));
    out->failed = json_number(exchange, "failed");
    out->ended = json_number(exchange, "done") + out->failed;
    for (int i = 0; i < TOLD; i++)
        out->told[i] = json_number(exchange, told[i]);
    /* Not last_contact and last_complete: these have whole seconds only. */
    out->contact = json_number(exchange, "contact_ms");
    out->complete = json_number(exchange, "complete_ms");
    out->queued = json_number(status, "queued");
}

/* Nothing left to send or to take in, as far as the last answer told. */
static bool all_over(const struct talk *talk)
{
    return !talk->busy && talk->queued == 0 && talk->contact > 0 &&
           talk->complete >= talk->contact;
}

static json_t *difference(const struct talk *before, const struct talk *after)
{
    json_t *out = json_object();

    json_object_set_new(out, "exchanges",
                        json_integer(after->ended - before->ended));
    for (int i = 0; i < TOLD; i++)
        json_object_set_new(out, told[i], json_integer(after->told[i] -
                                                       before->told[i]));
    return out;
}

/* Poll until the exchange that was asked for ended and, when waiting, until
 * nothing is left. One that ran already when we asked does not count: it may
 * have begun before the last save. */
static int follow(struct cli *cli, const struct talk *before, int64_t wait_ms,
                  struct talk *talk, json_t **status)
{
    int64_t until = cli_now() + wait_ms, asked = cli_now();
    int64_t want = before->ended + (before->busy ? 2 : 1);
    int pause = 10;

    for (;;) {
        int rc = cli_get(cli, "/api/status", status);

        if (rc != 0)
            return rc;
        read_talk(*status, talk);
        if (talk->ended >= want && (wait_ms == 0 || all_over(talk)))
            return 0;
        if (wait_ms > 0 && cli_now() >= until)
            return 0;
        /* The line may be back before the daemon's next own try; and what
         * we asked for may have been taken for the one that ran already. */
        if (!talk->busy && cli_now() - asked >= 1000) {
            asked = cli_now();
            rc = cli_post(cli, "/api/sync", NULL, NULL);
            if (rc != 0)
                return rc;
        }
        json_decref(*status);
        *status = NULL;
        cli_pause(pause);
        pause = pause < 200 ? pause * 3 / 2 : 200;
    }
}

int cli_sync(struct cli *cli, int64_t wait_ms, json_t **result,
             json_t **status)
{
    struct talk before, after;
    int rc = cli_get(cli, "/api/status", status);

    *result = NULL;
    if (rc != 0)
        return rc;
    read_talk(*status, &before);
    json_decref(*status);
    *status = NULL;
    rc = cli_post(cli, "/api/sync", NULL, NULL);
    if (rc == 0)
        rc = follow(cli, &before, wait_ms, &after, status);
    if (rc == 0)
        *result = difference(&before, &after);
    return rc;
}

static void print_sync(const struct cli *cli, const json_t *result)
{
    char up[WORDS_TIME], down[WORDS_TIME];

    words_bytes((uint64_t)json_number(result, "bytes_up"), up);
    words_bytes((uint64_t)json_number(result, "bytes_down"), down);
    printf(T(cli, "上报 %lld 条（%s），接收 %lld 条（%s）",
              "sent %lld (%s), took in %lld (%s)"),
           (long long)json_number(result, "up"), up,
           (long long)json_number(result, "down"), down);
    for (int i = 4; i < TOLD; i++)
        if (json_number(result, told[i]) > 0)
            printf(" · %s %lld", words_state(told[i], cli->zh),
                   (long long)json_number(result, told[i]));
    printf("\n");
}

/* The line's own trouble is not an error of the verb: it is told in words, and
 * by the exit code. */
static void print_trouble(const struct cli *cli, const json_t *status)
{
    const char *cause = json_text(status, "cause");
    int err = json_err(status, "cause");
    long long queued = (long long)json_number(status, "queued");

    if (err)
        fprintf(stderr, T(cli, "没能上报 %lld 条：%s。%s [%s]\n",
                          "%lld changes not sent: %s. %s [%s]\n"),
                queued, err_text(err, cli->zh),
                status_advice(cli, status, err), cause);
    else if (queued > 0)
        fprintf(stderr, T(cli, "还有 %lld 条待上报。数据都在本机，不会丢。\n",
                          "%lld changes still wait to be sent. Nothing is "
                          "lost.\n"),
                queued);
}

static bool parse_wait(const char *text, int64_t *ms)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds >= 0) || seconds > 1e6)
        return false;
    *ms = (int64_t)(seconds * 1000) + 1;
    return true;
}

int cmd_sync(struct cli *cli)
{
    json_t *result, *status = NULL;
    int64_t wait_ms = 0;
    int rc;

    if (cli->value[OPT_WAIT] && !parse_wait(cli->value[OPT_WAIT], &wait_ms))
        return cli_usage(cli, "--wait");
    rc = cli_sync(cli, wait_ms, &result, &status);
    if (rc == 0) {
        if (cli->json)
            cli_print(json_incref(result));
        else
            print_sync(cli, result);
        print_trouble(cli, status);
        rc = status_exit(status);
        /* What was asked for goes on: nothing is wrong, but it is not done. */
        if (rc == EXIT_DONE && json_number(result, "exchanges") == 0)
            rc = EXIT_PENDING;
    }
    json_decref(result);
    json_decref(status);
    return rc;
}
