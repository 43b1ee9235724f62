/*
 * A machine's disk: a few files in memory behind an SQLite VFS, in two layers.
 * What was written is read back at once (volatile); only what was synced
 * outlives a power cut (durable), as on a real disk.
 *
 * Of directories: a new file is found after a power cut once the file itself
 * was synced; a deleted one is gone for good once its directory was synced
 * (SQLite does that with some deletes, and with the first sync of each journal
 * or log) or a new file of that name was. A file that is replaced whole is both
 * in one. Until then a power cut decides as over any other unsynced write. A
 * sync that fails has let go: a random part of what it should have written is
 * on the disk, the rest never will be, however often it is repeated, though it
 * is still read back. What waits for a sync longer than 4 MiB of writes to its
 * file is written back unasked.
 *
 * One process and one directory; a connection holds its database alone. Nothing
 * here asks a clock or the system's dice.
 */
#ifndef YZ_SIM_DISK_H
#define YZ_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;
struct disk_image;

/* What a power cut leaves of the unsynced writes, in the order they came. */
enum disk_survival {
    DISK_NONE,                  /* nothing */
    DISK_PREFIX,                /* the first ones, a random number of them */
    DISK_SUBSET,                /* each one by a coin */
    DISK_TORN_512,              /* the first ones, and sectors of the next */
    DISK_TORN_4096,             /* likewise, on a disk of larger sectors */
    DISK_GARBAGE,               /* likewise, and some sectors are noise */
    DISK_ALL,
    DISK_SURVIVALS
};

/* Registers an SQLite VFS of that name. Same name, same seed, same calls: the
 * same disk. */
struct disk *disk_new(const char *name, uint64_t seed);
/* Every connection that used it must be closed. */
void disk_free(struct disk *disk);
const char *disk_vfs(const struct disk *disk);
/* SQLite keeps dice of its own, one set for the whole process: a run that must
 * repeat begins with this. */
void disk_seed_sqlite(uint32_t seed);

/* The process died or was killed: what it wrote stays, its open handles are
 * dead. Power cut: of what was not synced only this survives (the choice within
 * PREFIX, SUBSET, TORN, GARBAGE comes from the disk's own random stream). Both
 * revive a dead disk. Dead handles must still be closed. */
void disk_process_end(struct disk *disk);
void disk_power_off(struct disk *disk, enum disk_survival how);
/* From now on every operation fails: the machine died in the middle of a call,
 * and whoever called it is still unwinding. */
void disk_die(struct disk *disk);
/* The same by itself, instead of the operation after so many more. */
void disk_die_after(struct disk *disk, uint64_t operations);
bool disk_dead(const struct disk *disk);

/* A copy of everything as it stands (a cloned PC, a snapshot, a backup by file
 * copy), and putting one back, durably; open handles are dead after that.
 * Copies share their pages with the disk until one of them is written. */
struct disk_image *disk_copy(const struct disk *disk);
void disk_put(struct disk *disk, const struct disk_image *image);
void disk_image_free(struct disk_image *image);

/* Faults, each until taken back: */

enum disk_op {
    DISK_READ,
    DISK_WRITE,
    DISK_SYNC,
    DISK_TRUNCATE,
    DISK_OPEN,
    DISK_DELETE,
    DISK_ANY,
    DISK_OPS
};

/* The op fails `times` times (-1: always, 0: takes it back), after so many more
 * good ones. A failing write may have written a part. */
void disk_fail(struct disk *disk, enum disk_op op, uint64_t after, int times,
               int sqlite_code);
/* -1: no limit; else SQLITE_FULL beyond so many bytes in all files. */
void disk_budget(struct disk *disk, int64_t bytes);
/* Sync says OK and does nothing. */
void disk_lie(struct disk *disk, bool lies);
/* Flips random bits at rest in both layers; false if there is no such file. */
bool disk_rot(struct disk *disk, const char *file, int bits);
/* One later write of the database goes to another page of it. */
void disk_misdirect(struct disk *disk, uint64_t after);

/* Small files outside SQLite (the numbers file): replaced whole and durable
 * when it returns 0, or fails like a write would (-1), old or new. */
int disk_file_replace(struct disk *disk, const char *name, const void *data,
                      size_t len);
/* Bytes, at most `max`; -1: not there, or it cannot be read. */
long disk_file_read(const struct disk *disk, const char *name, void *out,
                    size_t max);
bool disk_file_delete(struct disk *disk, const char *name);
int64_t disk_file_size(const struct disk *disk, const char *name);

struct disk_counts {
    uint64_t reads, writes, syncs, bytes_written;
    uint64_t failed;            /* operations that a fault failed */
    uint64_t torn, lost;        /* unsynced writes a power cut tore or took */
    uint64_t rotted, misdirected;
};
const struct disk_counts *disk_counts(const struct disk *disk);

#endif
