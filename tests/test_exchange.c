/* The line: cut anywhere, repeated, late; and what a talk costs. */
#include "tests/world.c"
#include "tests/story_outcome.c"

#define TEST(name) static void name(void **state)

static void cut_at(long ask, long answer, const struct outcome *uncut)
{
    struct world *w = prepared();
    struct outcome ending;
    uint64_t written;
    int rc = exchange(w, "a", ask, answer);

    if (rc < 0)
        fail_msg("cut at %ld %ld: YZ%04d", ask, answer, err_code(rc));
    assert_false(w->asked.whole);
    written = 0;
    for (int i = 0; i < STATES; i++)
        written += count_of(town_of(w, "a")->store, (enum state)i);
    assert_int_equal(written, 9);
    finish(w, &ending);
    if (memcmp(&ending, uncut, sizeof ending) != 0)
        fail_msg("cut at %ld %ld ends otherwise: %s | %s | %s", ask, answer,
                 ending.line[0], ending.line[1], ending.line[2]);
}

static void sizes(struct outcome *uncut, size_t *ask, size_t *answer)
{
    struct world *w = prepared();
    struct talk *talk = talk_ask(w, "a", ALL);

    *ask = talk->ask.len;
    *answer = talk->answer.len;
    assert_int_equal(talk_settle(talk, ALL), 0);
    assert_true(w->asked.whole);
    talk_free(talk);
    finish(w, uncut);
}

/* Every byte in a plain build; sanitizers are slow, so there every few. */
#if defined(__SANITIZE_ADDRESS__)
enum { STRIDE = 13 };
#else
enum { STRIDE = 1 };
#endif

TEST(a_cut_anywhere_in_the_ask_changes_nothing)
{
    struct outcome uncut;
    size_t ask, answer;

    (void)state;
    sizes(&uncut, &ask, &answer);
    for (size_t at = 0; at < ask; at += STRIDE)
        cut_at((long)at, ALL, &uncut);
    cut_at((long)ask - 1, ALL, &uncut);
}

TEST(a_cut_anywhere_in_the_answer_changes_nothing)
{
    struct outcome uncut;
    size_t ask, answer;

    (void)state;
    sizes(&uncut, &ask, &answer);
    for (size_t at = 0; at < answer; at += STRIDE)
        cut_at(ALL, (long)at, &uncut);
    cut_at(ALL, (long)answer - 1, &uncut);
}

TEST(an_old_answer_after_a_newer_one_changes_nothing)
{
    struct world *w = prepared();
    struct outcome uncut, ending;
    struct talk *old;
    size_t ask, answer;

    (void)state;
    sizes(&uncut, &ask, &answer);
    old = talk_ask(w, "a", ALL);
    sync_all(w);
    assert_int_equal(talk_settle(old, ALL), 0);
    assert_int_equal(talk_settle(old, 0), 0);
    talk_free(old);
    town_of(w, "a")->cut = false;
    finish(w, &ending);
    assert_memory_equal(&ending, &uncut, sizeof ending);
}

TEST(an_answer_of_yesterday_shows_nothing_that_left_since)
{
    struct world *w = world_new();
    struct talk *old;

    (void)state;
    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    say(w, "a", 1, "host=520527002");
    sync_with(w, "a");
    old = talk_ask(w, "b", ALL);        /* brings record 1 */
    say(w, "a", 1, "host=520527003");
    sync_with(w, "a");
    sync_with(w, "b");
    assert_string_equal(line_of(w, town_of(w, "b")->store, 1), "");
    assert_int_equal(talk_settle(old, ALL), 0);
    talk_free(old);
    assert_string_equal(line_of(w, town_of(w, "b")->store, 1), "");
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

TEST(one_ask_heard_twice_is_decided_once)
{
    struct world *w = prepared();
    struct outcome uncut, ending;
    struct talk *talk;
    size_t ask, answer;

    (void)state;
    sizes(&uncut, &ask, &answer);
    talk = talk_ask(w, "a", ALL);
    for (int i = 0; i < 3; i++) {
        buf_done(&talk->answer);
        hub_answers(talk, ALL);
        assert_int_equal(w->hub_rc, 0);
    }
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    sync_all(w);
    talk = talk_ask(w, "a", ALL);
    talk_free(talk);
    finish(w, &ending);
    assert_memory_equal(&ending, &uncut, sizeof ending);
}

TEST(a_bit_turned_anywhere_is_noticed)
{
    struct world *w = prepared();
    struct talk *talk = talk_ask(w, "a", 0);
    size_t len = talk->ask.len;

    (void)state;
    for (size_t at = 0; at < len; at += STRIDE * 7) {
        talk->ask.data[at] ^= 0x10;
        buf_done(&talk->answer);
        hub_answers(talk, ALL);
        talk->ask.data[at] ^= 0x10;
        if (talk->answer.len > 0)
            fail_msg("byte %zu of the ask was turned", at);
    }
    buf_done(&talk->answer);
    hub_answers(talk, ALL);
    talk_free(talk);
    talk = talk_ask(w, "a", ALL);
    talk->answer.data[talk->answer.len / 2] ^= 1;
    assert_true(talk_settle(talk, ALL) < 0);
    talk_free(talk);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

TEST(what_does_not_come_from_the_hub_is_a_portal)
{
    static const char page[] = "<html>200 OK, please log in</html> ........";
    struct world *w = prepared();
    struct talk *talk = talk_ask(w, "a", ALL);

    (void)state;
    assert_int_equal(settle_feed(talk->asking, (const uint8_t *)page,
                                 sizeof page, &w->fault), ERR_PORTAL);
    talk_free(talk);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

TEST(a_stranger_and_a_wrong_secret_are_refused)
{
    struct world *w = prepared();
    struct town *town = town_of(w, "a");

    (void)state;
    town->speaker.key[0] ^= 1;
    {
        struct talk *talk = talk_ask(w, "a", 0);

        town->speaker.key[0] ^= 1;
        buf_done(&talk->answer);
        hub_answers(talk, ALL);
        assert_int_equal(w->hub_rc, ERR_MAC);
        talk_free(talk);
    }
    snprintf(town->name, sizeof town->name, "zz");
    {
        struct talk *talk = talk_ask(w, "zz", 0);

        snprintf(town->name, sizeof town->name, "a");
        buf_done(&talk->answer);
        hub_answers(talk, ALL);
        assert_int_equal(w->hub_rc, ERR_STATION);
        talk_free(talk);
    }
    sync_all(w);
    world_end(w);
}

TEST(an_ask_that_carried_all_leaves_nothing)
{
    struct world *w = world_new();
    struct town *town = town_of(w, "a");
    struct asking_plan plan = {false, 64 * 1024, 1, 256 * 1024, true};
    struct talk *talk;
    struct id id = {{9}};

    (void)state;
    say(w, "a", 1, "mark=1 name=甲");
    talk = talk_ask(w, "a", 0);
    asking_free(talk->asking);
    buf_done(&talk->ask);
    buf_done(&talk->answer);
    talk->asking = asking_new(town->store, town->name, town->speaker.key, &id,
                              &plan, NULL, 0);
    ask_read(talk);
    hub_answers(talk, ALL);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    assert_int_equal(w->asked.confirmed, 2);
    assert_false(w->asked.more);
    world_end(w);
}

/* BUG found: news in two frames of one answer counted as more. */
TEST(a_thousand_records_move_in_small_frames)
{
    struct world *w = world_new();
    struct store_status status;
    uint64_t early;

    (void)state;
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(put(w, "a", edit_of(w, "a", i, "name=甲乙丙丁 "
                                             "host=520527002")), 0);
    assert_int_equal(store_commit(town_of(w, "a")->store, NULL), 0);
    sync_with(w, "a");
    status.records = 0;         /* cut until the first frame comes through */
    for (long cut = 1000; status.records == 0; cut += 1000) {
        town_of(w, "b")->cut = false;
        exchange(w, "b", ALL, cut);
        assert_int_equal(store_status(town_of(w, "b")->store, &status), 0);
    }
    assert_true(status.loading);
    town_of(w, "b")->cut = false;
    early = status.records;
    assert_int_equal(exchange(w, "b", ALL, ALL), 0);
    assert_int_equal(store_status(town_of(w, "b")->store, &status), 0);
    assert_false(status.loading);
    assert_true(w->asked.down < 3000 && early > 0);
    assert_false(w->asked.more);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_anywhere_in_the_ask_changes_nothing),
        cmocka_unit_test(a_cut_anywhere_in_the_answer_changes_nothing),
        cmocka_unit_test(an_old_answer_after_a_newer_one_changes_nothing),
        cmocka_unit_test(an_answer_of_yesterday_shows_nothing_that_left_since),
        cmocka_unit_test(one_ask_heard_twice_is_decided_once),
        cmocka_unit_test(a_bit_turned_anywhere_is_noticed),
        cmocka_unit_test(what_does_not_come_from_the_hub_is_a_portal),
        cmocka_unit_test(a_stranger_and_a_wrong_secret_are_refused),
        cmocka_unit_test(an_ask_that_carried_all_leaves_nothing),
        cmocka_unit_test(a_thousand_records_move_in_small_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
