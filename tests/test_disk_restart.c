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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_a_restart_tells_after_a_refused_sync_outlives_a_power_cut),
        cmocka_unit_test(
            a_later_start_asks_for_the_same_settings_as_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
