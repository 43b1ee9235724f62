/* The forms a rule may have; kindrule.c reads what stands around them. */
#include "proto/kindrule.h"
#include "proto/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY_TYPE (~0u)

typedef int (*form_fn)(struct rule_line *line);

int rule_bad_form(const struct rule_line *line)
{
    return draft_bad(line->draft, line->entry->line, line->entry->name,
                     "this rule has the form \"%s\"", line->usage);
}

int rule_field(const struct rule_line *line, const char *word, unsigned types,
               const char *allowed, int *out)
{
    int index = kind_field(line->kind, word);

    /* By its name only: a label or alias may be changed without a thought. */
    if (index < 0 || strcmp(line->kind->fields[index].name, word) != 0)
        return draft_bad(line->draft, line->entry->line, line->entry->name,
                         "there is no [field %s] in this file", word);
    if (!(types & TYPE(line->kind->fields[index].type)))
        return draft_bad(line->draft, line->entry->line, line->entry->name,
                         "%s should be a field of type %s", word, allowed);
    *out = index;
    return 0;
}

/* The next word is a field that the rule speaks about. */
static int take_field(struct rule_line *line, unsigned types,
                      const char *allowed)
{
    struct rule *rule = line->rule;
    int rc;

    if (line->at == line->count || rule->fields == RULE_FIELDS)
        return rule_bad_form(line);
    rc = rule_field(line, line->words[line->at++], types, allowed,
                    &rule->field[rule->fields]);
    if (rc == 0)
        rule->fields++;
    return rc;
}

static int take_any(struct rule_line *line)
{
    return take_field(line, ANY_TYPE, "any");
}

static int take_date(struct rule_line *line)
{
    return take_field(line, TYPE(FIELD_DATE), "date");
}

/* "365d" with unit 'd', "18" with unit '\0'. */
static int take_gap(struct rule_line *line, char unit)
{
    const char *word;
    size_t len;

    if (line->at == line->count)
        return rule_bad_form(line);
    word = line->words[line->at++];
    len = strspn(word, "0123456789");
    if (len == 0 || len > 5 || word[len] != unit ||
        (unit && word[len + 1] != '\0'))
        return rule_bad_form(line);
    line->rule->gap = (int)strtol(word, NULL, 10);
    return 0;
}

static int read_one(struct rule_line *line)
{
    return take_any(line);
}

static int read_before(struct rule_line *line)
{
    const struct field *fields = line->kind->fields;
    unsigned types = TYPE(FIELD_DATE) | TYPE(FIELD_MONTH) | TYPE(FIELD_INT);
    int rc = take_field(line, types, "date, month or int");

    if (rc == 0)
        rc = take_field(line, types, "date, month or int");
    if (rc == 0 && fields[line->rule->field[0]].type !=
                       fields[line->rule->field[1]].type)
        rc = draft_bad(line->draft, line->entry->line, line->entry->name,
                       "both fields should be of one type");
    return rc;
}

/* "except F 1969-04-01..1977-08-11" */
static int read_except(struct rule_line *line)
{
    struct rule *rule = line->rule;
    char *from, *to;
    int64_t first, last;
    int rc;

    line->at++;
    if (line->count - line->at != 2)
        return rule_bad_form(line);
    rc = rule_field(line, line->words[line->at], TYPE(FIELD_DATE), "date",
                    &rule->except_field);
    if (rc < 0)
        return rc;
    from = line->words[line->at + 1];
    to = strstr(from, "..");
    if (!to)
        return rule_bad_form(line);
    *to = '\0';
    to += 2;
    if (!date_days(bytes_text(from), &first) ||
        !date_days(bytes_text(to), &last) || first > last)
        return draft_bad(line->draft, line->entry->line, line->entry->name,
                         "two dates YYYY-MM-DD..YYYY-MM-DD, the earlier one "
                         "first");
    rule->except_from = xstrdup(from);
    rule->except_to = xstrdup(to);
    line->at += 2;
    return 0;
}

static int read_min_gap(struct rule_line *line)
{
    int rc = take_date(line);

    if (rc == 0)
        rc = take_date(line);
    if (rc == 0)
        rc = take_gap(line, 'd');
    if (rc == 0 && line->at < line->count &&
        strcmp(line->words[line->at], "except") == 0)
        rc = read_except(line);
    return rc;
}

static int read_min_age(struct rule_line *line)
{
    int rc = take_date(line);

    if (rc == 0)
        rc = take_date(line);
    return rc < 0 ? rc : take_gap(line, '\0');
}

static int read_pattern(struct rule_line *line)
{
    struct rule *rule = line->rule;
    int rc = take_field(line, ~TYPE(FIELD_SET), "other than set");

    if (rc < 0)
        return rc;
    if (line->at == line->count)
        return rule_bad_form(line);
    rule->pattern = zalloc(line->count - line->at, sizeof(*rule->pattern));
    while (line->at < line->count) {
        const char *pattern = line->words[line->at++];

        if (!pattern_valid(pattern))
            return draft_bad(line->draft, line->entry->line,
                             line->entry->name,
                             "a pattern is literal characters, '.', or "
                             "[sets], each with {m} or {m,n} after it if "
                             "wanted; not \"%s\"", pattern);
        rule->pattern[rule->patterns++] = xstrdup(pattern);
    }
    return 0;
}

/* "1-6" */
static bool read_part(const char *word, struct rule *rule)
{
    size_t from = strspn(word, "0123456789"), to;

    if (from < 1 || from > 3 || word[from] != '-')
        return false;
    to = strspn(word + from + 1, "0123456789");
    if (to < 1 || to > 3 || word[from + 1 + to] != '\0')
        return false;
    rule->part_from = (int)strtol(word, NULL, 10);
    rule->part_to = (int)strtol(word + from + 1, NULL, 10);
    return rule->part_from >= 1 && rule->part_from <= rule->part_to;
}

static int read_code(struct rule_line *line)
{
    struct rule *rule = line->rule;
    int rc = take_field(line, ~TYPE(FIELD_SET), "other than set");

    if (rc < 0)
        return rc;
    if (line->count - line->at != 2 ||
        !read_part(line->words[line->at], rule))
        return rule_bad_form(line);
    rule->codes = kind_codes(line->kind, line->words[line->at + 1]);
    if (!rule->codes)
        return draft_bad(line->draft, line->entry->line, line->entry->name,
                         "there is no [codes %s] or [numbers %s] in this file",
                         line->words[line->at + 1],
                         line->words[line->at + 1]);
    line->at += 2;
    return 0;
}

static int read_id18(struct rule_line *line)
{
    const char *word;
    int rc = take_field(line, TYPE(FIELD_ID18), "id18");

    if (rc < 0 || line->at == line->count)
        return rc;
    word = line->words[line->at++];
    if (strcmp(word, "birth") == 0) {
        line->rule->form = RULE_ID18_BIRTH;
        return take_date(line);
    }
    if (strcmp(word, "gender") == 0) {
        line->rule->form = RULE_ID18_GENDER;
        return take_field(line, TYPE(FIELD_CODE), "code");
    }
    return rule_bad_form(line);
}

/* Whether the other kind is there can be seen only when all files are read. */
static int read_ref(struct rule_line *line)
{
    char *word, *dot;
    int rc = take_field(line, ~TYPE(FIELD_SET), "other than set");

    if (rc < 0)
        return rc;
    if (line->at == line->count)
        return rule_bad_form(line);
    word = line->words[line->at++];
    dot = strchr(word, '.');
    if (!dot)
        return rule_bad_form(line);
    *dot = '\0';
    line->rule->ref_kind = xstrdup(word);
    line->rule->ref_field = xstrdup(dot + 1);
    return 0;
}

static int read_one_of(struct rule_line *line)
{
    int rc = take_any(line);

    if (rc == 0)
        rc = take_any(line);
    while (rc == 0 && line->at < line->count)
        rc = take_any(line);
    return rc;
}

static const struct form {
    const char *word;
    enum rule_form form;
    form_fn read;
    const char *usage;
} forms[] = {
    {"required", RULE_REQUIRED, read_one, "required F"},
    {"before", RULE_BEFORE, read_before, "before F G"},
    {"min-gap", RULE_MIN_GAP, read_min_gap,
     "min-gap F G 365d except F 1969-04-01..1977-08-11"},
    {"min-age", RULE_MIN_AGE, read_min_age, "min-age F G 18"},
    {"pattern", RULE_PATTERN, read_pattern, "pattern F PATTERN ..."},
    {"code", RULE_CODE, read_code, "code F 1-6 LIST"},
    {"id18", RULE_ID18, read_id18, "id18 F, id18 F birth G, id18 F gender G"},
    {"ref", RULE_REF, read_ref, "ref F KIND.FIELD"},
    {"one-of", RULE_ONE_OF, read_one_of, "one-of F G ... (at most 6)"},
};

static const struct form *find_form(const char *word)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(forms[i].word, word) == 0)
            return &forms[i];
    return NULL;
}

bool word_is_form(const char *word)
{
    return find_form(word) != NULL;
}

/* "is V": V must be a value the field can have. */
static int read_is(struct rule_line *line)
{
    const struct field *field = &line->kind->fields[line->rule->field[0]];
    const char *value, *label;

    line->at++;                 /* a word follows: there are three or more */
    value = line->words[line->at++];
    if (field->type == FIELD_CODE && !field->open) {
        label = codes_label(field->codes, value);
        if (!label || strcmp(label, value) != 0)
            return draft_bad(line->draft, line->entry->line,
                             line->entry->name, "\"%s\" is no label of "
                             "[codes %s]", value, field->codes->name);
    }
    if (field->type == FIELD_BOOL && strcmp(value, "true") != 0 &&
        strcmp(value, "false") != 0)
        return draft_bad(line->draft, line->entry->line, line->entry->name,
                         "%s is true or false", field->name);
    line->rule->value = xstrdup(value);
    return 0;
}

/* "F needs G", "F is V needs G", "F is V not-with G" */
static int read_needs(struct rule_line *line)
{
    int rc;

    line->usage = "F is V needs G, F is V not-with G, F needs G; or it "
                  "begins with required before min-gap min-age pattern code "
                  "id18 ref one-of";
    if (line->count - line->at < 3)
        return rule_bad_form(line);
    rc = take_any(line);
    if (rc == 0 && strcmp(line->words[line->at], "is") == 0)
        rc = read_is(line);
    if (rc < 0)
        return rc;
    if (line->at == line->count)
        return rule_bad_form(line);
    if (strcmp(line->words[line->at], "needs") == 0)
        line->rule->form = RULE_NEEDS;
    else if (strcmp(line->words[line->at], "not-with") == 0)
        line->rule->form = RULE_NOT_WITH;
    else
        return rule_bad_form(line);
    line->at++;
    return take_any(line);
}

int rule_read_form(struct rule_line *line)
{
    const struct form *form = NULL;
    int rc;

    if (line->at < line->count)
        form = find_form(line->words[line->at]);
    if (form) {
        line->at++;
        line->usage = form->usage;
        line->rule->form = form->form;
        rc = form->read(line);
    } else {
        rc = read_needs(line);
    }
    return rc == 0 && line->at != line->count ? rule_bad_form(line) : rc;
}
