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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_the_hub_was_heard_few_bytes_tell_it),
        cmocka_unit_test(a_name_that_is_anothers_is_told_in_full),
        cmocka_unit_test(a_line_that_parts_is_noticed_tersely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
