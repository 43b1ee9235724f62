/* Stories of a hub that lost days: what a receipt proves, and what is told while
 * the lost days are not yet back. */
#include "tests/disaster.c"

#include "proto/facts.h"

/* The payload of FACTS for the newest origin of `name`, from n = 1. */
static void facts_of(struct world *w, const char *name, struct head *head,
                     struct buf *out)
{
    struct store *store = town_of(w, name)->store;
    struct hello *hello = xmalloc(sizeof *hello);
    uint64_t next;

    assert_int_equal(store_hello(store, hello), 0);
    *head = hello->head[0];
    free(hello);
    buf_init(out, FRAME_MAX);
    assert_true(store_facts(store, head, 1, out, &next) > 0);
}

/* The same receipt with a batch in which one change says something else. */
static void altered(struct world *w, const struct buf *facts,
                    const char *text, struct buf *out)
{
    struct facts *read = xmalloc(sizeof *read);
    struct batch_writer writer;
    struct batch batch;
    struct place place;
    struct buf confirm, other;

    buf_init(&confirm, FRAME_MAX);
    buf_init(&other, BATCH_MAX);
    assert_int_equal(facts_read(buf_view(facts), read), 0);
    assert_int_equal(batch_read(read->batch, &batch, &w->fault), 0);
    batch_open(&writer, batch.kinds, &batch.origin, batch.first,
               &batch.before);
    while (batch_next(&batch, &place) == 1) {
        struct change change;
        struct buf bytes;

        assert_int_equal(change_read(place.bytes, &change), 0);
        if (change.cell == 2)
            body_set(&change.body, 3, bytes_text(text));
        buf_init(&bytes, CHANGE_MAX);
        change_write(&change, &bytes);
        batch_add(&writer, buf_view(&bytes), &place.hash, BATCH_RAW_MAX);
        buf_done(&bytes);
    }
    assert_int_equal(batch_close(&writer, &other), 0);
    confirm_write(&read->confirm, &confirm);
    buf_init(out, FRAME_MAX);
    facts_write(read->life, buf_view(&confirm), buf_view(&other), out);
    batch_done(&batch);
    buf_done(&confirm);
    buf_done(&other);
    free(read);
}

/* With the receipt of a change that was taken, another one in its place would
 * be taken unasked. */
TEST(a_receipt_speaks_of_its_own_changes_alone)
{
    struct station station = {"b", "520527002", 0};
    struct buf facts, forged;
    struct backup old;
    struct taken taken;
    struct head head;
    uint64_t number;
    struct store_status status;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "b", 1, "name=乙");
    sync_all(w);
    assert_int_equal(store_status(w->hub, &status), 0);
    number = status.number;
    facts_of(w, "b", &head, &facts);
    altered(w, &facts, "丁", &forged);
    restore(w, &old);
    say(w, "county", 1, "name=丙");
    sync_with(w, "county");
    {
        struct hello hello = {.heads = 1, .head = {head}};

        assert_int_equal(store_take_hello(w->hub, &station, &hello, NULL), 0);
    }
    assert_int_equal(store_take_facts(w->hub, &station, buf_view(&forged),
                                      &taken, &w->fault), 0);
    assert_int_equal(store_commit(w->hub, NULL), 0);
    assert_int_equal(store_status(w->hub, &status), 0);
    assert_true(status.number > number);
    assert_cell(w, "hub", 1, "name", "丙");
    assert_int_equal(reason_of(w, "hub", 1, "name"), REASON_CLASH);
    buf_done(&facts);
    buf_done(&forged);
    world_end(w);
}

/* Cut anywhere, or with the batch of another: what the receipt does not speak of
 * is not entered by it. */
TEST(a_receipt_that_was_damaged_is_none)
{
    struct station station = {"a", "520527001", 0};
    struct buf own, others, both;
    struct facts *one = xmalloc(sizeof *one), *two = xmalloc(sizeof *two);
    struct hello hello = {.heads = 1};
    struct backup old;
    struct taken taken;
    struct head head;
    W;

    backup(w, &old, "old");
    say(w, "b", 2, "mark=2 name=乙");
    sync_with(w, "b");
    say(w, "a", 1, "mark=1 name=甲");
    sync_with(w, "a");
    facts_of(w, "b", &head, &others);
    facts_of(w, "a", &head, &own);
    hello.head[0] = head;
    restore(w, &old);
    assert_int_equal(store_take_hello(w->hub, &station, &hello, NULL), 0);
    for (size_t len = 0; len < own.len; len++)
        store_take_facts(w->hub, &station, bytes_of(own.data, len), &taken,
                         &w->fault);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 0);
    assert_int_equal(facts_read(buf_view(&own), one), 0);
    assert_int_equal(facts_read(buf_view(&others), two), 0);
    buf_init(&both, FRAME_MAX);
    {
        struct buf confirm;

        buf_init(&confirm, FRAME_MAX);
        confirm_write(&two->confirm, &confirm);
        facts_write(two->life, buf_view(&confirm), one->batch, &both);
        buf_done(&confirm);
    }
    /* Of another's: a's changes are decided as new. */
    assert_int_equal(store_take_facts(w->hub, &station, buf_view(&both),
                                      &taken, &w->fault), 0);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 2);
    assert_string_equal(line_of(w, w->hub, 2), "");
    buf_done(&own);
    buf_done(&others);
    buf_done(&both);
    free(one);
    free(two);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* The whole machine was set back: it gives away numbers again, until the first
 * comes who knows better. Who looked at a lost state looked at its number. */
TEST(a_lost_state_comes_back_under_the_number_it_was_known_by)
{
    struct backup old;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    say(w, "b", 2, "mark=2");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "a", 1, "name=乙");
    say(w, "a", 3, "mark=3 name=戊");
    sync_with(w, "a");
    sync_with(w, "county");
    say(w, "county", 1, "name=丙");     /* it has seen 乙 */
    revert(w, &old);
    say(w, "b", 2, "name=丁");
    sync_with(w, "b");                  /* takes the number of 乙 */
    sync_with(w, "a");
    sync_with(w, "county");
    assert_cell(w, "hub", 1, "name", "丙");
    assert_int_equal(reason_of(w, "hub", 1, "name"), -1);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* The register is of today and its file of numbers of last week: it would use
 * numbers twice. */
TEST(a_hub_whose_file_of_numbers_is_older_does_not_start)
{
    struct store_options options;
    struct store *hub;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    store_close(w->hub);
    options = (struct store_options){
        .path = w->hub_path,
        .hub = true,
        .org = "520527",
        .kinds = w->kinds,
        .hub_id = {{1}},
        .life = w->life + 1,
        .world = {.user = w, .reserve = world_reserve},
    };
    assert_int_equal(store_open(&options, &hub, &w->fault), ERR_NUMBERS);
    hub_open(w);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* ---- while the lost days are not yet back ---- */

/* A record moves at the set-back hub, so all its cells are told anew: under the
 * numbers they have there. */
TEST(nothing_shown_goes_back_to_an_earlier_state)
{
    struct backup old;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    backup(w, &old, "old");
    say(w, "a", 1, "name=乙");
    sync_all(w);
    restore(w, &old);
    assert_cell(w, "hub", 1, "name", "甲");
    say(w, "county", 1, "host=520527003");
    sync_with(w, "county");
    sync_with(w, "county");
    assert_cell(w, "county", 1, "name", "乙");
    assert_cell(w, "county", 1, "place", "520527003");
    sync_all(w);
    assert_cell(w, "c", 1, "name", "乙");
    assert_agree(w);
    world_end(w);
}

TEST(what_waited_for_its_record_is_told_once_it_is_back)
{
    struct town *other;
    struct backup old;
    W;

    other = town_add(w, "other", "520527001");
    backup(w, &old, "old");
    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    restore(w, &old);
    say(w, "other", 1, "name=乙");
    sync_with(w, "other");
    assert_int_equal(count_of(other->store, STATE_RECEIVED), 1);
    sync_with(w, "a");
    assert_cell(w, "hub", 1, "name", "乙");
    sync_with(w, "other");
    assert_int_equal(count_of(other->store, STATE_RECEIVED), 0);
    assert_int_equal(count_of(other->store, STATE_TAKEN), 1);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* BUG found: The hub took a receipt for what it has itself for a proof that it had
 * been set back, and gave all that was decided since its start new numbers, of
 * which nobody heard. */
TEST(a_receipt_for_what_is_here_moves_no_numbers)
{
    struct town *town;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    say(w, "b", 2, "mark=2 name=乙");
    sync_all(w);
    town = town_of(w, "a");
    town_shut(town);                    /* its disk rots */
    meddle(town->path, "UPDATE origin SET confirmed = 0");
    town_open(w, town);
    sync_with(w, "a");
    assert_int_equal(number_of(w, "hub", 2, "name"),
                     number_of(w, "b", 2, "name"));
    assert_int_equal(number_of(w, "hub", 1, "name"),
                     number_of(w, "a", 1, "name"));
    world_end(w);
}

/* BUG found: An old ask came again to a hub that had lost what was in it. It was
 * decided anew, its author heard of it as news, and its journal and its cells
 * had different numbers: verify called it damaged. */
TEST(an_old_ask_that_a_restored_hub_gets_again_damages_nobody)
{
    struct backup none;
    struct talk *old;
    W;

    backup(w, &none, "none");
    say(w, "a", 1, "mark=1 name=甲");
    old = talk_ask(w, "a", ALL);
    talk_settle(old, ALL);
    for (int i = 0; i < 2; i++) {       /* a line that the hub cannot follow */
        restart(w, "a");
        say(w, "a", 1, i == 0 ? "name=丙" : "name=乙");
        sync_all(w);
    }
    restore(w, &none);
    buf_done(&old->answer);
    hub_answers(old, ALL);
    talk_free(old);
    exchange(w, "a", ALL, ALL);
    check_store(w, "a", town_of(w, "a")->store);
    sync_all(w);
    assert_cell(w, "hub", 1, "name", "乙");
    assert_agree(w);
    world_end(w);
}

/* BUG found: His change had been confirmed while it waited for its record, the
 * hub lost both, and an old ask brought it back without its receipt. */
TEST(who_sent_it_before_the_hub_lost_it_hears_what_an_old_ask_came_to)
{
    struct backup none;
    struct talk *old;
    W;

    backup(w, &none, "none");
    say(w, "county", 1, "org=520527001 mark=1 name=甲");
    sync_all(w);
    restore(w, &none);
    say(w, "a", 1, "name=乙");
    store_speak_in_full(town_of(w, "a")->store);
    old = talk_ask(w, "a", ALL);
    talk_settle(old, ALL);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_RECEIVED), 1);
    restore(w, &none);
    sync_with(w, "county");
    buf_done(&old->answer);
    hub_answers(old, ALL);
    talk_free(old);
    sync_all(w);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_RECEIVED), 0);
    assert_cell(w, "hub", 1, "name", "乙");
    assert_agree(w);
    world_end(w);
}

/* BUG found: Its disk had lost what the hub missed, and it asked without a pause. */
TEST(who_cannot_send_what_the_hub_lost_asks_with_pauses)
{
    struct backup none;
    struct town *town = NULL;
    W;

    backup(w, &none, "none");
    for (int i = 0; i < 3; i++) {
        restart(w, "a");
        say(w, "a", i + 1, "mark=1 name=甲");
        sync_all(w);
    }
    town = town_of(w, "a");
    town_shut(town);
    meddle(town->path, "DELETE FROM journal WHERE origin = 1 AND n = 1; "
                       "DELETE FROM receipt WHERE origin = 1");
    town_open(w, town);
    restore(w, &none);
    for (int i = 0; i < 200; i++)
        exchange(w, "a", ALL, ALL);
    assert_false(w->asked.healed);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_speaks_of_its_own_changes_alone),
        cmocka_unit_test(a_receipt_that_was_damaged_is_none),
        cmocka_unit_test(
            a_lost_state_comes_back_under_the_number_it_was_known_by),
        cmocka_unit_test(a_hub_whose_file_of_numbers_is_older_does_not_start),
        cmocka_unit_test(nothing_shown_goes_back_to_an_earlier_state),
        cmocka_unit_test(what_waited_for_its_record_is_told_once_it_is_back),
        cmocka_unit_test(a_receipt_for_what_is_here_moves_no_numbers),
        cmocka_unit_test(
            an_old_ask_that_a_restored_hub_gets_again_damages_nobody),
        cmocka_unit_test(
            who_sent_it_before_the_hub_lost_it_hears_what_an_old_ask_came_to),
        cmocka_unit_test(who_cannot_send_what_the_hub_lost_asks_with_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
