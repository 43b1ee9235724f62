/* Stories of a hub that dies while it decides: by the change, or by the power. */
#include "tests/world.c"

#define TEST(name) static void name(void **state)

enum { RECORDS = 5, WORST = 3, CHANCES = 8 };

/* Where the hub dies, and what is on its disk then. Static, as all that is told
 * of the place is the world. */
static bool died;
static char grave[PATH_ROOM + 8];

static void die_of_a_clash(struct world *w, enum reach mark)
{
    if (mark != REACH_CLASH || died)
        return;
    died = true;
    snprintf(grave, sizeof grave, "%s.dead", w->hub_path);
    files_copy(w->hub_path, grave);
}

/* a's changes, of which the third clashes. */
static struct world *prepared(void)
{
    struct world *w = world_new();

    for (int i = 1; i <= RECORDS; i++)
        say(w, "a", i, "name=甲");
    sync_all(w);
    say(w, "county", WORST, "name=丙");
    sync_with(w, "county");
    for (int i = 1; i <= RECORDS; i++)
        say(w, "a", i, "name=乙");
    return w;
}

/* Whatever the hub did after its death did not happen. */
static void rise(struct world *w)
{
    store_close(w->hub);
    files_copy(grave, w->hub_path);
    hub_open(w);
}

/* Dies at most so often; how often it did. */
static int deaths_of(struct world *w, int most)
{
    for (int deaths = 0; deaths < CHANCES; deaths++) {
        struct talk *talk;

        died = false;
        w->reach = deaths < most ? die_of_a_clash : NULL;
        talk = talk_ask(w, "a", ALL);
        if (!died)
            assert_int_equal(talk_settle(talk, ALL), 0);
        talk_free(talk);
        if (!died)
            return deaths;
        rise(w);
    }
    return CHANCES;
}

static void finish(struct world *w)
{
    w->reach = NULL;
    sync_all(w);
    for (int i = 1; i <= RECORDS; i++)
        assert_cell(w, "county", i, "name", i == WORST ? "丙" : "乙");
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 0);
    assert_agree(w);
    world_end(w);
}

TEST(a_change_that_kills_the_hub_costs_itself)
{
    struct world *w = prepared();

    (void)state;
    assert_int_equal(deaths_of(w, CHANCES), 4);
    assert_int_equal(count_of(w->hub, STATE_ASIDE), 1);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_ASIDE), 1);
    finish(w);
}

TEST(the_power_may_go_on_any_change)
{
    (void)state;
    for (int most = 1; most < 4; most++) {
        struct world *w = prepared();

        assert_int_equal(deaths_of(w, most), most);
        assert_int_equal(count_of(w->hub, STATE_ASIDE), 0);
        assert_int_equal(reason_of(w, "hub", WORST, "name"), REASON_CLASH);
        finish(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_that_kills_the_hub_costs_itself),
        cmocka_unit_test(the_power_may_go_on_any_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
