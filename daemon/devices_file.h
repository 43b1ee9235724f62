/* The guts of devices.c and its file, for these two only. */
#ifndef YZ_DEVICES_FILE_H
#define YZ_DEVICES_FILE_H

#include "daemon/devices.h"

enum { DEVICES_FILE_MAX = 8 * 1024 * 1024, DEVICES_MAX = 10000 };

struct device_row {             /* stays where it is: speakers point into it */
    struct device device;
    uint8_t invite[INVITE_SIZE];        /* by which it came */
    struct speaker speaker;
};

struct invite {
    uint8_t id[INVITE_SIZE], key[32];
    char org[ORG_MAX + 1];
    int64_t until_ms;
    int tries;
};

struct devices {
    char path[CONFIG_PATH + 64];
    char org[ORG_MAX + 1];      /* the hub's own */
    const struct keys *keys;
    struct device_row **one;
    struct invite *invite;
    struct station *list;
    int count, room, invites;
};

/* Fill the row's speaker. ERR_MAC when its key gives none. */
int devices_ready(const struct devices *devices, struct device_row *row);
/* Takes over `row`; false when there are too many. */
bool devices_add(struct devices *devices, struct device_row *row);
bool devices_add_invite(struct devices *devices, const struct invite *invite);
/* ERR_CORRUPT names the line. */
int devices_read(struct devices *devices, struct bytes text,
                 struct fault *fault);
void devices_write(const struct devices *devices, struct buf *out);

#endif
