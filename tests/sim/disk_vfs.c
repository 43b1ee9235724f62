/*
 * What SQLite sees: one directory, one process. A lock has one owner, so a
 * second connection is told that the database is busy; a store holds it for as
 * long as it is open.
 */
#include "tests/sim/disk_guts.h"

#include <stdio.h>
#include <string.h>

/* 2024-01-01 as a Julian day in milliseconds. */
static const int64_t first_day = 2460310 * (int64_t)86400000 + 43200000;

static struct disk_handle *handle_of(sqlite3_file *file)
{
    return (struct disk_handle *)(void *)file;
}

/* The process that opened it has died: the handle is only there to be
 * closed. */
static bool stale(const struct disk_handle *handle)
{
    return handle->life != handle->file->disk->life;
}

static int vfs_unlock(sqlite3_file *base, int lock)
{
    struct disk_handle *handle = handle_of(base);

    handle->lock = lock;
    if (lock == SQLITE_LOCK_NONE && handle->file->owner == handle)
        handle->file->owner = NULL;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int lock)
{
    struct disk_handle *handle = handle_of(base);

    if (stale(handle) || handle->file->disk->dead)
        return SQLITE_IOERR_LOCK;
    if (handle->file->owner != NULL && handle->file->owner != handle)
        return SQLITE_BUSY;
    handle->file->owner = handle;
    if (lock > handle->lock)
        handle->lock = lock;
    return SQLITE_OK;
}

static int vfs_reserved(sqlite3_file *base, int *out)
{
    const struct disk_handle *owner = handle_of(base)->file->owner;

    *out = owner != NULL && owner->lock >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int vfs_close(sqlite3_file *base)
{
    struct disk_handle *handle = handle_of(base);
    struct disk_file *file = handle->file;

    vfs_unlock(base, SQLITE_LOCK_NONE);
    file->handles--;
    if ((handle->flags & SQLITE_OPEN_DELETEONCLOSE) && file->there)
        file_delete(file);
    disk_sweep(file->disk);
    return SQLITE_OK;
}

static int vfs_read(sqlite3_file *base, void *out, int len, sqlite3_int64 at)
{
    struct disk_handle *handle = handle_of(base);
    struct disk *disk = handle->file->disk;
    int rc = stale(handle) ? SQLITE_IOERR_READ : disk_op(disk, DISK_READ);
    size_t got;

    disk->counts.reads++;
    if (rc != SQLITE_OK)
        return rc;
    got = pages_read(&handle->file->now, at, out, (size_t)len);
    if (got == (size_t)len)
        return SQLITE_OK;
    memset((uint8_t *)out + got, 0, (size_t)len - got);
    return SQLITE_IOERR_SHORT_READ;
}

/* Where a write of a whole page really goes. */
static int64_t directed(struct disk *disk, const struct disk_handle *handle,
                        int64_t at, int64_t len)
{
    int64_t pages = handle->file->now.size / len, page = at / len, other;

    if (!disk->misdirect || !(handle->flags & SQLITE_OPEN_MAIN_DB) ||
        pages < 2 || at % len != 0)
        return at;
    if (disk->misdirect_after > 0) {
        disk->misdirect_after--;
        return at;
    }
    other = (int64_t)disk_below(disk, (uint64_t)pages - 1);
    disk->misdirect = false;
    disk->counts.misdirected++;
    return (other < page ? other : other + 1) * len;
}

static int vfs_write(sqlite3_file *base, const void *data, int len,
                     sqlite3_int64 at)
{
    struct disk_handle *handle = handle_of(base);
    struct disk *disk = handle->file->disk;

    if (stale(handle))
        return SQLITE_IOERR_WRITE;
    return file_write(handle->file, directed(disk, handle, at, len), data,
                      (size_t)len);
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct disk_handle *handle = handle_of(base);

    return stale(handle) ? SQLITE_IOERR_TRUNCATE
                         : file_truncate(handle->file, size);
}

/* As SQLite's own: the first sync of a log or journal is the directory's, too.
 * Without it a journal that was deleted could come back and undo what later
 * logs told. */
static int vfs_sync(sqlite3_file *base, int flags)
{
    struct disk_handle *handle = handle_of(base);
    struct disk *disk = handle->file->disk;
    int rc = stale(handle) ? SQLITE_IOERR_FSYNC : file_sync(handle->file);

    (void)flags;
    if (rc == SQLITE_OK && handle->entries && !disk->lies) {
        handle->entries = false;
        disk_keep_entries(disk);
    }
    return rc;
}

static int vfs_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct disk_handle *handle = handle_of(base);

    if (stale(handle) || handle->file->disk->dead)
        return SQLITE_IOERR_FSTAT;
    *size = handle->file->now.size;
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

/* As SQLite takes a disk of today to be: a write that the power cuts off
 * leaves the bytes beside it alone. */
static int vfs_sector(sqlite3_file *base)
{
    (void)base;
    return PAGE_SIZE;
}

static int vfs_traits(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    1, vfs_close, vfs_read, vfs_write, vfs_truncate, vfs_sync, vfs_size,
    vfs_lock, vfs_unlock, vfs_reserved, vfs_control, vfs_sector, vfs_traits,
    NULL, NULL, NULL, NULL, NULL, NULL};

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base,
                    int flags, int *out_flags)
{
    struct disk_handle *handle = handle_of(base);
    struct disk *disk = vfs->pAppData;
    struct disk_file *file = path == NULL ? NULL : file_find(disk, path);
    int rc = disk_op(disk, DISK_OPEN);
    int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL |
                   SQLITE_OPEN_WAL;

    base->pMethods = NULL;
    if (rc != SQLITE_OK)
        return rc;
    if (file == NULL ? !(flags & SQLITE_OPEN_CREATE)
                     : (flags & SQLITE_OPEN_EXCLUSIVE) != 0)
        return SQLITE_CANTOPEN;
    if (file == NULL)
        file = file_new(disk, path == NULL ? "" : path);
    file->handles++;
    *handle = (struct disk_handle){.base.pMethods = &methods, .file = file,
                                   .life = disk->life, .flags = flags,
                                   .entries = (flags & journals) != 0};
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    struct disk *disk = vfs->pAppData;
    struct disk_file *file = file_find(disk, path);
    int rc = disk_op(disk, DISK_DELETE);

    if (rc != SQLITE_OK)
        return rc;
    if (file == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    file_delete(file);
    return sync_directory ? disk_sync_entries(disk) : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    struct disk *disk = vfs->pAppData;
    const struct disk_file *file = file_find(disk, path);

    /* As SQLite's own: an empty file counts for nothing. */
    *out = file != NULL &&
           (flags != SQLITE_ACCESS_EXISTS || file->now.size > 0);
    return disk->dead ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int room,
                         char *out)
{
    (void)vfs;
    if (snprintf(out, (size_t)room, "%s", path) >= room)
        return SQLITE_CANTOPEN;
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
    for (int i = 0; i < len; i++)
        out[i] = (char)disk_below(vfs->pAppData, 256);
    return len;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    struct disk *disk = vfs->pAppData;

    disk->clock_ms += us / 1000;
    return us;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    const struct disk *disk = vfs->pAppData;

    *out = first_day + disk->clock_ms;
    return SQLITE_OK;
}

static int vfs_day(sqlite3_vfs *vfs, double *out)
{
    sqlite3_int64 ms;

    vfs_time(vfs, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}

void disk_vfs_init(struct disk *disk)
{
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct disk_handle),
        .mxPathname = DISK_NAME - 1,
        .zName = disk->name,
        .pAppData = disk,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_day,
        .xCurrentTimeInt64 = vfs_time,
    };
}
