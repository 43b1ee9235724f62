/* Stories of machines: restarts, numbers, requests asked twice. */
#include "tests/world.c"

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

static struct head head_of(struct world *w, const char *name, int *heads)
{
    struct hello *hello = xmalloc(sizeof *hello);
    struct head head;

    assert_int_equal(store_hello(town_of(w, name)->store, hello), 0);
    *heads = hello->heads;
    head = hello->head[0];
    free(hello);
    return head;
}

TEST(a_restart_draws_an_origin_that_goes_on)
{
    struct head first, second;
    int heads;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    first = head_of(w, "a", &heads);
    restart(w, "a");
    say(w, "a", 1, "name=乙");
    second = head_of(w, "a", &heads);
    assert_int_equal(heads, 2);
    assert_false(id_equal(&first.origin, &second.origin));
    assert_true(second.has_parent);
    assert_true(id_equal(&second.parent.origin, &first.origin));
    assert_int_equal(second.parent.n, first.n);
    assert_memory_equal(second.parent_hash.b, first.hash.b, HASH_SIZE);
    restart(w, "a");
    say(w, "a", 1, "name=丙");
    sync_all(w);
    assert_cell(w, "county", 1, "name", "丙");
    assert_int_equal(open_cases(w->hub), 0);
    assert_agree(w);
    world_end(w);
}

TEST(an_own_line_holds_over_restarts)
{
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    say(w, "a", 1, "name=乙");
    restart(w, "a");
    /* A form opened before: its base is that of 甲. */
    edit = edit_of(w, "a", 1, "name=丙");
    edit->has_base = true;
    edit->base = 1;
    sync_with(w, "a");
    assert_int_equal(put(w, "a", edit), 0);
    sync_all(w);
    assert_cell(w, "county", 1, "name", "丙");
    assert_int_equal(open_cases(w->hub), 0);
    world_end(w);
}

TEST(a_token_asked_again_gives_the_same_receipt)
{
    struct receipt first;
    struct edit *edit;
    W;

    edit = edit_of(w, "a", 1, "mark=1 name=甲");
    edit->token = bytes_text("t1");
    assert_int_equal(put(w, "a", edit), 0);
    first = w->receipt;
    assert_int_equal(store_commit(town_of(w, "a")->store, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(put(w, "a", edit), 0);
        assert_true(w->receipt.repeated);
        assert_int_equal(w->receipt.changes, first.changes);
        assert_true(name_equal(&w->receipt.change[0].name,
                               &first.change[0].name));
        restart(w, "a");
        edit->kind = kinds_find(store_kinds(town_of(w, "a")->store), "thing");
    }
    sync_all(w);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 2);
    world_end(w);
}

/* BUG found: the digest of an edit left out its record, the presence of keys
 * and more: another edit under the same token was told "saved" and lost. */
TEST(a_token_for_another_edit_is_refused)
{
    static const char *const what[] = {
        "name=乙", "tags-红", "tags+蓝", "end=迁出", "undo", "alias=甲"};
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1");
    say(w, "a", 2, "mark=2");
    edit = edit_of(w, "a", 1, "name=甲");
    edit->token = bytes_text("t1");
    assert_int_equal(put(w, "a", edit), 0);
    edit = edit_of(w, "a", 1, "tags+红");
    edit->token = bytes_text("t2");
    assert_int_equal(put(w, "a", edit), 0);
    for (int i = 0; i < 6; i++) {
        edit = edit_of(w, "a", 1, what[i]);
        edit->token = bytes_text(i == 1 || i == 2 ? "t2" : "t1");
        if (put(w, "a", edit) != ERR_TOKEN)
            fail_msg("'%s' passed for another edit", what[i]);
    }
    edit = edit_of(w, "a", 2, "name=甲");
    edit->token = bytes_text("t1");
    assert_int_equal(put(w, "a", edit), ERR_TOKEN);
    assert_int_equal(store_commit(town_of(w, "a")->store, NULL), 0);
    restart(w, "a");
    edit = edit_of(w, "a", 2, "name=甲");
    edit->token = bytes_text("t1");
    assert_int_equal(put(w, "a", edit), ERR_TOKEN);
    world_end(w);
}

TEST(an_imported_line_keeps_the_base_of_when_the_import_began)
{
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "b", 1, "name=乙");
    sync_with(w, "b");
    assert_int_equal(store_import_begin(town_of(w, "a")->store, NULL), 0);
    assert_int_equal(store_import_begin(town_of(w, "a")->store, &w->fault),
                     ERR_RUNNING);
    sync_with(w, "a");          /* 乙 comes while the sheet is read */
    edit = edit_of(w, "a", 1, "name=丙");
    edit->imported = true;
    assert_int_equal(put(w, "a", edit), 0);
    assert_int_equal(store_import_end(town_of(w, "a")->store), 0);
    sync_all(w);
    assert_int_equal(reason_of(w, "a", 1, "name"), REASON_CLASH);
    assert_cell(w, "a", 1, "name", "乙");
    assert_agree(w);
    world_end(w);
}

TEST(numbers_are_reserved_before_they_are_used)
{
    struct store_status status;
    W;

    for (int i = 1; i <= 20; i++) {
        say(w, "a", i, "name=甲 host=520527002");
        sync_with(w, "a");
        assert_int_equal(store_status(w->hub, &status), 0);
        assert_true(status.number <= w->reserved);
        assert_true(status.seq <= w->reserved);
        if (i % 5 == 0)
            restart_hub(w);
    }
    assert_true(w->reserve_calls >= 4);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* BUG found: a reserve that failed counted as made. */
TEST(no_number_is_used_whose_reserve_failed)
{
    struct store_status status;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    w->reserve_fails = true;
    for (int i = 0; i < 3; i++) {
        town_of(w, "a")->cut = false;
        exchange(w, "a", ALL, ALL);
        assert_true(w->hub_rc < 0);
    }
    assert_int_equal(store_status(w->hub, &status), 0);
    assert_int_equal(status.count[STATE_TAKEN], 0);
    w->reserve_fails = false;
    restart_hub(w);
    sync_all(w);
    assert_cell(w, "county", 1, "name", "甲");
    assert_agree(w);
    world_end(w);
}

TEST(a_hub_with_a_higher_floor_goes_on)
{
    struct store_status before, after;
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    assert_int_equal(store_status(w->hub, &before), 0);
    w->reserved += 500000;
    restart_hub(w);
    say(w, "a", 1, "name=乙");
    sync_all(w);
    assert_int_equal(store_status(w->hub, &after), 0);
    assert_true(after.number > before.number + 400000);
    assert_cell(w, "b", 1, "name", "乙");
    assert_int_equal(open_cases(w->hub), 0);
    assert_agree(w);
    world_end(w);
}

/* BUG found: numbers raised by a hello were not reserved, so the next start
 * refused its own file of numbers. */
TEST(a_hub_raised_by_a_station_starts_again)
{
    struct welcome welcome = {.life = 1, .number = 90000, .seq = 170000};
    W;

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    sync_all(w);
    say(w, "b", 1, "name=乙");
    say(w, "a", 1, "name=乙");
    sync_with(w, "b");
    assert_int_equal(
        store_settle_welcome(town_of(w, "a")->store, &welcome, NULL), 0);
    sync_with(w, "a");          /* the same: takes a number and no seq */
    restart_hub(w);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* BUG found: one hello near the top of what is believed locked out everybody
 * else, who then know a number above it. */
TEST(one_mad_hello_locks_nobody_out)
{
    struct welcome welcome = {.life = 1, .number = (uint64_t)1 << 48,
                              .seq = (uint64_t)1 << 48};
    struct store_status status;
    W;

    assert_int_equal(
        store_settle_welcome(town_of(w, "c")->store, &welcome, NULL), 0);
    exchange(w, "c", ALL, ALL);
    say(w, "a", 1, "mark=1 name=甲");
    sync_with(w, "a");
    say(w, "a", 1, "name=乙");
    sync_with(w, "a");
    assert_cell(w, "hub", 1, "name", "乙");
    assert_int_equal(store_status(w->hub, &status), 0);
    assert_true(status.number < 1000);  /* nor are its numbers used up */
    world_end(w);
}

static struct kinds *other_kinds(void)
{
    char *text = xmalloc(sizeof world_kinds + 64);
    struct kinds *kinds;

    snprintf(text, sizeof world_kinds + 64, "# 旧\n%s", world_kinds);
    kinds = kinds_of_text(text);
    free(text);
    return kinds;
}

/* BUG found: changes written under files the hub never had were refused as a
 * batch, for ever and without a word. */
TEST(changes_under_kinds_the_hub_never_met_are_not_stuck)
{
    struct kinds *kinds = other_kinds();
    struct town *town;
    W;

    town = town_of(w, "a");
    town->kinds = kinds;
    restart(w, "a");
    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    assert_cell(w, "hub", 1, "name", "甲");
    assert_int_equal(count_of(town->store, STATE_QUEUED), 0);
    world_end(w);
    kinds_free(kinds);
}

/* The county has struck a field; what was written before that says what it
 * said. */
TEST(changes_are_read_by_the_kinds_they_were_written_under)
{
    char *text = xstrdup(world_kinds), *field = strstr(text, "[field visit]");
    struct kinds *before;
    W;

    say(w, "a", 1, "mark=1 host=520527002");
    sync_all(w);
    say(w, "b", 1, "visit=来过");
    field[strlen("[field visi")] = 'u';         /* [field visiu] ... */
    memcpy(strstr(field, "id = 6"), "id =16", 6);
    store_close(w->hub);
    before = w->kinds;
    w->kinds = kinds_of_text(text);
    hub_open(w);
    sync_with(w, "b");
    assert_int_equal(count_of(w->hub, STATE_ASIDE), 0);
    assert_int_equal(count_of(w->hub, STATE_RETURNED), 0);
    assert_cell(w, "hub", 1, "visit", "来过");
    world_end(w);
    kinds_free(before);
    free(text);
}

/* BUG found: meta.kinds_from_hub was read and never written. */
TEST(a_station_keeps_the_kinds_of_the_hub_over_restarts)
{
    struct kinds *kinds = other_kinds();
    struct town *town;
    W;

    town = town_of(w, "a");
    town->kinds = kinds;
    restart(w, "a");
    sync_all(w);
    assert_memory_equal(store_kinds(town->store)->hash, w->kinds->hash, 32);
    restart(w, "a");
    assert_memory_equal(store_kinds(town->store)->hash, w->kinds->hash, 32);
    world_end(w);
    kinds_free(kinds);
}

/* Seventy restarts without a line: more origins than one hello names. */
TEST(a_pc_restarted_often_without_a_line_gets_everything_through)
{
    char what[32];
    W;

    say(w, "a", 1, "mark=1 name=甲");
    for (int i = 0; i < 70; i++) {
        restart(w, "a");
        snprintf(what, sizeof what, "name=甲%d", i);
        say(w, "a", 1, what);
    }
    for (int i = 0; i < 3; i++)
        sync_with(w, "a");
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 0);
    assert_cell(w, "hub", 1, "name", "甲69");
    assert_int_equal(open_cases(w->hub), 0);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* BUG found: a life in which nothing was decided was not written down, so the
 * second quiet start missed one, told all news again and doubled the seqs. */
TEST(a_quiet_hub_that_is_started_again_tells_nothing_anew)
{
    uint64_t reserved;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    restart_hub(w);
    reserved = w->reserved;
    for (int i = 0; i < 4; i++)
        restart_hub(w);
    assert_int_equal(w->reserved, reserved);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_draws_an_origin_that_goes_on),
        cmocka_unit_test(an_own_line_holds_over_restarts),
        cmocka_unit_test(a_token_asked_again_gives_the_same_receipt),
        cmocka_unit_test(a_token_for_another_edit_is_refused),
        cmocka_unit_test(
            an_imported_line_keeps_the_base_of_when_the_import_began),
        cmocka_unit_test(numbers_are_reserved_before_they_are_used),
        cmocka_unit_test(no_number_is_used_whose_reserve_failed),
        cmocka_unit_test(a_hub_with_a_higher_floor_goes_on),
        cmocka_unit_test(a_hub_raised_by_a_station_starts_again),
        cmocka_unit_test(one_mad_hello_locks_nobody_out),
        cmocka_unit_test(changes_under_kinds_the_hub_never_met_are_not_stuck),
        cmocka_unit_test(
            a_quiet_hub_that_is_started_again_tells_nothing_anew),
        cmocka_unit_test(
            changes_are_read_by_the_kinds_they_were_written_under),
        cmocka_unit_test(a_station_keeps_the_kinds_of_the_hub_over_restarts),
        cmocka_unit_test(
            a_pc_restarted_often_without_a_line_gets_everything_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
