/*
 * The configuration and stations.conf: each input is read as both. The parsers
 * open a file by name, so the input lies in a file without one, and 99 is
 * where its descriptor stands; a secret lies at 98.
 */
#include "daemon/config.h"
#include "daemon/stations.h"
#include "tests/fuzz/help/must.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_PATH "/dev/fd/99"
#define SECRET_PATH "/dev/fd/98"

enum { FILE_AT = 99, SECRET_AT = 98, TEXT_MAX = 8192 };

static void file_make(int at)
{
    int fd = memfd_create("fuzz", 0);

    must(fd >= 0 && dup2(fd, at) == at && fchmod(at, 0600) == 0, "a file");
    close(fd);
}

static void file_fill(int at, const void *data, size_t size)
{
    must(ftruncate(at, 0) == 0 &&
             pwrite(at, data, size, 0) == (ssize_t)size,
         "the file is written");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char secret[] = "0123456789abcdef0123456789abcdef\n";

    (void)argc;
    (void)argv;
    file_make(FILE_AT);
    file_make(SECRET_AT);
    file_fill(SECRET_AT, secret, sizeof secret - 1);
    return 0;
}

/* What `run --check` prints, as a file again. */
static size_t write_values(const struct config *config, char *out)
{
    struct config_value value;
    const char *section = "";
    size_t len = 0;

    for (int i = 0; config_value(config, i, &value); i++) {
        must(strlen(value.text) < sizeof value.text, "a value without end");
        if (value.section[0] == '\0')
            continue;
        if (strcmp(section, value.section) != 0)
            len += (size_t)snprintf(out + len, TEXT_MAX - len, "[%s]\n",
                                    value.section);
        section = value.section;
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "%s = %s\n",
                                value.name, value.text);
        must(len < TEXT_MAX, "a configuration of %zu bytes", len);
    }
    return len;
}

/* What is printed as in force says the same when it is read. */
static void check_printed(const struct config *config)
{
    struct config again;
    struct config_value is, was;
    struct fault fault = {.err = 0};
    char text[TEXT_MAX];

    file_fill(FILE_AT, text, write_values(config, text));
    must(config_read(FILE_PATH, &again, &fault) == 0,
         "what was printed is refused: %s %s %s", fault.where, fault.field,
         fault.why);
    must(again.hub == config->hub, "another role");
    for (int i = 0; config_value(config, i, &was); i++) {
        config_value(&again, i, &is);
        must(strcmp(is.text, was.text) == 0, "%s: %s, before %s", was.name,
             is.text, was.text);
    }
}

static void check_config(void)
{
    struct config config;
    struct fault fault = {.err = 0};
    char path[CONFIG_PATH + 64], door[CONFIG_HOST];
    int rc = config_read(FILE_PATH, &config, &fault);

    must(fault.err == rc, "the fault says %d, the result is %d", fault.err,
         rc);
    if (rc < 0)
        return;
    must(org_valid(config.org) && station_name_valid(config.name) &&
             path_whole(config.data) && path_whole(config.kinds),
         "a value that no file may have");
    config_path(&config, "yizhan.db", path);
    config_door(&config, door);
    check_printed(&config);
}

static void check_stations(void)
{
    struct stations *stations = NULL;
    struct fault fault = {.err = 0};
    const struct station *list;
    int count, rc = stations_read(FILE_PATH, "990001", &stations, &fault);

    must(fault.err == rc && (rc == 0) == (stations != NULL),
         "the fault says %d, the result is %d", fault.err, rc);
    if (rc < 0)
        return;
    list = stations_list(stations, &count);
    for (int i = 0; i < count; i++) {
        const struct speaker *found = stations_find(stations, list[i].name);

        must(found != NULL && strcmp(found->org, list[i].org) == 0 &&
                 strncmp(list[i].org, "990001", 6) == 0,
             "station %s", list[i].name);
    }
    stations_free(stations);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    file_fill(FILE_AT, data, size);
    check_stations();
    check_config();
    return 0;
}
