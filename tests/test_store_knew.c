/* Who knows what is in force at a hub that is filled again: the journal alone
 * must tell it, in whatever order the facts came. */
#include "tests/disaster.c"

#include "store/db.h"

static void hub_is_sound(struct world *w)
{
    check_store(w, "hub", w->hub);
    for (int i = 0; i < 4; i++)
        sync_all(w);
    assert_agree(w);
    check_store(w, "hub", w->hub);
    world_free(w);
}

/* BUG found: Whoever had said the same, and came back first, was forgotten: his
 * next edit met a conflict with himself. */
TEST(who_said_the_same_still_knows_it_when_he_comes_back_first)
{
    struct backup old;
    W;

    say(w, "a", 1, "mark=1");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "county", 1, "name=乙");
    say(w, "a", 1, "name=甲");
    sync_with(w, "a");
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    sync_with(w, "county");
    assert_int_equal(count_of(town_of(w, "county")->store, STATE_SAME), 1);
    restore(w, &old);
    sync_with(w, "county");
    sync_with(w, "a");
    hub_is_sound(w);
}

/* BUG found: A settling of a case that was lost with the hub's days did not count
 * for the line it favoured, until the journal was folded again. */
TEST(who_was_settled_for_knows_it_though_the_case_was_lost)
{
    struct backup old;
    W;

    say(w, "a", 1, "mark=1");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "a", 1, "name=甲");
    sync_with(w, "a");
    restore(w, &old);
    say(w, "county", 1, "name=丙");
    sync_with(w, "county");
    sync_with(w, "a");
    sync_with(w, "county");
    assert_int_equal(reason_of(w, "county", 1, "name"), REASON_RESTORED);
    restore(w, &old);
    sync_with(w, "a");
    sync_with(w, "county");
    assert_int_equal(settle(w, "county", 1, "name", "parked"), 0);
    sync_with(w, "county");
    assert_cell(w, "hub", 1, "name", "甲");
    hub_is_sound(w);
}

/* BUG found: News told again hide a record that had left and come back; when its
 * every cell was the asker's own by then, nothing showed it again. */
TEST(what_came_back_by_an_own_change_stays_when_all_is_told_again)
{
    struct backup old;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    say(w, "county", 1, "org=520527002");
    sync_all(w);
    assert_string_equal(line_of(w, town_of(w, "a")->store, 1), "");
    say(w, "county", 1, "org=520527001");
    sync_all(w);
    say(w, "a", 1, "org=520527001001");
    sync_all(w);
    backup(w, &old, "old");
    restore(w, &old);
    sync_all(w);
    assert_string_not_equal(line_of(w, town_of(w, "a")->store, 1), "");
    hub_is_sound(w);
}

/* The state of the one change that this station wrote. */
static int own_state(struct store *store)
{
    sqlite3_stmt *stmt = db_stmt(store, "SELECT state FROM journal j JOIN origin "
                                        "o ON o.id = j.origin WHERE own = 1");
    int out;

    assert_int_equal(db_step(store, stmt), 1);
    out = sqlite3_column_int(stmt, 0);
    assert_int_equal(db_step(store, stmt), 0);
    sqlite3_reset(stmt);
    return out;
}

/* BUG found: What was decided late has no receipt, and a hub that lost it may decide
 * otherwise. Its author kept the old verdict, and the new case beside it. */
TEST(a_late_verdict_may_be_another_the_second_time)
{
    struct backup none;
    struct store *a, *d;
    W;

    a = town_of(w, "a")->store;
    d = town_add(w, "d", "520527001")->store;
    backup(w, &none, "none");
    say(w, "county", 1, "org=520527001 mark=1");
    sync_all(w);
    restore(w, &none);
    say(w, "d", 1, "name=丙");
    sync_with(w, "d");                  /* both wait for its identity */
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    sync_with(w, "county");
    sync_with(w, "d");
    sync_with(w, "a");
    assert_int_equal(own_state(d), STATE_TAKEN);
    assert_int_equal(own_state(a), STATE_PARKED);
    restore(w, &none);
    sync_with(w, "a");
    sync_with(w, "d");
    for (int i = 0; i < 3; i++)
        sync_all(w);
    assert_cell(w, "hub", 1, "name", "乙");
    assert_int_equal(own_state(a), STATE_TAKEN);
    assert_int_equal(own_state(d), STATE_PARKED);
    assert_int_equal(open_cases(a), 1);
    hub_is_sound(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            who_said_the_same_still_knows_it_when_he_comes_back_first),
        cmocka_unit_test(
            who_was_settled_for_knows_it_though_the_case_was_lost),
        cmocka_unit_test(
            what_came_back_by_an_own_change_stays_when_all_is_told_again),
        cmocka_unit_test(a_late_verdict_may_be_another_the_second_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
