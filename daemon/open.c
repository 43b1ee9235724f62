#include "daemon/open.h"
#include "daemon/crash.h"
#include "daemon/marker.h"
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

int node_tell_stations(struct opened *opened, struct fault *fault)
{
    const struct station *list;
    int count;

    list = opened->devices ? devices_list(opened->devices, &count)
                           : stations_list(opened->stations, &count);
    return store_stations(opened->store, list, count, fault);
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
    int rc;

    memcpy(options.key, out->numbers.key, sizeof options.key);
    rc = store_open(&options, &out->store, fault);
    if (rc < 0 && fault->err == 0)
        fault_set(fault, rc, "", "a page cannot be read or written");
    if (rc < 0 && rc != ERR_BUSY && fault->where[0] == '\0')
        snprintf(fault->where, sizeof fault->where, "%.190s", path);
    if (rc < 0 || !config->hub)
        return rc;
    rc = node_tell_stations(out, fault);
    return rc == 0 ? store_commit(out->store, fault) : rc;
}

int node_enrol(struct opened *opened, struct fault *fault)
{
    const struct pins *hub = &opened->county.note.pins;
    int rc = enrol_key(opened->keys.secret, hub->exchange, hub,
                       &opened->keys.pins, opened->key);

    if (rc < 0)
        return fault_set(fault, rc, "", "the county's key gives none");
    snprintf(opened->name, sizeof(opened->name), "%.60s",
             opened->county.note.name);
    opened->enrolled = true;
    return 0;
}

/* A station that is not enrolled yet opens, too: it can be worked at. */
static int open_trust(const struct config *config, struct opened *out,
                      struct fault *fault)
{
    int rc;

    snprintf(out->name, sizeof(out->name), "%.60s", config->name);
    if (config->secret[0])
        return secret_read(config->secret, out->key, fault);
    rc = keys_open(config, &out->keys, fault);
    if (rc == 0)
        rc = enrolled_read(config, &out->county, fault);
    return rc == 1 ? node_enrol(out, fault) : rc;
}

static int open_role(const struct config *config, bool there,
                     struct opened *out, struct fault *fault)
{
    int rc;

    if (!config->hub)
        return open_trust(config, out, fault);
    if (config->stations[0]) {
        rc = stations_read(config->stations, config->org, &out->stations,
                           fault);
    } else {
        rc = keys_open(config, &out->keys, fault);
        if (rc == 0)
            rc = devices_open(config, &out->keys, &out->devices, fault);
    }
    return rc == 0 ? numbers_open(config, there, &out->numbers, fault)
                   : rc;
}

int node_open(const struct config *config, struct opened *out,
              struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    struct kinds *kinds = NULL;
    bool there = false;
    int rc;

    memset(out, 0, sizeof *out);
    config_path(config, "yizhan.db", path);
    rc = os_directory(config->data, fault);
    if (rc == 0)
        rc = os_lock(config->data, fault);
    if (rc == 0)
        room_spare_give(config);
    if (rc == 0)
        rc = marker_check(config, &there, fault);
    if (rc == 0)
        rc = kinds_load(config->kinds, &kinds, fault);
    if (rc == 0)
        rc = open_role(config, there, out, fault);
    if (rc == 0)
        rc = open_store(config, kinds, path, out, fault);
    if (rc == 0)
        rc = marker_ready(config, fault);
    kinds_free(kinds);
    if (rc == 0)
        room_spare_take(config);
    if (rc == ERR_FULL)
        room_refused(config, fault);
    if (rc < 0)
        node_opened_done(out);
    return rc;
}

void node_opened_done(struct opened *opened)
{
    quota_done(&opened->quota);
    store_close(opened->store);
    stations_free(opened->stations);
    devices_free(opened->devices);
    keys_done(&opened->keys);
    memset(opened, 0, sizeof *opened);
}
