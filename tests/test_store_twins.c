/* Two machines that are one: what their forks leave behind. */
#include "tests/disaster.c"

/* BUG found: Its saves failed until it was started again, as what its other self
 * wrote next stood under the name of its own next change. */
static void same_save(struct world *w)
{
    struct edit *edit = edit_of(w, "a", 1, "name=乙");

    edit->stamp = (struct stamp){1700000000000, 5, {0}};
    assert_int_equal(put(w, "a", edit), 0);
    assert_int_equal(store_commit(town_of(w, "a")->store, &w->fault), 0);
}

TEST(a_resumed_machine_that_heard_its_other_self_saves)
{
    struct twins t;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    twins_make(w, &t);
    be(&t, 1);
    same_save(w);
    be(&t, 2);
    same_save(w);
    be(&t, 1);
    say(w, "a", 1, "name=丙");
    sync_with(w, "a");
    be(&t, 2);
    sync_with(w, "a");
    say(w, "a", 1, "name=丁");
    sync_with(w, "a");
    check_store(w, "two", t.two->store);
    be(&t, 0);
    assert_int_equal(count_of(t.two->store, STATE_QUEUED), 0);
    world_free(w);
}

/* BUG found: It drew the origin that its other self had drawn and it had heard
 * of: the save failed, and the process ended. */
TEST(a_resumed_machine_draws_no_origin_it_has_heard_of)
{
    struct twins t;
    uint64_t dice;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    twins_make(w, &t);
    be(&t, 1);
    dice = t.one->dice;
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    be(&t, 2);
    sync_with(w, "a");
    assert_cell(w, "a", 1, "name", "乙");
    t.two->dice = dice;
    say(w, "a", 1, "name=丙");
    sync_with(w, "a");
    assert_cell(w, "hub", 1, "name", "丙");
    check_store(w, "two", t.two->store);
    be(&t, 0);
    world_free(w);
}

/* BUG found: Their receipts stayed behind, and verify called the store damaged. */
TEST(changes_that_a_fork_moves_leave_no_receipt)
{
    struct backup old;
    struct twins t;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    twins_make(w, &t);
    backup(w, &old, "old");
    be(&t, 1);
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    restore(w, &old);
    be(&t, 2);
    say(w, "a", 1, "name=丙");
    sync_with(w, "a");
    be(&t, 1);
    for (int i = 0; i < 5; i++)
        sync_with(w, "a");
    be(&t, 0);
    check_store(w, "one", t.one->store);
    check_store(w, "two", t.two->store);
    world_free(w);
}

/* One has written of the first record and told the hub, two of the second, under
 * the same name, and is "a" now. */
static void part(struct world *w, struct twins *t)
{
    say(w, "a", 1, "mark=1 name=甲");
    say(w, "a", 2, "mark=2 name=甲");
    sync_all(w);
    twins_make(w, t);
    be(t, 1);
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    be(t, 2);
    say(w, "a", 2, "name=丙");
}

/* As after a cut: no changes in it that would tell the two apart. */
static void hello_alone(struct world *w, struct twins *t)
{
    t->two->cut = true;
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
}

/* BUG found: The hub took its twin's changes for its own, told it none of them,
 * and its cursor passed them for ever. */
TEST(a_twin_is_told_what_the_other_wrote_under_its_name)
{
    struct twins t;
    W;

    part(w, &t);
    sync_with(w, "a");
    assert_cell(w, "a", 1, "name", "乙");
    assert_cell(w, "a", 2, "name", "丙");
    be(&t, 1);
    sync_with(w, "a");
    assert_cell(w, "a", 2, "name", "丙");
    be(&t, 0);
    world_free(w);
}

/* BUG found: After a cut the hub had no change of both to compare, confirmed the
 * other's, and left them out of the news: they never came. */
TEST(a_twin_that_was_confirmed_the_others_changes_hears_of_them)
{
    struct twins t;
    W;

    part(w, &t);
    say(w, "a", 2, "born=1990-01-02");
    hello_alone(w, &t);
    check_store(w, "two", t.two->store);
    sync_with(w, "a");
    assert_cell(w, "a", 1, "name", "乙");
    assert_cell(w, "a", 2, "name", "丙");
    check_store(w, "two", t.two->store);
    be(&t, 0);
    world_free(w);
}

/* BUG found: The same on a PC that had never heard of anything: its cursor had no
 * way back. */
TEST(a_new_twin_hears_of_the_others_first_record)
{
    struct twins t;
    W;

    twins_make(w, &t);
    be(&t, 1);
    say(w, "a", 1, "mark=1 name=甲");
    be(&t, 2);
    say(w, "a", 2, "mark=2 name=乙");
    say(w, "a", 2, "born=1990-01-02");
    be(&t, 1);
    sync_with(w, "a");
    be(&t, 2);
    hello_alone(w, &t);
    sync_with(w, "a");
    assert_cell(w, "a", 1, "name", "甲");
    check_store(w, "two", t.two->store);
    be(&t, 0);
    world_free(w);
}

/* The same after a cut, when its ask has no changes that would tell them apart:
 * its own are not taken for the other's. */
TEST(a_twin_that_says_hello_alone_keeps_its_own)
{
    struct twins t;
    W;

    part(w, &t);
    hello_alone(w, &t);
    assert_cell(w, "a", 2, "name", "丙");
    check_store(w, "two", t.two->store);
    sync_with(w, "a");
    assert_cell(w, "a", 1, "name", "乙");
    assert_cell(w, "a", 2, "name", "丙");
    check_store(w, "two", t.two->store);
    be(&t, 0);
    world_free(w);
}

/* BUG found: A hub that lost it decided it as one of them sent it again; the other
 * had heard that it is received, and was never told more. */
TEST(what_waits_at_both_twins_is_told_to_both)
{
    struct backup none;
    struct twins t;
    W;

    backup(w, &none, "none");
    say(w, "county", 1, "org=520527001 mark=1 name=甲");
    sync_all(w);
    restore(w, &none);
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");                  /* waits for its identity */
    twins_make(w, &t);
    restore(w, &none);
    sync_with(w, "county");
    be(&t, 1);
    sync_with(w, "a");
    assert_int_equal(count_of(t.one->store, STATE_TAKEN), 1);
    be(&t, 2);
    sync_with(w, "a");
    assert_int_equal(count_of(t.two->store, STATE_TAKEN), 1);
    check_store(w, "two", t.two->store);
    be(&t, 0);
    world_free(w);
}

/* One has told the hub of three changes, which it lost; two's two stand there under
 * their names. `together`: one receipt speaks of all three. */
static void lost_and_named_anew(struct world *w, bool together)
{
    struct backup none;
    struct twins t;

    say(w, "county", 1, "org=520527001 mark=1");
    say(w, "county", 2, "org=520527001 mark=2");
    sync_all(w);
    twins_make(w, &t);
    backup(w, &none, "none");
    be(&t, 1);
    say(w, "a", 1, "name=乙");
    say(w, "a", 1, "born=1990-01-02");
    if (!together)
        sync_with(w, "a");
    say(w, "a", 1, "host=520527002");
    sync_with(w, "a");
    restore(w, &none);
    be(&t, 2);
    say(w, "a", 2, "name=丙");
    say(w, "a", 2, "born=1991-01-02");
    sync_with(w, "a");
    be(&t, 1);
    sync_with(w, "a");
    assert_cell(w, "hub", 1, "name", "乙");
    assert_cell(w, "hub", 1, "born", "1990-01-02");
    assert_cell(w, "hub", 1, "place", "520527002");
    assert_cell(w, "hub", 2, "name", "丙");
    assert_cell(w, "a", 2, "name", "丙");
    check_store(w, "one", t.one->store);
    be(&t, 0);
    world_free(w);
}

/* BUG found: The hub said where the line parted, and that was behind what it had
 * confirmed before it was set back: only what came after that moved, the rest was
 * never told again. */
TEST(all_moves_that_the_hub_lost_and_named_anew)
{
    W;
    lost_and_named_anew(w, true);
}

TEST(all_moves_though_it_is_told_from_the_last_change_on)
{
    W;
    lost_and_named_anew(w, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_machine_that_heard_its_other_self_saves),
        cmocka_unit_test(a_resumed_machine_draws_no_origin_it_has_heard_of),
        cmocka_unit_test(changes_that_a_fork_moves_leave_no_receipt),
        cmocka_unit_test(a_twin_is_told_what_the_other_wrote_under_its_name),
        cmocka_unit_test(
            a_twin_that_was_confirmed_the_others_changes_hears_of_them),
        cmocka_unit_test(a_new_twin_hears_of_the_others_first_record),
        cmocka_unit_test(a_twin_that_says_hello_alone_keeps_its_own),
        cmocka_unit_test(what_waits_at_both_twins_is_told_to_both),
        cmocka_unit_test(all_moves_that_the_hub_lost_and_named_anew),
        cmocka_unit_test(all_moves_though_it_is_told_from_the_last_change_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
