/* The disk refuses at the k-th write, sync or truncate, for every k: what was
 * committed is there afterwards, and nothing is there twice. */
#include "tests/world.c"

#include <sqlite3.h>

#define TEST(name) static void name(void **state)

/* ---- a VFS that fails, and remembers what a power cut would leave ---- */

enum { SAVES = 6 };

static struct {
    int ops;                    /* writes, syncs and truncates so far */
    int fail_at;                /* 0: never */
    int code;                   /* what it says then */
    bool for_good;              /* and ever after */
    bool failed;
} disk;

struct shim {
    sqlite3_file base;
    const char *path;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *under(sqlite3_file *file)
{
    return ((struct shim *)(void *)file)->real;
}

static int refuse(void)
{
    disk.ops++;
    if (disk.fail_at == 0 || disk.ops < disk.fail_at ||
        (disk.ops > disk.fail_at && !disk.for_good))
        return SQLITE_OK;
    disk.failed = true;
    return disk.code;
}

static int shim_close(sqlite3_file *file)
{
    int rc = under(file)->pMethods->xClose(under(file));

    sqlite3_free(under(file));
    return rc;
}

static int shim_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
    return under(file)->pMethods->xRead(under(file), to, len, at);
}

static int shim_write(sqlite3_file *file, const void *from, int len,
                      sqlite3_int64 at)
{
    int rc = refuse();

    return rc != SQLITE_OK
               ? rc
               : under(file)->pMethods->xWrite(under(file), from, len, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = refuse();

    return rc != SQLITE_OK ? rc : under(file)->pMethods->xTruncate(under(file),
                                                                   size);
}

/* What has reached the disk of this file is kept beside it. */
static int shim_sync(sqlite3_file *file, int flags)
{
    struct shim *shim = (struct shim *)(void *)file;
    char safe[2 * PATH_ROOM];
    int rc = refuse();

    if (rc != SQLITE_OK)
        return disk.code == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
    if (shim->path != NULL) {
        snprintf(safe, sizeof safe, "%s.safe", shim->path);
        copy_one(shim->path, safe, "");
    }
    return under(file)->pMethods->xSync(under(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return under(file)->pMethods->xFileSize(under(file), size);
}

static int shim_lock(sqlite3_file *file, int lock)
{
    return under(file)->pMethods->xLock(under(file), lock);
}

static int shim_unlock(sqlite3_file *file, int lock)
{
    return under(file)->pMethods->xUnlock(under(file), lock);
}

static int shim_check(sqlite3_file *file, int *out)
{
    return under(file)->pMethods->xCheckReservedLock(under(file), out);
}

static int shim_control(sqlite3_file *file, int op, void *arg)
{
    return under(file)->pMethods->xFileControl(under(file), op, arg);
}

static int shim_sector(sqlite3_file *file)
{
    return under(file)->pMethods->xSectorSize(under(file));
}

static int shim_traits(sqlite3_file *file)
{
    return under(file)->pMethods->xDeviceCharacteristics(under(file));
}

static const sqlite3_io_methods shim_methods = {
    1, shim_close, shim_read, shim_write, shim_truncate, shim_sync, shim_size,
    shim_lock, shim_unlock, shim_check, shim_control, shim_sector,
    shim_traits, NULL, NULL, NULL, NULL, NULL, NULL};

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
                     int flags, int *out)
{
    struct shim *shim = (struct shim *)(void *)file;
    int rc;

    (void)vfs;
    shim->path = path;
    shim->real = sqlite3_malloc(real_vfs->szOsFile);
    memset(shim->real, 0, (size_t)real_vfs->szOsFile);
    rc = real_vfs->xOpen(real_vfs, path, shim->real, flags, out);
    shim->base.pMethods = rc == SQLITE_OK ? &shim_methods : NULL;
    if (rc != SQLITE_OK)
        sqlite3_free(shim->real);
    return rc;
}

static void shim_register(void)
{
    static sqlite3_vfs vfs;

    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "failing";
    vfs.szOsFile = (int)sizeof(struct shim);
    vfs.xOpen = shim_open;
    vfs.pNext = NULL;
    sqlite3_vfs_register(&vfs, 0);
}

/* ---- one desk, six saves ---- */

struct desk {
    struct world *world;
    bool told[SAVES];           /* "saved" was said */
    bool ended;                 /* the store gave up */
};

static struct edit *save_of(struct world *w, int i)
{
    static char what[64];
    static char token[16];
    struct edit *edit;

    snprintf(what, sizeof what, "mark=%d name=甲%d tags+红 tags+蓝", i, i);
    snprintf(token, sizeof token, "t%d", i);
    edit = edit_of(w, "desk", i + 1, what);
    edit->create = true;
    edit->imported = true;
    edit->token = bytes_text(token);
    return edit;
}

static void stays_shut(struct desk *desk)
{
    struct world *w = desk->world;
    struct store *store = town_of(w, "desk")->store;
    int rc = put(w, "desk", save_of(w, 99));

    desk->ended = true;
    assert_true(rc == ERR_UNKNOWN || rc == ERR_FULL || rc == ERR_IO);
    rc = store_commit(store, &w->fault);
    assert_true(rc == ERR_UNKNOWN || rc == ERR_FULL);
    rc = store_import_begin(store, NULL);
    assert_true(rc == ERR_UNKNOWN || rc == ERR_FULL);
    rc = store_rebuild(store, NULL);
    assert_true(rc == ERR_UNKNOWN || rc == ERR_FULL);
}

static void save_all(struct desk *desk)
{
    struct world *w = desk->world;

    for (int i = 0; i < SAVES && !desk->ended; i++) {
        int rc = put(w, "desk", save_of(w, i));

        if (rc == 0)
            rc = store_commit(town_of(w, "desk")->store, &w->fault);
        desk->told[i] = rc == 0;
        if (rc == 0)
            continue;
        assert_true(rc == ERR_UNKNOWN || rc == ERR_FULL || rc == ERR_IO);
        assert_true(disk.failed);
        stays_shut(desk);
    }
}

/* What a power cut leaves: of each file what was synced last. */
static void cut_power(const char *path)
{
    char safe[2][2 * PATH_ROOM];

    snprintf(safe[0], sizeof safe[0], "%s.safe", path);
    snprintf(safe[1], sizeof safe[1], "%s-wal.safe", path);
    copy_one(safe[0], path, "");
    snprintf(safe[0], sizeof safe[0], "%s-wal", path);
    copy_one(safe[1], safe[0], "");
}

static void ask_again(struct desk *desk, int k)
{
    struct world *w = desk->world;
    struct town *town = town_of(w, "desk");
    struct store_status status;

    for (int i = 0; i < SAVES; i++) {
        if (desk->told[i] && cell_of(w, "desk", i + 1, "name") == NULL)
            fail_msg("k=%d: save %d was promised and is gone", k, i);
        if (put(w, "desk", save_of(w, i)) < 0)
            fail_msg("k=%d: save %d: %s %s", k, i, w->fault.field,
                     w->fault.why);
        if (desk->told[i])
            assert_true(w->receipt.repeated);
        assert_int_equal(w->receipt.changes, 4);
    }
    check_store(w, "desk", town->store);
    assert_int_equal(store_status(town->store, &status), 0);
    assert_int_equal(status.written, 4 * SAVES);
    assert_int_equal(status.records, SAVES);
}

/* False when the k-th was never reached. */
static bool run(int k, int code, bool for_good, bool power)
{
    struct world *w = world_new();
    struct desk desk = {.world = w};
    struct town *town;
    bool failed;

    w->vfs = "failing";
    memset(&disk, 0, sizeof disk);
    town = town_add(w, "desk", "520527009");
    disk.ops = 0;
    disk.fail_at = k;
    disk.code = code;
    disk.for_good = for_good;
    save_all(&desk);
    failed = disk.failed;
    if (!desk.ended)
        assert_true(desk.told[SAVES - 1]);
    if (!for_good)
        disk.fail_at = 0;
    town_shut(town);
    disk.fail_at = 0;
    if (power)
        cut_power(town->path);
    town_open(w, town);
    ask_again(&desk, k);
    world_free(w);
    return failed;
}

static void every(int code, bool for_good, bool power)
{
    int k = 1;

    while (run(k, code, for_good, power))
        k++;
    assert_true(k > SAVES);
}

TEST(a_disk_that_fails_once)
{
    (void)state;
    every(SQLITE_IOERR_WRITE, false, false);
}

TEST(a_disk_that_fails_for_good)
{
    (void)state;
    every(SQLITE_IOERR_WRITE, true, false);
}

TEST(a_full_disk_that_is_emptied_again)
{
    (void)state;
    every(SQLITE_FULL, false, false);
    every(SQLITE_FULL, true, false);
}

TEST(power_fails_and_takes_along_what_was_not_synced)
{
    (void)state;
    every(SQLITE_IOERR_WRITE, true, true);
}

TEST(a_first_start_that_fails_can_be_repeated)
{
    struct store_options options;
    struct world *w = world_new();

    (void)state;
    options = (struct store_options){
        .vfs = "failing", .org = "520527009", .kinds = w->kinds,
        .world = {.user = &w->town[0], .random = world_random}};
    for (int k = 1; k < 200; k++) {
        char path[PATH_ROOM];
        struct store *store;
        int rc;

        snprintf(path, sizeof path, "%s/first%d.db", w->dir, k);
        options.path = path;
        memset(&disk, 0, sizeof disk);
        disk.fail_at = k;
        disk.code = k % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        rc = store_open(&options, &store, &w->fault);
        if (rc == 0)
            store_close(store);
        else
            assert_true(rc == ERR_FULL || rc == ERR_IO || rc == ERR_UNKNOWN);
        if (!disk.failed)
            break;
        disk.fail_at = 0;
        rc = store_open(&options, &store, &w->fault);
        if (rc < 0)
            fail_msg("k=%d: YZ%04d %s", k, err_code(rc), w->fault.why);
        assert_int_equal(store_verify(store, NULL), 0);
        store_close(store);
    }
    world_free(w);
}

/* The hub's disk fails while it takes an ask: afterwards each change is there
 * once, whatever the station was told. */
TEST(a_hub_that_fails_in_the_middle_of_an_ask)
{
    (void)state;
    for (int k = 1; k < 400; k++) {
        struct world *w = world_new();
        struct talk *talk;
        struct answer *answer;
        bool failed;

        w->vfs = "failing";
        memset(&disk, 0, sizeof disk);
        restart_hub(w);
        for (int i = 1; i <= 3; i++)
            say(w, "a", i, "mark=1 name=甲 host=520527002");
        talk = talk_ask(w, "a", 0);
        disk.ops = 0;
        disk.fail_at = k;
        disk.code = k % 3 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        disk.for_good = k % 2 == 0;
        answer = answer_new(w->hub, world_speaker, w, 0);
        if (answer_feed(answer, talk->ask.data, talk->ask.len, &w->fault) ==
                0 &&
            store_commit(w->hub, &w->fault) < 0)
            assert_true(store_commit(w->hub, NULL) < 0);
        answer_free(answer);
        talk_free(talk);
        failed = disk.failed;
        disk.fail_at = 0;
        disk.for_good = false;
        restart_hub(w);
        town_of(w, "a")->cut = true;
        sync_all(w);
        assert_int_equal(count_of(w->hub, STATE_TAKEN), 9);
        assert_agree(w);
        world_end(w);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_fails_once),
        cmocka_unit_test(a_disk_that_fails_for_good),
        cmocka_unit_test(a_full_disk_that_is_emptied_again),
        cmocka_unit_test(power_fails_and_takes_along_what_was_not_synced),
        cmocka_unit_test(a_first_start_that_fails_can_be_repeated),
        cmocka_unit_test(a_hub_that_fails_in_the_middle_of_an_ask),
    };

    shim_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
