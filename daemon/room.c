#include "daemon/room.h"
#include "daemon/os.h"

enum { SPARE = 2 * 1024 * 1024 };

void room_spare(const struct config *config)
{
    int64_t left = os_room(config->data);
    char path[CONFIG_PATH + 64];
    struct fault fault;

    config_path(config, "spare", path);
    if (left < SPARE)
        os_remove_file(path, &fault);
    else if (left >= ROOM_TO_SAVE && !os_file_there(path))
        os_take_room(path, SPARE, &fault);
}

int room_check(const struct config *config, int least, struct fault *fault)
{
    int64_t left = os_room(config->data);

    if (left >= least)
        return 0;
    return fault_set(fault, ERR_FULL, "", "%.180s: %.1f MB < %.1f MB",
                     config->data, (double)left / 1e6, least / 1e6);
}
