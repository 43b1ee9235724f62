/* The counts a start finds, whatever the turns before it wrote of them. */
#include "tests/disaster.c"

static void counts_are(struct world *w, uint64_t queued, uint64_t taken)
{
    struct store *store = town_of(w, "a")->store;

    assert_int_equal(count_of(store, STATE_QUEUED), queued);
    assert_int_equal(count_of(store, STATE_TAKEN), taken);
}

static void started_again(struct world *w, uint64_t queued, uint64_t taken)
{
    counts_are(w, queued, taken);
    restart(w, "a");
    counts_are(w, queued, taken);
}

TEST(what_was_only_saved_is_counted_after_a_start)
{
    W;
    say(w, "a", 1, "mark=1 name=甲");
    started_again(w, 2, 0);
    say(w, "a", 1, "name=乙");
    say(w, "a", 1, "name=丙");
    started_again(w, 4, 0);
    started_again(w, 4, 0);
    world_end(w);
}

/* The exchange counts without having saved anything since the start. */
TEST(what_is_decided_after_a_start_is_counted_once)
{
    W;
    say(w, "a", 1, "mark=1 name=甲");
    say(w, "a", 1, "name=乙");
    say(w, "a", 1, "name=丙");
    restart(w, "a");
    sync_with(w, "a");
    started_again(w, 0, 4);
    say(w, "a", 1, "name=丁");
    say(w, "a", 1, "name=戊");
    started_again(w, 2, 4);
    say(w, "a", 1, "name=己");
    sync_with(w, "a");
    say(w, "a", 1, "name=庚");
    say(w, "a", 1, "name=辛");
    started_again(w, 2, 7);
    world_end(w);
}

/* More saves than a start would count; then a part of them goes up before
 * anything new is saved. */
TEST(a_long_day_without_a_line_is_counted)
{
    enum { SAVES = 6000 };
    struct store *store;
    char what[32];
    uint64_t left;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    for (int i = 2; i < SAVES; i++) {
        snprintf(what, sizeof what, "name=%d", i);
        say(w, "a", 1, what);
    }
    started_again(w, SAVES, 0);
    store = town_of(w, "a")->store;
    for (long bytes = 20000; (left = count_of(store, STATE_QUEUED)) == SAVES;
         bytes += 20000)
        exchange(w, "a", bytes, ALL);
    assert_true(left > 0);
    started_again(w, left, SAVES - left);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_only_saved_is_counted_after_a_start),
        cmocka_unit_test(what_is_decided_after_a_start_is_counted_once),
        cmocka_unit_test(a_long_day_without_a_line_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
