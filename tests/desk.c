/* A station alone on a simulated disk of its own, which saves and counts what it
 * was told. A test includes this file and is one program with it. */
#include "tests/world.c"
#include "tests/sim/disk.h"

#include "store/db.h"

#define TEST(name) static void name(void **state)

struct desk {
    struct world *world;
    struct disk *disk;
    uint64_t dice;
    int told;                   /* saves 0 to told - 1 were told saved */
};

static struct desk desk_new(uint64_t seed)
{
    struct desk desk = {.world = world_new(), .dice = seed << 32};

    disk_seed_sqlite((uint32_t)seed);
    desk.disk = disk_new("desk", seed);
    desk.world->vfs = disk_vfs(desk.disk);
    town_shut(town_add(desk.world, "desk", "520527009"));
    return desk;
}

static struct town *desk_town(struct desk *desk)
{
    return town_of(desk->world, "desk");
}

static void desk_free(struct desk *desk)
{
    if (desk_town(desk)->store != NULL)
        town_shut(desk_town(desk));
    world_free(desk->world);
    disk_free(desk->disk);
}

static void desk_cut(struct desk *desk, enum disk_survival how)
{
    disk_power_off(desk->disk, how);
    if (desk_town(desk)->store != NULL)
        town_shut(desk_town(desk));
}

static int desk_open(struct desk *desk)
{
    struct town *town = desk_town(desk);
    struct store_options options = {
        .path = town->path,
        .vfs = disk_vfs(desk->disk),
        .org = town->org,
        .kinds = desk->world->kinds,
        .world = {.user = town, .random = world_random},
    };

    return store_open(&options, &town->store, &desk->world->fault);
}

static struct edit *save_of(struct desk *desk, int i)
{
    static char what[64], token[16];
    struct edit *edit;

    snprintf(what, sizeof what, "mark=%d name=甲%d tags+红 tags+蓝", i, i);
    snprintf(token, sizeof token, "t%d", i);
    edit = edit_of(desk->world, "desk", i + 1, what);
    edit->create = true;
    edit->imported = true;
    edit->token = bytes_text(token);
    return edit;
}

static int save(struct desk *desk, int i)
{
    int rc = put(desk->world, "desk", save_of(desk, i));

    return rc < 0 ? rc : store_commit(desk_town(desk)->store,
                                      &desk->world->fault);
}

/* How many of the saves from `first` on that were told are not there, whole. */
static int missing(struct desk *desk, int first)
{
    int count = 0;
    char line[120];

    for (int i = first < 0 ? 0 : first; i < desk->told; i++) {
        snprintf(line, sizeof line,
                 "520527009>: identity=520527009/%d name=甲%d "
                 "tags红= tags蓝=", i, i);
        count += strstr(line_of(desk->world, desk_town(desk)->store, i + 1),
                        line) == NULL;
    }
    return count;
}

static bool sound(struct desk *desk)
{
    struct store *store = desk_town(desk)->store;
    sqlite3_stmt *stmt = NULL;
    bool ok;

    sqlite3_prepare_v2(store->db, "PRAGMA integrity_check", -1, &stmt, NULL);
    ok = stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW &&
         strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    return ok && store_verify(store, &desk->world->fault) == 0;
}

/* A station with so many saves, as it lies on the disk after a clean stop. */
static struct disk_image *desk_ready(struct desk *desk, int saves)
{
    assert_int_equal(desk_open(desk), 0);
    for (desk->told = 0; desk->told < saves; desk->told++)
        assert_int_equal(save(desk, desk->told), 0);
    town_shut(desk_town(desk));
    return disk_copy(desk->disk);
}
