/*
 * A backup: a copy of the running store in a directory, as one file called after
 * this machine with a number that rises: hub-520527-000017.yz. It is made beside
 * the work, a slice at a time, and has its name only once it was read back and
 * found whole. Of older ones a few are kept.
 */
#ifndef YZ_BACKUP_H
#define YZ_BACKUP_H

#include "daemon/config.h"
#include "store/care.h"

enum { BACKUP_KEEP = 7, BACKUP_PATH = CONFIG_PATH + 120 };

struct node;

struct backup_made {
    char file[BACKUP_PATH];
    int64_t bytes;
    struct copy_facts facts;
    bool secures;               /* it is the off-box copy */
    int removed;                /* older ones */
};

struct backup;
/* `dir` must be there and is never made: where a disk is not mounted nothing
 * must be written in its place. */
struct backup *backup_new(struct node *node, const char *dir);
/* What is not finished leaves nothing behind. */
void backup_free(struct backup *backup);
/* One slice, as in struct job. ERR_FULL, ERR_IO, ERR_CORRUPT ...; tells the log
 * how it ended. */
int backup_step(struct backup *backup, struct fault *fault);
const struct backup_made *backup_made(const struct backup *backup);

/* What the store remembers of the newest one in the configured directory. */
#define BACKUP_MS "backup_ms"
#define BACKUP_NUMBER "backup_number"

/* Is one due, a day after the last? A clock that was set back makes one due, and
 * nothing else hangs on it. */
bool backup_due(int64_t last_ms, int64_t now_ms);

#endif
