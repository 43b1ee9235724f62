/*
 * Folder, configurations and processes of the demo. A child is ended by its
 * pid and waited for, whatever happened before; none outlives the demo.
 */
#include "daemon/demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 30000, STOP_MS = 15000, PORTS = DEMO_NODES + 1 };

static int fail(struct demo *demo, int err, const char *what, const char *why)
{
    struct fault fault = {0};

    fault_set(&fault, err, NULL, "%.60s: %.170s", what, why);
    return cli_fail(demo->cli, T(demo->cli, "演示做不成", "no demo"), &fault);
}

/* ---- where things are ---- */

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int find_program(struct demo *demo)
{
    ssize_t len = readlink("/proc/self/exe", demo->program,
                           sizeof(demo->program) - 1);

    if (len <= 0 || len >= (ssize_t)sizeof(demo->program) - 1)
        return fail(demo, ERR_FAULT, "/proc/self/exe", strerror(errno));
    demo->program[len] = '\0';
    return 0;
}

/* As given; beside the program's own source tree; or installed. */
static int find_kinds(struct demo *demo)
{
    const char *given = demo->cli->value[OPT_KINDS];
    char path[CONFIG_PATH * 2], whole[PATH_MAX];

    snprintf(path, sizeof(path), "%s", given ? given : demo->program);
    for (int up = 0; !given && up < 3; up++) {
        char *slash = strrchr(path, '/');

        if (!slash)
            break;
        snprintf(slash, sizeof(path) - (size_t)(slash - path), "%s",
                 "/conf/kinds");
        if (is_folder(path))
            break;
        *slash = '\0';
    }
    if (!given && !is_folder(path))
        snprintf(path, sizeof(path), "%s", "/etc/yizhan/kinds");
    if (!realpath(path, whole) || !is_folder(whole) ||
        strlen(whole) >= sizeof(demo->kinds))
        return fail(demo, ERR_CONFIG, path,
                    T(demo->cli, "没有类别定义，请用 --kinds 指明",
                      "no kind files there; name their folder with --kinds"));
    snprintf(demo->kinds, sizeof(demo->kinds), "%s", whole);
    return 0;
}

static int make_folder(struct demo *demo)
{
    const char *base = getenv("TMPDIR");
    char whole[PATH_MAX];

    if (demo->cli->argc == 0) {
        snprintf(demo->dir, sizeof(demo->dir) - 40, "%s/yizhan-demo-XXXXXX",
                 base && base[0] == '/' ? base : "/tmp");
        if (!mkdtemp(demo->dir))
            return fail(demo, ERR_IO, demo->dir, strerror(errno));
        demo->own_dir = true;
        return 0;
    }
    if ((mkdir(demo->cli->argv[0], 0700) != 0 && errno != EEXIST) ||
        !realpath(demo->cli->argv[0], whole))
        return fail(demo, ERR_IO, demo->cli->argv[0], strerror(errno));
    if (strlen(whole) > sizeof(demo->dir) - 40)
        return fail(demo, ERR_USAGE, whole, "too long");
    snprintf(demo->dir, sizeof(demo->dir), "%s", whole);
    if (rmdir(whole) != 0 || mkdir(whole, 0700) != 0)
        return fail(demo, ERR_USAGE, whole,
                    T(demo->cli, "文件夹须是空的", "the folder must be empty"));
    return 0;
}

/* ---- what they need ---- */

/* Ports nobody listens on, all held at once so that they differ. */
static int draw_ports(uint16_t *out)
{
    int socket_of[PORTS], good = 0;

    for (int i = 0; i < PORTS; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET};
        socklen_t len = sizeof(at);

        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socket_of[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (socket_of[i] >= 0 &&
            bind(socket_of[i], (struct sockaddr *)&at, len) == 0 &&
            getsockname(socket_of[i], (struct sockaddr *)&at, &len) == 0)
            good++;
        out[i] = ntohs(at.sin_port);
    }
    for (int i = 0; i < PORTS; i++)
        if (socket_of[i] >= 0)
            close(socket_of[i]);
    return good == PORTS ? 0 : -1;
}

static int write_file(struct demo *demo, const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    bool good;

    if (file < 0)
        return fail(demo, ERR_IO, path, strerror(errno));
    good = write(file, text, len) == (ssize_t)len;
    if (close(file) != 0 || !good)
        return fail(demo, ERR_IO, path, strerror(errno));
    return 0;
}

static int write_hub(struct demo *demo, const uint16_t *ports)
{
    struct demo_node *hub = &demo->node[DEMO_HUB];
    char text[2048];

    snprintf(text, sizeof(text),
             "[hub]\norg = %s\ndata = %s/hub\nlisten = 127.0.0.1:%u\n"
             "admin = 127.0.0.1:%u\nkinds = %s\n",
             hub->org, demo->dir, ports[DEMO_NODES], ports[DEMO_HUB],
             demo->kinds);
    snprintf(demo->hub_url, sizeof(demo->hub_url), "https://127.0.0.1:%u",
             ports[DEMO_NODES]);
    return write_file(demo, hub->conf, text);
}

static int write_station(struct demo *demo, const struct demo_node *node,
                         const uint16_t *ports)
{
    char text[2048];

    /* manual: the story decides when each of them talks. */
    snprintf(text, sizeof(text),
             "[station]\norg = %s\nname = %s\ndata = %s/%s\n"
             "listen = 127.0.0.1:%u\nkinds = %s\n[uplink]\nevery = manual\n",
             node->org, node->name, demo->dir, node->name,
             ports[node - demo->node], demo->kinds);
    return write_file(demo, node->conf, text);
}

/* A command line of its own for each node, as if called with its --conf. */
static int open_client(struct demo *demo, struct demo_node *node)
{
    struct fault fault = {0};

    node->cli = *demo->cli;
    node->cli.conf = node->conf;
    node->cli.client = NULL;
    if (config_read(node->conf, &node->cli.config, &fault) < 0)
        return cli_fail(demo->cli, NULL, &fault);
    node->cli.client = client_new(&node->cli.config);
    return 0;
}

int demo_prepare(struct demo *demo)
{
    uint16_t ports[PORTS];
    int rc = find_program(demo);

    if (rc == 0)
        rc = find_kinds(demo);
    if (rc == 0)
        rc = make_folder(demo);
    if (rc == 0 && draw_ports(ports) < 0)
        rc = fail(demo, ERR_FAULT, "127.0.0.1", strerror(errno));
    for (int i = 0; rc == 0 && i < DEMO_NODES; i++)
        snprintf(demo->node[i].conf, sizeof(demo->node[i].conf),
                 "%.*s/%s.conf", CONFIG_PATH - 40, demo->dir,
                 demo->node[i].name);
    for (int i = 1; rc == 0 && i < DEMO_NODES; i++)
        rc = write_station(demo, &demo->node[i], ports);
    if (rc == 0)
        rc = write_hub(demo, ports);
    for (int i = 0; rc == 0 && i < DEMO_NODES; i++)
        rc = open_client(demo, &demo->node[i]);
    return rc;
}

/* ---- processes ---- */

/* In a process group of its own, so that Ctrl-C reaches the demo, which then
 * ends its children in order. Their output goes to NAME.out. */
static int spawn(struct demo *demo, struct demo_node *node)
{
    char *argv[] = {demo->program, "--conf", node->conf, "run", NULL};
    char out[CONFIG_PATH + 64];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc;

    snprintf(out, sizeof(out), "%s/%s.out", demo->dir, node->name);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out,
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    rc = posix_spawn(&node->pid, demo->program, &files, &attributes, argv,
                     environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (rc == 0)
        return 0;
    node->pid = 0;
    return fail(demo, ERR_FAULT, demo->program, strerror(rc));
}

static bool is_up(const struct demo_node *node)
{
    struct client_reply reply;
    bool up = client_do(node->cli.client, &(struct client_call){
        .method = "GET", .path = "/api/status", .timeout_ms = 2000,
    }, &reply, NULL) == 0 && reply.status == 200;

    client_reply_done(&reply);
    return up;
}

/* The last line a child said, or where its output is. */
static int fail_child(struct demo *demo, const struct demo_node *node)
{
    char path[CONFIG_PATH + 64], line[240], last[240];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.out", demo->dir, node->name);
    snprintf(last, sizeof(last), "%.230s", path);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (line[strcspn(line, "\n")] == '\n')
            snprintf(last, sizeof(last), "%.*s", (int)strcspn(line, "\n"),
                     line);
    if (file)
        fclose(file);
    return fail(demo, ERR_FAULT, node->name, last);
}

static int wait_up(struct demo *demo, struct demo_node *node)
{
    int64_t until = cli_now() + START_MS;

    while (cli_now() < until && !demo_stopped()) {
        if (is_up(node))
            return 0;
        if (waitpid(node->pid, NULL, WNOHANG) == node->pid) {
            node->pid = 0;
            return fail_child(demo, node);
        }
        cli_pause(20);
    }
    return demo_stopped() ? 0 : fail_child(demo, node);
}

/* As a county does it: a code from the hub, entered at the PC. */
static int let_in(struct demo *demo, int i)
{
    struct demo_node *node = &demo->node[i];
    json_t *made, *done;
    int rc = cli_post(&demo->node[DEMO_HUB].cli, "/api/invite",
                      json_pack("{s:s}", "org", node->org), &made);

    if (rc != 0)
        return rc;
    rc = cli_enroll(&node->cli, json_text(made, "code"), demo->hub_url, &done);
    json_decref(made);
    if (rc == 0)
        demo_say(demo, T(demo->cli, "  %s已启用，两边屏幕都显示 %s",
                         "  %s is let in; both screens show %s"),
                 demo_name(demo, i), json_text(done, "check"));
    json_decref(done);
    return rc;
}

int demo_start(struct demo *demo)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < DEMO_NODES; i++)
        rc = spawn(demo, &demo->node[i]);
    for (int i = 0; rc == 0 && i < DEMO_NODES; i++)
        rc = wait_up(demo, &demo->node[i]);
    for (int i = 1; rc == 0 && i < DEMO_NODES && !demo_stopped(); i++)
        rc = let_in(demo, i);
    return rc;
}

static void stop(struct demo_node *node)
{
    int64_t until = cli_now() + STOP_MS;

    while (node->pid > 0 && waitpid(node->pid, NULL, WNOHANG) == 0) {
        if (cli_now() > until)
            kill(node->pid, SIGKILL);
        cli_pause(10);
    }
    node->pid = 0;
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void demo_end(struct demo *demo)
{
    /* All are asked first, so that they end side by side. */
    for (int i = 0; i < DEMO_NODES; i++)
        if (demo->node[i].pid > 0)
            kill(demo->node[i].pid, SIGTERM);
    for (int i = 0; i < DEMO_NODES; i++) {
        stop(&demo->node[i]);
        client_free(demo->node[i].cli.client);
    }
    if (demo->own_dir)
        nftw(demo->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
