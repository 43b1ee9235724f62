/* The simulated disk itself: a simulator that forgives what a real disk does
 * not would find nothing. */
#include "tests/sim/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <cmocka.h>

#define TEST(name) static void name(void **state)

enum { BLOCK = 8192, BLOCKS = 12, SEEDS = 200 };

/* ---- files as SQLite uses them ---- */

static sqlite3_vfs *vfs_of(struct disk *disk)
{
    return sqlite3_vfs_find(disk_vfs(disk));
}

static sqlite3_file *raw_open(struct disk *disk, const char *name)
{
    sqlite3_file *raw = calloc(1, (size_t)vfs_of(disk)->szOsFile);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                SQLITE_OPEN_MAIN_DB;

    assert_int_equal(
        vfs_of(disk)->xOpen(vfs_of(disk), name, raw, flags, NULL), 0);
    return raw;
}

static int raw_write(sqlite3_file *raw, int64_t at, const void *data, int len)
{
    return raw->pMethods->xWrite(raw, data, len, at);
}

static int raw_fill(sqlite3_file *raw, int64_t at, int byte, int len)
{
    uint8_t *data = malloc((size_t)len);
    int rc;

    memset(data, byte, (size_t)len);
    rc = raw_write(raw, at, data, len);
    free(data);
    return rc;
}

static int raw_read(sqlite3_file *raw, int64_t at, void *out, int len)
{
    return raw->pMethods->xRead(raw, out, len, at);
}

static int raw_sync(sqlite3_file *raw)
{
    return raw->pMethods->xSync(raw, SQLITE_SYNC_NORMAL);
}

static void raw_close(sqlite3_file *raw)
{
    raw->pMethods->xClose(raw);
    free(raw);
}

/* The text of a small file; "-" when there is none. */
static const char *text_of(struct disk *disk, const char *name)
{
    static char text[100];
    long len = disk_file_read(disk, name, text, sizeof text - 1);

    text[len < 0 ? 0 : len] = '\0';
    return len < 0 ? "-" : text;
}

static void raw_text(struct disk *disk, const char *name, const char *text,
                     bool sync)
{
    sqlite3_file *raw = raw_open(disk, name);

    assert_int_equal(raw_write(raw, 0, text, (int)strlen(text)), 0);
    if (sync)
        assert_int_equal(raw_sync(raw), 0);
    raw_close(raw);
}

/* ---- a power cut ---- */

TEST(what_was_not_synced_is_lost_and_what_was_is_kept)
{
    struct disk *disk = disk_new("d", 1);
    sqlite3_file *raw = raw_open(disk, "f");
    uint8_t got[BLOCK];

    (void)state;
    raw_fill(raw, 0, 'a', BLOCK);
    raw_sync(raw);
    raw_fill(raw, 100, 'b', 10);
    raw_fill(raw, BLOCK, 'c', BLOCK);
    assert_int_equal(raw_read(raw, 0, got, BLOCK), 0);
    assert_int_equal(got[105], 'b');
    disk_power_off(disk, DISK_NONE);
    assert_int_equal(raw_read(raw, 0, got, BLOCK), SQLITE_IOERR_READ);
    raw_close(raw);

    raw = raw_open(disk, "f");
    assert_int_equal(disk_file_size(disk, "f"), BLOCK);
    assert_int_equal(raw_read(raw, 0, got, BLOCK), 0);
    for (int i = 0; i < BLOCK; i++)
        assert_int_equal(got[i], 'a');
    assert_int_equal(disk_counts(disk)->lost, 2);
    raw_close(raw);
    disk_free(disk);
}

TEST(a_truncation_is_lost_like_a_write)
{
    (void)state;
    for (int how = DISK_NONE; how <= DISK_ALL; how += DISK_ALL) {
        struct disk *disk = disk_new("d", 1);
        sqlite3_file *raw = raw_open(disk, "f");
        uint8_t byte;

        raw_fill(raw, 0, 'a', BLOCK);
        raw_sync(raw);
        raw->pMethods->xTruncate(raw, 10);
        raw_fill(raw, 100, 'b', 1);
        raw_read(raw, 50, &byte, 1);
        assert_int_equal(byte, 0);
        disk_power_off(disk, (enum disk_survival)how);
        raw_close(raw);
        assert_int_equal(disk_file_size(disk, "f"),
                         how == DISK_ALL ? 101 : BLOCK);
        disk_free(disk);
    }
}

/* What became of one write: old, new, or which units of it are what. */
struct fate {
    int old, new, noise, mixed; /* of its units */
};

static struct fate fate_of(const uint8_t *data, uint8_t byte, int unit)
{
    struct fate fate = {0};

    for (int i = 0; i < BLOCK; i += unit) {
        int old = 0, new = 0;

        for (int j = i; j < i + unit; j++) {
            old += data[j] == '.';
            new += data[j] == byte;
        }
        if (old == unit)
            fate.old++;
        else if (new == unit)
            fate.new++;
        else if (old + new == unit)
            fate.mixed++;
        else
            fate.noise++;
    }
    return fate;
}

/* What a mode may do, over many seeds, and that it does it. */
struct seen {
    int whole[BLOCKS + 1];      /* so many whole ones first, nothing after */
    int holes, torn, noisy;
};

static void look(struct disk *disk, int unit, struct seen *seen)
{
    sqlite3_file *raw = raw_open(disk, "f");
    int whole = 0, torn_at = -1, last = -1;
    uint8_t got[BLOCK];

    for (int i = 0; i < BLOCKS; i++) {
        struct fate fate;
        int units = BLOCK / unit;

        raw_read(raw, (int64_t)i * BLOCK, got, BLOCK);
        fate = fate_of(got, (uint8_t)('A' + i), unit);
        assert_int_equal(fate.mixed, 0);
        if (fate.new == units && i == whole)
            whole++;
        if (fate.old < units)
            last = i;
        if (fate.new < units && fate.old < units) {
            assert_int_equal(torn_at, -1);
            torn_at = i;
        }
        seen->noisy += fate.noise > 0;
    }
    seen->torn += torn_at >= 0;
    if (torn_at >= 0)
        assert_int_equal(torn_at, whole);
    if (last >= whole + (torn_at >= 0))
        seen->holes++;
    else
        seen->whole[whole]++;
    raw_close(raw);
}

static void survive(enum disk_survival how, int unit, struct seen *seen)
{
    memset(seen, 0, sizeof *seen);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct disk *disk = disk_new("d", seed);
        sqlite3_file *raw = raw_open(disk, "f");

        raw_fill(raw, 0, '.', BLOCK * BLOCKS);
        raw_sync(raw);
        for (int i = 0; i < BLOCKS; i++)
            raw_fill(raw, (int64_t)i * BLOCK, 'A' + i, BLOCK);
        disk_power_off(disk, how);
        raw_close(raw);
        look(disk, unit, seen);
        disk_free(disk);
    }
}

TEST(each_way_to_survive_does_what_it_says)
{
    struct seen seen;
    int lengths = 0;

    (void)state;
    survive(DISK_NONE, BLOCK, &seen);
    assert_int_equal(seen.whole[0], SEEDS);
    survive(DISK_ALL, BLOCK, &seen);
    assert_int_equal(seen.whole[BLOCKS], SEEDS);

    survive(DISK_PREFIX, BLOCK, &seen);
    assert_int_equal(seen.torn + seen.holes, 0);
    for (int i = 0; i <= BLOCKS; i++)
        lengths += seen.whole[i] > 0;
    assert_int_equal(lengths, BLOCKS + 1);

    survive(DISK_SUBSET, BLOCK, &seen);
    assert_int_equal(seen.torn, 0);
    assert_true(seen.holes > SEEDS / 2);

    survive(DISK_TORN_512, 512, &seen);
    assert_int_equal(seen.holes + seen.noisy, 0);
    assert_true(seen.torn > SEEDS / 2);
    survive(DISK_TORN_4096, 4096, &seen);
    assert_int_equal(seen.holes + seen.noisy, 0);
    assert_true(seen.torn > SEEDS / 4 && seen.torn < SEEDS * 3 / 4);
    survive(DISK_GARBAGE, 512, &seen);
    assert_int_equal(seen.holes, 0);
    assert_true(seen.noisy > SEEDS / 2);
}

TEST(a_file_is_found_after_its_first_sync_and_gone_after_its_directorys)
{
    struct disk *disk = disk_new("d", 1);
    sqlite3_vfs *vfs = vfs_of(disk);

    (void)state;
    raw_text(disk, "a", "1", false);
    raw_text(disk, "b", "1", true);
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "a"), "-");
    assert_string_equal(text_of(disk, "b"), "1");

    assert_int_equal(vfs->xDelete(vfs, "b", 0), 0);
    assert_string_equal(text_of(disk, "b"), "-");
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "b"), "1");

    assert_int_equal(vfs->xDelete(vfs, "b", 0), 0);
    raw_text(disk, "b", "2", false);
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "b"), "1");

    assert_int_equal(vfs->xDelete(vfs, "b", 0), 0);
    raw_text(disk, "b", "2", true);
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "b"), "2");

    assert_int_equal(vfs->xDelete(vfs, "b", 1), 0);
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "b"), "-");
    assert_int_equal(vfs->xDelete(vfs, "b", 1), SQLITE_IOERR_DELETE_NOENT);
    disk_free(disk);
}

/* ---- a sync that fails, a sync that lies ---- */

TEST(what_a_failed_sync_let_go_no_later_sync_brings_back)
{
    int lost = 0, kept = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct disk *disk = disk_new("d", seed);
        sqlite3_file *raw = raw_open(disk, "f");
        uint8_t got[2];

        raw_fill(raw, BLOCK, '.', 1);
        raw_sync(raw);
        raw_fill(raw, 0, 'a', 1);
        disk_fail(disk, DISK_SYNC, 0, 1, SQLITE_IOERR_FSYNC);
        assert_int_equal(raw_sync(raw), SQLITE_IOERR_FSYNC);
        assert_int_equal(raw_sync(raw), SQLITE_OK);
        raw_read(raw, 0, got, 1);
        assert_int_equal(got[0], 'a');
        disk_power_off(disk, DISK_ALL);
        raw_close(raw);
        raw = raw_open(disk, "f");
        raw_read(raw, 0, got, 1);
        lost += got[0] == 0;
        kept += got[0] == 'a';
        raw_close(raw);
        disk_free(disk);
    }
    assert_int_equal(lost + kept, SEEDS);
    assert_true(lost > 0 && kept > 0);
}

TEST(a_disk_that_lies_keeps_nothing_until_it_stops)
{
    struct disk *disk = disk_new("d", 1);

    (void)state;
    disk_lie(disk, true);
    raw_text(disk, "f", "1", true);
    assert_int_equal(disk_file_replace(disk, "n", "1", 1), 0);
    disk_process_end(disk);
    assert_string_equal(text_of(disk, "f"), "1");
    assert_string_equal(text_of(disk, "n"), "1");
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "f"), "-");
    assert_string_equal(text_of(disk, "n"), "-");
    disk_lie(disk, false);
    raw_text(disk, "f", "2", true);
    assert_int_equal(disk_file_replace(disk, "n", "2", 1), 0);
    disk_power_off(disk, DISK_NONE);
    assert_string_equal(text_of(disk, "f"), "2");
    assert_string_equal(text_of(disk, "n"), "2");
    disk_free(disk);
}

/* ---- the machine ---- */

TEST(what_a_killed_process_wrote_stays_and_its_handles_are_dead)
{
    struct disk *disk = disk_new("d", 1);
    sqlite3_file *raw = raw_open(disk, "f"), *temporary = raw_open(disk, NULL);
    uint8_t got[4];

    (void)state;
    raw_fill(raw, 0, 'a', 4);
    raw_fill(temporary, 0, 'a', 4);
    assert_int_equal(raw_read(temporary, 0, got, 4), 0);
    disk_die(disk);
    assert_true(disk_dead(disk));
    assert_int_not_equal(raw_fill(raw, 0, 'b', 4), 0);
    assert_int_not_equal(raw_sync(raw), 0);
    disk_process_end(disk);
    assert_false(disk_dead(disk));
    assert_int_not_equal(raw_fill(raw, 0, 'b', 4), 0);
    assert_int_not_equal(raw_sync(raw), 0);
    assert_int_not_equal(raw_fill(temporary, 0, 'b', 4), 0);
    assert_string_equal(text_of(disk, "f"), "aaaa");
    raw_close(raw);
    raw_close(temporary);
    disk_die_after(disk, 2);
    raw = raw_open(disk, "f");
    assert_int_equal(raw_fill(raw, 0, 'c', 4), 0);
    assert_int_not_equal(raw_fill(raw, 0, 'd', 4), 0);
    assert_true(disk_dead(disk));
    disk_process_end(disk);
    raw_close(raw);
    assert_string_equal(text_of(disk, "f"), "cccc");
    disk_free(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_synced_is_lost_and_what_was_is_kept),
        cmocka_unit_test(a_truncation_is_lost_like_a_write),
        cmocka_unit_test(each_way_to_survive_does_what_it_says),
        cmocka_unit_test(
            a_file_is_found_after_its_first_sync_and_gone_after_its_directorys),
        cmocka_unit_test(what_a_failed_sync_let_go_no_later_sync_brings_back),
        cmocka_unit_test(a_disk_that_lies_keeps_nothing_until_it_stops),
        cmocka_unit_test(
            what_a_killed_process_wrote_stays_and_its_handles_are_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
