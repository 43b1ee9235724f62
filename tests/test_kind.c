/* What is read from kind files, and from sets of them. */
#include "proto/kind.h"
#include "tests/pet.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_one(const char *text, size_t len, struct kinds **out,
                    struct fault *fault)
{
    struct kind_file file = {"conf/pet.conf", {0}};
    uint8_t *copy = xmalloc(len);
    int rc;

    memcpy(copy, text, len);
    file.text = bytes_of(copy, len);
    *fault = (struct fault){0};
    rc = kinds_read(&file, 1, out, fault);
    free(copy);
    return rc;
}

static char *replaced(const char *find, const char *put)
{
    size_t size = sizeof(base) + strlen(put) + 1;
    char *text = xmalloc(size);
    const char *at = find ? strstr(base, find) : base + strlen(base);

    assert_non_null(at);
    snprintf(text, size, "%.*s%s%s", (int)(at - base), base, put,
             at + (find ? strlen(find) : 0));
    return text;
}

static void test_what_was_read(void **state)
{
    struct kinds *kinds;
    struct fault fault;
    const struct kind *kind;
    const struct cell *life;
    const struct rule *rule;

    (void)state;
    assert_int_equal(read_one(base, strlen(base), &kinds, &fault), 0);
    assert_int_equal(kinds->count, 1);
    kind = kinds_find(kinds, "pet");
    assert_ptr_equal(kind, kinds_by_id(kinds, 7));
    assert_null(kinds_find(kinds, "cat"));
    assert_null(kinds_by_id(kinds, 8));
    assert_null(kinds_by_id(kinds, ((uint64_t)1 << 32) + 7));

    assert_int_equal(kind->ncells, 5);
    assert_int_equal(kind->cells[0].id, CELL_END);
    assert_int_equal(kind->cells[0].writer, WRITER_OWNER);
    assert_int_equal(kind_cell(kind, "identity"), 1);
    assert_int_equal(kind->cells[1].clash, CLASH_FIXED);
    assert_int_equal(kind->org_field, kind_field(kind, "org"));
    assert_int_equal(kind->host_field, kind_field(kind, "寄养"));
    assert_int_equal(kind_field(kind, "牌号"), kind_field(kind, "tag_no"));
    assert_int_equal(kind_field(kind, "nothing"), -1);
    assert_int_equal(kind_cell(kind, "nothing"), -1);
    assert_int_equal(kind_cell_by_id(kind, 0), 0);
    assert_int_equal(kind_cell_by_id(kind, 99), -1);
    assert_int_equal(kind_field_by_id(kind, 1, 2), 1);
    assert_int_equal(kind_field_by_id(kind, 2, 2), -1);
    assert_int_equal(kind_field_by_id(kind, 0, 1), -1);

    life = &kind->cells[kind_cell(kind, "life")];
    assert_int_equal(life->writer, WRITER_COUNTY);
    assert_int_equal(life->first, WRITER_ANY);
    assert_int_equal(life->step_field, kind_field(kind, "state"));
    assert_int_equal(life->nsteps, 2);
    assert_string_equal(life->steps[0].from, "none");
    assert_string_equal(life->steps[0].to, "在");
    assert_int_equal(life->steps[0].writer, WRITER_ANY);
    assert_int_equal(life->steps[1].writer, WRITER_HOST);
    assert_int_equal(kind->cells[1].step_field, -1);
    assert_true(kind->cells[3].keyed);

    rule = &kind->rules[0];
    assert_int_equal(kind->nrules, 2);
    assert_string_equal(rule->id, "R1");
    assert_string_equal(rule->says, "死亡须有日期");
    assert_string_equal(rule->value, "亡");
    assert_true(rule->error && rule->form == RULE_NEEDS);
    assert_int_equal(rule->field[1], kind_field(kind, "died"));
    assert_int_equal(rule->unless, -1);
    assert_int_equal(kind->rules[1].unless, kind_field(kind, "lost"));
    assert_false(kind->rules[1].error);
    kinds_free(kinds);
    kinds_free(NULL);
}

static void test_codes(void **state)
{
    struct kinds *kinds;
    struct fault fault;
    const struct codes *states, *county;

    (void)state;
    assert_int_equal(read_one(base, strlen(base), &kinds, &fault), 0);
    states = &kinds->list[0].codes[0];
    county = &kinds->list[0].codes[1];
    assert_string_equal(codes_label(states, "1"), "在");
    assert_string_equal(codes_label(states, "alive"), "在");
    assert_string_equal(codes_label(states, "在"), "在");
    assert_null(codes_label(states, ""));
    assert_null(codes_label(states, "3"));
    assert_int_equal(county->count, 6);
    assert_string_equal(codes_label(county, "520502"), "520502");
    assert_string_equal(codes_label(county, "520523"), "520523");
    assert_string_equal(codes_label(county, "520527"), "520527");
    assert_null(codes_label(county, "520525"));
    assert_null(codes_label(county, "52052"));
    kinds_free(kinds);
}

/* ---- sets of files ---------------------------------------------------- */

static const char *const shipped[] = {
    "conf/kinds/member.conf", "conf/kinds/flow_member.conf",
    "conf/kinds/org_unit.conf",
};

enum { SHIPPED = 3, FILE_BYTES = 100000 };

static void load(struct kind_file *files, int count)
{
    for (int i = 0; i < count; i++) {
        uint8_t *data = xmalloc(FILE_BYTES);
        FILE *file = fopen(shipped[i], "rb");

        assert_non_null(file);
        files[i].name = shipped[i];
        files[i].text = bytes_of(data, fread(data, 1, FILE_BYTES, file));
        fclose(file);
    }
}

static void unload(struct kind_file *files, int count)
{
    for (int i = 0; i < count; i++)
        free((void *)(uintptr_t)files[i].text.data);
}

static void test_shipped_kinds(void **state)
{
    struct kind_file files[SHIPPED];
    struct kinds *kinds, *copy;
    struct fault fault;
    uint8_t hash[32];

    (void)state;
    load(files, SHIPPED);
    assert_int_equal(kinds_read(files, SHIPPED, &kinds, &fault), 0);
    assert_int_equal(kinds->count, SHIPPED);
    for (int i = 0; i < SHIPPED; i++)
        assert_int_equal(kinds->list[i].id, i + 1);
    memcpy(hash, kinds->hash, sizeof(hash));

    /* The same on another machine, which has the text only. */
    assert_int_equal(kinds_read_text(buf_view(&kinds->text), &copy, &fault),
                     0);
    assert_memory_equal(copy->hash, hash, sizeof(hash));
    kinds_free(copy);
    kinds_free(kinds);

    /* Neither the order nor the folder is part of the set's name. */
    {
        struct kind_file first = files[0];

        files[0] = files[2];
        files[2] = first;
        files[0].name = "C:\\yizhan\\kinds\\org_unit.conf";
    }
    assert_int_equal(kinds_read(files, SHIPPED, &kinds, &fault), 0);
    assert_memory_equal(kinds->hash, hash, sizeof(hash));
    kinds_free(kinds);
    unload(files, SHIPPED);
}

static void test_shipped_headers(void **state)
{
    static const struct {
        const char *kind, *header, *field;
    } table[] = {
        {"member", "身份证号码", "id_number"},
        {"member", "公民身份证号码", "id_number"},
        {"member", "birth_date", "birth"},
        {"member", "加入党组织日期", "joined"},
        {"member", "转为正式党员日期", "regular"},
        {"member", "人员类别", "status"},
        {"member", "primary_phone", "phone"},
        {"member", "手机号码", "phone"},
        {"member", "文化程度", "education"},
        {"member", "组织关系所在党支部", "branch"},
        {"member", "家庭住址", "address"},
        {"member", "是否为失联党员", "lost"},
        {"flow_member", "left_on", "since"},
        {"flow_member", "外出流向", "dest_kind"},
        {"org_unit", "党组织全称", "full_name"},
    };
    struct kind_file files[SHIPPED];
    struct kinds *kinds;
    struct fault fault;

    (void)state;
    load(files, SHIPPED);
    assert_int_equal(kinds_read(files, SHIPPED, &kinds, &fault), 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct kind *kind = kinds_find(kinds, table[i].kind);
        int field = kind_field(kind, table[i].header);

        assert_true(field >= 0);
        assert_string_equal(kind->fields[field].name, table[i].field);
    }
    kinds_free(kinds);
    unload(files, SHIPPED);
}

/* The county's own code must be known, or every record would warn. */
static void test_shipped_codes(void **state)
{
    struct kind_file files[SHIPPED];
    struct kinds *kinds;
    struct fault fault;
    const struct kind *member;
    const struct codes *county = NULL;
    int education;

    (void)state;
    load(files, SHIPPED);
    assert_int_equal(kinds_read(files, SHIPPED, &kinds, &fault), 0);
    member = kinds_find(kinds, "member");
    for (int i = 0; i < member->ncodes; i++)
        if (strcmp(member->codes[i].name, "county") == 0)
            county = &member->codes[i];
    assert_non_null(county);
    assert_non_null(codes_label(county, "520527"));
    assert_non_null(codes_label(county, "110105"));
    assert_non_null(codes_label(county, "659012"));
    assert_null(codes_label(county, "372924"));     /* Chengwu, as it was */
    assert_null(codes_label(county, "520528"));
    education = kind_field(member, "education");
    assert_string_equal(codes_label(member->fields[education].codes, "大专"),
                        "大学专科");
    assert_string_equal(codes_label(member->fields[education].codes, "21"),
                        "大学本科");
    kinds_free(kinds);
    unload(files, SHIPPED);
}

static void test_one_file_of_the_set_is_missing(void **state)
{
    struct kind_file files[SHIPPED];
    struct kinds *kinds;
    struct fault fault;

    (void)state;
    load(files, SHIPPED);
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    assert_string_equal(fault.field, "V17");
    assert_non_null(strstr(fault.where, "member.conf:"));
    assert_non_null(strstr(fault.why, "org_unit"));
    unload(files, SHIPPED);
}

static void test_files_that_do_not_go_together(void **state)
{
    char *other = replaced("name = pet", "name = cat");
    char *both = replaced("id = 7", "id = 8");
    struct kind_file files[2] = {{"a.conf", bytes_text(base)},
                                 {"b.conf", bytes_text(base)}};
    struct kinds *kinds;
    struct fault fault;

    (void)state;
    assert_int_equal(kinds_read(files, 0, &kinds, &fault), ERR_CONFIG);
    assert_int_equal(kinds_read(files, KINDS_MAX + 1, &kinds, &fault),
                     ERR_CONFIG);
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    assert_string_equal(fault.where, "b.conf:1");
    assert_non_null(strstr(fault.why, "of this name"));
    files[1].text = bytes_text(other);
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    files[1].text = bytes_text(both);
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    files[1].name = "x/a.conf";
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    assert_non_null(strstr(fault.why, "two kind files"));
    files[1].name = "a b.conf";
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    assert_non_null(strstr(fault.why, "letters, digits"));
    files[1].name = "b/";
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    files[1].name = "b.conf";
    files[1].text = bytes_of(base, KINDS_TEXT_MAX);     /* never looked at */
    assert_int_equal(kinds_read(files, 2, &kinds, &fault), ERR_CONFIG);
    assert_non_null(strstr(fault.why, "512 KiB"));
    assert_int_equal(kinds_read(files, 2, &kinds, NULL), ERR_CONFIG);
    free(other);
    free(both);
}

/* What arrives from another machine is one text with one meaning. */
static void test_text_of_another_machine(void **state)
{
    static const char *const refused[] = {
        "", "file", "file a.conf 0\n", "file a.conf 10\n[kind]\n",
        "file a.conf 07\n[kind]\n", "file ../a.conf 7\n[kind]\n",
        "files a.conf 7\n[kind]\n", "file a.conf 7\n[kind]\nfile",
        "file a.conf -1\n", "file a.conf 99999999\n[kind]\n",
        "file a.conf  7\n[kind]\n",
    };
    char *other = replaced("id = 7\nname = pet", "id = 8\nname = cat");
    char *text = xmalloc(10000);
    struct kinds *kinds;
    struct fault fault;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_true(kinds_read_text(bytes_text(refused[i]), &kinds, &fault) <
                    0);
        assert_null(kinds);
    }
    /* Its own rule refers to pet, so both are needed. */
    snprintf(text, 10000, "file a.conf %zu\n%sfile b.conf %zu\n%s",
             strlen(base), base, strlen(other), other);
    assert_int_equal(kinds_read_text(bytes_text(text), &kinds, &fault), 0);
    kinds_free(kinds);
    snprintf(text, 10000, "file b.conf %zu\n%sfile a.conf %zu\n%s",
             strlen(base), base, strlen(other), other);
    assert_int_equal(kinds_read_text(bytes_text(text), &kinds, &fault),
                     ERR_FORMAT);
    len = (size_t)snprintf(text, 10000, "file a.conf +%zu\n%s", strlen(base),
                           base);
    assert_int_equal(kinds_read_text(bytes_of(text, len), &kinds, &fault),
                     ERR_FORMAT);
    assert_null(kinds);
    free(text);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_read),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_shipped_kinds),
        cmocka_unit_test(test_shipped_headers),
        cmocka_unit_test(test_shipped_codes),
        cmocka_unit_test(test_one_file_of_the_set_is_missing),
        cmocka_unit_test(test_files_that_do_not_go_together),
        cmocka_unit_test(test_text_of_another_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
