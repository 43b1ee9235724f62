/* Each form of rule: kept, broken, without values, switched off. */
#include "store/check.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define TEST(name) static void name(void **state)

static const char head[] =
    "[kind]\nid = 1\nname = thing\nlabel = 物\n"
    "[codes sex]\n1 = 男\n2 = 女\n0 = 未知\n"
    "[numbers county]\n52 = 0502 0521-0524\n"
    "[cell identity]\nid = 1\nlabel = 身份\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n"
    "[field idno]\nid = 2\ncell = identity\nlabel = 证号\ntype = id18\n"
    "lookup = yes\n"
    "[field exempt]\nid = 3\ncell = identity\nlabel = 免\ntype = bool\n"
    "[cell one]\nid = 2\nlabel = 一\n"
    "[field born]\nid = 4\ncell = one\nlabel = 生\ntype = date\nrough = yes\n"
    "[field joined]\nid = 5\ncell = one\nlabel = 入\ntype = date\n"
    "[field sex]\nid = 6\ncell = one\nlabel = 性\ntype = code\ncodes = sex\n"
    "[field phone]\nid = 7\ncell = one\nlabel = 电\ntype = text\n"
    "[cell two]\nid = 3\nlabel = 二\n"
    "[field low]\nid = 8\ncell = two\nlabel = 低\ntype = int\n"
    "[field high]\nid = 9\ncell = two\nlabel = 高\ntype = int\n"
    "[field m1]\nid = 10\ncell = two\nlabel = 月甲\ntype = month\n"
    "[field m2]\nid = 11\ncell = two\nlabel = 月乙\ntype = month\n"
    "[field regular]\nid = 12\ncell = two\nlabel = 转\ntype = date\n"
    "[field off]\nid = 13\ncell = two\nlabel = 停\ntype = bool\n"
    "[cell keys]\nid = 4\nlabel = 签\nkeyed = yes\n"
    "[field keys]\nid = 14\ncell = keys\nlabel = 签\ntype = set\n"
    "[rules]\n";

struct asked {
    int errors, warnings;
    char field[40], rule[16];   /* of the first finding */
};

static bool known;              /* what `exists` says */

static bool exists(void *user, const char *kind, const char *field,
                   struct bytes value)
{
    (void)user;
    assert_string_equal(kind, "thing");
    assert_string_equal(field, "idno");
    assert_true(value.len > 0);
    return known;
}

static struct kinds *kinds_with(const char *rules)
{
    static char text[8192];
    struct kind_file file = {"thing.conf", {0}};
    struct fault fault = {0};
    struct kinds *kinds;

    snprintf(text, sizeof text, "%s%s\n", head, rules);
    file.text = bytes_text(text);
    if (kinds_read(&file, 1, &kinds, &fault) < 0)
        fail_msg("%s: %s %s", rules, fault.where, fault.why);
    return kinds;
}

static void fill(const struct kind *kind, const char *values,
                 struct check_in *in)
{
    static char words[1024];

    snprintf(words, sizeof words, "%s", values);
    for (char *word = strtok(words, " "); word != NULL;
         word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        int field;

        *value++ = '\0';
        field = kind_field(kind, word);
        assert_true(field >= 0);
        in->value[field] = bytes_text(value);
    }
}

/* Ask one rule of a record with these values; "in CELL" names the only cell. */
static struct asked ask(const char *rule, const char *values, const char *cell)
{
    char line[512];
    struct kinds *kinds;
    const struct kind *kind;
    struct check_in in = {.only_cell = CHECK_ALL, .exists = exists};
    struct finding errors[FINDINGS], warnings[FINDINGS];
    struct asked out = {0};
    const struct finding *first;

    snprintf(line, sizeof line, "R1 = error: %s", rule);
    kinds = kinds_with(line);
    kind = &kinds->list[0];
    in.kind = kind;
    in.value[kind_field(kind, "org")] = bytes_text("520527001");
    fill(kind, values, &in);
    if (cell[0] != '\0')
        in.only_cell = kind_cell(kind, cell);
    out.errors = check(&in, errors, warnings, &out.warnings);
    first = out.errors > 0 ? &errors[0] : NULL;
    if (first != NULL) {
        snprintf(out.field, sizeof out.field, "%s",
                 kind->fields[first->field].name);
        snprintf(out.rule, sizeof out.rule, "%s",
                 first->rule == NULL ? "" : first->rule->id);
    }
    kinds_free(kinds);
    return out;
}

struct row {
    const char *rule, *values, *cell, *field;   /* NULL: kept */
};

#define MAN "idno=11010119800101001X"

static const struct row table[] = {
    {"required born", "born=1980-01-01", "", NULL},
    {"required born", "", "", "born"},
    {"required born unless off", "off=true", "", NULL},
    {"required born unless off", "off=false", "", "born"},
    {"required born", "", "two", NULL},
    {"required born", "", "one", "born"},

    {"born needs joined", "", "", NULL},
    {"born needs joined", "born=1980-01-01 joined=2000-01-01", "", NULL},
    {"born needs joined", "born=1980-01-01", "", "joined"},
    {"born needs joined", "born=1980-01-01", "one", "joined"},
    {"born needs regular", "born=1980-01-01", "", "regular"},
    {"born needs regular", "born=1980-01-01", "one", NULL},   /* on its way */
    {"sex is 男 needs phone", "sex=女", "", NULL},
    {"sex is 男 needs phone", "sex=男", "", "phone"},
    {"sex is 男 needs phone", "sex=男 phone=1", "", NULL},
    {"sex is 男 needs phone unless off", "sex=男 off=true", "", NULL},

    {"sex is 男 not-with phone", "sex=男 phone=1", "", "phone"},
    {"sex is 男 not-with phone", "sex=女 phone=1", "", NULL},
    {"sex is 男 not-with phone", "sex=男", "", NULL},
    {"born not-with joined", "born=1980-01-01 joined=2000-01-01", "",
     "joined"},
    {"born not-with joined", "joined=2000-01-01", "", NULL},
    {"sex is 男 not-with low", "sex=男 low=1", "one", "low"},
    {"sex is 男 not-with low", "sex=男 low=1", "two", "low"},
    {"sex is 男 not-with low", "sex=男 low=1", "identity", NULL},

    {"before born joined", "born=1980-01-01 joined=1980-01-01", "", NULL},
    {"before born joined", "born=1980-01-02 joined=1980-01-01", "", "joined"},
    {"before born joined", "born=1980-01 joined=1980-01-01", "", NULL},
    {"before born joined", "born=1980-02 joined=1980-01-01", "", "joined"},
    {"before born joined", "born=1980-01-02", "", NULL},
    {"before born joined", "joined=1980-01-02", "", NULL},
    {"before m1 m2", "m1=1987-06 m2=1987-07", "", NULL},
    {"before m1 m2", "m1=1987-07 m2=1987-06", "", "m2"},
    {"before low high", "low=2 high=3", "", NULL},
    {"before low high", "low=3 high=2", "", "high"},
    {"before low high", "low=-3 high=-2", "", NULL},
    {"before low high", "low=-2 high=-3", "", "high"},
    {"before low high", "low=-1 high=0", "", NULL},
    {"before born regular", "born=1980-01-02 regular=1980-01-01", "two",
     "regular"},

    {"min-gap joined regular 365d", "joined=2000-01-01 regular=2000-12-31",
     "", NULL},
    {"min-gap joined regular 366d", "joined=2000-01-01 regular=2000-12-31",
     "", "regular"},
    {"min-gap joined regular 365d", "joined=2001-01-01 regular=2000-12-31",
     "", "regular"},
    {"min-gap joined regular 365d", "joined=2000-01-01", "", NULL},
    {"min-gap born regular 365d", "born=1987-06 regular=1987-07-01", "",
     NULL},
    {"min-gap joined regular 365d except joined 1969-04-01..1977-08-11",
     "joined=1969-04-01 regular=1969-04-02", "", NULL},
    {"min-gap joined regular 365d except joined 1969-04-01..1977-08-11",
     "joined=1977-08-11 regular=1977-08-12", "", NULL},
    {"min-gap joined regular 365d except joined 1969-04-01..1977-08-11",
     "joined=1977-08-12 regular=1977-08-13", "", "regular"},
    {"min-gap joined regular 365d unless off",
     "joined=2000-01-01 regular=2000-01-02 off=true", "", NULL},
#define BORN_1980 \
    "min-gap joined regular 365d except born 1980-01-01..1980-12-31"
    {BORN_1980, "born=1980-06-01 joined=2000-01-01 regular=2000-01-02", "",
     NULL},
    {BORN_1980, "born=1979-12-31 joined=2000-01-01 regular=2000-01-02", "",
     "regular"},
    {BORN_1980, "born=1980-06 joined=2000-01-01 regular=2000-01-02", "",
     "regular"},
    {BORN_1980, "joined=2000-01-01 regular=2000-01-02", "", "regular"},

    {"min-age born joined 18", "born=1980-06-01 joined=1998-06-01", "", NULL},
    {"min-age born joined 18", "born=1980-06-01 joined=1998-05-31", "",
     "joined"},
    {"min-age born joined 18", "born=1980-06 joined=1981-01-01", "", NULL},
    {"min-age born joined 18", "joined=1981-01-01", "", NULL},
    {"min-age born joined 18", "born=1980-02-29 joined=1998-02-28", "",
     "joined"},
    {"min-age born joined 18", "born=1980-02-29 joined=1998-03-01", "", NULL},

    {"pattern phone 1[0-9]{10}", "phone=13800138000", "", NULL},
    {"pattern phone 1[0-9]{10}", "phone=1380013800", "", "phone"},
    {"pattern phone 1[0-9]{10} 0[0-9]{9,11}", "phone=08511234567", "", NULL},
    {"pattern phone 1[0-9]{10}", "", "", NULL},
    {"pattern phone 1[0-9]{10}", "phone=1", "two", NULL},

    {"code idno 1-6 county", "idno=520522198001010018", "", NULL},
    {"code idno 1-6 county", "idno=110101198001010018", "", "idno"},
    {"code idno 1-6 county", "idno=5205", "", "idno"},
    {"code idno 1-6 county", "", "", NULL},
    {"code idno 1-6 county unless exempt",
     "idno=110101198001010018 exempt=true", "", NULL},

    {"id18 idno", "idno=11010519491231002X", "", NULL},
    {"id18 idno", "idno=110105194912310021", "", "idno"},
    {"id18 idno", "", "", NULL},
    {"id18 idno unless exempt", "idno=1 exempt=true", "", NULL},
    {"id18 idno unless exempt", "idno=1 exempt=false", "", "idno"},
    {"id18 idno birth born", "idno=11010519491231002X born=1949-12-31", "",
     NULL},
    {"id18 idno birth born", "idno=11010519491231002X born=1949-12-30", "",
     "idno"},
    {"id18 idno birth born", "idno=11010519491231002X born=1948-12-31", "",
     "idno"},
    {"id18 idno birth born", "idno=11010519491231002X born=1949-11-31", "",
     "idno"},
    {"id18 idno birth born", "idno=11010519491231002X born=1949-12", "",
     NULL},
    {"id18 idno birth born", "idno=11010519491231002X", "", NULL},
    {"id18 idno gender sex", "idno=11010519491231002X sex=女", "", NULL},
    {"id18 idno gender sex", "idno=11010519491231002X sex=男", "", "idno"},
    {"id18 idno gender sex", "idno=11010519491231002X sex=未知", "", NULL},
    {"id18 idno gender sex", "idno=110105194912310 sex=男", "", NULL},

    {"one-of born phone keys", "", "", "born"},
    {"one-of born phone", "phone=1", "", NULL},
    {"one-of born phone keys", "keys=+", "", NULL},
    {"one-of born phone", "", "two", NULL},
    {"one-of born phone", "", "one", "born"},
    {"one-of born low", "", "one", NULL},   /* may be on its way */
};

TEST(the_table)
{
    (void)state;
    known = true;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct row *row = &table[i];
        struct asked is = ask(row->rule, row->values, row->cell);
        const char *field = row->field == NULL ? "" : row->field;

        if (strcmp(is.field, field) != 0 ||
            is.errors != (row->field != NULL))
            fail_msg("'%s' of '%s' in '%s': %d at '%s', not '%s'", row->rule,
                     row->values, row->cell, is.errors, is.field, field);
    }
}

/* BUG found: numbers were compared as texts. */
TEST(numbers_are_in_order_as_numbers)
{
    static const struct row row[] = {
        {"before low high", "low=9 high=10", "", NULL},
        {"before low high", "low=10 high=9", "", "high"},
        {"before low high", "low=1 high=12", "", NULL},
        {"before low high", "low=12 high=1", "", "high"},
        {"before low high", "low=-2 high=-1", "", NULL},
        {"before low high", "low=-1 high=-2", "", "high"},
        {"before low high", "low=-1 high=1", "", NULL},
        {"before low high", "low=1 high=-1", "", "high"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct asked is = ask(row[i].rule, row[i].values, "");

        if (is.errors != (row[i].field != NULL))
            fail_msg("%s", row[i].values);
    }
}

TEST(a_reference_asks_the_store)
{
    struct asked is;

    (void)state;
    known = true;
    is = ask("ref phone thing.idno", "phone=1", "");
    assert_int_equal(is.errors, 0);
    known = false;
    is = ask("ref phone thing.idno", "phone=1", "");
    assert_int_equal(is.errors, 1);
    is = ask("ref phone thing.idno", "", "");
    assert_int_equal(is.errors, 0);
    is = ask("ref phone thing.idno unless off", "phone=1 off=true", "");
    assert_int_equal(is.errors, 0);
}

TEST(nobody_to_ask_is_no_error)
{
    struct kinds *kinds = kinds_with("R1 = warning: ref phone thing.idno");
    struct check_in in = {.kind = &kinds->list[0], .only_cell = CHECK_ALL};
    struct finding errors[FINDINGS], warnings[FINDINGS];
    int nwarnings;

    (void)state;
    fill(in.kind, "org=520527001 phone=1", &in);
    assert_int_equal(check(&in, errors, warnings, &nwarnings), 0);
    assert_int_equal(nwarnings, 0);
    in.exists = exists;
    known = false;
    assert_int_equal(check(&in, errors, warnings, &nwarnings), 0);
    assert_int_equal(nwarnings, 1);
    assert_string_equal(warnings[0].rule->id, "R1");
    kinds_free(kinds);
}

TEST(a_required_field_is_asked_within_its_cell)
{
    struct kinds *kinds = kinds_with("R1 = warning: required born");
    struct check_in in = {.kind = &kinds->list[0], .only_cell = CHECK_ALL};
    struct finding errors[FINDINGS], warnings[FINDINGS];
    int nwarnings;

    (void)state;
    assert_int_equal(check(&in, errors, warnings, &nwarnings), 1);
    assert_null(errors[0].rule);
    assert_int_equal(errors[0].field, kind_field(in.kind, "org"));
    assert_int_equal(nwarnings, 1);
    in.only_cell = kind_cell(in.kind, "one");
    assert_int_equal(check(&in, errors, warnings, &nwarnings), 0);
    in.only_cell = kind_cell(in.kind, "identity");
    assert_int_equal(check(&in, errors, warnings, &nwarnings), 1);
    assert_int_equal(nwarnings, 0);
    kinds_free(kinds);
}

TEST(more_is_wrong_than_there_is_room_for)
{
    char rules[2048] = "";
    struct kinds *kinds;
    struct check_in in = {.only_cell = CHECK_ALL};
    struct finding errors[FINDINGS], warnings[FINDINGS];
    int nwarnings;

    (void)state;
    for (int i = 0; i < 2 * FINDINGS; i++) {
        char line[64];

        snprintf(line, sizeof line, "R%d = %s: required phone\n", i,
                 i % 2 == 0 ? "error" : "warning");
        strcat(rules, line);
    }
    kinds = kinds_with(rules);
    in.kind = &kinds->list[0];
    assert_int_equal(check(&in, errors, warnings, &nwarnings), FINDINGS);
    assert_null(errors[0].rule);
    assert_int_equal(nwarnings, FINDINGS);
    kinds_free(kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(numbers_are_in_order_as_numbers),
        cmocka_unit_test(a_reference_asks_the_store),
        cmocka_unit_test(nobody_to_ask_is_no_error),
        cmocka_unit_test(a_required_field_is_asked_within_its_cell),
        cmocka_unit_test(more_is_wrong_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
