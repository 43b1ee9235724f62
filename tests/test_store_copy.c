/* A copy of a running store: whole, of now, and never the store's trouble. */
#include "tests/desk.c"

#include "store/care.h"

static const char *copy_path(struct world *w)
{
    static char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s/copy", w->dir);
    return path;
}

static const struct copy_note note = {
    .name = "desk", .made_ms = 1700000000000, .numbers = "12", .secures = true};

/* Copy `store`, calling `between` after each step. 0 or an error. */
static int copy_now(struct world *w, struct store *store,
                    void (*between)(struct world *w, int step))
{
    struct copying *copying;
    int rc = copy_begin(store, copy_path(w), &copying, &w->fault);

    if (rc < 0)
        return rc;
    for (int step = 0; (rc = copy_step(copying, &w->fault)) == 1; step++)
        if (between != NULL)
            between(w, step);
    if (rc == 0)
        rc = copy_end(copying, &note, &w->fault);
    copy_free(copying);
    return rc;
}

/* What the copy says of itself; everything in it must be whole. */
static struct copy_facts look(struct world *w)
{
    struct copy_facts facts;
    struct store *copy;

    if (copy_open(copy_path(w), w->vfs, &copy, &facts, &w->fault) < 0)
        fail_msg("YZ%04d %s", err_code(w->fault.err), w->fault.why);
    if (store_verify(copy, &w->fault) < 0)
        fail_msg("%s: %s", w->fault.field, w->fault.why);
    copy_close(copy);
    return facts;
}

/* Put the copy in the place of a closed store. */
static void put_back(struct world *w, const char *path)
{
    char log[PATH_ROOM + 8];

    assert_int_equal(copy_settle(copy_path(w), w->vfs, NULL, &w->fault),
                     0);
    snprintf(log, sizeof log, "%s-wal", path);
    unlink(log);
    assert_int_equal(rename(copy_path(w), path), 0);
}

/* ---- what is in it ---- */

static void save_more(struct world *w, int step)
{
    char words[60];

    for (int i = 0; i < 5; i++) {
        snprintf(words, sizeof words, "name=步%d-%d alias=又 tags+红", step, i);
        say(w, "a", 1 + (step * 5 + i) % 900, words);
    }
}

/* Work goes on: pages that were copied change again, new ones come. */
TEST(a_copy_beside_the_work_has_what_was_saved_to_the_end)
{
    struct world *w = world_new();
    struct town *town = town_of(w, "a");
    struct copy_facts facts;
    struct store_status status;
    char (*before)[1200] = xmalloc(900 * sizeof *before), words[900];
    int used = snprintf(words, sizeof words, "mark=1 alias=");

    (void)state;
    memset(words + used, 'x', sizeof words - (size_t)used - 1);
    words[sizeof words - 1] = '\0';
    for (int i = 1; i <= 900; i++)
        say(w, "a", i, words);
    assert_int_equal(copy_now(w, town->store, save_more), 0);
    facts = look(w);
    store_status(town->store, &status);
    assert_true(status.written > 1800 + 4);
    assert_int_equal(facts.written, status.written);
    assert_int_equal(facts.records, 900);
    assert_false(facts.hub);
    assert_string_equal(facts.org, "520527001");
    assert_string_equal(facts.note.name, "desk");
    assert_string_equal(facts.note.numbers, "12");
    assert_true(facts.note.made_ms == note.made_ms);
    for (int i = 0; i < 900; i++)
        snprintf(before[i], sizeof before[i], "%s",
                 line_of(w, town->store, i + 1));
    town_shut(town);
    put_back(w, town->path);
    town_open(w, town);
    for (int i = 0; i < 900; i++)
        assert_string_equal(line_of(w, town->store, i + 1), before[i]);
    free(before);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* An open turn is nobody's yet: the copy waits for its commit. */
TEST(a_copy_waits_while_a_turn_is_open)
{
    struct world *w = world_new();
    struct store *store = town_of(w, "a")->store;
    struct copying *copying;

    (void)state;
    say(w, "a", 1, "mark=1 name=甲");
    assert_int_equal(copy_begin(store, copy_path(w), &copying, &w->fault), 0);
    assert_int_equal(put(w, "a", edit_of(w, "a", 2, "mark=2 name=乙")), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(copy_step(copying, &w->fault), 1);
    assert_int_equal(store_commit(store, NULL), 0);
    assert_int_equal(copy_step(copying, &w->fault), 0);
    assert_int_equal(copy_end(copying, &note, &w->fault), 0);
    copy_free(copying);
    assert_int_equal(look(w).records, 2);
    world_end(w);
}

TEST(a_hub_goes_back_to_its_copy_and_uses_no_number_twice)
{
    struct world *w = world_new();
    struct copy_facts facts;
    struct store_status status;
    uint64_t number;

    (void)state;
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    assert_int_equal(copy_now(w, w->hub, NULL), 0);
    facts = look(w);
    assert_true(facts.hub && facts.number >= 3);
    say(w, "a", 1, "name=乙");
    say(w, "b", 2, "mark=2 name=丙");
    sync_all(w);
    store_status(w->hub, &status);
    number = status.number;
    store_close(w->hub);
    put_back(w, w->hub_path);
    hub_open(w);
    store_status(w->hub, &status);
    assert_true(status.number >= number);
    assert_int_equal(status.secured, facts.number);
    for (int i = 0; i < 3; i++)
        sync_all(w);
    assert_cell(w, "hub", 1, "name", "乙");
    assert_cell(w, "hub", 2, "name", "丙");
    assert_agree(w);
    world_end(w);
}

/* ---- two marks ---- */

static void status_of(struct world *w, const char *name,
                      struct store_status *out)
{
    assert_int_equal(store_status(town_of(w, name)->store, out), 0);
}

TEST(a_station_is_told_what_the_off_box_copy_has)
{
    struct world *w = world_new();
    struct store_status a, b;
    uint64_t secured;

    (void)state;
    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    status_of(w, "a", &a);
    assert_true(a.secured == 0 && a.secured_taken == 0);
    store_status(w->hub, &b);
    assert_int_equal(store_secure(w->hub, b.number), 0);
    sync_all(w);
    status_of(w, "a", &a);
    secured = a.secured;
    assert_int_equal(a.secured, b.number);
    assert_int_equal(a.secured_taken, a.count[STATE_TAKEN]);
    /* What is decided later is not in it, also after a restart. */
    say(w, "a", 1, "name=乙");
    say(w, "b", 2, "mark=2");
    sync_all(w);
    restart(w, "a");
    status_of(w, "a", &a);
    assert_int_equal(a.secured_taken, a.count[STATE_TAKEN] - 1);
    /* The next copy has the first of these two, and not the other. */
    assert_int_equal(store_secure(w->hub, secured + 1), 0);
    sync_all(w);
    status_of(w, "a", &a);
    status_of(w, "b", &b);
    assert_int_equal(a.secured_taken, a.count[STATE_TAKEN]);
    assert_int_equal(b.secured_taken, 0);
    /* Never back. */
    assert_int_equal(store_secure(w->hub, 1), 0);
    sync_all(w);
    status_of(w, "a", &a);
    assert_int_equal(a.secured, secured + 1);
    world_end(w);
}

/* ---- a bad disk under the copy ---- */

static int copy_of_desk(struct desk *desk)
{
    struct world *w = desk->world;

    disk_file_delete(desk->disk, copy_path(w));
    return copy_now(w, desk_town(desk)->store, NULL);
}

static void ends_badly(int code, int wanted)
{
    int k = 0, rc;

    do {
        struct desk desk = desk_new(7);

        disk_image_free(desk_ready(&desk, 40));
        assert_int_equal(desk_open(&desk), 0);
        disk_fail(desk.disk, DISK_ANY, (uint64_t)k, -1, code);
        rc = copy_of_desk(&desk);
        disk_fail(desk.disk, DISK_ANY, 0, 0, 0);
        if (rc < 0 && rc != wanted && rc != ERR_IO)
            fail_msg("k=%d: YZ%04d %s", k, err_code(rc), desk.world->fault.why);
        if (rc == 0)
            look(desk.world);
        /* The store neither stopped nor lost anything. */
        assert_int_equal(save(&desk, desk.told++), 0);
        assert_int_equal(missing(&desk, 0), 0);
        assert_true(sound(&desk));
        desk_free(&desk);
        k++;
    } while (rc < 0);
    assert_true(k > 20);
}

TEST(a_copy_that_fails_harms_nobody)
{
    (void)state;
    ends_badly(SQLITE_FULL, ERR_FULL);
    ends_badly(SQLITE_IOERR_WRITE, ERR_IO);
}

/* Power fails at every operation: a copy is whole or is none. */
TEST(a_copy_that_was_cut_is_none)
{
    bool done = false;

    (void)state;
    for (uint64_t k = 0; !done; k++) {
        struct desk desk = desk_new(900 + k);
        struct copy_facts facts;
        struct store *copy;
        int rc;

        disk_image_free(desk_ready(&desk, 40));
        assert_int_equal(desk_open(&desk), 0);
        disk_die_after(desk.disk, k);
        done = copy_of_desk(&desk) == 0;
        desk_cut(&desk, (enum disk_survival)(k % DISK_SURVIVALS));
        rc = copy_open(copy_path(desk.world), desk.world->vfs, &copy, &facts,
                       &desk.world->fault);
        if (done)
            assert_int_equal(rc, 0);
        if (rc == 0)
            assert_int_equal(facts.written, 4 * 40);
        if (rc == 0 && store_verify(copy, &desk.world->fault) < 0)
            fail_msg("k=%d: %s", (int)k, desk.world->fault.why);
        copy_close(copy);
        assert_int_equal(desk_open(&desk), 0);
        assert_int_equal(missing(&desk, 0), 0);
        desk_free(&desk);
        assert_true(k < 2000);
    }
}

/* ---- what is no copy ---- */

static int opened_as_copy(struct world *w, const char *path)
{
    struct copy_facts facts;
    struct store *copy;
    int rc = copy_open(path, w->vfs, &copy, &facts, &w->fault);

    assert_int_equal(rc < 0, copy == NULL);
    copy_close(copy);
    return rc;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
}

TEST(what_is_no_copy_is_refused)
{
    struct world *w = world_new();
    struct town *town = town_of(w, "a");
    sqlite3 *db;

    (void)state;
    say(w, "a", 1, "mark=1");
    assert_int_equal(opened_as_copy(w, copy_path(w)), ERR_IO);  /* no file */
    write_text(copy_path(w), "");
    assert_int_equal(opened_as_copy(w, copy_path(w)), ERR_COPY);
    write_text(copy_path(w), "not a database, and long enough to be read as "
                             "the head of one: 0123456789012345678901234567");
    assert_true(opened_as_copy(w, copy_path(w)) < 0);
    town_shut(town);
    assert_int_equal(opened_as_copy(w, town->path), ERR_COPY);
    town_open(w, town);
    unlink(copy_path(w));
    assert_int_equal(copy_now(w, town->store, NULL), 0);
    assert_int_equal(opened_as_copy(w, copy_path(w)), 0);
    sqlite3_open(copy_path(w), &db);
    sqlite3_exec(db, "UPDATE meta SET value = 99 WHERE name = 'schema'", NULL,
                 NULL, NULL);
    sqlite3_close(db);
    assert_int_equal(opened_as_copy(w, copy_path(w)), ERR_COPY);
    assert_non_null(strstr(w->fault.why, "version 99"));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_copy_beside_the_work_has_what_was_saved_to_the_end),
        cmocka_unit_test(a_copy_waits_while_a_turn_is_open),
        cmocka_unit_test(
            a_hub_goes_back_to_its_copy_and_uses_no_number_twice),
        cmocka_unit_test(a_station_is_told_what_the_off_box_copy_has),
        cmocka_unit_test(a_copy_that_fails_harms_nobody),
        cmocka_unit_test(a_copy_that_was_cut_is_none),
        cmocka_unit_test(what_is_no_copy_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
