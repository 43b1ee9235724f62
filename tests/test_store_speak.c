/* Stories of terse batches: when they are told, and what happens where the
 * other side cannot read them. */
#include "tests/world.c"

#include "proto/terse.h"
#include "store/db.h"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

/* Version and bytes of the only batch of the next ask, which goes. */
static int said(struct world *w, const char *name, size_t *bytes)
{
    struct talk *talk = talk_ask(w, name, ALL);
    struct bytes rest = buf_view(&talk->ask), payload;
    struct wire wire = {.answer = false};
    char station[STATION_MAX + 1];
    int type = 0, version = 0;

    memcpy(wire.key, talk->town->speaker.key, sizeof wire.key);
    assert_int_equal(wire_head_read(&wire, &rest, station), 1);
    while (wire_frame_read(&wire, &rest, &type, &payload) == 1)
        if (type == FRAME_BATCH) {
            assert_int_equal(version, 0);
            version = payload.data[0];
            *bytes = payload.len;
        }
    assert_int_equal(type, FRAME_END);
    assert_int_equal(talk_settle(talk, ALL), 0);
    talk_free(talk);
    return version;
}

TEST(once_the_hub_was_heard_few_bytes_tell_it)
{
    size_t plain, terse, next;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    assert_int_equal(said(w, "a", &plain), 1);
    say(w, "a", 1, "name=乙");
    assert_int_equal(said(w, "a", &terse), TERSE_VERSION);
    say(w, "a", 1, "name=丙");
    assert_int_equal(said(w, "a", &next), TERSE_VERSION);
    assert_true(terse < 56 && next < 56 && plain > 150);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 4);
    restart(w, "a");
    say(w, "a", 1, "name=丁");
    assert_int_equal(said(w, "a", &next), TERSE_VERSION);
    sync_all(w);
    assert_cell(w, "county", 1, "name", "丁");
    assert_agree(w);
    world_end(w);
}

static void break_numbers(struct store *store)
{
    assert_int_equal(
        db_exec(store, "UPDATE journal SET number = number + 1000"), 0);
    assert_int_equal(store_commit(store, NULL), 0);
}

/* At the hub the name of the state that was looked at stands for another
 * number: nothing of the batch may be believed. */
TEST(a_name_that_is_anothers_is_told_in_full)
{
    size_t bytes;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    break_numbers(w->hub);
    say(w, "a", 1, "name=乙");
    assert_int_equal(said(w, "a", &bytes), TERSE_VERSION);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 2);
    assert_true(w->asked.more);
    assert_int_equal(said(w, "a", &bytes), 1);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 3);
    assert_cell(w, "hub", 1, "name", "乙");
    assert_int_equal(open_cases(w->hub), 0);
    say(w, "a", 1, "mark=2");
    assert_int_equal(said(w, "a", &bytes), TERSE_VERSION);
    world_free(w);
}

/* A copied disk goes on where it was: its line parts inside a terse batch. */
TEST(a_line_that_parts_is_noticed_tersely)
{
    char copy[PATH_ROOM + 8];
    struct town *town;
    W;

    town = town_of(w, "a");
    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    town_shut(town);
    snprintf(copy, sizeof copy, "%s.copy", town->path);
    files_copy(town->path, copy);
    town_open(w, town);
    sync_with(w, "a");
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    town_shut(town);
    files_copy(copy, town->path);
    town_open(w, town);
    sync_with(w, "a");
    say(w, "a", 1, "alias=一");
    sync_all(w);
    assert_cell(w, "hub", 1, "name", "乙/一");
    assert_agree(w);
    world_end(w);
}

/* ---- news ---- */

/* How this stream goes on from `cursor`, in both ways: the same to the last
 * bit, so the same register. Whatever was told is noted in `heard`. */
static void stream_both_ways(struct world *w, struct town *town,
                             struct hello *hello, const char *stream,
                             uint64_t cursor, unsigned *heard)
{
    struct station station = {town->name, town->org, w->clock};
    struct welcome welcome = {.life = 0};
    struct news plain, terse;
    struct buf out[2];
    uint64_t to;
    struct news_item item;
    bool more = true;

    store_welcome(w->hub, &station, &welcome);
    for (int i = 0; i < hello->cursors; i++)
        if (strcmp(hello->cursor[i].stream, stream) == 0)
            hello->cursor[i].seq = cursor;
    for (to = cursor; more; cursor = to) {
        buf_init(&out[0], FRAME_MAX);
        buf_init(&out[1], FRAME_MAX);
        assert_int_equal(store_news(w->hub, &station, hello, stream, cursor,
                                    3000, &out[0], &more, &to), 0);
        assert_int_equal(store_say_news(w->hub, &station, hello, &welcome,
                                        stream, cursor, 3000, &out[1], &more,
                                        &to), FRAME_TERSE_NEWS);
        assert_int_equal(news_read(buf_view(&out[0]), &plain), 0);
        assert_int_equal(store_read_news(town->store, &welcome,
                                         buf_view(&out[1]), &terse), 0);
        assert_true(bytes_equal(buf_view(&plain.raw), buf_view(&terse.raw)));
        assert_true(plain.from == terse.from && plain.to == terse.to &&
                    plain.as_of == terse.as_of && plain.more == terse.more &&
                    plain.count == terse.count);
        assert_string_equal(plain.stream, terse.stream);
        while (news_next(&plain, &item) == 1)
            *heard |= 1u << item.what;
        news_done(&plain);
        news_done(&terse);
        buf_done(&out[0]);
        buf_done(&out[1]);
    }
}

/* Every town, from every cursor it ever had, as far as its store reaches. */
static void news_both_ways(struct world *w, unsigned *heard)
{
    static struct hello hello;

    for (int i = 0; i < w->towns; i++) {
        struct town *town = &w->town[i];
        struct cursor was[STREAMS];

        assert_int_equal(store_hello(town->store, &hello), 0);
        assert_true(hello.last.told);
        memcpy(was, hello.cursor, sizeof was);
        for (int s = 0; s < hello.cursors; s++)
            for (uint64_t at = 0; at <= was[s].seq; at++) {
                memcpy(hello.cursor, was, sizeof was);
                stream_both_ways(w, town, &hello, was[s].stream, at, heard);
            }
        assert_int_equal(store_commit(town->store, NULL), 0);
    }
}

/* States, records that come and go, cases open and closed. Late verdicts are
 * among those that test_terse_news.c draws. */
TEST(news_say_the_same_in_few_bytes)
{
    unsigned heard = 0;
    W;

    town_add(w, "a2", "520527001");
    restart_hub(w);
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    say(w, "a", 2, "mark=2 name=丙");
    sync_all(w);
    say(w, "a", 1, "name=乙");
    say(w, "a2", 1, "name=丁");         /* they clash */
    say(w, "b", 1, "name=机密");        /* b may not: a proposal */
    say(w, "county", 2, "name=丙二");
    sync_all(w);
    news_both_ways(w, &heard);
    say(w, "a", 1, "host=520527003");
    say(w, "county", 1, "name=丙");
    say(w, "county", 2, "org=520527003");
    sync_all(w);
    news_both_ways(w, &heard);
    assert_int_equal(settle(w, "county", 1, "name", "parked"), 0);
    say(w, "b", 3, "mark=3 name=新");
    sync_all(w);
    news_both_ways(w, &heard);
    assert_int_equal(heard,
                     1 << NEWS_STATE | 1 << NEWS_GONE | 1 << NEWS_CASE);
    assert_agree(w);
    world_end(w);
}

/* What is told for the first time is named by nothing that was never told. */
TEST(a_first_load_takes_one_exchange)
{
    W;

    for (int i = 1; i <= 30; i++)
        say(w, "a", i, i % 3 == 0 ? "mark=7 name=甲" : "name=乙 host=520527002");
    sync_all(w);
    for (int i = 1; i <= 30; i += 4)
        say(w, "county", i, "name=丙");
    say(w, "a", 2, "host=520527003");
    sync_all(w);
    town_add(w, "a2", "520527001");
    restart_hub(w);
    assert_int_equal(exchange(w, "a2", ALL, ALL), 0);
    assert_true(w->asked.terse && !w->asked.more && w->asked.down > 60);
    assert_true(w->asked.came_down < 3500);
    assert_cell(w, "a2", 1, "name", "丙");
    assert_cell(w, "a2", 2, "name", "乙");
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* The hub counts on a change that is rotten here: nothing is believed of what is
 * told by it, and all of it comes in full. */
TEST(news_that_cannot_be_read_come_in_full)
{
    W;

    town_add(w, "a2", "520527001");
    restart_hub(w);
    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    assert_int_equal(db_exec(town_of(w, "a2")->store,
                             "UPDATE journal SET hash = zeroblob(32)"), 0);
    say(w, "a", 2, "mark=2 name=乙");
    sync_with(w, "a");
    assert_int_equal(exchange(w, "a2", ALL, ALL), 0);
    assert_true(w->asked.terse && w->asked.more && w->asked.whole);
    assert_true(w->asked.down == 0);
    assert_int_equal(exchange(w, "a2", ALL, ALL), 0);
    assert_cell(w, "a2", 2, "name", "乙");
    assert_true(!w->asked.terse && !w->asked.more);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_the_hub_was_heard_few_bytes_tell_it),
        cmocka_unit_test(a_name_that_is_anothers_is_told_in_full),
        cmocka_unit_test(a_line_that_parts_is_noticed_tersely),
        cmocka_unit_test(news_say_the_same_in_few_bytes),
        cmocka_unit_test(a_first_load_takes_one_exchange),
        cmocka_unit_test(news_that_cannot_be_read_come_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
