/*
 * Happy path: lock; is the copy ours; copy it beside the old store and verify
 * that; note that a restore is under way; rename the old store's files; write
 * the numbers; give the copy its name; note that all is well.
 * What can fail: everything before the note changes nothing, and what it left
 * is removed. After the note only renames and small files are left to fail;
 * then the same restore again goes on from there.
 */
#include "daemon/restore.h"
#include "daemon/audit.h"
#include "daemon/crash.h"
#include "daemon/marker.h"
#include "daemon/beside.h"
#include "daemon/numbers.h"
#include "daemon/os.h"
#include "store/audit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PATH = CONFIG_PATH + 64,
    MARGIN = 1024 * 1024
};

/* What the county decided after the copy, and how often its hub was started, is
 * not known when the file of numbers is gone too. So many more than anybody does
 * between two copies are passed over. */
enum { NUMBERS_LEAP = 1000000, LIFE_LEAP = 100 };

struct restoring {
    const struct config *config;
    struct restored *out;
    char fresh[PATH];           /* the copy, while it is made ready */
    struct numbers numbers;     /* hub: to be written */
    const char *person;
    void (*reach)(void *user, enum reach mark);
};

static void reach(const struct restoring *on, enum reach mark)
{
    if (on->reach)
        on->reach(NULL, mark);
}

/* ---- before anything is changed ---- */

static int check_ours(const struct config *config,
                      const struct copy_facts *facts, const char *file,
                      struct fault *fault)
{
    if (facts->hub != config->hub || strcmp(facts->org, config->org) != 0 ||
        strcmp(facts->note.name, config->name) != 0)
        return fault_set(fault, ERR_COPY, "",
                         "%s is of the %s %s (%s), and this is the %s %s (%s)",
                         file, facts->hub ? "hub" : "station",
                         facts->note.name, facts->org,
                         config->hub ? "hub" : "station", config->name,
                         config->org);
    return 0;
}

static int check_copy(struct restoring *on, const char *path, bool all,
                      struct fault *fault)
{
    struct store *copy;
    int rc = copy_open(path, NULL, &copy, &on->out->facts, fault);

    if (rc == 0)
        rc = check_ours(on->config, &on->out->facts, path, fault);
    if (rc == 0 && all)
        rc = store_verify(copy, fault);
    copy_close(copy);
    return rc;
}

static int check_room(const struct restoring *on, const char *file,
                      struct fault *fault)
{
    int64_t room = os_room(on->config->data), need = os_size(file) + MARGIN;

    return room >= need
               ? 0
               : fault_set(fault, ERR_FULL, "",
                           "%s has room for %lld MB, the copy needs %lld",
                           on->config->data, (long long)room / 1000000,
                           (long long)need / 1000000 + 1);
}

/* The newer of what this machine has and what the copy has, so that no number
 * and no life is used twice. */
static int choose_numbers(struct restoring *on, struct fault *fault)
{
    struct numbers have, *to = &on->numbers;
    struct restored *out = on->out;
    int rc = numbers_read(on->config, &have, fault);

    if (rc == ERR_NUMBERS)
        rc = 0;                 /* damaged: as good as gone, but kept */
    if (rc < 0)
        return rc;
    memcpy(to->path, have.path, sizeof(to->path));
    if (!numbers_parse(out->facts.note.numbers, to))
        return fault_set(fault, ERR_COPY, "numbers",
                         "the copy has no file of numbers");
    out->numbers = rc == 1 && id_equal(&have.hub, &to->hub)
                       ? NUMBERS_PRESENT : NUMBERS_OF_COPY;
    if (out->numbers == NUMBERS_OF_COPY) {
        to->reserved += NUMBERS_LEAP;
        to->life += LIFE_LEAP;
    }
    if (rc == 1 && have.reserved > to->reserved)
        to->reserved = have.reserved;
    if (rc == 1 && have.life > to->life)
        to->life = have.life;
    out->reserved = to->reserved;
    out->life = to->life;
    return 0;
}

/* The note of the copy goes, and its audit trail tells who put it back. */
static int settle(const struct restoring *on, const char *file,
                  struct fault *fault)
{
    char name[AUDIT_FILE], object[AUDIT_FILE + 40];
    const struct audited row = {
        .wall_ms = os_wall_ms(), .person = on->person, .act = "restore",
        .device = on->config->name, .object = object};

    audit_file(file, name);
    snprintf(object, sizeof(object), "%s number=%llu", name,
             (unsigned long long)on->out->facts.number);
    return copy_settle(on->fresh, NULL, &row, fault);
}

/* The copy, verified and without its note, in the data directory. A register that
 * is whole goes back also with a trail that is not. */
static int make_ready(struct restoring *on, const char *file,
                      struct fault *fault)
{
    int rc = check_copy(on, file, false, fault);

    if (rc == 0)
        rc = check_room(on, file, fault);
    if (rc == 0)
        rc = os_copy(file, on->fresh, fault);
    if (rc == 0)
        rc = check_copy(on, on->fresh, true, fault);
    on->out->altered = rc == ERR_AUDIT;
    rc = on->out->altered ? 0 : rc;
    if (rc == ERR_CORRUPT)      /* the store here is not meant */
        rc = fault_set(fault, ERR_COPY, "", "%s is damaged, %s: %s", file,
                       fault->field, fault->why);
    if (rc == 0 && on->config->hub)
        rc = choose_numbers(on, fault);
    if (rc == 0)
        rc = settle(on, file, fault);
    if (rc == 0)
        reach(on, REACH_RESTORE_COPIED);
    return rc;
}

/* ---- the change ---- */

static const char *const files[] = {"yizhan.db-wal", "yizhan.db-shm",
                                    "yizhan.db", "numbers"};
enum { FILES = sizeof(files) / sizeof(files[0]), NUMBERS_FILE = FILES - 1 };

static bool anything_there(const struct config *config)
{
    char path[PATH];

    for (int i = 0; i < FILES; i++) {
        config_path(config, files[i], path);
        if (os_size(path) >= 0)
            return true;
    }
    return false;
}

static void kept_path(const struct restoring *on, int i, char out[PATH + 64])
{
    snprintf(out, PATH + 64, "%s/%s.%s", on->config->data, on->out->kept,
             files[i]);
}

/* Would a file that is kept under this name take another's place? Of the numbers
 * the first copy counts: later ones may be those of a restore that was cut. */
static bool kept_free(const struct restoring *on)
{
    char from[PATH], to[PATH + 64];

    for (int i = 0; i < NUMBERS_FILE; i++) {
        config_path(on->config, files[i], from);
        kept_path(on, i, to);
        if (os_size(from) >= 0 && os_size(to) >= 0)
            return false;
    }
    return true;
}

/* The name of the restore that was cut, so that what belongs together stays so,
 * or one nobody has; the day in it is for people. */
static int choose_kept(struct restoring *on, struct fault *fault)
{
    time_t now = (time_t)(os_wall_ms() / 1000);
    char day[32] = "";
    struct tm utc;
    int rc;

    if (!anything_there(on->config))
        return 0;
    rc = marker_kept(on->config, on->out->kept, KEPT_NAME, fault);
    if (rc < 0 || (on->out->kept[0] != '\0' && kept_free(on)))
        return rc;
    if (gmtime_r(&now, &utc))
        strftime(day, sizeof(day), "%Y%m%dT%H%M%SZ", &utc);
    for (int i = 1; i < 1000; i++) {
        snprintf(on->out->kept, KEPT_NAME, i > 1 ? "replaced-%s-%d"
                                                 : "replaced-%s", day, i);
        if (kept_free(on))
            return 0;
    }
    return fault_set(fault, ERR_IO, "data", "%s is full of replaced stores",
                     on->config->data);
}

static int keep_one(const struct restoring *on, int i, struct fault *fault)
{
    char from[PATH], to[PATH + 64];
    int rc;

    config_path(on->config, files[i], from);
    kept_path(on, i, to);
    if (os_size(from) < 0 || (i == NUMBERS_FILE && os_size(to) >= 0))
        return 0;
    if (i != NUMBERS_FILE)
        return os_rename(from, to, fault);
    rc = os_copy(from, to, fault);      /* the numbers go on */
    os_own_like(to, on->config->data);
    return rc;
}

/* Root restores, and another user runs the daemon. */
static void give_back(const struct restoring *on)
{
    static const char *const names[] = {"yizhan.db", "numbers", "marker",
                                        "lock"};
    char path[PATH];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        config_path(on->config, names[i], path);
        os_own_like(path, on->config->data);
    }
}

static int change(struct restoring *on, struct fault *fault)
{
    char path[PATH];
    int rc;

    rc = choose_kept(on, fault);
    if (rc == 0)
        rc = marker_restoring(on->config, on->out->kept, fault);
    if (rc == 0)
        reach(on, REACH_RESTORE_MARKED);
    for (int i = 0; i < FILES && rc == 0; i++)
        rc = keep_one(on, i, fault);
    if (rc == 0)
        reach(on, REACH_RESTORE_KEPT);
    if (rc == 0 && on->config->hub)
        rc = numbers_write(&on->numbers, fault);
    config_path(on->config, "yizhan.db", path);
    if (rc == 0)
        rc = os_rename(on->fresh, path, fault);
    if (rc == 0)
        reach(on, REACH_RESTORE_PLACED);
    if (rc == 0)
        rc = marker_ready(on->config, fault);
    give_back(on);
    return rc;
}

int restore(const struct config *config, const char *file, const char *person,
            struct restored *out, struct fault *fault)
{
    struct restoring on = {.config = config, .out = out, .person = person,
                           .reach = crash_hook()};
    char journal[PATH + 16];
    int rc;

    os_keep_private();
    rc = os_directory(config->data, fault);
    memset(out, 0, sizeof(*out));
    if (rc == 0)
        rc = os_lock(config->data, fault);
    if (rc < 0)
        return rc;
    config_path(config, "restore.new", on.fresh);
    snprintf(journal, sizeof(journal), "%s-journal", on.fresh);
    os_remove_file(journal, NULL);         /* of one that was cut */
    os_remove_file(on.fresh, NULL);
    rc = make_ready(&on, file, fault);
    if (rc == 0)
        rc = beside_take(config, file, fault);
    if (rc == 0)
        rc = change(&on, fault);
    if (rc < 0)
        os_remove_file(on.fresh, NULL);
    return rc;
}
