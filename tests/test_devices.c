#include "daemon/devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR 3600000ll
#define NOW (1700000000000ll)

struct desk {                   /* a hub's, and two PCs with their keys */
    struct config hub, pc[2];
    struct keys keys, pc_keys[2];
    struct devices *devices;
    char dir[64];
};

static int set_up(void **state)
{
    struct desk *desk = xmalloc(sizeof(*desk));
    struct fault fault;

    memset(desk, 0, sizeof(*desk));
    strcpy(desk->dir, "/tmp/yizhan-devices-XXXXXX");
    if (!mkdtemp(desk->dir))
        return -1;
    desk->hub.hub = true;
    strcpy(desk->hub.org, "520527");
    snprintf(desk->hub.data, CONFIG_PATH, "%s", desk->dir);
    for (int i = 0; i < 2; i++) {
        snprintf(desk->pc[i].data, CONFIG_PATH, "%s/%d", desk->dir, i);
        mkdir(desk->pc[i].data, 0700);
        if (keys_open(&desk->pc[i], &desk->pc_keys[i], &fault) < 0)
            return -1;
    }
    *state = desk;
    return keys_open(&desk->hub, &desk->keys, &fault) < 0 ||
           devices_open(&desk->hub, &desk->keys, &desk->devices, &fault) < 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"devices", "keys", "0/keys",
                                        "1/keys", "0", "1", ""};
    struct desk *desk = *state;
    char path[128];

    devices_free(desk->devices);
    keys_done(&desk->keys);
    for (int i = 0; i < 2; i++)
        keys_done(&desk->pc_keys[i]);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", desk->dir, names[i]);
        remove(path);
    }
    free(desk);
    return 0;
}

static void open_again(struct desk *desk)
{
    struct fault fault;

    devices_free(desk->devices);
    assert_int_equal(devices_open(&desk->hub, &desk->keys, &desk->devices,
                                  &fault), 0);
}

static void invite(struct desk *desk, int64_t now, struct pass *pass)
{
    uint8_t bits[CODE_SIZE];
    char code[CODE_TEXT];
    struct fault fault;

    assert_int_equal(devices_invite(desk->devices, "520527001", now, code,
                                    &fault), 0);
    assert_true(code_parse(code, bits));
    assert_int_equal(code_pass(bits, pass), 0);
}

/* PC `which` comes with a code: what the hub says of it. */
static int come(struct desk *desk, int which, const struct pass *pass,
                int64_t now, const char *org, struct note *answer,
                struct fault *fault)
{
    struct note ask = {.pins = desk->pc_keys[which].pins};
    const struct device *fresh;
    struct buf text, reply;
    int rc;

    strcpy(ask.org, org);
    strcpy(ask.name, "qs");
    note_ask(&ask, pass);
    buf_init(&text, NOTE_MAX);
    buf_init(&reply, NOTE_MAX);
    note_write(&ask, "ask", &text);
    rc = devices_admit(desk->devices, buf_view(&text), now, &reply, &fresh,
                       fault);
    if (rc == 0) {
        assert_int_equal(note_read(buf_view(&reply), "answer", answer, fault),
                         0);
        assert_true(note_answered(answer, &ask, pass->key));
    }
    buf_done(&text);
    buf_done(&reply);
    return rc;
}

static int count(const struct desk *desk)
{
    int i = 0;

    while (devices_at(desk->devices, i))
        i++;
    return i;
}

/* The answer was lost, the hub was restarted, the clerk tries again. */
static void test_again_is_one_device(void **state)
{
    struct desk *desk = *state;
    struct note answer;
    struct fault fault;
    struct pass pass;

    invite(desk, NOW, &pass);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(come(desk, 0, &pass, NOW + i, "520527001", &answer,
                              &fault), 0);
        assert_string_equal(answer.name, "qs");
        assert_memory_equal(&answer.pins, &desk->keys.pins,
                            sizeof(answer.pins));
        assert_int_equal(count(desk), 1);
        open_again(desk);
    }
}

static void test_code_for_one_pc(void **state)
{
    struct desk *desk = *state;
    struct note answer;
    struct fault fault;
    struct pass pass, second;

    invite(desk, NOW, &pass);
    assert_int_equal(come(desk, 0, &pass, NOW, "520527001", &answer, &fault),
                     0);
    assert_int_equal(come(desk, 1, &pass, NOW, "520527001", &answer, &fault),
                     ERR_CODE);
    assert_non_null(strstr(fault.why, "used for qs"));
    invite(desk, NOW, &second);
    assert_int_equal(come(desk, 1, &second, NOW, "520527001", &answer,
                          &fault), 0);
    assert_string_equal(answer.name, "qs-2");
    /* The first PC with a new code stays what it is, and its old code does not
     * become free. */
    invite(desk, NOW, &second);
    assert_int_equal(come(desk, 0, &second, NOW, "520527001", &answer,
                          &fault), 0);
    assert_string_equal(answer.name, "qs");
    assert_int_equal(come(desk, 1, &pass, NOW, "520527001", &answer, &fault),
                     ERR_CODE);
    assert_int_equal(count(desk), 2);
}

static void test_code_ends(void **state)
{
    struct desk *desk = *state;
    struct note answer;
    struct fault fault;
    struct pass pass, altered;

    invite(desk, NOW, &pass);
    assert_int_equal(come(desk, 0, &pass, NOW + 72 * HOUR, "520527001",
                          &answer, &fault), ERR_CODE);
    invite(desk, NOW, &pass);
    assert_int_equal(come(desk, 0, &pass, NOW - 25 * HOUR, "520527001",
                          &answer, &fault), ERR_CODE);
    invite(desk, NOW, &pass);
    assert_int_equal(come(desk, 0, &pass, NOW, "520527002", &answer, &fault),
                     ERR_CODE);
    assert_non_null(strstr(fault.why, "520527001"));
    altered = pass;
    altered.key[0] ^= 1;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(come(desk, 0, &altered, NOW, "520527001", &answer,
                              &fault), ERR_CODE);
        assert_non_null(strstr(fault.why, "altered"));
        open_again(desk);
    }
    assert_int_equal(come(desk, 0, &pass, NOW, "520527001", &answer, &fault),
                     ERR_CODE);
    assert_non_null(strstr(fault.why, "too often"));
    assert_int_equal(count(desk), 0);
    /* The hub's clock was put right by a little: nobody's code ends of that. */
    invite(desk, NOW, &pass);
    assert_int_equal(come(desk, 0, &pass, NOW - HOUR, "520527001", &answer,
                          &fault), 0);
}

static void test_orgs(void **state)
{
    static const char *const wrong[] = {"", "520528001", "52052", "52052x001",
                                        "5205270010011"};
    struct desk *desk = *state;
    char code[CODE_TEXT];
    struct fault fault;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(devices_invite(desk->devices, wrong[i], NOW, code,
                                        &fault), ERR_VALUE);
}

/* A name alone is worth nothing, and neither is another's key. */
static void test_who_speaks(void **state)
{
    struct desk *desk = *state;
    const struct speaker *speaker;
    const uint8_t *pin[2] = {desk->pc_keys[0].pins.pin,
                             desk->pc_keys[1].pins.pin};
    uint8_t key[32];
    struct note answer;
    struct fault fault;
    struct pass pass;

    for (int i = 0; i < 2; i++) {
        invite(desk, NOW, &pass);
        assert_int_equal(come(desk, i, &pass, NOW, "520527001", &answer,
                              &fault), 0);
    }
    speaker = devices_speaker(desk->devices, pin[0], "qs");
    assert_non_null(speaker);
    assert_int_equal(enrol_key(desk->pc_keys[0].secret,
                               answer.pins.exchange, &answer.pins,
                               &desk->pc_keys[0].pins, key), 0);
    assert_memory_equal(speaker->key, key, sizeof(key));
    assert_null(devices_speaker(desk->devices, pin[1], "qs"));
    assert_null(devices_speaker(desk->devices, pin[0], "qs-2"));
    assert_null(devices_speaker(desk->devices, desk->keys.pins.pin, "qs"));
    assert_int_equal(devices_revoke(desk->devices, "nobody", &fault),
                     ERR_STATION);
    assert_int_equal(devices_revoke(desk->devices, "qs", &fault), 0);
    for (int i = 0; i < 2; i++) {
        assert_null(devices_speaker(desk->devices, pin[0], "qs"));
        assert_true(devices_of(desk->devices, pin[0])->revoked);
        assert_non_null(devices_speaker(desk->devices, pin[1], "qs-2"));
        open_again(desk);
    }
    /* Its old code does not bring it back; a new one does. */
    invite(desk, NOW, &pass);
    assert_int_equal(come(desk, 0, &pass, NOW, "520527001", &answer, &fault),
                     0);
    assert_non_null(devices_speaker(desk->devices, pin[0], "qs"));
    assert_int_equal(devices_revoke(desk->devices, "qs", &fault), 0);
    assert_int_equal(come(desk, 0, &pass, NOW, "520527001", &answer, &fault),
                     ERR_REVOKED);
}

/* Who may read the register is not guessed from half a file. */
static void test_damaged_list(void **state)
{
    static const char *const texts[] = {
        "[device]\nname = qs\norg = 520527001\n",
        "[device]\nstate = perhaps\n", "[moon]\n", "[device]\ncolour = red\n",
        "[device]\npin = 12\n", "name = qs\n", "[invite]\nuntil = x\n",
    };
    struct desk *desk = *state;
    char path[128];

    devices_free(desk->devices);
    desk->devices = NULL;
    snprintf(path, sizeof(path), "%s/devices", desk->dir);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        FILE *file = fopen(path, "w");
        struct fault fault;

        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        if (devices_open(&desk->hub, &desk->keys, &desk->devices,
                         &fault) >= 0)
            fail_msg("taken: %s", texts[i]);
    }
}

static void test_keys_stay(void **state)
{
    struct desk *desk = *state;
    struct keys again;
    struct fault fault;
    struct stat info;
    char path[128];

    assert_int_equal(keys_open(&desk->hub, &again, &fault), 0);
    assert_memory_equal(&again.pins, &desk->keys.pins, sizeof(again.pins));
    assert_memory_equal(again.secret, desk->keys.secret, 32);
    assert_string_equal(again.key, desk->keys.key);
    keys_done(&again);
    assert_memory_not_equal(desk->keys.pins.pin, desk->keys.pins.next, 32);
    assert_memory_not_equal(desk->keys.pins.pin, desk->pc_keys[0].pins.pin,
                            32);
    snprintf(path, sizeof(path), "%s/keys", desk->dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* A file cut anywhere is missed, not replaced. */
    for (long len = info.st_size - 30; len >= 0; len -= 37) {
        assert_int_equal(truncate(path, len), 0);
        assert_int_equal(keys_open(&desk->hub, &again, &fault), ERR_CORRUPT);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, len);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_again_is_one_device), TEST(test_code_for_one_pc),
        TEST(test_code_ends),           TEST(test_orgs),
        TEST(test_who_speaks),          TEST(test_damaged_list),
        TEST(test_keys_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
