#include "proto/kindfile.h"
#include "proto/ini.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECTIONS_MAX = 512,
    ENTRIES_MAX = 512           /* in one section */
};

static const struct {
    const char *type;
    bool named;
} section_types[] = {
    {"kind", false}, {"codes", true}, {"numbers", true},
    {"cell", true},  {"field", true}, {"rules", false},
};

void *zalloc(int count, size_t size)
{
    size_t bytes = (size_t)count * size;

    return memset(xmalloc(bytes), 0, bytes);
}

bool name_ok(const char *name)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = strlen(name);

    return len > 0 && len <= NAME_LEN && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, signs) == len;
}

int split_words(char *text, char **words, int most)
{
    int count = 0;

    for (;;) {
        text += strspn(text, " \t");
        if (!*text)
            return count;
        if (count < most)
            words[count] = text;
        count++;
        text += strcspn(text, " \t");
        if (*text)
            *text++ = '\0';
    }
}

int draft_bad(const struct draft *draft, int line, const char *field,
              const char *why, ...)
{
    char text[sizeof(draft->fault->why)];
    va_list args;

    va_start(args, why);
    vsnprintf(text, sizeof(text), why, args);
    va_end(args);
    fault_set(draft->fault, ERR_CONFIG, field, "%s", text);
    fault_place(draft->fault, draft->file, line);
    return ERR_CONFIG;
}

static int begin_section(struct draft *draft, const struct ini_item *item)
{
    size_t len = strcspn(item->section, " "), type = 0;
    const char *name = item->section + len;
    struct section *section;

    name += *name == ' ';
    for (; type < sizeof(section_types) / sizeof(section_types[0]); type++)
        if (strlen(section_types[type].type) == len &&
            memcmp(section_types[type].type, item->section, len) == 0)
            break;
    if (type == sizeof(section_types) / sizeof(section_types[0]))
        return draft_bad(draft, item->line, NULL,
                         "a section is [kind], [codes NAME], [numbers NAME], "
                         "[cell NAME], [field NAME] or [rules]");
    if (section_types[type].named ? !name_ok(name) : *name != '\0')
        return draft_bad(draft, item->line, NULL,
                         section_types[type].named
                             ? "[%s NAME]: a name is a-z, then a-z 0-9 _, at "
                               "most 39"
                             : "[%s] has no name",
                         section_types[type].type);
    for (int i = 0; i < draft->count; i++)
        if (strcmp(draft->list[i].type, section_types[type].type) == 0 &&
            strcmp(draft->list[i].name, name) == 0)
            return draft_bad(draft, item->line, name,
                             "this section is at line %d already",
                             draft->list[i].line);
    if (draft->count == SECTIONS_MAX)
        return draft_bad(draft, item->line, NULL, "at most %d sections",
                         SECTIONS_MAX);
    if (draft->count == draft->cap) {
        draft->cap = draft->cap ? draft->cap * 2 : 32;
        draft->list = xrealloc(draft->list,
                               (size_t)draft->cap * sizeof(*draft->list));
    }
    section = &draft->list[draft->count++];
    *section = (struct section){.line = item->line};
    section->type = xstrdup(section_types[type].type);
    section->name = xstrdup(name);
    return 0;
}

static int on_item(void *user, const struct ini_item *item,
                   struct fault *fault)
{
    struct draft *draft = user;
    struct section *section;

    (void)fault;                /* the draft holds the same one */
    if (!item->name)
        return begin_section(draft, item);
    section = &draft->list[draft->count - 1];
    if (!item->value[0])
        return draft_bad(draft, item->line, item->name,
                         "a value is missing after the \"=\"");
    if (section->count == ENTRIES_MAX)
        return draft_bad(draft, item->line, item->name,
                         "at most %d lines in a section", ENTRIES_MAX);
    if (section->count == section->cap) {
        section->cap = section->cap ? section->cap * 2 : 8;
        section->list = xrealloc(section->list,
                                 (size_t)section->cap *
                                     sizeof(*section->list));
    }
    section->list[section->count++] = (struct entry){
        xstrdup(item->name), xstrdup(item->value), item->line};
    return 0;
}

int draft_read(const struct kind_file *file, struct draft *draft,
               struct fault *fault)
{
    *draft = (struct draft){.file = file->name, .fault = fault};
    return ini_read_sections(file->name, (const char *)file->text.data,
                             file->text.len, on_item, draft, fault);
}

void draft_done(struct draft *draft)
{
    for (int i = 0; i < draft->count; i++) {
        struct section *section = &draft->list[i];

        for (int j = 0; j < section->count; j++) {
            free(section->list[j].name);
            free(section->list[j].value);
        }
        free(section->list);
        free(section->type);
        free(section->name);
    }
    free(draft->list);
    *draft = (struct draft){0};
}

int draft_count(const struct draft *draft, const char *type)
{
    int count = 0;

    for (int i = 0; i < draft->count; i++)
        count += strcmp(draft->list[i].type, type) == 0;
    return count;
}

const struct entry *section_get(const struct section *section,
                                const char *key)
{
    for (int i = 0; i < section->count; i++)
        if (strcmp(section->list[i].name, key) == 0)
            return &section->list[i];
    return NULL;
}

void list_words(const char *const *words, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (int i = 0; words[i]; i++) {
        size_t more = strlen(words[i]);

        if (len + more + 6 > size) {
            memcpy(out + len, " …", sizeof(" …"));
            return;
        }
        if (i > 0)
            out[len++] = ' ';
        memcpy(out + len, words[i], more + 1);
        len += more;
    }
}

static int bad_key(const struct draft *draft, const struct section *section,
                   const struct entry *entry, const struct key *keys)
{
    const char *words[24];
    char list[160];
    int count = 0;

    for (; count < 23 && keys[count].name; count++)
        words[count] = keys[count].name;
    words[count] = NULL;
    list_words(words, list, sizeof(list));
    return draft_bad(draft, entry->line, entry->name,
                     "no such key in [%s]; allowed: %s", section->type, list);
}

int section_check(const struct draft *draft, const struct section *section,
                  const struct key *keys)
{
    const struct key *key;

    for (int i = 0; i < section->count; i++) {
        const struct entry *entry = &section->list[i];

        for (key = keys; key->name; key++)
            if (strcmp(key->name, entry->name) == 0)
                break;
        if (!key->name)
            return bad_key(draft, section, entry, keys);
        if (!key->many && section_get(section, entry->name) != entry)
            return draft_bad(draft, entry->line, entry->name,
                             "this key is there twice");
    }
    for (key = keys; key->name; key++)
        if (key->needed && !section_get(section, key->name))
            return draft_bad(draft, section->line, key->name,
                             "\"%s = ...\" is missing in this section",
                             key->name);
    return 0;
}

int section_number(const struct draft *draft, const struct section *section,
                   const char *key, int least, int most, int *out)
{
    const struct entry *entry = section_get(section, key);
    size_t len;

    if (!entry)
        return 0;
    len = strlen(entry->value);
    if (len <= 6 && strspn(entry->value, "0123456789") == len &&
        (entry->value[0] != '0' || len == 1))
        *out = (int)strtol(entry->value, NULL, 10);
    else
        *out = least - 1;
    if (*out < least || *out > most)
        return draft_bad(draft, entry->line, key,
                         "a whole number from %d to %d", least, most);
    return 0;
}

int section_word(const struct draft *draft, const struct section *section,
                 const char *key, const char *const *words, int *out)
{
    const struct entry *entry = section_get(section, key);
    char list[160];

    if (!entry)
        return 0;
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], entry->value) == 0) {
            *out = i;
            return 0;
        }
    list_words(words, list, sizeof(list));
    return draft_bad(draft, entry->line, key, "one of: %s", list);
}

int section_yes(const struct draft *draft, const struct section *section,
                const char *key, bool *out)
{
    static const char *const words[] = {"no", "yes", NULL};
    int word = *out;
    int rc = section_word(draft, section, key, words, &word);

    *out = word == 1;
    return rc;
}
