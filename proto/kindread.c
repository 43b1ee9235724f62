/* [kind], [cell NAME] and [field NAME] of a kind file. */
#include "proto/change.h"
#include "proto/kindfile.h"

#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 9999, TEXT_MAX = 2000, TEXT_USUAL = 100,
       LABEL_MAX = 3 * NAME_LEN };

const char *const writer_words[] = {"any", "owner", "host", "county", NULL};
static const char *const clash_words[] = {"review", "fixed", NULL};
static const char *const clean_words[] = {"plain", "name", "phone", NULL};
static const char *const role_words[] = {"org", "host", NULL};
static const char *const type_words[] = {
    "text", "date", "month", "int", "bool", "code", "id18", "org", "set", NULL,
};

static const struct key kind_keys[] = {
    {"id", true, false},    {"name", true, false}, {"label", true, false},
    {"end", false, false},  {NULL, false, false},
};

static const struct key cell_keys[] = {
    {"id", true, false},     {"label", true, false},
    {"writer", false, false}, {"first", false, false},
    {"clash", false, false}, {"keyed", false, false},
    {"steps", false, false}, {"step", false, true},
    {NULL, false, false},
};

static const struct key field_keys[] = {
    {"id", true, false},       {"cell", true, false},
    {"label", true, false},    {"type", true, false},
    {"clean", false, false},   {"max", false, false},
    {"codes", false, false},   {"open", false, false},
    {"rough", false, false},   {"alias", false, true},
    {"required", false, false}, {"unique", false, false},
    {"lookup", false, false},  {"secret", false, false},
    {"role", false, false},    {NULL, false, false},
};

/* Keys that mean something for some types only. */
static const struct {
    const char *key, *types;
    unsigned mask;
} field_limits[] = {
    {"clean", "text or set", TYPE(FIELD_TEXT) | TYPE(FIELD_SET)},
    {"max", "text, code or set",
     TYPE(FIELD_TEXT) | TYPE(FIELD_CODE) | TYPE(FIELD_SET)},
    {"codes", "code", TYPE(FIELD_CODE)},
    {"open", "code", TYPE(FIELD_CODE)},
    {"rough", "date", TYPE(FIELD_DATE)},
    {"role", "org", TYPE(FIELD_ORG)},
    {"required", "every type but set", ~TYPE(FIELD_SET)},
    {"unique", "every type but set and bool",
     ~(TYPE(FIELD_SET) | TYPE(FIELD_BOOL))},
    {"lookup", "every type but set and bool",
     ~(TYPE(FIELD_SET) | TYPE(FIELD_BOOL))},
};

static int take_name(const struct draft *draft, const struct section *section,
                     char **name, char **label)
{
    const struct entry *entry = section_get(section, "label");

    *name = xstrdup(section->name);
    *label = xstrdup(entry->value);
    if (strlen(entry->value) > LABEL_MAX)
        return draft_bad(draft, entry->line, "label", "at most %d bytes",
                         LABEL_MAX);
    return 0;
}

static int read_head(const struct draft *draft, struct kind *kind, int *end)
{
    const struct section *section = draft->count ? &draft->list[0] : NULL;
    const struct entry *name;
    int rc;

    if (!section || strcmp(section->type, "kind") != 0)
        return draft_bad(draft, section ? section->line : 1, NULL,
                         "a kind file begins with [kind]");
    rc = section_check(draft, section, kind_keys);
    if (rc < 0)
        return rc;
    name = section_get(section, "name");
    if (!name_ok(name->value))
        return draft_bad(draft, name->line, "name",
                         "a name is a-z, then a-z 0-9 _, at most %d",
                         NAME_LEN);
    kind->name = xstrdup(name->value);
    kind->label = xstrdup(section_get(section, "label")->value);
    rc = section_number(draft, section, "id", 1, ID_MAX, &kind->id);
    return rc < 0 ? rc : section_word(draft, section, "end", writer_words,
                                      end);
}

/* The cell that every record has and no file names. */
static void put_ending(struct kind *kind, int writer)
{
    kind->cells[0] = (struct cell){
        .id = CELL_END,
        .name = xstrdup("end"),
        .label = xstrdup("结束"),
        .writer = (enum writer)writer,
        .first = (enum writer)writer,
        .step_field = -1,
    };
    kind->ncells = 1;
}

static int read_cell(const struct draft *draft, const struct section *section,
                     struct kind *kind)
{
    struct cell *cell = &kind->cells[kind->ncells];
    int writer = WRITER_ANY, first, clash = CLASH_REVIEW, rc;

    if (strcmp(section->name, "end") == 0)
        return draft_bad(draft, section->line, section->name,
                         "every kind has the cell \"end\" already; its "
                         "writer is \"end = ...\" in [kind]");
    rc = section_check(draft, section, cell_keys);
    if (rc < 0)
        return rc;
    kind->ncells++;
    cell->step_field = -1;
    rc = take_name(draft, section, &cell->name, &cell->label);
    if (rc == 0)
        rc = section_number(draft, section, "id", 1, ID_MAX, &cell->id);
    if (rc == 0)
        rc = section_word(draft, section, "writer", writer_words, &writer);
    first = writer;
    if (rc == 0)
        rc = section_word(draft, section, "first", writer_words, &first);
    if (rc == 0)
        rc = section_word(draft, section, "clash", clash_words, &clash);
    if (rc == 0)
        rc = section_yes(draft, section, "keyed", &cell->keyed);
    cell->writer = (enum writer)writer;
    cell->first = (enum writer)first;
    cell->clash = (enum clash)clash;
    for (int i = 0; rc == 0 && i < kind->ncells - 1; i++)
        if (kind->cells[i].id == cell->id)
            rc = draft_bad(draft, section_get(section, "id")->line, "id",
                           "cell %s has id %d already", kind->cells[i].name,
                           cell->id);
    return rc;
}

static int check_limits(const struct draft *draft,
                        const struct section *section, enum field_type type)
{
    for (size_t i = 0; i < sizeof(field_limits) / sizeof(field_limits[0]);
         i++) {
        const struct entry *entry = section_get(section, field_limits[i].key);

        if (entry && !(field_limits[i].mask & TYPE(type)))
            return draft_bad(draft, entry->line, entry->name,
                             "\"%s\" is for a field of type %s", entry->name,
                             field_limits[i].types);
    }
    return 0;
}

static int read_type(const struct draft *draft, const struct section *section,
                     struct kind *kind, struct field *field)
{
    const struct entry *codes = section_get(section, "codes");
    int type = 0, clean = CLEAN_PLAIN, rc;

    rc = section_word(draft, section, "type", type_words, &type);
    if (rc == 0)
        rc = check_limits(draft, section, (enum field_type)type);
    if (rc == 0)
        rc = section_word(draft, section, "clean", clean_words, &clean);
    if (rc < 0)
        return rc;
    field->type = (enum field_type)type;
    field->clean = (enum clean)clean;
    if (type != FIELD_CODE)
        return 0;
    if (!codes)
        return draft_bad(draft, section->line, "codes",
                         "a field of type code needs \"codes = LIST\"");
    field->codes = kind_codes(kind, codes->value);
    if (!field->codes)
        return draft_bad(draft, codes->line, "codes",
                         "there is no [codes %s] in this file", codes->value);
    return 0;
}

static int read_flags(const struct draft *draft, const struct section *section,
                      struct field *field)
{
    int rc = section_number(draft, section, "max", 1, TEXT_MAX, &field->max);

    if (rc == 0)
        rc = section_yes(draft, section, "open", &field->open);
    if (rc == 0)
        rc = section_yes(draft, section, "rough", &field->rough);
    if (rc == 0)
        rc = section_yes(draft, section, "required", &field->required);
    if (rc == 0)
        rc = section_yes(draft, section, "unique", &field->unique);
    if (rc == 0)
        rc = section_yes(draft, section, "lookup", &field->lookup);
    if (rc == 0)
        rc = section_yes(draft, section, "secret", &field->secret);
    return rc;
}

/* The cell a field is in, and what the field is to the kind. */
static int read_place(const struct draft *draft, const struct section *section,
                      struct kind *kind, struct field *field)
{
    const struct entry *cell = section_get(section, "cell");
    const struct entry *entry = section_get(section, "role");
    int index = kind->nfields - 1, role = -1, rc, *place;

    field->cell = kind_cell(kind, cell->value);
    if (field->cell <= 0)
        return draft_bad(draft, cell->line, "cell",
                         "there is no [cell %s] in this file", cell->value);
    rc = section_word(draft, section, "role", role_words, &role);
    if (rc < 0 || role < 0)
        return rc;
    place = role == 0 ? &kind->org_field : &kind->host_field;
    if (*place >= 0)
        return draft_bad(draft, entry->line, "role",
                         "field %s has this role already",
                         kind->fields[*place].name);
    *place = index;
    if (role == 0 && field->cell != 1)
        return draft_bad(draft, entry->line, "role",
                         "the owning organisation stands in the first cell, "
                         "%s", kind->cells[1].name);
    if (role == 0 && !field->required)
        return draft_bad(draft, entry->line, "role",
                         "the owning organisation is \"required = yes\"");
    return 0;
}

/* Names, labels and aliases are column headers: each means one field. */
static int check_header(const struct draft *draft, int line, struct kind *kind,
                        const char *header)
{
    int other = kind_field(kind, header);

    if (other < 0 || other == kind->nfields - 1)
        return 0;
    return draft_bad(draft, line, kind->fields[kind->nfields - 1].name,
                     "\"%s\" means the field %s already", header,
                     kind->fields[other].name);
}

static int read_aliases(const struct draft *draft,
                        const struct section *section, struct kind *kind,
                        struct field *field)
{
    int rc = check_header(draft, section->line, kind, field->name);

    if (rc == 0)
        rc = check_header(draft, section_get(section, "label")->line, kind,
                          field->label);
    field->alias = zalloc(section->count, sizeof(*field->alias));
    for (int i = 0; rc == 0 && i < section->count; i++) {
        const struct entry *entry = &section->list[i];

        if (strcmp(entry->name, "alias") != 0)
            continue;
        for (int j = 0; j < field->aliases; j++)
            if (strcmp(field->alias[j], entry->value) == 0)
                return draft_bad(draft, entry->line, "alias",
                                 "this alias is there twice");
        rc = check_header(draft, entry->line, kind, entry->value);
        field->alias[field->aliases++] = xstrdup(entry->value);
    }
    return rc;
}

static int read_field(const struct draft *draft, const struct section *section,
                      struct kind *kind)
{
    struct field *field = &kind->fields[kind->nfields];
    int rc = section_check(draft, section, field_keys);

    if (rc < 0)
        return rc;
    if (word_is_form(section->name))
        return draft_bad(draft, section->line, section->name,
                         "this word begins a rule and names no field");
    kind->nfields++;
    field->max = TEXT_USUAL;
    rc = take_name(draft, section, &field->name, &field->label);
    if (rc == 0)
        rc = section_number(draft, section, "id", 1, ID_MAX, &field->id);
    for (int i = 0; rc == 0 && i < kind->nfields - 1; i++)
        if (kind->fields[i].id == field->id)
            rc = draft_bad(draft, section_get(section, "id")->line, "id",
                           "field %s has id %d already",
                           kind->fields[i].name, field->id);
    if (rc == 0)
        rc = read_type(draft, section, kind, field);
    if (rc == 0)
        rc = read_flags(draft, section, field);
    if (rc == 0)
        rc = read_place(draft, section, kind, field);
    return rc < 0 ? rc : read_aliases(draft, section, kind, field);
}

typedef int (*section_fn)(const struct draft *draft,
                          const struct section *section, struct kind *kind);

static int each(const struct draft *draft, const char *type, section_fn read,
                struct kind *kind)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < draft->count; i++)
        if (strcmp(draft->list[i].type, type) == 0)
            rc = read(draft, &draft->list[i], kind);
    return rc;
}

static int check_counts(const struct draft *draft)
{
    if (draft_count(draft, "cell") == 0)
        return draft_bad(draft, draft->list[0].line, NULL,
                         "a kind needs a [cell NAME]");
    if (draft_count(draft, "cell") > CELLS_MAX)
        return draft_bad(draft, draft->list[0].line, NULL,
                         "at most %d cells", CELLS_MAX);
    if (draft_count(draft, "field") > FIELDS_MAX)
        return draft_bad(draft, draft->list[0].line, NULL,
                         "at most %d fields", FIELDS_MAX);
    return 0;
}

int kind_read(const struct draft *draft, struct kind *kind)
{
    int end = WRITER_ANY, rc;

    *kind = (struct kind){.org_field = -1, .host_field = -1};
    rc = read_head(draft, kind, &end);
    if (rc == 0)
        rc = check_counts(draft);
    if (rc < 0)
        return rc;
    kind->cells = zalloc(draft_count(draft, "cell") + 1,
                         sizeof(*kind->cells));
    kind->fields = zalloc(draft_count(draft, "field"), sizeof(*kind->fields));
    put_ending(kind, end);
    rc = kind_read_codes(draft, kind);
    if (rc == 0)
        rc = each(draft, "cell", read_cell, kind);
    if (rc == 0)
        rc = each(draft, "field", read_field, kind);
    if (rc == 0)
        rc = kind_read_steps(draft, kind);
    return rc < 0 ? rc : kind_read_rules(draft, kind);
}
