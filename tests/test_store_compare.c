/* Stories of comparing a station with the hub, and of mending what differs. */
#include "tests/world.c"
#include "tests/story_compare.c"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

static void rot_hub(struct world *w, const char *sql)
{
    store_close(w->hub);
    meddle(w->hub_path, sql);
    hub_open(w);
}

static void few_records(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 alias=一 host=520527002 tags+红 tags+蓝");
    say(w, "a", 2, "mark=2 name=乙 born=1990-01-02");
    say(w, "b", 3, "mark=3 name=丙");
    say(w, "county", 4, "mark=4 name=丁 org=520527001");
    sync_all(w);
    say(w, "b", 1, "visit=到");
    say(w, "a", 2, "end=迁出");
    say(w, "a", 1, "tags-蓝");
    say(w, "county", 3, "name=戊");
    sync_all(w);
}

TEST(an_ordinary_county_agrees)
{
    W;

    assert_all_agree(w);                /* nobody has written anything */
    few_records(w);
    assert_all_agree(w);
    say(w, "a", 1, "name=未报 host=520527003");  /* not yet told the hub: goes
                                                  * with the comparison */
    say(w, "b", 1, "name=另");
    assert_all_agree(w);
    sync_all(w);
    assert_all_agree(w);
    world_end(w);
}

/* ---- a disk that rots ---- */

/* One byte of the text `from` in the body of a change, wherever it stands. */
static void rot_body(const char *path, const char *from, char to)
{
    sqlite3 *db;
    sqlite3_stmt *get, *set;
    uint8_t bytes[4096];
    int len, changed = 0;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT origin, n, bytes FROM journal", -1, &get,
                       NULL);
    sqlite3_prepare_v2(db, "UPDATE journal SET bytes = ?3 WHERE origin = ?1 "
                           "AND n = ?2", -1, &set, NULL);
    while (sqlite3_step(get) == SQLITE_ROW) {
        uint8_t *at;

        len = sqlite3_column_bytes(get, 2);
        assert_true(len <= (int)sizeof bytes);
        memcpy(bytes, sqlite3_column_blob(get, 2), (size_t)len);
        at = memmem(bytes, (size_t)len, from, strlen(from));
        if (at == NULL)
            continue;
        *at = (uint8_t)to;
        sqlite3_bind_int64(set, 1, sqlite3_column_int64(get, 0));
        sqlite3_bind_int64(set, 2, sqlite3_column_int64(get, 1));
        sqlite3_bind_blob(set, 3, bytes, len, SQLITE_STATIC);
        assert_int_equal(sqlite3_step(set), SQLITE_DONE);
        sqlite3_reset(set);
        changed++;
    }
    sqlite3_finalize(get);
    sqlite3_finalize(set);
    sqlite3_close(db);
    assert_int_equal(changed, 1);
}

/* What rotted at station `name` is found, and left alone; then mended, so that
 * everything is as if nothing had happened. */
static void comes_back(struct world *w, const char *name, const char *sql)
{
    struct reconcile_view view;

    rot(w, name, sql);
    compare(w, name, false, &view);
    if (found(&view) == 0 || view.left != found(&view))
        fail_msg("%s: %llu found, %llu left", sql,
                 (unsigned long long)found(&view),
                 (unsigned long long)view.left);
    assert_int_equal(view.mended, 0);
    assert_int_equal(view.passes, 1);
    compare(w, name, true, &view);
    if (view.mended == 0 || view.left > 0 || view.cases > 0)
        fail_msg("%s: %llu mended, %llu left, %llu cases", sql,
                 (unsigned long long)view.mended,
                 (unsigned long long)view.left,
                 (unsigned long long)view.cases);
    assert_int_equal(view.passes, 2);
    done_with(w);
    assert_agree(w);
    assert_int_equal(open_cases(town_of(w, name)->store), 0);
}

#define IN_FORCE " AND (origin, n) IN (SELECT origin, n FROM cell)"

TEST(rows_that_rotted_at_a_station_are_mended)
{
    static const char *const all[] = {
        "UPDATE cell SET origin = NULL, n = NULL WHERE cell = 2",
        "DELETE FROM cell WHERE cell = 2",
        "DELETE FROM cell",
        "UPDATE cell SET n = n + 1 WHERE cell = 2 AND origin IS NOT NULL",
        "UPDATE cell SET origin = origin + 77 WHERE cell = 3",
        "UPDATE cell SET key = 'x' || key WHERE cell = 7",
        "UPDATE cell SET key = CAST(x'ff' AS TEXT) || key WHERE cell = 7",
        "UPDATE cell SET cell = 12 WHERE cell = 2",
        "UPDATE record SET gone = 1",
        "UPDATE journal SET hash = zeroblob(32) WHERE cell = 2" IN_FORCE,
        "UPDATE journal SET bytes = NULL WHERE cell = 2" IN_FORCE,
        "UPDATE journal SET (hash, bytes) = (SELECT hash, bytes FROM journal "
        "WHERE cell = 7 LIMIT 1) WHERE cell = 2 AND origin NOT IN (SELECT id "
        "FROM origin WHERE own = 1)" IN_FORCE,
        "UPDATE journal SET bytes = zeroblob(40), hash = zeroblob(32) "
        "WHERE cell = 1" IN_FORCE,
        "DELETE FROM journal WHERE cell = 2 AND origin NOT IN (SELECT id "
        "FROM origin WHERE own = 1)" IN_FORCE,
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *who = i % 2 == 0 ? "b" : "county";
        struct world *w = world_new();

        (void)state;
        few_records(w);
        comes_back(w, who, all[i]);
        sync_all(w);
        assert_all_agree(w);
        world_end(w);
    }
}

/* The id of a record is sixteen bytes: one of them flips. */
TEST(a_record_whose_id_rotted_is_mended)
{
    W;

    few_records(w);
    comes_back(w, "b", "UPDATE record SET record = x'53' || "
                       "substr(record, 2) WHERE id = 1");
    world_end(w);
}

TEST(a_byte_of_a_body_is_mended)
{
    struct reconcile_view view;
    struct town *town;
    W;

    few_records(w);
    town = town_of(w, "b");
    town_shut(town);
    rot_body(town->path, "一", (char)0xe5);     /* another sign, and as good */
    town_open(w, town);
    assert_string_not_equal(line_of(w, town->store, 1), line_of(w, w->hub, 1));
    compare(w, "b", false, &view);
    assert_int_equal(view.found[DIFFER_BOTH], 1);
    assert_int_equal(view.left, 1);
    compare(w, "b", true, &view);
    assert_int_equal(view.mended, 1);
    assert_int_equal(view.damaged, 1);
    assert_int_equal(view.left, 0);
    done_with(w);
    assert_agree(w);
    world_end(w);
}

/* What the other records point at follows, too. */
TEST(a_byte_of_an_identity_is_mended_with_its_look_up)
{
    struct reconcile_view view;
    struct town *town;
    W;

    few_records(w);
    say(w, "a", 9, "mark=独号");
    sync_all(w);
    town = town_of(w, "county");
    town_shut(town);
    rot_body(town->path, "独", (char)0xe5);
    town_open(w, town);
    store_rebuild(town->store, &w->fault);      /* and it spreads */
    compare(w, "county", true, &view);
    assert_int_equal(view.mended, 1);
    done_with(w);
    assert_agree(w);
    assert_int_equal(put(w, "county", edit_of(w, "county", 10,
                                              "mark=独号 org=520527001")), 0);
    assert_int_equal(w->receipt.warnings, 1);
    world_end(w);
}

TEST(an_own_change_that_rotted_is_mended)
{
    struct reconcile_view view;
    struct town *town;
    W;

    few_records(w);
    town = town_of(w, "a");
    town_shut(town);
    rot_body(town->path, "乙", (char)0xe5);
    town_open(w, town);
    assert_int_equal(store_verify(town->store, &w->fault), ERR_CORRUPT);
    compare(w, "a", true, &view);
    assert_int_equal(view.mended, 1);
    done_with(w);
    assert_agree(w);
    world_end(w);               /* verify finds the chain whole again */
}

TEST(an_own_undecided_value_stays_on_top_of_what_is_mended)
{
    struct reconcile_view view;
    W;

    few_records(w);
    town_of(w, "b")->cut = true;        /* the hub is asked, and told nothing */
    rot(w, "b", "UPDATE cell SET origin = NULL, n = NULL WHERE cell = 2");
    say(w, "b", 1, "name=改");
    assert_cell(w, "b", 1, "name", "改");
    compare(w, "b", true, &view);
    assert_int_equal(view.left, 0);
    assert_true(view.mended > 0);
    done_with(w);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* A hub without memory decided an own change anew: parked here, in force there.
 * The counts go on adding up. */
TEST(an_own_change_that_is_in_force_after_all_is_taken)
{
    struct reconcile_view view;
    struct store *store;
    uint64_t taken;
    W;

    few_records(w);
    taken = count_of(town_of(w, "a")->store, STATE_TAKEN);
    rot(w, "a", "UPDATE tally SET count = count - 1 WHERE state = 2;"
                "INSERT OR REPLACE INTO tally VALUES (4, 1);"
                "UPDATE journal SET state = 4, reason = 1 WHERE cell = 6;"
                "INSERT INTO cases (origin, n, record, cell, key, reason, open)"
                " SELECT origin, n, record, cell, key, 1, 1 FROM journal "
                "WHERE cell = 6;"
                "UPDATE cell SET origin = NULL, n = NULL, number = 0 "
                "WHERE cell = 6");
    store = town_of(w, "a")->store;
    assert_int_equal(count_of(store, STATE_PARKED), 1);
    assert_int_equal(open_cases(store), 1);
    compare(w, "a", true, &view);
    assert_int_equal(view.mended, 1);
    assert_int_equal(view.left, 0);
    done_with(w);
    assert_int_equal(count_of(store, STATE_PARKED), 0);
    assert_int_equal(count_of(store, STATE_TAKEN), taken);
    assert_int_equal(open_cases(store), 0);
    assert_agree(w);
    world_end(w);
}

/* Bytes that cannot be told apart from a real change of another hand: what is
 * saved under that name here is not written over. */
TEST(another_change_of_the_same_name_is_not_written_over)
{
    struct reconcile_view view;
    char before[1000];
    W;

    few_records(w);
    town_shut(town_of(w, "b"));
    rot_body(town_of(w, "b")->path, "一", (char)0xe5);
    town_open(w, town_of(w, "b"));
    rot(w, "b", "UPDATE journal SET hash = zeroblob(32) WHERE cell = 2 AND "
                "record = (SELECT id FROM record WHERE record = "
                "x'52000000000000000000000000000001')");
    snprintf(before, sizeof before, "%s", line_of(w, town_of(w, "b")->store,
                                                  1));
    compare(w, "b", true, &view);
    assert_true(view.left > 0);
    assert_string_equal(before, line_of(w, town_of(w, "b")->store, 1));
    done_with(w);
    world_free(w);
}

/* ---- the hub's disk rots ---- */

static void left_alone(struct world *w, const char *name, const char *what)
{
    struct town *town = town_of(w, name);
    struct reconcile_view view;
    char before[1000];

    snprintf(before, sizeof before, "%s", line_of(w, town->store, 1));
    compare(w, name, true, &view);
    if (view.left == 0 || view.mended > 0 || view.cases > 0)
        fail_msg("%s: %llu left, %llu mended, %llu cases", what,
                 (unsigned long long)view.left,
                 (unsigned long long)view.mended,
                 (unsigned long long)view.cases);
    assert_string_equal(before, line_of(w, town->store, 1));
    done_with(w);
}

TEST(what_rotted_at_the_hub_does_not_spread)
{
    static const char *const all[] = {
        "UPDATE cell SET origin = NULL, n = NULL WHERE cell = 2",
        "UPDATE cell SET n = n + 1 WHERE cell = 2",
        "UPDATE cell SET n = n + 1 WHERE cell = 1",
        "UPDATE journal SET bytes = NULL WHERE cell = 2",
        "UPDATE journal SET hash = zeroblob(32) WHERE cell = 2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct world *w = world_new();

        few_records(w);
        rot_hub(w, all[i]);
        left_alone(w, "b", all[i]);
        left_alone(w, "county", all[i]);
        world_free(w);
    }
}

TEST(a_body_that_rotted_at_the_hub_does_not_spread)
{
    W;

    few_records(w);
    store_close(w->hub);
    rot_body(w->hub_path, "一", (char)0xe5);
    hub_open(w);
    left_alone(w, "b", "a body");
    world_free(w);
}

/* A cell of the hub was set back: it has decided the newer one itself. */
TEST(a_hub_that_does_not_follow_its_journal_is_left_alone)
{
    struct reconcile_view view;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "a", 1, "name=乙");
    sync_all(w);
    rot_hub(w, "UPDATE cell SET number = 2, (origin, n) = (SELECT origin, n "
               "FROM journal WHERE cell = 2 ORDER BY number LIMIT 1) "
               "WHERE cell = 2");
    assert_cell(w, "hub", 1, "name", "甲");
    left_alone(w, "b", "set back");
    store_rebuild(w->hub, &w->fault);
    compare(w, "b", false, &view);
    assert_int_equal(found(&view), 0);
    done_with(w);
    world_end(w);
}

/* ---- a life that was lost ---- */

static void keep_hub(struct world *w, char *copy)
{
    snprintf(copy, PATH_ROOM + 8, "%s.old", w->hub_path);
    store_close(w->hub);
    files_copy(w->hub_path, copy);
    hub_open(w);
}

static void lose_hub(struct world *w, const char *copy)
{
    store_close(w->hub);
    files_copy(copy, w->hub_path);
    hub_open(w);
}

/* a's PC is resumed, and draws the same name again. Its other disk is in `other`. */
static void resumed(struct world *w, const char *at, const char *other,
                    uint64_t dice)
{
    struct town *town = town_of(w, "a");

    town_shut(town);
    if (other != NULL)
        files_copy(town->path, other);
    files_copy(at, town->path);
    town_open(w, town);
    town->dice = dice;
}

/* BUG found: The hub lost what it had under this name, and got another change of the
 * same by a copy of its author's disk. Whoever had heard the first showed it for
 * ever, though its author had told it again, under a new name. */
TEST(another_change_of_the_same_name_gives_way_once_it_has_a_new_one)
{
    char hub[PATH_ROOM + 8], old[PATH_ROOM + 8], other[PATH_ROOM + 8];
    struct reconcile_view view;
    struct town *town;
    uint64_t dice;
    W;

    town = town_of(w, "a");
    say(w, "a", 1, "mark=1 host=520527002");
    sync_all(w);
    keep_hub(w, hub);
    snprintf(old, sizeof old, "%s.old", town->path);
    snprintf(other, sizeof other, "%s.other", town->path);
    town_shut(town);
    files_copy(town->path, old);
    town_open(w, town);
    dice = town->dice;
    say(w, "a", 1, "name=乙");
    sync_all(w);
    lose_hub(w, hub);
    resumed(w, old, other, dice);
    say(w, "a", 1, "name=丙");
    sync_with(w, "a");
    sync_with(w, "county");
    compare(w, "county", true, &view);
    assert_int_equal(view.left, 1);
    resumed(w, other, NULL, dice + 1);
    sync_all(w);
    assert_cell(w, "hub", 1, "name", "丙");
    assert_int_equal(reason_of(w, "county", 1, "name"), REASON_CLASH);
    compare(w, "county", true, &view);
    assert_int_equal(view.left, 0);
    assert_cell(w, "county", 1, "name", "丙");
    done_with(w);
    world_check(w);
    world_free(w);
}

/* The hub's own case list is empty: it never heard of this. */
TEST(a_state_of_a_lost_life_becomes_a_case)
{
    char copy[PATH_ROOM + 8];
    struct reconcile_view view;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    keep_hub(w, copy);
    say(w, "a", 1, "name=乙");
    sync_all(w);
    say(w, "a", 1, "name=丙");
    sync_all(w);
    assert_cell(w, "b", 1, "name", "丙");
    lose_hub(w, copy);                  /* and a's PC never comes back */
    compare(w, "b", false, &view);
    assert_int_equal(view.found[DIFFER_BOTH], 1);
    assert_cell(w, "b", 1, "name", "丙");
    compare(w, "b", true, &view);
    assert_int_equal(view.cases, 1);
    assert_int_equal(view.left, 0);
    assert_cell(w, "b", 1, "name", "甲");
    assert_int_equal(reason_of(w, "b", 1, "name"), REASON_LOST);
    assert_int_equal(open_cases(w->hub), 0);
    done_with(w);
    world_check(w);                     /* folding keeps it so */
    assert_cell(w, "b", 1, "name", "甲");
    restart(w, "b");
    assert_int_equal(settle(w, "b", 1, "name", "parked"), 0);
    assert_int_equal(open_cases(town_of(w, "b")->store), 0);
    sync_with(w, "b");
    sync_with(w, "county");
    assert_cell(w, "hub", 1, "name", "丙");
    assert_cell(w, "county", 1, "name", "丙");
    world_check(w);
    world_free(w);
}

TEST(a_record_of_a_lost_life_can_be_sent_again)
{
    char copy[PATH_ROOM + 8];
    struct reconcile_view view;
    struct town *town;
    W;

    keep_hub(w, copy);
    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    lose_hub(w, copy);
    town = town_of(w, "county");
    compare(w, "county", true, &view);
    assert_int_equal(view.found[DIFFER_NOT_THERE], 3);
    assert_int_equal(view.cases, 3);
    done_with(w);
    assert_string_equal(line_of(w, town->store, 1), "");
    assert_int_equal(open_cases(town->store), 3);
    assert_int_equal(settle(w, "county", 1, "name", "parked"), 0);
    assert_int_equal(settle(w, "county", 1, "identity", "parked"), 0);
    assert_int_equal(settle(w, "county", 1, "place", "in-force"), 0);
    assert_int_equal(open_cases(town->store), 0);
    sync_with(w, "county");
    assert_cell(w, "hub", 1, "name", "甲");
    assert_cell(w, "county", 1, "name", "甲");
    assert_int_equal(open_cases(w->hub), 0);
    world_check(w);
    world_free(w);
}

/* Its author comes back after all and refills the hub. */
TEST(a_lost_state_that_is_refilled_closes_its_case)
{
    char copy[PATH_ROOM + 8];
    struct reconcile_view view;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    keep_hub(w, copy);
    say(w, "a", 1, "name=乙");
    sync_all(w);
    lose_hub(w, copy);
    compare(w, "b", true, &view);
    assert_int_equal(view.cases, 1);
    done_with(w);
    sync_all(w);                        /* a is here again */
    assert_cell(w, "hub", 1, "name", "乙");
    assert_cell(w, "b", 1, "name", "乙");
    assert_int_equal(open_cases(town_of(w, "b")->store), 0);
    assert_agree(w);
    assert_all_agree(w);
    world_end(w);
}

/* The county wrote on what it saw; what b held from the lost life did not come
 * from nowhere, and does not go nowhere. */
TEST(a_lost_state_under_a_newer_one_is_a_case_too)
{
    char copy[PATH_ROOM + 8], station[PATH_ROOM + 8];
    struct reconcile_view view;
    struct town *town;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    keep_hub(w, copy);
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    sync_with(w, "b");
    lose_hub(w, copy);
    say(w, "county", 1, "name=丙");
    sync_with(w, "county");
    /* b would hear it, but loses what it hears: its cell rots back. */
    town = town_of(w, "b");
    town_shut(town);
    snprintf(station, sizeof station, "%s.old", town->path);
    files_copy(town->path, station);
    town_open(w, town);
    sync_with(w, "b");
    assert_cell(w, "b", 1, "name", "丙");
    rot(w, "b", "UPDATE cell SET (origin, n, number) = (SELECT origin, n, "
                "number FROM journal WHERE cell = 2 ORDER BY number DESC "
                "LIMIT 1 OFFSET 1) WHERE cell = 2");
    assert_cell(w, "b", 1, "name", "乙");
    compare(w, "b", true, &view);
    assert_int_equal(view.cases, 1);
    assert_cell(w, "b", 1, "name", "丙");
    done_with(w);
    world_check(w);
    world_free(w);
}

/* ---- what moved away ---- */

TEST(a_record_that_left_is_hidden_again)
{
    struct reconcile_view view;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "a", 1, "host=520527003");
    sync_all(w);
    assert_string_equal(line_of(w, town_of(w, "b")->store, 1), "");
    rot(w, "b", "UPDATE record SET gone = 0");
    assert_string_not_equal(line_of(w, town_of(w, "b")->store, 1), "");
    compare(w, "b", true, &view);
    assert_int_equal(view.cases, 0);
    assert_int_equal(view.left, 0);
    assert_string_equal(line_of(w, town_of(w, "b")->store, 1), "");
    done_with(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_county_agrees),
        cmocka_unit_test(rows_that_rotted_at_a_station_are_mended),
        cmocka_unit_test(a_record_whose_id_rotted_is_mended),
        cmocka_unit_test(a_byte_of_a_body_is_mended),
        cmocka_unit_test(a_byte_of_an_identity_is_mended_with_its_look_up),
        cmocka_unit_test(an_own_change_that_rotted_is_mended),
        cmocka_unit_test(
            an_own_undecided_value_stays_on_top_of_what_is_mended),
        cmocka_unit_test(an_own_change_that_is_in_force_after_all_is_taken),
        cmocka_unit_test(another_change_of_the_same_name_is_not_written_over),
        cmocka_unit_test(what_rotted_at_the_hub_does_not_spread),
        cmocka_unit_test(a_body_that_rotted_at_the_hub_does_not_spread),
        cmocka_unit_test(
            a_hub_that_does_not_follow_its_journal_is_left_alone),
        cmocka_unit_test(
            another_change_of_the_same_name_gives_way_once_it_has_a_new_one),
        cmocka_unit_test(a_state_of_a_lost_life_becomes_a_case),
        cmocka_unit_test(a_record_of_a_lost_life_can_be_sent_again),
        cmocka_unit_test(a_lost_state_that_is_refilled_closes_its_case),
        cmocka_unit_test(a_lost_state_under_a_newer_one_is_a_case_too),
        cmocka_unit_test(a_record_that_left_is_hidden_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
