/*
 * The command line: one table of verbs, one of options, and what all verbs
 * share. A verb gets its arguments ready parsed, talks to the daemon's door,
 * prints, and returns the exit code.
 */
#ifndef YZ_COMMAND_H
#define YZ_COMMAND_H

#include "daemon/client.h"
#include "daemon/config.h"
#include "daemon/words.h"

#include <jansson.h>

/* Exit codes; scripts and systemd act on them (yizhan(1)). */
enum {
    EXIT_DONE = 0,              /* all is in the register */
    EXIT_PENDING = 1,
    EXIT_PERSON = 2,            /* needs a person */
    EXIT_NO_HUB = 3,
    EXIT_STRANGER = 4,          /* not enrolled or revoked */
    EXIT_STORAGE = 5,
    EXIT_CLOCK = 6,
    EXIT_USAGE = 64,
    EXIT_FAULT = 70
};

/* Options, in the order of the table in main.c. */
enum option_name {
    OPT_CONF, OPT_JSON, OPT_LANG, OPT_AS, OPT_HELP,     /* of every verb */
    OPT_ANSWER, OPT_BASE, OPT_BASES, OPT_CHECK, OPT_CODE, OPT_DRY_RUN,
    OPT_FOLLOW, OPT_FOR, OPT_FORCE, OPT_FULL, OPT_HISTORY, OPT_HUB, OPT_KIND, OPT_KINDS,
    OPT_LIST, OPT_MODE, OPT_NDJSON, OPT_REASON, OPT_REPAIR, OPT_REPORT,
    OPT_REQUEST, OPT_SCOPE, OPT_SINCE, OPT_SIZE, OPT_STATE, OPT_TOKEN, OPT_UNDO,
    OPT_WAIT, OPT_WHY,
    OPTIONS
};
#define OPT(name) (UINT64_C(1) << OPT_##name)

struct cli {
    bool json;
    bool zh;                    /* the language of the messages */
    const char *conf;
    const char *program;        /* argv[0] */
    char author[124];
    const char *verb;
    const char *value[OPTIONS]; /* "" for a flag that is given, else NULL */
    int argc;                   /* arguments after the verb */
    char **argv;
    struct config config;       /* read, unless the verb wants none */
    struct client *client;
    bool writing;               /* the call under way is to change something */
};

/* The text in the language of this run. */
#define T(cli, chinese, english) ((cli)->zh ? (chinese) : (english))

struct command {
    const char *name, *usage;   /* usage without the name */
    const char *zh, *en;        /* one line each */
    int (*run)(struct cli *cli);
    uint64_t options;           /* OPT(...) | ... */
    int min, max;               /* arguments; max -1: any number */
    bool no_config;
};

int cmd_run(struct cli *cli);
int cmd_demo(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_sync(struct cli *cli);
int cmd_put(struct cli *cli);
int cmd_edit(struct cli *cli);
int cmd_end(struct cli *cli);
int cmd_retry(struct cli *cli);
int cmd_show(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_import(struct cli *cli);
int cmd_export(struct cli *cli);
int cmd_pack(struct cli *cli);
int cmd_unpack(struct cli *cli);
int cmd_cases(struct cli *cli);
int cmd_log(struct cli *cli);
int cmd_audit(struct cli *cli);
int cmd_reconcile(struct cli *cli);
int cmd_rebuild(struct cli *cli);
int cmd_verify(struct cli *cli);
int cmd_backup(struct cli *cli);
int cmd_restore(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_release(struct cli *cli);
int cmd_enroll(struct cli *cli);
int cmd_invite(struct cli *cli);
int cmd_admit(struct cli *cli);
int cmd_devices(struct cli *cli);
int cmd_revoke(struct cli *cli);
int cmd_keys(struct cli *cli);

/* What the configuration names: the kinds, the hub's stations, the secret. (In
 * cmd_run.c.) */
int check_named(const struct config *config, struct fault *fault);

/* ---- command.c: what verbs share ---- */

/* Tell what went wrong on standard error: `what` (a clause, in the language of
 * this run), which, why, what to do, code. With --json also the error object
 * on standard output. Returns the exit code. */
int cli_fail(struct cli *cli, const char *what, const struct fault *fault);
/* Wrong usage: `why` and how it is done. Returns EXIT_USAGE. */
int cli_usage(struct cli *cli, const char *why);

/* One call. 0, or an exit code after telling what went wrong. *out is the
 * caller's; `body` is let go of and may be NULL. */
int cli_get(struct cli *cli, const char *path, json_t **out);
int cli_post(struct cli *cli, const char *path, json_t *body, json_t **out);
/* The same, with the reply passed on line by line. */
typedef int (*cli_line_fn)(void *user, struct bytes line);
int cli_lines(struct cli *cli, const char *path, cli_line_fn line, void *user);
/* FIELD=VALUE ... into an object; NULL when one has no =. A value that begins
 * with [ is a list, for fields that are sets. */
json_t *cli_fields(int argc, char **argv);
/* The object on standard input: 0, or an exit code after telling what is wrong.
 * (This and the last in cmd_edit.c.) */
int cli_input(struct cli *cli, json_t **out);
/* Judge a reply: parse it into *out, or tell. */
int cli_reply(struct cli *cli, int rc, const struct client_reply *reply,
              struct fault *fault, json_t **out);

/* A path with a query: query_open, query_add (nothing for NULL), query_text. */
void query_open(struct buf *query, const char *path);
void query_add(struct buf *query, const char *name, const char *value);
const char *query_text(struct buf *query);      /* until buf_done */

/* Print compact, sorted, with a line feed, and let go of `value`. */
void cli_print(json_t *value);
/* The text or number of a member; "" and 0 when it is absent. */
const char *json_text(const json_t *object, const char *name);
int64_t json_number(const json_t *object, const char *name);
/* The error a member like "YZ7101" speaks of; 0 when it is absent. */
int json_err(const json_t *object, const char *name);
/* A value as a person reads it: lists joined, null as nothing. Appended. */
enum { READABLE_MAX = 64 * 1024 };
void json_readable(const json_t *value, struct buf *out);
/* Wall time in ms of an ISO text or number; 0 for null. */
int64_t json_when(const json_t *object, const char *name);

/* The exit code that tells the state of things: for `status` and `sync`. */
int status_exit(const json_t *status);
/* Exchange and follow it to its end, and up to `wait_ms` until nothing waits
 * (0: just that exchange). 0 or an exit code; *result is what `sync --json`
 * prints, *status the last status. Both are the caller's, also on error. */
int cli_sync(struct cli *cli, int64_t wait_ms, json_t **result,
             json_t **status);
/* Let the PC of this door in at the hub. 0 or an exit code; *done is what
 * `enroll --json` prints, the caller's. (In cmd_enroll.c.) */
int cli_enroll(struct cli *cli, const char *code, const char *url,
               json_t **done);
/* What to do about the line's trouble `err`, as this status tells it. */
const char *status_advice(const struct cli *cli, const json_t *status, int err);
/* Since when: a span back from now ("1h") or a time. False if neither. */
bool cli_since(const char *text, int64_t *ms);
/* --since as the API takes it, "" without. False when it is no time. (In
 * cmd_show.c.) */
enum { SINCE_TEXT = 24 };
bool cli_since_ms(const struct cli *cli, char out[SINCE_TEXT]);
int64_t cli_now(void);
void cli_pause(int ms);
bool cli_terminal(FILE *file);

#endif
