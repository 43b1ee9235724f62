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

/* A confirmation of the next thousand changes of some origin. */
static bool keep_next(struct town *a, struct confirm *confirm,
                      const char *payload)
{
    struct buf bytes;
    bool kept;

    buf_init(&bytes, FRAME_MAX);
    if (payload == NULL)
        confirm_write(confirm, &bytes);
    else
        buf_put(&bytes, (const uint8_t *)payload, strlen(payload));
    kept = later_keep(a->later, confirm, buf_view(&bytes));
    buf_done(&bytes);
    if (kept)
        confirm->from += confirm->run[0].count;
    return kept;
}

static struct confirm *thousand(void)
{
    struct confirm *confirm = xmalloc(sizeof *confirm);

    memset(confirm, 0, sizeof *confirm);
    confirm->origin.b[0] = 9;
    confirm->from = 1;
    confirm->runs = 1;
    confirm->run[0] = (struct run){.count = 1000, .verdict = STATE_TAKEN,
                                   .number = 1};
    return confirm;
}

/* A gap, another standing, a small one, a large one: what waits is settled first,
 * and then this. Where there is no more room the oldest is settled. */
TEST(what_is_not_plainly_the_next_is_settled_now)
{
    struct confirm *confirm = thousand();
    struct town *a;
    struct world *w = prepared(&a);
    struct fault fault;
    int kept = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_true(keep_next(a, confirm, NULL));
        assert_true(later_waits(a->later));
        confirm->from += i == 0;
        confirm->standing = i == 1 ? STANDING_FORKED : STANDING_GOOD;
        confirm->run[0].count = i == 2 ? 3 : i == 3 ? BATCH_RAW_MAX + 1 : 1000;
        assert_false(keep_next(a, confirm, NULL));
        assert_false(later_waits(a->later));
        confirm->from = 1;
        confirm->standing = STANDING_GOOD;
        confirm->run[0].count = 1000;
    }
    for (int i = 0; i < 1000; i++)
        assert_true(keep_next(a, confirm, NULL));
    while (later_waits(a->later)) {
        assert_int_equal(later_settle(a->later, &fault), 0);
        kept++;
    }
    assert_in_range(kept, 2, 200);
    confirm->from = 1;
    confirm->origin.b[0]++;
    assert_true(keep_next(a, confirm, NULL));   /* of one origin and another */
    confirm->origin.b[0]++;
    confirm->from = 1;
    assert_true(keep_next(a, confirm, NULL));
    free(confirm);
    later_free(NULL);
    forget(a);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* What cannot be settled is asked for again, and nothing is kept meanwhile. */
TEST(after_one_that_fails_nothing_waits_any_more)
{
    struct confirm *confirm = thousand();
    struct town *a;
    struct world *w = prepared(&a);
    struct fault fault;

    (void)state;
    assert_true(keep_next(a, confirm, "rubbish"));
    assert_true(keep_next(a, confirm, NULL));
    assert_true(later_settle(a->later, &fault) < 0);
    assert_false(later_waits(a->later));
    assert_false(keep_next(a, confirm, NULL));
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    assert_false(later_waits(a->later));
    assert_int_equal(count_of(a->store, STATE_TAKEN), 2 * MANY);
    free(confirm);
    forget(a);
    world_end(w);
}

/* The same while another ask's answer makes it settle all that waits. */
TEST(one_that_fails_on_the_way_does_not_stop_the_next)
{
    struct confirm *confirm = thousand();
    struct town *a;
    struct world *w = prepared(&a);

    (void)state;
    assert_true(keep_next(a, confirm, "rubbish"));
    assert_true(keep_next(a, confirm, NULL));
    confirm->from = 1;
    assert_false(keep_next(a, confirm, NULL));
    assert_false(later_waits(a->later));
    assert_int_equal(exchange(w, "a", ALL, ALL), 0);
    assert_int_equal(count_of(a->store, STATE_TAKEN), 2 * MANY);
    free(confirm);
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
        cmocka_unit_test(what_is_not_plainly_the_next_is_settled_now),
        cmocka_unit_test(after_one_that_fails_nothing_waits_any_more),
        cmocka_unit_test(one_that_fails_on_the_way_does_not_stop_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
