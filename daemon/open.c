#include "daemon/open.h"
#include "daemon/crash.h"
#include "daemon/os.h"
#include "daemon/room.h"
#include "store/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_FILE_MAX = 256 * 1024, KIND_FILES = 64, LIST_MAX = 64 * 1024 };

struct loading {
    struct buf names, text[KIND_FILES];
    struct kind_file file[KIND_FILES];
    char path[KIND_FILES][CONFIG_PATH + 64];
    int count;
};

static int load_one(struct loading *on, const char *directory,
                    const char *name, struct fault *fault)
{
    int at = on->count, rc;

    if (at == KIND_FILES)
        return fault_set(fault, ERR_SIZE, "kinds", "at most %d kind files",
                         KIND_FILES);
    snprintf(on->path[at], sizeof on->path[at], "%s/%s", directory, name);
    buf_init(&on->text[at], KIND_FILE_MAX + 4096);
    on->count++;
    rc = os_read_file(on->path[at], KIND_FILE_MAX, &on->text[at], fault);
    on->file[at].name = on->path[at];
    on->file[at].text = buf_view(&on->text[at]);
    return rc < 0 ? rc : 0;
}

static int load_all(struct loading *on, const char *directory,
                    struct fault *fault)
{
    const char *name;
    int rc = os_list(directory, ".conf", &on->names, fault);

    if (rc < 0)                 /* a mistake in the file, not of the disk */
        rc = fault_set(fault, ERR_CONFIG, "kinds", "%s", fault->why);
    for (size_t at = 0; rc == 0 && at < on->names.len;
         at += strlen(name) + 1) {
        name = (const char *)on->names.data + at;
        rc = load_one(on, directory, name, fault);
    }
    if (rc == 0 && on->count == 0)
        rc = fault_set(fault, ERR_CONFIG, "kinds", "no kind files (*.conf) "
                       "in %s", directory);
    return rc;
}

int kinds_load(const char *directory, struct kinds **out, struct fault *fault)
{
    struct loading *on = xmalloc(sizeof *on);
    int rc;

    memset(on, 0, sizeof *on);
    buf_init(&on->names, LIST_MAX);
    rc = load_all(on, directory, fault);
    if (rc == 0)
        rc = kinds_read(on->file, on->count, out, fault);
    for (int i = 0; i < on->count; i++)
        buf_done(&on->text[i]);
    buf_done(&on->names);
    free(on);
    return rc;
}

/* While the store is open this file stands beside it, and so does the log of
 * what was saved last. */
#define OPEN_FILE "open"

/* SQLite begins a new database where there is none, and throws a log away whose
 * database is gone: what somebody has deleted must be missed before it looks.
 * The token is as old as the database. */
static int is_gone(const char *path, const char *why, struct fault *fault)
{
    fault_set(fault, ERR_CORRUPT, "", "%s", why);
    snprintf(fault->where, sizeof fault->where, "%.190s", path);
    return ERR_CORRUPT;
}

static int files_check(const struct config *config, const char *path,
                       bool *unclean, struct fault *fault)
{
    char log[CONFIG_PATH + 80], token[CONFIG_PATH + 64];
    char open[CONFIG_PATH + 64];

    snprintf(log, sizeof log, "%s-wal", path);
    config_path(config, "token", token);
    config_path(config, OPEN_FILE, open);
    *unclean = os_file_there(open);
    if (!os_file_there(path) && (os_file_there(log) || os_file_there(token)))
        return is_gone(path, "不见了，请放回；要从头开始，就把剩下的和 token 都"
                       "移走 (gone: put it back; to begin anew, move away what "
                       "is left of it and the file token)", fault);
    if (*unclean && os_file_there(path) && !os_file_there(log))
        return is_gone(log, "不见了，最后存的在里面，请放回；实在没有，移走文件"
                       " open 再启动 (gone, and with it what was saved last: "
                       "put it back, or go on without: move away the file "
                       "open)", fault);
    return 0;
}

static int files_note(const struct config *config, bool open,
                      struct fault *fault)
{
    char path[CONFIG_PATH + 64];

    config_path(config, OPEN_FILE, path);
    return open ? os_write_file(path, bytes_of("", 0), fault)
                : os_remove_file(path, fault);
}

static int open_store(const struct config *config, const struct kinds *kinds,
                      const char *path, struct opened *out,
                      struct fault *fault)
{
    struct store_options options = {
        .path = path,
        .hub = config->hub,
        .org = config->org,
        .kinds = kinds,
        .hub_id = out->numbers.hub,
        .life = out->numbers.life,
        .floor = out->numbers.reserved,
        .world = {&out->numbers, os_random, numbers_reserve, crash_hook()},
    };
    const struct station *list;
    int count, rc;

    memcpy(options.key, out->numbers.key, sizeof options.key);
    rc = store_open(&options, &out->store, fault);
    if (rc < 0 && fault->err == 0)
        fault_set(fault, rc, "", "a page cannot be read or written");
    if (rc < 0 && rc != ERR_UNKNOWN && rc != ERR_BUSY &&
        fault->where[0] == '\0')
        snprintf(fault->where, sizeof fault->where, "%.190s", path);
    if (rc < 0 || !config->hub)
        return rc;
    list = stations_list(out->stations, &count);
    rc = store_stations(out->store, list, count, fault);
    return rc == 0 ? store_commit(out->store, fault) : rc;
}

static int open_role(const struct config *config, const char *path,
                     struct opened *out, struct fault *fault)
{
    int rc;

    if (!config->hub)
        return secret_read(config->secret, out->key, fault);
    rc = stations_read(config->stations, config->org, &out->stations, fault);
    return rc == 0 ? numbers_open(config, os_file_there(path), &out->numbers,
                                  fault)
                   : rc;
}

int node_open(const struct config *config, struct opened *out,
              struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    struct kinds *kinds = NULL;
    int rc;

    memset(out, 0, sizeof *out);
    out->config = config;
    config_path(config, "yizhan.db", path);
    rc = os_directory(config->data, fault);
    if (rc == 0)
        rc = os_lock(config->data, fault);
    if (rc == 0)
        room_spare(config);
    if (rc == 0)
        rc = kinds_load(config->kinds, &kinds, fault);
    if (rc == 0)
        rc = files_check(config, path, &out->unclean, fault);
    if (rc == 0)
        rc = open_role(config, path, out, fault);
    if (rc == 0)
        rc = open_store(config, kinds, path, out, fault);
    /* Where it cannot be written nothing is claimed at the next start. */
    if (rc == 0)
        files_note(config, true, &(struct fault){.err = 0});
    kinds_free(kinds);
    if (rc < 0)
        node_opened_done(out);
    return rc;
}

/* Closing removes the log, so that it may be missed no more comes first; if
 * that fails the end of the process closes well enough. */
void node_opened_done(struct opened *opened)
{
    struct fault fault;

    if (opened->store != NULL &&
        files_note(opened->config, false, &fault) == 0)
        store_close(opened->store);
    stations_free(opened->stations);
    memset(opened, 0, sizeof *opened);
}
