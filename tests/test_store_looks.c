/* A page cannot be read while somebody looks: he is told so, or sees all of it.
 * Half a record, or a case without its values, would be worked on as if it were
 * the whole. */
#include "tests/disaster.c"
#include "tests/failing.c"

#include "store/care.h"
#include "store/compare.h"

enum { TOLD = 16 * 1024 };

static void lived(struct world *w)
{
    say(w, "a", 1, "mark=1 name=甲 host=520527002 tags+红 born=1990-01-02");
    say(w, "a", 2, "mark=2 name=乙");
    say(w, "b", 3, "mark=3 name=丙 host=520527001");
    sync_all(w);
    say(w, "county", 1, "name=县");
    say(w, "b", 3, "end=迁出");
    sync_with(w, "b");
    sync_with(w, "county");
    say(w, "a", 1, "name=我 born=1991-01-01");
    sync_all(w);
    say(w, "a", 1, "name=再 tags-红");
    say(w, "a", 2, "end=误");
}

/* ---- looking ---- */

static void tell(char *out, const char *format, ...)
{
    size_t at = strlen(out);
    va_list args;

    va_start(args, format);
    vsnprintf(out + at, TOLD - at, format, args);
    va_end(args);
}

static void tell_body(char *out, bool present, const struct body *body)
{
    tell(out, present ? " [" : " -[");
    body_text(body, out, TOLD);
    tell(out, "]");
}

static int look_at_records(struct store *store, char *out)
{
    static struct shown shown;
    struct id after, *from = NULL;
    int rc;

    shown_init(&shown);
    while ((rc = store_next(store, thing(store), from, &shown)) == 1) {
        char line[4096];

        after = shown.record;
        from = &after;
        shown_text(&shown, line, sizeof line);
        tell(out, "%s", line);
        for (int i = 0; i < shown.cells; i++)
            tell(out, " %d/%d", (int)shown.cell[i].state,
                 (int)shown.cell[i].base);
        tell(out, " %d %d\n", (int)shown.state, (int)shown.end_base);
    }
    shown_done(&shown);
    return rc;
}

static int look_at_one(struct store *store, char *out)
{
    static struct shown shown;
    struct id id = record_id(1);
    const struct kind *kind;
    char line[4096];
    int rc = store_kind_of(store, &id, &kind);

    if (rc < 0)
        return rc;
    shown_init(&shown);
    rc = store_show(store, &id, &shown);
    if (rc == 0) {
        shown_text(&shown, line, sizeof line);
        tell(out, "%s %s\n", kind->name, line);
    }
    shown_done(&shown);
    return rc;
}

static int tell_past(void *user, const struct past *past)
{
    tell(user, "%d %d %d", (int)past->state, (int)past->number,
         (int)past->reason);
    tell_body(user, !past->change.removal, &past->change.body);
    return 0;
}

static int look_back(struct store *store, char *out)
{
    struct id id = record_id(1);

    return store_history(store, &id, tell_past, out);
}

static void tell_case(char *out, const struct shown_case *shown)
{
    tell(out, "%d %d %d %d %d %.*s/%.*s", (int)shown->reason, shown->cell,
         (int)shown->number, shown->open, shown->own,
         (int)shown->parked.author.len, (const char *)shown->parked.author.data,
         (int)shown->in_force_author.len,
         (const char *)shown->in_force_author.data);
    tell_body(out, !shown->parked.removal, &shown->parked.body);
    tell_body(out, shown->in_force_present, &shown->in_force);
    tell_body(out, shown->base_present, &shown->base_value);
    tell(out, "\n");
}

static int look_at_cases(struct store *store, char *out)
{
    static struct shown_case shown, one;
    int rc;

    shown_case_init(&shown);
    shown_case_init(&one);
    shown.row = 0;
    while ((rc = store_next_case(store, shown.row, &shown)) == 1) {
        tell_case(out, &shown);
        rc = store_case(store, &shown.name, &one);
        if (rc < 0)
            break;
        tell_case(out, &one);
    }
    shown_case_done(&shown);
    shown_case_done(&one);
    return rc;
}

static int look_at_status(struct store *store, char *out)
{
    struct store_status status;
    int rc = store_status(store, &status);

    tell(out, "%d %d %d %d %d", (int)status.written, (int)status.records,
         (int)status.cases, status.loading, (int)status.number);
    return rc;
}

static int look_whether_whole(struct store *store, char *out)
{
    struct verify *verify = verify_new(store);
    struct fault fault;
    int rc;

    while ((rc = verify_step(verify, &fault)) == 1)
        ;
    tell(out, "%d", (int)verify_found(verify)->changes);
    verify_free(verify);
    return rc;
}

/* ---- with one page that cannot be read ---- */

typedef int (*look_fn)(struct store *store, char *out);

static void each_step(struct store *store, look_fn look, int code)
{
    char *right = xmalloc(TOLD), *is = xmalloc(TOLD);
    bool failed = true;

    right[0] = '\0';
    assert_true(look(store, right) >= 0);
    assert_true(strlen(right) > 0);
    for (int k = 1; failed; k++) {
        int rc;

        is[0] = '\0';
        steps_from(store, k, code);
        rc = look(store, is);
        failed = steps_end();
        if (rc >= 0 && strcmp(is, right) != 0)
            fail_msg("step %d, %s:\n%s\nnot\n%s", k, steps.sql, is, right);
        if (!failed)
            assert_true(rc >= 0);
        assert_true(failed || k > 1);
    }
    free(right);
    free(is);
}

static void everywhere(look_fn look)
{
    struct world *w = world_new();

    lived(w);
    each_step(town_of(w, "a")->store, look, SQLITE_CORRUPT);
    each_step(w->hub, look, SQLITE_IOERR_READ);
    world_end(w);
}

TEST(a_list_of_records_is_whole_or_an_error)
{
    (void)state;
    everywhere(look_at_records);
}

TEST(a_record_is_whole_or_an_error)
{
    (void)state;
    everywhere(look_at_one);
}

TEST(a_history_is_whole_or_an_error)
{
    (void)state;
    everywhere(look_back);
}

TEST(a_case_is_whole_or_an_error)
{
    (void)state;
    everywhere(look_at_cases);
}

TEST(counts_are_right_or_an_error)
{
    (void)state;
    everywhere(look_at_status);
}

TEST(a_store_that_cannot_be_read_is_not_called_whole)
{
    (void)state;
    everywhere(look_whether_whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_records_is_whole_or_an_error),
        cmocka_unit_test(a_record_is_whole_or_an_error),
        cmocka_unit_test(a_history_is_whole_or_an_error),
        cmocka_unit_test(a_case_is_whole_or_an_error),
        cmocka_unit_test(counts_are_right_or_an_error),
        cmocka_unit_test(a_store_that_cannot_be_read_is_not_called_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
