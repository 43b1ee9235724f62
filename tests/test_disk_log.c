/* A log that rots: what was saved behind the rot is not passed over in silence.
 * That a torn one is no such thing is asked by test_disk_store's power cuts. */
#include "tests/desk.c"

enum { SAVES = 12, LOG_MAX = 4 << 20, FRAME = 24 + 4096 };

struct log {
    uint8_t bytes[LOG_MAX];
    long len;
};

static const char *log_name(struct desk *desk)
{
    static char name[PATH_ROOM + 8];

    snprintf(name, sizeof name, "%s-wal", desk_town(desk)->path);
    return name;
}

/* What a station that was killed leaves: twelve saves in the log alone. */
static struct disk_image *killed(struct desk *desk, struct log *log)
{
    struct disk_image *image;

    disk_image_free(desk_ready(desk, 0));
    assert_int_equal(desk_open(desk), 0);
    while (desk->told < SAVES)
        assert_int_equal(save(desk, desk->told++), 0);
    disk_process_end(desk->disk);
    town_shut(desk_town(desk));
    log->len = disk_file_read(desk->disk, log_name(desk), log->bytes,
                              sizeof log->bytes);
    assert_true(log->len > 32 + SAVES * FRAME);
    image = disk_copy(desk->disk);
    assert_int_equal(desk_open(desk), 0);
    assert_int_equal(missing(desk, 0), 0);
    return image;
}

static void lay(struct desk *desk, const struct disk_image *image,
                struct log *log, long len)
{
    disk_put(desk->disk, image);
    if (desk_town(desk)->store != NULL)
        town_shut(desk_town(desk));
    assert_int_equal(
        disk_file_replace(desk->disk, log_name(desk), log->bytes,
                          (size_t)len),
        0);
}

/* Where the fault says that the log is damaged. */
static long place_of(const struct fault *fault)
{
    const char *at = strstr(fault->why, "byte ");

    assert_non_null(at);
    return strtol(at + 5, NULL, 10);
}

/* As the manual tells to go on without what stands behind. */
static void cut_there(struct desk *desk, const struct disk_image *image,
                      struct log *log, long place)
{
    lay(desk, image, log, place);
    assert_int_equal(desk_open(desk), 0);
    assert_true(missing(desk, 0) > 1);
    assert_true(sound(desk));
    assert_int_equal(save(desk, SAVES), 0);
}

/* Each byte of the first heads, some of each later one, and some of the pages. */
static long next_place(long at)
{
    long in_frame = (at - 32) % FRAME;

    if (at < 64)
        return at + 1;
    if (in_frame < 24)
        return at + 5;
    return at + (FRAME - in_frame < 311 ? FRAME - in_frame : 311);
}

/* One bit of it, behind its head: all saves are there, or it is refused. Of the
 * newest transaction alone nothing can be known, and that is one save at most. */
TEST(a_bit_of_the_log_that_flips_is_noticed_or_costs_the_last_save)
{
    static struct log log, now;
    struct desk desk = desk_new(1);
    struct disk_image *image = killed(&desk, &log);
    int refused = 0, cut = 0;

    (void)state;
    for (long at = 32; at < log.len; at = next_place(at)) {
        uint8_t bit = (uint8_t)(1 << at % 8);
        int rc;

        log.bytes[at] ^= bit;
        lay(&desk, image, &log, log.len);
        rc = desk_open(&desk);
        if (rc == 0 && missing(&desk, 0) > 1)
            fail_msg("byte %ld: %d saves are gone", at, missing(&desk, 0));
        if (rc < 0 && (rc != ERR_CORRUPT ||
                       strstr(desk.world->fault.where, "-wal") == NULL))
            fail_msg("byte %ld: YZ%04d %s", at, err_code(rc),
                     desk.world->fault.why);
        if (rc < 0) {           /* and nothing was written over */
            long place = place_of(&desk.world->fault);

            now.len = disk_file_read(desk.disk, log_name(&desk), now.bytes,
                                     sizeof now.bytes);
            assert_int_equal(now.len, log.len);
            assert_memory_equal(now.bytes, log.bytes, (size_t)now.len);
            assert_true(place >= 32 && place <= at);
            if (refused++ % 16 == 0) {
                cut_there(&desk, image, &log, place);
                cut++;
            }
        }
        log.bytes[at] ^= bit;
    }
    assert_true(refused > 100 && cut > 5);
    disk_image_free(image);
    desk_free(&desk);
}

/* The last transaction never came to its end: nobody was told. */
TEST(a_log_that_a_power_cut_tore_anywhere_is_opened)
{
    static struct log log;
    struct desk desk = desk_new(2);
    struct disk_image *image = killed(&desk, &log);
    int whole = SAVES;

    (void)state;
    for (long len = log.len; len >= 32; len -= 509) {
        int lost;

        lay(&desk, image, &log, len);
        if (desk_open(&desk) < 0)
            fail_msg("%ld bytes: %s", len, desk.world->fault.why);
        lost = missing(&desk, 0);
        assert_true(SAVES - lost <= whole);
        whole = SAVES - lost;
    }
    disk_image_free(image);
    desk_free(&desk);
}

/* Torn, and not brought into the database because that refuses; written on, and
 * torn again: several ends of transactions stand behind the first bad frame. */
TEST(a_log_that_was_torn_again_and_again_is_opened)
{
    int refused = 0, opened = 0;

    (void)state;
    for (int seed = 1; seed <= 150; seed++) {
        struct desk desk = desk_new((uint64_t)seed);

        disk_image_free(desk_ready(&desk, 1));
        for (int again = 0; again < 6; again++) {
            if (again % 3 == 1)
                disk_fail(desk.disk, DISK_SYNC, (uint64_t)(seed % 4), 1,
                          SQLITE_IOERR_FSYNC);
            disk_die_after(desk.disk, (uint64_t)(20 + (seed + 29 * again) %
                                                          83));
            if (desk_open(&desk) == 0)
                while (save(&desk, desk.told) == 0)
                    desk.told++;
            opened += desk_town(&desk)->store != NULL;
            refused += desk_town(&desk)->store == NULL;
            desk_cut(&desk, (enum disk_survival)((seed + again) %
                                                 DISK_SURVIVALS));
            disk_fail(desk.disk, DISK_SYNC, 0, 0, 0);
        }
        if (desk_open(&desk) < 0)
            fail_msg("seed %d: %s", seed, desk.world->fault.why);
        assert_int_equal(missing(&desk, 0), 0);
        desk_free(&desk);
    }
    assert_true(refused > 50 && opened > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_bit_of_the_log_that_flips_is_noticed_or_costs_the_last_save),
        cmocka_unit_test(a_log_that_a_power_cut_tore_anywhere_is_opened),
        cmocka_unit_test(a_log_that_was_torn_again_and_again_is_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
