#include "tests/fuzz/help/story.h"

#include "daemon/config.h"

#include "tests/world.c"

/* What the hub's kind files got later. */
static const char more_kinds[] =
    "[cell late]\nid = 12\nlabel = 晚\nwriter = owner\n"
    "[field late]\nid = 15\ncell = late\nlabel = 晚到\ntype = text\n"
    "max = 20\n"
    "[field until_late]\nid = 16\ncell = late\nlabel = 晚止\ntype = date\n"
    "rough = yes\n";

static struct kinds *old_kinds;

struct bytes story_old_kinds(void)
{
    if (old_kinds == NULL)
        old_kinds = kinds_of_text(world_kinds);
    return buf_view(&old_kinds->text);
}

const struct speaker *story_speaker(void *world, const char *station)
{
    return world_speaker(world, station);
}

/* The first id of a file is its kind's: 1 is taken, 9 is free. */
static void other_id(struct buf *text)
{
    uint8_t *id = memmem(text->data, text->len, "\nid = ", 6);

    if (id != NULL && id[6] == '1')
        id[6] = '9';
}

/* The files that are shipped: rules of every form, and enough fields. */
enum { SHIPPED = 3 };

static void load_shipped(struct world *world, struct kind_file *file,
                         struct buf *text)
{
    static const char *const path[SHIPPED] = {FUZZ_KINDS "/flow_member.conf",
                                              FUZZ_KINDS "/member.conf",
                                              FUZZ_KINDS "/org_unit.conf"};

    for (int i = 0; i < SHIPPED; i++) {
        assert_int_equal(config_load(path[i], KINDS_TEXT_MAX, &text[i],
                                     &world->fault), 0);
        other_id(&text[i]);
        file[i] = (struct kind_file){path[i], buf_view(&text[i])};
    }
}

static void renew_kinds(struct world *world, bool shipped)
{
    struct kind_file file[SHIPPED + 1];
    struct buf text[SHIPPED] = {{.data = NULL}};
    char thing[sizeof world_kinds + sizeof more_kinds];

    snprintf(thing, sizeof thing, "%s%s", world_kinds, more_kinds);
    file[0] = (struct kind_file){"thing.conf", bytes_text(thing)};
    if (shipped)
        load_shipped(world, file + 1, text);
    kinds_free(world->kinds);
    assert_int_equal(kinds_read(file, shipped ? SHIPPED + 1 : 1,
                                &world->kinds, &world->fault), 0);
    for (int i = 0; i < SHIPPED; i++)
        buf_done(&text[i]);
    restart_hub(world);
}

static void first_weeks(struct world *w, bool shipped)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002 state=起草 "
                   "born=1970-01-01 tags+红 tags+蓝 since=2020-01-01");
    say(w, "a", 2, "mark=2 name=乙 host=520527002 rank=甲级");
    say(w, "a", 3, "mark=3 name=丙 since=2020-01-01 until=2021-01-01");
    say(w, "b", 4, "mark=4 name=丁 host=520527001");
    say(w, "c", 5, "mark=5 name=戊 tags+红");
    say(w, "county", 6, "org=520527003 mark=6 name=己");
    sync_all(w);
    renew_kinds(w, shipped);
    sync_all(w);
}

/* A case of each reason. */
static void disputes(struct world *w)
{
    say(w, "b", 1, "name=三 visit=来过");
    say(w, "a", 1, "name=丁 born=1971-01-01 state=送审");
    say(w, "a", 2, "rank=乙级 late=新");
    say(w, "county", 3, "org=520527002");
    say(w, "a", 3, "name=移");
    say(w, "c", 5, "end=迁出");
    say(w, "county", 5, "name=庚");
    say(w, "b", 7, "mark=1 name=辛");
    sync_with(w, "c");
    sync_with(w, "county");
    sync_all(w);
    settle(w, "a", 2, "rank", "parked");
    settle(w, "county", 5, "name", "in-force");
    sync_all(w);
}

struct world *story_quiet(bool shipped)
{
    struct world *w = world_new();

    first_weeks(w, shipped);
    disputes(w);
    world_check(w);
    return w;
}

struct world *story_county(bool shipped)
{
    struct world *w = story_quiet(shipped);

    say(w, "county", 1, "state=批准 name=壬");
    say(w, "county", 2, "org=520527003 host=");
    say(w, "county", 4, "name=癸 tags+黄");
    sync_with(w, "county");
    say(w, "a", 1, "name=子 tags-红");
    restart(w, "a");
    say(w, "a", 8, "mark=8 name=丑 host=520527002 loose=true");
    say(w, "a", 2, "name=寅 end=去世");
    settle(w, "a", 1, "born", "in-force");
    say(w, "a", 4, "visit=看过");
    say(w, "b", 1, "visit=又来 alias=卯");
    say(w, "b", 9, "mark=9 name=辰");
    say(w, "c", 6, "name=巳 host=520527002");
    settle(w, "county", 1, "name", "parked");
    return w;
}

void story_unlink(struct world *world)
{
    DIR *dir = opendir(world->dir);
    struct dirent *entry;
    char path[2 * PATH_ROOM];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", world->dir, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(world->dir);
}
