/* Every mistake the author of a kind file can make, with the line it is in. */
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

static int read_one(const char *text, size_t len, struct kinds **out,
                    struct fault *fault)
{
    struct kind_file file = {"conf/pet.conf", {0}};
    uint8_t *copy = xmalloc(len);
    int rc;

    memcpy(copy, text, len);
    file.text = bytes_of(copy, len);
    *fault = (struct fault){0};
    rc = kinds_read(&file, 1, out, fault);
    free(copy);
    return rc;
}

/* Each row replaces `find` by `put` (with find NULL it is added at the end) and
 * expects a refusal at `line` that says `why`. */
static const struct {
    const char *find, *put;
    int line;
    const char *why;
} refusals[] = {
    /* [kind] */
    {base, "", 1, "begins with [kind]"},
    {"[kind]\n", "# x\n[codes x]\n1 = a\n[kind]\n", 2, "begins with [kind]"},
    {"id = 7\n", "", 1, "\"id = ...\" is missing"},
    {"name = pet\n", "", 1, "\"name = ...\" is missing"},
    {"label = 宠物\n", "", 1, "\"label = ...\" is missing"},
    {"id = 7", "id = 0", 2, "from 1 to 9999"},
    {"id = 7", "id = 07", 2, "from 1 to 9999"},
    {"id = 7", "id = x", 2, "from 1 to 9999"},
    {"id = 7", "id = 99999999999", 2, "from 1 to 9999"},
    {"name = pet", "name = Pet", 3, "a-z"},
    {"end = owner", "end = me", 5, "any owner host county"},
    {"end = owner", "ende = me", 5, "allowed: id name label end"},
    {"end = owner", "end = any\nend = any", 6, "twice"},
    {"end = owner", "end =", 5, "value is missing"},
    {"[kind]", "[kind x]", 1, "has no name"},
    {"[kind]", "[sort]", 1, "a section is [kind], [codes NAME]"},
    {NULL, "[kind]\n", BASE_LINES + 1, "line 1 already"},

    /* lists */
    {"[codes state]", "[codes]", 6, "[codes NAME]"},
    {"[codes state]", "[codes State]", 6, "[codes NAME]"},
    {"[codes state]", "[codes other]", 44, "no [codes state]"},
    {"[numbers county]", "[numbers state]", 9, "another list"},
    {"2 = 亡", "2 = 在", 8, "in this list already"},
    {"2 = 亡", "1 = 亡", 8, "in this list already"},
    {"2 = 亡", "2 alive = 亡", 8, "in this list already"},
    {"2 = 亡", "在 = 亡", 8, "in this list already"},
    {"2 = 亡", "2 = none", 8, "no label"},
    {"2 = 亡", "2 a b c d e f g h = 亡", 8, "at most 8"},
    {"2 = 亡", "2 =", 8, "value is missing"},
    {NULL, "[codes empty]\n", BASE_LINES + 1, "no line"},
    {"52 = 0527", "52 = 0524", 9, "520524 is in this list twice"},
    {"52 = 0527", "52 = 0527-", 11, "no ending"},
    {"52 = 0527", "52 = 0527-528", 11, "no ending"},
    {"52 = 0527", "52 = 0529-0527", 11, "no ending"},
    {"52 = 0527", "52 = 05x", 11, "no ending"},
    {"52 = 0527", "52 = 000000-999999", 11, "8000"},
    {"52 = 0527", "5205270000 = 100", 11, "12 digits"},
    {"52 = 0527", "贵州 = 0527", 11, "first digits"},

    /* cells */
    {"[cell identity]", "[cell end]", 12, "\"end\" already"},
    {"[cell life]", "[cell identity]", 31, "line 12 already"},
    {"[cell life]", "[cell Life]", 31, "[cell NAME]"},
    {"[cell life]", "[cell]", 31, "[cell NAME]"},
    {"id = 2\nlabel = 生命", "label = 生命", 31, "\"id = ...\""},
    {"label = 生命\n", "", 31, "\"label = ...\""},
    {"id = 2\nlabel = 生命", "id = 1\nlabel = 生命", 32, "identity has id 1"},
    {"id = 2\nlabel = 生命", "id = 0\nlabel = 生命", 32, "from 1 to 9999"},
    {"writer = county", "writer = all", 34, "any owner host county"},
    {"first = any", "first = all", 35, "any owner host county"},
    {"clash = fixed", "clash = never", 15, "review fixed"},
    {"keyed = yes", "keyed = true", 59, "no yes"},
    {"keyed = yes", "locked = yes", 59, "allowed: id label writer first"},
    {"keyed = yes\n", "", 56, "alone in a cell with \"keyed = yes\""},
    {"clash = fixed", "keyed = yes", 12, "a keyed cell has one field"},
    {"first = any", "keyed = yes", 36, "code that is not open"},
    {NULL, "[cell empty]\n", BASE_LINES + 1, "\"id = ...\""},
    {NULL, "[cell empty]\nid = 9\nlabel = x\n", BASE_LINES + 1, "no field"},

    /* steps */
    {"steps = state\n", "", 31, "go together"},
    {"step = none>在\nstep = 在>亡 host\n", "", 31, "go together"},
    {"steps = state", "steps = tag_no", 36, "no field tag_no in this cell"},
    {"steps = state", "steps = 状态", 36, "no field 状态"},
    {"steps = state", "steps = born", 36, "type code"},
    {"codes = state", "codes = state\nopen = yes", 36, "not open"},
    {"step = none>在", "step = none>来", 37, "no label"},
    {"step = none>在", "step = none>alive", 37, "no label"},
    {"step = none>在", "step = 无>在", 37, "no label"},
    {"step = none>在", "step = none-在", 37, "FROM>TO"},
    {"step = none>在", "step = none > 在", 37, "FROM>TO"},
    {"step = none>在", "step = 在>在", 37, "always allowed"},
    {"step = none>在", "step = 在>亡", 38, "twice"},
    {"step = 在>亡 host", "step = 在>亡 all", 38, "any owner host county"},
    {"role = host\n", "", 31, "role = host"},

    /* fields */
    {"[field born]", "[field state]", 45, "line 39 already"},
    {"[field born]", "[field Born]", 45, "[field NAME]"},
    {"[field born]", "[field before]", 45, "begins a rule"},
    {"[field born]", "[field 出生]", 45, "[field NAME]"},
    {"id = 4\ncell = life", "cell = life", 45, "\"id = ...\""},
    {"id = 4\ncell = life", "id = 4", 45, "\"cell = ...\""},
    {"label = 出生\n", "", 45, "\"label = ...\""},
    {"label = 出生\ntype = date\n", "label = 出生\n", 45, "\"type = ...\""},
    {"id = 4\ncell = life", "id = 3\ncell = life", 46, "state has id 3"},
    {"id = 4\ncell = life", "id = 4\ncell = x", 47, "no [cell x]"},
    {"id = 4\ncell = life", "id = 4\ncell = end", 47, "no [cell end]"},
    {"label = 出生\ntype = date", "label = 出生\ntype = day", 49,
     "text date month int bool code id18 org set"},
    {"label = 出生", "label = 状态", 48, "means the field state already"},
    {"label = 出生", "label = 号码", 48, "means the field tag_no already"},
    {"label = 出生", "label = tag_no", 48, "means the field tag_no already"},
    {"[field born]", "[field 号码]", 45, "[field NAME]"},
    {"alias = 牌号", "alias = 组织", 28, "means the field org already"},
    {"alias = 牌号", "alias = 号码", 28, "twice"},
    {"rough = yes", "rough = 1", 55, "no yes"},
    {"rough = yes", "color = 1", 55, "allowed: id cell label type"},
    {"rough = yes", "rough = yes\nrough = yes", 56, "twice"},
    {"rough = yes", "max = 9", 55, "type text, code or set"},
    {"rough = yes", "clean = name", 55, "type text or set"},
    {"rough = yes", "codes = state", 55, "type code"},
    {"rough = yes", "open = yes", 55, "type code"},
    {"rough = yes", "role = org", 55, "type org"},
    {"lookup = yes", "rough = yes", 30, "type date"},
    {"lookup = yes", "clean = all", 30, "plain name phone"},
    {"max = 9", "max = 0", 65, "from 1 to 2000"},
    {"max = 9", "max = 2001", 65, "from 1 to 2000"},
    {"max = 9", "required = yes", 65, "every type but set"},
    {"max = 9", "unique = yes", 65, "every type but set and bool"},
    {"max = 9", "lookup = yes", 65, "every type but set and bool"},
    {"codes = state\n", "", 39, "codes = LIST"},
    {"codes = state", "codes = county2", 44, "no [codes county2]"},
    {"role = org\n", "", 12, "role = org"},
    {"role = org", "role = all", 21, "org host"},
    {"role = org\nrequired = yes\n", "role = org\n", 21, "required = yes"},
    {"role = host", "role = org", 75, "org has this role already"},
    {"role = org\n", "role = host\n", 75, "org has this role already"},
    {"role = org\nrequired = yes\n[field tag_no]",
     "required = yes\n[field other]\nid = 99\ncell = life\nlabel = x\n"
     "type = org\nrole = org\n[field tag_no]", 27, "stands in the first cell"},

    /* rules */
    {"R2 = warning: ref", "R2 = ref", 89, "error: "},
    {"R2 = warning: ref", "R2 = Error: ref", 89, "error: "},
    {"R2 = warning", "R1 = warning", 89, "twice"},
    {"R2 = warning", "2 = warning", 0, NULL},
    {"R2 = warning", "R-2 = warning", 89, "a rule has a name"},
    {"R2 = warning", "R234567890123456 = warning", 89, "15"},
    {"R1.says", "R9.says", 88, "a rule of this file"},
    {"R1.says", "R1.say", 88, "NAME.says"},
    {NULL, "R1.says = x\n", BASE_LINES + 1, "twice"},
    {NULL, "R3 = error: needs born\n", BASE_LINES + 1, "the form"},
    {NULL, "R3 = error:\n", BASE_LINES + 1, "the form"},
    {NULL, "R3 = error: maybe born died\n", BASE_LINES + 1,
     "no [field maybe]"},
    {NULL, "R3 = error: required\n", BASE_LINES + 1, "required F"},
    {NULL, "R3 = error: required x\n", BASE_LINES + 1, "no [field x]"},
    {NULL, "R3 = error: required 出生\n", BASE_LINES + 1, "no [field 出生]"},
    {NULL, "R3 = error: required born died\n", BASE_LINES + 1, "required F"},
    {NULL, "R3 = error: state is 来 needs born\n", BASE_LINES + 1, "no label"},
    {NULL, "R3 = error: lost is yes needs born\n", BASE_LINES + 1,
     "true or false"},
    {NULL, "R3 = error: state is 在 wants born\n", BASE_LINES + 1, "the form"},
    {NULL, "R3 = error: state is 在 needs\n", BASE_LINES + 1, "the form"},
    {NULL, "R3 = error: state is needs born\n", BASE_LINES + 1, "no label"},
    {NULL, "R3 = error: state needs born died\n", BASE_LINES + 1,
     "the form"},
    {NULL, "R3 = error: before born\n", BASE_LINES + 1, "before F G"},
    {NULL, "R3 = error: before born lost\n", BASE_LINES + 1,
     "date, month or int"},
    {NULL, "R3 = error: min-gap born died 365\n", BASE_LINES + 1, "365d"},
    {NULL, "R3 = error: min-gap born died 1y\n", BASE_LINES + 1, "365d"},
    {NULL, "R3 = error: min-gap born died 365dd\n", BASE_LINES + 1, "365d"},
    {NULL, "R3 = error: min-gap born lost 365d\n", BASE_LINES + 1,
     "type date"},
    {NULL, "R3 = error: min-gap born died 1d except born\n", BASE_LINES + 1,
     "365d except"},
    {NULL, "R3 = error: min-gap born died 1d except born 1969\n",
     BASE_LINES + 1, "365d except"},
    {NULL, "R3 = error: min-gap born died 1d except born 1970-01-01.."
           "1969-01-01\n", BASE_LINES + 1, "earlier one first"},
    {NULL, "R3 = error: min-gap born died 1d except born 1969-02-30.."
           "1970-01-01\n", BASE_LINES + 1, "YYYY-MM-DD"},
    {NULL, "R3 = error: min-age born died 18y\n", BASE_LINES + 1,
     "min-age F G 18"},
    {NULL, "R3 = error: pattern tag_no\n", BASE_LINES + 1, "PATTERN"},
    {NULL, "R3 = error: pattern tag_no [0-9\n", BASE_LINES + 1,
     "a pattern is"},
    {NULL, "R3 = error: pattern toys x\n", BASE_LINES + 1, "other than set"},
    {NULL, "R3 = error: code tag_no 1-6\n", BASE_LINES + 1, "1-6 LIST"},
    {NULL, "R3 = error: code tag_no 0-6 county\n", BASE_LINES + 1,
     "1-6 LIST"},
    {NULL, "R3 = error: code tag_no 6-1 county\n", BASE_LINES + 1,
     "1-6 LIST"},
    {NULL, "R3 = error: code tag_no 1-6x county\n", BASE_LINES + 1,
     "1-6 LIST"},
    {NULL, "R3 = error: code tag_no 1-6 town\n", BASE_LINES + 1,
     "no [codes town]"},
    {NULL, "R3 = error: id18 tag_no\n", BASE_LINES + 1, "type id18"},
    {NULL, "R3 = error: id18 keeper age born\n", BASE_LINES + 1,
     "id18 F birth G"},
    {NULL, "R3 = error: id18 keeper birth tag_no\n", BASE_LINES + 1,
     "type date"},
    {NULL, "R3 = error: id18 keeper gender born\n", BASE_LINES + 1,
     "type code"},
    {NULL, "R3 = error: one-of born\n", BASE_LINES + 1, "one-of F G"},
    {NULL, "R3 = error: one-of born died born died born died born\n",
     BASE_LINES + 1, "at most 6"},
    {NULL, "R3 = error: ref tag_no\n", BASE_LINES + 1, "KIND.FIELD"},
    {NULL, "R3 = error: ref tag_no pet\n", BASE_LINES + 1, "KIND.FIELD"},
    {NULL, "R3 = error: ref tag_no cat.name\n", BASE_LINES + 1,
     "no file of the set has a kind cat"},
    {NULL, "R3 = error: ref tag_no pet.born\n", BASE_LINES + 1,
     "lookup = yes"},
    {NULL, "R3 = error: ref tag_no pet.号码\n", BASE_LINES + 1,
     "lookup = yes"},
    {NULL, "R3 = error: required born unless died\n", BASE_LINES + 1,
     "type bool"},
    {NULL, "R3 = error: required born unless x\n", BASE_LINES + 1,
     "no [field x]"},
    {NULL, "R3 = error: pattern tag_no a a a a a a a a a a a a a a a a a a a a "
           "a a a a\n", BASE_LINES + 1, "24 words"},

    /* below: lines that INI readers disagree about */
    {"label = 生命", "label = 生命 ; x", 33, "comment"},
    {"label = 生命", " label = 生命", 33, "margin"},
    {"label = 生命", "label = 生\xff", 33, "UTF-8"},
};

static char *replaced(const char *find, const char *put)
{
    size_t size = sizeof(base) + strlen(put) + 1;
    char *text = xmalloc(size);
    const char *at = find ? strstr(base, find) : base + strlen(base);

    assert_non_null(at);
    snprintf(text, size, "%.*s%s%s", (int)(at - base), base, put,
             at + (find ? strlen(find) : 0));
    return text;
}

static void test_refusals_name_the_line(void **state)
{
    struct kinds *kinds;
    struct fault fault;
    char where[40];
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        char *text = replaced(refusals[i].find, refusals[i].put);
        int rc = read_one(text, strlen(text), &kinds, &fault);

        if (!refusals[i].why) {
            assert_int_equal(rc, 0);
            kinds_free(kinds);
            free(text);
            continue;
        }
        snprintf(where, sizeof(where), "conf/pet.conf:%d", refusals[i].line);
        if (rc == 0 || strcmp(fault.where, where) != 0 ||
            !strstr(fault.why, refusals[i].why))
            print_error("row %zu (%s): %d %s: [%s] %s\n", i, refusals[i].put,
                        rc, fault.where, fault.field, fault.why);
        failed += rc == 0 || strcmp(fault.where, where) != 0 ||
                  !strstr(fault.why, refusals[i].why);
        assert_true(rc == ERR_CONFIG || rc == ERR_TEXT);
        assert_null(kinds);
        free(text);
    }
    assert_int_equal(failed, 0);
}

static void test_rule_forms(void **state)
{
    static const struct {
        const char *text;
        enum rule_form form;
    } table[] = {
        {"required born", RULE_REQUIRED},
        {"born needs died", RULE_NEEDS},
        {"lost is true needs died", RULE_NEEDS},
        {"born not-with died", RULE_NOT_WITH},
        {"state is 在 not-with died", RULE_NOT_WITH},
        {"before born died", RULE_BEFORE},
        {"min-gap born died 365d", RULE_MIN_GAP},
        {"min-gap born died 365d except born 1969-04-01..1977-08-11 unless "
         "lost", RULE_MIN_GAP},
        {"min-age born died 18", RULE_MIN_AGE},
        {"pattern tag_no [0-9]{3} [a-z]", RULE_PATTERN},
        {"code tag_no 1-6 county", RULE_CODE},
        {"id18 keeper", RULE_ID18},
        {"id18 keeper unless lost", RULE_ID18},
        {"id18 keeper birth born", RULE_ID18_BIRTH},
        {"id18 keeper gender state", RULE_ID18_GENDER},
        {"ref tag_no pet.tag_no", RULE_REF},
        {"one-of born died lost toys", RULE_ONE_OF},
    };
    struct kinds *kinds;
    struct fault fault;
    char put[200];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct rule *rule;
        char *text;

        snprintf(put, sizeof(put), "R3 = error: %s\n", table[i].text);
        text = replaced(NULL, put);
        assert_int_equal(read_one(text, strlen(text), &kinds, &fault), 0);
        rule = &kinds->list[0].rules[2];
        assert_int_equal(rule->form, table[i].form);
        assert_int_equal(rule->line, BASE_LINES + 1);
        if (rule->form == RULE_MIN_GAP && rule->except_from) {
            assert_int_equal(rule->gap, 365);
            assert_string_equal(rule->except_to, "1977-08-11");
            assert_true(rule->unless >= 0);
        }
        if (rule->form == RULE_PATTERN)
            assert_int_equal(rule->patterns, 2);
        if (rule->form == RULE_ONE_OF)
            assert_int_equal(rule->fields, 4);
        kinds_free(kinds);
        free(text);
    }
}

/* Each cut and one flipped bit in each byte: an answer, no crash, no leak; and
 * a set that is taken names itself by its own hash. */
static void test_rubbish(void **state)
{
    struct kinds *kinds, *whole;
    struct fault fault;
    char *copy = xmalloc(sizeof(base));

    (void)state;
    assert_int_equal(read_one(base, strlen(base), &whole, &fault), 0);
    for (size_t len = 0; len < strlen(base); len += 3)
        if (read_one(base, len, &kinds, &fault) == 0)
            kinds_free(kinds);
    for (size_t i = 0; i < strlen(base); i++) {
        memcpy(copy, base, sizeof(base));
        copy[i] = (char)(copy[i] ^ (1 << i % 8));
        if (read_one(copy, strlen(base), &kinds, &fault) < 0)
            continue;
        assert_memory_not_equal(kinds->hash, whole->hash, 32);
        kinds_free(kinds);
    }
    kinds_free(whole);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_name_the_line),
        cmocka_unit_test(test_rule_forms),
        cmocka_unit_test(test_rubbish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
