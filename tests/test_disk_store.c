/* A real store on the simulated disk: what was told saved is there, whatever
 * the disk and the power do; and the same test finds the loss when something is
 * deliberately wrong. */
#include "tests/desk.c"

#include <sys/wait.h>

enum { CUTS = 300, SAVES_MAX = 8 };

static uint64_t dice(struct desk *desk, uint64_t n)
{
    struct town one = {.dice = desk->dice++};
    uint64_t value;

    world_random(&one, &value, sizeof value);
    return value % n;
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("YZ_SEED");
    uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 10);

    print_message("YZ_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- power cuts ---- */

enum wrong { NOTHING_WRONG, LYING_DISK, SYNC_NORMAL, SYNC_OFF };

/* Opens after a power cut, and sometimes the power goes in the middle of
 * that. */
static bool opens(struct desk *desk)
{
    if (dice(desk, 4) == 0) {
        disk_die_after(desk->disk, dice(desk, 60));
        desk_open(desk);
        desk_cut(desk, (enum disk_survival)dice(desk, DISK_SURVIVALS));
    }
    return desk_open(desk) == 0;
}

static void save_until_the_power_goes(struct desk *desk, enum wrong wrong)
{
    sqlite3 *db = desk_town(desk)->store->db;

    if (wrong == SYNC_NORMAL)
        sqlite3_exec(db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    if (wrong == SYNC_OFF)
        sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    disk_die_after(desk->disk, dice(desk, 160));
    for (int i = 0; i < SAVES_MAX && save(desk, desk->told) == 0; i++)
        desk->told++;
    if (dice(desk, 3) == 0) {
        disk_die_after(desk->disk, dice(desk, 200));
        sqlite3_exec(db, "PRAGMA wal_checkpoint", NULL, NULL, NULL);
    } else if (dice(desk, 4) == 0) {
        town_shut(desk_town(desk));
    }
    desk_cut(desk, (enum disk_survival)dice(desk, DISK_SURVIVALS));
}

/* The number of saves found missing first, 0 when nothing was. */
static int cut_often(struct desk *desk, enum wrong wrong)
{
    disk_lie(desk->disk, wrong == LYING_DISK);
    for (int round = 0; round < CUTS; round++) {
        int first = round % 20 == 0 ? 0 : desk->told - 2 * SAVES_MAX, lost;

        if (!opens(desk))
            return desk->told;
        lost = missing(desk, first);
        if (lost > 0 || (round % 20 == 0 && !sound(desk)))
            return lost > 0 ? lost : desk->told;
        save_until_the_power_goes(desk, wrong);
    }
    return 0;
}

TEST(what_was_told_saved_outlives_300_power_cuts)
{
    struct desk desk = desk_new(seed_of_run());
    struct store_status status;

    (void)state;
    if (cut_often(&desk, NOTHING_WRONG) != 0)
        fail_msg("of %d saves some are gone: %s", desk.told,
                 desk.world->fault.why);
    assert_int_equal(desk_open(&desk), 0);
    assert_int_equal(missing(&desk, 0), 0);
    assert_true(sound(&desk));
    /* The one that was under way may be there or not: asked again, once. */
    for (int i = 0; i <= desk.told; i++)
        assert_int_equal(save(&desk, i), 0);
    assert_int_equal(store_status(desk_town(&desk)->store, &status), 0);
    assert_int_equal(status.written, 4 * (desk.told + 1));
    assert_int_equal(status.records, desk.told + 1);
    assert_true(desk.told > CUTS);
    assert_true(disk_counts(desk.disk)->lost > CUTS);
    assert_true(disk_counts(desk.disk)->torn > CUTS / 30);
    desk_free(&desk);
}

TEST(the_same_finds_a_disk_that_lies_and_a_store_that_does_not_wait)
{
    (void)state;
    for (int wrong = LYING_DISK; wrong <= SYNC_OFF; wrong++) {
        struct desk desk = desk_new(1);

        assert_true(cut_often(&desk, (enum wrong)wrong) > 0);
        desk_free(&desk);
    }
}

/* ---- copies ---- */

/* All files of a running station, copied at one instant, between a save and
 * its commit: it opens with what was told by then, and works on. */
TEST(a_copy_of_a_running_station_is_a_station)
{
    struct desk desk = desk_new(1);
    struct disk_image *image;

    (void)state;
    for (int round = 0; round < 20; round++) {
        assert_int_equal(desk_open(&desk), 0);
        for (int i = 0; i < round; i++)
            assert_int_equal(save(&desk, desk.told++), 0);
        assert_int_equal(put(desk.world, "desk", save_of(&desk, desk.told)), 0);
        image = disk_copy(desk.disk);
        for (int i = 0; i < SAVES_MAX; i++)
            assert_int_equal(save(&desk, desk.told + i), 0);
        disk_put(desk.disk, image);
        disk_image_free(image);
        town_shut(desk_town(&desk));
        assert_int_equal(desk_open(&desk), 0);
        assert_int_equal(missing(&desk, 0), 0);
        assert_true(sound(&desk));
        assert_int_equal(save(&desk, desk.told), 0);
        assert_false(desk.world->receipt.repeated);
        desk.told++;
        desk_cut(&desk, DISK_NONE);
    }
    desk_free(&desk);
}

/* ---- one operation fails ---- */

struct bad_luck {
    int times, code;
    int power;                  /* disk_survival, or -1: killed */
};

/* The k-th operation of one save fails. False when there are not so many. */
static bool fail_at(struct desk *desk, const struct disk_image *image,
                    uint64_t k, struct bad_luck luck)
{
    uint64_t failed = disk_counts(desk->disk)->failed;
    int rc;

    disk_put(desk->disk, image);
    assert_int_equal(desk_open(desk), 0);
    disk_fail(desk->disk, DISK_ANY, k, luck.times, luck.code);
    desk->told = 3;
    rc = save(desk, 3);
    desk->told += rc == 0;
    disk_fail(desk->disk, DISK_ANY, 0, 0, 0);
    failed = disk_counts(desk->disk)->failed - failed;
    assert_true(rc == 0 || failed > 0);
    disk_process_end(desk->disk);
    town_shut(desk_town(desk));
    if (luck.power >= 0)
        disk_power_off(desk->disk, (enum disk_survival)luck.power);
    assert_int_equal(desk_open(desk), 0);
    assert_int_equal(missing(desk, 0), 0);
    assert_int_equal(save(desk, 3), 0);
    assert_true(rc < 0 || desk->world->receipt.repeated);
    desk->told = 4;
    desk_cut(desk, DISK_NONE);
    assert_int_equal(desk_open(desk), 0);
    assert_int_equal(missing(desk, 0), 0);
    assert_true(sound(desk));
    desk_cut(desk, DISK_NONE);
    return failed > 0;
}

TEST(whichever_operation_of_a_save_fails_told_means_there)
{
    static const int codes[] = {SQLITE_IOERR, SQLITE_FULL};
    struct desk desk = desk_new(seed_of_run());
    struct disk_image *image = desk_ready(&desk, 3);

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int times = -1; times <= 1; times += 2)
            for (int power = -1; power < DISK_SURVIVALS; power++) {
                struct bad_luck luck = {times, codes[i], power};
                uint64_t k = 0;

                while (fail_at(&desk, image, k, luck))
                    k++;
                assert_true(k > 10);
            }
    disk_image_free(image);
    desk_free(&desk);
}

/* ---- a full disk ---- */

/* Saves until the disk is full, with so many bytes left. 1: the store went on
 * by itself, 2: after a restart, 0: there was room. */
static int fill(struct desk *desk, const struct disk_image *image, int room)
{
    const char *path = desk_town(desk)->path;
    int rc, how = 1;

    disk_put(desk->disk, image);
    assert_int_equal(desk_open(desk), 0);
    disk_budget(desk->disk, disk_file_size(desk->disk, path) + room);
    desk->told = 3;
    while (desk->told < 12 && (rc = save(desk, desk->told)) == 0)
        desk->told++;
    if (desk->told == 12)
        how = 0;
    else
        assert_int_equal(rc, ERR_FULL);
    if (how > 0 && store_commit(desk_town(desk)->store, NULL) < 0) {
        how = 2;
        disk_process_end(desk->disk);
        town_shut(desk_town(desk));
        /* Still full: what it cannot open now must not be the worse for it. */
        rc = desk_open(desk);
        assert_true(rc == 0 || rc == ERR_FULL);
    }
    disk_budget(desk->disk, -1);
    if (desk_town(desk)->store == NULL)
        assert_int_equal(desk_open(desk), 0);
    assert_int_equal(save(desk, desk->told++), 0);
    assert_int_equal(missing(desk, 0), 0);
    assert_true(sound(desk));
    town_shut(desk_town(desk));
    return how;
}

TEST(a_full_disk_is_told_and_when_there_is_room_again_work_goes_on)
{
    struct desk desk = desk_new(1);
    struct disk_image *image = desk_ready(&desk, 3);
    int went[3] = {0};

    (void)state;
    for (int room = 60000; room < 400000; room += 1500)
        went[fill(&desk, image, room)]++;
    assert_true(went[1] + went[2] > 50 && went[0] > 0);
    disk_image_free(image);
    desk_free(&desk);
}

/* ---- rot ---- */

enum { ROT_SAVES = 40, FOUND = 0, NO_EFFECT = 1, SILENT = 2 };

/* A process of its own, as one that ends itself has found it as well. */
static int rotten(struct desk *desk, const struct disk_image *image, int bits)
{
    int status;
    pid_t child;

    disk_put(desk->disk, image);
    assert_true(disk_rot(desk->disk, desk_town(desk)->path, bits));
    child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL || desk_open(desk) < 0 ||
            store_verify(desk_town(desk)->store, NULL) < 0 ||
            store_rebuild(desk_town(desk)->store, NULL) < 0)
            _exit(FOUND);
        _exit(missing(desk, 0) > 0 ? SILENT : NO_EFFECT);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : FOUND;
}

TEST(a_rotten_bit_is_found_or_without_effect)
{
    const char *more = getenv("YZ_ROUNDS");
    int rounds = more == NULL ? 200 : atoi(more) * 50;
    struct desk desk = desk_new(seed_of_run());
    struct disk_image *image = desk_ready(&desk, ROT_SAVES);
    int result[3] = {0};

    (void)state;
    for (int i = 0; i < rounds; i++)
        result[rotten(&desk, image, 1 + i % 8)]++;
    assert_int_equal(result[SILENT], 0);
    assert_true(result[FOUND] > rounds / 4);
    assert_true(result[NO_EFFECT] > rounds / 10);
    disk_image_free(image);
    desk_free(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_saved_outlives_300_power_cuts),
        cmocka_unit_test(
            the_same_finds_a_disk_that_lies_and_a_store_that_does_not_wait),
        cmocka_unit_test(a_copy_of_a_running_station_is_a_station),
        cmocka_unit_test(whichever_operation_of_a_save_fails_told_means_there),
        cmocka_unit_test(
            a_full_disk_is_told_and_when_there_is_room_again_work_goes_on),
        cmocka_unit_test(a_rotten_bit_is_found_or_without_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
