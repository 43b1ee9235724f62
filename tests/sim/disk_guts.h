/* The guts of the disk, for the files disk*.c only. */
#ifndef YZ_SIM_DISK_GUTS_H
#define YZ_SIM_DISK_GUTS_H

#include "tests/sim/disk.h"
#include "tests/sim/pages.h"

#include <sqlite3.h>

enum { DISK_NAME = 512 };

/* A write, or with no data a truncation, that is not synced yet. */
struct unsynced {
    uint64_t order;
    int64_t at;
    size_t len, data;           /* `data` counts in file->data */
    bool cut;
};

/* One file. Its name may by now be another's: it stays while it is open, and
 * while a power cut may bring it back. */
struct disk_file {
    struct disk_file *next;
    struct disk *disk;
    char name[DISK_NAME];       /* "": temporary, never durable */
    struct pages now, kept;     /* volatile and durable */
    bool there, there_kept;     /* found under its name, now and then */
    uint64_t born, gone;        /* when, while that is not durable; or 0 */
    struct unsynced *unsynced;
    size_t count, room;
    uint8_t *data;              /* of the unsynced writes */
    size_t used, data_room;
    int handles;
    struct disk_handle *owner;  /* who holds the lock */
};

struct disk_handle {
    sqlite3_file base;
    struct disk_file *file;
    uint64_t life;              /* of the process that opened it */
    int flags, lock;
    bool entries;               /* its next sync is the directory's, too */
};

struct rule {
    uint64_t after;
    int times, code;
};

struct disk {
    char name[DISK_NAME];
    sqlite3_vfs vfs;
    struct disk_file *files;
    uint64_t dice, order, life;
    int64_t clock_ms;           /* moved by xSleep alone */
    bool dead, lies;
    bool mortal;
    uint64_t die_after;
    struct rule rules[DISK_OPS];
    int64_t budget;
    bool misdirect;
    uint64_t misdirect_after;
    struct disk_counts counts;
};

void disk_vfs_init(struct disk *disk);

uint64_t disk_dice(struct disk *disk);
/* 0 to n - 1. */
uint64_t disk_below(struct disk *disk, uint64_t n);
/* Does this operation fail, and with which code? */
int disk_op(struct disk *disk, enum disk_op op);

struct disk_file *file_find(const struct disk *disk, const char *name);
/* "" for a temporary one. */
struct disk_file *file_new(struct disk *disk, const char *name);
void file_delete(struct disk_file *file);
/* Both return an SQLite code. */
int file_write(struct disk_file *file, int64_t at, const void *data,
               size_t len);
int file_truncate(struct disk_file *file, int64_t size);
int file_sync(struct disk_file *file);
/* All entries of the directory become durable; the second is the operation
 * that asks for it, which may fail. */
void disk_keep_entries(struct disk *disk);
int disk_sync_entries(struct disk *disk);
/* A power cut will find it: what a sync of the file does for its entry. */
void file_keep_entry(struct disk_file *file);
void file_forget_unsynced(struct disk_file *file);
/* Free the files that nobody and nothing needs any more. */
void disk_sweep(struct disk *disk);
/* All of them, open or not; handles keep theirs until they are closed. */
void disk_forget_files(struct disk *disk);

#endif
