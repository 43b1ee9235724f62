/* Rows that no store of ours wrote: a page that came back from the disk with
 * other values is an error, and never a read or write outside its bounds. */
#include "tests/world.c"

#include <sqlite3.h>

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

/* A station with two records of its own, one not yet sent. */
static struct store *some_work(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 tags+红");
    sync_all(w);
    say(w, "a", 2, "mark=2 name=乙 tags+蓝");
    return town_of(w, "a")->store;
}

/* Change rows behind the store's back. */
static struct store *damage(struct world *w, const char *sql)
{
    struct town *town = town_of(w, "a");
    sqlite3 *db;

    town_shut(town);
    assert_int_equal(sqlite3_open(town->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
    town_open(w, town);
    return town->store;
}

TEST(a_state_that_there_is_not)
{
    struct store *store;
    W;

    some_work(w);
    store = damage(w, "UPDATE journal SET state = -3 WHERE n = 1");
    assert_int_equal(store_verify(store, &w->fault), ERR_CORRUPT);
    store = damage(w, "UPDATE journal SET state = 99 WHERE n = 1");
    assert_int_equal(store_verify(store, &w->fault), ERR_CORRUPT);
    world_free(w);
}

TEST(a_key_longer_than_any)
{
    struct store *store;
    W;

    some_work(w);
    store = damage(w, "UPDATE cell SET key = printf('%.5000c', 'x') "
                      "WHERE key <> ''");
    assert_int_equal(store_rebuild(store, &w->fault), ERR_CORRUPT);
    world_free(w);
}

/* A list goes on behind the last id: a damaged one would lead it back to the
 * first record, for ever. */
TEST(a_list_with_a_damaged_id_ends)
{
    struct store *store;
    struct shown *shown = xmalloc(sizeof *shown);
    struct id last, *after = NULL;
    int records = 0, rc;
    W;

    some_work(w);
    store = damage(w, "UPDATE record SET record = "
                      "cast(x'ff' || record AS BLOB) WHERE id = 2");
    shown_init(shown);
    while ((rc = store_next(store, kinds_find(store_kinds(store), "thing"),
                            after, shown)) == 1) {
        assert_true(++records <= 2);
        last = shown->record;
        after = &last;
    }
    assert_int_equal(rc, ERR_CORRUPT);
    shown_done(shown);
    free(shown);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_that_there_is_not),
        cmocka_unit_test(a_key_longer_than_any),
        cmocka_unit_test(a_list_with_a_damaged_id_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
