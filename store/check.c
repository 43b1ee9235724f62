#include "store/check.h"
#include "proto/value.h"

#include <assert.h>
#include <string.h>

void check_init(struct check_in *in, const struct kind *kind, int only_cell)
{
    in->kind = kind;
    in->only_cell = only_cell;
    in->alone = false;
    in->exists = NULL;
    in->user = NULL;
    memset(in->value, 0, sizeof in->value[0] * (size_t)kind->nfields);
}

static bool there(const struct check_in *in, int field)
{
    return in->value[field].len > 0;
}

static bool in_cell(const struct check_in *in, int field)
{
    return in->kind->fields[field].cell == in->only_cell;
}

static bool within(const struct check_in *in, const struct rule *rule)
{
    for (int i = 0; i < rule->fields; i++)
        if (!in_cell(in, rule->field[i]))
            return false;
    return true;
}

/* Does it look at no other cell at all, not even to be switched off? */
static bool alone(const struct check_in *in, const struct rule *rule)
{
    return within(in, rule) &&
           (rule->unless < 0 || in_cell(in, rule->unless)) &&
           (rule->except_from == NULL || in_cell(in, rule->except_field));
}

static bool speaks_of_cell(const struct check_in *in, const struct rule *rule)
{
    for (int i = 0; i < rule->fields; i++)
        if (in->kind->fields[rule->field[i]].cell == in->only_cell)
            return true;
    return false;
}

/* A record arrives cell by cell: what a rule wants to be there may be on its
 * way in another cell, so such a rule is asked within one cell only. */
static bool asked(const struct check_in *in, const struct rule *rule)
{
    if (in->only_cell == CHECK_ALL)
        return true;
    if (in->alone)
        return alone(in, rule);
    switch (rule->form) {
    case RULE_REQUIRED:
    case RULE_NEEDS:
    case RULE_ONE_OF:
        return within(in, rule);
    default:
        return speaks_of_cell(in, rule);
    }
}

static bool switched_off(const struct check_in *in, const struct rule *rule)
{
    return rule->unless >= 0 &&
           bytes_equal(in->value[rule->unless], bytes_text("true"));
}

/* "F is V": the first field has the value, or any when none is named. */
static bool condition(const struct check_in *in, const struct rule *rule)
{
    struct bytes value = in->value[rule->field[0]];

    if (rule->value == NULL)
        return value.len > 0;
    return bytes_equal(value, bytes_text(rule->value));
}

static bool excepted(const struct check_in *in, const struct rule *rule)
{
    int64_t day, from, to;

    return rule->except_from != NULL &&
           date_days(in->value[rule->except_field], &day) &&
           date_days(bytes_text(rule->except_from), &from) &&
           date_days(bytes_text(rule->except_to), &to) && day >= from &&
           day <= to;
}

/* A cleaned whole number has at most 15 digits. */
static int64_t number(struct bytes text)
{
    int64_t value = 0;

    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '-')
            value = value * 10 + (text.data[i] - '0');
    return text.len > 0 && text.data[0] == '-' ? -value : value;
}

/* Texts of dates and months compare like the dates, as far as both go. */
static bool in_order(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;

    assert(len > 0);
    return memcmp(a.data, b.data, len) <= 0;
}

static bool gap_kept(const struct check_in *in, const struct rule *rule,
                     struct bytes a, struct bytes b)
{
    int64_t from, to;

    if (excepted(in, rule) || !date_days(a, &from) || !date_days(b, &to))
        return true;
    return to - from >= rule->gap;
}

static bool pattern_kept(const struct rule *rule, struct bytes value)
{
    for (int i = 0; i < rule->patterns; i++)
        if (pattern_fits(rule->pattern[i], value))
            return true;
    return false;
}

static bool code_kept(const struct rule *rule, struct bytes value)
{
    char part[64];
    size_t from = (size_t)rule->part_from - 1, to = (size_t)rule->part_to;

    if (value.len < to || to - from >= sizeof part)
        return false;
    memcpy(part, value.data + from, to - from);
    part[to - from] = '\0';
    return codes_label(rule->codes, part) != NULL;
}

/* GB 11643: digits 7 to 14 are the date of birth. */
static bool birth_kept(struct bytes id, struct bytes birth)
{
    return id.len != 18 || birth.len != 10 ||
           (memcmp(id.data + 6, birth.data, 4) == 0 &&
            memcmp(id.data + 10, birth.data + 5, 2) == 0 &&
            memcmp(id.data + 12, birth.data + 8, 2) == 0);
}

/* GB 11643: an odd 17th digit is a man's. */
static bool gender_kept(struct bytes id, struct bytes gender)
{
    bool odd;

    if (id.len != 18)
        return true;
    odd = (id.data[16] - '0') % 2 == 1;
    if (bytes_equal(gender, bytes_text("男")))
        return odd;
    if (bytes_equal(gender, bytes_text("女")))
        return !odd;
    return true;
}

static bool any_there(const struct check_in *in, const struct rule *rule)
{
    for (int i = 0; i < rule->fields; i++)
        if (there(in, rule->field[i]))
            return true;
    return false;
}

static bool ref_kept(const struct check_in *in, const struct rule *rule,
                     struct bytes value)
{
    return in->exists == NULL ||
           in->exists(in->user, rule->ref_kind, rule->ref_field, value);
}

static bool kept(const struct check_in *in, const struct rule *rule)
{
    struct bytes a = in->value[rule->field[0]];
    struct bytes b = rule->fields > 1 ? in->value[rule->field[1]]
                                      : (struct bytes){NULL, 0};

    switch (rule->form) {
    case RULE_REQUIRED:
        return a.len > 0;
    case RULE_NEEDS:
        return !condition(in, rule) || b.len > 0;
    case RULE_NOT_WITH:
        return !condition(in, rule) || b.len == 0;
    case RULE_ONE_OF:
        return any_there(in, rule);
    default:
        break;
    }
    if (a.len == 0 || (rule->fields > 1 && b.len == 0))
        return true;            /* the rest speak of values that are there */
    switch (rule->form) {
    case RULE_BEFORE:
        return in->kind->fields[rule->field[0]].type == FIELD_INT
                   ? number(a) <= number(b)
                   : in_order(a, b);
    case RULE_MIN_GAP:
        return gap_kept(in, rule, a, b);
    case RULE_MIN_AGE:
        return a.len < 10 || b.len < 10 || date_years(a, b) >= rule->gap;
    case RULE_PATTERN:
        return pattern_kept(rule, a);
    case RULE_CODE:
        return code_kept(rule, a);
    case RULE_ID18:
        return id18_valid(a);
    case RULE_ID18_BIRTH:
        return birth_kept(a, b);
    case RULE_ID18_GENDER:
        return gender_kept(a, b);
    case RULE_REF:
        return ref_kept(in, rule, a);
    default:
        return true;
    }
}

static void found(struct finding *list, int *count, const struct rule *rule,
                  int field)
{
    if (*count < FINDINGS)
        list[(*count)++] = (struct finding){rule, field};
}

/* The field a person should look at: the last one named is the one that is
 * missing or too much, else the first. */
static int field_of(const struct rule *rule)
{
    bool last = rule->form == RULE_NEEDS || rule->form == RULE_NOT_WITH ||
                rule->form == RULE_MIN_GAP || rule->form == RULE_MIN_AGE ||
                rule->form == RULE_BEFORE;

    return rule->field[last ? rule->fields - 1 : 0];
}

int check(const struct check_in *in, struct finding *errors,
          struct finding *warnings, int *nwarnings)
{
    const struct kind *kind = in->kind;
    int nerrors = 0;

    *nwarnings = 0;
    for (int i = 0; i < kind->nfields; i++)
        if (kind->fields[i].required && !there(in, i) &&
            (in->only_cell == CHECK_ALL ||
             kind->fields[i].cell == in->only_cell))
            found(errors, &nerrors, NULL, i);
    for (int i = 0; i < kind->nrules; i++) {
        const struct rule *rule = &kind->rules[i];

        if (!asked(in, rule) || switched_off(in, rule) || kept(in, rule))
            continue;
        if (rule->error)
            found(errors, &nerrors, rule, field_of(rule));
        else
            found(warnings, nwarnings, rule, field_of(rule));
    }
    return nerrors;
}
