/* The audit trail: what is in it stays as it was, or verify names the first row
 * that is not; and what a chain alone cannot notice. */
#include "tests/disaster.c"
#include "tests/failing.c"

#include "store/audit.h"
#include "store/care.h"

#include <sqlite3.h>

#define TEST(name) static void name(void **state)

enum { ROWS = 6 };

static int note(struct world *w, struct store *store, int i)
{
    char object[64];
    struct audited row = {.wall_ms = 1700000000000 + i,
                          .trusted = i % 2 == 0,
                          .person = "zhao",
                          .device = "qs-01",
                          .act = "show.full",
                          .object = object};

    snprintf(object, sizeof object, "member %d", i);
    return store_audit(store, &row, &w->fault);
}

static struct world *trail(void)
{
    struct world *w = world_new();

    say(w, "a", 1, "mark=1 name=甲");
    for (int i = 1; i <= ROWS; i++)
        assert_int_equal(note(w, town_of(w, "a")->store, i), 0);
    return w;
}

static int rows_of(struct store *store)
{
    struct audited row;
    int rows = 0;

    for (uint64_t n = 0; store_audit_next(store, n, 0, &row) == 1; n = row.n)
        rows++;
    return rows;
}

/* `sql` meddles with a closed file; verify must then name this row. */
static void found(const char *sql, const char *what)
{
    struct world *w = trail();
    struct town *town = town_of(w, "a");
    int rc;

    town_shut(town);
    meddle(town->path, sql);
    town_open(w, town);
    rc = store_verify(town->store, &w->fault);
    if (rc != ERR_AUDIT || strcmp(w->fault.field, "audit") != 0 ||
        strstr(w->fault.why, what) == NULL)
        fail_msg("%s: YZ%04d %s", sql, err_code(rc), w->fault.why);
    world_free(w);
}

TEST(what_was_noted_is_listed_in_order)
{
    struct world *w = trail();
    struct store *store = town_of(w, "a")->store;
    struct verify *verify;
    struct audited row;
    struct audit_head head;

    (void)state;
    assert_int_equal(rows_of(store), ROWS);
    assert_int_equal(store_audit_next(store, 0, 1700000000004, &row), 1);
    assert_int_equal(row.n, 4);
    assert_true(row.trusted);
    assert_string_equal(row.person, "zhao");
    assert_string_equal(row.device, "qs-01");
    assert_string_equal(row.act, "show.full");
    assert_string_equal(row.object, "member 4");
    assert_int_equal(store_audit_next(store, ROWS, 0, &row), 0);
    assert_int_equal(store_audit_head(store, &head), 0);
    assert_int_equal(head.n, ROWS);
    verify = verify_new(store);
    while (verify_step(verify, &w->fault) == 1) {
    }
    assert_int_equal(verify_found(verify)->audited, ROWS);
    verify_free(verify);
    restart(w, "a");            /* and goes on behind a restart */
    store = town_of(w, "a")->store;
    assert_int_equal(note(w, store, ROWS + 1), 0);
    assert_int_equal(rows_of(store), ROWS + 1);
    world_end(w);
}

TEST(a_row_that_was_altered_is_named)
{
    static const char *const column[] = {
        "hash = (SELECT hash FROM audit WHERE n = 2)", "hash = 'x'",
        "wall_ms = wall_ms + 1", "trusted = 1 - trusted", "trusted = 2",
        "person = 'qian'", "device = ''", "act = 'show.ful'",
        "object = object || ' '", "person = 'zha', device = 'oqs-01'"};
    char sql[200];

    (void)state;
    for (size_t i = 0; i < sizeof column / sizeof column[0]; i++) {
        snprintf(sql, sizeof sql, "UPDATE audit SET %s WHERE n = 4",
                 column[i]);
        found(sql, "row 4 does not fit its hash");
    }
}

TEST(a_row_that_is_gone_is_named)
{
    (void)state;
    found("DELETE FROM audit WHERE n = 1", "row 1 is missing");
    found("DELETE FROM audit WHERE n = 3", "row 3 is missing");
    found("DELETE FROM audit WHERE n IN (2, 3, 5)", "row 2 is missing");
    found("DELETE FROM audit WHERE n = 3; UPDATE audit SET n = n - 1 "
          "WHERE n > 3", "row 3 does not fit its hash");
}

TEST(rows_that_changed_places_are_named)
{
    (void)state;
    found("UPDATE audit SET n = 100 WHERE n = 2; UPDATE audit SET n = 2 "
          "WHERE n = 4; UPDATE audit SET n = 4 WHERE n = 100",
          "row 2 does not fit its hash");
}

TEST(a_row_put_in_is_named)
{
    (void)state;
    found("INSERT INTO audit SELECT 7, hash, wall_ms, trusted, person, device, "
          "act, object FROM audit WHERE n = 6", "row 7 does not fit its hash");
}

TEST(a_trail_cut_off_is_missed)
{
    (void)state;
    found("DELETE FROM audit WHERE n = 6", "row 6 is missing");
    found("DELETE FROM audit WHERE n > 2", "row 3 is missing");
    found("DELETE FROM audit", "row 1 is missing");
    found("DROP TABLE audit", "row 1 is missing");
    found("DELETE FROM meta WHERE name = 'audit'", "row 7 is missing");
    found("UPDATE meta SET value = 1 WHERE name = 'audit'",
          "row 7 is missing");
}

/* What is cut off and then written on is a gap of nobody's any more: the hash
 * of the next row covers what is there. Only a head that somebody kept tells. */
TEST(a_file_set_back_is_told_by_a_head_that_was_kept_alone)
{
    struct world *w = trail();
    struct town *a = town_of(w, "a");
    struct audit_head kept, now;
    char old[PATH_ROOM + 8];

    (void)state;
    snprintf(old, sizeof old, "%s.old", a->path);
    town_shut(a);
    files_copy(a->path, old);
    town_open(w, a);
    assert_int_equal(note(w, a->store, 7), 0);
    assert_int_equal(store_audit_head(a->store, &kept), 0);
    town_shut(a);
    files_copy(old, a->path);
    town_open(w, a);
    assert_int_equal(note(w, a->store, 8), 0);
    assert_int_equal(store_verify(a->store, &w->fault), 0);
    assert_int_equal(store_audit_head(a->store, &now), 0);
    assert_int_equal(now.n, kept.n);
    assert_memory_not_equal(now.hash.b, kept.hash.b, HASH_SIZE);
    world_free(w);
}

TEST(a_row_is_bounded_and_cut_between_two_characters)
{
    struct world *w = world_new();
    struct store *store = town_of(w, "a")->store;
    char much[2000] = "";
    struct audited row = {.person = much, .device = much, .act = much,
                          .object = much};

    (void)state;
    for (int i = 0; i < 600; i++)
        strcat(much, "甲");
    assert_int_equal(store_audit(store, &row, &w->fault), 0);
    assert_int_equal(store_audit_next(store, 0, 0, &row), 1);
    assert_int_equal(strlen(row.person), AUDIT_PERSON);
    assert_int_equal(strlen(row.device), AUDIT_DEVICE);
    assert_int_equal(strlen(row.act), AUDIT_ACT);
    assert_int_equal(strlen(row.object), AUDIT_OBJECT);
    much[1800 - 3] = '\0';
    memmove(much + 1, much, 1798);      /* a character lies over each end */
    much[0] = 'a';
    row = (struct audited){.person = much, .device = much, .act = much,
                           .object = much};
    assert_int_equal(store_audit(store, &row, &w->fault), 0);
    assert_int_equal(store_audit_next(store, 1, 0, &row), 1);
    assert_true(strlen(row.person) < AUDIT_PERSON);
    assert_memory_equal(row.person + strlen(row.person) - 3, "甲", 3);
    assert_int_equal(store_verify(store, &w->fault), 0);
    world_end(w);
}

/* Shown is shown: whatever else becomes of the turn. */
TEST(a_turn_that_is_undone_takes_no_row_with_it)
{
    struct world *w = world_new();

    (void)state;
    assert_int_equal(note(w, w->hub, 1), 0);
    turn_undo(w->hub);
    assert_int_equal(rows_of(w->hub), 1);
    restart_hub(w);
    assert_int_equal(rows_of(w->hub), 1);
    assert_int_equal(store_verify(w->hub, &w->fault), 0);
    world_end(w);
}

/* ---- older stores, copies ---- */

/* What a program that knew of no trail left: the table comes with its first row,
 * and a station that notes nothing has none. */
TEST(a_store_without_a_trail_gets_one)
{
    struct world *w = world_new();
    struct town *a = town_of(w, "a");
    struct audit_head head;

    (void)state;
    say(w, "a", 1, "mark=1 name=甲");
    assert_int_equal(rows_of(a->store), 0);
    assert_int_equal(store_audit_head(a->store, &head), 0);
    assert_int_equal(head.n, 0);
    assert_int_equal(store_verify(a->store, &w->fault), 0);
    assert_int_equal(note(w, a->store, 1), 0);
    assert_int_equal(note(w, w->hub, 1), 0);
    sync_all(w);
    assert_int_equal(rows_of(a->store), 1);
    assert_int_equal(store_verify(a->store, &w->fault), 0);
    assert_int_equal(store_verify(w->hub, &w->fault), 0);
    world_end(w);
}

/* Of the store of "a". */
static void make_copy(struct world *w, char path[PATH_ROOM])
{
    static const struct copy_note about = {.name = "a", .made_ms = 1};
    struct copying *copying;

    snprintf(path, PATH_ROOM, "%s/copy", w->dir);
    assert_int_equal(copy_begin(town_of(w, "a")->store, path, &copying,
                                &w->fault), 0);
    while (copy_step(copying, &w->fault) == 1) {
    }
    assert_int_equal(copy_end(copying, &about, &w->fault), 0);
    copy_free(copying);
}

/* Meddle with a copy, and look whether it is whole. */
static int copied(struct world *w, const char *sql)
{
    struct copy_facts facts;
    struct store *copy;
    char path[PATH_ROOM];
    int rc;

    make_copy(w, path);
    if (sql != NULL)
        meddle(path, sql);
    assert_int_equal(copy_open(path, NULL, &copy, &facts, &w->fault), 0);
    rc = store_verify(copy, &w->fault);
    if (rc == 0 && sql == NULL)
        assert_int_equal(rows_of(copy), ROWS);
    copy_close(copy);
    unlink(path);
    return rc;
}

TEST(a_copy_has_the_trail)
{
    struct world *w = trail();

    (void)state;
    assert_int_equal(copied(w, NULL), 0);
    assert_int_equal(copied(w, "DELETE FROM audit WHERE n = 6"), ERR_AUDIT);
    world_free(w);
}

/* A hash that rotted is named for ever, and keeps nobody from work. */
TEST(behind_a_row_that_rotted_the_trail_goes_on)
{
    struct world *w = trail();
    struct town *a = town_of(w, "a");

    (void)state;
    town_shut(a);
    meddle(a->path, "UPDATE audit SET hash = 'x' WHERE n = 6");
    town_open(w, a);
    assert_int_equal(note(w, a->store, 7), 0);
    assert_int_equal(rows_of(a->store), 7);
    assert_int_equal(store_verify(a->store, &w->fault), ERR_AUDIT);
    assert_non_null(strstr(w->fault.why, "row 6"));
    world_free(w);
}

TEST(a_copy_that_is_put_back_tells_so)
{
    const struct audited row = {.person = "zhao", .device = "a",
                                .act = "restore", .object = "copy"};
    struct world *w = trail();
    struct town *a = town_of(w, "a");
    char path[PATH_ROOM];

    (void)state;
    make_copy(w, path);
    assert_int_equal(copy_settle(path, NULL, &row, &w->fault), 0);
    town_shut(a);
    assert_int_equal(rename(path, a->path), 0);
    town_open(w, a);
    assert_int_equal(rows_of(a->store), ROWS + 1);
    assert_int_equal(store_verify(a->store, &w->fault), 0);
    world_end(w);
}

/* ---- a disk that fails ---- */

/* Noting in which the k-th step fails. What was noted by a 0 is there. */
static bool noting_fails(int k)
{
    struct world *w = trail();
    struct town *a = town_of(w, "a");
    bool failed;
    int rc, rows;

    steps_from(a->store, k, k % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE);
    rc = note(w, a->store, 7);
    failed = steps_end();
    if (rc == 0 && failed)
        fail_msg("step %d, %s: passed for noted", k, steps.sql);
    restart(w, "a");
    rows = rows_of(a->store);
    assert_in_range(rows, rc == 0 ? ROWS + 1 : ROWS, ROWS + 1);
    if (store_verify(a->store, &w->fault) < 0)
        fail_msg("step %d, %s: %s", k, steps.sql, w->fault.why);
    assert_int_equal(note(w, a->store, 8), 0);
    world_free(w);
    return failed;
}

TEST(what_cannot_be_noted_is_refused)
{
    int k = 1;

    (void)state;
    while (noting_fails(k))
        k++;
    assert_true(k > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_is_listed_in_order),
        cmocka_unit_test(a_row_that_was_altered_is_named),
        cmocka_unit_test(a_row_that_is_gone_is_named),
        cmocka_unit_test(rows_that_changed_places_are_named),
        cmocka_unit_test(a_row_put_in_is_named),
        cmocka_unit_test(a_trail_cut_off_is_missed),
        cmocka_unit_test(a_file_set_back_is_told_by_a_head_that_was_kept_alone),
        cmocka_unit_test(a_row_is_bounded_and_cut_between_two_characters),
        cmocka_unit_test(a_turn_that_is_undone_takes_no_row_with_it),
        cmocka_unit_test(a_store_without_a_trail_gets_one),
        cmocka_unit_test(a_copy_has_the_trail),
        cmocka_unit_test(behind_a_row_that_rotted_the_trail_goes_on),
        cmocka_unit_test(a_copy_that_is_put_back_tells_so),
        cmocka_unit_test(what_cannot_be_noted_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
