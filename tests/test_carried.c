/* The same conversation on a stick: beside the line, in every order, twice,
 * late. */
#include "tests/world.c"

#include "tests/story_stick.c"

#define TEST(name) static void name(void **state)

static void carry_all(struct world *w, size_t bytes)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < w->towns; i++)
            for (int n = 0; carry(w, w->town[i].name, bytes); n++)
                assert_true(n < 400);
}

TEST(without_any_line_it_comes_to_the_same)
{
    struct world *w = prepared();
    struct outcome line, stick;

    (void)state;
    by_line(&line);
    carry_all(w, BUNDLE_ROOM);
    assert_agree(w);
    outcome_of(w, &stick);
    assert_memory_equal(&stick, &line, sizeof line);
    /* The receipt came, too: nothing is told or sent once more. */
    assert_false(carry(w, "a", BUNDLE_ROOM));
    assert_int_equal(w->asked.confirmed + w->asked.down, 0);
    world_end(w);
}

/* A stick that is too small takes what fits, and says what does not. */
TEST(what_does_not_fit_goes_with_the_next)
{
    struct world *w = world_new();
    struct packing *packing;
    struct town *a = town_of(w, "a");
    struct id id = {{5}};
    struct buf file;
    uint64_t packed = 0, left = 0;
    char what[400];
    int rounds = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        uint32_t seed = (uint32_t)i + 1;
        int at = snprintf(what, sizeof what, "mark=%d name=", i);

        for (int k = 0; k < 95; k++)  /* deflate must not help much */
            what[at++] = (char)('a' + (seed = seed * 1664525u + 1013904223u,
                                       seed >> 24) % 26);
        what[at] = '\0';
        assert_int_equal(put(w, "a", edit_of(w, "a", i + 1, what)), 0);
    }
    assert_int_equal(store_commit(a->store, &w->fault), 0);
    packing = packing_ask(a->store, "a", a->speaker.key, &id, 1, 64 * 1024,
                          w->clock);
    draw_all(packing, &file);
    packed = packing_counts(packing)->changes;
    left = packing_counts(packing)->left;
    packing_free(packing);
    buf_done(&file);
    assert_true(packed > 0 && left > 0);
    assert_int_equal(packed + left, 4000);
    while (carry(w, "a", 64 * 1024))
        assert_true(++rounds < 20);
    assert_true(rounds > 0);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 4000);
    assert_int_equal(count_of(a->store, STATE_TAKEN), 4000);
    world_end(w);
}

/* What may happen while a stick is on its way, in every order. */
enum act { HUB_UNPACKS, UNPACKS, LINE, WRITES, HUB_RESTARTS, ACTS };

static void act_out(struct world *w, enum act act, const struct buf *ask,
                    struct buf *answer)
{
    switch (act) {
    case HUB_UNPACKS:
        buf_done(answer);
        assert_int_equal(hub_unpacks(w, buf_view(ask), answer), 0);
        break;
    case UNPACKS:
        if (answer->len > 0)
            assert_true(unpack_at(w, "a", buf_view(answer)) >= 0);
        break;
    case LINE:
        assert_int_equal(exchange(w, "a", ALL, ALL), 0);
        break;
    case WRITES:
        say(w, "a", 3, "mark=3 name=戊");
        break;
    case HUB_RESTARTS:
        restart_hub(w);
        break;
    case ACTS:
        break;
    }
}

/* The acts in the order that `code` spells; some twice. */
static void one_order(int code, int times)
{
    struct world *w = prepared();
    struct buf ask, answer = {.data = NULL};
    bool done[ACTS] = {false};

    pack_at(w, "a", BUNDLE_ROOM, 1, &ask);
    for (int left = ACTS; left > 0; left--) {
        int which = code % left, act = 0;

        code /= left;
        while (done[act] || which-- > 0)
            act++;
        done[act] = true;
        for (int i = 0; i < times; i++)
            act_out(w, (enum act)act, &ask, &answer);
    }
    buf_done(&ask);
    buf_done(&answer);
    sync_all(w);
    assert_agree(w);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 0);
    assert_int_equal(open_cases(w->hub), 1);
    world_end(w);
}

TEST(both_carriers_in_every_order)
{
    (void)state;
    for (int code = 0; code < 120; code++)
        one_order(code, 1);
}

TEST(both_carriers_in_every_order_and_each_twice)
{
    (void)state;
    for (int code = 0; code < 120; code++)
        one_order(code, 2);
}

/* BUG found: what the hub told in few bytes rested on the ask, and was read as
 * an answer to what the station would ask now; its cursor passed over news that
 * it had never heard. */
TEST(an_answer_is_read_without_its_ask)
{
    struct world *w = world_new();
    struct buf ask, answer;

    (void)state;
    say(w, "county", 1, "mark=1 name=甲 org=520527001");
    sync_all(w);
    pack_at(w, "a", BUNDLE_ROOM, 1, &ask);
    for (int i = 2; i < 12; i++) {
        char what[60];

        snprintf(what, sizeof what, "mark=%d name=乙 org=520527001", i);
        say(w, "county", i, what);
    }
    sync_with(w, "county");
    sync_with(w, "a");
    say(w, "county", 1, "name=丙");
    sync_with(w, "county");
    assert_int_equal(hub_unpacks(w, buf_view(&ask), &answer), 0);
    for (int i = 2; i < 12; i++)
        say(w, "county", i, "name=丁");
    sync_with(w, "county");
    assert_int_equal(unpack_at(w, "a", buf_view(&answer)), 1);
    assert_false(w->asked.more);
    assert_cell(w, "a", 1, "name", "丙");
    sync_all(w);
    assert_agree(w);
    buf_done(&ask);
    buf_done(&answer);
    world_end(w);
}

TEST(months_later_it_has_no_effect)
{
    struct world *w = prepared();
    struct buf ask, answer;
    struct outcome before, after;

    (void)state;
    pack_at(w, "a", BUNDLE_ROOM, 1, &ask);
    assert_int_equal(hub_unpacks(w, buf_view(&ask), &answer), 0);
    for (int day = 0; day < 5; day++) {
        w->clock += INT64_C(30) * 86400 * 1000;
        say(w, "a", 1, day % 2 == 0 ? "alias=春" : "alias=秋");
        say(w, "b", 1, "visit=又来过");
        sync_all(w);
        restart_hub(w);
        restart(w, "a");
    }
    sync_all(w);
    outcome_of(w, &before);
    assert_int_equal(unpack_at(w, "a", buf_view(&answer)), 0);
    buf_done(&answer);
    assert_int_equal(hub_unpacks(w, buf_view(&ask), &answer), 0);
    assert_true(unpack_at(w, "a", buf_view(&answer)) >= 0);
    sync_all(w);
    outcome_of(w, &after);
    assert_memory_equal(&after, &before, sizeof before);
    assert_agree(w);
    buf_done(&ask);
    buf_done(&answer);
    world_end(w);
}

/* The line has told more since, in the same life of the hub. */
TEST(an_answer_the_line_has_overtaken_has_no_effect)
{
    struct world *w = prepared();
    struct buf ask, answer;
    struct outcome before, after;

    (void)state;
    pack_at(w, "a", BUNDLE_ROOM, 1, &ask);
    assert_int_equal(hub_unpacks(w, buf_view(&ask), &answer), 0);
    say(w, "a", 2, "tags+蓝");
    sync_all(w);
    say(w, "b", 1, "visit=又来过");
    say(w, "a", 1, "name=戊");
    sync_all(w);
    outcome_of(w, &before);
    assert_int_equal(unpack_at(w, "a", buf_view(&answer)), 1);
    outcome_of(w, &after);
    assert_memory_equal(&after, &before, sizeof before);
    sync_all(w);
    assert_agree(w);
    buf_done(&ask);
    buf_done(&answer);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_line_it_comes_to_the_same),
        cmocka_unit_test(what_does_not_fit_goes_with_the_next),
        cmocka_unit_test(both_carriers_in_every_order),
        cmocka_unit_test(both_carriers_in_every_order_and_each_twice),
        cmocka_unit_test(an_answer_is_read_without_its_ask),
        cmocka_unit_test(months_later_it_has_no_effect),
        cmocka_unit_test(an_answer_the_line_has_overtaken_has_no_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
