/* The simulated disk under plain SQLite, and its faults: each does what disk.h
 * says, no more and no less. */
#include "tests/sim/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <cmocka.h>

#define TEST(name) static void name(void **state)

static sqlite3 *db_open(struct disk *disk)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2("db", &db,
                                     SQLITE_OPEN_READWRITE |
                                         SQLITE_OPEN_CREATE,
                                     disk_vfs(disk)),
                     SQLITE_OK);
    sqlite3_exec(db,
                 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                 "PRAGMA synchronous = FULL;"
                 "CREATE TABLE IF NOT EXISTS t (i INTEGER PRIMARY KEY, "
                 "text TEXT)",
                 NULL, NULL, NULL);
    return db;
}

static int db_do(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* The first column of the first row; -1 when it cannot be had. */
static int64_t db_ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;

    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static bool db_sound(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool sound;

    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL);
    sound = stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW &&
            strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    return sound;
}

static const char *text_of(struct disk *disk, const char *name)
{
    static char text[100];
    long len = disk_file_read(disk, name, text, sizeof text - 1);

    text[len < 0 ? 0 : len] = '\0';
    return len < 0 ? "-" : text;
}

static const char insert[] =
    "INSERT INTO t (text) VALUES (hex(zeroblob(3000)))";

/* Power goes at a random operation while rows are written, every time in
 * another way: the database opens, is sound, and holds what was committed. */
TEST(a_torn_log_is_rolled_back)
{
    int64_t told = 0, there, most = 0;
    struct disk *disk = disk_new("d", 7);

    (void)state;
    for (int round = 0; round < 400; round++) {
        sqlite3 *db = db_open(disk);

        assert_true(db_sound(db));
        there = db_ask(db, "SELECT count(*) FROM t");
        assert_true(there >= told);
        told = there;
        disk_die_after(disk, (uint64_t)(round * 7 % 90));
        for (int i = 0; i < 20; i++) {
            if (db_do(db, insert) != SQLITE_OK)
                break;
            told++;
            if (i % 5 == 4)
                db_do(db, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        most = told;
        disk_die(disk);
        sqlite3_close(db);
        disk_power_off(disk, (enum disk_survival)(round % DISK_SURVIVALS));
    }
    assert_true(most > 400);
    assert_true(disk_counts(disk)->torn > 20);
    disk_free(disk);
}

TEST(an_operation_fails_so_often_after_so_many_good_ones)
{
    struct disk *disk = disk_new("d", 1);

    (void)state;
    disk_fail(disk, DISK_WRITE, 2, 2, SQLITE_IOERR_WRITE);
    for (int i = 0; i < 6; i++)
        assert_int_equal(disk_file_replace(disk, "f", "abc", 3),
                         i == 2 || i == 3 ? -1 : 0);
    assert_int_equal(disk_counts(disk)->failed, 2);
    disk_fail(disk, DISK_DELETE, 0, -1, SQLITE_IOERR_DELETE);
    for (int i = 0; i < 6; i++)
        assert_false(disk_file_delete(disk, "f"));
    disk_fail(disk, DISK_DELETE, 0, 0, 0);
    assert_true(disk_file_delete(disk, "f"));
    assert_false(disk_file_delete(disk, "f"));
    disk_fail(disk, DISK_ANY, 1, 1, SQLITE_IOERR);
    assert_int_equal(disk_file_replace(disk, "f", "abc", 3), -1);
    disk_free(disk);
}

/* Whatever fails and however the power goes: the old content or the new, and
 * the new for certain when it said so. */
TEST(a_small_file_is_replaced_whole_or_not_at_all)
{
    int old = 0, new = 0;

    (void)state;
    for (uint64_t k = 0; k < 6; k++)
        for (int how = 0; how < DISK_SURVIVALS; how++)
            for (uint64_t seed = 1; seed < 20; seed++) {
                struct disk *disk = disk_new("d", seed);
                bool is_new;
                int rc;

                disk_file_replace(disk, "f", "the old one", 11);
                disk_fail(disk, DISK_ANY, k, -1, SQLITE_IOERR);
                rc = disk_file_replace(disk, "f", "new", 3);
                disk_fail(disk, DISK_ANY, 0, 0, 0);
                disk_power_off(disk, (enum disk_survival)how);
                is_new = strcmp(text_of(disk, "f"), "new") == 0;
                if (!is_new)
                    assert_string_equal(text_of(disk, "f"), "the old one");
                assert_int_equal(rc, k < 4 ? -1 : 0);
                assert_true(rc < 0 || is_new);
                old += rc < 0 && !is_new;
                new += rc < 0 && is_new;
                disk_free(disk);
            }
    assert_true(old > 0 && new > 0);
}

TEST(a_full_disk_takes_what_fits)
{
    struct disk *disk = disk_new("d", 1);
    sqlite3 *db = db_open(disk);
    int64_t size, rows;
    int rc;

    (void)state;
    db_do(db, insert);
    size = disk_file_size(disk, "db") + disk_file_size(disk, "db-wal");
    disk_budget(disk, size + 20000);
    while ((rc = db_do(db, insert)) == SQLITE_OK)
        ;
    assert_int_equal(rc, SQLITE_FULL);
    assert_true(disk_file_size(disk, "db") + disk_file_size(disk, "db-wal") <=
                size + 20000);
    assert_int_equal(disk_file_replace(disk, "f", insert, sizeof insert), -1);
    rows = db_ask(db, "SELECT count(*) FROM t");
    disk_budget(disk, -1);
    assert_int_equal(db_do(db, insert), SQLITE_OK);
    assert_int_equal(db_ask(db, "SELECT count(*) FROM t"), rows + 1);
    assert_true(db_sound(db));
    sqlite3_close(db);
    disk_free(disk);
}

TEST(bits_rot_in_both_layers_and_nowhere_else)
{
    struct disk *disk = disk_new("d", 1);
    struct disk_image *image;
    uint8_t zeros[9000] = {0}, got[2][9000];
    int flipped = 0;

    (void)state;
    assert_false(disk_rot(disk, "f", 1));
    disk_file_replace(disk, "f", zeros, sizeof zeros);
    image = disk_copy(disk);
    assert_true(disk_rot(disk, "f", 8));
    disk_file_read(disk, "f", got[0], sizeof zeros);
    disk_power_off(disk, DISK_NONE);
    disk_file_read(disk, "f", got[1], sizeof zeros);
    assert_memory_equal(got[0], got[1], sizeof zeros);
    for (size_t i = 0; i < sizeof zeros; i++)
        for (int bit = 0; bit < 8; bit++)
            flipped += got[0][i] >> bit & 1;
    assert_int_equal(flipped, 8);
    disk_put(disk, image);
    disk_file_read(disk, "f", got[0], sizeof zeros);
    assert_memory_equal(got[0], zeros, sizeof zeros);
    disk_image_free(image);
    disk_free(disk);
}

TEST(a_misdirected_page_is_found_in_anothers_place)
{
    struct disk *disk = disk_new("d", 3);
    sqlite3 *db = db_open(disk);

    (void)state;
    for (int i = 0; i < 50; i++)
        db_do(db, insert);
    disk_misdirect(disk, 5);
    assert_int_equal(db_do(db, "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(disk_counts(disk)->misdirected, 1);
    db = db_open(disk);
    assert_true(!db_sound(db) ||
                db_ask(db, "SELECT count(*) FROM t "
                           "WHERE text <> hex(zeroblob(3000))") > 0);
    sqlite3_close(db);
    disk_free(disk);
}

/* A copy of a running machine is what its process could read, and neither the
 * disk nor another copy changes it. */
TEST(a_copy_stays_as_it_was_and_is_put_back_durably)
{
    struct disk *disk = disk_new("d", 1), *other = disk_new("e", 2);
    sqlite3 *db = db_open(disk);
    struct disk_image *image;

    (void)state;
    for (int i = 0; i < 50; i++)
        db_do(db, insert);
    image = disk_copy(disk);
    db_do(db, "DELETE FROM t; VACUUM");
    assert_int_equal(db_ask(db, "SELECT count(*) FROM t"), 0);
    disk_put(other, image);
    disk_put(disk, image);
    assert_int_equal(db_do(db, insert), SQLITE_IOERR);
    sqlite3_close(db);
    db = db_open(other);
    assert_int_equal(db_ask(db, "SELECT count(*) FROM t"), 50);
    db_do(db, "UPDATE t SET text = 'x'; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(db);
    disk_power_off(disk, DISK_NONE);
    db = db_open(disk);
    assert_int_equal(db_ask(db, "SELECT count(*) FROM t WHERE text <> 'x'"),
                     50);
    assert_true(db_sound(db));
    sqlite3_close(db);
    disk_free(disk);
    disk_free(other);
    disk_image_free(image);
}

TEST(a_second_connection_is_told_to_wait)
{
    struct disk *disk = disk_new("d", 1);
    sqlite3 *db = db_open(disk), *second;

    (void)state;
    db_do(db, insert);
    second = db_open(disk);
    assert_int_equal(db_do(second, insert), SQLITE_BUSY);
    sqlite3_close(second);
    disk_process_end(disk);
    second = db_open(disk);
    assert_int_equal(db_do(second, insert), SQLITE_OK);
    sqlite3_close(second);
    sqlite3_close(db);
    disk_free(disk);
}

/* Twelve machines at once, each with its own misfortune, twice: the same bytes
 * on every disk. */
static void county(uint8_t (*last)[200000], long *len)
{
    struct disk *disks[12];
    sqlite3 *dbs[12];
    char name[16];

    disk_seed_sqlite(5);
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "disk%d", i);
        disks[i] = disk_new(name, (uint64_t)i);
        disk_die_after(disks[i], (uint64_t)(30 + 5 * i));
        dbs[i] = db_open(disks[i]);
    }
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < 12; i++)
            db_do(dbs[i], "INSERT INTO t (text) "
                          "VALUES (datetime() || hex(randomblob(900)))");
    for (int i = 0; i < 12; i++) {
        disk_power_off(disks[i], DISK_GARBAGE);
        sqlite3_close(dbs[i]);
        len[i] = disk_file_read(disks[i], "db-wal", last[i], sizeof last[i]);
        disk_free(disks[i]);
    }
}

TEST(twelve_disks_at_once_go_the_same_way_twice)
{
    uint8_t(*bytes[2])[200000] = {malloc(sizeof **bytes * 12),
                                  malloc(sizeof **bytes * 12)};
    long len[2][12];
    int different = 0;

    (void)state;
    county(bytes[0], len[0]);
    county(bytes[1], len[1]);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(len[0][i], len[1][i]);
        if (len[0][i] > 0)
            assert_memory_equal(bytes[0][i], bytes[1][i], (size_t)len[0][i]);
        different += len[0][i] != len[0][(i + 1) % 12];
    }
    assert_true(different > 6);
    free(bytes[0]);
    free(bytes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_torn_log_is_rolled_back),
        cmocka_unit_test(an_operation_fails_so_often_after_so_many_good_ones),
        cmocka_unit_test(a_small_file_is_replaced_whole_or_not_at_all),
        cmocka_unit_test(a_full_disk_takes_what_fits),
        cmocka_unit_test(bits_rot_in_both_layers_and_nowhere_else),
        cmocka_unit_test(a_misdirected_page_is_found_in_anothers_place),
        cmocka_unit_test(a_copy_stays_as_it_was_and_is_put_back_durably),
        cmocka_unit_test(a_second_connection_is_told_to_wait),
        cmocka_unit_test(twelve_disks_at_once_go_the_same_way_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
