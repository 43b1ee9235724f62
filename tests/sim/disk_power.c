/*
 * The power goes: what of the unsynced writes reached the disk. All files
 * together, in the order in which they were written.
 */
#include "tests/sim/disk_guts.h"
#include "proto/buf.h"

#include <stdlib.h>

/* A write, a truncation, or the birth or end of an entry. */
struct late {
    uint64_t order;
    struct disk_file *file;
    struct unsynced *write;     /* NULL: the entry */
};

static int late_compare(const void *a, const void *b)
{
    const struct late *x = a, *y = b;

    return x->order < y->order ? -1 : x->order > y->order;
}

static size_t late_collect(struct disk *disk, struct late **out)
{
    struct late *late;
    size_t count = 0;

    for (struct disk_file *file = disk->files; file != NULL; file = file->next)
        count += file->count + 2;
    late = xmalloc((count + 1) * sizeof *late);
    count = 0;
    for (struct disk_file *file = disk->files; file != NULL;
         file = file->next) {
        if (file->born != 0)
            late[count++] = (struct late){file->born, file, NULL};
        if (file->gone != 0)
            late[count++] = (struct late){file->gone, file, NULL};
        for (size_t i = 0; i < file->count; i++)
            late[count++] = (struct late){file->unsynced[i].order, file,
                                          &file->unsynced[i]};
    }
    qsort(late, count, sizeof *late, late_compare);
    *out = late;
    return count;
}

static void late_apply(const struct late *late)
{
    struct disk_file *file = late->file;
    const struct unsynced *write = late->write;

    if (write == NULL && late->order == file->born)
        file_keep_entry(file);
    else if (write == NULL)
        file->there_kept = false;
    else if (write->cut)
        pages_resize(&file->kept, write->at);
    else
        pages_write(&file->kept, write->at, file->data + write->data,
                    write->len);
}

/* One sector of a write, or the part of it that was written. */
static size_t sector(const struct unsynced *write, size_t done, size_t size)
{
    size_t len = size - (size_t)(write->at + (int64_t)done) % size;

    return len < write->len - done ? len : write->len - done;
}

/* The write the power went away in: each sector is old, new or, with noise,
 * neither. */
static void late_tear(struct disk *disk, const struct late *late, size_t size,
                      bool noise)
{
    const struct unsynced *write = late->write;
    uint8_t *data;
    bool torn = false, whole = true;

    if (write == NULL || write->cut)
        return;
    data = late->file->data + write->data;
    for (size_t done = 0, len; done < write->len; done += len) {
        uint64_t fate = disk_below(disk, noise ? 3 : 2);

        len = sector(write, done, size);
        if (fate == 0) {
            whole = false;
            continue;
        }
        if (fate == 2)
            for (size_t i = 0; i < len; i++)
                data[done + i] = (uint8_t)disk_dice(disk);
        pages_write(&late->file->kept, write->at + (int64_t)done, data + done,
                    len);
        torn = true;
    }
    if (torn && !whole)
        disk->counts.torn++;
    else if (!whole)
        disk->counts.lost++;
}

static void late_decide(struct disk *disk, const struct late *late,
                        size_t count, enum disk_survival how)
{
    size_t whole = how == DISK_NONE  ? 0
                   : how == DISK_ALL ? count
                                     : (size_t)disk_below(disk, count + 1);

    for (size_t i = 0; i < count; i++) {
        bool survives = how == DISK_SUBSET ? disk_below(disk, 2) == 0
                                           : i < whole;

        if (survives)
            late_apply(&late[i]);
        else if (i == whole && (how == DISK_TORN_512 || how == DISK_GARBAGE))
            late_tear(disk, &late[i], 512, how == DISK_GARBAGE);
        else if (i == whole && how == DISK_TORN_4096)
            late_tear(disk, &late[i], 4096, false);
        else if (late[i].write != NULL)
            disk->counts.lost++;
    }
}

void disk_power_off(struct disk *disk, enum disk_survival how)
{
    struct late *late;
    size_t count = late_collect(disk, &late);

    late_decide(disk, late, count, how);
    free(late);
    for (struct disk_file *file = disk->files; file != NULL;
         file = file->next) {
        file->there = file->there_kept;
        file->born = file->gone = 0;
        file_forget_unsynced(file);
        if (file->there)
            pages_share(&file->now, &file->kept);
    }
    disk_process_end(disk);
}
