#include "tests/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char world_kinds[] =
    "[kind]\nid = 1\nname = thing\nlabel = 物\nend = any\n"
    "[codes state]\n1 = 起草\n2 = 送审\n3 = 批准\n"
    "[cell identity]\nid = 1\nlabel = 身份\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n"
    "[field mark]\nid = 2\ncell = identity\nlabel = 编号\ntype = text\n"
    "unique = yes\nlookup = yes\n"
    "[cell name]\nid = 2\nlabel = 名\n"
    "[field name]\nid = 3\ncell = name\nlabel = 名称\ntype = text\n"
    "[field alias]\nid = 4\ncell = name\nlabel = 别名\ntype = text\n"
    "[cell place]\nid = 3\nlabel = 地\nwriter = owner\n"
    "[field host]\nid = 5\ncell = place\nlabel = 流入地\ntype = org\n"
    "role = host\n"
    "[cell visit]\nid = 4\nlabel = 访\nwriter = host\n"
    "[field visit]\nid = 6\ncell = visit\nlabel = 走访\ntype = text\n"
    "[cell state]\nid = 5\nlabel = 态\nsteps = state\nstep = none>起草\n"
    "step = 起草>送审\nstep = 送审>批准 county\n"
    "[field state]\nid = 7\ncell = state\nlabel = 状态\ntype = code\n"
    "codes = state\n"
    "[cell born]\nid = 6\nlabel = 生\nclash = fixed\n"
    "[field born]\nid = 8\ncell = born\nlabel = 出生\ntype = date\n"
    "[cell tags]\nid = 7\nlabel = 签\nkeyed = yes\n"
    "[field tags]\nid = 9\ncell = tags\nlabel = 标签\ntype = set\n"
    "[cell rank]\nid = 8\nlabel = 级\nwriter = county\nfirst = owner\n"
    "[field rank]\nid = 10\ncell = rank\nlabel = 级别\ntype = text\n"
    "[cell span]\nid = 9\nlabel = 期\n"
    "[field since]\nid = 11\ncell = span\nlabel = 起\ntype = date\n"
    "[field until]\nid = 12\ncell = span\nlabel = 止\ntype = date\n"
    "[cell loose]\nid = 10\nlabel = 免\n"
    "[field loose]\nid = 13\ncell = loose\nlabel = 免检\ntype = bool\n"
    "[cell close]\nid = 11\nlabel = 结\n"
    "[field closed]\nid = 14\ncell = close\nlabel = 结束\ntype = date\n"
    "[rules]\nR1 = error: before since until unless loose\n"
    "R2 = error: before until closed\n";

/* ---- the world around a store ---- */

/* splitmix64: each town has its own row of numbers. */
static void world_random(void *user, void *out, size_t len)
{
    struct town *town = user;
    uint8_t *to = out;

    for (size_t i = 0; i < len; i++) {
        uint64_t z = town->dice += 0x9e3779b97f4a7c15u;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        to[i] = (uint8_t)(z >> 31);
    }
}

static int world_reserve(void *user, uint64_t life, uint64_t upto)
{
    struct world *world = user;

    world->reserve_calls++;
    if (life > world->life)
        world->life = life;
    if (world->reserve_fails)
        return ERR_IO;
    if (upto > world->reserved)
        world->reserved = upto;
    return 0;
}

static void world_reach(void *user, enum reach mark)
{
    struct world *world = user;

    if (world->reach != NULL)
        world->reach(world, mark);
}

static const struct speaker *world_speaker(void *user, const char *station)
{
    struct world *world = user;

    for (int i = 0; i < world->towns; i++)
        if (strcmp(world->town[i].name, station) == 0)
            return &world->town[i].speaker;
    return NULL;
}

struct kinds *kinds_of_text(const char *text)
{
    struct kind_file file = {"thing.conf", bytes_text(text)};
    struct kinds *kinds;
    struct fault fault = {0};

    if (kinds_read(&file, 1, &kinds, &fault) < 0)
        fail_msg("%s: %s %s", fault.where, fault.field, fault.why);
    return kinds;
}

static void opened(struct world *world, int rc, const char *path)
{
    if (rc < 0)
        fail_msg("%s: YZ%04d %s %s", path, err_code(rc), world->fault.field,
                 world->fault.why);
}

void town_open(struct world *world, struct town *town)
{
    struct store_options options = {
        .path = town->path,
        .vfs = world->vfs,
        .org = town->org,
        .kinds = town->kinds != NULL ? town->kinds : world->kinds,
        .world = {.user = town, .random = world_random},
    };

    opened(world, store_open(&options, &town->store, &world->fault),
           town->path);
}

void town_shut(struct town *town)
{
    store_close(town->store);
    town->store = NULL;
}

void restart(struct world *world, const char *name)
{
    struct town *town = town_of(world, name);

    town_shut(town);
    town_open(world, town);
}

static void hub_stations(struct world *world)
{
    struct station list[TOWNS];

    for (int i = 0; i < world->towns; i++)
        list[i] = (struct station){world->town[i].name, world->town[i].org,
                                   world->clock};
    assert_int_equal(
        store_stations(world->hub, list, world->towns, &world->fault), 0);
    assert_int_equal(store_commit(world->hub, &world->fault), 0);
}

void hub_open(struct world *world)
{
    struct store_options options = {
        .path = world->hub_path,
        .vfs = world->vfs,
        .hub = true,
        .org = "520527",
        .kinds = world->kinds,
        .hub_id = {{1}},
        .key = {world->hub_key},
        .life = ++world->life,
        .floor = world->reserved,
        .world = {.user = world, .reserve = world_reserve,
                  .reach = world_reach},
    };

    opened(world, store_open(&options, &world->hub, &world->fault),
           world->hub_path);
    hub_stations(world);
}

void restart_hub(struct world *world)
{
    store_close(world->hub);
    hub_open(world);
}

struct town *town_of(struct world *world, const char *name)
{
    for (int i = 0; i < world->towns; i++)
        if (strcmp(world->town[i].name, name) == 0)
            return &world->town[i];
    fail_msg("no town %s", name);
    return NULL;
}

struct town *town_add(struct world *world, const char *name, const char *org)
{
    struct town *town = &world->town[world->towns++];
    size_t len = strlen(world->dir);

    snprintf(town->name, sizeof town->name, "%s", name);
    snprintf(town->org, sizeof town->org, "%s", org);
    memcpy(town->path, world->dir, len);
    snprintf(town->path + len, sizeof town->path - len, "/%s.db", name);
    town->dice = (uint64_t)world->towns * 1000;
    wire_key(bytes_text(name), town->speaker.key);
    town->speaker.name = town->name;
    town->speaker.org = town->org;
    town_open(world, town);
    if (world->hub != NULL)
        hub_stations(world);
    return town;
}

struct world *world_new(void)
{
    struct world *world = xmalloc(sizeof *world);

    memset(world, 0, sizeof *world);
    /* In memory where there is such a place: a story asks the disk for nothing
     * but order, and a thousand of them would wait long for it. */
    snprintf(world->dir, sizeof world->dir, "%s/yz-world-XXXXXX",
             getenv("YZ_WORLDS") != NULL     ? getenv("YZ_WORLDS")
             : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                             : "/tmp");
    assert_non_null(mkdtemp(world->dir));
    snprintf(world->hub_path, sizeof world->hub_path, "%s/hub.db",
             world->dir);
    world->kinds = kinds_of_text(world_kinds);
    world->clock = 1700000000000;
    world->hub_key = 2;
    town_add(world, "a", "520527001");
    town_add(world, "b", "520527002");
    town_add(world, "c", "520527003");
    town_add(world, "county", "520527");
    hub_open(world);
    return world;
}

void world_free(struct world *world)
{
    DIR *dir = opendir(world->dir);
    struct dirent *entry;
    char path[2 * PATH_ROOM];

    for (int i = 0; i < world->towns; i++)
        store_close(world->town[i].store);
    store_close(world->hub);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", world->dir, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(world->dir);
    kinds_free(world->kinds);
    free(world);
}

static void copy_one(const char *from, const char *to, const char *tail)
{
    char path[2][PATH_ROOM + 8], bytes[4096];
    FILE *in, *out;
    size_t got;

    snprintf(path[0], sizeof path[0], "%s%s", from, tail);
    snprintf(path[1], sizeof path[1], "%s%s", to, tail);
    unlink(path[1]);
    in = fopen(path[0], "rb");
    if (in == NULL)
        return;
    out = fopen(path[1], "wb");
    assert_non_null(out);
    while ((got = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, got, out);
    fclose(in);
    fclose(out);
}

void files_copy(const char *from, const char *to)
{
    copy_one(from, to, "");
    copy_one(from, to, "-wal");
}

/* ---- what must always hold ---- */

static void check_store(struct world *world, const char *name,
                        struct store *store)
{
    assert_int_equal(store_commit(store, &world->fault), 0);
    if (store_verify(store, &world->fault) < 0)
        fail_msg("verify %s: %s %s", name, world->fault.field,
                 world->fault.why);
    if (store_rebuild(store, &world->fault) < 0)
        fail_msg("rebuild %s: %s", name, world->fault.why);
    assert_int_equal(store_commit(store, &world->fault), 0);
}

void world_check(struct world *world)
{
    struct store_status status;

    check_store(world, "hub", world->hub);
    for (int i = 0; i < world->towns; i++)
        check_store(world, world->town[i].name, world->town[i].store);
    assert_int_equal(store_status(world->hub, &status), 0);
    if (status.life == world->life && world->reserve_calls > 0) {
        assert_true(status.number <= world->reserved);
        assert_true(status.seq <= world->reserved);
    }
}

void world_end(struct world *world)
{
    world_check(world);
    world_free(world);
}

/* ---- writing ---- */

struct id record_id(int record)
{
    struct id id = {{0}};

    id.b[0] = 0x52;
    id.b[14] = (uint8_t)(record >> 8);
    id.b[15] = (uint8_t)record;
    return id;
}

static void edit_word(const struct kind *kind, char *word, struct edit *edit)
{
    char *sign = word + strcspn(word, "=+-");
    char mark = *sign;
    int field;

    if (mark != '\0')
        *sign++ = '\0';
    if (strcmp(word, "undo") == 0) {
        edit->ending = ENDING_UNDO;
        return;
    }
    if (strcmp(word, "end") == 0) {
        edit->ending = ENDING_END;
        edit->reason = bytes_text(sign);
        return;
    }
    field = kind_field(kind, word);
    if (field < 0)
        fail_msg("no field %s", word);
    if (kind->fields[field].type == FIELD_SET) {
        edit->key[edit->nkeys].cell = kind->fields[field].cell;
        edit->key[edit->nkeys].key = bytes_text(sign);
        edit->key[edit->nkeys++].present = mark == '+';
        return;
    }
    edit->set[edit->nset].field = field;
    edit->set[edit->nset++].text = bytes_text(sign);
}

static void edit_frame(struct world *world, struct edit *edit)
{
    edit->author = bytes_text("经办人");
    edit->stamp.wall_ms = world->clock += 1000;
    edit->stamp.mono_ms = world->clock % 100000;
}

static void edit_words(const struct kind *kind, const char *what,
                       struct edit *edit)
{
    static char words[1024];

    snprintf(words, sizeof words, "%s", what);
    for (char *word = strtok(words, " "); word != NULL;
         word = strtok(NULL, " "))
        edit_word(kind, word, edit);
}

static bool has_org(const struct kind *kind, const struct edit *edit)
{
    for (int i = 0; i < edit->nset; i++)
        if (edit->set[i].field == kind->org_field)
            return true;
    return false;
}

struct edit *edit_of(struct world *world, const char *name, int record,
                     const char *what)
{
    static struct edit edit;
    struct town *town = town_of(world, name);
    struct shown *shown = xmalloc(sizeof *shown);

    memset(&edit, 0, sizeof edit);
    edit.kind = kinds_find(store_kinds(town->store), "thing");
    edit.record = record_id(record);
    edit_frame(world, &edit);
    edit_words(edit.kind, what, &edit);
    shown_init(shown);
    if (store_show(town->store, &edit.record, shown) == ERR_RECORD) {
        edit.create = true;
        if (!has_org(edit.kind, &edit)) {
            edit.set[edit.nset].field = edit.kind->org_field;
            edit.set[edit.nset++].text = bytes_text(town->org);
        }
    }
    shown_done(shown);
    free(shown);
    return &edit;
}

int put(struct world *world, const char *name, const struct edit *edit)
{
    return store_put(town_of(world, name)->store, edit, &world->receipt,
                     &world->fault);
}

int try_say(struct world *world, const char *name, int record,
            const char *what)
{
    struct town *town = town_of(world, name);
    int rc = put(world, name, edit_of(world, name, record, what));

    return rc < 0 ? rc : store_commit(town->store, &world->fault);
}

void say(struct world *world, const char *name, int record, const char *what)
{
    int rc = try_say(world, name, record, what);

    if (rc < 0)
        fail_msg("%s: %d %s: YZ%04d %s %s", name, record, what, err_code(rc),
                 world->fault.field, world->fault.why);
}

#include "tests/story_settle.c"
#include "tests/story_talk.c"
#include "tests/story_look.c"
