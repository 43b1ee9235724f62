/* The steps of a kind's cells, and whether its cells are whole. */
#include "proto/change.h"
#include "proto/kindfile.h"

#include <stdio.h>
#include <string.h>

enum { STEP_BYTES = 200 };

static const char nothing[] = "none";

/* May this be a state of `field`? "none" always may. */
static bool is_state(const struct field *field, const char *text)
{
    const char *label = codes_label(field->codes, text);

    return strcmp(text, nothing) == 0 || (label && strcmp(label, text) == 0);
}

static int bad_state(const struct draft *draft, const struct entry *entry,
                     const struct field *field, const char *text)
{
    return draft_bad(draft, entry->line, "step",
                     "\"%s\" is no label of [codes %s] and not \"none\"",
                     text, field->codes->name);
}

static int check_step(const struct draft *draft, const struct entry *entry,
                      const struct cell *cell, const struct field *field,
                      const char *from, const char *to)
{
    if (!is_state(field, from))
        return bad_state(draft, entry, field, from);
    if (!is_state(field, to))
        return bad_state(draft, entry, field, to);
    if (strcmp(from, to) == 0)
        return draft_bad(draft, entry->line, "step",
                         "to stay as it is is always allowed");
    for (int i = 0; i < cell->nsteps; i++)
        if (strcmp(cell->steps[i].from, from) == 0 &&
            strcmp(cell->steps[i].to, to) == 0)
            return draft_bad(draft, entry->line, "step",
                             "this step is there twice");
    return 0;
}

/* "proposed>accepted" or "proposed>accepted host". */
static int read_step(const struct draft *draft, const struct entry *entry,
                     struct cell *cell, const struct field *field)
{
    char copy[STEP_BYTES], *words[2], *to;
    int count, writer, rc;

    snprintf(copy, sizeof(copy), "%s", entry->value);
    count = split_words(copy, words, 2);
    to = strchr(words[0], '>');
    if (count > 2 || !to)
        return draft_bad(draft, entry->line, "step",
                         "FROM>TO or FROM>TO WRITER, without blanks around "
                         "the >");
    *to++ = '\0';
    rc = check_step(draft, entry, cell, field, words[0], to);
    if (rc < 0)
        return rc;
    writer = (int)(strcmp(words[0], nothing) == 0 ? cell->first
                                                  : cell->writer);
    if (count == 2) {
        for (writer = 0; writer_words[writer]; writer++)
            if (strcmp(writer_words[writer], words[1]) == 0)
                break;
        if (!writer_words[writer])
            return draft_bad(draft, entry->line, "step",
                             "the writer is one of: any owner host county");
    }
    cell->steps[cell->nsteps++] = (struct step){
        xstrdup(words[0]), xstrdup(to), (enum writer)writer};
    return 0;
}

static int read_steps(const struct draft *draft, const struct section *section,
                      struct kind *kind, struct cell *cell)
{
    const struct entry *steps = section_get(section, "steps");
    const struct entry *step = section_get(section, "step");
    const struct field *field;
    int rc = 0;

    if (!steps && !step)
        return 0;
    if (!steps || !step)
        return draft_bad(draft, section->line, steps ? "step" : "steps",
                         "\"steps = FIELD\" and \"step = FROM>TO\" go "
                         "together");
    cell->step_field = kind_field(kind, steps->value);
    field = cell->step_field < 0 ? NULL : &kind->fields[cell->step_field];
    if (!field || strcmp(field->name, steps->value) != 0 ||
        &kind->cells[field->cell] != cell)
        return draft_bad(draft, steps->line, "steps",
                         "there is no field %s in this cell", steps->value);
    if (field->type != FIELD_CODE || field->open || cell->keyed)
        return draft_bad(draft, steps->line, "steps",
                         "steps need a field of type code that is not open");
    cell->steps = zalloc(section->count, sizeof(*cell->steps));
    for (int i = 0; rc == 0 && i < section->count; i++)
        if (strcmp(section->list[i].name, "step") == 0)
            rc = read_step(draft, &section->list[i], cell, field);
    return rc;
}

static bool needs_host(const struct cell *cell)
{
    for (int i = 0; i < cell->nsteps; i++)
        if (cell->steps[i].writer == WRITER_HOST)
            return true;
    return cell->writer == WRITER_HOST || cell->first == WRITER_HOST;
}

static int check_cell(const struct draft *draft, int line,
                      const struct kind *kind, int index)
{
    const struct cell *cell = &kind->cells[index];
    int fields = 0, sets = 0;

    for (int i = 0; i < kind->nfields; i++)
        if (kind->fields[i].cell == index) {
            fields++;
            sets += kind->fields[i].type == FIELD_SET;
        }
    if (fields == 0 && index > 0)
        return draft_bad(draft, line, cell->name,
                         "this cell has no field: \"cell = %s\" in a "
                         "[field NAME]", cell->name);
    if (fields > BODY_FIELDS)
        return draft_bad(draft, line, cell->name,
                         "at most %d fields in a cell", BODY_FIELDS);
    if (cell->keyed ? fields != 1 || sets != 1 : sets > 0)
        return draft_bad(draft, line, cell->name,
                         cell->keyed
                             ? "a keyed cell has one field, of type set"
                             : "a field of type set is alone in a cell with "
                               "\"keyed = yes\"");
    if (needs_host(cell) && kind->host_field < 0)
        return draft_bad(draft, line, cell->name,
                         "writer host needs a field with \"role = host\"");
    return 0;
}

int kind_read_steps(const struct draft *draft, struct kind *kind)
{
    int cell = 0, rc = check_cell(draft, draft->list[0].line, kind, 0);

    for (int i = 0; rc == 0 && i < draft->count; i++) {
        const struct section *section = &draft->list[i];

        if (strcmp(section->type, "cell") != 0)
            continue;
        cell++;
        rc = read_steps(draft, section, kind, &kind->cells[cell]);
        if (rc == 0)
            rc = check_cell(draft, section->line, kind, cell);
        if (rc == 0 && cell == 1 && kind->cells[1].keyed)
            rc = draft_bad(draft, section->line, kind->cells[1].name,
                           "the first cell is the identity and not keyed");
        if (rc == 0 && cell == 1 && kind->org_field < 0)
            rc = draft_bad(draft, section->line, kind->cells[1].name,
                           "the first cell needs a field of type org with "
                           "\"role = org\"");
    }
    return rc;
}
