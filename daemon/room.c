#include "daemon/room.h"
#include "daemon/os.h"

enum {
    LITTLE = 1024 * 1024,       /* what a start writes besides */
    SPARE = 16 * 1024 * 1024 + LITTLE
};

/* How much more should be put by. */
static int64_t spare_missing(const struct config *config)
{
    char path[CONFIG_PATH + 64];
    int64_t has;

    config_path(config, "spare", path);
    has = os_size(path);
    return has >= SPARE ? 0 : has > 0 ? SPARE - has : SPARE;
}

static void spare_take(const struct config *config, int64_t size)
{
    char path[CONFIG_PATH + 64];
    struct fault fault;

    config_path(config, "spare", path);
    os_take_room(path, size, &fault);
}

/* What is left once that is put by. */
static int64_t room_left(const struct config *config)
{
    int64_t missing = spare_missing(config);
    int64_t left = os_room(config->data) - missing;

    if (missing > 0 && left >= ROOM_TO_SAVE)
        spare_take(config, SPARE);
    return left;
}

static int64_t room_to_start(const struct config *config)
{
    char path[CONFIG_PATH + 64];
    int64_t log;

    config_path(config, "yizhan.db-wal", path);
    log = os_size(path);
    return LITTLE + (log > 0 ? log : 0);
}

static int room_missing(const struct config *config, int64_t left,
                        int64_t least, struct fault *fault)
{
    return fault_set(fault, ERR_FULL, "", "%.180s: %.1f MB < %.1f MB",
                     config->data, left > 0 ? (double)left / 1e6 : 0.0,
                     (double)least / 1e6);
}

void room_spare_give(const struct config *config)
{
    char path[CONFIG_PATH + 64];
    struct fault fault;

    config_path(config, "spare", path);
    if (os_room(config->data) < room_to_start(config))
        os_remove_file(path, &fault);
}

/* The log is short now, so a part of it will do. */
void room_spare_take(const struct config *config)
{
    int64_t missing = spare_missing(config);
    int64_t left = os_room(config->data) - LITTLE;

    if (missing > 0 && left > 0)
        spare_take(config,
                   SPARE - missing + (left < missing ? left : missing));
}

void room_refused(const struct config *config, struct fault *fault)
{
    int64_t left = os_room(config->data), least = room_to_start(config);

    if (left < least)
        room_missing(config, left, least, fault);
}

int room_check(const struct config *config, int least, struct fault *fault)
{
    int64_t left = room_left(config);

    return left >= least ? 0 : room_missing(config, left, least, fault);
}
