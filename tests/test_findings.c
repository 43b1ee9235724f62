/* What doctor says: where each finding turns, in both languages. */
#include "daemon/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1790000000000)
#define DAY ((int64_t)24 * 3600 * 1000)
#define MB INT64_C(1000000)

static struct findings found;

static bool has_chinese(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0xE4)
            return true;
    return false;
}

/* The one finding that was added, which must be this. */
static void is(enum finding_name name, enum finding_level level)
{
    const struct finding *one = &found.list[0];

    if (found.count != 1 || one->name != name || one->level != level)
        fail_msg("%d findings, %s is %s: %s", found.count,
                 finding_text(one->name), level_text(one->level), one->en);
    assert_true(strlen(one->en) > 15 && !has_chinese(one->en));
    assert_true(has_chinese(one->zh));
    assert_null(strchr(one->en, '%'));
    assert_null(strchr(one->zh, '%'));
    found.count = 0;
}

static void test_disk(void **state)
{
    (void)state;
    find_disk(&found, INT64_MAX, 0);
    is(FIND_DISK, LEVEL_WARN);
    find_disk(&found, 63 * MB, 0);
    is(FIND_DISK, LEVEL_BAD);
    find_disk(&found, 64 * MB, 0);
    is(FIND_DISK, LEVEL_WARN);
    find_disk(&found, 500 * MB, 499 * MB);
    is(FIND_DISK, LEVEL_OK);
    find_disk(&found, 500 * MB, 501 * MB);
    is(FIND_DISK, LEVEL_WARN);
}

static void test_log(void **state)
{
    (void)state;
    find_log(&found, -1);
    is(FIND_LOG, LEVEL_OK);
    find_log(&found, 16 * 1024 * 1024);
    is(FIND_LOG, LEVEL_OK);
    find_log(&found, 16 * 1024 * 1024 + 1);
    is(FIND_LOG, LEVEL_WARN);
}

static void test_clock(void **state)
{
    (void)state;
    find_clock(&found, false, 0, 0, NOW);
    is(FIND_CLOCK, LEVEL_OK);
    find_clock(&found, true, 9 * 60000, NOW - DAY, NOW);
    is(FIND_CLOCK, LEVEL_OK);
    find_clock(&found, true, -11 * 60000, 0, NOW);
    is(FIND_CLOCK, LEVEL_WARN);
    find_clock(&found, true, 2 * DAY, 0, NOW);
    is(FIND_CLOCK, LEVEL_BAD);
    find_clock(&found, false, 0, 0, 1000);              /* 1970 */
    is(FIND_CLOCK, LEVEL_BAD);
    find_clock(&found, true, 0, NOW + DAY, NOW);        /* set back */
    is(FIND_CLOCK, LEVEL_BAD);
}

static void test_contact(void **state)
{
    (void)state;
    find_contact(&found, 0, 0, NOW);
    is(FIND_CONTACT, LEVEL_WARN);
    find_contact(&found, NOW - DAY, 0, NOW);
    is(FIND_CONTACT, LEVEL_OK);
    find_contact(&found, NOW - DAY, ERR_NET, NOW);
    assert_non_null(strstr(found.list[0].en, "the hub did not answer"));
    assert_non_null(strstr(found.list[0].zh, "县里电脑没有应答"));
    is(FIND_CONTACT, LEVEL_WARN);
    find_contact(&found, NOW - 3 * DAY, 0, NOW);
    is(FIND_CONTACT, LEVEL_WARN);
    find_contact(&found, NOW - 7 * DAY, ERR_PORTAL, NOW);
    is(FIND_CONTACT, LEVEL_BAD);
    find_contact(&found, NOW + DAY, 0, NOW);            /* the clock's trouble */
    is(FIND_CONTACT, LEVEL_OK);
}

static void test_queue(void **state)
{
    (void)state;
    find_queue(&found, 0, 0, NOW);
    is(FIND_QUEUE, LEVEL_OK);
    find_queue(&found, 7, NOW - DAY, NOW);
    is(FIND_QUEUE, LEVEL_OK);
    find_queue(&found, 7, NOW - 3 * DAY, NOW);
    is(FIND_QUEUE, LEVEL_WARN);
    find_queue(&found, 7, NOW - 8 * DAY, NOW);
    assert_non_null(strstr(found.list[0].en, "7 changes"));
    assert_non_null(strstr(found.list[0].en, "8 days"));
    is(FIND_QUEUE, LEVEL_BAD);
}

static void backup(bool hub, const char *dir, bool there, bool same,
                   int64_t last)
{
    struct backup_state state = {dir, hub, there, same, last};

    find_backup(&found, &state, NOW);
}

static void test_backup(void **state)
{
    (void)state;
    backup(true, "", false, false, 0);
    is(FIND_BACKUP, LEVEL_WARN);
    backup(false, "", false, false, 0);
    is(FIND_BACKUP, LEVEL_OK);
    backup(true, "/box", false, false, NOW);
    is(FIND_BACKUP, LEVEL_BAD);
    backup(true, "/box", true, false, 0);
    is(FIND_BACKUP, LEVEL_WARN);
    backup(true, "/box", true, false, NOW - DAY);
    is(FIND_BACKUP, LEVEL_OK);
    backup(true, "/box", true, true, NOW - DAY);
    is(FIND_BACKUP, LEVEL_WARN);
    backup(true, "/box", true, false, NOW - 3 * DAY);
    is(FIND_BACKUP, LEVEL_WARN);
    backup(true, "/box", true, false, NOW - 7 * DAY);
    is(FIND_BACKUP, LEVEL_BAD);
}

static void test_kinds_and_version(void **state)
{
    (void)state;
    find_kinds(&found, true, true, "/kinds");
    is(FIND_KINDS, LEVEL_OK);
    find_kinds(&found, true, false, "/kinds");
    is(FIND_KINDS, LEVEL_WARN);
    find_kinds(&found, false, false, "/kinds");
    is(FIND_KINDS, LEVEL_OK);
    find_version(&found, "0.1.0", "");
    is(FIND_VERSION, LEVEL_OK);
    find_version(&found, "0.1.0", "0.2.0");
    is(FIND_VERSION, LEVEL_WARN);
}

/* Whatever is wrong, the sentence is whole and names the code. */
static void test_faults(void **state)
{
    static const enum finding_name names[] = {
        FIND_CONFIG, FIND_DIRECTORY, FIND_SECRET, FIND_DAEMON, FIND_STORE,
        FIND_DATABASE};
    struct fault fault;
    char why[300];

    (void)state;
    memset(why, 'x', sizeof(why) - 1);
    why[sizeof(why) - 1] = '\0';
    fault_set(&fault, ERR_CORRUPT, "journal", "%s", why);
    fault_place(&fault, why, 17);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        find_fault(&found, names[i], NULL);
        is(names[i], LEVEL_OK);
        find_fault(&found, names[i], &fault);
        assert_non_null(strstr(found.list[0].en, "[YZ6003]"));
        assert_non_null(strstr(found.list[0].zh, "[YZ6003]"));
        is(names[i], LEVEL_BAD);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < FINDINGS_NAMES; i++) {
        const char *text = finding_text((enum finding_name)i);

        assert_true(text && text[0]);
        assert_int_equal(finding_of(text), i);
        assert_true(finding_code((enum finding_name)i) > 1000);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(finding_code((enum finding_name)i),
                                 finding_code((enum finding_name)j));
    }
    assert_int_equal(finding_of("of a newer daemon"), FINDINGS_NAMES);
}

static void test_many(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        find_log(&found, 0);
    assert_int_equal(found.count, FINDINGS_MAX);
    found.count = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk),    cmocka_unit_test(test_log),
        cmocka_unit_test(test_clock),   cmocka_unit_test(test_contact),
        cmocka_unit_test(test_queue),   cmocka_unit_test(test_backup),
        cmocka_unit_test(test_kinds_and_version),
        cmocka_unit_test(test_faults),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
