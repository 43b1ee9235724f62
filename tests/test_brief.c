/* Brief answers: what says nothing is left out, and what is left out says no more
 * than it would have said. */
#include "tests/world.c"
#include "store/cell.h"

#define TEST(name) static void name(void **state)

static uint64_t cursor_of(struct world *w, const char *name)
{
    struct hello *hello = xmalloc(sizeof *hello);
    uint64_t seq = UINT64_MAX;

    assert_int_equal(store_hello(town_of(w, name)->store, hello), 0);
    for (int i = 0; i < hello->cursors; i++)
        if (hello->cursor[i].seq < seq)
            seq = hello->cursor[i].seq;
    free(hello);
    return seq;
}

static uint64_t newest_seq(struct world *w)
{
    struct store_status status;

    assert_int_equal(store_status(w->hub, &status), 0);
    return status.seq;
}

/* A county in which b has heard everything but what a wrote since. */
static struct world *quiet(void)
{
    struct world *w = world_new();

    say(w, "a", 1, "mark=1 name=甲");
    say(w, "b", 2, "mark=2 name=乙");
    sync_all(w);
    sync_all(w);
    say(w, "a", 1, "name=丙");
    sync_with(w, "a");
    assert_true(cursor_of(w, "b") < newest_seq(w));
    return w;
}

TEST(silence_moves_the_cursors_as_empty_news_would)
{
    struct world *w = quiet();
    struct talk *talk = talk_ask(w, "b", ALL);
    struct store_status status;

    (void)state;
    assert_true(talk->answer.len < 100);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    assert_true(w->asked.whole && !w->asked.more && !w->asked.healed);
    assert_int_equal(cursor_of(w, "b"), newest_seq(w));
    assert_int_equal(store_status(w->hub, &status), 0);
    assert_int_equal(show_end_base(town_of(w, "b")->store), status.number);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

TEST(silence_says_nothing_before_the_end_came)
{
    struct world *w = quiet();
    uint64_t before = cursor_of(w, "b");
    struct talk *talk = talk_ask(w, "b", ALL);

    (void)state;
    assert_int_equal(talk_settle(talk, (long)talk->answer.len - 1), 0);
    talk_free(talk);
    assert_false(w->asked.whole);
    assert_int_equal(cursor_of(w, "b"), before);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* One edit: what is told of it is what the hello did not say, and its receipt. */
TEST(a_confirmation_says_no_more_than_its_receipt)
{
    struct world *w = quiet();
    struct talk *talk;

    (void)state;
    sync_all(w);
    say(w, "b", 2, "name=戊");
    talk = talk_ask(w, "b", ALL);
    assert_true(talk->answer.len <= 130);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    assert_true(w->asked.whole && !w->asked.more);
    assert_int_equal(w->asked.confirmed, 1);
    sync_all(w);
    assert_cell(w, "hub", 2, "name", "戊");
    assert_agree(w);
    world_end(w);
}

/* The answer once more, with its terse news spoilt by a hub that cannot tell
 * them, though every MAC is right. */
static void spoil_news(struct talk *talk)
{
    struct wire in = {.answer = true}, out;
    struct bytes rest, payload;
    struct buf made;
    int type, spoilt = 0;

    memcpy(in.key, talk->town->speaker.key, sizeof in.key);
    memcpy(in.ask_id, talk->ask.data + WIRE_HEAD, ID_SIZE);
    out = in;
    buf_init(&made, 1u << 20);
    rest = buf_view(&talk->answer);
    assert_int_equal(wire_head_read(&in, &rest, NULL), 1);
    wire_head_write(&out, NULL, &made);
    while (wire_frame_read(&in, &rest, &type, &payload) == 1) {
        uint8_t copy[4096];

        assert_true(payload.len <= sizeof copy);
        memcpy(copy, payload.data, payload.len);
        if (type == FRAME_TERSE_NEWS) {
            copy[payload.len / 2] ^= 0x40;
            spoilt++;
        }
        wire_frame_write(&out, (enum frame_type)type,
                         bytes_of(copy, payload.len), &made);
    }
    assert_int_equal(rest.len, 0);
    assert_int_equal(spoilt, 1);
    buf_done(&talk->answer);
    talk->answer = made;
}

TEST(news_that_cannot_be_read_are_not_taken_for_silence)
{
    struct world *w = quiet();
    struct talk *talk;

    (void)state;
    say(w, "county", 2, "name=丁");
    sync_with(w, "county");
    talk = talk_ask(w, "b", ALL);
    spoil_news(talk);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    assert_true(w->asked.whole && w->asked.more);
    assert_true(cursor_of(w, "b") < newest_seq(w));
    sync_with(w, "b");
    assert_cell(w, "b", 2, "name", "丁");
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* Its own confirmation is not left out, and neither is what its hub has lost. */
TEST(what_the_hub_has_lost_is_said)
{
    struct world *w = quiet();
    char copy[PATH_ROOM + 8];

    (void)state;
    snprintf(copy, sizeof copy, "%s.then", w->hub_path);
    store_close(w->hub);
    files_copy(w->hub_path, copy);
    hub_open(w);
    say(w, "b", 2, "name=戊");
    assert_int_equal(exchange(w, "b", ALL, ALL), 0);
    assert_int_equal(w->asked.confirmed, 1);
    store_close(w->hub);
    files_copy(copy, w->hub_path);
    hub_open(w);
    assert_int_equal(exchange(w, "b", ALL, ALL), 0);
    assert_true(w->asked.healed);
    sync_all(w);
    assert_cell(w, "hub", 2, "name", "戊");
    assert_agree(w);
    world_end(w);
}

/* From its next start on b writes under a new origin; of what that goes on from the
 * hub is not told again, and has lost both. */
TEST(a_parent_that_was_not_told_comes_when_it_is_missing)
{
    struct world *w = quiet();
    char copy[PATH_ROOM + 8];
    struct talk *talk;
    size_t len;

    (void)state;
    snprintf(copy, sizeof copy, "%s.then", w->hub_path);
    store_close(w->hub);
    files_copy(w->hub_path, copy);
    hub_open(w);
    for (int i = 0; i < 2; i++) {
        restart(w, "b");
        say(w, "b", 2, i == 0 ? "name=己" : "name=庚");
        sync_with(w, "b");
    }
    talk = talk_ask(w, "b", ALL);
    len = talk->ask.len;
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    store_speak_in_full(town_of(w, "b")->store);
    talk = talk_ask(w, "b", ALL);       /* with it, without what is last said */
    assert_true(len < talk->ask.len);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    store_close(w->hub);
    files_copy(copy, w->hub_path);
    hub_open(w);
    sync_with(w, "b");
    sync_all(w);
    assert_cell(w, "hub", 2, "name", "庚");
    assert_agree(w);
    world_end(w);
}

/* Ten starts without a line: a hello that goes alone names the oldest origin only,
 * and what the hub has of it moves on. */
TEST(a_hello_that_goes_alone_is_short)
{
    struct world *w = quiet();
    struct town *b = town_of(w, "b");
    struct talk *talk;

    (void)state;
    for (int i = 0; i < 10; i++) {
        restart(w, "b");
        say(w, "b", 2, i % 2 == 0 ? "name=己" : "name=庚");
    }
    b->cut = true;
    talk = talk_ask(w, "b", ALL);
    assert_true(talk->ask.len <= 300);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    assert_true(w->asked.whole && w->asked.more);
    assert_int_equal(exchange(w, "b", ALL, 0), 0);
    assert_true(b->cut);        /* the hub has four batches, and nobody heard so */
    for (int i = 0; i < 4; i++) {
        b->cut = true;
        assert_int_equal(exchange(w, "b", ALL, ALL), 0);
        assert_int_equal(w->asked.confirmed, 1);
    }
    sync_all(w);
    assert_cell(w, "hub", 2, "name", "庚");
    assert_agree(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_moves_the_cursors_as_empty_news_would),
        cmocka_unit_test(silence_says_nothing_before_the_end_came),
        cmocka_unit_test(a_confirmation_says_no_more_than_its_receipt),
        cmocka_unit_test(news_that_cannot_be_read_are_not_taken_for_silence),
        cmocka_unit_test(what_the_hub_has_lost_is_said),
        cmocka_unit_test(a_parent_that_was_not_told_comes_when_it_is_missing),
        cmocka_unit_test(a_hello_that_goes_alone_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
