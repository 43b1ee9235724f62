/* Stores written by every version this program has had. */
#include "tests/world.c"

#include <zlib.h>

#define TEST(name) static void name(void **state)

static void unpack(const char *name, const char *to)
{
    gzFile in = gzopen(name, "rb");
    FILE *out = fopen(to, "wb");
    char piece[4096];
    int got;

    assert_non_null(in);
    assert_non_null(out);
    while ((got = gzread(in, piece, sizeof piece)) > 0)
        assert_int_equal(fwrite(piece, 1, (size_t)got, out), (size_t)got);
    assert_int_equal(got, 0);
    gzclose(in);
    fclose(out);
}

static struct world *of_version_1(void)
{
    struct world *w = world_new();

    store_close(w->hub);
    town_shut(town_of(w, "a"));
    unpack("tests/golden/hub-v1.db.gz", w->hub_path);
    unpack("tests/golden/station-v1.db.gz", town_of(w, "a")->path);
    w->life = 1;
    w->reserved = 10001;
    hub_open(w);
    town_open(w, town_of(w, "a"));
    return w;
}

static int count_past(void *user, const struct past *past)
{
    (void)past;
    ++*(int *)user;
    return 0;
}

static int history(struct store *store, int record)
{
    struct id id = record_id(record);
    int count = 0;

    assert_int_equal(store_history(store, &id, count_past, &count), 0);
    return count;
}

TEST(a_store_of_version_1_goes_on)
{
    struct world *w = of_version_1();
    struct town *a = town_of(w, "a");

    (void)state;
    assert_int_equal(store_verify(w->hub, &w->fault), 0);
    assert_int_equal(store_rebuild(w->hub, &w->fault), 0);
    assert_int_equal(store_rebuild(a->store, &w->fault), 0);
    assert_cell(w, "a", 3, "name", "壬");
    assert_cell(w, "hub", 3, "name", "庚");
    assert_cell(w, "hub", 1, "name", "己");
    assert_int_equal(count_of(a->store, STATE_QUEUED), 2);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 14);
    assert_int_equal(open_cases(w->hub), 1);
    assert_int_equal(history(w->hub, 1), 9);
    assert_int_equal(history(a->store, 3), 4);
    sync_all(w);
    assert_cell(w, "county", 3, "name", "壬");
    assert_cell(w, "b", 1, "name", "己");
    assert_agree(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_of_version_1_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
