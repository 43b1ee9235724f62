/*
 * Parsing, printing, and the small things every reply is made of.
 *
 * jansson is asked to refuse duplicate names always, and by itself refuses bad
 * UTF-8, NUL, numbers beyond 64 bits and more than 2048 levels; cJSON and
 * json-c would let some of these through and damage ids without a word.
 */
#include "daemon/json.h"
#include "daemon/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jansson's own texts quote the input, so only the kind of mistake is told. */
static const char *mistake(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_stack_overflow:
        return "nested too deep";
    case json_error_invalid_utf8:
        return "text is not UTF-8";
    case json_error_premature_end_of_input:
        return "ends too early";
    case json_error_end_of_input_expected:
        return "something follows the value";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a text contains NUL";
    case json_error_duplicate_key:
        return "a name is given twice";
    case json_error_numeric_overflow:
        return "a number is too large";
    default:
        return "syntax";
    }
}

int json_parse(struct bytes text, json_t **out, struct fault *fault)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)text.data, text.len,
                               JSON_REJECT_DUPLICATES, &error);

    *out = NULL;
    if (!value)
        return fault_set(fault, ERR_JSON, "", "line %d column %d: %s",
                         error.line, error.column, mistake(&error));
    if (!json_is_object(value)) {
        json_decref(value);
        return fault_set(fault, ERR_JSON, "", "an object is expected");
    }
    *out = value;
    return 0;
}

static int on_dump(const char *data, size_t len, void *user)
{
    buf_put(user, data, len);
    return 0;
}

void json_print(json_t *value, struct buf *out)
{
    json_dump_callback(value, on_dump, out,
                       JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    json_decref(value);
}

void json_print_line(json_t *value, struct buf *out)
{
    json_print(value, out);
    buf_u8(out, '\n');
}

json_t *json_from_bytes(struct bytes text)
{
    json_t *value = text.len == 0
                        ? json_string("")
                        : json_stringn((const char *)text.data, text.len);

    return value ? value : json_null();
}

json_t *json_from_hash(const struct hash *hash)
{
    char hex[2 * HASH_SIZE + 1];

    sodium_bin2hex(hex, sizeof(hex), hash->b, HASH_SIZE);
    return json_string(hex);
}

json_t *json_from_time(int64_t wall_ms)
{
    char text[32];

    if (wall_ms <= 0)
        return json_null();
    log_time(wall_ms, text);
    return json_string(text);
}

void json_name_text(const struct name *name, char *out)
{
    for (size_t i = 0; i < ID_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", name->origin.b[i]);
    snprintf(out + ORIGIN_TEXT, NAME_TEXT - ORIGIN_TEXT, "-%llu",
             (unsigned long long)name->n);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool json_name_parse(const char *text, struct name *out, int *digits)
{
    char *end;
    int at = 0;

    *out = (struct name){0};
    for (; at < 2 * ID_SIZE && hex_digit(text[at]) >= 0; at++)
        out->origin.b[at / 2] |=
            (uint8_t)(hex_digit(text[at]) << (at % 2 ? 0 : 4));
    *digits = at;
    if (at < 8 || text[at] != '-' || text[at + 1] < '1' || text[at + 1] > '9' ||
        strlen(text + at + 1) > 18)
        return false;
    out->n = strtoull(text + at + 1, &end, 10);
    return *end == '\0';
}

static void put_code(json_t *object, int err)
{
    char code[16];

    snprintf(code, sizeof(code), "YZ%04d", err_code(err));
    json_object_set_new(object, "code", json_string(code));
}

static void put_text(json_t *object, const char *name, const char *text)
{
    if (text[0])
        json_object_set_new(object, name, json_from_bytes(bytes_text(text)));
}

json_t *json_from_fault(const struct fault *fault)
{
    json_t *error = json_object(), *whole = json_object();

    put_code(error, fault->err);
    put_text(error, "text", err_text(fault->err, 0));
    put_text(error, "text_zh", err_text(fault->err, 1));
    put_text(error, "field", fault->field);
    put_text(error, "rule", fault->rule);
    put_text(error, "where", fault->where);
    put_text(error, "why", fault->why);
    json_object_set_new(whole, "error", error);
    return whole;
}

json_t *json_from_wrong(uint64_t line, const struct fault *fault)
{
    json_t *out = json_object();

    json_object_set_new(out, "line", json_integer((json_int_t)line));
    put_code(out, fault->err);
    json_object_set_new(out, "field",
                        json_from_bytes(bytes_text(fault->field)));
    json_object_set_new(out, "rule", json_from_bytes(bytes_text(fault->rule)));
    json_object_set_new(out, "why", json_from_bytes(bytes_text(fault->why)));
    return out;
}
