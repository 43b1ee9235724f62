/*
 * Happy path: room is looked for, the store is copied under a first name, the
 * copy is opened and verified, gets its own name, old ones go, and the store
 * remembers that it is secured.
 * What can fail: the disk it is written to, at any place; then the file is
 * removed and nothing has changed. A file a kill left behind is written over by
 * the next one.
 */
#include "daemon/backup.h"
#include "daemon/beside.h"
#include "daemon/log.h"
#include "daemon/node.h"
#include "daemon/numbers.h"
#include "daemon/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_MAX = 256 * 1024,
    DIGITS = 6,
    DAY_MS = 24 * 3600 * 1000,
    MARGIN = 1024 * 1024        /* of room, beside the size of the store */
};
#define ENDING ".yz"

_Static_assert((int)COPY_NUMBERS == (int)NUMBERS_MAX, "one file of numbers");

enum phase { BEGIN, COPY, CHECK, NAME, DONE };

struct backup {
    struct node *node;
    char dir[CONFIG_PATH];
    char stem[80];              /* "hub-520527" */
    enum phase phase;
    struct copying *copying;
    struct store *copy;         /* while it is checked */
    struct verify *verify;
    char first[BACKUP_PATH];    /* its name while it is made; "" for none */
    struct backup_made made;
};

struct backup *backup_new(struct node *node, const char *dir)
{
    const struct config *config = node_config(node);
    struct backup *backup = xmalloc(sizeof(*backup));

    memset(backup, 0, sizeof(*backup));
    backup->node = node;
    snprintf(backup->dir, sizeof(backup->dir), "%s", dir);
    snprintf(backup->stem, sizeof(backup->stem), "%s-%s",
             config->hub ? "hub" : "station", config->name);
    backup->made.secures = strcmp(dir, config->backup) == 0;
    return backup;
}

static void let_go(struct backup *backup)
{
    verify_free(backup->verify);
    copy_close(backup->copy);
    copy_free(backup->copying);
    backup->verify = NULL;
    backup->copy = NULL;
    backup->copying = NULL;
}

static void remove_first(struct backup *backup)
{
    char journal[BACKUP_PATH + 16];

    if (backup->first[0] == '\0')
        return;
    snprintf(journal, sizeof(journal), "%s-journal", backup->first);
    os_remove_file(journal, NULL);
    os_remove_file(backup->first, NULL);
    backup->first[0] = '\0';
}

void backup_free(struct backup *backup)
{
    if (!backup)
        return;
    let_go(backup);
    remove_first(backup);
    free(backup);
}

const struct backup_made *backup_made(const struct backup *backup)
{
    return &backup->made;
}

/* ---- its steps ---- */

static int look_for_room(struct backup *backup, struct fault *fault)
{
    struct store_status status;
    int64_t room = os_room(backup->dir), need;
    int rc = store_status(node_store(backup->node), &status);

    if (rc < 0)
        return fault_set(fault, rc, "", "no status");
    need = status.db_bytes + status.wal_bytes + MARGIN;
    if (room < need)
        return fault_set(fault, ERR_FULL, "backup",
                         "%s has room for %lld MB, a copy needs %lld",
                         backup->dir, (long long)room / 1000000,
                         (long long)need / 1000000 + 1);
    return 0;
}

static int begin(struct backup *backup, struct fault *fault)
{
    int rc = look_for_room(backup, fault);

    if (rc < 0)
        return rc;
    snprintf(backup->first, sizeof(backup->first), "%s/%s.part", backup->dir,
             backup->stem);
    /* For this user alone from its first byte on; and the system's own words
     * when it cannot be written. */
    rc = os_write_file(backup->first, bytes_of("", 0), fault);
    if (rc == 0)
        rc = copy_begin(node_store(backup->node), backup->first,
                        &backup->copying, fault);
    backup->phase = COPY;
    return rc < 0 ? rc : 1;
}

static int copy(struct backup *backup, struct fault *fault)
{
    struct copy_note note = {.made_ms = os_wall_ms(),
                             .secures = backup->made.secures};
    int rc = copy_step(backup->copying, fault);

    if (rc != 0)
        return rc;
    snprintf(note.name, sizeof(note.name), "%s",
             node_config(backup->node)->name);
    node_numbers(backup->node, note.numbers);
    rc = copy_end(backup->copying, &note, fault);
    let_go(backup);
    if (rc == 0)
        rc = copy_open(backup->first, NULL, &backup->copy,
                       &backup->made.facts, fault);
    if (rc < 0)
        return rc;
    backup->verify = verify_new(backup->copy);
    backup->phase = CHECK;
    return 1;
}

static int check(struct backup *backup, struct fault *fault)
{
    int rc = verify_step(backup->verify, fault);

    if (rc != 0)
        return rc;
    let_go(backup);
    backup->made.bytes = os_size(backup->first);
    backup->phase = NAME;
    return 1;
}

/* The number in a name that is one of ours; 0 if it is none. */
static int number_of(const struct backup *backup, const char *name)
{
    size_t stem = strlen(backup->stem);

    if (strlen(name) != stem + 1 + DIGITS + strlen(ENDING) ||
        memcmp(name, backup->stem, stem) != 0 || name[stem] != '-' ||
        strspn(name + stem + 1, "0123456789") != DIGITS)
        return 0;
    return (int)strtol(name + stem + 1, NULL, 10);
}

/* Our copies in the directory, the oldest first: the greatest number of one of
 * them; their names in `out`, one after the other. */
static int list(const struct backup *backup, struct buf *out, int *count,
                struct fault *fault)
{
    struct buf all;
    int greatest = 0, rc;

    buf_init(&all, NAMES_MAX);
    rc = os_list(backup->dir, ENDING, &all, fault);
    *count = 0;
    for (size_t at = 0; rc == 0 && at < all.len;) {
        const char *name = (const char *)all.data + at;
        int number = number_of(backup, name);

        at += strlen(name) + 1;
        if (number == 0)
            continue;
        buf_put(out, name, strlen(name) + 1);
        greatest = number > greatest ? number : greatest;
        ++*count;
    }
    buf_done(&all);
    return rc < 0 ? rc : greatest;
}

static void remove_old(struct backup *backup, const struct buf *names,
                       int count)
{
    const char *name = (const char *)names->data;

    for (; count >= BACKUP_KEEP; count--, name += strlen(name) + 1) {
        char path[BACKUP_PATH + 256];

        snprintf(path, sizeof(path), "%s/%s", backup->dir, name);
        os_remove_file(path, NULL);
        backup->made.removed++;
    }
}

static int name_it(struct backup *backup, struct fault *fault)
{
    struct backup_made *made = &backup->made;
    struct store *store = node_store(backup->node);
    struct buf names;
    int count = 0, rc;

    buf_init(&names, NAMES_MAX);
    rc = beside_keep(node_config(backup->node), backup->dir, fault);
    if (rc == 0)
        rc = list(backup, &names, &count, fault);
    if (rc >= 0) {
        snprintf(made->file, sizeof(made->file), "%s/%s-%0*d" ENDING,
                 backup->dir, backup->stem, DIGITS, rc + 1);
        rc = os_rename(backup->first, made->file, fault);
    }
    if (rc == 0) {
        backup->first[0] = '\0';
        reached(store, REACH_COPY_NAMED);
        remove_old(backup, &names, count);
    }
    if (rc == 0 && made->secures) {
        rc = store_remember(store, BACKUP_MS, made->facts.note.made_ms);
        if (rc == 0)
            rc = store_remember(store, BACKUP_NUMBER,
                                (int64_t)made->facts.number);
        if (rc == 0 && made->facts.hub)
            rc = store_secure(store, made->facts.number);
        reached(store, REACH_COPY_SECURED);
    }
    buf_done(&names);
    backup->phase = DONE;
    return rc;
}

static int step(struct backup *backup, struct fault *fault)
{
    switch (backup->phase) {
    case BEGIN:
        return begin(backup, fault);
    case COPY:
        return copy(backup, fault);
    case CHECK:
        return check(backup, fault);
    case NAME:
        return name_it(backup, fault);
    case DONE:
        break;
    }
    return 0;
}

int backup_step(struct backup *backup, struct fault *fault)
{
    int rc = step(backup, fault);

    if (rc < 0) {
        let_go(backup);
        remove_first(backup);
        log_event(LOG_E, 6016, "backup.fail", "code=YZ%04d why=\"%s\"",
                  err_code(rc), fault->why);
    } else if (rc == 0) {
        log_event(LOG_I, 6015, "backup.done",
                  "file=%s bytes=%lld number=%llu changes=%llu",
                  backup->made.file, (long long)backup->made.bytes,
                  (unsigned long long)backup->made.facts.number,
                  (unsigned long long)backup->made.facts.written);
    }
    return rc;
}

bool backup_due(int64_t last_ms, int64_t now_ms)
{
    return last_ms <= 0 || now_ms < last_ms || now_ms - last_ms >= DAY_MS;
}
