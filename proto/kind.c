#include "proto/kindfile.h"

#include <stdlib.h>
#include <string.h>

const struct kind *kinds_find(const struct kinds *kinds, const char *name)
{
    for (int i = 0; i < kinds->count; i++)
        if (strcmp(kinds->list[i].name, name) == 0)
            return &kinds->list[i];
    return NULL;
}

const struct kind *kinds_by_id(const struct kinds *kinds, uint64_t id)
{
    for (int i = 0; i < kinds->count; i++)
        if ((uint64_t)kinds->list[i].id == id)
            return &kinds->list[i];
    return NULL;
}

int kind_cell(const struct kind *kind, const char *name)
{
    for (int i = 0; i < kind->ncells; i++)
        if (strcmp(kind->cells[i].name, name) == 0)
            return i;
    return -1;
}

int kind_cell_by_id(const struct kind *kind, uint64_t id)
{
    for (int i = 0; i < kind->ncells; i++)
        if ((uint64_t)kind->cells[i].id == id)
            return i;
    return -1;
}

/* Most names differ in their first byte. */
static bool same(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

static bool field_called(const struct field *field, const char *name)
{
    if (same(field->label, name))
        return true;
    for (int i = 0; i < field->aliases; i++)
        if (same(field->alias[i], name))
            return true;
    return false;
}

/* No two fields share a name, whichever kind of name it is. */
int kind_field(const struct kind *kind, const char *name)
{
    for (int i = 0; i < kind->nfields; i++)
        if (same(kind->fields[i].name, name))
            return i;
    for (int i = 0; i < kind->nfields; i++)
        if (field_called(&kind->fields[i], name))
            return i;
    return -1;
}

int kind_field_by_id(const struct kind *kind, int cell, uint64_t id)
{
    for (int i = 0; i < kind->nfields; i++)
        if (kind->fields[i].cell == cell && (uint64_t)kind->fields[i].id == id)
            return i;
    return -1;
}

static int compare_code(const void *text, const void *code)
{
    return strcmp(text, ((const struct code *)code)->code);
}

static bool code_written(const struct code *code, const char *text)
{
    if (strcmp(code->code, text) == 0 || strcmp(code->label, text) == 0)
        return true;
    for (int i = 0; i < code->alsos; i++)
        if (strcmp(code->also[i], text) == 0)
            return true;
    return false;
}

const char *codes_label(const struct codes *codes, const char *text)
{
    if (codes->numbers) {
        const struct code *code =
            bsearch(text, codes->list, (size_t)codes->count,
                    sizeof(*codes->list), compare_code);

        return code ? code->label : NULL;
    }
    for (int i = 0; i < codes->count; i++)
        if (code_written(&codes->list[i], text))
            return codes->list[i].label;
    return NULL;
}

static void free_texts(char **list, int count)
{
    for (int i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

static void codes_done(struct codes *codes)
{
    for (int i = 0; i < codes->count; i++) {
        struct code *code = &codes->list[i];

        free(code->code);
        free(code->label);
        free_texts(code->also, code->alsos);
    }
    free(codes->list);
    free(codes->name);
}

static void cell_done(struct cell *cell)
{
    for (int i = 0; i < cell->nsteps; i++) {
        free(cell->steps[i].from);
        free(cell->steps[i].to);
    }
    free(cell->steps);
    free(cell->name);
    free(cell->label);
}

static void field_done(struct field *field)
{
    free_texts(field->alias, field->aliases);
    free(field->name);
    free(field->label);
}

static void rule_done(struct rule *rule)
{
    free_texts(rule->pattern, rule->patterns);
    free(rule->id);
    free(rule->value);
    free(rule->except_from);
    free(rule->except_to);
    free(rule->ref_kind);
    free(rule->ref_field);
    free(rule->says);
}

void kind_done(struct kind *kind)
{
    for (int i = 0; i < kind->ncodes; i++)
        codes_done(&kind->codes[i]);
    for (int i = 0; i < kind->ncells; i++)
        cell_done(&kind->cells[i]);
    for (int i = 0; i < kind->nfields; i++)
        field_done(&kind->fields[i]);
    for (int i = 0; i < kind->nrules; i++)
        rule_done(&kind->rules[i]);
    free(kind->codes);
    free(kind->cells);
    free(kind->fields);
    free(kind->rules);
    free(kind->name);
    free(kind->label);
    *kind = (struct kind){0};
}

void kinds_free(struct kinds *kinds)
{
    if (!kinds)
        return;
    for (int i = 0; i < kinds->count; i++)
        kind_done(&kinds->list[i]);
    free(kinds->list);
    buf_done(&kinds->text);
    free(kinds);
}
