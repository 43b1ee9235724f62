#include "daemon/devices.h"
#include "daemon/os.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/devices_file.h"

enum { DAY_MS = 24 * 3600 * 1000, CODE_MS = 3 * DAY_MS, TRIES = 5 };

static int save(struct devices *devices, struct fault *fault)
{
    struct buf text;
    int rc;

    devices_write(devices, &text);
    rc = text.full ? fault_set(fault, ERR_SIZE, "", "too many devices")
                   : os_write_file(devices->path, buf_view(&text), fault);
    buf_done(&text);
    return rc;
}

int devices_open(const struct config *config, const struct keys *keys,
                 struct devices **out, struct fault *fault)
{
    struct devices *devices = xmalloc(sizeof(*devices));
    struct buf text;
    int rc;

    memset(devices, 0, sizeof(*devices));
    devices->keys = keys;
    snprintf(devices->org, sizeof(devices->org), "%.12s", config->org);
    config_path(config, "devices", devices->path);
    buf_init(&text, DEVICES_FILE_MAX);
    rc = os_read_file(devices->path, DEVICES_FILE_MAX, &text, fault);
    if (rc == 1)
        rc = devices_read(devices, buf_view(&text), fault);
    buf_done(&text);
    if (rc < 0) {
        devices_free(devices);
        devices = NULL;
    }
    *out = devices;
    return rc;
}

void devices_free(struct devices *devices)
{
    if (!devices)
        return;
    for (int i = 0; i < devices->count; i++)
        free(devices->one[i]);
    for (int i = 0; i < devices->invites; i++)
        sodium_memzero(&devices->invite[i], sizeof(devices->invite[i]));
    free(devices->one);
    free(devices->invite);
    free(devices->list);
    free(devices);
}

/* ---- invitations ---- */

/* Those that are over are forgotten with the next change. */
static void prune(struct devices *devices, int64_t now_ms)
{
    int kept = 0;

    for (int i = 0; i < devices->invites; i++) {
        const struct invite *invite = &devices->invite[i];

        /* One given out while the clock was years ahead is not good for years;
         * a clock that is put right by hours ends none. */
        if (now_ms < invite->until_ms &&
            invite->until_ms - now_ms <= CODE_MS + DAY_MS)
            devices->invite[kept++] = *invite;
    }
    devices->invites = kept;
}

int devices_invite(struct devices *devices, const char *org, int64_t now_ms,
                   char code[CODE_TEXT], struct fault *fault)
{
    struct invite invite = {.until_ms = now_ms + CODE_MS};
    uint8_t random[CODE_SIZE];
    struct pass pass;
    int rc;

    if (!org_valid(org) ||
        strncmp(org, devices->org, strlen(devices->org)) != 0)
        return fault_set(fault, ERR_VALUE, "org",
                         "allowed: 6 to 12 digits that begin with %s, the "
                         "hub's own organisation", devices->org);
    randombytes_buf(random, sizeof(random));
    code_text(random, code);
    if (code_pass(random, &pass) < 0)
        return fault_set(fault, ERR_FAULT, "", "no memory for the code");
    memcpy(invite.id, pass.invite, sizeof(invite.id));
    memcpy(invite.key, pass.key, sizeof(invite.key));
    snprintf(invite.org, sizeof(invite.org), "%s", org);
    prune(devices, now_ms);
    if (!devices_add_invite(devices, &invite))
        return fault_set(fault, ERR_SIZE, "", "too many open invitations");
    rc = save(devices, fault);
    if (rc < 0)
        devices->invites--;
    sodium_memzero(&invite, sizeof(invite));
    sodium_memzero(&pass, sizeof(pass));
    return rc;
}

static struct invite *find_invite(struct devices *devices,
                                  const uint8_t id[INVITE_SIZE])
{
    for (int i = 0; i < devices->invites; i++)
        if (memcmp(devices->invite[i].id, id, INVITE_SIZE) == 0)
            return &devices->invite[i];
    return NULL;
}

/* ---- letting in ---- */

static struct device_row *find_row(const struct devices *devices,
                                   const char *name)
{
    for (int i = 0; i < devices->count; i++)
        if (strcmp(devices->one[i]->device.name, name) == 0)
            return devices->one[i];
    return NULL;
}

/* The name it wants; where another device has that, the next free one. */
static void choose_name(const struct devices *devices, const char *wanted,
                        char *out)
{
    snprintf(out, STATION_MAX + 1, "%.60s", wanted);
    for (int i = 2; find_row(devices, out); i++)
        snprintf(out, STATION_MAX + 1, "%.48s-%d", wanted, i);
}

static int add_device(struct devices *devices, const struct note *ask,
                      const struct invite *invite, int64_t now_ms,
                      struct fault *fault)
{
    struct device_row *row = xmalloc(sizeof(*row));
    int rc;

    memset(row, 0, sizeof(*row));
    choose_name(devices, ask->name, row->device.name);
    snprintf(row->device.org, sizeof(row->device.org), "%s", invite->org);
    row->device.pins = ask->pins;
    row->device.since_ms = now_ms;
    memcpy(row->invite, invite->id, sizeof(row->invite));
    rc = devices_ready(devices, row);
    if (rc < 0) {
        free(row);
        return fault_set(fault, ERR_CODE, "", "its key is none");
    }
    if (!devices_add(devices, row)) {
        free(row);
        return fault_set(fault, ERR_SIZE, "", "too many devices");
    }
    rc = save(devices, fault);
    if (rc < 0)
        free(devices->one[--devices->count]);
    return rc;
}

static struct device_row *row_of(const struct devices *devices,
                                 const uint8_t pin[32])
{
    for (int i = 0; i < devices->count; i++)
        if (memcmp(devices->one[i]->device.pins.pin, pin, 32) == 0)
            return devices->one[i];
    return NULL;
}

/* Is the code good for whoever wrote this note? */
static int judge(struct devices *devices, const struct note *ask,
                 struct invite *invite, struct fault *fault)
{
    if (invite->tries >= TRIES)
        return fault_set(fault, ERR_CODE, "", "it was tried too often");
    if (!note_asked(ask, invite->key)) {
        invite->tries++;
        save(devices, NULL);
        return fault_set(fault, ERR_CODE, "", "somebody altered the request "
                         "on its way");
    }
    for (int i = 0; i < devices->count; i++) {
        const struct device_row *row = devices->one[i];

        if (memcmp(row->invite, invite->id, INVITE_SIZE) == 0 &&
            memcmp(row->device.pins.pin, ask->pins.pin, 32) != 0)
            return fault_set(fault, ERR_CODE, "", "it was used for %s",
                             row->device.name);
    }
    if (strcmp(ask->org, invite->org) != 0)
        return fault_set(fault, ERR_CODE, "org", "the code is for %s, this PC "
                         "is set up for %s", invite->org, ask->org);
    return 0;
}

/* It comes with another code than before: the county lets it in once more, also
 * when it had been revoked. */
static int again(struct devices *devices, struct device_row *row,
                 const struct invite *invite, struct fault *fault)
{
    struct invite *before = find_invite(devices, row->invite);

    if (strcmp(row->device.org, invite->org) != 0)
        return fault_set(fault, ERR_CODE, "org", "this PC is enrolled for %s, "
                         "as %s", row->device.org, row->device.name);
    if (memcmp(row->invite, invite->id, INVITE_SIZE) == 0)
        return row->device.revoked
                   ? fault_set(fault, ERR_REVOKED, "", "%s", row->device.name)
                   : 0;
    if (before)                 /* used up, though nobody names it any more */
        before->tries = TRIES;
    memcpy(row->invite, invite->id, INVITE_SIZE);
    row->device.revoked = false;
    return save(devices, fault);
}

static void write_answer(const struct devices *devices,
                         const struct device *device, const struct note *ask,
                         const uint8_t key[32], struct buf *out)
{
    struct note note = {.pins = devices->keys->pins};

    snprintf(note.org, sizeof(note.org), "%s", device->org);
    snprintf(note.name, sizeof(note.name), "%s", device->name);
    note_answer(&note, ask, key);
    note_write(&note, "answer", out);
}

int devices_admit(struct devices *devices, struct bytes ask, int64_t now_ms,
                  struct buf *answer, const struct device **fresh,
                  struct fault *fault)
{
    struct device_row *row;
    struct invite *invite;
    struct note note;
    int rc = note_read(ask, "ask", &note, fault);

    *fresh = NULL;
    if (rc < 0)
        return rc;
    prune(devices, now_ms);
    invite = find_invite(devices, note.invite);
    if (!invite)
        return fault_set(fault, ERR_CODE, "", "mistyped, or older than "
                         "72 hours");
    rc = judge(devices, &note, invite, fault);
    if (rc < 0)
        return rc;
    row = row_of(devices, note.pins.pin);
    if (row) {
        rc = again(devices, row, invite, fault);
    } else {
        rc = add_device(devices, &note, invite, now_ms, fault);
        row = rc == 0 ? devices->one[devices->count - 1] : NULL;
        *fresh = row ? &row->device : NULL;
    }
    if (rc == 0)
        write_answer(devices, &row->device, &note, invite->key, answer);
    return rc;
}

int devices_revoke(struct devices *devices, const char *name,
                   struct fault *fault)
{
    struct device_row *row = find_row(devices, name);
    int rc;

    if (!row)
        return fault_set(fault, ERR_STATION, "device", "see: yizhan devices");
    if (row->device.revoked)
        return 0;
    row->device.revoked = true;
    rc = save(devices, fault);
    if (rc < 0)
        row->device.revoked = false;
    return rc;
}

/* ---- asking ---- */

const struct device *devices_at(const struct devices *devices, int i)
{
    return i < devices->count ? &devices->one[i]->device : NULL;
}

const struct device *devices_of(const struct devices *devices,
                                const uint8_t pin[32])
{
    const struct device_row *row = row_of(devices, pin);

    return row ? &row->device : NULL;
}

const struct speaker *devices_speaker(struct devices *devices,
                                      const uint8_t pin[32], const char *name)
{
    const struct device_row *row = row_of(devices, pin);

    return row && !row->device.revoked && strcmp(row->device.name, name) == 0
               ? &row->speaker : NULL;
}

const struct speaker *devices_named(const struct devices *devices,
                                    const char *name)
{
    const struct device_row *row = find_row(devices, name);

    return row && !row->device.revoked ? &row->speaker : NULL;
}

const struct station *devices_list(struct devices *devices, int *count)
{
    *count = devices->count;
    devices->list = xrealloc(devices->list, sizeof(*devices->list) *
                                                ((size_t)devices->count + 1));
    for (int i = 0; i < devices->count; i++)
        devices->list[i] = (struct station){
            .name = devices->one[i]->device.name,
            .org = devices->one[i]->device.org,
        };
    return devices->list;
}

void devices_check(const struct devices *devices, const struct device *device,
                   char out[CHECK_TEXT])
{
    enrol_check(&devices->keys->pins, &device->pins, out);
}
