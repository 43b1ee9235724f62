/* What people and admins do, while a step of SQLite fails: a save, an import, a
 * release, a start. As in test_store_steps.c. */
#include "tests/disaster.c"
#include "tests/failing.c"
#include "tests/scenes.c"

/* ---- saving ---- */

static void met(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002 tags+红 tags+蓝");
    say(w, "a", 2, "mark=2 name=乙");
    sync_all(w);
    say(w, "county", 1, "name=县");
    sync_with(w, "county");
    say(w, "a", 1, "name=我");
    sync_all(w);
}

static int save_again(struct world *w, int record, const char *what,
                      const char *token)
{
    struct edit *edit = edit_of(w, "a", record, what);
    int rc;

    edit->token = bytes_text(token);
    edit->create = record == 3;
    rc = put(w, "a", edit);
    return rc < 0 ? rc : store_commit(town_of(w, "a")->store, &w->fault);
}

static int save_new(struct world *w)
{
    return save_again(w, 3, "org=520527001 mark=1 name=丙 state=起草 tags+红 tags+绿", "t3");
}

static int save_over(struct world *w)
{
    return save_again(w, 1, "alias=又 tags-红 tags+绿 mark=9", "t1");
}

static int save_end(struct world *w)
{
    return save_again(w, 2, "end=迁出", "t2");
}

TEST(a_save_that_fails_saves_nothing_of_it)
{
    static const struct scene scenes[] = {
        {met, save_new, "a", NULL, false, false},
        {met, save_over, "a", NULL, false, false},
        {met, save_end, "a", NULL, false, false},
    };

    (void)state;
    for (int i = 0; i < 3; i++)
        play(&scenes[i]);
}

static int settle_mine(struct world *w)
{
    struct edit *edit = settle_edit(w, "a", 1, "name", "parked");
    int rc = ERR_CASE;

    if (edit != NULL) {
        edit->token = bytes_text("s1");
        rc = put(w, "a", edit);
    }
    return rc < 0 ? rc : store_commit(town_of(w, "a")->store, &w->fault);
}

TEST(a_settling_that_fails_settles_nothing)
{
    static const struct scene scene = {met, settle_mine, "a", NULL, false,
                                       false};

    (void)state;
    play(&scene);
}

static int import_line(struct world *w)
{
    struct store *store = town_of(w, "a")->store;
    struct edit *edit = edit_of(w, "a", 1, "name=表 alias=二");
    int rc = store_import_begin(store, &w->fault);

    edit->imported = edit->create = true;
    edit->token = bytes_text("line1");
    if (rc == 0)
        rc = put(w, "a", edit);
    if (rc == 0)
        rc = attempt(w, "a");
    edit->token = bytes_text("line2");
    edit->set[0].text = bytes_text("再");
    if (rc == 0)
        rc = put(w, "a", edit);
    store_import_end(store);
    return rc < 0 ? rc : store_commit(store, &w->fault);
}

TEST(an_import_that_fails_goes_on_where_it_stood)
{
    static const struct scene scene = {met, import_line, "a", NULL, false,
                                       true};

    (void)state;
    play(&scene);
}

/* ---- starting ---- */

static int start_a(struct world *w)
{
    struct town *town = town_of(w, "a");
    struct store_options options = {
        .path = town->path, .org = town->org, .kinds = w->kinds,
        .world = {.user = town, .random = world_random}};
    int rc;

    steps.db = NULL;            /* of whoever is opened now */
    town_shut(town);
    rc = store_open(&options, &town->store, &w->fault);
    if (rc < 0)
        town->store = NULL;
    return rc;
}

static int start_hub(struct world *w)
{
    struct station list[] = {{"a", "520527001", 0},
                             {"b", "520527002", 0},
                             {"c", "520527003", 0},
                             {"county", "520527", 0},
                             {"d", "520527002", 0}};
    struct store_options options = {
        .path = w->hub_path, .hub = true, .org = "520527",
        .kinds = w->kinds, .hub_id = {{1}}, .key = {w->hub_key},
        .life = ++w->life, .floor = w->reserved,
        .world = {.user = w, .reserve = world_reserve}};
    int rc;

    steps.db = NULL;
    store_close(w->hub);
    w->hub = NULL;
    rc = store_open(&options, &w->hub, &w->fault);
    if (rc < 0)
        w->hub = NULL;
    if (rc == 0)
        rc = store_stations(w->hub, list, 5, &w->fault);
    return rc < 0 ? rc : store_commit(w->hub, &w->fault);
}

static void killed(struct world *w)
{
    char copy[PATH_ROOM + 8];
    struct town *town = town_of(w, "a");

    met(w);
    snprintf(copy, sizeof copy, "%s.dead", town->path);
    say(w, "a", 1, "name=未报");
    files_copy(town->path, copy);
    town_shut(town);
    files_copy(copy, town->path);
    town_open(w, town);
}

TEST(a_start_that_fails_can_be_repeated)
{
    static const struct scene scenes[] = {
        {met, start_a, "a", sync_all, false, false},
        {killed, start_a, "a", sync_all, false, false},
        {met, start_hub, "hub", sync_all, false, false},
    };

    (void)state;
    for (int i = 0; i < 3; i++)
        play(&scenes[i]);
}

/* ---- care ---- */

static int rebuild_a(struct world *w)
{
    struct store *store = town_of(w, "a")->store;
    int rc = store_rebuild(store, &w->fault);

    return rc < 0 ? rc : store_commit(store, &w->fault);
}

static int rebuild_hub(struct world *w)
{
    int rc = store_rebuild(w->hub, &w->fault);

    return rc < 0 ? rc : store_commit(w->hub, &w->fault);
}

TEST(a_rebuild_that_fails_leaves_what_was_there)
{
    static const struct scene scenes[] = {
        {met, rebuild_a, "a", NULL, false, false},
        {met, rebuild_hub, "hub", NULL, false, false},
    };

    (void)state;
    for (int i = 0; i < 2; i++)
        play(&scenes[i]);
}

static void aside(struct world *w)
{
    met(w);
    bad_change(w);
    say(w, "a", 1, "alias=坏");
    say(w, "a", 4, "mark=坏 name=丁 tags+红");    /* its other cells wait */
    for (int i = 0; i < 8; i++) {
        town_of(w, "a")->cut = false;
        exchange(w, "a", ALL, ALL);
    }
    sync_all(w);
    meddle_hub(w, "DROP TRIGGER bad");
}

static int release(struct world *w)
{
    static struct shown_case shown;
    struct released out;
    int rc = 0;

    shown_case_init(&shown);
    shown.row = 0;
    while (rc == 0 && (rc = store_next_case(w->hub, shown.row, &shown)) > 0) {
        rc = 0;
        if (shown.open && shown.reason == REASON_UNREADABLE)
            rc = store_release(w->hub, &shown.name, &out, &w->fault);
    }
    shown_case_done(&shown);
    return rc < 0 ? rc : store_commit(w->hub, &w->fault);
}

TEST(a_release_that_fails_leaves_the_change_aside)
{
    static const struct scene scene = {aside, release, "hub", NULL, false,
                                       false};

    (void)state;
    play(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_that_fails_saves_nothing_of_it),
        cmocka_unit_test(a_settling_that_fails_settles_nothing),
        cmocka_unit_test(an_import_that_fails_goes_on_where_it_stood),
        cmocka_unit_test(a_start_that_fails_can_be_repeated),
        cmocka_unit_test(a_rebuild_that_fails_leaves_what_was_there),
        cmocka_unit_test(a_release_that_fails_leaves_the_change_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
