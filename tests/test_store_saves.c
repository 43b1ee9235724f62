/* What a save may say, and what is refused before anything is written. */
#include "tests/disaster.c"

/* ---- a whole list ---- */

/* The page hands over all tags that stay. */
static void only_tags(struct world *w, struct edit *edit, const char *const *tags,
                      int count)
{
    int cell = kind_cell(edit->kind, "tags");

    (void)w;
    edit->nkeys = 0;
    for (int i = 0; i < count; i++) {
        edit->key[i].cell = cell;
        edit->key[i].key = bytes_text(tags[i]);
        edit->key[i].present = true;
        edit->nkeys++;
    }
    edit->whole[edit->nwhole++] = cell;
}

TEST(a_list_given_whole_replaces_what_was_there)
{
    static const char *const tags[] = {"蓝", "绿"};
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1 name=甲 tags+红 tags+蓝 tags+黄");
    say(w, "a", 1, "tags-黄");
    edit = edit_of(w, "a", 1, "name=乙");
    only_tags(w, edit, tags, 2);
    assert_int_equal(put(w, "a", edit), 0);
    assert_int_equal(w->receipt.changes, 3);    /* name, 绿, 红 goes */
    assert_string_equal(line_of(w, town_of(w, "a")->store, 1),
                        "520527001>: identity=520527001/1 name=乙 tags红=- "
                        "tags绿= tags蓝= tags黄=-");
    only_tags(w, edit = edit_of(w, "a", 1, "alias=又"), NULL, 0);
    assert_int_equal(put(w, "a", edit), 0);
    assert_int_equal(w->receipt.changes, 3);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* More keys go than one save can tell: nothing of it is written. */
TEST(a_list_that_is_too_long_to_be_emptied_at_once_is_refused)
{
    static char tags[256][12];
    struct town *town;
    struct edit *edit;
    uint64_t before;
    W;

    town = town_of(w, "a");
    say(w, "a", 1, "mark=1");
    for (int round = 0; round < 2; round++) {
        edit = edit_of(w, "a", 1, "name=甲");
        for (int i = 0; i < 170; i++) {
            snprintf(tags[i], sizeof tags[i], "t%d-%d", round, i);
            edit->key[i].cell = kind_cell(edit->kind, "tags");
            edit->key[i].key = bytes_text(tags[i]);
            edit->key[i].present = true;
        }
        edit->nkeys = 170;
        assert_int_equal(put(w, "a", edit), 0);
    }
    assert_int_equal(store_commit(town->store, NULL), 0);
    before = count_of(town->store, STATE_QUEUED);
    only_tags(w, edit = edit_of(w, "a", 1, "name=乙"), NULL, 0);
    assert_int_equal(put(w, "a", edit), ERR_SIZE);
    assert_non_null(strstr(w->fault.why, "320"));
    assert_int_equal(count_of(town->store, STATE_QUEUED), before);
    assert_cell(w, "a", 1, "name", "甲");
    world_end(w);
}

/* ---- refused ---- */

TEST(a_record_that_is_not_here_is_not_edited)
{
    struct edit *edit;
    W;

    edit = edit_of(w, "a", 1, "name=甲");
    edit->create = false;
    assert_int_equal(put(w, "a", edit), ERR_RECORD);
    edit->create = true;
    edit->kind = NULL;
    assert_int_equal(put(w, "a", edit), ERR_KIND);
    assert_int_equal(try_say(w, "a", 1, "org=520527002 mark=1"), ERR_SCOPE);
    assert_string_equal(w->fault.field, "org");
    say(w, "a", 1, "mark=1");
    edit = edit_of(w, "a", 1, "name=甲");
    edit->create = true;
    assert_int_equal(put(w, "a", edit), ERR_VALUE);
    /* The county's PC sees it only once it has been told. */
    assert_int_equal(count_of(town_of(w, "a")->store, STATE_QUEUED), 1);
    world_end(w);
}

static const char other_kind[] =
    "[kind]\nid = 2\nname = other\nlabel = 他\nend = any\n"
    "[cell identity]\nid = 1\nlabel = 身份\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n";

TEST(a_record_keeps_its_kind)
{
    struct kind_file files[] = {{"other.conf", bytes_text(other_kind)},
                                {"thing.conf", bytes_text(world_kinds)}};
    struct kinds *both, *one;
    struct edit *edit;
    W;

    assert_int_equal(kinds_read(files, 2, &both, NULL), 0);
    one = w->kinds;
    w->kinds = both;
    restart(w, "a");
    say(w, "a", 1, "mark=1");
    edit = edit_of(w, "a", 1, "name=甲");
    edit->kind = kinds_find(store_kinds(town_of(w, "a")->store), "other");
    edit->nset = 0;
    edit->ending = ENDING_END;
    assert_int_equal(put(w, "a", edit), ERR_KIND);
    assert_non_null(strstr(w->fault.why, "thing"));
    /* And under rules that know no such kind nothing is written blindly. */
    town_shut(town_of(w, "a"));
    w->kinds = one;
    kinds_free(both);
    both = kinds_of_text(other_kind);
    town_of(w, "a")->kinds = both;
    town_open(w, town_of(w, "a"));
    edit->kind = NULL;
    assert_int_equal(put(w, "a", edit), ERR_KIND);
    assert_string_equal(line_of(w, town_of(w, "a")->store, 1), "");
    world_free(w);
    kinds_free(both);
}

/* Each value may be as long as its field, all together not. */
TEST(a_cell_that_no_change_could_carry_is_refused)
{
    char *text = xmalloc(sizeof world_kinds + 40 * 100), *value;
    size_t at = (size_t)snprintf(text, sizeof world_kinds, "%s", world_kinds);
    const char *rules = strstr(world_kinds, "[rules]");
    struct kinds *long_kinds;
    struct edit *edit;
    W;

    at = (size_t)(rules - world_kinds);
    for (int i = 0; i < 36; i++)
        at += (size_t)snprintf(text + at, 100,
                               "[field f%d]\nid = %d\ncell = name\n"
                               "label = 长%d\ntype = text\nmax = 2000\n",
                               i, 100 + i, i);
    strcpy(text + at, rules);
    long_kinds = kinds_of_text(text);
    town_of(w, "a")->kinds = long_kinds;
    restart(w, "a");
    say(w, "a", 1, "mark=1");
    value = xmalloc(2000);
    memset(value, 'x', 2000);
    edit = edit_of(w, "a", 1, "name=甲");
    for (int i = 0; i < 36; i++) {
        snprintf(text, 10, "f%d", i);
        edit->set[edit->nset].field = kind_field(edit->kind, text);
        edit->set[edit->nset++].text = bytes_of((uint8_t *)value, 2000);
    }
    assert_int_equal(put(w, "a", edit), ERR_LONG);
    assert_string_equal(w->fault.field, "name");
    assert_null(cell_of(w, "a", 1, "name"));
    world_free(w);
    kinds_free(long_kinds);
    free(value);
    free(text);
}

TEST(the_hub_saves_nothing_of_its_own)
{
    struct receipt *out = xmalloc(sizeof *out);
    struct edit *edit;
    W;

    edit = edit_of(w, "a", 1, "mark=1 name=甲");
    assert_int_equal(store_put(w->hub, edit, out, &w->fault), ERR_SCOPE);
    assert_int_equal(store_try(w->hub, edit, out, NULL), ERR_SCOPE);
    assert_int_equal(count_of(w->hub, STATE_TAKEN), 0);
    free(out);
    world_end(w);
}

/* ---- an ending ---- */

TEST(an_ending_names_who_goes_on)
{
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1");
    say(w, "a", 2, "mark=2");
    edit = edit_of(w, "a", 2, "end=合并");
    edit->survivor = record_id(1);
    assert_int_equal(put(w, "a", edit), 0);
    assert_int_equal(w->receipt.changes, 1);
    sync_all(w);
    assert_non_null(strstr(line_of(w, w->hub, 2), " ended"));
    assert_true(news_tell(w, "a", 2, "52000000"));
    /* Ended is ended: the same again is nothing. */
    assert_int_equal(put(w, "a", edit_of(w, "a", 2, "end=合并")), 0);
    assert_int_equal(w->receipt.changes, 0);
    assert_int_equal(put(w, "a", edit_of(w, "a", 1, "undo")), 0);
    assert_int_equal(w->receipt.changes, 0);
    world_end(w);
}

/* A change with an empty name in it could not be read again by anybody. */
TEST(an_edit_that_settles_a_case_without_a_name_is_refused)
{
    struct edit *edit;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    edit = edit_of(w, "a", 1, "name=乙");
    edit->settles[edit->nsettles++].n = 0;
    assert_int_equal(put(w, "a", edit), ERR_CASE);
    assert_cell(w, "a", 1, "name", "甲");
    world_end(w);
}

/* ---- tokens ---- */

TEST(a_token_of_an_import_is_none_of_a_save)
{
    struct edit *edit;
    W;

    edit = edit_of(w, "a", 1, "mark=1");
    edit->token = bytes_text("t");
    assert_int_equal(put(w, "a", edit), 0);
    edit->imported = true;
    assert_int_equal(put(w, "a", edit), ERR_TOKEN);
    edit->imported = false;
    assert_int_equal(put(w, "a", edit), 0);
    assert_true(w->receipt.repeated);
    edit->author = bytes_text("另一人");
    edit->set[0].text = bytes_text("2");
    assert_int_equal(put(w, "a", edit), ERR_TOKEN);
    world_end(w);
}

/* ---- warnings ---- */

/* `rules` more at the end; what a save at a warns of. */
static int warnings_of(const char *rules, const char *what,
                       struct receipt *out)
{
    size_t size = sizeof world_kinds + strlen(rules) + 1;
    struct world *w = world_new();
    char *text = xmalloc(size);
    struct kinds *kinds;

    snprintf(text, size, "%s%s", world_kinds, rules);
    kinds = kinds_of_text(text);
    town_of(w, "a")->kinds = kinds;
    restart(w, "a");
    say(w, "a", 9, "mark=9 name=有");
    say(w, "a", 1, what);
    *out = w->receipt;
    world_end(w);
    kinds_free(kinds);
    free(text);
    return out->warnings;
}

TEST(a_warning_is_told_once_and_never_refuses)
{
    static const char ref[] = "R3 = warning: ref alias thing.mark\n"
                              "R4 = warning: ref name thing.mark\n";
    struct receipt *out = xmalloc(sizeof *out);

    (void)state;
    assert_int_equal(warnings_of(ref, "mark=1 name=9 alias=9", out), 0);
    assert_int_equal(warnings_of(ref, "mark=1 name=9 alias=8", out), 1);
    assert_string_equal(out->warning[0].rule, "R3");
    assert_string_equal(out->warning[0].field, "alias");
    assert_int_equal(warnings_of(ref, "mark=9 name=8 alias=9", out), 2);
    free(out);
}

TEST(warnings_beyond_what_a_receipt_holds_are_left_out)
{
    struct receipt *out = xmalloc(sizeof *out);
    char rules[1000] = "";

    (void)state;
    for (int i = 3; i < 23; i++)
        snprintf(rules + strlen(rules), 60,
                 "R%d = warning: ref alias thing.mark\n", i);
    assert_int_equal(warnings_of(rules, "mark=1 alias=8", out), WARNINGS);
    free(out);
}

TEST(a_broken_rule_says_what_its_file_says)
{
    struct world *w = world_new();
    struct receipt *out = xmalloc(sizeof *out);
    struct edit *edit;

    (void)state;
    say(w, "a", 1, "mark=1");
    edit = edit_of(w, "a", 1, "since=2024-01-02 until=2024-01-01");
    assert_int_equal(put(w, "a", edit), ERR_RULE);
    assert_string_equal(w->fault.rule, "R1");
    assert_true(strlen(w->fault.why) > 0);
    assert_int_equal(store_put(town_of(w, "a")->store, edit, out, NULL),
                     ERR_RULE);
    assert_int_equal(store_try(town_of(w, "a")->store, edit, out, NULL),
                     ERR_RULE);
    assert_int_equal(try_say(w, "a", 2, "org= mark=2"), ERR_SCOPE);
    free(out);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_given_whole_replaces_what_was_there),
        cmocka_unit_test(
            a_list_that_is_too_long_to_be_emptied_at_once_is_refused),
        cmocka_unit_test(a_record_that_is_not_here_is_not_edited),
        cmocka_unit_test(a_record_keeps_its_kind),
        cmocka_unit_test(a_cell_that_no_change_could_carry_is_refused),
        cmocka_unit_test(the_hub_saves_nothing_of_its_own),
        cmocka_unit_test(an_ending_names_who_goes_on),
        cmocka_unit_test(
            an_edit_that_settles_a_case_without_a_name_is_refused),
        cmocka_unit_test(a_token_of_an_import_is_none_of_a_save),
        cmocka_unit_test(a_warning_is_told_once_and_never_refuses),
        cmocka_unit_test(warnings_beyond_what_a_receipt_holds_are_left_out),
        cmocka_unit_test(a_broken_rule_says_what_its_file_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
