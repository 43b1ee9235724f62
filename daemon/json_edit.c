/*
 * From a JSON object to an edit. The texts of the edit lie in one buf that is
 * allocated whole before the first of them, because the edit points into it:
 * a buf that grew would leave every earlier text dangling. What does not fit
 * is an error, never a move.
 */
#include "daemon/json.h"
#include "daemon/request.h"
#include "proto/text.h"

#include <stdio.h>
#include <string.h>

void json_edit_init(struct json_edit *edit, size_t text_max)
{
    buf_init(&edit->text, text_max);
    /* All at once, as the edit points into it while it fills. */
    buf_room(&edit->text, text_max);
    json_edit_clear(edit);
}

void json_edit_clear(struct json_edit *edit)
{
    buf_clear(&edit->text);
    edit_clear(&edit->edit);
}

void json_edit_done(struct json_edit *edit)
{
    buf_done(&edit->text);
}

struct bytes json_edit_keep(struct json_edit *edit, struct bytes text)
{
    size_t start = edit->text.len;

    buf_put(&edit->text, text.data, text.len);
    if (edit->text.full)
        return bytes_of(NULL, 0);
    return bytes_of(edit->text.data + start, text.len);
}

static struct bytes text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

/* What `show` prints of a secret field, which would be saved as stars. */
static bool is_masked(const struct field *field, struct bytes text)
{
    return field->secret && memmem(text.data, text.len, "***", 3);
}

/* Clean `in` as `field` wants it; the result is kept with the edit. */
static int clean(struct json_edit *out, const struct field *field,
                 struct bytes in, struct bytes *text, struct fault *fault)
{
    size_t start = out->text.len;
    int rc;

    if (is_masked(field, in))
        return fault_set(fault, ERR_VALUE, field->name,
                         "this is a masked value; type the whole one");
    rc = value_clean(field, in, &out->text, fault);
    if (rc == 0 && out->text.full)
        rc = fault_set(fault, ERR_SIZE, field->name, "the edit is too large");
    if (rc < 0) {
        if (fault && !fault->field[0])
            snprintf(fault->field, sizeof(fault->field), "%s", field->name);
        return rc;
    }
    *text = bytes_of(out->text.data + start, out->text.len - start);
    return 0;
}

static bool key_given(const struct edit *edit, int cell, struct bytes key)
{
    for (int i = 0; i < edit->nkeys; i++)
        if (edit->key[i].cell == cell && bytes_equal(edit->key[i].key, key))
            return true;
    return false;
}

static int add_key(struct json_edit *out, const struct field *field,
                   struct bytes in, struct fault *fault)
{
    struct edit *edit = &out->edit;
    struct bytes key = {NULL, 0};
    int rc = clean(out, field, in, &key, fault);

    if (rc < 0 || key.len == 0 || key_given(edit, field->cell, key))
        return rc;
    if (edit->nkeys == EDIT_KEYS)
        return fault_set(fault, ERR_SIZE, field->name, "at most %d entries",
                         EDIT_KEYS);
    edit->key[edit->nkeys].cell = field->cell;
    edit->key[edit->nkeys].key = key;
    edit->key[edit->nkeys++].present = true;
    return 0;
}

static int add_list(struct json_edit *out, const struct field *field,
                    const json_t *list, struct fault *fault)
{
    int rc = 0;

    for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
        const json_t *item = json_array_get(list, i);

        if (!json_is_string(item))
            return fault_set(fault, ERR_VALUE, field->name,
                             "a list of texts is expected");
        rc = add_key(out, field, text_of(item), fault);
    }
    return rc;
}

/* Length of a separator of a written list at the front of `text`, or 0. */
static size_t separator(struct bytes text)
{
    static const char *const signs[] = {",", ";", "、", "，", "；"};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t len = strlen(signs[i]);

        if (text.len >= len && memcmp(text.data, signs[i], len) == 0)
            return len;
    }
    return 0;
}

/* A list as a person writes it: 支部委员、组织委员. */
static int add_written(struct json_edit *out, const struct field *field,
                       struct bytes text, struct fault *fault)
{
    struct bytes key = bytes_of(text.data, 0);
    int rc = 0;

    while (text.len > 0 && rc == 0) {
        size_t skip = separator(text);

        if (skip == 0) {
            key.len++;
            skip = 1;
        } else {
            rc = add_key(out, field, key, fault);
            key = bytes_of(text.data + skip, 0);
        }
        text = bytes_of(text.data + skip, text.len - skip);
    }
    return rc < 0 ? rc : add_key(out, field, key, fault);
}

static int set_keys(struct json_edit *out, const struct field *field,
                    const json_t *value, struct fault *fault)
{
    struct edit *edit = &out->edit;

    if (!json_is_null(value) && !json_is_string(value) &&
        !json_is_array(value))
        return fault_set(fault, ERR_VALUE, field->name,
                         "a list of texts is expected");
    for (int i = 0; i < edit->nwhole; i++)
        if (edit->whole[i] == field->cell)
            return fault_set(fault, ERR_VALUE, field->name, "given twice");
    if (edit->nwhole == EDIT_FIELDS)
        return fault_set(fault, ERR_SIZE, field->name, "too many fields");
    edit->whole[edit->nwhole++] = field->cell;
    if (json_is_array(value))
        return add_list(out, field, value, fault);
    return add_written(out, field, text_of(value), fault);
}

int json_edit_set(struct json_edit *out, int field, struct bytes text,
                  struct fault *fault)
{
    struct edit *edit = &out->edit;
    int at = 0;

    while (at < edit->nset && edit->set[at].field != field)
        at++;
    if (at == EDIT_FIELDS)
        return fault_set(fault, ERR_SIZE, "", "at most %d fields",
                         EDIT_FIELDS);
    edit->set[at].field = field;
    edit->set[at].text = text;
    if (at == edit->nset)
        edit->nset++;
    return 0;
}

static int set_one(struct json_edit *out, const struct kind *kind, int index,
                   const json_t *value, struct fault *fault)
{
    const struct field *field = &kind->fields[index];
    struct bytes text = {0};
    char number[24];
    int rc = 0;

    if (json_is_string(value))
        rc = clean(out, field, text_of(value), &text, fault);
    else if (json_is_boolean(value) && field->type == FIELD_BOOL)
        rc = clean(out, field,
                   bytes_text(json_is_true(value) ? "true" : "false"), &text,
                   fault);
    else if (json_is_integer(value) && field->type == FIELD_INT) {
        snprintf(number, sizeof(number), "%lld",
                 (long long)json_integer_value(value));
        rc = clean(out, field, bytes_text(number), &text, fault);
    } else if (!json_is_null(value) &&
               !(json_is_array(value) && json_array_size(value) == 0))
        rc = fault_set(fault, ERR_VALUE, field->name, "a %s is expected",
                       field->type == FIELD_BOOL  ? "true or false"
                       : field->type == FIELD_INT ? "whole number"
                                                  : "text");
    return rc < 0 ? rc : json_edit_set(out, index, text, fault);
}

int json_to_fields(const json_t *fields, const struct kind *kind, int cell,
                   struct json_edit *out, struct fault *fault)
{
    uint8_t seen[512] = {0};
    const char *name;
    json_t *value;

    if (!json_is_object(fields))
        return fault_set(fault, ERR_JSON, "fields", "an object is expected");
    json_object_foreach((json_t *)fields, name, value) {
        int index = kind_field(kind, name), rc;

        if (index < 0 || (cell >= 0 && kind->fields[index].cell != cell))
            return fault_set(fault, ERR_FIELD, name, "not a field of %s",
                             index < 0 ? kind->name : kind->cells[cell].name);
        /* An alias may name a field that is there under its own name too. */
        if (index < (int)sizeof(seen) && seen[index]++)
            return fault_set(fault, ERR_VALUE, kind->fields[index].name,
                             "given twice");
        rc = kind->fields[index].type == FIELD_SET
                 ? set_keys(out, &kind->fields[index], value, fault)
                 : set_one(out, kind, index, value, fault);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int json_to_text(const json_t *object, const char *name, size_t max,
                 struct bytes *out, struct fault *fault)
{
    const json_t *value = json_object_get(object, name);

    *out = bytes_of("", 0);
    if (!value || json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return fault_set(fault, ERR_JSON, name, "a text is expected");
    *out = text_of(value);
    if (out->len > max)
        return fault_set(fault, ERR_LONG, name, "at most %zu bytes", max);
    if (!text_valid(*out))
        return fault_set(fault, ERR_TEXT, name, "UTF-8 without control signs");
    return 0;
}

int json_to_id(const json_t *object, const char *name, struct id *out,
               struct fault *fault)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!text || !id_parse(text, out))
        return fault_set(fault, ERR_VALUE, name, "a record id is expected");
    return 0;
}

int json_only(const json_t *object, const char *names, struct fault *fault)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value) {
        if (!name_among(name, names))
            return fault_set(fault, ERR_FIELD, name, "allowed: %s", names);
    }
    return 0;
}

static int add_base(struct json_edit *out, const struct kind *kind,
                    const char *name, const json_t *number,
                    struct fault *fault)
{
    struct edit *edit = &out->edit;
    char cell[64] = "";
    const char *slash = strchr(name, '/');
    size_t len = slash ? (size_t)(slash - name) : strlen(name);
    int index;

    if (len < sizeof(cell))
        memcpy(cell, name, len);
    index = strcmp(cell, "end") == 0 ? 0 : kind_cell(kind, cell);
    if (index < 0)
        return fault_set(fault, ERR_FIELD, "bases", "no such cell");
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return fault_set(fault, ERR_VALUE, "bases", "a number is expected");
    if (edit->nbases == EDIT_KEYS)
        return fault_set(fault, ERR_SIZE, "bases", "at most %d", EDIT_KEYS);
    edit->bases[edit->nbases].cell = index;
    edit->bases[edit->nbases].key =
        slash ? json_edit_keep(out, bytes_text(slash + 1)) : bytes_of("", 0);
    edit->bases[edit->nbases++].number = (uint64_t)json_integer_value(number);
    return 0;
}

int json_to_frame(const json_t *request, const struct kind *kind,
                  struct json_edit *out, struct fault *fault)
{
    const json_t *base = json_object_get(request, "base");
    json_t *bases = json_object_get(request, "bases"), *number;
    struct bytes author, token;
    const char *name;
    int rc = json_to_text(request, "author", JSON_NAME_MAX, &author, fault);

    if (rc == 0)
        rc = json_to_text(request, "token", JSON_TOKEN_MAX, &token, fault);
    if (rc < 0)
        return rc;
    out->edit.author = author;
    out->edit.token = token;
    if (base && !json_is_null(base)) {
        if (!json_is_integer(base) || json_integer_value(base) < 0)
            return fault_set(fault, ERR_VALUE, "base", "a number is expected");
        out->edit.has_base = true;
        out->edit.base = (uint64_t)json_integer_value(base);
    }
    if (!bases || json_is_null(bases))
        return 0;
    if (!json_is_object(bases))
        return fault_set(fault, ERR_VALUE, "bases", "an object is expected");
    json_object_foreach(bases, name, number) {
        rc = add_base(out, kind, name, number, fault);
        if (rc < 0)
            return rc;
    }
    return 0;
}
