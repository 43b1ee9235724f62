/* [codes NAME] and [numbers NAME] of a kind file. */
#include "proto/kindfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS_MAX = 8,              /* ways to write one code */
    ENDINGS_MAX = 64,           /* in one line of numbers */
    NUMBERS_MAX = 8000,         /* in one list */
    DIGITS_MAX = 12
};

static bool written(const struct codes *codes, const char *text)
{
    return codes_label(codes, text) != NULL;
}

/* "01 汉 = 汉族": the code, other ways to write it, and the label kept. */
static int read_code(const struct draft *draft, const struct entry *entry,
                     struct codes *codes)
{
    char copy[64], *words[WORDS_MAX];
    struct code *code = &codes->list[codes->count];
    int count;

    snprintf(copy, sizeof(copy), "%s", entry->name);
    count = split_words(copy, words, WORDS_MAX);
    if (count > WORDS_MAX)
        return draft_bad(draft, entry->line, codes->name,
                         "at most %d ways to write one code", WORDS_MAX);
    if (strcmp(entry->value, "none") == 0)
        return draft_bad(draft, entry->line, codes->name,
                         "\"none\" means no value and is no label");
    if (written(codes, entry->value))
        return draft_bad(draft, entry->line, codes->name,
                         "\"%s\" is in this list already", entry->value);
    for (int i = 0; i < count; i++)
        if (written(codes, words[i]))
            return draft_bad(draft, entry->line, codes->name,
                             "\"%s\" is in this list already", words[i]);
    code->code = xstrdup(words[0]);
    code->label = xstrdup(entry->value);
    code->also = zalloc(count, sizeof(*code->also));
    codes->count++;
    while (code->alsos + 1 < count) {
        code->also[code->alsos] = xstrdup(words[code->alsos + 1]);
        code->alsos++;
    }
    return 0;
}

static bool add_number(struct codes *codes, const char *prefix, int width,
                       long number)
{
    char text[32];
    struct code *code = &codes->list[codes->count];

    if (codes->count == NUMBERS_MAX)
        return false;
    snprintf(text, sizeof(text), "%s%0*ld", prefix, width, number);
    *code = (struct code){.code = xstrdup(text), .label = xstrdup(text)};
    codes->count++;
    return true;
}

static bool all_digits(const char *text, size_t len)
{
    return len > 0 && strspn(text, "0123456789") >= len;
}

/* "0527" or "0521-0527" after the prefix. */
static bool add_range(struct codes *codes, const char *prefix,
                      const char *range)
{
    size_t width = strcspn(range, "-");
    const char *high = range[width] ? range + width + 1 : range;
    long from, to;

    if (width > 6 || strlen(prefix) + width > DIGITS_MAX ||
        !all_digits(range, width) || strlen(high) != width ||
        !all_digits(high, width))
        return false;
    from = strtol(range, NULL, 10);
    to = strtol(high, NULL, 10);
    if (from > to)
        return false;
    while (from <= to)
        if (!add_number(codes, prefix, (int)width, from++))
            return false;
    return true;
}

static int read_numbers(const struct draft *draft, const struct entry *entry,
                        struct codes *codes)
{
    char copy[256], *words[ENDINGS_MAX];
    int count;

    snprintf(copy, sizeof(copy), "%s", entry->value);
    count = split_words(copy, words, ENDINGS_MAX);
    if (!all_digits(entry->name, strlen(entry->name)) || count > ENDINGS_MAX)
        return draft_bad(draft, entry->line, codes->name,
                         "first digits = at most %d endings or ranges of "
                         "them, such as 52 = 0502 0521-0527", ENDINGS_MAX);
    for (int i = 0; i < count; i++)
        if (!add_range(codes, entry->name, words[i]))
            return draft_bad(draft, entry->line, codes->name,
                             "\"%s\" is no ending such as 0502 or 0521-0527 "
                             "(at most %d digits, %d numbers in a list)",
                             words[i], DIGITS_MAX, NUMBERS_MAX);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct code *)a)->code,
                  ((const struct code *)b)->code);
}

static int sort_numbers(const struct draft *draft,
                        const struct section *section, struct codes *codes)
{
    qsort(codes->list, (size_t)codes->count, sizeof(*codes->list), compare);
    for (int i = 1; i < codes->count; i++)
        if (compare(&codes->list[i - 1], &codes->list[i]) == 0)
            return draft_bad(draft, section->line, codes->name,
                             "%s is in this list twice",
                             codes->list[i].code);
    return 0;
}

static int read_list(const struct draft *draft, const struct section *section,
                     struct codes *codes)
{
    int rc = 0;

    codes->name = xstrdup(section->name);
    codes->numbers = strcmp(section->type, "numbers") == 0;
    if (section->count == 0)
        return draft_bad(draft, section->line, codes->name,
                         "this list has no line");
    codes->list = zalloc(codes->numbers ? NUMBERS_MAX : section->count,
                         sizeof(*codes->list));
    for (int i = 0; rc == 0 && i < section->count; i++) {
        /* codes_label searches what is sorted only once all is there. */
        rc = codes->numbers
                 ? read_numbers(draft, &section->list[i], codes)
                 : read_code(draft, &section->list[i], codes);
    }
    return rc == 0 && codes->numbers ? sort_numbers(draft, section, codes)
                                     : rc;
}

const struct codes *kind_codes(const struct kind *kind, const char *name)
{
    for (int i = 0; i < kind->ncodes; i++)
        if (strcmp(kind->codes[i].name, name) == 0)
            return &kind->codes[i];
    return NULL;
}

int kind_read_codes(const struct draft *draft, struct kind *kind)
{
    int rc = 0;

    kind->codes = zalloc(draft_count(draft, "codes") +
                             draft_count(draft, "numbers"),
                         sizeof(*kind->codes));
    for (int i = 0; rc == 0 && i < draft->count; i++) {
        const struct section *section = &draft->list[i];

        if (strcmp(section->type, "codes") != 0 &&
            strcmp(section->type, "numbers") != 0)
            continue;
        if (kind_codes(kind, section->name))
            return draft_bad(draft, section->line, section->name,
                             "another list has this name");
        rc = read_list(draft, section, &kind->codes[kind->ncodes++]);
    }
    return rc;
}
