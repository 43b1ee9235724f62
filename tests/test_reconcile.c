/* How a comparison goes over the line: rounds, bytes, cuts, a hub that does not
 * stand still, and what is told of it. */
#include "tests/world.c"
#include "tests/story_compare.c"

#include <stdlib.h>

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

enum { MANY = 3000 };

/* `count` records of a, of three cells each. */
static void many_records(struct world *w, int count)
{
    char what[60];

    for (int i = 0; i < count; i++) {
        snprintf(what, sizeof what, "mark=%d name=名%d born=1990-01-02", i, i);
        assert_int_equal(put(w, "a", edit_of(w, "a", i, what)), 0);
    }
    for (int i = 0; i < 40; i++)
        sync_with(w, "a");
    sync_with(w, "county");
}

/* A register that agrees costs one exchange and a few bytes for each ten
 * thousand cells. */
TEST(what_agrees_costs_one_exchange)
{
    struct reconcile_view view;
    int rounds;
    W;

    many_records(w, MANY);
    rounds = compare(w, "county", false, &view);
    assert_int_equal(view.state, RECONCILE_DONE);
    assert_int_equal(rounds, 1);
    assert_int_equal(view.cells, 3 * MANY);
    assert_int_equal(view.sums->count, 1);
    assert_string_equal(view.sums->list[0].org, "520527001");
    assert_int_equal(view.sums->list[0].there.records, MANY);
    assert_true(digest_equal(&view.sums->list[0].here,
                             &view.sums->list[0].there));
    assert_true(view.bytes_up < 400 && view.bytes_down < 600);
    done_with(w);
    world_end(w);
}

/* Three rows that differ move three rows, and what it takes to find them. */
TEST(three_rows_that_differ_move_three)
{
    struct reconcile_view view;
    W;

    many_records(w, MANY);
    rot(w, "county", "UPDATE cell SET origin = NULL, n = NULL WHERE cell = 2 "
                     "AND record IN (SELECT id FROM record WHERE record IN "
                     "(x'52000000000000000000000000000007', "
                     "x'520000000000000000000000000003e8', "
                     "x'52000000000000000000000000000bb7'))");
    compare(w, "county", true, &view);
    assert_int_equal(view.found[DIFFER_NOT_HERE], 3);
    assert_int_equal(view.mended, 3);
    assert_int_equal(view.left, 0);
    assert_int_equal(view.listed, 3);
    print_message("3 of %d cells: %llu exchanges, %llu bytes up, %llu down\n",
                  3 * MANY, (unsigned long long)view.exchanges,
                  (unsigned long long)view.bytes_up,
                  (unsigned long long)view.bytes_down);
    assert_true(view.exchanges <= 6);
    assert_true(view.bytes_up + view.bytes_down < 3 * MANY * 2);
    done_with(w);
    assert_agree(w);
    world_end(w);
}

TEST(a_station_that_lost_everything_gets_it_row_by_row)
{
    struct reconcile_view view;
    W;

    many_records(w, MANY);
    rot(w, "county", "DELETE FROM cell");
    compare(w, "county", true, &view);
    assert_int_equal(view.found[DIFFER_NOT_HERE], 3 * MANY);
    assert_int_equal(view.mended, 3 * MANY);
    assert_int_equal(view.left, 0);
    assert_true(view.listed < 3 * MANY);
    done_with(w);
    assert_agree(w);
    world_end(w);
}

/* A hub that lost all, and whose stations are all gone but one that writes
 * nothing: everything it holds is a case, and nothing is lost. */
TEST(a_hub_that_lost_everything_and_a_station_that_holds_it)
{
    struct reconcile_view view;
    char copy[PATH_ROOM + 8];
    W;

    snprintf(copy, sizeof copy, "%s.old", w->hub_path);
    store_close(w->hub);
    files_copy(w->hub_path, copy);
    hub_open(w);
    many_records(w, 1000);
    store_close(w->hub);
    files_copy(copy, w->hub_path);
    hub_open(w);
    compare(w, "county", false, &view);
    assert_int_equal(view.found[DIFFER_NOT_THERE], 3000);
    assert_int_equal(view.sums->list[0].here.records, 1000);
    assert_int_equal(view.sums->list[0].there.records, 0);
    compare(w, "county", true, &view);
    assert_int_equal(view.cases, 3000);
    assert_int_equal(view.left, 0);
    done_with(w);
    assert_int_equal(open_cases(town_of(w, "county")->store), 3000);
    assert_int_equal(settle(w, "county", 17, "identity", "parked"), 0);
    sync_with(w, "county");
    assert_string_not_equal(line_of(w, w->hub, 17), "");
    world_check(w);
    world_free(w);
}

/* ---- by organisation ---- */

TEST(sums_are_told_by_organisation)
{
    struct reconcile_view view;
    const struct org_sum *sum;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    say(w, "a", 2, "mark=2 org=520527001005");
    say(w, "b", 3, "mark=3");
    sync_all(w);
    rot(w, "county", "UPDATE cell SET origin = NULL, n = NULL WHERE cell = 2");
    compare(w, "county", false, &view);
    assert_int_equal(view.sums->count, 3);
    sum = view.sums->list;
    assert_string_equal(sum[0].org, "520527001");
    assert_string_equal(sum[1].org, "520527001005");
    assert_string_equal(sum[2].org, "520527002");
    assert_false(digest_equal(&sum[0].here, &sum[0].there));
    assert_int_equal(sum[0].here.cells, 1);
    assert_int_equal(sum[0].there.cells, 2);
    assert_true(digest_equal(&sum[1].here, &sum[1].there));
    assert_true(digest_equal(&sum[2].here, &sum[2].there));
    done_with(w);
    world_free(w);
}

/* ---- the line ---- */

/* What arrived before the cut is not asked for again, so that however short the
 * line holds, it ends. */
static void over_a_bad_line(struct world *w, struct town *town, long hold,
                            struct reconcile_view *out)
{
    int cuts = 0, tries = 0;

    reconcile_free(town->reconcile);
    town->reconcile = reconcile_new(town->store);
    town->room = BATCH_SIZE_MIN;        /* as the core makes it after cuts */
    assert_int_equal(reconcile_start(town->reconcile, true), 0);
    do {
        bool alone = town->cut;
        int rc = exchange(w, town->name, ALL, alone ? ALL : hold);

        cuts += !w->asked.whole;
        if (!w->asked.whole && rc == 0)
            rc = ERR_NET;
        reconcile_ended(town->reconcile, rc, &w->asked);
        while (reconcile_waits(town->reconcile))
            reconcile_work(town->reconcile);
        assert_true(++tries < 2000);
    } while (reconcile_next(town->reconcile));
    reconcile_view(town->reconcile, out);
    town->room = 0;
    (void)cuts;
}

TEST(a_line_that_is_cut_everywhere)
{
    struct reconcile_view view;
    struct town *town;
    char copy[PATH_ROOM + 8];
    W;

    many_records(w, 300);
    rot(w, "county", "UPDATE cell SET origin = NULL, n = NULL WHERE cell = 2 "
                     "AND record % 7 = 0");
    town = town_of(w, "county");
    town_shut(town);
    snprintf(copy, sizeof copy, "%s.old", town->path);
    files_copy(town->path, copy);
    for (long hold = 330; hold < 3300; hold += 61) {
        files_copy(copy, town->path);
        town_open(w, town);
        over_a_bad_line(w, town, hold, &view);
        if (view.state == RECONCILE_FAILED) {
            assert_int_equal(view.cause, ERR_NET);
            assert_true(hold < 1700);   /* not even one frame comes through */
        } else {
            assert_int_equal(view.left, 0);
            assert_int_equal(view.mended, view.found[DIFFER_NOT_HERE]);
            assert_agree(w);
        }
        done_with(w);
        town_shut(town);
    }
    town_open(w, town);
    world_check(w);
    world_free(w);
}

TEST(nobody_answers)
{
    struct town *town;
    struct asked asked = {0};
    struct reconcile_view view;
    int tries = 1;
    W;

    town = town_of(w, "a");
    town->reconcile = reconcile_new(town->store);
    assert_int_equal(reconcile_start(town->reconcile, false), 0);
    assert_int_equal(reconcile_start(town->reconcile, false), ERR_RUNNING);
    for (;;) {
        reconcile_ended(town->reconcile, ERR_NET, &asked);
        if (!reconcile_next(town->reconcile))
            break;
        assert_true(++tries < 10);
    }
    reconcile_view(town->reconcile, &view);
    assert_int_equal(view.state, RECONCILE_FAILED);
    assert_int_equal(view.cause, ERR_NET);
    assert_int_equal(reconcile_start(town->reconcile, false), 0);
    done_with(w);
    world_end(w);
}

/* ---- a hub that does not stand still ---- */

/* The answer is read on only when somebody else's change has been decided in
 * between: its digests are of another register than its news. */
static int answered_late(struct world *w, struct town *town, int record)
{
    struct asking_plan plan = {false, 64 * 1024, 4, 256 * 1024, false};
    struct answer *answer = answer_new(w->hub, world_speaker, w, w->clock);
    uint8_t piece[16 * 1024];
    struct asking *asking;
    struct id id;
    long got;
    int rc = 0;
    bool moved = false;

    world_random(town, id.b, ID_SIZE);
    asking = asking_new(town->store, town->name, town->speaker.key, &id, &plan,
                        NULL, w->clock);
    asking_compare(asking, town->reconcile);
    while ((got = asking_read(asking, piece, sizeof piece)) > 0)
        assert_int_equal(answer_feed(answer, piece, (size_t)got, &w->fault),
                         0);
    while (rc == 0 && (got = answer_read(answer, piece, sizeof piece)) > 0) {
        rc = settle_feed(asking, piece, (size_t)got, &w->fault);
        if (!moved && answer_slow(answer)) {
            moved = true;
            say(w, "b", record, "mark=9 name=间");
            sync_with(w, "b");
        }
    }
    settle_end(asking, &w->asked);
    asking_free(asking);
    answer_free(answer);
    store_commit(town->store, NULL);
    return rc;
}

TEST(a_hub_that_moves_meanwhile_makes_no_difference)
{
    struct reconcile_view view;
    struct town *town;
    int rounds = 0;
    W;

    many_records(w, 2800);              /* more than one frame of digests */
    town = town_of(w, "county");
    town->reconcile = reconcile_new(town->store);
    assert_int_equal(reconcile_start(town->reconcile, true), 0);
    do {
        int rc = rounds < 5 ? answered_late(w, town, 5000 + rounds)
                            : exchange(w, "county", ALL, ALL);

        rounds++;
        assert_true(rounds < 30);
        reconcile_ended(town->reconcile, rc, &w->asked);
        while (reconcile_waits(town->reconcile))
            reconcile_work(town->reconcile);
    } while (reconcile_next(town->reconcile));
    reconcile_view(town->reconcile, &view);
    assert_int_equal(view.state, RECONCILE_DONE);
    assert_true(rounds > 1);
    if (found(&view) > 0 || view.cases > 0)
        fail_msg("a difference that was none: %llu",
                 (unsigned long long)found(&view));
    done_with(w);
    sync_all(w);
    assert_agree(w);
    assert_all_agree(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_agrees_costs_one_exchange),
        cmocka_unit_test(three_rows_that_differ_move_three),
        cmocka_unit_test(a_station_that_lost_everything_gets_it_row_by_row),
        cmocka_unit_test(
            a_hub_that_lost_everything_and_a_station_that_holds_it),
        cmocka_unit_test(sums_are_told_by_organisation),
        cmocka_unit_test(a_line_that_is_cut_everywhere),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(a_hub_that_moves_meanwhile_makes_no_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
