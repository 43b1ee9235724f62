/* A station's disk changes bits of what is still to be sent. */
#include "tests/disaster.c"

/* Change the bytes of one own change, and nothing else. */
static void rot(struct world *w, const char *was, const char *is)
{
    struct town *town = town_of(w, "a");
    char sql[400];

    town_shut(town);
    snprintf(sql, sizeof sql,
             "UPDATE journal SET bytes = CAST(replace(CAST(bytes AS TEXT), "
             "'%s', '%s') AS BLOB) WHERE instr(bytes, CAST('%s' AS BLOB)) > 0",
             was, is, was);
    meddle(town->path, sql);
    town_open(w, town);
}

/* BUG found: A word that the disk had changed went to the county, was taken
 * there, and nobody was told. */
TEST(a_rotten_word_is_not_sent_as_the_clerks)
{
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    say(w, "a", 1, "name=13800000001");
    say(w, "a", 1, "born=1990-01-02");
    rot(w, "13800000001", "13800000003");
    sync_with(w, "a");
    assert_cell(w, "hub", 1, "name", "甲");
    assert_cell(w, "hub", 1, "born", "1990-01-02");
    assert_int_equal(count_of(w->hub, STATE_ASIDE), 1);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_ASIDE), 1);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 0);
    sync_all(w);
    assert_int_equal(open_cases(town_of(w, "a")->store), 1);
    world_free(w);
}

/* The same when a hub that lost its days is told what it had decided. */
TEST(a_rotten_word_is_no_fact)
{
    struct backup old;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "a", 1, "name=13800000001");
    say(w, "a", 1, "born=1990-01-02");
    sync_with(w, "a");
    rot(w, "13800000001", "13800000003");
    restore(w, &old);
    for (int i = 0; i < 4; i++)
        sync_with(w, "a");
    assert_cell(w, "hub", 1, "name", "甲");
    assert_cell(w, "hub", 1, "born", "1990-01-02");
    world_free(w);
}

/* BUG found: a row was gone, the changes behind it went up under the names of
 * those before them, and the station asked every second for ever, as its newer
 * origins had nothing at the county to go on from. */
TEST(behind_a_row_that_is_gone_nothing_goes_up_under_another_name)
{
    struct town *town;
    W;

    town = town_of(w, "a");
    say(w, "a", 1, "mark=1 name=甲");
    sync_with(w, "a");
    say(w, "a", 1, "name=乙");
    say(w, "a", 1, "name=丙");
    say(w, "a", 1, "name=丁");
    town_shut(town);
    meddle(town->path, "DELETE FROM journal WHERE n = 4");
    town_open(w, town);
    say(w, "a", 1, "born=1990-01-02");
    for (int i = 0; i < 150; i++) {
        exchange(w, "a", ALL, ALL);
        assert_true(w->asked.whole);
    }
    assert_false(w->asked.healed);
    assert_cell(w, "hub", 1, "name", "乙");
    assert_int_equal(count_of(w->hub, STATE_ASIDE), 0);
    assert_int_equal(count_of(town->store, STATE_QUEUED), 2);
    world_free(w);
}

/* BUG found: kinds that had changed on the disk, and could still be read, were
 * put beside the true ones as a set of their own, and checked what was typed. */
TEST(kinds_that_rotted_are_not_worked_with)
{
    char text[2 * sizeof world_kinds];
    struct store_options options;
    struct kinds *installed;
    struct town *town;
    W;

    snprintf(text, sizeof text, "# 旧\n%s", world_kinds);
    installed = kinds_of_text(text);
    town = town_of(w, "a");
    town->kinds = installed;
    restart(w, "a");
    sync_with(w, "a");
    town_shut(town);
    meddle(town->path, "UPDATE kinds SET text = CAST(replace(CAST(text AS "
                       "TEXT), '编号', '编码') AS BLOB)");
    options = (struct store_options){
        .path = town->path,
        .org = town->org,
        .kinds = installed,
        .world = {.user = town, .random = world_random},
    };
    assert_int_equal(store_open(&options, &town->store, &w->fault),
                     ERR_CORRUPT);
    world_free(w);
    kinds_free(installed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rotten_word_is_not_sent_as_the_clerks),
        cmocka_unit_test(a_rotten_word_is_no_fact),
        cmocka_unit_test(
            behind_a_row_that_is_gone_nothing_goes_up_under_another_name),
        cmocka_unit_test(kinds_that_rotted_are_not_worked_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
