#include "tests/sim/disk_guts.h"
#include "proto/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct disk *disk_new(const char *name, uint64_t seed)
{
    struct disk *disk = xmalloc(sizeof *disk);

    memset(disk, 0, sizeof *disk);
    strncpy(disk->name, name, sizeof disk->name - 1);
    disk->dice = seed;
    disk->budget = -1;
    disk_vfs_init(disk);
    sqlite3_vfs_register(&disk->vfs, 0);
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    disk_forget_files(disk);
    assert(disk->files == NULL);
    sqlite3_vfs_unregister(&disk->vfs);
    free(disk);
}

const char *disk_vfs(const struct disk *disk)
{
    return disk->name;
}

void disk_seed_sqlite(uint32_t seed)
{
    sqlite3_initialize();
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed == 0 ? 1 : (int)seed,
                         NULL);
}

/* splitmix64 */
uint64_t disk_dice(struct disk *disk)
{
    uint64_t z = disk->dice += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t disk_below(struct disk *disk, uint64_t n)
{
    return disk_dice(disk) % n;
}

const struct disk_counts *disk_counts(const struct disk *disk)
{
    return &disk->counts;
}

/* ---- the machine ---- */

void disk_process_end(struct disk *disk)
{
    disk->life++;
    disk->dead = disk->mortal = false;
    for (struct disk_file *file = disk->files; file != NULL;
         file = file->next)
        file->owner = NULL;
    disk_sweep(disk);
}

void disk_die(struct disk *disk)
{
    disk->dead = true;
}

void disk_die_after(struct disk *disk, uint64_t operations)
{
    disk->mortal = true;
    disk->die_after = operations;
}

bool disk_dead(const struct disk *disk)
{
    return disk->dead;
}

/* ---- faults ---- */

void disk_fail(struct disk *disk, enum disk_op op, uint64_t after, int times,
               int sqlite_code)
{
    disk->rules[op] = (struct rule){after, times, sqlite_code};
}

static int rule_meet(struct rule *rule)
{
    if (rule->times == 0)
        return SQLITE_OK;
    if (rule->after > 0) {
        rule->after--;
        return SQLITE_OK;
    }
    if (rule->times > 0)
        rule->times--;
    return rule->code;
}

int disk_op(struct disk *disk, enum disk_op op)
{
    int rc, any;

    if (!disk->dead && disk->mortal && disk->die_after-- == 0)
        disk->dead = true;
    if (disk->dead)
        return SQLITE_IOERR;
    rc = rule_meet(&disk->rules[op]);
    any = rule_meet(&disk->rules[DISK_ANY]);
    if (rc == SQLITE_OK)
        rc = any;
    if (rc != SQLITE_OK)
        disk->counts.failed++;
    return rc;
}

void disk_budget(struct disk *disk, int64_t bytes)
{
    disk->budget = bytes;
}

void disk_lie(struct disk *disk, bool lies)
{
    disk->lies = lies;
}

bool disk_rot(struct disk *disk, const char *name, int bits)
{
    struct disk_file *file = file_find(disk, name);

    if (file == NULL || file->now.size == 0)
        return false;
    for (int i = 0; i < bits; i++) {
        uint64_t at = disk_below(disk, (uint64_t)file->now.size);

        pages_flip(&file->now, &file->kept, (int64_t)at,
                   (int)disk_below(disk, 8));
        disk->counts.rotted++;
    }
    return true;
}

void disk_misdirect(struct disk *disk, uint64_t after)
{
    disk->misdirect = true;
    disk->misdirect_after = after;
}

/* ---- copies ---- */

struct disk_image {
    size_t count;
    struct {
        char name[DISK_NAME];
        struct pages pages;
    } files[];
};

struct disk_image *disk_copy(const struct disk *disk)
{
    struct disk_image *image;
    size_t count = 0;

    for (struct disk_file *file = disk->files; file != NULL; file = file->next)
        count += file->there;
    image = xmalloc(sizeof *image + count * sizeof *image->files);
    image->count = 0;
    for (struct disk_file *file = disk->files; file != NULL;
         file = file->next) {
        if (!file->there)
            continue;
        memcpy(image->files[image->count].name, file->name, DISK_NAME);
        pages_init(&image->files[image->count].pages);
        pages_share(&image->files[image->count++].pages, &file->now);
    }
    return image;
}

void disk_put(struct disk *disk, const struct disk_image *image)
{
    disk_forget_files(disk);
    for (size_t i = 0; i < image->count; i++) {
        struct disk_file *file = file_new(disk, image->files[i].name);

        pages_share(&file->now, &image->files[i].pages);
        pages_share(&file->kept, &image->files[i].pages);
        file_keep_entry(file);
    }
    disk_process_end(disk);
}

void disk_image_free(struct disk_image *image)
{
    if (image == NULL)
        return;
    for (size_t i = 0; i < image->count; i++)
        pages_done(&image->files[i].pages);
    free(image);
}

/* ---- small files outside SQLite ---- */

/* As a careful program does it: another file is written and synced, takes the
 * name, and the directory is synced. */
int disk_file_replace(struct disk *disk, const char *name, const void *data,
                      size_t len)
{
    struct disk_file *old = file_find(disk, name), *file;
    bool failed;

    if (disk_op(disk, DISK_OPEN) != SQLITE_OK)
        return -1;
    file = file_new(disk, name);
    file->there = false;        /* not by this name yet */
    file->handles++;
    failed = file_write(file, 0, data, len) != SQLITE_OK ||
             file_sync(file) != SQLITE_OK;
    file->handles--;
    if (failed) {
        file->born = 0;
        file_forget_unsynced(file);
        disk_sweep(disk);
        return -1;
    }
    if (old != NULL)
        old->there = false;
    file->there = true;
    return disk_sync_entries(disk) == SQLITE_OK ? 0 : -1;
}

long disk_file_read(const struct disk *disk, const char *name, void *out,
                    size_t max)
{
    const struct disk_file *file = file_find(disk, name);

    if (disk->dead || file == NULL)
        return -1;
    return (long)pages_read(&file->now, 0, out, max);
}

bool disk_file_delete(struct disk *disk, const char *name)
{
    struct disk_file *file = file_find(disk, name);

    if (file == NULL || disk_op(disk, DISK_DELETE) != SQLITE_OK)
        return false;
    file_delete(file);
    return true;
}

int64_t disk_file_size(const struct disk *disk, const char *name)
{
    const struct disk_file *file = file_find(disk, name);

    return file == NULL ? -1 : file->now.size;
}
