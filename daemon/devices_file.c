#include "daemon/devices_file.h"
#include "proto/ini.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INVITES_MAX = 1000 };

int devices_ready(const struct devices *devices, struct device_row *row)
{
    row->speaker.name = row->device.name;
    row->speaker.org = row->device.org;
    return enrol_key(devices->keys->secret, row->device.pins.exchange,
                     &devices->keys->pins, &row->device.pins,
                     row->speaker.key);
}

bool devices_add(struct devices *devices, struct device_row *row)
{
    if (devices->count == DEVICES_MAX)
        return false;
    if (devices->count == devices->room) {
        devices->room = devices->room * 2 + 16;
        devices->one = xrealloc(devices->one,
                                (size_t)devices->room * sizeof(void *));
    }
    devices->one[devices->count++] = row;
    return true;
}

bool devices_add_invite(struct devices *devices, const struct invite *invite)
{
    if (devices->invites == INVITES_MAX)
        return false;
    devices->invite = xrealloc(devices->invite,
                               ((size_t)devices->invites + 1) *
                                   sizeof(*devices->invite));
    devices->invite[devices->invites++] = *invite;
    return true;
}

/* ---- reading ---- */

static bool read_text(const char *value, char *to, size_t size)
{
    return (size_t)snprintf(to, size, "%s", value) < size;
}

static bool read_number(const char *value, int64_t *to)
{
    char *end;

    *to = strtoll(value, &end, 10);
    return value[0] != '\0' && *end == '\0';
}

static bool set_device(struct device_row *row, const char *name,
                       const char *value)
{
    struct device *to = &row->device;

    if (strcmp(name, "name") == 0)
        return station_name_valid(value) &&
               read_text(value, to->name, sizeof(to->name));
    if (strcmp(name, "org") == 0)
        return org_valid(value) && read_text(value, to->org, sizeof(to->org));
    if (strcmp(name, "pin") == 0)
        return hex_read(value, to->pins.pin, 32);
    if (strcmp(name, "exchange") == 0)
        return hex_read(value, to->pins.exchange, 32);
    if (strcmp(name, "invite") == 0)
        return hex_read(value, row->invite, INVITE_SIZE);
    if (strcmp(name, "since") == 0)
        return read_number(value, &to->since_ms);
    if (strcmp(name, "state") != 0)
        return false;
    to->revoked = strcmp(value, "revoked") == 0;
    return to->revoked || strcmp(value, "allowed") == 0;
}

static bool set_invite(struct invite *to, const char *name, const char *value)
{
    int64_t tries;

    if (strcmp(name, "invite") == 0)
        return hex_read(value, to->id, INVITE_SIZE);
    if (strcmp(name, "key") == 0)
        return hex_read(value, to->key, 32);
    if (strcmp(name, "org") == 0)
        return org_valid(value) && read_text(value, to->org, sizeof(to->org));
    if (strcmp(name, "until") == 0)
        return read_number(value, &to->until_ms);
    if (strcmp(name, "tries") != 0 || !read_number(value, &tries))
        return false;
    to->tries = tries < 0 || tries > 1000 ? 1000 : (int)tries;
    return true;
}

static int on_item(void *user, const struct ini_item *item,
                   struct fault *fault)
{
    struct devices *devices = user;
    bool device = strcmp(item->section, "device") == 0, good = false;
    struct device_row *row;

    if (!item->name && device) {
        row = xmalloc(sizeof(*row));
        memset(row, 0, sizeof(*row));
        good = devices_add(devices, row);
        if (!good)
            free(row);
    } else if (!item->name) {
        good = strcmp(item->section, "invite") == 0 &&
               devices_add_invite(devices, &(struct invite){0});
    } else if (device) {
        good = set_device(devices->one[devices->count - 1], item->name,
                          item->value);
    } else {
        good = set_invite(&devices->invite[devices->invites - 1], item->name,
                          item->value);
    }
    return good ? 0 : fault_set(fault, ERR_CORRUPT, item->name,
                                "the list of devices cannot be read");
}

int devices_read(struct devices *devices, struct bytes text,
                 struct fault *fault)
{
    int rc = ini_read_sections(devices->path, (const char *)text.data,
                               text.len, on_item, devices, fault);

    for (int i = 0; i < devices->count && rc == 0; i++) {
        struct device_row *row = devices->one[i];

        if (row->device.name[0] == '\0' || row->device.org[0] == '\0' ||
            devices_ready(devices, row) < 0)
            rc = fault_set(fault, ERR_CORRUPT, "", "a device of the list is "
                           "not whole");
    }
    return rc;
}

/* ---- writing ---- */

static void put_hex(struct buf *out, const char *name, const uint8_t *data,
                    size_t len)
{
    char line[96], hex[65];

    sodium_bin2hex(hex, sizeof(hex), data, len);
    snprintf(line, sizeof(line), "%s = %s\n", name, hex);
    buf_put(out, line, strlen(line));
}

static void put_device(const struct device_row *row, struct buf *out)
{
    const struct device *device = &row->device;
    char text[240];

    snprintf(text, sizeof(text),
             "[device]\nname = %s\norg = %s\nsince = %lld\nstate = %s\n",
             device->name, device->org, (long long)device->since_ms,
             device->revoked ? "revoked" : "allowed");
    buf_put(out, text, strlen(text));
    put_hex(out, "pin", device->pins.pin, 32);
    put_hex(out, "exchange", device->pins.exchange, 32);
    put_hex(out, "invite", row->invite, INVITE_SIZE);
}

void devices_write(const struct devices *devices, struct buf *out)
{
    char text[160];

    buf_init(out, DEVICES_FILE_MAX);
    for (int i = 0; i < devices->count; i++)
        put_device(devices->one[i], out);
    for (int i = 0; i < devices->invites; i++) {
        const struct invite *invite = &devices->invite[i];

        snprintf(text, sizeof(text),
                 "[invite]\norg = %s\nuntil = %lld\ntries = %d\n", invite->org,
                 (long long)invite->until_ms, invite->tries);
        buf_put(out, text, strlen(text));
        put_hex(out, "invite", invite->id, INVITE_SIZE);
        put_hex(out, "key", invite->key, 32);
    }
}
