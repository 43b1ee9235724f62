/* Confirmations that wait while the next ask is under way. */
#include "tests/world.c"

#define TEST(name) static void name(void **state)

enum { MANY = 400 };            /* records of two changes: enough to be kept */

static struct world *prepared(struct town **a)
{
    struct world *w = world_new();

    for (int i = 1; i <= MANY; i++)
        assert_int_equal(put(w, "a", edit_of(w, "a", i, "mark=1 name=甲")),
                         0);
    assert_int_equal(store_commit(town_of(w, "a")->store, NULL), 0);
    *a = town_of(w, "a");
    (*a)->later = later_new((*a)->store);
    return w;
}

static void settle_kept(struct town *a)
{
    struct fault fault;

    while (later_waits(a->later))
        assert_int_equal(later_settle(a->later, &fault), 0);
    assert_int_equal(store_commit(a->store, NULL), 0);
}

static void forget(struct town *a)
{
    later_free(a->later);
    a->later = NULL;
}

TEST(what_is_kept_is_not_sent_again)
{
    struct town *a;
    struct world *w = prepared(&a);

    (void)state;
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    assert_int_equal(w->asked.confirmed, 2 * MANY);
    assert_true(later_waits(a->later));
    assert_int_equal(count_of(a->store, STATE_QUEUED), 2 * MANY);
    say(w, "a", 1, "name=乙");
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    assert_int_equal(w->asked.up, 1);
    settle_kept(a);
    assert_int_equal(count_of(a->store, STATE_QUEUED), 0);
    assert_int_equal(count_of(a->store, STATE_TAKEN), 2 * MANY + 1);
    forget(a);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

TEST(what_dies_with_the_process_is_confirmed_again)
{
    struct town *a;
    struct world *w = prepared(&a);

    (void)state;
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    assert_true(later_waits(a->later));
    forget(a);
    restart(w, "a");
    assert_int_equal(count_of(a->store, STATE_QUEUED), 2 * MANY);
    sync_with(w, "a");
    assert_int_equal(count_of(a->store, STATE_TAKEN), 2 * MANY);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 2 * MANY);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* News of a cell come while the own change under them still waits. */
TEST(news_may_come_before_what_was_kept)
{
    struct town *a;
    struct world *w = prepared(&a);

    (void)state;
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    sync_with(w, "county");
    say(w, "county", 1, "name=丙");
    say(w, "county", 2, "end=迁出");
    sync_with(w, "county");
    assert_true(later_waits(a->later));
    say(w, "a", 1, "name=丁");
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    settle_kept(a);
    forget(a);
    sync_all(w);
    assert_cell(w, "a", 1, "name", "丙");
    assert_int_equal(reason_of(w, "county", 1, "name"), REASON_CLASH);
    assert_agree(w);
    world_end(w);
}

/* An answer that heals is taken in after what was kept, in its order. */
TEST(what_is_kept_is_settled_before_anything_else_is)
{
    struct town *a;
    struct world *w = prepared(&a);

    (void)state;
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    say(w, "a", 1, "name=乙");
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);    /* small: at once */
    assert_false(later_waits(a->later));
    assert_int_equal(count_of(a->store, STATE_TAKEN), 2 * MANY + 1);
    forget(a);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_not_sent_again),
        cmocka_unit_test(what_dies_with_the_process_is_confirmed_again),
        cmocka_unit_test(news_may_come_before_what_was_kept),
        cmocka_unit_test(what_is_kept_is_settled_before_anything_else_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
