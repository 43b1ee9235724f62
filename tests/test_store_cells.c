/* Stories of two desks and one cell: who wins, who waits, who settles. */
#include "tests/world.c"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

static void shared(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    assert_cell(w, "b", 1, "name", "甲");
    assert_agree(w);
}

static uint64_t settled(struct world *w, const char *name)
{
    return count_of(town_of(w, name)->store, STATE_SETTLED);
}

static int cases(struct world *w, const char *name)
{
    return open_cases(strcmp(name, "hub") == 0 ? w->hub
                                               : town_of(w, name)->store);
}

TEST(a_clash_waits_with_both_values_wherever_it_may_be_decided)
{
    W;
    shared(w);
    say(w, "a", 1, "name=乙");
    say(w, "b", 1, "name=丙");
    sync_with(w, "a");
    sync_with(w, "b");
    sync_all(w);
    assert_cell(w, "b", 1, "name", "乙");
    assert_int_equal(reason_of(w, "a", 1, "name"), REASON_CLASH);
    assert_int_equal(reason_of(w, "b", 1, "name"), REASON_CLASH);
    assert_int_equal(reason_of(w, "county", 1, "name"), REASON_CLASH);
    assert_int_equal(cases(w, "c"), 0);
    assert_false(news_tell(w, "c", 1, NULL));
    assert_agree(w);
    world_end(w);
}

TEST(parked_may_be_taken_by_any_who_decide)
{
    static const char *const who[] = {"a", "b", "county"};

    for (int i = 0; i < 3; i++) {
        W;
        shared(w);
        say(w, "a", 1, "name=乙");
        say(w, "b", 1, "name=丙");
        sync_all(w);
        assert_int_equal(settle(w, who[i], 1, "name", "parked"), 0);
        sync_all(w);
        assert_cell(w, "a", 1, "name", "丙");
        for (int j = 0; j < 3; j++)
            assert_int_equal(cases(w, who[j]), 0);
        assert_int_equal(cases(w, "hub"), 0);
        assert_int_equal(settled(w, "b"), 1);
        /* Settled in its favour: its line knows what is in force. */
        say(w, "b", 1, "name=丁");
        sync_all(w);
        assert_cell(w, "a", 1, "name", "丁");
        assert_int_equal(cases(w, "hub"), 0);
        assert_agree(w);
        world_end(w);
    }
}

TEST(a_case_ends_with_the_value_in_force_or_with_a_third)
{
    static const char *const side[] = {"in-force", "name=戊 alias=五"};
    static const char *const is[] = {"乙", "戊/五"};

    for (int i = 0; i < 2; i++) {
        W;
        shared(w);
        say(w, "a", 1, "name=乙");
        say(w, "b", 1, "name=丙");
        sync_all(w);
        assert_int_equal(settle(w, "county", 1, "name", side[i]), 0);
        sync_all(w);
        assert_cell(w, "b", 1, "name", is[i]);
        assert_int_equal(cases(w, "a") + cases(w, "b") + cases(w, "hub") +
                             cases(w, "county"), 0);
        assert_agree(w);
        world_end(w);
    }
}

TEST(the_second_to_settle_is_told_who_was_first)
{
    struct shown_case *shown = xmalloc(sizeof *shown);
    struct name named, first;
    W;

    shared(w);
    say(w, "a", 1, "name=乙");
    say(w, "b", 1, "name=丙");
    sync_all(w);
    named = settle_edit(w, "a", 1, "name", "in-force")->settles[0];
    assert_int_equal(settle(w, "a", 1, "name", "in-force"), 0);
    first = w->receipt.change[0].name;
    assert_int_equal(settle(w, "county", 1, "name", "parked"), 0);
    sync_with(w, "a");
    sync_all(w);
    shown_case_init(shown);
    for (int i = 0; i < w->towns; i++) {
        if (strcmp(w->town[i].name, "c") == 0)
            continue;
        assert_int_equal(store_case(w->town[i].store, &named, shown), 0);
        assert_false(shown->open);
        assert_true(name_equal(&shown->settled_by, &first));
    }
    assert_agree(w);
    shown_case_done(shown);
    free(shown);
    world_end(w);
}

TEST(the_same_value_by_two_is_no_conflict)
{
    static const char *const who[] = {"a", "b"};

    for (int i = 0; i < 2; i++) {
        W;
        shared(w);
        say(w, "a", 1, "name=乙");
        say(w, "b", 1, "name=乙");
        sync_with(w, "a");
        sync_with(w, "b");
        assert_int_equal(count_of(w->hub, STATE_SAME), 1);
        sync_all(w);
        say(w, who[i], 1, "name=丙");
        sync_all(w);
        assert_cell(w, "a", 1, "name", "丙");
        assert_int_equal(cases(w, "hub"), 0);
        assert_agree(w);
        world_end(w);
    }
}

TEST(an_edit_behind_an_own_same_is_taken)
{
    W;
    shared(w);
    say(w, "a", 1, "name=乙");
    say(w, "b", 1, "name=乙");
    restart(w, "b");            /* the line goes on in another origin */
    say(w, "b", 1, "name=丙");
    sync_with(w, "a");
    sync_with(w, "b");
    assert_int_equal(cases(w, "hub"), 0);
    sync_all(w);
    assert_cell(w, "a", 1, "name", "丙");
    assert_agree(w);
    world_end(w);
}

TEST(own_edits_over_a_parked_one_are_one_case)
{
    W;
    shared(w);
    say(w, "a", 1, "name=乙");
    say(w, "b", 1, "name=丙");
    say(w, "b", 1, "name=丁");
    sync_with(w, "a");
    sync_with(w, "b");
    sync_all(w);
    assert_int_equal(cases(w, "hub"), 1);
    assert_int_equal(settled(w, "b"), 1);
    assert_int_equal(cases(w, "b"), 1);
    assert_int_equal(settle(w, "b", 1, "name", "parked"), 0);
    sync_all(w);
    assert_cell(w, "a", 1, "name", "丁");
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(an_ending_that_knew_is_taken_and_an_edit_behind_it_waits)
{
    W;
    shared(w);
    say(w, "a", 1, "end=迁出");
    say(w, "b", 1, "name=丙");
    sync_with(w, "a");
    sync_with(w, "b");
    sync_all(w);
    assert_int_equal(reason_of(w, "a", 1, "name"), REASON_ENDED);
    assert_non_null(strstr(line_of(w, town_of(w, "b")->store, 1), "ended"));
    say(w, "county", 1, "undo");
    sync_all(w);
    assert_null(strstr(line_of(w, w->hub, 1), "ended"));
    assert_int_equal(settle(w, "a", 1, "name", "parked"), 0);
    sync_all(w);
    assert_cell(w, "b", 1, "name", "丙");
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(an_edit_before_an_ending_that_did_not_know_it)
{
    W;
    shared(w);
    say(w, "a", 1, "end=迁出");
    say(w, "b", 1, "name=丙");
    sync_with(w, "b");
    sync_with(w, "a");
    sync_all(w);
    assert_int_equal(reason_of(w, "a", 1, "end"), REASON_CLASH);
    assert_null(strstr(line_of(w, w->hub, 1), "ended"));
    assert_int_equal(settle(w, "a", 1, "end", "parked"), 0);
    sync_all(w);
    assert_non_null(strstr(line_of(w, w->hub, 1), "ended"));
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(first_values_by_the_wrong_writer_are_proposals)
{
    W;
    shared(w);
    say(w, "a", 1, "visit=去过");        /* host's */
    say(w, "b", 1, "rank=一");           /* first by the owner */
    sync_all(w);
    assert_int_equal(reason_of(w, "b", 1, "visit"), REASON_PROPOSAL);
    assert_int_equal(reason_of(w, "a", 1, "rank"), REASON_PROPOSAL);
    assert_cell(w, "hub", 1, "visit", NULL);
    say(w, "a", 1, "rank=二");
    say(w, "b", 1, "visit=来过");
    sync_all(w);
    assert_cell(w, "hub", 1, "rank", "二");
    assert_cell(w, "hub", 1, "visit", "来过");
    say(w, "a", 1, "rank=三");           /* after the first the county's */
    sync_all(w);
    assert_int_equal(reason_of(w, "county", 1, "rank"), REASON_PROPOSAL);
    assert_agree(w);
    world_end(w);
}

TEST(a_host_proposes_and_the_owner_takes_it)
{
    W;
    shared(w);
    say(w, "b", 1, "host=520527003");
    sync_all(w);
    assert_int_equal(reason_of(w, "a", 1, "place"), REASON_PROPOSAL);
    assert_cell(w, "a", 1, "place", "520527002");
    assert_int_equal(settle(w, "a", 1, "place", "parked"), 0);
    sync_all(w);
    assert_cell(w, "c", 1, "place", "520527003");
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(a_fixed_cell_is_corrected_through_its_case_only)
{
    W;
    shared(w);
    say(w, "a", 1, "born=1980-01-02");
    sync_all(w);
    say(w, "a", 1, "born=1981-01-02");
    sync_all(w);
    assert_int_equal(reason_of(w, "county", 1, "born"), REASON_FIXED);
    assert_int_equal(settle(w, "b", 1, "born", "parked"), 0);
    sync_all(w);                /* the host may not: it waits again */
    assert_cell(w, "hub", 1, "born", "1980-01-02");
    assert_int_equal(settle(w, "county", 1, "born", "parked"), 0);
    sync_all(w);
    assert_cell(w, "b", 1, "born", "1981-01-02");
    assert_agree(w);
    world_end(w);
}

TEST(steps_are_taken_by_whom_they_belong_to)
{
    W;
    shared(w);
    say(w, "a", 1, "state=送审");        /* none>送审 is no step */
    sync_all(w);
    assert_int_equal(reason_of(w, "county", 1, "state"), REASON_STEP);
    say(w, "a", 1, "state=起草");
    sync_all(w);
    say(w, "a", 1, "state=送审");
    sync_all(w);
    assert_cell(w, "hub", 1, "state", "送审");
    say(w, "a", 1, "state=批准");
    sync_all(w);
    assert_int_equal(reason_of(w, "county", 1, "state"), REASON_PROPOSAL);
    assert_int_equal(settle(w, "county", 1, "state", "parked"), 0);
    sync_all(w);
    assert_cell(w, "a", 1, "state", "批准");
    say(w, "a", 1, "state=起草");        /* back is no step; county settles */
    sync_all(w);
    assert_int_equal(reason_of(w, "a", 1, "state"), REASON_STEP);
    assert_int_equal(settle(w, "county", 1, "state", "parked"), 0);
    sync_all(w);
    assert_cell(w, "a", 1, "state", "起草");
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(two_add_a_key_each_and_both_stay)
{
    W;
    shared(w);
    say(w, "a", 1, "tags+红");
    say(w, "b", 1, "tags+蓝 tags+绿");
    sync_all(w);
    say(w, "a", 1, "tags-蓝");
    sync_all(w);
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

TEST(taking_back_a_parked_value_closes_it)
{
    struct edit *edit;
    W;

    shared(w);
    say(w, "a", 1, "rank=一");
    sync_all(w);
    say(w, "b", 1, "rank=二");
    sync_all(w);
    edit = settle_edit(w, "b", 1, "rank", "in-force");
    assert_int_equal(put(w, "b", edit), 0);
    sync_all(w);
    assert_int_equal(cases(w, "hub"), 0);
    assert_cell(w, "b", 1, "rank", "一");
    assert_agree(w);
    world_end(w);
}

TEST(two_records_with_one_number_are_a_case_and_both_stay)
{
    W;
    say(w, "a", 1, "mark=77 name=甲");
    say(w, "b", 2, "mark=77 name=乙");
    sync_all(w);
    assert_int_equal(reason_of(w, "county", 2, "identity"), REASON_DUPLICATE);
    assert_int_equal(reason_of(w, "b", 2, "identity"), REASON_DUPLICATE);
    assert_cell(w, "a", 1, "name", "甲");
    assert_cell(w, "county", 2, "name", "乙");
    assert_false(news_tell(w, "a", 2, NULL));
    assert_int_equal(settle(w, "county", 2, "identity", "in-force"), 0);
    sync_all(w);
    assert_int_equal(cases(w, "hub") + cases(w, "b") + cases(w, "county"), 0);
    assert_agree(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_clash_waits_with_both_values_wherever_it_may_be_decided),
        cmocka_unit_test(parked_may_be_taken_by_any_who_decide),
        cmocka_unit_test(a_case_ends_with_the_value_in_force_or_with_a_third),
        cmocka_unit_test(the_second_to_settle_is_told_who_was_first),
        cmocka_unit_test(the_same_value_by_two_is_no_conflict),
        cmocka_unit_test(an_edit_behind_an_own_same_is_taken),
        cmocka_unit_test(own_edits_over_a_parked_one_are_one_case),
        cmocka_unit_test(
            an_ending_that_knew_is_taken_and_an_edit_behind_it_waits),
        cmocka_unit_test(an_edit_before_an_ending_that_did_not_know_it),
        cmocka_unit_test(first_values_by_the_wrong_writer_are_proposals),
        cmocka_unit_test(a_host_proposes_and_the_owner_takes_it),
        cmocka_unit_test(a_fixed_cell_is_corrected_through_its_case_only),
        cmocka_unit_test(steps_are_taken_by_whom_they_belong_to),
        cmocka_unit_test(two_add_a_key_each_and_both_stay),
        cmocka_unit_test(taking_back_a_parked_value_closes_it),
        cmocka_unit_test(two_records_with_one_number_are_a_case_and_both_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
