/*
 * A log that rotted, told from one that a power cut tore.
 *
 * SQLite reads a log up to the first frame that is not as it was written, and
 * passes over all that follows, without a word. Behind a power cut that is
 * right: what follows was never synced, so nobody was told that it is saved.
 * But a frame behind the end of a transaction is written only after that
 * transaction was synced, and its sum goes on from the sum before it. So a whole
 * frame that goes on from the end of a transaction which SQLite did not read
 * proves that there was more, and that it was on the disk.
 *
 * What this cannot know: whether the newest transaction of all rotted or was
 * torn, as nothing stands behind that one; and whether the head of the log rotted
 * or is what a failing write left of the next round's, when all of this round is
 * in the database already.
 *
 * The log, in SQLite's words (fileformat2, "The Write-Ahead Log"): a head of 32
 * bytes, then frames of a head of 24 bytes and a page. Numbers are big-endian;
 * of the words that are summed the lowest bit of the first number decides.
 */
#include "store/rotten.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_HEAD = 32, FRAME_HEAD = 24, PAGE_MAX = 65536 };
enum { LOG_MAGIC = 0x377f0682 };

struct sum {
    uint32_t a, b;
};

struct looking {
    sqlite3_file *file;
    size_t page;
    bool big_endian;
    uint8_t salt[8];            /* of this round of the log */
    struct sum told, made;      /* of the frame before: as it stands there, and
                                 * as its bytes give it */
    bool ends;                  /* it ends a transaction */
    int64_t broken;             /* where SQLite ceased to read, -1: nowhere */
    uint8_t bytes[FRAME_HEAD + PAGE_MAX];
};

static uint32_t word(const uint8_t *at, bool big_endian)
{
    return big_endian ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                            (uint32_t)at[2] << 8 | at[3]
                      : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 |
                            (uint32_t)at[1] << 8 | at[0];
}

static struct sum sum_on(const struct looking *on, struct sum sum,
                         const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        sum.a += word(bytes + i, on->big_endian) + sum.b;
        sum.b += word(bytes + i + 4, on->big_endian) + sum.a;
    }
    return sum;
}

static struct sum sum_at(const uint8_t *bytes)
{
    return (struct sum){word(bytes, true), word(bytes + 4, true)};
}

static bool same(struct sum x, struct sum y)
{
    return x.a == y.a && x.b == y.b;
}

/* Of the frame in on->bytes, if `before` is the sum it goes on from. */
static struct sum frame_sum(const struct looking *on, struct sum before)
{
    return sum_on(on, sum_on(on, before, on->bytes, 8),
                  on->bytes + FRAME_HEAD, on->page);
}

/* The head counts as the end of a transaction: it is synced before the first
 * frame. False if it is not whole. */
static bool look_at_head(struct looking *on, int *rc)
{
    uint8_t *head = on->bytes;

    *rc = on->file->pMethods->xRead(on->file, head, LOG_HEAD, 0);
    if (*rc != SQLITE_OK)
        return false;

    on->big_endian = (head[3] & 1) != 0;
    on->told = sum_at(head + 24);
    on->made = sum_on(on, (struct sum){0, 0}, head, 24);
    on->ends = true;
    on->broken = -1;
    memcpy(on->salt, head + 16, sizeof on->salt);
    return (word(head, true) & ~1u) == LOG_MAGIC && same(on->told, on->made);
}

/* Does this frame prove that something before it is lost? */
static bool look_at_frame(struct looking *on, int64_t at)
{
    struct sum told = sum_at(on->bytes + 16);
    struct sum made = frame_sum(on, on->told);
    bool ours = memcmp(on->bytes + 8, on->salt, sizeof on->salt) == 0;
    bool whole = ours && same(told, made) && word(on->bytes, true) != 0;
    bool proves = false;

    /* Its own sum may be what rotted of the one before. */
    if (on->broken >= 0 && on->ends && ours)
        proves = whole || same(told, frame_sum(on, on->made));
    else if (on->broken < 0 && !whole)
        on->broken = at;
    on->ends = word(on->bytes + 4, true) != 0;
    on->told = told;
    on->made = made;
    return proves;
}

static int look(struct looking *on, int64_t size)
{
    int64_t step = FRAME_HEAD + (int64_t)on->page, at = LOG_HEAD;
    int rc;

    if (!look_at_head(on, &rc))
        return rc;
    for (; rc == SQLITE_OK && at + step <= size; at += step) {
        rc = on->file->pMethods->xRead(on->file, on->bytes, (int)step, at);
        if (rc == SQLITE_OK && look_at_frame(on, at))
            return SQLITE_CORRUPT;
    }
    return rc;
}

static size_t page_size(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(store, "PRAGMA page_size");
    int64_t size = db_step(store, stmt) == 1 ? sqlite3_column_int64(stmt, 0)
                                             : 0;

    sqlite3_reset(stmt);
    return size > 0 && size <= PAGE_MAX ? (size_t)size : 0;
}

int log_rotten(struct store *store, struct fault *fault)
{
    struct looking *on = xmalloc(sizeof *on);
    sqlite3_int64 size = 0;
    int64_t broken;
    int rc;

    memset(on, 0, sizeof *on);
    on->page = page_size(store);
    rc = sqlite3_file_control(store->db, "main",
                              SQLITE_FCNTL_JOURNAL_POINTER, &on->file);
    if (rc == SQLITE_OK && on->page > 0 && on->file != NULL &&
        on->file->pMethods != NULL) {
        rc = on->file->pMethods->xFileSize(on->file, &size);
        if (rc == SQLITE_OK &&
            size >= LOG_HEAD + FRAME_HEAD + (int64_t)on->page)
            rc = look(on, size);
    }
    broken = on->broken;
    free(on);
    if (rc == SQLITE_OK)
        return store->rc;
    rc = fault_set(fault, db_error(store, rc), "",
                   "it is damaged at byte %lld and has changes behind that",
                   (long long)broken);
    if (fault != NULL)
        snprintf(fault->where, sizeof fault->where, "%.190s-wal",
                 store->path);
    return rc;
}
