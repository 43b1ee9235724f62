/* [rules] of a kind file: one line each, from a closed list of forms. */
#include "proto/kindrule.h"

#include <stdio.h>
#include <string.h>

static int read_unless(struct rule_line *line)
{
    if (line->count < 3 || strcmp(line->words[line->count - 2], "unless") != 0)
        return 0;
    line->count -= 2;
    return rule_field(line, line->words[line->count + 1], TYPE(FIELD_BOOL),
                      "bool", &line->rule->unless);
}

static int read_level(struct rule_line *line)
{
    const char *level = line->count > 0 ? line->words[0] : "";

    line->rule->error = strcmp(level, "error:") == 0;
    if (!line->rule->error && strcmp(level, "warning:") != 0)
        return draft_bad(line->draft, line->entry->line, line->entry->name,
                         "a rule begins with \"error: \" or \"warning: \"");
    line->at = 1;
    return 0;
}

static int read_rule(struct rule_line *line)
{
    int rc = read_level(line);

    if (rc == 0)
        rc = read_unless(line);
    return rc < 0 ? rc : rule_read_form(line);
}

static struct rule *find_rule(struct kind *kind, const char *id, size_t len)
{
    for (int i = 0; i < kind->nrules; i++)
        if (strlen(kind->rules[i].id) == len &&
            memcmp(kind->rules[i].id, id, len) == 0)
            return &kind->rules[i];
    return NULL;
}

static bool id_ok(const char *id)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(id);

    return len > 0 && len < sizeof(((struct fault *)0)->rule) &&
           strspn(id, signs) == len;
}

static int add_rule(const struct draft *draft, const struct entry *entry,
                    struct kind *kind)
{
    struct rule *rule = &kind->rules[kind->nrules];
    struct rule_line line = {draft, entry, kind, rule, {0}, 0, 0, ""};
    char copy[256];

    if (!id_ok(entry->name))
        return draft_bad(draft, entry->line, entry->name,
                         "a rule has a name such as V10b, at most 15 letters "
                         "and digits");
    if (find_rule(kind, entry->name, strlen(entry->name)))
        return draft_bad(draft, entry->line, entry->name,
                         "this rule is there twice");
    if (kind->nrules == RULES_MAX)
        return draft_bad(draft, entry->line, entry->name,
                         "at most %d rules", RULES_MAX);
    kind->nrules++;
    rule->id = xstrdup(entry->name);
    rule->unless = rule->except_field = -1;
    rule->line = entry->line;
    snprintf(copy, sizeof(copy), "%s", entry->value);
    line.count = split_words(copy, line.words, RULE_WORDS);
    if (line.count > RULE_WORDS)
        return draft_bad(draft, entry->line, entry->name,
                         "at most %d words in a rule", RULE_WORDS);
    return read_rule(&line);
}

/* "V08.says = text for people" */
static int add_says(const struct draft *draft, const struct entry *entry,
                    struct kind *kind)
{
    size_t len = strcspn(entry->name, ".");
    struct rule *rule = find_rule(kind, entry->name, len);

    if (!rule || strcmp(entry->name + len, ".says") != 0)
        return draft_bad(draft, entry->line, entry->name,
                         "NAME.says, where NAME is a rule of this file");
    if (rule->says)
        return draft_bad(draft, entry->line, entry->name,
                         "this key is there twice");
    rule->says = xstrdup(entry->value);
    return 0;
}

int kind_read_rules(const struct draft *draft, struct kind *kind)
{
    const struct section *rules = NULL;
    int rc = 0;

    for (int i = 0; i < draft->count; i++)
        if (strcmp(draft->list[i].type, "rules") == 0)
            rules = &draft->list[i];
    kind->rules = zalloc(RULES_MAX, sizeof(*kind->rules));
    for (int i = 0; rules && rc == 0 && i < rules->count; i++)
        if (!strchr(rules->list[i].name, '.'))
            rc = add_rule(draft, &rules->list[i], kind);
    for (int i = 0; rules && rc == 0 && i < rules->count; i++)
        if (strchr(rules->list[i].name, '.'))
            rc = add_says(draft, &rules->list[i], kind);
    return rc;
}
