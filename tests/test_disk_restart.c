/* What the restart after a bad disk may tell. */
#include "tests/desk.c"

/* The disk refuses one sync, so the program ends. The next start reads back,
 * from memory, what never reached the disk: what it then tells must be there
 * after a power cut all the same. */
TEST(what_a_restart_tells_after_a_refused_sync_outlives_a_power_cut)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct desk desk = desk_new(seed);

        disk_image_free(desk_ready(&desk, 3));
        assert_int_equal(desk_open(&desk), 0);
        assert_int_equal(save(&desk, desk.told++), 0);
        disk_fail(desk.disk, DISK_SYNC, 0, 1, SQLITE_IOERR_FSYNC);
        assert_int_equal(save(&desk, desk.told), ERR_UNKNOWN);
        disk_process_end(desk.disk);
        town_shut(desk_town(&desk));
        assert_int_equal(desk_open(&desk), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(save(&desk, desk.told++), 0);
        desk_cut(&desk, DISK_NONE);
        assert_int_equal(desk_open(&desk), 0);
        if (missing(&desk, 0) > 0)
            fail_msg("seed %d: of %d told saves %d are gone", (int)seed,
                     desk.told, missing(&desk, 0));
        assert_true(sound(&desk));
        desk_free(&desk);
    }
}

static int64_t setting(struct desk *desk, const char *pragma)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;

    sqlite3_prepare_v2(desk_town(desk)->store->db, pragma, -1, &stmt, NULL);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

/* A disk without shared memory, as some network drives are. */
TEST(a_later_start_asks_for_the_same_settings_as_the_first)
{
    struct desk desk = desk_new(1);

    (void)state;
    for (int start = 0; start < 2; start++) {
        assert_int_equal(desk_open(&desk), 0);
        assert_int_equal(save(&desk, start), 0);
        assert_int_equal(setting(&desk, "PRAGMA journal_size_limit"),
                         16777216);
        assert_int_equal(setting(&desk, "PRAGMA cell_size_check"), 1);
        assert_int_equal(setting(&desk, "PRAGMA temp_store"), 1);
        assert_int_equal(setting(&desk, "PRAGMA trusted_schema"), 0);
        desk_cut(&desk, DISK_ALL);
    }
    desk_free(&desk);
}

/* Whichever read of a start fails: it says so, or nothing came of it. */
TEST(a_start_whose_read_fails_says_that_the_disk_refused)
{
    struct desk desk = desk_new(1);
    struct disk_image *image = desk_ready(&desk, 3);
    struct store_status status;
    bool failed = true;

    (void)state;
    for (uint64_t k = 0; failed; k++) {
        uint64_t before = disk_counts(desk.disk)->failed;
        int rc;

        disk_put(desk.disk, image);
        disk_fail(desk.disk, DISK_READ, k, 1, SQLITE_IOERR_READ);
        rc = desk_open(&desk);
        failed = disk_counts(desk.disk)->failed > before;
        disk_fail(desk.disk, DISK_READ, 0, 0, 0);
        if (rc < 0 && rc != ERR_IO && rc != ERR_UNKNOWN)
            fail_msg("read %d: YZ%04d %s", (int)k, err_code(rc),
                     desk.world->fault.why);
        if (rc == 0) {
            assert_int_equal(
                store_status(desk_town(&desk)->store, &status), 0);
            assert_int_equal(status.written, 12);
            assert_int_equal(save(&desk, desk.told), 0);
            assert_true(sound(&desk));
            town_shut(desk_town(&desk));
        }
    }
    disk_image_free(image);
    desk_free(&desk);
}

/* Whoever is told that the outcome is unknown starts again, and is told that
 * what was saved is safe: of a damaged file neither would be true. */
TEST(a_file_that_a_false_disk_damaged_is_called_damaged)
{
    int damaged = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct desk desk = desk_new(seed);
        int rc;

        disk_image_free(desk_ready(&desk, 3));
        assert_int_equal(desk_open(&desk), 0);
        disk_lie(desk.disk, true);
        for (int i = 0; i < 40; i++)
            assert_int_equal(save(&desk, desk.told++), 0);
        town_shut(desk_town(&desk));
        desk_cut(&desk, DISK_SUBSET);
        disk_lie(desk.disk, false);
        rc = desk_open(&desk);
        damaged += rc == ERR_CORRUPT;
        if (rc < 0 && rc != ERR_CORRUPT && rc != ERR_MISSING)
            fail_msg("seed %d: YZ%04d %s", (int)seed, err_code(rc),
                     desk.world->fault.why);
        desk_free(&desk);
    }
    assert_true(damaged > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_a_restart_tells_after_a_refused_sync_outlives_a_power_cut),
        cmocka_unit_test(
            a_later_start_asks_for_the_same_settings_as_the_first),
        cmocka_unit_test(a_start_whose_read_fails_says_that_the_disk_refused),
        cmocka_unit_test(
            a_file_that_a_false_disk_damaged_is_called_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
