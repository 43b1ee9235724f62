/* Frames in an order, or with a content, that no program of ours would send: the
 * exchange ends there, what stood before it stays, and the next one is as if
 * nothing had been. */
#include "tests/world.c"
#include "tests/story_compare.c"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

struct piece {
    enum frame_type type;
    const struct buf *payload;  /* NULL: none */
};

static const struct buf nothing;

/* ---- what a station asks ---- */

static struct wire wire_of(struct town *town)
{
    struct wire wire = {.answer = false};

    memcpy(wire.key, town->speaker.key, sizeof wire.key);
    wire.ask_id[0] = 7;
    return wire;
}

static void hello_of(struct town *town, struct buf *out)
{
    struct hello *hello = xmalloc(sizeof *hello);

    buf_init(out, FRAME_MAX);
    assert_int_equal(store_hello(town->store, hello), 0);
    hello->room = 64 * 1024;
    hello_write(hello, out);
    free(hello);
}

/* Station a says these frames, and `tail` behind them; what the hub says to it,
 * and in *told how many bytes it would answer. */
static int hub_hears(struct world *w, const struct piece *pieces, int count,
                     const char *tail, size_t *told)
{
    struct town *town = town_of(w, "a");
    struct wire wire = wire_of(town);
    struct answer *answer = answer_new(w->hub, world_speaker, w, 0);
    struct buf ask;
    uint8_t out[4096];
    long got = 0;
    int rc;

    buf_init(&ask, 16u << 20);
    wire_head_write(&wire, town->name, &ask);
    for (int i = 0; i < count; i++)
        wire_frame_write(&wire, pieces[i].type, buf_view(pieces[i].payload),
                         &ask);
    buf_put(&ask, (const uint8_t *)tail, strlen(tail));
    rc = answer_feed(answer, ask.data, ask.len, &w->fault);
    assert_int_equal(store_commit(w->hub, NULL), 0);
    *told = 0;
    while (rc == 0 && answer_whole(answer) &&
           (got = answer_read(answer, out, sizeof out)) > 0)
        *told += (size_t)got;
    assert_false(answer_slow(answer));
    answer_free(answer);
    buf_done(&ask);
    return rc;
}

/* A hub that heard it goes on as ever. */
static void all_is_well(struct world *w)
{
    say(w, "a", 1, "name=后");
    sync_all(w);
    assert_cell(w, "county", 1, "name", "后");
    assert_agree(w);
    world_end(w);
}

TEST(the_hub_wants_one_hello_first)
{
    struct buf hello, rubbish;
    size_t told;
    W;

    say(w, "a", 1, "mark=1");
    sync_all(w);
    hello_of(town_of(w, "a"), &hello);
    buf_init(&rubbish, 100);
    buf_put(&rubbish, (const uint8_t *)"rubbish", 7);
    {
        struct piece good[] = {{FRAME_HELLO, &hello}, {FRAME_END, &nothing}};
        struct piece late[] = {{FRAME_BATCH, &rubbish},
                               {FRAME_HELLO, &hello}};
        struct piece twice[] = {{FRAME_HELLO, &hello}, {FRAME_HELLO, &hello}};
        struct piece bad[] = {{FRAME_HELLO, &rubbish}, {FRAME_END, &nothing}};
        struct piece end[] = {{FRAME_END, &nothing}};

        assert_int_equal(hub_hears(w, good, 2, "", &told), 0);
        assert_true(told > 100);
        assert_int_equal(hub_hears(w, late, 2, "", &told), ERR_FORMAT);
        assert_int_equal(hub_hears(w, twice, 2, "", &told), ERR_FORMAT);
        assert_true(hub_hears(w, bad, 2, "", &told) < 0);
        assert_int_equal(hub_hears(w, end, 1, "", &told), ERR_FORMAT);
        assert_int_equal(hub_hears(w, good, 2, "more", &told), ERR_FORMAT);
        assert_int_equal(told, 0);
        assert_int_equal(hub_hears(w, good, 1, "", &told), 0);
        assert_int_equal(told, 0);      /* its end never came */
    }
    buf_done(&hello);
    buf_done(&rubbish);
    all_is_well(w);
}

/* What is wrong with a batch its sender learns from what is confirmed; what is of
 * a newer station is passed over. */
TEST(a_frame_that_cannot_be_used_is_passed_over)
{
    struct buf hello, rubbish;
    size_t told;
    W;

    say(w, "a", 1, "mark=1 name=先");
    hello_of(town_of(w, "a"), &hello);
    buf_init(&rubbish, 100);
    buf_put(&rubbish, (const uint8_t *)"rubbish", 7);
    {
        struct piece odd[] = {{FRAME_HELLO, &hello}, {FRAME_BATCH, &rubbish},
                              {FRAME_FACTS, &rubbish},
                              {(enum frame_type)77, &rubbish},
                              {FRAME_END, &nothing}};

        assert_int_equal(hub_hears(w, odd, 5, "", &told), 0);
        assert_true(told > 100);
    }
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 0);
    buf_done(&hello);
    buf_done(&rubbish);
    all_is_well(w);
}

/* Before it has shown its secret nobody has the hub keep much. */
TEST(a_stranger_is_not_listened_to_for_long)
{
    struct buf big;
    size_t told;
    struct piece huge[] = {{FRAME_HELLO, &big}};
    W;

    say(w, "a", 1, "mark=1");
    buf_init(&big, FRAME_MAX);
    for (int i = 0; i < FRAME_MAX; i++)
        buf_u8(&big, 0);
    assert_int_equal(hub_hears(w, huge, 1, "", &told), ERR_SIZE);
    buf_done(&big);
    all_is_well(w);
}

/* ---- what a hub answers ---- */

static void welcome_of(struct world *w, struct buf *out)
{
    struct station station = {"a", "520527001", 0};
    struct welcome *welcome = xmalloc(sizeof *welcome);

    buf_init(out, FRAME_MAX);
    store_welcome(w->hub, &station, welcome);
    welcome_write(welcome, out);
    free(welcome);
}

/* a has asked, and hears these frames. */
static int a_hears(struct world *w, const struct piece *pieces, int count)
{
    struct town *town = town_of(w, "a");
    struct asking_plan plan = {false, 64 * 1024, 4, 64 * 1024, false};
    struct wire wire = wire_of(town);
    struct asking *asking;
    struct id id = {{7}};
    struct buf said;
    uint8_t out[4096];
    int rc;

    asking = asking_new(town->store, town->name, town->speaker.key, &id,
                        &plan, NULL, 0);
    while (asking_read(asking, out, sizeof out) > 0)
        ;
    wire.answer = true;
    buf_init(&said, 16u << 20);
    wire_head_write(&wire, NULL, &said);
    for (int i = 0; i < count; i++)
        wire_frame_write(&wire, pieces[i].type, buf_view(pieces[i].payload),
                         &said);
    rc = settle_feed(asking, said.data, said.len, &w->fault);
    assert_int_equal(store_commit(town->store, NULL), 0);
    settle_end(asking, &w->asked);
    asking_free(asking);
    buf_done(&said);
    return rc;
}

static void kinds_frame(size_t size, const char *text, struct buf *out)
{
    buf_init(out, FRAME_MAX);
    buf_varint(out, size);
    deflate_bytes(bytes_text(text), out);
}

TEST(a_station_wants_a_welcome_first)
{
    struct buf welcome, rubbish;
    W;

    say(w, "a", 1, "mark=1");
    welcome_of(w, &welcome);
    buf_init(&rubbish, 100);
    buf_put(&rubbish, (const uint8_t *)"rubbish", 7);
    {
        struct piece early[] = {{FRAME_CONFIRM, &rubbish}};
        struct piece end[] = {{FRAME_END, &nothing}};
        struct piece bad[] = {{FRAME_WELCOME, &rubbish},
                              {FRAME_END, &nothing}};
        struct piece odd[] = {{FRAME_WELCOME, &welcome},
                              {(enum frame_type)99, &rubbish},
                              {FRAME_END, &nothing}};

        assert_int_equal(a_hears(w, early, 1), ERR_FORMAT);
        assert_int_equal(a_hears(w, end, 1), ERR_FORMAT);
        assert_false(w->asked.whole || w->asked.proven);
        assert_true(a_hears(w, bad, 2) < 0);
        assert_false(w->asked.whole || w->asked.proven);
        assert_int_equal(a_hears(w, odd, 3), 0);
        assert_true(w->asked.whole && w->asked.proven);
        odd[1].type = FRAME_CONFIRM;
        assert_true(a_hears(w, odd, 3) < 0);
        odd[1].type = FRAME_NEWS;
        assert_true(a_hears(w, odd, 3) < 0);
        assert_false(w->asked.whole);
    }
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 1);
    buf_done(&welcome);
    buf_done(&rubbish);
    all_is_well(w);
}

/* Kinds that cannot be read leave those that are there. */
TEST(kinds_that_are_none_are_not_taken)
{
    struct buf welcome, kinds;
    W;

    say(w, "a", 1, "mark=1");
    sync_all(w);
    welcome_of(w, &welcome);
    for (int i = 0; i < 5; i++) {
        struct piece told[] = {{FRAME_WELCOME, &welcome},
                               {FRAME_KINDS, &kinds}};

        kinds_frame(i == 0   ? KINDS_TEXT_MAX + 1
                    : i == 1 ? 7
                    : i == 2 ? 6
                             : 16,
                    i < 3 ? "nothing" : "file a.conf 1\nx\n", &kinds);
        if (i == 3)
            buf_clear(&kinds);
        assert_true(a_hears(w, told, 2) < 0);
        buf_done(&kinds);
        restart(w, "a");
        assert_int_equal(store_kinds(town_of(w, "a")->store)->count,
                         w->kinds->count);
    }
    buf_done(&welcome);
    all_is_well(w);
}

/* ---- a comparison rides along ---- */

/* However much room the line would have, its frames wait in memory. */
TEST(a_comparison_asks_for_no_more_than_it_can_keep)
{
    struct reconcile_view view;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    rot(w, "a", "DELETE FROM cell WHERE cell = 2");
    town_of(w, "a")->room = 4u << 20;
    compare(w, "a", true, &view);
    assert_int_equal(view.state, RECONCILE_DONE);
    assert_int_equal(view.mended, 1);
    assert_int_equal(view.left, 0);
    done_with(w);
    /* Behind a cut the hello goes alone: nothing is compared, all goes on. */
    town_of(w, "a")->cut = true;
    compare(w, "a", false, &view);
    assert_int_equal(view.state, RECONCILE_DONE);
    done_with(w);
    assert_all_agree(w);
    all_is_well(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hub_wants_one_hello_first),
        cmocka_unit_test(a_frame_that_cannot_be_used_is_passed_over),
        cmocka_unit_test(a_stranger_is_not_listened_to_for_long),
        cmocka_unit_test(a_station_wants_a_welcome_first),
        cmocka_unit_test(kinds_that_are_none_are_not_taken),
        cmocka_unit_test(a_comparison_asks_for_no_more_than_it_can_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
