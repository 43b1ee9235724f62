/* Stories of what comes late, again, in part, or not at all. */
#include "tests/world.c"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

/* ---- asks ---- */

TEST(what_was_sent_and_never_came_is_sent_again)
{
    W;
    say(w, "a", 1, "mark=1 name=甲");
    assert_int_equal(exchange(w, "a", 0, ALL), 0);
    assert_cell(w, "a", 1, "name", "甲");
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 2);
    sync_all(w);
    assert_cell(w, "county", 1, "name", "甲");
    assert_agree(w);
    world_end(w);
}

TEST(an_ask_of_last_year_is_known)
{
    struct talk *old;
    char what[40];
    W;

    say(w, "a", 1, "mark=1 name=甲");
    old = talk_ask(w, "a", ALL);
    assert_int_equal(talk_settle(old, ALL), 0);
    for (int i = 0; i < 300; i++) {
        snprintf(what, sizeof what, "name=甲%d", i);
        assert_int_equal(put(w, "a", edit_of(w, "a", 1, what)), 0);
    }
    sync_with(w, "a");
    for (int i = 0; i < 2; i++) {
        buf_done(&old->answer);
        hub_answers(old, ALL);
        assert_int_equal(w->hub_rc, 0);
        assert_int_equal(count_of(w->hub, STATE_TAKEN), 302);
        assert_int_equal(open_cases(w->hub), 0);
        assert_cell(w, "hub", 1, "name", "甲299");
    }
    talk_free(old);
    world_end(w);
}

/* BUG found: a save that was not even committed went along. What written while
 * the ask is on its way is not in it. */
TEST(an_ask_holds_what_its_hello_named)
{
    struct world *w = world_new();
    struct town *town = town_of(w, "a");
    struct asking_plan plan = {false, 64 * 1024, 4, 256 * 1024, false};
    struct id id = {{9}};
    struct asking *asking;
    struct asked asked;
    uint8_t byte[64];
    long got;

    (void)state;
    say(w, "a", 1, "mark=1 name=甲");
    asking = asking_new(town->store, town->name, town->speaker.key, &id,
                        &plan, NULL, 0);
    assert_true(asking_read(asking, byte, sizeof byte) > 0);
    /* Saved, but not committed: nobody may hear of it. */
    assert_int_equal(put(w, "a", edit_of(w, "a", 1, "name=乙")), 0);
    while ((got = asking_read(asking, byte, sizeof byte)) > 0)
        ;
    assert_int_equal(got, 0);
    settle_end(asking, &asked);
    assert_int_equal(asked.up, 2);
    asking_free(asking);
    world_end(w);
}

/* What a has written from n on, offered to the hub by a station. */
static int offer(struct world *w, const char *name, uint64_t n, bool altered,
                 struct taken *out)
{
    struct town *town = town_of(w, name);
    struct station station = {town->name, town->org, w->clock};
    struct hello *hello = xmalloc(sizeof *hello);
    struct batch batch;
    struct buf bytes;
    uint64_t next;
    int rc;

    assert_int_equal(store_hello(town_of(w, "a")->store, hello), 0);
    buf_init(&bytes, BATCH_MAX);
    assert_true(store_batch(town_of(w, "a")->store, &hello->head[0], n,
                            BATCH_RAW_MAX, &bytes, &next) > 0);
    assert_int_equal(batch_read(buf_view(&bytes), &batch, &w->fault), 0);
    if (altered)
        batch.before.b[0] ^= 1;
    batch.at = batch.before;
    rc = store_take(w->hub, &station, &batch, out, &w->fault);
    assert_int_equal(store_commit(w->hub, NULL), 0);
    batch_done(&batch);
    buf_done(&bytes);
    free(hello);
    return rc;
}

/* With a change missing before it, with other ones before it, by another
 * station: and each for what it is, as its sender must do something else. */
TEST(what_does_not_go_on_from_what_is_there_is_not_taken)
{
    struct taken taken;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_with(w, "a");
    say(w, "a", 1, "name=乙");
    say(w, "a", 1, "name=丙");
    assert_int_equal(offer(w, "a", 4, false, &taken), ERR_GAP);
    assert_true(taken.forked_at == 0);
    assert_int_equal(offer(w, "a", 3, true, &taken), ERR_FORKED);
    assert_true(taken.forked_at == 3);
    assert_int_equal(offer(w, "b", 3, false, &taken), ERR_SCOPE);
    assert_cell(w, "hub", 1, "name", "甲");
    assert_int_equal(offer(w, "a", 3, false, &taken), 0);
    assert_cell(w, "hub", 1, "name", "丙");
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* ---- answers ---- */

/* Two stations in one turn of the hub, which dies before its commit. */
TEST(no_answer_tells_what_is_not_on_the_hub_s_disk)
{
    char copy[PATH_ROOM + 8], told[16];
    struct talk *a, *b;
    struct answer *answer[2];
    uint8_t piece[1400];
    long got;
    W;

    snprintf(copy, sizeof copy, "%s.then", w->hub_path);
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "a", 1, "name=乙");
    a = talk_ask(w, "a", 0);
    b = talk_ask(w, "b", 0);
    for (int i = 0; i < 2; i++) {
        const struct buf *ask = i == 0 ? &a->ask : &b->ask;

        answer[i] = answer_new(w->hub, world_speaker, w, w->clock);
        assert_int_equal(answer_feed(answer[i], ask->data, ask->len,
                                     &w->fault), 0);
    }
    while ((got = answer_read(answer[1], piece, sizeof piece)) > 0)
        buf_put(&b->answer, piece, (size_t)got);
    files_copy(w->hub_path, copy);
    for (int i = 0; i < 2; i++)
        answer_free(answer[i]);
    store_close(w->hub);
    files_copy(copy, w->hub_path);
    hub_open(w);
    assert_int_equal(talk_settle(b, ALL), 0);
    snprintf(told, sizeof told, "%s", cell_of(w, "b", 1, "name"));
    assert_string_equal(told, "乙");
    assert_cell(w, "hub", 1, "name", told);
    talk_free(a);
    talk_free(b);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* ---- news ---- */

/* An identity of record `record`, as somebody in b's organisation wrote it. */
static void news_of(int record, uint64_t seq, struct buf *bytes,
                    struct news_item *out)
{
    struct change change = {.kind = 1, .cell = 1, .name = {{{77}}, 2 * seq}};
    static const struct hash before;

    change.record = record_id(record);
    change.author = bytes_text("旁人");
    body_set(&change.body, 1, bytes_text("520527002"));
    buf_init(bytes, CHANGE_MAX);
    change_write(&change, bytes);
    *out = (struct news_item){.what = NEWS_STATE, .seq = seq, .number = seq};
    out->change = buf_view(bytes);
    out->hash = change_hash(&before, buf_view(bytes));
}

/* Give b a frame of news: records 7 and 8, the second of them damaged or not. */
static int tell_b(struct world *w, uint64_t from, uint64_t to, bool damaged)
{
    struct news_writer writer;
    struct news_item item[2];
    struct buf bytes[2], out;
    struct settled settled;
    struct news news;
    int rc;

    news_open(&writer, "520527002", from);
    for (int i = 0; i < 2; i++) {
        news_of(7 + i, to - 1 + (uint64_t)i, &bytes[i], &item[i]);
        if (i == 1 && damaged)
            item[i].change.len--;
        news_add(&writer, &item[i]);
    }
    writer.head.to = to;
    buf_init(&out, FRAME_MAX);
    assert_int_equal(news_close(&writer, &out), 0);
    assert_int_equal(news_read(buf_view(&out), &news), 0);
    rc = store_settle_news(town_of(w, "b")->store, &news, &settled,
                           &w->fault);
    assert_int_equal(store_commit(town_of(w, "b")->store, NULL), 0);
    news_done(&news);
    buf_done(&out);
    buf_done(&bytes[0]);
    buf_done(&bytes[1]);
    return rc;
}

static uint64_t cursor_of_b(struct world *w)
{
    struct hello *hello = xmalloc(sizeof *hello);
    uint64_t seq = 0;

    assert_int_equal(store_hello(town_of(w, "b")->store, hello), 0);
    for (int i = 0; i < hello->cursors; i++)
        if (strcmp(hello->cursor[i].stream, "520527002") == 0)
            seq = hello->cursor[i].seq;
    free(hello);
    return seq;
}

static bool b_shows(struct world *w, int record)
{
    return line_of(w, town_of(w, "b")->store, record)[0] != '\0';
}

/* What lies between would never be asked for again; what lies behind may be
 * about records that have left since. */
TEST(news_that_do_not_join_are_passed_over)
{
    uint64_t cursor;
    W;

    say(w, "b", 1, "name=甲");
    say(w, "b", 2, "name=乙");
    sync_all(w);
    cursor = cursor_of_b(w);
    assert_true(cursor > 3);
    assert_int_equal(tell_b(w, cursor + 1, cursor + 3, false), 0);
    assert_int_equal(tell_b(w, 0, cursor - 1, false), 0);
    assert_int_equal(cursor_of_b(w), cursor);
    assert_false(b_shows(w, 7) || b_shows(w, 8));
    assert_int_equal(tell_b(w, cursor - 1, cursor + 2, false), 0);
    assert_int_equal(cursor_of_b(w), cursor + 2);
    assert_true(b_shows(w, 7) && b_shows(w, 8));
    world_end(w);
}

TEST(news_are_taken_in_whole_or_not_at_all)
{
    uint64_t cursor;
    W;

    say(w, "b", 1, "name=甲");
    sync_all(w);
    cursor = cursor_of_b(w);
    assert_true(tell_b(w, cursor, cursor + 3, true) < 0);
    assert_false(b_shows(w, 7) || b_shows(w, 8));
    assert_int_equal(cursor_of_b(w), cursor);
    assert_int_equal(tell_b(w, cursor, cursor + 3, false), 0);
    assert_true(b_shows(w, 7) && b_shows(w, 8));
    world_end(w);
}

/* ---- copies ---- */

static void speaks(struct world *w, struct town *town)
{
    char name[sizeof town->name];

    memcpy(name, town->name, sizeof name);
    snprintf(town->name, sizeof town->name, "a");
    sync_with(w, "a");
    memcpy(town->name, name, sizeof name);
}

/* A PC is resumed from a snapshot, writes, is told that the hub knows another
 * change by that name, and moves its own. Then it is set back to before it moved
 * and does the same again. */
TEST(what_moved_after_a_fork_and_comes_again_is_known)
{
    struct town *one, *two, *again;
    uint64_t dice;
    W;

    two = town_add(w, "two", "520527001");
    again = town_add(w, "again", "520527001");
    one = &w->town[0];
    snprintf(one->name, sizeof one->name, "one");
    say(w, "one", 1, "mark=1 name=甲");
    speaks(w, one);
    sync_with(w, "county");
    town_shut(one);
    town_shut(two);
    town_shut(again);
    files_copy(one->path, two->path);
    two->speaker = again->speaker = one->speaker;
    dice = one->dice;
    town_open(w, one);
    town_open(w, two);
    one->dice = two->dice = dice;
    say(w, "one", 1, "name=乙");
    say(w, "two", 1, "host=520527002");
    town_shut(two);
    files_copy(two->path, again->path);
    town_open(w, two);
    town_open(w, again);
    speaks(w, one);
    speaks(w, two);
    assert_cell(w, "hub", 1, "place", "520527002");
    sync_with(w, "county");
    say(w, "county", 1, "host=520527003");
    sync_with(w, "county");
    speaks(w, again);
    assert_cell(w, "hub", 1, "place", "520527003");
    assert_int_equal(count_of(again->store, STATE_QUEUED), 0);
    assert_int_equal(count_of(w->hub, STATE_SAME), 1);
    assert_int_equal(count_of(w->hub, STATE_PARKED), 0);
    world_check(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_and_never_came_is_sent_again),
        cmocka_unit_test(an_ask_of_last_year_is_known),
        cmocka_unit_test(an_ask_holds_what_its_hello_named),
        cmocka_unit_test(what_does_not_go_on_from_what_is_there_is_not_taken),
        cmocka_unit_test(no_answer_tells_what_is_not_on_the_hub_s_disk),
        cmocka_unit_test(news_that_do_not_join_are_passed_over),
        cmocka_unit_test(news_are_taken_in_whole_or_not_at_all),
        cmocka_unit_test(what_moved_after_a_fork_and_comes_again_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
