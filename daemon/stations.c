#include "daemon/stations.h"
#include "daemon/config.h"
#include "proto/ini.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FILE_MAX = 1024 * 1024,
    SECRET_MAX = 4096,
    SECRET_MIN = 32,
    STATIONS_MAX = 10000
};

struct entry {
    char name[STATION_MAX + 1];
    char org[ORG_MAX + 1];
    char secret[CONFIG_PATH];
    int line;                   /* of its section */
    int secret_line;
};

struct stations {
    const char *file, *org;     /* while reading */
    struct entry *entries;
    int count, room;
    struct speaker *speakers;   /* by the entries' order */
    struct station *list;
};

static int open_entry(struct stations *stations, const struct ini_item *item,
                      struct fault *fault)
{
    struct entry *entry;

    if (!station_name_valid(item->section))
        return fault_set(fault, ERR_CONFIG, NULL,
                         "the section is a station's name; allowed: 1 to 60 "
                         "of the characters A-Z a-z 0-9 . _ -");
    for (int i = 0; i < stations->count; i++)
        if (strcmp(stations->entries[i].name, item->section) == 0)
            return fault_set(fault, ERR_CONFIG, NULL,
                             "station %s stands before, in line %d",
                             item->section, stations->entries[i].line);
    if (stations->count == STATIONS_MAX)
        return fault_set(fault, ERR_CONFIG, NULL, "at most %d stations",
                         STATIONS_MAX);
    if (stations->count == stations->room) {
        stations->room = stations->room * 2 + 16;
        stations->entries = xrealloc(stations->entries,
                                     (size_t)stations->room *
                                     sizeof(*stations->entries));
    }
    entry = &stations->entries[stations->count++];
    memset(entry, 0, sizeof(*entry));
    snprintf(entry->name, sizeof(entry->name), "%s", item->section);
    entry->line = item->line;
    return 0;
}

static int set_org(const struct stations *stations, struct entry *entry,
                   const char *value, struct fault *fault)
{
    if (entry->org[0])
        return fault_set(fault, ERR_CONFIG, "org", "given before");
    if (!org_valid(value) ||
        strncmp(value, stations->org, strlen(stations->org)) != 0)
        return fault_set(fault, ERR_CONFIG, "org",
                         "allowed: 6 to 12 digits that begin with %s, the "
                         "hub's own organisation", stations->org);
    snprintf(entry->org, sizeof(entry->org), "%s", value);
    return 0;
}

static int set_secret(struct entry *entry, const struct ini_item *item,
                      struct fault *fault)
{
    if (entry->secret[0])
        return fault_set(fault, ERR_CONFIG, "secret", "given before");
    if (!path_whole(item->value) || strlen(item->value) >= CONFIG_PATH)
        return fault_set(fault, ERR_CONFIG, "secret",
                         "allowed: the whole path of a file, beginning "
                         "with /");
    snprintf(entry->secret, sizeof(entry->secret), "%s", item->value);
    entry->secret_line = item->line;
    return 0;
}

static int on_item(void *user, const struct ini_item *item,
                   struct fault *fault)
{
    struct stations *stations = user;
    struct entry *entry;

    if (!item->name)
        return open_entry(stations, item, fault);
    entry = &stations->entries[stations->count - 1];
    if (strcmp(item->name, "org") == 0)
        return set_org(stations, entry, item->value, fault);
    if (strcmp(item->name, "secret") == 0)
        return set_secret(entry, item, fault);
    return fault_set(fault, ERR_CONFIG, item->name,
                     "no such setting of a station; allowed: org, secret");
}

/* Everything is there, and each secret gives its key. */
static int finish(struct stations *stations, struct fault *fault)
{
    size_t count = (size_t)stations->count;

    stations->speakers = xmalloc((count + 1) * sizeof(*stations->speakers));
    stations->list = xmalloc((count + 1) * sizeof(*stations->list));
    for (int i = 0; i < stations->count; i++) {
        struct entry *entry = &stations->entries[i];
        struct speaker *speaker = &stations->speakers[i];
        bool org = entry->org[0] != '\0';
        int rc = 0;

        if (!org || entry->secret[0] == '\0') {
            rc = fault_set(fault, ERR_CONFIG, org ? "secret" : "org",
                           "station %s needs org and secret", entry->name);
            fault_place(fault, stations->file, entry->line);
            return rc;
        }
        speaker->name = entry->name;
        speaker->org = entry->org;
        rc = secret_read(entry->secret, speaker->key, fault);
        if (rc < 0) {
            fault_place(fault, stations->file, entry->secret_line);
            return rc;
        }
        stations->list[i].name = entry->name;
        stations->list[i].org = entry->org;
    }
    return 0;
}

int stations_read(const char *file, const char *org, struct stations **out,
                  struct fault *fault)
{
    struct stations *stations = xmalloc(sizeof(*stations));
    struct buf text;
    int rc;

    memset(stations, 0, sizeof(*stations));
    stations->file = file;
    stations->org = org;
    *out = NULL;
    rc = config_load(file, FILE_MAX, &text, fault);
    if (rc == 0)
        rc = ini_read_sections(file, text.data ? (char *)text.data : "",
                               text.len, on_item, stations, fault);
    buf_done(&text);
    if (rc == 0)
        rc = finish(stations, fault);
    if (rc < 0) {
        stations_free(stations);
        return rc;
    }
    stations->file = stations->org = NULL;
    *out = stations;
    return 0;
}

void stations_free(struct stations *stations)
{
    if (!stations)
        return;
    free(stations->entries);
    free(stations->speakers);
    free(stations->list);
    free(stations);
}

const struct speaker *stations_find(void *user, const char *name)
{
    const struct stations *stations = user;

    for (int i = 0; i < stations->count; i++)
        if (strcmp(stations->entries[i].name, name) == 0)
            return &stations->speakers[i];
    return NULL;
}

const struct station *stations_list(const struct stations *stations,
                                    int *count)
{
    *count = stations->count;
    return stations->list;
}

/* Windows has no such bits; its installer sets the access list. */
static bool others_may_read(const char *file)
{
#ifdef _WIN32
    (void)file;
    return false;
#else
    struct stat info;

    return stat(file, &info) == 0 && (info.st_mode & 07) != 0;
#endif
}

int secret_read(const char *file, uint8_t key[32], struct fault *fault)
{
    struct buf text;
    struct bytes secret;
    int rc = config_load(file, SECRET_MAX, &text, fault);

    if (rc < 0 && fault) {
        char why[sizeof(fault->why)];

        snprintf(why, sizeof(why), "%.100s: %.100s", file, fault->why);
        rc = fault_set(fault, ERR_CONFIG, "secret", "%s", why);
    }
    secret = buf_view(&text);
    if (secret.len > 0 && secret.data[secret.len - 1] == '\n')
        secret.len--;
    if (secret.len > 0 && secret.data[secret.len - 1] == '\r')
        secret.len--;
    if (rc == 0 && secret.len < SECRET_MIN)
        rc = fault_set(fault, ERR_CONFIG, "secret",
                       "%.100s: allowed: at least %d bytes", file, SECRET_MIN);
    if (rc == 0 && others_may_read(file))
        rc = fault_set(fault, ERR_CONFIG, "secret",
                       "%.100s: others may read it; allowed: its owner and "
                       "group only (chmod 600)", file);
    if (rc == 0)
        wire_key(secret, key);
    buf_done(&text);
    return rc;
}
