#include "daemon/config.h"
#include "daemon/address.h"
#include "proto/ini.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    FILE_MAX = 64 * 1024,
    DAY_MS = 24 * 3600000,
    ORG_SIZE = sizeof(((struct config *)0)->org),
    NAME_SIZE = sizeof(((struct config *)0)->name)
};

/* How a value is read. Each gives 0 or fills the fault with what is allowed. */
typedef int (*value_fn)(void *to, const char *text, struct fault *fault);

static int refuse(struct fault *fault, const char *why)
{
    return fault_set(fault, ERR_CONFIG, NULL, "%s", why);
}

static int read_org(void *to, const char *text, struct fault *fault)
{
    if (!org_valid(text))
        return refuse(fault, "allowed: the division code of an organisation, "
                             "6 to 12 digits");
    snprintf(to, ORG_SIZE, "%s", text);
    return 0;
}

static int read_name(void *to, const char *text, struct fault *fault)
{
    if (!station_name_valid(text))
        return refuse(fault, "allowed: 1 to 60 of the characters "
                             "A-Z a-z 0-9 . _ -");
    snprintf(to, NAME_SIZE, "%s", text);
    return 0;
}

static int read_path(void *to, const char *text, struct fault *fault)
{
    if (!path_whole(text) || strlen(text) >= CONFIG_PATH)
        return refuse(fault, "allowed: a whole path, beginning with /");
    snprintf(to, CONFIG_PATH, "%s", text);
    return 0;
}

/* Nothing is none. */
static int read_file(void *to, const char *text, struct fault *fault)
{
    return text[0] == '\0' ? 0 : read_path(to, text, fault);
}

/* Nothing is none. Without a slash at its end, as it is compared. */
static int read_directory(void *to, const char *text, struct fault *fault)
{
    int rc = read_file(to, text, fault);
    size_t len = strlen(to);

    if (len > 1 && ((char *)to)[len - 1] == '/')
        ((char *)to)[len - 1] = '\0';
    return rc;
}

static int read_listen(void *to, const char *text, struct fault *fault)
{
    if (!listen_parse(text, to))
        return refuse(fault, "allowed: ADDRESS:PORT, like 127.0.0.1:7070 or "
                             "[::1]:7070");
    return 0;
}

/* The door has no user accounts: whoever reaches it may read the register. */
static int read_local(void *to, const char *text, struct fault *fault)
{
    int rc = read_listen(to, text, fault);

    if (rc == 0 && !host_loopback(((struct listen *)to)->host))
        return refuse(fault, "allowed: a loopback address with a port, like "
                             "127.0.0.1:7070");
    return rc;
}

static int read_url(void *to, const char *text, struct fault *fault)
{
    size_t len = strlen(text);
    const char *objection;
    char url[CONFIG_HOST];

    if (len == 0)
        return 0;               /* where it was enrolled */
    if (text[len - 1] == '/')
        len--;
    if (len >= sizeof(url))
        return refuse(fault, "allowed: at most 127 characters");
    memcpy(url, text, len);
    url[len] = '\0';
    objection = url_objection(url);
    if (objection)
        return refuse(fault, objection);
    snprintf(to, CONFIG_HOST, "%s", url);
    return 0;
}

static int read_every(void *to, const char *text, struct fault *fault)
{
    int64_t *ms = to;

    if (strcmp(text, "manual") == 0)
        *ms = 0;
    else if (!span_parse(text, ms) || *ms < 1000 || *ms > DAY_MS)
        return refuse(fault, "allowed: manual, or a time from 1s to 24h with "
                             "its unit, like 30s, 15min or 2h");
    return 0;
}

static int read_linger(void *to, const char *text, struct fault *fault)
{
    if (!span_parse(text, to) || *(int64_t *)to > 60000)
        return refuse(fault, "allowed: a time from 0ms to 1min with its unit, "
                             "like 300ms or 2s");
    return 0;
}

static int read_nothing(void *to, const char *text, struct fault *fault)
{
    (void)to;
    if (text[0] != '\0')
        return refuse(fault, "PostgreSQL is not built in; allowed: nothing "
                             "after the =, the register is then SQLite in "
                             "data");
    return 0;
}

/* Rows are numbered by struct config's `line`: CONFIG_KEYS of them. */
static const struct key {
    const char *section, *name;
    value_fn read;
    size_t offset;
    const char *fallback;       /* NULL: must be given */
} keys[CONFIG_KEYS] = {
#define KEY(section, name, read, member, fallback) \
    {section, name, read, offsetof(struct config, member), fallback}
    KEY("station", "org", read_org, org, NULL),
    KEY("station", "name", read_name, name, ""),
    KEY("station", "data", read_path, data, "/var/lib/yizhan"),
    KEY("station", "listen", read_local, local, "127.0.0.1:7070"),
    KEY("station", "kinds", read_path, kinds, "/etc/yizhan/kinds"),
    KEY("uplink", "hub", read_url, uplink, ""),
    KEY("uplink", "secret", read_file, secret, ""),
    KEY("uplink", "every", read_every, every_ms, "15min"),
    KEY("uplink", "linger", read_linger, linger_ms, "300ms"),
    KEY("hub", "org", read_org, org, NULL),
    KEY("hub", "data", read_path, data, "/var/lib/yizhan-hub"),
    KEY("hub", "listen", read_listen, public, "127.0.0.1:7443"),
    KEY("hub", "admin", read_local, local, "127.0.0.1:7071"),
    KEY("hub", "stations", read_file, stations, ""),
    KEY("hub", "kinds", read_path, kinds, "/etc/yizhan/kinds"),
    KEY("store", "postgres", read_nothing, postgres, ""),
    KEY("store", "backup", read_directory, backup, ""),
#undef KEY
};

struct reading {
    struct config *config;
    int station, uplink, hub;   /* line of the section, 0: not there */
};

static int on_section(struct reading *reading, const char *section, int line,
                      struct fault *fault)
{
    int *at = strcmp(section, "station") == 0 ? &reading->station
              : strcmp(section, "uplink") == 0 ? &reading->uplink
              : strcmp(section, "hub") == 0    ? &reading->hub
                                               : NULL;

    if (!at && strcmp(section, "store") != 0)
        return fault_set(fault, ERR_CONFIG, section,
                         "no such section; allowed: [station] with [uplink], "
                         "or [hub], and [store]");
    if (at && *at == 0)
        *at = line;
    return 0;
}

/* The names allowed in a section, for the message. */
static void name_keys(const char *section, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (int i = 0; i < CONFIG_KEYS && len < size; i++)
        if (strcmp(keys[i].section, section) == 0)
            len += (size_t)snprintf(out + len, size - len, "%s%s",
                                    len ? ", " : "", keys[i].name);
}

static int on_item(void *user, const struct ini_item *item,
                   struct fault *fault)
{
    struct reading *reading = user;
    char allowed[80];

    if (!item->name)
        return on_section(reading, item->section, item->line, fault);
    for (int i = 0; i < CONFIG_KEYS; i++) {
        char *to = (char *)reading->config + keys[i].offset;
        int *line = &reading->config->line[i];
        int rc;

        if (strcmp(keys[i].section, item->section) != 0 ||
            strcmp(keys[i].name, item->name) != 0)
            continue;
        if (*line)
            return fault_set(fault, ERR_CONFIG, item->name,
                             "given before, in line %d", *line);
        *line = item->line;
        rc = keys[i].read(to, item->value, fault);
        if (rc < 0 && fault)
            snprintf(fault->field, sizeof(fault->field), "%.39s", item->name);
        return rc;
    }
    name_keys(item->section, allowed, sizeof(allowed));
    return fault_set(fault, ERR_CONFIG, item->name,
                     "no such setting in [%s]; allowed: %s", item->section,
                     allowed);
}

static int refuse_at(struct fault *fault, const struct config *config, int line,
                     const char *field, const char *why)
{
    int rc = fault_set(fault, ERR_CONFIG, field, "%s", why);

    if (line > 0)
        fault_place(fault, config->file, line);
    else if (fault)
        snprintf(fault->where, sizeof(fault->where), "%.*s",
                 (int)sizeof(fault->where) - 1, config->file);
    return rc;
}

static int check_roles(const struct reading *reading, struct fault *fault)
{
    const struct config *config = reading->config;

    if (reading->station && reading->hub)
        return refuse_at(fault, config, reading->station > reading->hub
                         ? reading->station : reading->hub, NULL,
                         "either [station] or [hub], not both: a machine that "
                         "is both runs two daemons with two files");
    if (!reading->station && !reading->hub)
        return refuse_at(fault, config, 0, NULL, "neither [station] nor [hub]: "
                         "one of them must be there");
    if (reading->hub && reading->uplink)
        return refuse_at(fault, config, reading->uplink, NULL,
                         "a hub has no [uplink]: nobody is above it");
    if (reading->station && !reading->uplink)
        return refuse_at(fault, config, 0, NULL, "a station needs [uplink], "
                         "which may be empty");
    return 0;
}

/* A shared secret goes with plain HTTP on this machine, for a trial; everything
 * else with keys and TLS. Nothing between the two is taken. */
static int check_trust(const struct reading *reading, struct fault *fault)
{
    const struct config *config = reading->config;
    bool plain = strncmp(config->uplink, "http://", 7) == 0;

    if (config->hub && config->stations[0] &&
        !host_loopback(config->public.host))
        return refuse_at(fault, config, reading->hub, "stations",
                         "shared secrets are for loopback addresses only; "
                         "leave it out, and enrol the stations");
    if (!config->hub && plain && !config->secret[0])
        return refuse_at(fault, config, reading->uplink, "hub",
                         "plain http:// needs secret; allowed without it: "
                         "https://HOST:PORT, and yizhan enroll");
    if (!config->hub && !plain && config->secret[0])
        return refuse_at(fault, config, reading->uplink, "secret",
                         "a secret goes with http:// on a loopback address "
                         "only; leave it out, and enrol this PC");
    return 0;
}

/* Is this key one of this machine's role? */
static bool key_ours(const struct config *config, const struct key *key)
{
    if (strcmp(key->section, "store") == 0)
        return true;
    return (strcmp(key->section, "hub") == 0) == config->hub;
}

static int fill_defaults(struct config *config, struct fault *fault)
{
    for (int i = 0; i < CONFIG_KEYS; i++) {
        const struct key *key = &keys[i];
        char why[80];

        if (config->line[i] || !key_ours(config, key))
            continue;
        if (!key->fallback) {
            snprintf(why, sizeof(why), "[%s] needs %s", key->section,
                     key->name);
            return refuse_at(fault, config, 0, key->name, why);
        }
        if (key->fallback[0])
            key->read((char *)config + key->offset, key->fallback, NULL);
    }
    if (config->name[0] == '\0')
        snprintf(config->name, sizeof(config->name), "%s", config->org);
    return 0;
}

int config_read(const char *file, struct config *out, struct fault *fault)
{
    struct reading reading = {.config = out};
    struct buf text;
    int rc;

    memset(out, 0, sizeof(*out));
    if (strlen(file) >= sizeof(out->file))
        return fault_set(fault, ERR_CONFIG, NULL, "the path is too long");
    snprintf(out->file, sizeof(out->file), "%s", file);
    rc = config_load(file, FILE_MAX, &text, fault);
    if (rc == 0)
        rc = ini_read_sections(file, text.data ? (char *)text.data : "",
                               text.len, on_item, &reading, fault);
    buf_done(&text);
    if (rc == 0)
        rc = check_roles(&reading, fault);
    if (rc < 0)
        return rc;
    out->hub = reading.hub != 0;
    rc = fill_defaults(out, fault);
    return rc < 0 ? rc : check_trust(&reading, fault);
}

bool config_value(const struct config *config, int number,
                  struct config_value *out)
{
    const struct key *key;
    const char *from;

    if (number < 0 || number >= CONFIG_KEYS)
        return false;
    key = &keys[number];
    from = (const char *)config + key->offset;
    memset(out, 0, sizeof(*out));
    out->section = key_ours(config, key) ? key->section : "";
    out->name = key->name;
    out->line = config->line[number];
    if (key->read == read_listen || key->read == read_local)
        listen_text((const void *)from, out->text, sizeof(out->text));
    else if (key->read == read_every && config->every_ms == 0)
        strcpy(out->text, "manual");
    else if (key->read == read_every || key->read == read_linger)
        span_text(*(const int64_t *)(const void *)from, out->text);
    else
        snprintf(out->text, sizeof(out->text), "%s", from);
    return true;
}

void config_print(const struct config *config)
{
    struct config_value value;
    const char *section = "";

    for (int i = 0; config_value(config, i, &value); i++) {
        char origin[CONFIG_PATH + 16] = "default";

        if (value.section[0] == '\0')
            continue;
        if (strcmp(section, value.section) != 0)
            printf("[%s]\n", value.section);
        section = value.section;
        if (value.line)
            snprintf(origin, sizeof(origin), "%s:%d", config->file,
                     value.line);
        printf("%-8s = %-36s  %s\n", value.name, value.text, origin);
    }
}
