/*
 * From what the store shows to JSON. An export must be the same bytes whatever
 * machine prints it, so nothing here depends on the order in which changes
 * came: members are sorted when printed, sets are sorted by their bytes.
 */
#include "daemon/json.h"
#include "proto/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_TEXT = 128 + KEY_MAX };

static void put(json_t *object, const char *name, struct bytes text)
{
    json_object_set_new(object, name, json_from_bytes(text));
}

static void put_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void put_id(json_t *object, const char *name, const struct id *id)
{
    char text[40];

    id_text(id, text);
    json_object_set_new(object, name, json_string(text));
}

static void put_name(json_t *object, const struct name *name)
{
    char text[NAME_TEXT];

    json_name_text(name, text);
    text[ORIGIN_TEXT] = '\0';
    json_object_set_new(object, "origin", json_string(text));
    put_number(object, "n", name->n);
}

/* For whoever did not ask for it in full. */
static json_t *masked(const struct field *field, struct bytes text)
{
    struct buf out;
    json_t *value;

    buf_init(&out, CHANGE_MAX);
    value_mask(field, text, &out);
    value = json_from_bytes(buf_view(&out));
    buf_done(&out);
    return value;
}

/* Of a set each key is a value. */
static bool key_is_secret(const struct kind *kind, int cell)
{
    for (int i = 0; i < kind->nfields; i++)
        if (kind->fields[i].cell == cell &&
            kind->fields[i].type == FIELD_SET && kind->fields[i].secret)
            return true;
    return false;
}

/* "phone", "post/支部委员", "end"; "phones/138****1234". */
static void cell_text(const struct kind *kind, int cell, struct bytes key,
                      int parts, char *out)
{
    const char *name = cell == 0 ? "end" : kind->cells[cell].name;
    static const struct field of_set = {.type = FIELD_SET};
    struct buf told;

    buf_init(&told, CHANGE_MAX);
    if (key.len > 0 && !(parts & JSON_FULL) && key_is_secret(kind, cell)) {
        value_mask(&of_set, key, &told);
        key = buf_view(&told);
    }
    if (key.len == 0)
        snprintf(out, CELL_TEXT, "%s", name);
    else
        snprintf(out, CELL_TEXT, "%s/%.*s", name, (int)key.len,
                 (const char *)key.data);
    buf_done(&told);
}

/* int and bool become JSON's own; a number too long for that cannot be, as
 * value_clean has let at most 15 digits in. */
static json_t *from_value(const struct field *field, struct bytes text,
                          int parts)
{
    char number[24] = "";

    if (field->secret && !(parts & JSON_FULL))
        return masked(field, text);
    if (field->type == FIELD_BOOL)
        return json_boolean(bytes_equal(text, bytes_text("true")));
    if (field->type != FIELD_INT || text.len >= sizeof(number))
        return json_from_bytes(text);
    memcpy(number, text.data, text.len);
    return json_integer(strtoll(number, NULL, 10));
}

/* The fields of a body. Those of an ending have no entry in the kind. */
static void put_body(json_t *fields, const struct kind *kind, int cell,
                     const struct body *body, int parts)
{
    for (int i = 0; i < body->count; i++) {
        const struct value *value = &body->value[i];
        int index = cell > 0
                        ? kind_field_by_id(kind, cell, value->field)
                        : -1;

        if (index >= 0)
            json_object_set_new(
                fields, kind->fields[index].name,
                from_value(&kind->fields[index], value->text, parts));
        else if (cell == 0)
            put(fields,
                value->field == END_SURVIVOR ? "survivor" : "reason",
                value->text);
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len ? memcmp(x->data, y->data, len) : 0;

    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static json_t *from_set(const struct shown *shown, const struct field *field,
                        int parts)
{
    struct bytes key[SHOWN_CELLS];
    json_t *list = json_array();
    size_t count = 0;

    for (int i = 0; i < shown->cells; i++)
        if (shown->cell[i].cell == field->cell && shown->cell[i].present)
            key[count++] = shown->cell[i].key;
    if (count > 1)
        qsort(key, count, sizeof(key[0]), compare_keys);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, field->secret && !(parts & JSON_FULL)
                                        ? masked(field, key[i])
                                        : json_from_bytes(key[i]));
    return list;
}

static json_t *from_fields(const struct shown *shown, int parts)
{
    const struct kind *kind = shown->kind;
    json_t *fields = json_object();

    for (int i = 0; i < shown->cells; i++)
        if (shown->cell[i].present)
            put_body(fields, kind, shown->cell[i].cell, &shown->cell[i].body,
                     parts);
    for (int i = 0; i < kind->nfields; i++) {
        json_t *list;

        if (kind->fields[i].type != FIELD_SET)
            continue;
        list = from_set(shown, &kind->fields[i], parts);
        if (json_array_size(list) > 0)
            json_object_set(fields, kind->fields[i].name, list);
        json_decref(list);
    }
    return fields;
}

int64_t json_newest(const struct shown *shown)
{
    int64_t newest = 0;

    for (int i = 0; i < shown->cells; i++)
        if (shown->cell[i].wall_ms > newest)
            newest = shown->cell[i].wall_ms;
    return newest;
}

/* "news" lists the cells where an own undecided value hides something newer. */
static void put_states(json_t *out, const struct shown *shown, int parts)
{
    json_t *states = json_object(), *news = json_array();
    char name[CELL_TEXT];

    for (int i = 0; i < shown->cells; i++) {
        const struct shown_cell *cell = &shown->cell[i];

        cell_text(shown->kind, cell->cell, cell->key, parts, name);
        json_object_set_new(states, name,
                            json_string(state_text(cell->state)));
        if (cell->news)
            json_array_append_new(news, json_string(name));
    }
    json_object_set_new(out, "states", states);
    json_object_set_new(out, "news", news);
    json_object_set_new(out, "state", json_string(state_text(shown->state)));
    json_object_set_new(out, "newest", json_from_time(json_newest(shown)));
}

static void put_bases(json_t *out, const struct shown *shown, int parts)
{
    json_t *bases = json_object();
    char name[CELL_TEXT];

    for (int i = 0; i < shown->cells; i++) {
        cell_text(shown->kind, shown->cell[i].cell, shown->cell[i].key, parts,
                  name);
        put_number(bases, name, shown->cell[i].base);
    }
    put_number(bases, "end", shown->end_base);
    json_object_set_new(out, "bases", bases);
}

json_t *json_from_shown(const struct shown *shown, int parts)
{
    json_t *out = json_object();

    json_object_set_new(out, "kind", json_string(shown->kind->name));
    put_id(out, "id", &shown->record);
    put(out, "org", shown->org);
    json_object_set_new(out, "ended", json_boolean(shown->ended));
    json_object_set_new(out, "fields", from_fields(shown, parts));
    if (parts & JSON_BASES)
        put_bases(out, shown, parts);
    if (parts & JSON_STATES) {
        put_states(out, shown, parts);
        if (shown->ended)
            put(out, "end_reason", shown->end_reason);
    }
    return out;
}

json_t *json_from_past(const struct past *past, int parts)
{
    const struct change *change = &past->change;
    json_t *out = json_object(), *fields = json_object();
    int cell = past->kind ? kind_cell_by_id(past->kind, change->cell) : -1;
    char name[CELL_TEXT];

    put_name(out, &change->name);
    if (cell >= 0) {
        cell_text(past->kind, cell, change->key, parts, name);
        json_object_set_new(out, "cell", json_string(name));
        put_body(fields, past->kind, cell, &change->body, parts);
    }
    json_object_set_new(out, "fields", fields);
    json_object_set_new(out, "removal", json_boolean(change->removal));
    put(out, "author", change->author);
    json_object_set_new(out, "time", json_from_time(change->stamp.wall_ms));
    if (change->has_at)
        json_object_set_new(out, "at", json_from_time(change->at_ms));
    put_number(out, "base", change->base);
    put_number(out, "number", past->number);
    json_object_set_new(out, "state", json_string(state_text(past->state)));
    json_object_set_new(out, "reason",
                        past->reason == REASON_NONE
                            ? json_null()
                            : json_string(reason_text(past->reason)));
    return out;
}

/* An object of its fields, or null for nothing. */
static json_t *from_body(const struct shown_case *shown, bool present,
                         const struct body *body, int parts)
{
    json_t *fields;

    if (!present || !shown->kind || shown->cell < 0)
        return json_null();
    fields = json_object();
    put_body(fields, shown->kind, shown->cell, body, parts);
    return fields;
}

bool json_case_secret(const struct shown_case *shown)
{
    const struct kind *kind = shown->kind;

    for (int i = 0; kind && shown->cell >= 0 && i < kind->nfields; i++)
        if (kind->fields[i].cell == shown->cell && kind->fields[i].secret)
            return true;
    return false;
}

json_t *json_from_case(const struct shown_case *shown, int parts)
{
    json_t *out = json_object(), *authors = json_object();
    bool there = shown->readable && !shown->parked.removal;
    char name[CELL_TEXT];   /* longer than NAME_TEXT */

    json_name_text(&shown->name, name);
    json_object_set_new(out, "case", json_string(name));
    put_id(out, "record", &shown->record);
    if (shown->kind)
        json_object_set_new(out, "kind", json_string(shown->kind->name));
    if (shown->kind && shown->cell >= 0) {
        cell_text(shown->kind, shown->cell, shown->key, parts, name);
        json_object_set_new(out, "cell", json_string(name));
    }
    json_object_set_new(out, "reason",
                        json_string(reason_text(shown->reason)));
    put(out, "field", bytes_text(shown->field));
    put(out, "rule", bytes_text(shown->rule));
    json_object_set_new(out, "parked",
                        from_body(shown, there, &shown->parked.body, parts));
    json_object_set_new(
        out, "in_force",
        from_body(shown, shown->in_force_present, &shown->in_force, parts));
    json_object_set_new(
        out, "base_value",
        from_body(shown, shown->base_present, &shown->base_value, parts));
    put(authors, "parked", shown->readable ? shown->parked.author
                                           : bytes_of("", 0));
    put(authors, "in_force", shown->in_force_author);
    json_object_set_new(out, "authors", authors);
    json_object_set_new(out, "since",
                        shown->readable
                            ? json_from_time(shown->parked.stamp.wall_ms)
                            : json_null());
    put_number(out, "number", shown->number);
    json_object_set_new(out, "own", json_boolean(shown->own));
    json_object_set_new(out, "open", json_boolean(shown->open));
    if (!shown->open && shown->settled_by.n > 0) {
        json_name_text(&shown->settled_by, name);
        json_object_set_new(out, "settled_by", json_string(name));
    }
    return out;
}

json_t *json_from_receipt(const struct receipt *receipt,
                          const struct kind *kind)
{
    json_t *out = json_object(), *changes = json_array();
    json_t *warnings = json_array();
    char name[CELL_TEXT];

    put_id(out, "id", &receipt->record);
    for (int i = 0; i < receipt->changes; i++) {
        json_t *one = json_object();

        put_name(one, &receipt->change[i].name);
        if (kind && receipt->change[i].cell >= 0) {
            cell_text(kind, receipt->change[i].cell,
                      bytes_text(receipt->change[i].key), 0, name);
            json_object_set_new(one, "cell", json_string(name));
        }
        json_object_set_new(one, "state",
                            json_string(state_text(receipt->change[i].state)));
        json_array_append_new(changes, one);
    }
    for (int i = 0; i < receipt->warnings; i++) {
        json_t *one = json_object();

        put(one, "rule", bytes_text(receipt->warning[i].rule));
        put(one, "field", bytes_text(receipt->warning[i].field));
        json_array_append_new(warnings, one);
    }
    json_object_set_new(out, "changes", changes);
    json_object_set_new(out, "warnings", warnings);
    json_object_set_new(out, "repeated", json_boolean(receipt->repeated));
    return out;
}
