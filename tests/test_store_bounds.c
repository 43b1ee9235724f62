/* What must not grow, however much is written. */
#include "tests/world.c"

#include <sys/stat.h>

#define TEST(name) static void name(void **state)

enum { LOG_MAX = 16 << 20, ROUNDS = 16, SAVES = 1000 };

static int64_t log_bytes(const char *path)
{
    char name[PATH_ROOM + 8];
    struct stat file;

    snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &file) == 0 ? file.st_size : 0;
}

/* Small commits at the station, long turns at the hub. */
static void work(struct world *w, int round)
{
    struct store *store = town_of(w, "a")->store;

    for (int i = 0; i < SAVES; i++) {
        char what[60];

        snprintf(what, sizeof what, "mark=%d name=人%d tags+红", round, i);
        assert_int_equal(put(w, "a", edit_of(w, "a", round * SAVES + i + 1,
                                             what)), 0);
        if (i % 10 == 0)
            assert_int_equal(store_commit(store, &w->fault), 0);
    }
    sync_with(w, "a");
}

TEST(neither_log_passes_its_bound)
{
    struct world *w = world_new();
    int64_t longest[2] = {0};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const char *path[] = {town_of(w, "a")->path, w->hub_path};

        work(w, round);
        for (int i = 0; i < 2; i++) {
            int64_t bytes = log_bytes(path[i]);

            longest[i] = bytes > longest[i] ? bytes : longest[i];
        }
    }
    for (int i = 0; i < 2; i++) {
        print_message("%s: %lld bytes\n", i == 0 ? "station" : "hub",
                      (long long)longest[i]);
        assert_true(longest[i] <= LOG_MAX);
        assert_true(longest[i] > LOG_MAX / 8);  /* else nothing was asked */
    }
    world_end(w);
}

/* Each byte of an answer may go over a bad line. */
TEST(no_answer_repeats_what_its_station_wrote)
{
    struct world *w = world_new();
    uint64_t down = 0;

    (void)state;
    for (int i = 1; i <= SAVES; i++)
        assert_int_equal(put(w, "a", edit_of(w, "a", i, "name=甲乙丙丁")), 0);
    assert_int_equal(store_commit(town_of(w, "a")->store, &w->fault), 0);
    restart(w, "a");            /* the line goes on in another origin */
    say(w, "a", 1, "name=甲");
    do {
        assert_int_equal(exchange(w, "a", ALL, ALL), 0);
        down += w->asked.came_down;
    } while (w->asked.more);
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_TAKEN),
                     2 * SAVES + 1);
    print_message("%d bytes\n", (int)down);
    assert_true(down < 3 * SAVES);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_log_passes_its_bound),
        cmocka_unit_test(no_answer_repeats_what_its_station_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
