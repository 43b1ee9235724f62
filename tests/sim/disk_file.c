/*
 * Files in two layers. A write goes to the volatile pages and into a list of
 * what is not synced; a sync lets the durable layer share the pages that the
 * list touches, and empties it. So a commit costs the bytes it writes, whatever
 * the size of the file.
 */
#include "tests/sim/disk_guts.h"
#include "proto/buf.h"

#include <stdlib.h>
#include <string.h>

/* What waits longer for a sync is written back unasked, as systems do; a disk
 * that lies would else remember for ever. */
enum { UNSYNCED_MAX = 4 << 20 };

struct disk_file *file_find(const struct disk *disk, const char *name)
{
    struct disk_file *file = disk->files;

    while (file != NULL && !(file->there && strcmp(file->name, name) == 0))
        file = file->next;
    return file;
}

struct disk_file *file_new(struct disk *disk, const char *name)
{
    struct disk_file *file = xmalloc(sizeof *file);

    memset(file, 0, sizeof *file);
    file->disk = disk;
    strncpy(file->name, name, sizeof file->name - 1);
    file->next = disk->files;
    disk->files = file;
    if (name[0] != '\0') {
        file->there = true;
        file->born = ++disk->order;
    }
    return file;
}

static void file_free(struct disk_file *file)
{
    pages_done(&file->now);
    pages_done(&file->kept);
    free(file->unsynced);
    free(file->data);
    free(file);
}

void disk_sweep(struct disk *disk)
{
    struct disk_file **at = &disk->files, *file;

    while ((file = *at) != NULL)
        if (file->handles > 0 || file->there || file->there_kept ||
            file->born != 0 || file->gone != 0) {
            at = &file->next;
        } else {
            *at = file->next;
            file_free(file);
        }
}

void file_forget_unsynced(struct disk_file *file)
{
    file->count = file->used = 0;
}

void disk_forget_files(struct disk *disk)
{
    for (struct disk_file *file = disk->files; file != NULL;
         file = file->next) {
        file->there = file->there_kept = false;
        file->born = file->gone = 0;
        file_forget_unsynced(file);
    }
    disk_sweep(disk);
}

void file_delete(struct disk_file *file)
{
    file->there = false;
    if (file->there_kept || file->born != 0)
        file->gone = ++file->disk->order;
    disk_sweep(file->disk);
}

/* The list's last place, with room for so many bytes. */
static struct unsynced *unsynced_new(struct disk_file *file, size_t len)
{
    if (file->count == file->room) {
        file->room = file->room == 0 ? 64 : 2 * file->room;
        file->unsynced =
            xrealloc(file->unsynced, file->room * sizeof *file->unsynced);
    }
    if (file->used + len > file->data_room) {
        file->data_room = 2 * (file->used + len);
        file->data = xrealloc(file->data, file->data_room);
    }
    return &file->unsynced[file->count++];
}

/* The durable layer catches up. A truncation may have touched any page. */
static void file_keep(struct disk_file *file)
{
    bool cut = false;

    for (size_t i = 0; i < file->count && !cut; i++)
        cut = file->unsynced[i].cut;
    if (cut)
        pages_share(&file->kept, &file->now);
    for (size_t i = 0; i < file->count && !cut; i++)
        pages_share_part(&file->kept, &file->now, file->unsynced[i].at,
                         file->unsynced[i].len);
    file_forget_unsynced(file);
}

static void file_remember(struct disk_file *file, int64_t at,
                          const void *data, size_t len, bool cut)
{
    struct unsynced *last;

    if (file->name[0] == '\0')
        return;
    last = unsynced_new(file, len);
    *last = (struct unsynced){.order = ++file->disk->order, .at = at,
                              .len = len, .data = file->used, .cut = cut};
    if (len > 0)
        memcpy(file->data + file->used, data, len);
    file->used += len;
    if (file->used > UNSYNCED_MAX)
        file_keep(file);
}

/* How much of a write still fits on the disk. */
static size_t fitting(const struct disk_file *file, int64_t at, size_t len)
{
    const struct disk *disk = file->disk;
    int64_t room = disk->budget;

    if (room < 0 || at + (int64_t)len <= file->now.size)
        return len;
    for (const struct disk_file *f = disk->files; f != NULL; f = f->next)
        if (f->there || f->handles > 0)
            room -= f->now.size;
    room += file->now.size - at;
    if (room <= 0)
        return 0;
    return (int64_t)len <= room ? len : (size_t)room;
}

int file_write(struct disk_file *file, int64_t at, const void *data,
               size_t len)
{
    struct disk *disk = file->disk;
    int rc = disk_op(disk, DISK_WRITE);
    size_t part = len;

    disk->counts.writes++;
    if (disk->dead)
        return rc;
    if (rc != SQLITE_OK) {
        part = (size_t)disk_below(disk, len + 1);
    } else if ((part = fitting(file, at, len)) < len) {
        disk->counts.failed++;
        rc = SQLITE_FULL;
    }
    if (part > 0) {
        pages_write(&file->now, at, data, part);
        file_remember(file, at, data, part, false);
        disk->counts.bytes_written += part;
    }
    return rc;
}

int file_truncate(struct disk_file *file, int64_t size)
{
    int rc = disk_op(file->disk, DISK_TRUNCATE);

    if (rc != SQLITE_OK)
        return rc;
    pages_resize(&file->now, size);
    file_remember(file, size, NULL, 0, true);
    return SQLITE_OK;
}

/* Some of it may have reached the disk; the rest never will. */
static void file_let_go(struct disk_file *file)
{
    struct disk *disk = file->disk;

    for (size_t i = 0; i < file->count; i++) {
        const struct unsynced *it = &file->unsynced[i];

        if (disk_below(disk, 2) == 0)
            disk->counts.lost++;
        else if (it->cut)
            pages_resize(&file->kept, it->at);
        else
            pages_write(&file->kept, it->at, file->data + it->data, it->len);
    }
    file_forget_unsynced(file);
}

/* What bore the name before is no longer found by it. */
void file_keep_entry(struct disk_file *file)
{
    for (struct disk_file *f = file->disk->files; f != NULL; f = f->next)
        if (f != file && f->born < file->born &&
            strcmp(f->name, file->name) == 0) {
            f->there_kept = false;
            f->born = f->gone = 0;
        }
    file->there_kept = true;
    file->born = 0;
}

int file_sync(struct disk_file *file)
{
    struct disk *disk = file->disk;
    int rc = disk_op(disk, DISK_SYNC);

    disk->counts.syncs++;
    if (disk->dead)
        return rc;
    if (rc != SQLITE_OK) {
        file_let_go(file);
        return rc;
    }
    if (disk->lies)
        return SQLITE_OK;
    file_keep(file);
    if (file->born != 0 && file->there) {
        file_keep_entry(file);
        disk_sweep(disk);
    }
    return SQLITE_OK;
}

void disk_keep_entries(struct disk *disk)
{
    for (struct disk_file *file = disk->files; file != NULL;
         file = file->next) {
        file->there_kept = file->there;
        file->born = file->gone = 0;
    }
    disk_sweep(disk);
}

int disk_sync_entries(struct disk *disk)
{
    int rc = disk_op(disk, DISK_SYNC);

    disk->counts.syncs++;
    if (rc == SQLITE_OK && !disk->lies)
        disk_keep_entries(disk);
    return rc;
}
