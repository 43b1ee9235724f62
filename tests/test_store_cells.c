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

TEST(news_never_hide_an_own_value_that_waits)
{
    W;
    shared(w);
    say(w, "a", 1, "name=乙");
    say(w, "county", 1, "name=丙");
    sync_with(w, "county");
    town_of(w, "a")->cut = true;        /* the hello alone: news, no more */
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 1);
    assert_cell(w, "a", 1, "name", "乙");
    sync_all(w);
    assert_cell(w, "a", 1, "name", "丙");
    assert_int_equal(reason_of(w, "a", 1, "name"), REASON_CLASH);
    assert_agree(w);
    world_end(w);
}

static void say_with_base(struct world *w, const char *name, const char *what,
                          uint64_t base)
{
    struct edit *edit = edit_of(w, name, 1, what);

    edit->has_base = true;
    edit->base = base;
    assert_int_equal(put(w, name, edit), 0);
}

/* A sheet of last week, then a form of today: whoever filled in the sheet had
 * not seen 乙, so what is written over it may not pass for having seen it. */
TEST(an_edit_over_an_own_one_that_waits_has_seen_no_more_than_it)
{
    struct store_status status;
    W;

    shared(w);
    assert_int_equal(store_status(w->hub, &status), 0);
    say(w, "county", 1, "name=乙");
    sync_all(w);
    say_with_base(w, "a", "name=丙", status.number);
    say_with_base(w, "a", "name=丁", status.number + 1);
    sync_all(w);
    assert_cell(w, "a", 1, "name", "乙");
    assert_int_equal(reason_of(w, "a", 1, "name"), REASON_CLASH);
    assert_int_equal(cases(w, "hub"), 1);
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

TEST(settling_what_is_settled_or_unknown_closes_nothing)
{
    struct edit *edit;
    W;

    shared(w);
    say(w, "a", 1, "name=乙");
    say(w, "b", 1, "name=丙");
    sync_all(w);
    edit = settle_edit(w, "county", 1, "name", "name=戊");
    edit->settles[0].n += 1000;         /* no such change */
    assert_int_equal(put(w, "county", edit), 0);
    sync_all(w);
    assert_int_equal(cases(w, "hub"), 1);
    assert_cell(w, "b", 1, "name", "戊");
    assert_int_equal(settle(w, "a", 1, "name", "in-force"), 0);
    sync_all(w);
    assert_int_equal(cases(w, "hub"), 0);
    assert_agree(w);
    world_end(w);
}

/* The case is of one cell and the settling change of another: the case closes,
 * but it gives no right there. */
TEST(a_case_settles_only_its_own_cell)
{
    struct edit *edit;
    struct name named;
    W;

    shared(w);
    say(w, "a", 1, "born=1980-01-02");
    sync_all(w);
    say(w, "a", 1, "name=乙");
    say(w, "b", 1, "name=丙");
    sync_all(w);
    named = settle_edit(w, "a", 1, "name", "in-force")->settles[0];
    edit = edit_of(w, "a", 1, "born=1999-01-02");
    edit->settles[edit->nsettles++] = named;
    assert_int_equal(put(w, "a", edit), 0);
    sync_all(w);
    assert_cell(w, "hub", 1, "born", "1980-01-02");
    assert_int_equal(reason_of(w, "a", 1, "born"), REASON_FIXED);
    assert_agree(w);
    world_end(w);
}

/* The page showed nothing in a cell; before it was saved, news put a value
 * there. Its author has not seen that value. */
TEST(a_page_that_showed_an_empty_cell_does_not_speak_for_what_came_since)
{
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    say(w, "a", 1, "rank=一级");
    sync_all(w);
    edit = edit_of(w, "county", 1, "rank=二级");
    edit->bases[0].cell = kind_cell(edit->kind, "name");
    edit->bases[0].number = 2;
    edit->nbases = 1;
    assert_int_equal(put(w, "county", edit), 0);
    sync_all(w);
    assert_cell(w, "hub", 1, "rank", "一级");
    assert_int_equal(reason_of(w, "county", 1, "rank"), REASON_CLASH);
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
        cmocka_unit_test(news_never_hide_an_own_value_that_waits),
        cmocka_unit_test(
            an_edit_over_an_own_one_that_waits_has_seen_no_more_than_it),
        cmocka_unit_test(
            an_ending_that_knew_is_taken_and_an_edit_behind_it_waits),
        cmocka_unit_test(an_edit_before_an_ending_that_did_not_know_it),
        cmocka_unit_test(settling_what_is_settled_or_unknown_closes_nothing),
        cmocka_unit_test(a_case_settles_only_its_own_cell),
        cmocka_unit_test(
            a_page_that_showed_an_empty_cell_does_not_speak_for_what_came_since),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
