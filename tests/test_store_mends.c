/* Comparing, mending and copying, while a step of SQLite fails: what fails is
 * told, and done again it comes to what it should. As in test_store_steps.c. */
#include "tests/world.c"
#include "tests/story_compare.c"

#define TEST(name) static void name(void **state)

#include "tests/failing.c"
#include "tests/scenes.c"

/* ---- comparing ---- */

static void lived(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002 tags+红 tags+蓝");
    say(w, "a", 2, "mark=2 name=乙 born=1990-01-02");
    say(w, "b", 3, "mark=3 name=丙");
    sync_all(w);
    say(w, "county", 1, "name=县");
    say(w, "a", 2, "end=迁出");
    sync_all(w);
}

/* A value, a row and a whole record are not what they were. */
static void rotten(struct world *w)
{
    lived(w);
    rot(w, "county",
        "UPDATE journal SET bytes = zeroblob(40) WHERE cell = 2 AND "
        "record = (SELECT min(id) FROM record) AND (origin, n) IN "
        "(SELECT origin, n FROM cell)");
    rot(w, "county", "DELETE FROM cell WHERE cell = 7");
    rot(w, "county", "UPDATE record SET gone = 1 WHERE id = "
                     "(SELECT max(id) FROM record)");
}

static int mend_county(struct world *w)
{
    struct town *town = town_of(w, "county");
    struct reconcile_view view;
    int rounds = 0, rc;

    reconcile_free(town->reconcile);
    town->reconcile = reconcile_new(town->store);
    rc = reconcile_start(town->reconcile, true);
    do {
        rc = attempt(w, "county");
        reconcile_ended(town->reconcile, rc, &w->asked);
        while (reconcile_waits(town->reconcile))
            reconcile_work(town->reconcile);
        if (store_commit(town->store, &w->fault) < 0 && rc == 0)
            rc = w->fault.err;
    } while (rc == 0 && reconcile_next(town->reconcile) && ++rounds < 100);
    reconcile_view(town->reconcile, &view);
    if (rc == 0 && view.state == RECONCILE_FAILED)
        rc = view.cause;
    reconcile_free(town->reconcile);
    town->reconcile = NULL;
    return rc;
}

/* What was found damaged leaves chains and look-ups to be folded again, as the
 * daemon does by itself. */
static void mended_again(struct world *w)
{
    struct store *store;

    assert_int_equal(mend_county(w), 0);
    sync_all(w);
    store = town_of(w, "county")->store;
    store_rebuild(store, &w->fault);
    assert_int_equal(store_commit(store, &w->fault), 0);
    assert_all_agree(w);
}

/* Others had heard of those days, too. */
static void all_mended(struct world *w)
{
    struct reconcile_view view;

    for (int i = 0; i < w->towns; i++)
        compare(w, w->town[i].name, true, &view);
    done_with(w);
    mended_again(w);
}

/* The hub was set back, and the PC that could fill it again is gone: what the
 * county's station has of those days is known to nobody else. */
static void bereft(struct world *w)
{
    struct town *a = town_of(w, "a");
    char old[PATH_ROOM + 8], log[PATH_ROOM + 8];

    lived(w);
    snprintf(old, sizeof old, "%s.old", w->hub_path);
    snprintf(log, sizeof log, "%s-wal", a->path);
    store_close(w->hub);
    files_copy(w->hub_path, old);
    hub_open(w);
    say(w, "a", 1, "name=失 tags-红");
    say(w, "a", 1, "host=520527003");
    say(w, "a", 5, "mark=5 name=新");
    sync_all(w);
    say(w, "county", 1, "alias=未报");
    store_close(w->hub);
    files_copy(old, w->hub_path);
    hub_open(w);
    town_shut(a);
    unlink(a->path);
    unlink(log);
    town_open(w, a);
}

TEST(a_mending_that_fails_is_done_again)
{
    static const struct scene scenes[] = {
        {rotten, mend_county, "county", mended_again, false, false},
        {rotten, mend_county, "hub", mended_again, false, false},
        {bereft, mend_county, "county", all_mended, false, true},
    };

    (void)state;
    for (int i = 0; i < 3; i++)
        play(&scenes[i]);
}

/* The hub does not know any more that the record went there. */
TEST(a_record_that_came_in_a_lost_life_leaves_by_mending)
{
    struct world *w = world_new();
    struct store *c = town_of(w, "c")->store;
    struct reconcile_view view;

    (void)state;
    bereft(w);
    sync_all(w);
    assert_string_not_equal(line_of(w, c, 1), "");
    compare(w, "c", true, &view);
    assert_string_equal(line_of(w, c, 1), "");
    compare(w, "county", true, &view);
    done_with(w);
    say(w, "county", 1, "host=520527003");
    sync_all(w);
    assert_string_equal(line_of(w, c, 1), line_of(w, w->hub, 1));
    world_end(w);
}

/* A word on cells nobody asked about, or that is cut, mends nothing. */
TEST(a_word_nobody_asked_for_is_refused)
{
    static const uint64_t told[][2] = {{0, 0}, {1, 0}, {0, 3}, {2, 3}, {0, 2}};
    struct mending *list = xmalloc(2 * sizeof *list);
    struct world *w = world_new();
    struct store *store = town_of(w, "a")->store;
    char before[500];
    int first, next;

    (void)state;
    lived(w);
    snprintf(before, sizeof before, "%s", line_of(w, store, 1));
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct news_item item = {.what = NEWS_STATE, .seq = 1, .number = 9,
                                 .change = bytes_text("nothing")};
        struct news_writer writer;
        struct news news;
        struct buf out;

        memset(list, 0, 2 * sizeof *list);
        list[0].on.want.record = list[1].on.want.record = record_id(1);
        list[0].on.want.cell = list[1].on.want.cell = 2;
        buf_init(&out, FRAME_MAX);
        news_open(&writer, "520527001", 0);
        news_add(&writer, &item);
        assert_int_equal(news_close(&writer, &out), 0);
        assert_int_equal(news_read(buf_view(&out), &news), 0);
        news.from = told[i][0];
        news.to = told[i][1];
        assert_int_equal(store_mend(store, &news, list, 2, &first, &next,
                                    &w->fault), ERR_FORMAT);
        assert_int_equal(store_commit(store, NULL), 0);
        assert_string_equal(line_of(w, store, 1), before);
        news_done(&news);
        buf_done(&out);
    }
    free(list);
    sync_all(w);
    world_end(w);
}

/* ---- a copy ---- */

static int copy_hub(struct world *w)
{
    static const struct copy_note note = {
        .name = "hub", .made_ms = 1700000000000, .numbers = "12",
        .secures = true};
    struct copying *copying;
    struct copy_facts facts;
    struct store *copy;
    char path[PATH_ROOM];
    int rc;

    steps.db = NULL;            /* the copy's, too */
    snprintf(path, sizeof path, "%s/copy", w->dir);
    unlink(path);
    rc = copy_begin(w->hub, path, &copying, &w->fault);
    if (rc < 0)
        return rc;
    while ((rc = copy_step(copying, &w->fault)) == 1)
        ;
    if (rc == 0)
        rc = copy_end(copying, &note, &w->fault);
    copy_free(copying);
    if (rc == 0)
        rc = copy_open(path, NULL, &copy, &facts, &w->fault);
    if (rc < 0)
        return rc;
    rc = store_verify(copy, &w->fault);
    copy_close(copy);
    if (rc == 0 && (!facts.hub || facts.number == 0 ||
                    strcmp(facts.note.numbers, "12") != 0))
        fail_msg("step %d, %s: the copy says otherwise", steps.fail_at,
                 steps.sql);
    if (rc == 0)
        rc = copy_settle(path, NULL, NULL, &w->fault);
    return rc == 0 ? store_secure(w->hub, facts.number) : rc;
}

TEST(a_copy_that_fails_is_no_copy)
{
    static const struct scene scene = {lived, copy_hub, "hub", NULL, false,
                                       false};

    (void)state;
    play(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mending_that_fails_is_done_again),
        cmocka_unit_test(a_record_that_came_in_a_lost_life_leaves_by_mending),
        cmocka_unit_test(a_word_nobody_asked_for_is_refused),
        cmocka_unit_test(a_copy_that_fails_is_no_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
