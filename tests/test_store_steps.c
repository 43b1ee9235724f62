/* A read or a write fails for once, at each step of SQLite in turn: what was told
 * saved is there, and after a restart all comes to what it comes to without. */
#include "tests/disaster.c"
#include "tests/failing.c"
#include "tests/scenes.c"

/* ---- an exchange in which everything happens ---- */

/* Everything a verdict can be waits at a; b and the county said much of what a
 * knows not. */
static void much(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002 tags+红 born=1990-01-02");
    say(w, "a", 2, "mark=2 name=乙 host=520527002");
    say(w, "b", 3, "mark=3 name=丙");
    say(w, "a", 4, "mark=4 name=丁 host=520527002");
    sync_all(w);
    say(w, "county", 1, "name=县 tags+蓝 rank=一");
    say(w, "county", 2, "end=迁出");
    say(w, "b", 1, "visit=到");
    say(w, "county", 4, "org=520527002 host=520527003");
    sync_with(w, "b");
    sync_with(w, "county");
    say(w, "a", 1, "name=我 tags-红 state=送审");
    say(w, "a", 2, "name=未 born=1991-01-01");
    say(w, "a", 5, "mark=3 name=同号");
    say(w, "a", 1, "name=又");
    say(w, "a", 6, "mark=6 name=新 host=520527002 tags+红 tags+蓝");
    say(w, "a", 6, "end=误");
}

static int ask_a(struct world *w)
{
    return attempt(w, "a");
}

static int ask_county(struct world *w)
{
    return attempt(w, "county");
}

TEST(a_station_that_fails_in_the_middle_of_an_exchange)
{
    static const struct scene scene = {much, ask_a, "a", NULL, false, false};

    (void)state;
    play(&scene);
}

TEST(a_hub_that_fails_in_the_middle_of_an_exchange)
{
    static const struct scene scene = {much, ask_a, "hub", NULL, false, false};

    (void)state;
    play(&scene);
}

/* The county hears what the others did, and settles what waits. */
static void judged(struct world *w)
{
    much(w);
    sync_with(w, "a");
    sync_with(w, "county");
    assert_int_equal(settle(w, "county", 1, "name", "in-force"), 0);
    sync_with(w, "county");
    say(w, "county", 6, "undo");
}

TEST(a_station_that_fails_while_it_hears_how_cases_end)
{
    static const struct scene scene = {judged, ask_a, "a", NULL, false, false};

    (void)state;
    play(&scene);
}

TEST(a_hub_that_fails_while_the_county_takes_an_ending_back)
{
    static const struct scene scene = {judged, ask_county, "hub", NULL, false, false};

    (void)state;
    play(&scene);
}

/* ---- a hub that was set back is filled again ---- */

static void set_back(struct world *w)
{
    struct backup old;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    say(w, "b", 2, "mark=2 name=乙");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "a", 1, "name=丙 tags+红");
    say(w, "a", 3, "mark=3 name=丁");
    sync_with(w, "a");
    say(w, "county", 1, "name=县");
    say(w, "a", 2, "name=争");
    sync_all(w);
    restore(w, &old);
    say(w, "a", 3, "name=戊");
}

/* The first ask finds out, the second tells. */
static int ask_a_again(struct world *w)
{
    int rc = attempt(w, "a");

    return rc < 0 ? rc : attempt(w, "a");
}

TEST(a_station_that_fails_while_it_fills_a_hub)
{
    static const struct scene scene = {set_back, ask_a_again, "a", NULL, false, false};

    (void)state;
    play(&scene);
}

TEST(a_hub_that_fails_while_it_is_filled)
{
    static const struct scene scene = {set_back, ask_a_again, "hub", NULL, false, false};

    (void)state;
    play(&scene);
}

/* ---- two machines that are one ---- */

/* Static, as a scene is told of nothing but the world. */
static struct twins pair;

static void parted(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    twins_make(w, &pair);
    be(&pair, 1);
    say(w, "a", 1, "name=乙 tags+红");
    sync_with(w, "a");
    be(&pair, 2);
    say(w, "a", 1, "name=丙");
    say(w, "a", 2, "mark=2 name=丁");
}

static void both(struct world *w)
{
    for (int i = 0; i < 4; i++) {
        be(&pair, 1 + i % 2);
        sync_with(w, "a");
        sync_with(w, "b");
        sync_with(w, "county");
    }
}

TEST(a_station_that_fails_while_its_line_parts)
{
    static const struct scene scene = {parted, ask_a, "a", both, true, true};

    (void)state;
    play(&scene);
}

TEST(a_hub_that_fails_while_a_line_parts)
{
    static const struct scene scene = {parted, ask_a, "hub", both, true, false};

    (void)state;
    play(&scene);
}

/* ---- a hub that trusts nothing, and one that has new kinds ---- */

static void careful(struct world *w)
{
    char grave[PATH_ROOM + 8];

    much(w);
    snprintf(grave, sizeof grave, "%s.dead", w->hub_path);
    files_copy(w->hub_path, grave);
    store_close(w->hub);
    files_copy(grave, w->hub_path);
    hub_open(w);
}

/* One change alone with the hub: what fails then is taken for the change's
 * fault, and an admin releases it. */
static void release_all(struct world *w)
{
    static struct shown_case shown;
    struct released out;

    shown_case_init(&shown);
    for (int i = 0; i < 8; i++)
        attempt(w, "a");
    sync_all(w);
    for (shown.row = 0; store_next_case(w->hub, shown.row, &shown) > 0;)
        if (shown.open && shown.reason == REASON_UNREADABLE) {
            assert_int_equal(store_release(w->hub, &shown.name, &out,
                                           &w->fault), 0);
            assert_int_equal(store_commit(w->hub, &w->fault), 0);
        }
    sync_all(w);
    assert_int_equal(count_of(w->hub, STATE_ASIDE), 0);
    shown_case_done(&shown);
}

TEST(a_hub_that_fails_while_it_is_careful)
{
    static const struct scene scene = {careful, ask_a, "hub", release_all,
                                       false, true};

    (void)state;
    play(&scene);
}

static void new_kinds(struct world *w)
{
    char *text = xmalloc(sizeof world_kinds + 200);

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "a", 1, "name=乙");
    snprintf(text, sizeof world_kinds + 200, "%s%s", world_kinds,
             "R3 = warning: name needs alias\n");
    kinds_free(w->kinds);
    w->kinds = kinds_of_text(text);
    free(text);
    restart_hub(w);
}

TEST(a_station_that_fails_while_it_learns_new_kinds)
{
    static const struct scene scene = {new_kinds, ask_a, "a", NULL, false, false};

    (void)state;
    play(&scene);
}

TEST(a_hub_that_fails_while_it_tells_new_kinds)
{
    static const struct scene scene = {new_kinds, ask_a, "hub", NULL, false, false};

    (void)state;
    play(&scene);
}

/* ---- a hub that was restored, and whose first start fails ---- */

static bool restored_start_fails(int k)
{
    struct world *w = world_new();
    char old[PATH_ROOM + 8];
    uint64_t floor;
    bool failed, again;
    struct store_options options = {
        .path = w->hub_path, .hub = true, .org = "520527",
        .kinds = w->kinds, .hub_id = {{1}}, .key = {w->hub_key},
        .world = {.user = w, .reserve = world_reserve}};

    much(w);
    snprintf(old, sizeof old, "%s.old", w->hub_path);
    store_close(w->hub);
    files_copy(w->hub_path, old);
    hub_open(w);
    restart_hub(w);
    store_close(w->hub);
    files_copy(old, w->hub_path);
    options.life = ++w->life;
    options.floor = floor = w->reserved;
    steps_from(NULL, k, k % 2 == 0 ? SQLITE_CORRUPT : SQLITE_IOERR_READ);
    again = store_open(&options, &w->hub, &w->fault) < 0;
    failed = steps_end();
    if (again) {
        floor = w->reserved;
        hub_open(w);
    }
    if (w->hub->seq <= floor)
        fail_msg("step %d, %s: its news are not told again", k, steps.sql);
    world_free(w);
    return failed;
}

/* BUG found: The start noted its life first, and told the news again in a turn of
 * its own. If that one failed the next start knew nothing of it. */
TEST(a_restored_hub_tells_its_news_again_though_a_start_failed)
{
    int k = 1;

    (void)state;
    while (restored_start_fails(k))
        k++;
    assert_true(k > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_station_that_fails_in_the_middle_of_an_exchange),
        cmocka_unit_test(a_hub_that_fails_in_the_middle_of_an_exchange),
        cmocka_unit_test(a_station_that_fails_while_it_hears_how_cases_end),
        cmocka_unit_test(a_hub_that_fails_while_the_county_takes_an_ending_back),
        cmocka_unit_test(a_station_that_fails_while_it_fills_a_hub),
        cmocka_unit_test(a_hub_that_fails_while_it_is_filled),
        cmocka_unit_test(a_station_that_fails_while_its_line_parts),
        cmocka_unit_test(a_hub_that_fails_while_a_line_parts),
        cmocka_unit_test(a_hub_that_fails_while_it_is_careful),
        cmocka_unit_test(a_station_that_fails_while_it_learns_new_kinds),
        cmocka_unit_test(a_hub_that_fails_while_it_tells_new_kinds),
        cmocka_unit_test(
            a_restored_hub_tells_its_news_again_though_a_start_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
