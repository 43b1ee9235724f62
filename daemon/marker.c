#include "daemon/marker.h"
#include "daemon/os.h"

#include <stdio.h>
#include <string.h>

#define READY "yizhan store 1\nready\n"
#define RESTORING "yizhan store 1\nrestoring\n"

enum { MARKER_MAX = 400 };

static int marker_read(const struct config *config, struct buf *out,
                       struct fault *fault)
{
    char path[CONFIG_PATH + 64];

    config_path(config, "marker", path);
    buf_init(out, MARKER_MAX + 1);
    return os_read_file(path, MARKER_MAX, out, fault);
}

static int marker_write(const struct config *config, const char *text,
                        struct fault *fault)
{
    char path[CONFIG_PATH + 64];

    config_path(config, "marker", path);
    return os_write_file(path, bytes_text(text), fault);
}

/* What a start leaves in the directory: there was a store. Not the keys, which
 * a first start draws before that. */
static bool was_there(const struct config *config)
{
    static const char *const names[] = {"marker", "yizhan.db-wal", "token",
                                        "enrolled", "devices"};
    char path[CONFIG_PATH + 64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        config_path(config, names[i], path);
        if (os_size(path) > 0)
            return true;
    }
    return false;
}

static bool begins(const struct buf *text, const char *with)
{
    return text->len >= strlen(with) &&
           memcmp(text->data, with, strlen(with)) == 0;
}

int marker_check(const struct config *config, bool *there,
                 struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    struct buf text;
    int rc = marker_read(config, &text, fault);

    config_path(config, "yizhan.db", path);
    *there = os_size(path) > 0;
    if (rc == 1 && begins(&text, RESTORING))
        rc = fault_file(fault, ERR_RESTORING, path, "");
    buf_done(&text);
    if (rc < 0 || *there)
        return rc < 0 ? rc : 0;
    return was_there(config) ? fault_file(fault, ERR_MISSING, path, "") : 0;
}

int marker_ready(const struct config *config, struct fault *fault)
{
    struct buf text;
    int rc = marker_read(config, &text, fault);
    bool known = rc == 1 && begins(&text, READY);

    buf_done(&text);
    return rc < 0 || known ? (rc < 0 ? rc : 0)
                           : marker_write(config, READY, fault);
}

int marker_kept(const struct config *config, char *out, size_t size,
                struct fault *fault)
{
    struct buf text;
    int rc = marker_read(config, &text, fault);

    out[0] = '\0';
    if (rc == 1 && begins(&text, RESTORING))
        snprintf(out, size, "%.*s", (int)(text.len - strlen(RESTORING)),
                 (const char *)text.data + strlen(RESTORING));
    buf_done(&text);
    return rc < 0 ? rc : 0;
}

int marker_restoring(const struct config *config, const char *kept,
                     struct fault *fault)
{
    char text[MARKER_MAX];

    snprintf(text, sizeof(text), RESTORING "%s", kept);
    return marker_write(config, text, fault);
}
