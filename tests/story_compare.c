/* Part of a test that includes world.c: comparing a town with the hub, and
 * damage to come upon. */
#include <sqlite3.h>

/* Exchange until the comparison has ended; the exchanges it took. */
static int drive(struct world *w, struct town *town,
                 struct reconcile_view *out)
{
    int rounds = 0, rc;

    do {
        rc = exchange(w, town->name, ALL, ALL);
        rounds++;
        assert_true(rounds < 500);
        reconcile_ended(town->reconcile, rc, &w->asked);
        while (reconcile_waits(town->reconcile))
            reconcile_work(town->reconcile);
        store_commit(town->store, NULL);
    } while (reconcile_next(town->reconcile));
    reconcile_view(town->reconcile, out);
    return rounds;
}

static int compare(struct world *w, const char *name, bool repair,
                   struct reconcile_view *out)
{
    struct town *town = town_of(w, name);

    reconcile_free(town->reconcile);
    town->reconcile = reconcile_new(town->store);
    assert_int_equal(reconcile_start(town->reconcile, repair), 0);
    return drive(w, town, out);
}

static void done_with(struct world *w)
{
    for (int i = 0; i < w->towns; i++) {
        reconcile_free(w->town[i].reconcile);
        w->town[i].reconcile = NULL;
    }
}

static uint64_t found(const struct reconcile_view *view)
{
    return view->found[DIFFER_NOT_HERE] + view->found[DIFFER_NOT_THERE] +
           view->found[DIFFER_BOTH];
}

static void assert_all_agree(struct world *w)
{
    struct reconcile_view view;

    for (int i = 0; i < w->towns; i++) {
        compare(w, w->town[i].name, false, &view);
        if (view.state != RECONCILE_DONE || found(&view) > 0)
            fail_msg("%s: state %d cause YZ%04d, %llu %llu %llu",
                     w->town[i].name, (int)view.state, err_code(view.cause),
                     (unsigned long long)view.found[0],
                     (unsigned long long)view.found[1],
                     (unsigned long long)view.found[2]);
        assert_int_equal(view.left, 0);
        assert_int_equal(view.cases, 0);
    }
    done_with(w);
}

/* ---- disasters ---- */

static void meddle(const char *path, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    if (sqlite3_changes(db) == 0)
        fail_msg("%s: changed nothing", sql);
    sqlite3_close(db);
}

static void rot(struct world *w, const char *name, const char *sql)
{
    struct town *town = town_of(w, name);

    town_shut(town);
    meddle(town->path, sql);
    town_open(w, town);
}
