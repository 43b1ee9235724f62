/* What comes in as JSON and what goes out as JSON. */
#include "daemon/json.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char kind_text[] =
    "[kind]\nid = 7\nname = pet\nlabel = 宠物\nend = owner\n"
    "[cell identity]\nid = 1\nlabel = 身份\nclash = fixed\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n"
    "[field tag]\nid = 2\ncell = identity\nlabel = 编号\nalias = 牌号\n"
    "type = text\nsecret = yes\n"
    "[cell body]\nid = 2\nlabel = 身体\n"
    "[field weight]\nid = 3\ncell = body\nlabel = 体重\ntype = int\n"
    "[field chipped]\nid = 4\ncell = body\nlabel = 芯片\ntype = bool\n"
    "[cell trick]\nid = 3\nlabel = 本领\nkeyed = yes\n"
    "[field tricks]\nid = 5\ncell = trick\nlabel = 本领\ntype = set\n";

struct fixture {
    struct kinds *kinds;
    const struct kind *kind;
    struct json_edit edit;
    struct fault fault;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct kind_file file = {"pet.conf", bytes_text(kind_text)};

    *state = f;
    if (!f || kinds_read(&file, 1, &f->kinds, &f->fault) < 0) {
        print_error("%s %s\n", f ? f->fault.where : "", f ? f->fault.why : "");
        return -1;
    }
    f->kind = kinds_find(f->kinds, "pet");
    json_edit_init(&f->edit, 100000);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    json_edit_done(&f->edit);
    kinds_free(f->kinds);
    free(f);
    return 0;
}

/* ---- parsing ---- */

static int parse(struct fixture *f, const char *text, size_t len)
{
    json_t *value;
    int rc = json_parse(bytes_of(text, len), &value, &f->fault);

    assert_true((rc == 0) == (value != NULL));
    json_decref(value);
    return rc;
}

static void test_bad_json_has_a_code(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "early"},
        {"[1]", "object"},
        {"{} {}", "follows"},
        {"{\"a\":1,\"a\":2}", "twice"},
        {"{\"a\":\"\\u0000\"}", "NUL"},
        {"{\"a\":\"\xff\"}", "UTF-8"},
        {"{\"a\":99999999999999999999}", "too large"},
        {"{\"a\":1e999}", "too large"},
        {"{\"a\":\"\\ud800\"}", "syntax"},
        {"{\"a\":tru}", "syntax"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(parse(f, rows[i].text, strlen(rows[i].text)),
                         ERR_JSON);
        if (!strstr(f->fault.why, rows[i].why))
            fail_msg("%s: %s", rows[i].text, f->fault.why);
    }
    assert_int_equal(parse(f, "{\"a\":1}\0", 8), ERR_JSON);
    assert_int_equal(parse(f, "{\"a\":9223372036854775807}", 25), 0);
}

static void test_depth_is_bounded(void **state)
{
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH + 5);

    assert_non_null(text);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', DEPTH);
    assert_int_equal(parse(*state, text, DEPTH + 5), ERR_JSON);
    free(text);
}

static void test_a_fault_quotes_nothing(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "{\"phone\":\"13912345678\",\"phone\":\"13912345678\"}";

    assert_int_equal(parse(f, text, strlen(text)), ERR_JSON);
    assert_null(strstr(f->fault.why, "139"));
    assert_null(strstr(f->fault.why, "phone"));
}

/* ---- into an edit ---- */

static int fields(struct fixture *f, const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    int rc;

    assert_non_null(value);
    json_edit_clear(&f->edit);
    f->fault = (struct fault){0};
    rc = json_to_fields(value, f->kind, -1, &f->edit, &f->fault);
    json_decref(value);
    return rc;
}

static void assert_set(const struct fixture *f, const char *name,
                       const char *text)
{
    int index = kind_field(f->kind, name);

    for (int i = 0; i < f->edit.edit.nset; i++)
        if (f->edit.edit.set[i].field == index) {
            assert_true(bytes_equal(f->edit.edit.set[i].text,
                                    bytes_text(text)));
            return;
        }
    fail_msg("%s is not set", name);
}

static void test_fields_of_every_type(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fields(f, "{\"org\":\" 520527001 \",\"牌号\":\"A-1\","
                               "\"weight\":7,\"chipped\":true,"
                               "\"tricks\":[\"坐\",\"卧\",\"坐\",\"\"]}"), 0);
    assert_set(f, "org", "520527001");
    assert_set(f, "tag", "A-1");
    assert_set(f, "weight", "7");
    assert_set(f, "chipped", "true");
    assert_int_equal(f->edit.edit.nset, 4);
    assert_int_equal(f->edit.edit.nkeys, 2);
    assert_int_equal(f->edit.edit.nwhole, 1);
    assert_true(bytes_equal(f->edit.edit.key[1].key, bytes_text("卧")));
    assert_int_equal(fields(f, "{\"weight\":\"8\",\"tricks\":\"坐、 卧\"}"), 0);
    assert_set(f, "weight", "8");
    assert_int_equal(f->edit.edit.nkeys, 2);
}

static void test_what_clears(void **state)
{
    struct fixture *f = *state;
    static const char *const empty[] = {"null", "\"\"", "[]"};
    char text[80];

    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "{\"tag\":%s,\"tricks\":%s}", empty[i],
                 empty[i]);
        assert_int_equal(fields(f, text), 0);
        assert_set(f, "tag", "");
        assert_int_equal(f->edit.edit.nwhole, 1);
        assert_int_equal(f->edit.edit.nkeys, 0);
    }
}

static void test_wrong_fields_are_named(void **state)
{
    static const struct {
        const char *text;
        int err;
        const char *field;
    } rows[] = {
        {"{\"nothing\":1}", ERR_FIELD, "nothing"},
        {"{\"tag\":1}", ERR_VALUE, "tag"},
        {"{\"tag\":true}", ERR_VALUE, "tag"},
        {"{\"tag\":[\"a\"]}", ERR_VALUE, "tag"},
        {"{\"tag\":{}}", ERR_VALUE, "tag"},
        {"{\"weight\":1.5}", ERR_VALUE, "weight"},
        {"{\"weight\":\"heavy\"}", ERR_VALUE, "weight"},
        {"{\"weight\":true}", ERR_VALUE, "weight"},
        {"{\"chipped\":1}", ERR_VALUE, "chipped"},
        {"{\"chipped\":\"maybe\"}", ERR_VALUE, "chipped"},
        {"{\"tricks\":[1]}", ERR_VALUE, "tricks"},
        {"{\"tricks\":{\"a\":1}}", ERR_VALUE, "tricks"},
        {"{\"tricks\":5}", ERR_VALUE, "tricks"},
        {"{\"tag\":\"a\\u0001\"}", ERR_TEXT, "tag"},
        {"{\"tag\":\"a\",\"牌号\":\"b\"}", ERR_VALUE, "tag"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (fields(f, rows[i].text) != rows[i].err)
            fail_msg("%s: %d", rows[i].text, f->fault.err);
        assert_string_equal(f->fault.field, rows[i].field);
    }
}

static void test_more_than_an_edit_holds(void **state)
{
    struct fixture *f = *state;
    json_t *object = json_object(), *list = json_array();
    char key[16];

    for (int i = 0; i < EDIT_KEYS + 1; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        json_array_append_new(list, json_string(key));
    }
    json_object_set_new(object, "tricks", list);
    assert_true(json_to_fields(object, f->kind, -1, &f->edit, &f->fault) < 0);
    assert_string_equal(f->fault.field, "tricks");
    json_decref(object);
}

static void test_bases(void **state)
{
    struct fixture *f = *state;
    json_t *body = json_loads("{\"author\":\"张敏\",\"token\":\"t\",\"base\":5,"
                              "\"bases\":{\"body\":3,\"trick/坐\":4,\"end\":9}}",
                              0, NULL);
    const struct edit *edit = &f->edit.edit;

    json_edit_clear(&f->edit);
    assert_int_equal(json_to_frame(body, f->kind, &f->edit, &f->fault), 0);
    assert_true(edit->has_base && edit->base == 5);
    assert_int_equal(edit->nbases, 3);
    assert_int_equal(edit->bases[0].cell, kind_cell(f->kind, "body"));
    assert_true(bytes_equal(edit->bases[1].key, bytes_text("坐")));
    assert_int_equal(edit->bases[2].cell, 0);
    assert_true(edit->bases[2].number == 9);
    assert_true(bytes_equal(edit->author, bytes_text("张敏")));
    json_decref(body);
}

/* ---- out ---- */

static char *printed(json_t *value)
{
    struct buf out;

    buf_init(&out, 100000);
    json_print(value, &out);
    buf_u8(&out, 0);
    return (char *)out.data;
}

static void test_fault_as_json(void **state)
{
    struct fault fault = {.err = ERR_RULE, .field = "joined", .rule = "V10",
                          .why = "晚"};
    char *text = printed(json_from_fault(&fault));

    (void)state;
    assert_string_equal(text,
                        "{\"error\":{\"code\":\"YZ2201\",\"field\":\"joined\","
                        "\"rule\":\"V10\",\"text\":\"a rule forbids it\","
                        "\"text_zh\":\"不合规则\",\"why\":\"晚\"}}");
    free(text);
}

static void add_cell(struct shown *shown, int cell, const char *key)
{
    struct shown_cell *at = &shown->cell[shown->cells++];

    memset(at, 0, sizeof(*at));
    at->cell = cell;
    at->key = bytes_text(key);
    at->present = true;
    at->state = STATE_QUEUED;
    at->base = (uint64_t)shown->cells;
}

static struct shown *make_shown(const struct fixture *f)
{
    struct shown *shown = malloc(sizeof(*shown));

    assert_non_null(shown);
    shown->record = (struct id){{1}};
    shown->kind = f->kind;
    shown->ended = false;
    shown->end_base = 8;
    shown->cells = 0;
    shown->org = bytes_text("520527001");
    shown->state = STATE_QUEUED;
    add_cell(shown, 1, "");
    body_set(&shown->cell[0].body, 1, bytes_text("520527001"));
    body_set(&shown->cell[0].body, 2, bytes_text("13912345678"));
    add_cell(shown, 2, "");
    body_set(&shown->cell[1].body, 3, bytes_text("7"));
    body_set(&shown->cell[1].body, 4, bytes_text("false"));
    add_cell(shown, 3, "坐");
    add_cell(shown, 3, "卧");
    add_cell(shown, 3, "gone");
    shown->cell[4].present = false;
    return shown;
}

#define HEAD "\"id\":\"01000000-0000-0000-0000-000000000000\"," \
    "\"kind\":\"pet\",\"org\":\"520527001\"}"

static void test_record_as_json(void **state)
{
    struct shown *shown = make_shown(*state);
    char *text = printed(json_from_shown(shown, JSON_FULL));

    assert_string_equal(
        text, "{\"ended\":false,\"fields\":{\"chipped\":false,"
              "\"org\":\"520527001\",\"tag\":\"13912345678\","
              "\"tricks\":[\"卧\",\"坐\"],\"weight\":7}," HEAD);
    free(text);
    text = printed(json_from_shown(shown, JSON_FIELDS));
    assert_null(strstr(text, "13912345678"));
    assert_non_null(strstr(text, "139****5678"));
    free(text);
    text = printed(json_from_shown(shown, JSON_BASES | JSON_STATES));
    assert_non_null(strstr(text, "\"bases\":{\"body\":2,\"end\":8,"
                                 "\"identity\":1,\"trick/gone\":5,"));
    assert_non_null(strstr(text, "\"states\":{\"body\":\"queued\","));
    free(text);
    free(shown);
}

static void test_names_of_changes(void **state)
{
    struct name name = {{{0xAB, 0x01}}, 17}, back;
    char text[NAME_TEXT];
    int digits;

    (void)state;
    json_name_text(&name, text);
    assert_string_equal(text, "ab010000000000000000000000000000-17");
    assert_true(json_name_parse(text, &back, &digits));
    assert_true(name_equal(&name, &back) && digits == 32);
    assert_true(json_name_parse("AB010000-17", &back, &digits));
    assert_true(name_equal(&name, &back) && digits == 8);
    name.n = UINT64_MAX;
    json_name_text(&name, text);
    assert_false(json_name_parse("ab01-17", &back, &digits));
    assert_false(json_name_parse("ab010000-", &back, &digits));
    assert_false(json_name_parse("ab010000-0", &back, &digits));
    assert_false(json_name_parse("ab010000-1x", &back, &digits));
    assert_false(json_name_parse("ab010000--1", &back, &digits));
    assert_false(json_name_parse("", &back, &digits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_json_has_a_code),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_a_fault_quotes_nothing),
        cmocka_unit_test(test_fields_of_every_type),
        cmocka_unit_test(test_what_clears),
        cmocka_unit_test(test_wrong_fields_are_named),
        cmocka_unit_test(test_more_than_an_edit_holds),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_fault_as_json),
        cmocka_unit_test(test_record_as_json),
        cmocka_unit_test(test_names_of_changes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
