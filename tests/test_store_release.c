/* A change that was set aside is decided after all, at the hub, and everybody who
 * knew of it hears. */
#include "tests/disaster.c"

#include "store/care.h"

static void mended(struct world *w)
{
    meddle_hub(w, "DROP TRIGGER bad");
}

/* Until a has got nothing through so often that the hub is careful with it. */
static void try_often(struct world *w)
{
    for (int i = 0; i < 12; i++) {
        town_of(w, "a")->cut = false;
        exchange(w, "a", ALL, ALL);
    }
}

/* The name of a's record, which begins as `first` says, is set aside. */
static void one_aside(struct world *w, const char *first)
{
    say(w, "a", 1, first);
    sync_all(w);
    bad_change(w);
    say(w, "a", 1, "name=坏");
    try_often(w);
}

/* The one open case of a change that cannot be read. */
static struct name aside_of(struct store *store)
{
    static struct shown_case shown;
    struct name name = {{{0}}, 0};

    shown_case_init(&shown);
    for (shown.row = 0; store_next_case(store, shown.row, &shown) > 0;)
        if (shown.reason == REASON_UNREADABLE)
            name = shown.name;
    shown_case_done(&shown);
    return name;
}

static struct released release_one(struct world *w)
{
    struct name name = aside_of(w->hub);
    struct released out;

    assert_true(name.n > 0);
    if (store_release(w->hub, &name, &out, &w->fault) < 0)
        fail_msg("YZ%04d %s: %s", err_code(w->fault.err), w->fault.field,
                 w->fault.why);
    assert_int_equal(store_commit(w->hub, &w->fault), 0);
    return out;
}

/* What each of `names` counts in these two states, "aside" first. */
static void counts_are(struct world *w, const char *name, uint64_t aside,
                       enum state state, uint64_t count)
{
    struct store *store = strcmp(name, "hub") == 0 ? w->hub
                                                   : town_of(w, name)->store;

    if (count_of(store, STATE_ASIDE) != aside ||
        count_of(store, state) != count)
        fail_msg("%s: aside %d, %s %d", name,
                 (int)count_of(store, STATE_ASIDE), state_text(state),
                 (int)count_of(store, state));
}

TEST(what_was_set_aside_is_taken_and_everybody_hears)
{
    struct released out;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    bad_change(w);
    say(w, "a", 1, "name=坏");
    say(w, "a", 2, "mark=2 name=好");
    try_often(w);
    sync_all(w);
    counts_are(w, "hub", 1, STATE_TAKEN, 5);
    counts_are(w, "a", 1, STATE_TAKEN, 5);
    assert_int_equal(open_cases(town_of(w, "a")->store), 1);
    assert_int_equal(open_cases(town_of(w, "county")->store), 1);
    assert_cell(w, "a", 1, "name", "甲");
    mended(w);
    out = release_one(w);
    assert_int_equal(out.state, STATE_TAKEN);
    assert_int_equal(out.reason, REASON_NONE);
    counts_are(w, "hub", 0, STATE_TAKEN, 6);
    assert_int_equal(open_cases(w->hub), 0);
    sync_all(w);
    counts_are(w, "a", 0, STATE_TAKEN, 6);
    for (int i = 0; i < w->towns; i++) {
        assert_int_equal(open_cases(w->town[i].store), 0);
        if (i < 2)              /* a, and b, which hosts it */
            assert_cell(w, w->town[i].name, 1, "name", "坏");
    }
    assert_agree(w);
    restart(w, "a");
    restart_hub(w);
    world_end(w);
}

/* It waited while somebody else wrote: the two meet now. */
TEST(what_was_set_aside_may_collide_now)
{
    struct released out;
    W;

    one_aside(w, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "county", 1, "name=县");
    sync_all(w);
    mended(w);
    out = release_one(w);
    assert_int_equal(out.state, STATE_PARKED);
    assert_int_equal(out.reason, REASON_CLASH);
    assert_int_equal(reason_of(w, "hub", 1, "name"), REASON_CLASH);
    sync_all(w);
    counts_are(w, "a", 0, STATE_PARKED, 1);
    assert_int_equal(reason_of(w, "a", 1, "name"), REASON_CLASH);
    assert_int_equal(reason_of(w, "county", 1, "name"), REASON_CLASH);
    assert_int_equal(open_cases(town_of(w, "a")->store), 1);
    assert_int_equal(open_cases(town_of(w, "county")->store), 1);
    /* And it can be settled like any other. */
    assert_int_equal(settle(w, "county", 1, "name", "parked"), 0);
    sync_all(w);
    counts_are(w, "a", 0, STATE_SETTLED, 1);
    assert_cell(w, "b", 1, "name", "坏");
    assert_int_equal(open_cases(w->hub), 0);
    assert_int_equal(open_cases(town_of(w, "a")->store), 0);
    assert_agree(w);
    world_end(w);
}

TEST(what_everybody_says_by_now_is_the_same)
{
    W;

    one_aside(w, "mark=1 name=甲");
    sync_all(w);
    mended(w);
    say(w, "county", 1, "name=坏");
    sync_all(w);
    assert_int_equal(release_one(w).state, STATE_SAME);
    sync_all(w);
    counts_are(w, "a", 0, STATE_SAME, 1);
    for (int i = 0; i < w->towns; i++)
        assert_int_equal(open_cases(w->town[i].store), 0);
    assert_agree(w);
    world_end(w);
}

/* A kind learned a field: the station had it before the hub. */
static struct kinds *newer_kinds(void)
{
    static const char more[] =
        "[cell extra]\nid = 12\nlabel = 新\n"
        "[field extra]\nid = 15\ncell = extra\nlabel = 新项\ntype = text\n";
    char text[sizeof world_kinds + sizeof more + 8];
    char *rules;

    snprintf(text, sizeof text, "%s", world_kinds);
    rules = strstr(text, "[rules]");
    snprintf(rules, sizeof text - (size_t)(rules - text), "%s%s", more,
             strstr(world_kinds, "[rules]"));
    return kinds_of_text(text);
}

TEST(a_field_the_hub_learns_later)
{
    struct kinds *newer = newer_kinds(), *older;
    struct town *town;
    struct released out;
    W;

    town = town_of(w, "a");
    town->kinds = newer;
    restart(w, "a");
    say(w, "a", 1, "mark=1 extra=多");
    sync_all(w);
    counts_are(w, "hub", 1, STATE_TAKEN, 1);
    out = release_one(w);       /* nothing is known that was not before */
    assert_int_equal(out.state, STATE_ASIDE);
    assert_string_equal(out.field, "cell");
    counts_are(w, "hub", 1, STATE_TAKEN, 1);
    assert_int_equal(open_cases(w->hub), 1);
    older = w->kinds;
    w->kinds = newer;
    restart_hub(w);
    assert_int_equal(release_one(w).state, STATE_TAKEN);
    sync_all(w);
    counts_are(w, "a", 0, STATE_TAKEN, 2);
    assert_cell(w, "hub", 1, "extra", "多");
    assert_cell(w, "county", 1, "extra", "多");
    assert_int_equal(open_cases(town_of(w, "county")->store), 0);
    assert_agree(w);
    w->kinds = older;
    world_check(w);
    kinds_free(newer);
    world_free(w);
}

/* The identity itself was set aside, so everything else of the record waits. */
TEST(what_waited_for_an_identity_is_decided_with_it)
{
    W;

    bad_change(w);
    say(w, "a", 1, "mark=坏 name=甲 alias=一");
    try_often(w);
    counts_are(w, "hub", 1, STATE_RECEIVED, 1);
    mended(w);
    assert_int_equal(release_one(w).state, STATE_TAKEN);
    counts_are(w, "hub", 0, STATE_TAKEN, 2);
    counts_are(w, "hub", 0, STATE_RECEIVED, 0);
    sync_all(w);
    counts_are(w, "a", 0, STATE_TAKEN, 2);
    assert_cell(w, "county", 1, "name", "甲/一");
    assert_agree(w);
    world_end(w);
}

TEST(without_an_identity_it_stays)
{
    struct released out;
    W;

    bad_change(w);
    say(w, "a", 1, "mark=坏 name=坏");
    try_often(w);
    counts_are(w, "hub", 2, STATE_RECEIVED, 0);
    mended(w);
    out = release_one(w);       /* the newest case: the name's */
    assert_int_equal(out.state, STATE_ASIDE);
    assert_string_equal(out.field, "identity");
    counts_are(w, "hub", 2, STATE_RECEIVED, 0);
    assert_int_equal(open_cases(w->hub), 2);
    world_end(w);
}

TEST(what_is_not_aside_is_not_released)
{
    struct name name = {{{9}}, 1};
    struct released out;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    name = w->receipt.change[0].name;
    sync_all(w);
    assert_int_equal(store_release(w->hub, &name, &out, &w->fault), ERR_CASE);
    assert_non_null(strstr(w->fault.why, "taken"));
    name.n = 99;
    assert_int_equal(store_release(w->hub, &name, &out, &w->fault), ERR_CASE);
    name.origin.b[0] ^= 1;
    assert_int_equal(store_release(w->hub, &name, &out, &w->fault), ERR_CASE);
    assert_int_equal(store_release(town_of(w, "a")->store, &name, &out,
                                   &w->fault), ERR_SCOPE);
    world_end(w);
}

/* It fails again, and costs nobody anything. */
TEST(what_still_fails_stays_aside)
{
    struct name name;
    struct released out;
    uint64_t number;
    struct store_status status;
    W;

    one_aside(w, "mark=1 name=甲");
    meddle_hub(w, "DROP TRIGGER bad; CREATE TRIGGER bad BEFORE UPDATE OF state "
                  "ON journal BEGIN SELECT RAISE(ABORT, 'bad'); END");
    name = aside_of(w->hub);
    store_status(w->hub, &status);
    number = status.number;
    assert_true(store_release(w->hub, &name, &out, &w->fault) < 0);
    assert_int_equal(store_commit(w->hub, NULL), 0);
    counts_are(w, "hub", 1, STATE_TAKEN, 2);
    store_status(w->hub, &status);
    assert_int_equal(status.number, number);
    mended(w);
    assert_int_equal(release_one(w).state, STATE_TAKEN);
    sync_all(w);
    assert_cell(w, "county", 1, "name", "坏");
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_set_aside_is_taken_and_everybody_hears),
        cmocka_unit_test(what_was_set_aside_may_collide_now),
        cmocka_unit_test(what_everybody_says_by_now_is_the_same),
        cmocka_unit_test(a_field_the_hub_learns_later),
        cmocka_unit_test(what_waited_for_an_identity_is_decided_with_it),
        cmocka_unit_test(without_an_identity_it_stays),
        cmocka_unit_test(what_is_not_aside_is_not_released),
        cmocka_unit_test(what_still_fails_stays_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
