/* Stories of a case whose record changes hands while it waits: nobody keeps it
 * open who was told of it and cannot learn that it was closed. */
#include "tests/world.c"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

static int cases(struct world *w, const char *name)
{
    return open_cases(town_of(w, name)->store);
}

/* b, the receiver, proposes to empty the place of a's record. */
static void proposed(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "b", 1, "host=");
    sync_all(w);
    assert_int_equal(cases(w, "a"), 1);
}

TEST(an_owner_that_becomes_the_receiver_hears_how_a_case_ends)
{
    W;
    proposed(w);
    say(w, "a", 1, "host=520527001");
    sync_all(w);
    say(w, "county", 1, "org=520527003");
    sync_all(w);
    assert_int_equal(settle(w, "c", 1, "place", "in-force"), 0);
    sync_all(w);
    assert_int_equal(cases(w, "c"), 0);
    assert_int_equal(cases(w, "a"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(a_case_that_ended_while_its_record_was_away_does_not_come_back)
{
    W;
    proposed(w);
    say(w, "county", 1, "org=520527003");
    sync_all(w);
    assert_int_equal(settle(w, "c", 1, "place", "in-force"), 0);
    sync_all(w);
    say(w, "c", 1, "host=520527001");
    sync_all(w);
    assert_cell(w, "a", 1, "name", "甲");
    assert_int_equal(cases(w, "a"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(an_author_struck_off_and_let_in_again_hears_how_his_case_ended)
{
    struct station list[TOWNS];
    int count = 0;
    W;

    proposed(w);
    say(w, "a", 1, "host=520527003");   /* b no longer sees the record */
    sync_all(w);
    assert_int_equal(cases(w, "b"), 1);
    for (int i = 0; i < w->towns; i++)
        if (strcmp(w->town[i].name, "b") != 0)
            list[count++] = (struct station){w->town[i].name, w->town[i].org,
                                             0};
    assert_int_equal(store_stations(w->hub, list, count, NULL), 0);
    assert_int_equal(settle(w, "a", 1, "place", "in-force"), 0);
    sync_with(w, "a");
    hub_stations(w);
    sync_all(w);
    assert_int_equal(cases(w, "b"), 0);
    assert_int_equal(count_of(town_of(w, "b")->store, STATE_SETTLED), 1);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            an_owner_that_becomes_the_receiver_hears_how_a_case_ends),
        cmocka_unit_test(
            a_case_that_ended_while_its_record_was_away_does_not_come_back),
        cmocka_unit_test(
            an_author_struck_off_and_let_in_again_hears_how_his_case_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
