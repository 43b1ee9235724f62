#include "daemon/beside.h"
#include "daemon/os.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 8 * 1024 * 1024, PATH = CONFIG_PATH * 2 + 80 };

static const char *const files[] = {"keys", "devices"};
enum { KEYS, FILES = sizeof(files) / sizeof(files[0]) };

/* `dir` need not end where the name does. */
static bool name_it(const struct config *config, const char *dir, int len,
                    int i, char out[PATH])
{
    return snprintf(out, PATH, "%.*s/hub-%s.%s", len, dir, config->name,
                    files[i]) < PATH;
}

static int keep_one(const char *from, const char *to, struct fault *fault)
{
    struct buf text;
    int rc;

    buf_init(&text, FILE_MAX);
    rc = os_read_file(from, FILE_MAX, &text, fault);
    if (rc == 1)
        rc = os_write_file(to, buf_view(&text), fault);
    if (text.data)
        sodium_memzero(text.data, text.len);
    buf_done(&text);
    return rc;
}

int beside_keep(const struct config *config, const char *dir,
                struct fault *fault)
{
    char from[CONFIG_PATH + 64], to[PATH];
    int rc = 0;

    for (int i = 0; i < FILES && rc == 0 && config->hub; i++) {
        config_path(config, files[i], from);
        if (!name_it(config, dir, (int)strlen(dir), i, to))
            return fault_set(fault, ERR_IO, "backup", "the path is too long");
        rc = keep_one(from, to, fault);
    }
    return rc;
}

int beside_keys(const struct config *config, const char *dir,
                struct bytes content, struct fault *fault)
{
    char to[PATH];

    return name_it(config, dir, (int)strlen(dir), KEYS, to)
               ? os_write_file(to, content, fault)
               : fault_set(fault, ERR_IO, "backup", "the path is too long");
}

int beside_take(const struct config *config, const char *file,
                struct fault *fault)
{
    const char *slash = strrchr(file, '/');
    char from[PATH], to[CONFIG_PATH + 64];
    int rc = 0;

    for (int i = 0; i < FILES && rc == 0 && config->hub; i++) {
        config_path(config, files[i], to);
        if (os_file_there(to) ||
            !name_it(config, slash ? file : ".",
                     slash ? (int)(slash - file) : 1, i, from))
            continue;
        rc = keep_one(from, to, fault);
        os_own_like(to, config->data);
    }
    return rc;
}
