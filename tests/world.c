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
    "[rules]\nR1 = error: before since until\n";

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

static int world_reserve(void *user, uint64_t upto)
{
    struct world *world = user;

    world->reserve_calls++;
    if (world->reserve_fails)
        return ERR_IO;
    if (upto > world->reserved)
        world->reserved = upto;
    return 0;
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
        .key = {2},
        .life = ++world->life,
        .floor = world->reserved,
        .world = {.user = world, .random = NULL, .reserve = world_reserve},
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
    snprintf(world->dir, sizeof world->dir, "/tmp/yz-world-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    snprintf(world->hub_path, sizeof world->hub_path, "%s/hub.db",
             world->dir);
    world->kinds = kinds_of_text(world_kinds);
    world->clock = 1700000000000;
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

/* ---- settling ---- */

static bool case_here(const struct shown_case *shown, int record,
                      const char *cell)
{
    struct id id = record_id(record);

    return id_equal(&shown->record, &id) && shown->kind != NULL &&
           shown->cell >= 0 &&
           strcmp(shown->kind->cells[shown->cell].name, cell) == 0;
}

static int find_case(struct store *store, int record, const char *cell,
                     struct shown_case *out)
{
    out->row = 0;
    while (store_next_case(store, out->row, out) > 0)
        if (case_here(out, record, cell))
            return 0;
    return ERR_CASE;
}

static void settle_body(const struct shown_case *shown, bool present,
                        const struct body *body, struct edit *edit)
{
    const struct kind *kind = shown->kind;

    if (shown->cell == 0) {
        edit->ending = present ? ENDING_END : ENDING_UNDO;
        edit->reason = present ? body_get(body, END_REASON)
                               : bytes_of(NULL, 0);
        return;
    }
    if (kind->cells[shown->cell].keyed) {
        edit->key[0].cell = shown->cell;
        edit->key[0].key = shown->key;
        edit->key[0].present = present;
        edit->nkeys = 1;
        return;
    }
    for (int i = 0; i < kind->nfields; i++) {
        if (kind->fields[i].cell != shown->cell)
            continue;
        edit->set[edit->nset].field = i;
        edit->set[edit->nset++].text =
            present ? body_get(body, (uint64_t)kind->fields[i].id)
                    : bytes_of(NULL, 0);
    }
}

struct edit *settle_edit(struct world *world, const char *name, int record,
                         const char *cell, const char *side)
{
    static struct edit edit;
    static struct shown_case shown;
    static bool ready;
    struct town *town = town_of(world, name);

    if (!ready)
        shown_case_init(&shown);
    ready = true;
    if (find_case(town->store, record, cell, &shown) < 0)
        return NULL;
    memset(&edit, 0, sizeof edit);
    edit.kind = shown.kind;
    edit.record = shown.record;
    edit_frame(world, &edit);
    edit.settles[edit.nsettles++] = shown.name;
    edit.has_base = true;
    edit.base = shown.number;
    edit.force = true;
    if (strcmp(side, "in-force") == 0)
        settle_body(&shown, shown.in_force_present, &shown.in_force, &edit);
    else if (strcmp(side, "parked") == 0)
        settle_body(&shown, !shown.parked.removal, &shown.parked.body, &edit);
    else
        edit_words(shown.kind, side, &edit);
    return &edit;
}

int settle(struct world *world, const char *name, int record,
           const char *cell, const char *side)
{
    struct edit *edit = settle_edit(world, name, record, cell, side);
    int rc = edit == NULL ? ERR_CASE : put(world, name, edit);

    return rc < 0 ? rc : store_commit(town_of(world, name)->store,
                                      &world->fault);
}

/* ---- exchanging ---- */

static void ask_read(struct talk *talk)
{
    uint8_t piece[1500];
    long got;

    buf_init(&talk->ask, 64u << 20);
    while ((got = asking_read(talk->asking, piece, sizeof piece)) > 0)
        buf_put(&talk->ask, piece, (size_t)got);
    assert_int_equal(got, 0);
}

static void hub_answers(struct talk *talk, long ask)
{
    struct world *world = talk->world;
    struct answer *answer = answer_new(world->hub, world_speaker, world,
                                       world->clock);
    size_t len = ask == ALL || (size_t)ask > talk->ask.len ? talk->ask.len
                                                           : (size_t)ask;
    uint8_t piece[1400];
    long got = 0;

    buf_init(&talk->answer, 64u << 20);
    world->hub_rc = 0;
    for (size_t at = 0; at < len && world->hub_rc == 0; at += 777)
        world->hub_rc = answer_feed(answer, talk->ask.data + at,
                                    len - at < 777 ? len - at : 777,
                                    &world->fault);
    if (world->reserve_fails) {
        answer_free(answer);
        return;
    }
    assert_int_equal(store_commit(world->hub, &world->fault), 0);
    while (world->hub_rc == 0 && answer_whole(answer) &&
           (got = answer_read(answer, piece, sizeof piece)) > 0)
        buf_put(&talk->answer, piece, (size_t)got);
    if (got < 0)
        world->hub_rc = (int)got;
    answer_free(answer);
}

struct talk *talk_ask(struct world *world, const char *name, long ask)
{
    struct town *town = town_of(world, name);
    struct asking_plan plan = {town->cut, 64 * 1024, 4, 256 * 1024};
    struct talk *talk = xmalloc(sizeof *talk);
    struct id id;

    memset(talk, 0, sizeof *talk);
    talk->world = world;
    talk->town = town;
    world_random(town, id.b, ID_SIZE);
    assert_int_equal(store_commit(town->store, &world->fault), 0);
    talk->asking = asking_new(town->store, town->name, town->speaker.key, &id,
                              &plan, world->clock);
    ask_read(talk);
    hub_answers(talk, ask);
    return talk;
}

int talk_settle(struct talk *talk, long answer)
{
    struct world *world = talk->world;
    size_t len = answer == ALL || (size_t)answer > talk->answer.len
                     ? talk->answer.len : (size_t)answer;
    int rc = 0;

    for (size_t at = 0; at < len && rc == 0; at += 512)
        rc = settle_feed(talk->asking, talk->answer.data + at,
                         len - at < 512 ? len - at : 512, &world->fault);
    assert_int_equal(store_commit(talk->town->store, NULL), 0);
    settle_end(talk->asking, &world->asked);
    talk->town->cut = !world->asked.whole;
    return rc;
}

void talk_free(struct talk *talk)
{
    asking_free(talk->asking);
    buf_done(&talk->ask);
    buf_done(&talk->answer);
    free(talk);
}

int exchange(struct world *world, const char *name, long ask, long answer)
{
    struct talk *talk = talk_ask(world, name, ask);
    int rc = talk_settle(talk, answer);

    talk_free(talk);
    return rc;
}

void sync_with(struct world *world, const char *name)
{
    for (int i = 0; i < 20; i++) {
        int rc = exchange(world, name, ALL, ALL);

        if (rc < 0 || world->hub_rc < 0)
            fail_msg("%s: YZ%04d, hub YZ%04d: %s %s", name, err_code(rc),
                     err_code(world->hub_rc), world->fault.field,
                     world->fault.why);
        assert_true(world->asked.whole);
        if (!world->asked.more)
            return;
    }
    fail_msg("%s: there is always more", name);
}

/* Twice: the second brings each what the others said. */
void sync_all(struct world *world)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < world->towns; i++)
            if (world->town[i].store != NULL)
                sync_with(world, world->town[i].name);
}

/* ---- looking ---- */

static void body_text(const struct body *body, char *out, size_t size)
{
    size_t at = strlen(out);

    for (int i = 0; i < body->count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%.*s",
                               i > 0 ? "/" : "",
                               (int)body->value[i].text.len,
                               (const char *)body->value[i].text.data);
}

static void shown_text(const struct shown *shown, char *out, size_t size)
{
    size_t at;

    snprintf(out, size, "%.*s>%.*s%s:", (int)shown->org.len,
             (const char *)shown->org.data, (int)shown->host.len,
             (const char *)shown->host.data, shown->ended ? " ended" : "");
    for (int i = 0; i < shown->cells; i++) {
        const struct shown_cell *cell = &shown->cell[i];

        at = strlen(out);
        snprintf(out + at, size - at, " %s%.*s=%s",
                 shown->kind->cells[cell->cell].name, (int)cell->key.len,
                 (const char *)cell->key.data, cell->present ? "" : "-");
        if (cell->present)
            body_text(&cell->body, out, size);
    }
}

const char *line_of(struct world *world, struct store *store, int record)
{
    static char line[2][4096];
    static int turn;
    struct shown *shown = xmalloc(sizeof *shown);
    struct id id = record_id(record);
    char *out = line[turn = !turn];

    (void)world;
    out[0] = '\0';
    shown_init(shown);
    if (store_show(store, &id, shown) == 0)
        shown_text(shown, out, sizeof line[0]);
    shown_done(shown);
    free(shown);
    return out;
}

const char *cell_of(struct world *world, const char *name, int record,
                    const char *cell)
{
    static char text[1024];
    struct store *store = strcmp(name, "hub") == 0
                              ? world->hub : town_of(world, name)->store;
    struct shown *shown = xmalloc(sizeof *shown);
    struct id id = record_id(record);
    const char *out = NULL;

    shown_init(shown);
    text[0] = '\0';
    if (store_show(store, &id, shown) == 0)
        for (int i = 0; i < shown->cells; i++)
            if (strcmp(shown->kind->cells[shown->cell[i].cell].name, cell) ==
                    0 && shown->cell[i].present) {
                body_text(&shown->cell[i].body, text, sizeof text);
                out = text;
            }
    shown_done(shown);
    free(shown);
    return out;
}

void assert_cell(struct world *world, const char *name, int record,
                 const char *cell, const char *text)
{
    const char *is = cell_of(world, name, record, cell);

    if (is == NULL || text == NULL) {
        if (is != text)
            fail_msg("%s shows %s of %d as %s, not %s", name, cell, record,
                     is == NULL ? "nothing" : is,
                     text == NULL ? "nothing" : text);
        return;
    }
    if (strcmp(is, text) != 0)
        fail_msg("%s shows %s of %d as %s, not %s", name, cell, record, is,
                 text);
}

static bool begins(struct bytes text, const char *with)
{
    return text.len >= strlen(with) &&
           memcmp(text.data, with, strlen(with)) == 0;
}

static const struct kind *thing(struct store *store)
{
    return kinds_find(store_kinds(store), "thing");
}

/* Everything of `one` that an organisation sees, in `other`. */
static void assert_within(struct world *world, struct store *one,
                          struct store *other, const char *org,
                          const char *who)
{
    struct shown *shown = xmalloc(sizeof *shown);
    struct id after, *from = NULL;
    char mine[4096];
    const char *theirs;

    shown_init(shown);
    while (store_next(one, thing(one), from, shown) == 1) {
        after = shown->record;
        from = &after;
        shown_text(shown, mine, sizeof mine);
        if (!begins(shown->org, org) && !begins(shown->host, org)) {
            if (one != world->hub)
                fail_msg("%s shows %s", who, mine);
            continue;
        }
        theirs = line_of(world, other, after.b[14] * 256 + after.b[15]);
        if (strcmp(mine, theirs) != 0)
            fail_msg("%s: '%s' and '%s' (%s)", who, mine, theirs,
                     one == world->hub ? "hub first" : "hub second");
    }
    shown_done(shown);
    free(shown);
}

void assert_agree(struct world *world)
{
    for (int i = 0; i < world->towns; i++) {
        const struct town *town = &world->town[i];

        assert_within(world, world->hub, town->store, town->org, town->name);
        assert_within(world, town->store, world->hub, town->org, town->name);
    }
}

int open_cases(struct store *store)
{
    struct store_status status;

    assert_int_equal(store_status(store, &status), 0);
    return (int)status.cases;
}

int reason_of(struct world *world, const char *name, int record,
              const char *cell)
{
    struct store *store = strcmp(name, "hub") == 0
                              ? world->hub : town_of(world, name)->store;
    struct shown_case *shown = xmalloc(sizeof *shown);
    int reason = -1;

    shown_case_init(shown);
    if (find_case(store, record, cell, shown) == 0)
        reason = (int)shown->reason;
    shown_case_done(shown);
    free(shown);
    return reason;
}

uint64_t count_of(struct store *store, enum state state)
{
    struct store_status status;

    assert_int_equal(store_status(store, &status), 0);
    return status.count[state];
}

static bool holds(struct bytes in, const char *text)
{
    return text != NULL && in.len > 0 &&
           memmem(in.data, in.len, text, strlen(text)) != NULL;
}

static bool item_tells(const struct news_item *item, int record,
                       const char *text)
{
    struct id id = record_id(record);
    struct change change;

    if (item->what == NEWS_GONE || item->what == NEWS_VERDICT)
        return false;           /* an id and no content */
    if (text != NULL)
        return holds(item->change, text) ||
               (item->has_base && holds(item->base_body, text));
    return change_read(item->change, &change) == 0 &&
           id_equal(&change.record, &id);
}

static bool stream_tells(struct world *world, const struct town *town,
                         const char *stream, int record, const char *text)
{
    struct station station = {town->name, town->org, world->clock};
    struct hello hello = {0};   /* a new PC: nothing known, nothing written */
    struct buf out;
    struct news news;
    struct news_item item;
    uint64_t to = 0;
    bool more = true, told = false;

    while (more) {
        buf_init(&out, FRAME_MAX);
        assert_int_equal(store_news(world->hub, &station, &hello, stream, to,
                                    BATCH_SIZE_MAX, &out, &more, &to), 0);
        assert_int_equal(news_read(buf_view(&out), &news), 0);
        while (news_next(&news, &item) == 1)
            told = told || item_tells(&item, record, text);
        news_done(&news);
        buf_done(&out);
    }
    return told;
}

bool news_tell(struct world *world, const char *name, int record,
               const char *text)
{
    const struct town *town = town_of(world, name);
    char own[32];

    snprintf(own, sizeof own, "@%s", town->name);
    return stream_tells(world, town, town->org, record, text) ||
           stream_tells(world, town, own, record, text);
}
