/*
 * Kind files, and values cleaned as their fields want them. The input is some
 * files, each ended by 1c (the first is thing.conf, then more-1.conf ...), then
 * 00, then values, each ended by 00; neither byte can stand in a file.
 */
#include "proto/kind.h"
#include "proto/value.h"
#include "tests/fuzz/help/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 4, VALUES = 8, VALUE_MAX = 64 * 1024, FILE_END = 0x1c, VALUE_END = 0 };

/* Up to the byte `end`, which is taken too. */
static struct bytes part(struct cut *in, uint8_t end)
{
    size_t left = cut_left(in);
    const uint8_t *stop = left > 0 ? memchr(in->at, end, left) : NULL;
    struct bytes out = cut_take(in, stop ? (size_t)(stop - in->at) : left);

    cut_take(in, stop ? 1 : 0);
    return out;
}

/* What a value becomes stays as it is when it is cleaned again. */
static void check_value(const struct field *field, struct bytes in)
{
    struct fault fault = {.err = 0};
    struct buf once, twice;
    int rc;

    buf_init(&once, VALUE_MAX);
    buf_init(&twice, VALUE_MAX);
    rc = value_clean(field, in, &once, &fault);
    must(rc == 0 || once.len == 0, "a refused value leaves %zu bytes",
         once.len);
    if (rc == 0 && !once.full) {
        must(text_valid(buf_view(&once)), "a clean value is no text");
        rc = value_clean(field, buf_view(&once), &twice, &fault);
        must(rc == 0, "a clean value is refused: type %d, %d", field->type,
             rc);
        must_equal(buf_view(&twice), buf_view(&once), "a value");
        buf_clear(&twice);
        value_mask(field, buf_view(&once), &twice);
        must(text_valid(buf_view(&twice)), "a masked value is no text");
    }
    buf_done(&once);
    buf_done(&twice);
}

static void check_patterns(const struct kind *kind, struct bytes in)
{
    for (int i = 0; i < kind->nrules; i++)
        for (int j = 0; j < kind->rules[i].patterns; j++) {
            const char *pattern = kind->rules[i].pattern[j];

            must(pattern_valid(pattern), "a pattern that was read");
            if (text_valid(in))
                pattern_fits(pattern, in);
        }
}

static void check_values(const struct kinds *kinds, struct cut *in)
{
    for (int n = 0; n < VALUES && cut_left(in) > 0; n++) {
        struct bytes value = part(in, VALUE_END);

        for (int i = 0; i < kinds->count; i++) {
            const struct kind *kind = &kinds->list[i];

            for (int j = 0; j < kind->nfields; j++)
                check_value(&kind->fields[j], value);
            check_patterns(kind, value);
        }
        date_years(value, bytes_text("2024-02-29"));
        id18_valid(value);
    }
}

static void check_kind(const struct kinds *kinds, const struct kind *kind)
{
    must(kinds_find(kinds, kind->name) == kind, "a kind by its name");
    must(kinds_by_id(kinds, (uint64_t)kind->id) == kind, "a kind by its id");
    must(kind->ncells >= 2 && kind->cells[0].id == CELL_END, "the cells");
    must(kind->org_field >= 0 && kind->org_field < kind->nfields &&
             kind->fields[kind->org_field].cell == 1,
         "the field of the organisation");
    for (int i = 0; i < kind->ncells; i++)
        must(kind_cell_by_id(kind, (uint64_t)kind->cells[i].id) == i,
             "cell %d by its id", i);
    for (int i = 0; i < kind->nfields; i++) {
        const struct field *field = &kind->fields[i];

        must(kind_field(kind, field->name) == i, "field %s by its name",
             field->name);
        must(kind_field_by_id(kind, field->cell, (uint64_t)field->id) == i,
             "field %s by its id", field->name);
        must(field->cell > 0 && field->cell < kind->ncells && field->label,
             "field %s is in no cell", field->name);
        must((field->type == FIELD_CODE) == (field->codes != NULL),
             "the codes of %s", field->name);
    }
}

/* The set as it travels is the same set. */
static void check_kinds(const struct kinds *kinds)
{
    struct kinds *again = NULL;
    struct fault fault = {.err = 0};

    for (int i = 0; i < kinds->count; i++)
        check_kind(kinds, &kinds->list[i]);
    must(kinds_read_text(buf_view(&kinds->text), &again, &fault) == 0,
         "its own text is refused: %s %s", fault.where, fault.why);
    must(memcmp(again->hash, kinds->hash, sizeof kinds->hash) == 0 &&
             again->count == kinds->count,
         "its own text is another set");
    must_equal(buf_view(&again->text), buf_view(&kinds->text), "the text");
    kinds_free(again);
}

static void check_set(struct cut *files, struct cut *values)
{
    static const char *const name[FILES] = {"thing.conf", "more-1.conf",
                                            "more-2.conf", "more-3.conf"};
    struct kind_file file[FILES];
    struct fault fault = {.err = 0};
    struct kinds *kinds;
    int count = 0, rc;

    while (count < FILES && (count == 0 || cut_left(files) > 0)) {
        file[count].name = name[count];
        file[count++].text = part(files, FILE_END);
    }
    rc = kinds_read(file, count, &kinds, &fault);
    must(fault.err == rc && (rc == 0) == (kinds != NULL),
         "the fault says %d, the result is %d", fault.err, rc);
    if (rc < 0)
        return;
    check_kinds(kinds);
    check_values(kinds, values);
    kinds_free(kinds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut in = cut_of(bytes_of(data, size)), files;
    struct bytes text = part(&in, VALUE_END);
    struct kinds *kinds = NULL;

    if (text.len > 5 && memcmp(text.data, "file ", 5) == 0) {
        if (kinds_read_text(text, &kinds, NULL) == 0) {
            check_kinds(kinds);
            check_values(kinds, &in);
        }
        kinds_free(kinds);
        return 0;
    }
    files = cut_of(text);
    check_set(&files, &in);
    return 0;
}
