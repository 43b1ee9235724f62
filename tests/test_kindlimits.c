/* How much a kind file may hold, and what else its rules must not say: each is
 * refused, with the line and what would be right. */
#include "proto/kind.h"
#include "tests/pet.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST(name) static void name(void **state)

static int read_one(const char *text, struct kinds **out, struct fault *fault)
{
    struct kind_file file = {"pet.conf", bytes_text(text)};

    *fault = (struct fault){0};
    return kinds_read(&file, 1, out, fault);
}

static void refused(const char *text, const char *why)
{
    struct kinds *kinds;
    struct fault fault;

    if (read_one(text, &kinds, &fault) != ERR_CONFIG ||
        strstr(fault.why, why) == NULL || strstr(fault.where, ":") == NULL)
        fail_msg("not \"%s\" but %s %s", why, fault.where, fault.why);
    assert_null(kinds);
}

static void taken(const char *text)
{
    struct kinds *kinds;
    struct fault fault;

    if (read_one(text, &kinds, &fault) < 0)
        fail_msg("%s %s", fault.where, fault.why);
    kinds_free(kinds);
}

/* The file, and `count` times `each` with numbers from `first` on behind it. */
static char *many(const char *head, int first, int count, const char *each)
{
    size_t size = sizeof base + (size_t)(count + 2) * (strlen(each) + 90), at;
    char *text = xmalloc(size);

    at = (size_t)snprintf(text, size, "%s%s", base, head);
    for (int i = first; i < first + count; i++)
        at += (size_t)snprintf(text + at, size - at, each, i, i, i);
    return text;
}

/* `head` and the first `most` are taken, one more is refused. */
static void at_most(const char *head, int first, int most, const char *each,
                    const char *why)
{
    char *text = many(head, first, most, each);

    taken(text);
    free(text);
    text = many(head, first, most + 1, each);
    refused(text, why);
    free(text);
}

#define FIELD(letter, digit) \
    "[field " letter "%1$d]\nid = %1$d" digit "\ncell = c%1$d\n" \
    "label = y" letter "%1$d\ntype = int\n"

TEST(a_file_has_its_limits)
{
    char *text;

    (void)state;
    /* The base has 2 rules, 9 fields and 4 cells; lists hold numbers. */
    at_most("", 100, 126, "R%d = error: born needs died\n", "128 rules");
    at_most("[cell more]\nid = 50\nlabel = x\n", 100, 64,
            "[field f%d]\nid = %d\ncell = more\nlabel = x%d\ntype = int\n",
            "fields");
    at_most("", 100, 60,
            "[cell c%1$d]\nid = %1$d\nlabel = x\n[field c%1$d]\nid = %1$d\n"
            "cell = c%1$d\nlabel = y%1$d\ntype = int\n", "64 cells");
    text = many("", 100, 50,
                "[cell c%1$d]\nid = %1$d\nlabel = x\n" FIELD("a", "1")
                FIELD("b", "2") FIELD("c", "3") FIELD("d", "4") FIELD("e", "5"));
    refused(text, "256 fields");
    free(text);
}

TEST(a_list_of_numbers_has_its_limits)
{
    char text[sizeof base + 2000];
    size_t at = (size_t)snprintf(text, sizeof text, "%s[numbers wide]\n52 =",
                                 base);

    (void)state;
    for (int i = 0; i <= 64; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " %d", i % 10);
    snprintf(text + at, sizeof text - at, "\n");
    refused(text, "at most 64 endings");
}

TEST(a_label_is_short)
{
    char text[sizeof base + 400], label[200];

    (void)state;
    memset(label, 'x', sizeof label);
    label[117] = '\0';
    snprintf(text, sizeof text, "%s[cell more]\nid = 50\nlabel = %s\n"
                                "[field more]\nid = 50\ncell = more\n"
                                "label = m\ntype = int\n", base, label);
    taken(text);
    label[117] = 'x';
    label[118] = '\0';
    snprintf(text, sizeof text, "%s[cell more]\nid = 50\nlabel = %s\n", base,
             label);
    refused(text, "at most 117");
}

/* ---- rules ---- */

TEST(rules_that_say_nothing_that_can_be_asked)
{
    static const struct {
        const char *rule, *why;
    } table[] = {
        {"before died count", "of one type"},
        {"min-gap born", "365d"},
        {"min-gap born died", "365d"},
        {"min-gap born died d", "365d"},
        {"min-gap born died 123456d", "365d"},
        {"min-gap born died 1d else", "365d"},
        {"min-gap born died 1d except nothing 1970-01-01..1970-01-02",
         "no [field nothing]"},
        {"min-gap born died 1d except lost 1970-01-01..1970-01-02",
         "type date"},
        {"min-gap born died 1d except born 1970-01-01-1970-01-02",
         "365d except"},
        {"min-gap born died 1d except born 1970-01-01..1970-02-30",
         "YYYY-MM-DD"},
        {"min-age born", "min-age F G 18"},
        {"min-age lost died 18", "type date"},
        {"pattern", "PATTERN"},
        {"code", "1-6 LIST"},
        {"code tag_no -6 county", "1-6 LIST"},
        {"code tag_no 16 county", "1-6 LIST"},
        {"code tag_no 1- county", "1-6 LIST"},
        {"code tag_no 1234-5 county", "1-6 LIST"},
        {"code tag_no 1-1234 county", "1-6 LIST"},
        {"code toys 1-6 county", "other than set"},
        {"ref", "KIND.FIELD"},
        {"ref toys pet.tag_no", "other than set"},
        {"one-of", "one-of F G"},
        {"one-of nothing born", "no [field nothing]"},
        {"one-of born nothing", "no [field nothing]"},
        {"one-of born died nothing", "no [field nothing]"},
        {"state is 在", "the form"},
        {"state is alive needs born", "no label"},
        {"lost is false needs nothing", "no [field nothing]"},
        {"nothing is 在 needs born", "no [field nothing]"},
    };
    char text[sizeof base + 400];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(text, sizeof text, "%s[field count]\nid = 50\ncell = life\n"
                                    "label = 数\ntype = int\n", base);
        snprintf(strstr(text, "[rules]"), 200,
                 "[field count]\nid = 50\ncell = life\nlabel = 数\n"
                 "type = int\n[rules]\nR3 = error: %s\n", table[i].rule);
        refused(text, table[i].why);
    }
}

/* ---- the text of another machine ---- */

TEST(a_name_in_the_text_of_another_machine_is_short)
{
    char text[400], name[200];
    struct kinds *kinds;
    struct fault fault;

    (void)state;
    for (size_t len = 64; len <= 110; len += 46) {
        memset(name, 'a', sizeof name);
        name[len] = '\0';
        snprintf(text, sizeof text, "file %s.conf 7\n[kind]\n", name);
        assert_int_equal(kinds_read_text(bytes_text(text), &kinds, &fault),
                         ERR_FORMAT);
        assert_null(kinds);
    }
}

TEST(more_files_than_there_may_be_are_refused)
{
    char text[KINDS_MAX * 40 + 40] = "";
    struct kinds *kinds;
    struct fault fault;

    (void)state;
    for (int i = 0; i <= KINDS_MAX; i++)
        snprintf(text + strlen(text), 40, "file k%02d.conf 7\n[kind]\n", i);
    assert_int_equal(kinds_read_text(bytes_text(text), &kinds, &fault),
                     ERR_FORMAT);
    assert_null(kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_its_limits),
        cmocka_unit_test(a_list_of_numbers_has_its_limits),
        cmocka_unit_test(a_label_is_short),
        cmocka_unit_test(rules_that_say_nothing_that_can_be_asked),
        cmocka_unit_test(a_name_in_the_text_of_another_machine_is_short),
        cmocka_unit_test(more_files_than_there_may_be_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
