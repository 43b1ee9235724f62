/* The table of merge: each question of store/README.md, each reason. */
#include "store/merge.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define TEST(name) static void name(void **state)

static const char text[] =
    "[kind]\nid = 1\nname = thing\nlabel = 物\nend = county\n"
    "[codes state]\n1 = 一\n2 = 二\n3 = 三\n"
    "[cell identity]\nid = 1\nlabel = 身份\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n"
    "[cell any]\nid = 2\nlabel = 谁\n"
    "[field any]\nid = 2\ncell = any\nlabel = 谁\ntype = text\n"
    "[cell owner]\nid = 3\nlabel = 主\nwriter = owner\n"
    "[field owner]\nid = 3\ncell = owner\nlabel = 主\ntype = text\n"
    "[cell host]\nid = 4\nlabel = 客\nwriter = host\n"
    "[field host]\nid = 4\ncell = host\nlabel = 客\ntype = org\nrole = host\n"
    "[cell county]\nid = 5\nlabel = 县\nwriter = county\nfirst = any\n"
    "[field county]\nid = 5\ncell = county\nlabel = 县\ntype = text\n"
    "[cell fixed]\nid = 6\nlabel = 定\nclash = fixed\n"
    "[field fixed]\nid = 6\ncell = fixed\nlabel = 定\ntype = text\n"
    "[cell state]\nid = 7\nlabel = 态\nwriter = owner\nsteps = state\n"
    "step = none>一\nstep = 一>二 host\nstep = 二>三 county\nstep = 二>none\n"
    "[field state]\nid = 7\ncell = state\nlabel = 态\ntype = code\n"
    "codes = state\n"
    "[field note]\nid = 8\ncell = state\nlabel = 注\ntype = text\n";

enum { END, IDENTITY, ANY, OWNER_CELL, HOST_CELL, COUNTY_CELL, FIXED, STATE };

/* What is in force and what the change says, "-" for emptied, "" for never
 * (in force), and how the author stands: any of o h c (scope), s (settles),
 * k (knew), e (the record has ended). */
struct row {
    int cell;
    const char *force, *change, *how;
    enum state state;
    enum reason reason;
};

#define TAKEN STATE_TAKEN, REASON_NONE
#define SAME STATE_SAME, REASON_NONE
#define PARKED(why) STATE_PARKED, REASON_##why

static const struct row table[] = {
    /* 1: is it the body in force? Nothing else is asked then. */
    {ANY, "x", "x", "", SAME},
    {ANY, "x", "x", "e", SAME},
    {COUNTY_CELL, "x", "x", "h", SAME},
    {FIXED, "x", "x", "o", SAME},
    {ANY, "", "-", "o", SAME},
    {ANY, "-", "-", "o", SAME},
    {END, "", "-", "o", SAME},
    {END, "x", "x", "o", SAME},
    {STATE, "二", "二", "h", SAME},
    /* 2: writers. */
    {ANY, "x", "y", "ok", TAKEN},
    {ANY, "x", "y", "hk", TAKEN},
    {ANY, "x", "y", "k", PARKED(PROPOSAL)},
    {ANY, "x", "-", "ok", TAKEN},
    {OWNER_CELL, "x", "y", "ok", TAKEN},
    {OWNER_CELL, "x", "y", "hk", PARKED(PROPOSAL)},
    {OWNER_CELL, "x", "-", "hk", PARKED(PROPOSAL)},
    {HOST_CELL, "x", "y", "hk", TAKEN},
    {HOST_CELL, "x", "y", "ok", PARKED(PROPOSAL)},
    {HOST_CELL, "x", "y", "ohk", TAKEN},
    {COUNTY_CELL, "x", "y", "ock", TAKEN},
    {COUNTY_CELL, "x", "y", "ok", PARKED(PROPOSAL)},
    {COUNTY_CELL, "x", "y", "oks", PARKED(PROPOSAL)},
    {END, "", "x", "ock", TAKEN},
    {END, "", "x", "ok", PARKED(PROPOSAL)},
    /* 2: first, only while nothing ever was. */
    {COUNTY_CELL, "", "y", "o", TAKEN},
    {COUNTY_CELL, "", "y", "h", TAKEN},
    {COUNTY_CELL, "-", "y", "ok", PARKED(PROPOSAL)},
    {OWNER_CELL, "", "y", "h", PARKED(PROPOSAL)},
    {HOST_CELL, "", "y", "o", PARKED(PROPOSAL)},
    /* 2: a step's own writer. */
    {STATE, "", "一", "o", TAKEN},
    {STATE, "", "一", "h", PARKED(PROPOSAL)},
    {STATE, "一", "二", "hk", TAKEN},
    {STATE, "一", "二", "ok", PARKED(PROPOSAL)},
    {STATE, "二", "三", "ock", TAKEN},
    {STATE, "二", "三", "ok", PARKED(PROPOSAL)},
    {STATE, "二", "-", "ok", TAKEN},
    {STATE, "二", "-", "hk", PARKED(PROPOSAL)},
    /* 3: ended. */
    {ANY, "x", "y", "oke", PARKED(ENDED)},
    {ANY, "", "y", "oe", PARKED(ENDED)},
    {ANY, "x", "-", "oke", PARKED(ENDED)},
    {ANY, "x", "y", "okse", TAKEN},
    {ANY, "x", "y", "hkse", PARKED(ENDED)},
    {ANY, "x", "y", "ose", PARKED(CLASH)},
    {END, "x", "-", "ocke", TAKEN},
    {END, "x", "y", "ocke", TAKEN},
    {HOST_CELL, "x", "y", "oke", PARKED(PROPOSAL)},
    /* 3: fixed. */
    {FIXED, "", "y", "o", TAKEN},
    {FIXED, "x", "y", "ok", PARKED(FIXED)},
    {FIXED, "-", "y", "ok", PARKED(FIXED)},
    {FIXED, "x", "-", "ok", PARKED(FIXED)},
    {FIXED, "x", "y", "oks", TAKEN},
    {FIXED, "x", "y", "hks", PARKED(FIXED)},
    {FIXED, "x", "y", "os", PARKED(CLASH)},
    {FIXED, "x", "y", "oke", PARKED(ENDED)},
    /* 3: steps. */
    {STATE, "", "二", "o", PARKED(STEP)},
    {STATE, "一", "三", "ok", PARKED(STEP)},
    {STATE, "三", "一", "ok", PARKED(STEP)},
    {STATE, "-", "二", "ok", PARKED(STEP)},
    {STATE, "-", "一", "ok", TAKEN},
    {STATE, "一", "-", "ok", PARKED(STEP)},
    {STATE, "三", "一", "oks", PARKED(STEP)},
    {STATE, "三", "一", "ocks", TAKEN},
    {STATE, "三", "一", "ocs", PARKED(CLASH)},
    /* 4: never anything in force: knowing is not asked. */
    {ANY, "", "y", "o", TAKEN},
    {END, "", "x", "oc", PARKED(CLASH)},
    /* 5: knowing. */
    {ANY, "x", "y", "o", PARKED(CLASH)},
    {ANY, "-", "y", "o", PARKED(CLASH)},
    {ANY, "-", "y", "ok", TAKEN},
    {ANY, "x", "-", "o", PARKED(CLASH)},
    {ANY, "x", "y", "os", PARKED(CLASH)},
    {END, "x", "-", "oc", PARKED(CLASH)},
};

static void body_say(const struct kind *kind, int cell, const char *say,
                     struct body *out)
{
    memset(out, 0, sizeof *out);
    if (say[0] == '\0' || say[0] == '-')
        return;
    body_set(out, cell == END ? END_REASON : (uint64_t)kind->cells[cell].id,
             bytes_text(say));
}

static void ask(const struct kind *kind, const struct row *row, int line)
{
    struct body force, change;
    enum reason reason;
    enum state state;
    struct merge_in in = {
        .kind = kind,
        .cell = row->cell,
        .ever = row->force[0] != '\0',
        .removed = row->force[0] == '-',
        .force = &force,
        .ended = strchr(row->how, 'e') != NULL,
        .removal = row->change[0] == '-',
        .body = &change,
        .settles = strchr(row->how, 's') != NULL,
        .knew = strchr(row->how, 'k') != NULL,
        .owner = strchr(row->how, 'o') != NULL,
        .host = strchr(row->how, 'h') != NULL,
        .county = strchr(row->how, 'c') != NULL,
    };

    body_say(kind, row->cell, row->force, &force);
    body_say(kind, row->cell, row->change, &change);
    state = merge(&in, &reason);
    if (state != row->state || reason != row->reason)
        fail_msg("row %d, %s: '%s' to '%s' by '%s' gave %s %s, not %s %s",
                 line, kind->cells[row->cell].name, row->force, row->change,
                 row->how, state_text(state), reason_text(reason),
                 state_text(row->state), reason_text(row->reason));
}

static struct kinds *kinds_here(void)
{
    struct kind_file file = {"thing.conf", bytes_text(text)};
    struct fault fault = {0};
    struct kinds *kinds;

    if (kinds_read(&file, 1, &kinds, &fault) < 0)
        fail_msg("%s %s", fault.where, fault.why);
    return kinds;
}

TEST(the_table)
{
    struct kinds *kinds = kinds_here();

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ask(&kinds->list[0], &table[i], (int)i);
    kinds_free(kinds);
}

/* Whatever the question, the answers keep to a few laws. */
TEST(laws_over_everything)
{
    static const char *const say[] = {"", "-", "一", "二", "三"};
    struct kinds *kinds = kinds_here();
    const struct kind *kind = &kinds->list[0];

    (void)state;
    for (int cell = 0; cell < kind->ncells; cell++)
        for (int i = 0; i < 5 * 4 * 64; i++) {
            int from = i % 5, to = 1 + i / 5 % 4, how = i / 20;
            struct body force, change;
            enum reason reason;
            struct merge_in in = {
                .kind = kind, .cell = cell, .ever = from > 0,
                .removed = from == 1, .force = &force, .removal = to == 1,
                .body = &change, .owner = how & 1, .host = how & 2,
                .county = how & 4, .knew = how & 8, .settles = how & 16,
                .ended = how & 32};
            enum state is;

            body_say(kind, cell, say[from], &force);
            body_say(kind, cell, say[to], &change);
            is = merge(&in, &reason);
            assert_true(is == STATE_TAKEN || is == STATE_SAME ||
                        is == STATE_PARKED);
            assert_int_equal(is == STATE_PARKED, reason != REASON_NONE);
            /* Nobody without a right ever takes anything. */
            if (!in.owner && !in.host && !in.county)
                assert_int_not_equal(is, STATE_TAKEN);
            /* Nothing known to nobody is overwritten. */
            if (in.ever && !in.knew)
                assert_int_not_equal(is, STATE_TAKEN);
            /* Knowing more and settling never costs a right. */
            if (is == STATE_TAKEN) {
                in.knew = true;
                assert_int_equal(merge(&in, &reason), STATE_TAKEN);
                in.settles = true;
                assert_int_equal(merge(&in, &reason), STATE_TAKEN);
            }
        }
    kinds_free(kinds);
}

TEST(who_may)
{
    (void)state;
    assert_true(merge_may(WRITER_ANY, true, false, false));
    assert_true(merge_may(WRITER_ANY, false, true, false));
    assert_false(merge_may(WRITER_ANY, false, false, false));
    assert_false(merge_may(WRITER_OWNER, false, true, true));
    assert_false(merge_may(WRITER_HOST, true, false, true));
    assert_false(merge_may(WRITER_COUNTY, true, true, false));
    assert_true(merge_may(WRITER_COUNTY, false, false, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(laws_over_everything),
        cmocka_unit_test(who_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
