/* A set of kinds: its files in one text, and what one kind says of another. */
#include "proto/kindfile.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_NAME_MAX = 64 };

/* One file under the name it travels with. */
struct part {
    const struct kind_file *file;
    const char *name;
};

static int refuse(const struct kind_file *file, struct fault *fault,
                  const char *why)
{
    fault_set(fault, ERR_CONFIG, NULL, "%s", why);
    fault_place(fault, file->name, 1);
    return ERR_CONFIG;
}

static const char *last_part(const char *path)
{
    const char *last = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            last = path + 1;
    return last;
}

static bool file_name_ok(const char *name)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(name);

    return len > 0 && len <= FILE_NAME_MAX && strspn(name, signs) == len;
}

static int compare_parts(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->name,
                  ((const struct part *)b)->name);
}

static int order_files(const struct kind_file *files, int count,
                       struct part *parts, struct fault *fault)
{
    size_t total = 0;

    for (int i = 0; i < count; i++) {
        parts[i] = (struct part){&files[i], last_part(files[i].name)};
        if (!file_name_ok(parts[i].name))
            return refuse(&files[i], fault,
                          "the name of a kind file is letters, digits, and "
                          ". _ -, at most 64");
        if (files[i].text.len > KINDS_TEXT_MAX - total)
            return refuse(&files[i], fault,
                          "the kind files are at most 512 KiB together");
        total += files[i].text.len;
    }
    qsort(parts, (size_t)count, sizeof(*parts), compare_parts);
    for (int i = 1; i < count; i++)
        if (compare_parts(&parts[i - 1], &parts[i]) == 0)
            return refuse(parts[i].file, fault,
                          "two kind files have this name");
    return 0;
}

static void write_text(const struct part *parts, int count, struct kinds *out)
{
    char line[FILE_NAME_MAX + 40];

    buf_init(&out->text, KINDS_TEXT_MAX + KINDS_MAX * sizeof(line));
    for (int i = 0; i < count; i++) {
        int len = snprintf(line, sizeof(line), "file %s %zu\n", parts[i].name,
                           parts[i].file->text.len);

        buf_put(&out->text, line, (size_t)len);
        buf_put(&out->text, parts[i].file->text.data,
                parts[i].file->text.len);
    }
    crypto_generichash(out->hash, sizeof(out->hash), out->text.data,
                       out->text.len, NULL, 0);
}

static int check_ref(const struct kinds *kinds, const struct rule *rule,
                     const struct kind_file *file, struct fault *fault)
{
    const struct kind *kind = kinds_find(kinds, rule->ref_kind);
    int field = kind ? kind_field(kind, rule->ref_field) : -1;

    if (field >= 0 && strcmp(kind->fields[field].name, rule->ref_field) == 0 &&
        kind->fields[field].lookup)
        return 0;
    if (kind)
        fault_set(fault, ERR_CONFIG, rule->id,
                  "%s.%s is no field with \"lookup = yes\"", rule->ref_kind,
                  rule->ref_field);
    else
        fault_set(fault, ERR_CONFIG, rule->id,
                  "no file of the set has a kind %s", rule->ref_kind);
    fault_place(fault, file->name, rule->line);
    return ERR_CONFIG;
}

/* kinds->list is still in the order of `parts`. */
static int check_set(const struct kinds *kinds, const struct part *parts,
                     struct fault *fault)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < kinds->count; i++) {
        const struct kind *kind = &kinds->list[i];

        if (kinds_find(kinds, kind->name) != kind)
            return refuse(parts[i].file, fault,
                          "another file has a kind of this name");
        if (kinds_by_id(kinds, (uint64_t)kind->id) != kind)
            return refuse(parts[i].file, fault,
                          "another file has a kind with this id");
        for (int j = 0; rc == 0 && j < kind->nrules; j++)
            if (kind->rules[j].form == RULE_REF)
                rc = check_ref(kinds, &kind->rules[j], parts[i].file, fault);
    }
    return rc;
}

static int compare_ids(const void *a, const void *b)
{
    const struct kind *one = a, *other = b;

    return (one->id > other->id) - (one->id < other->id);
}

static int read_parts(const struct part *parts, int count, struct kinds *kinds,
                      struct fault *fault)
{
    int rc = 0;

    kinds->list = zalloc(count, sizeof(*kinds->list));
    for (int i = 0; rc == 0 && i < count; i++) {
        struct draft draft;

        rc = draft_read(parts[i].file, &draft, fault);
        if (rc == 0)
            rc = kind_read(&draft, &kinds->list[kinds->count++]);
        draft_done(&draft);
    }
    return rc < 0 ? rc : check_set(kinds, parts, fault);
}

int kinds_read(const struct kind_file *files, int count, struct kinds **out,
               struct fault *fault)
{
    struct part parts[KINDS_MAX];
    struct kinds *kinds;
    int rc;

    *out = NULL;
    if (count < 1 || count > KINDS_MAX)
        return fault_set(fault, ERR_CONFIG, NULL,
                         "a set has 1 to %d kind files", KINDS_MAX);
    rc = order_files(files, count, parts, fault);
    if (rc < 0)
        return rc;
    kinds = zalloc(1, sizeof(*kinds));
    rc = read_parts(parts, count, kinds, fault);
    if (rc < 0) {
        kinds_free(kinds);
        return rc;
    }
    write_text(parts, count, kinds);
    qsort(kinds->list, (size_t)count, sizeof(*kinds->list), compare_ids);
    *out = kinds;
    return 0;
}

/* NAME and LENGTH of a line "file NAME LENGTH\n"; `name` gets FILE_NAME_MAX + 1
 * bytes. */
static bool read_line(const char *line, char *name, size_t *length)
{
    size_t len, digits;

    if (strncmp(line, "file ", 5) != 0)
        return false;
    line += 5;
    len = strcspn(line, " ");
    if (len > FILE_NAME_MAX || line[len] != ' ')
        return false;
    memcpy(name, line, len);
    name[len] = '\0';
    line += len + 1;
    digits = strspn(line, "0123456789");
    *length = strtoul(line, NULL, 10);
    return digits >= 1 && digits <= 7 && strcmp(line + digits, "\n") == 0 &&
           file_name_ok(name);
}

/* The line and the bytes that follow it. */
static bool cut_file(struct cut *cut, char *name, struct bytes *text)
{
    char line[FILE_NAME_MAX + 40] = "";
    size_t len = 0, length;

    while (len + 1 < sizeof(line) && !cut->bad) {
        line[len] = (char)cut_u8(cut);
        if (line[len] == '\n')
            break;
        len++;
    }
    if (cut->bad || line[len] != '\n' ||
        !read_line(line, name, &length))
        return false;
    *text = cut_take(cut, length);
    return !cut->bad;
}

int kinds_read_text(struct bytes text, struct kinds **out,
                    struct fault *fault)
{
    struct kind_file files[KINDS_MAX];
    char names[KINDS_MAX][FILE_NAME_MAX + 1];
    struct cut cut = cut_of(text);
    int count = 0, rc;

    *out = NULL;
    for (; cut_left(&cut) > 0 && count < KINDS_MAX; count++) {
        if (!cut_file(&cut, names[count], &files[count].text))
            break;
        files[count].name = names[count];
    }
    if (cut.bad || cut_left(&cut) > 0 || count == 0)
        return fault_set(fault, ERR_FORMAT, NULL,
                         "kind files as another machine sends them");
    rc = kinds_read(files, count, out, fault);
    if (rc < 0 || bytes_equal(buf_view(&(*out)->text), text))
        return rc;
    /* Another order or another form of a number: two texts, one meaning. */
    kinds_free(*out);
    *out = NULL;
    return fault_set(fault, ERR_FORMAT, NULL,
                     "kind files in order of their names");
}
