/*
 * What the tests of terse batches share: a hub and a station that both have
 * some changes, and changes drawn at random, with values of every form and
 * those that nearly are.
 */
#ifndef YZ_TEST_TERSE_H
#define YZ_TEST_TERSE_H

#include "proto/terse.h"
#include "tests/golden/golden.h"

enum { KNOWN = 4, SOME_ROOM = 200 * 16 };

static struct mind *mind;
static struct hello hello;
static struct welcome welcome;
static struct known known[KNOWN];

static inline bool on_find(void *user, const struct id *record,
                    const struct change *of, struct known *out)
{
    (void)user;
    (void)of;
    for (int i = 0; i < KNOWN; i++)
        if (id_equal(&known[i].record, record)) {
            *out = known[i];
            return true;
        }
    return false;
}

static inline bool on_look(void *user, struct known *out)
{
    (void)user;
    for (int i = 0; i < KNOWN; i++)
        if (name_equal(&known[i].name, &out->name)) {
            *out = known[i];
            return true;
        }
    return false;
}

static inline bool on_hash(void *user, const struct name *name,
                           struct hash *out)
{
    (void)user;
    *out = sample_hash(0xE0);
    return name->n < 1000000;
}

/* What is known was said by one author, and each has a hash of its own. */
static inline bool on_said(void *user, const struct name *name,
                           struct hash *hash, struct change *out)
{
    (void)user;
    for (int i = 0; i < KNOWN; i++)
        if (name_equal(&known[i].name, name)) {
            *hash = sample_hash((uint8_t)(0x20 + 7 * i));
            if (out != NULL)
                sample_change(name->n, out);
            return true;
        }
    return false;
}

static inline bool on_origin(void *user, const uint8_t *prefix,
                             struct id *out)
{
    (void)user;
    *out = sample_id(0x70);
    if (memcmp(out->b, prefix, ORIGIN_PREFIX) == 0)
        return true;
    *out = sample_id(0x10);
    return memcmp(out->b, prefix, ORIGIN_PREFIX) == 0;
}

static const struct names names = {NULL,    on_find, on_look,
                                   on_hash, on_said, on_origin};

/* What the hello said, and what both have. */
static inline void terse_setup(void)
{
    mind = mind_new(dictionary_built());
    for (uint8_t i = 0; i < KNOWN; i++)
        known[i] = (struct known){{sample_id(i < 2 ? 0x10 : 0x70), 100u + i},
                                  sample_id((uint8_t)(0x41 + i)), 7u + i};
    memset(&hello, 0, sizeof hello);
    hello.heads = 2;
    hello.head[0].origin = sample_id(0x99);
    hello.head[1].origin = sample_id(0x10);
    hello.head[1].confirmed = 298;
    hello.wall_ms = 1735689603000;
    memset(hello.kinds, 0xC0, HASH_SIZE);
    hello.last.told = true;
    hello.last.drift = 1735689540000;
    memcpy(hello.last.author, "张三", sizeof "张三");
    memcpy(hello.last.boot, "\1\2\3\4\5\6\7\10", 8);
    mind_name(mind, hello.last.dictionary);
    hello.cursors = 1;
    hello.cursor[0] = (struct cursor){"520527001", 4000};
    memset(&welcome, 0, sizeof welcome);
    welcome.number = 5000;
    welcome.seq = 5100;
    welcome.wall_ms = 1735689604000;
    welcome.streams = 2;
    memcpy(welcome.stream[0], "520527001", sizeof "520527001");
    memcpy(welcome.stream[1], "@gate", sizeof "@gate");
}

static inline struct setting setting(void)
{
    return (struct setting){mind, &names, &hello, &welcome};
}

static inline int setup(void **state)
{
    (void)state;
    terse_setup();
    assert_non_null(mind);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    mind_free(mind);
    return 0;
}

static inline void writer_open(struct batch_writer *writer, uint64_t first)
{
    struct id origin = sample_id(0x10);
    struct hash before = sample_hash(0xE0);

    batch_open(writer, hello.kinds, &origin, first, &before);
}

static uint32_t seed;

static inline uint32_t roll(uint32_t below)
{
    return golden_roll(&seed) % below;
}

static inline struct bytes some_text(char *out, size_t room)
{
    static const char *const texts[] = {
        "13812345678", "2024-02-30", "2024-02-29", "0000-00", "2024-12",
        "2024-13", "0001-01-01", "9999-12-31", "110101199003070002",
        "110101199003070003", "11010119900307000X", "000000000000",
        "0194015d-5132-7cb3-b03e-2e7c07cc0424",
        "0194015D-5132-7cb3-b03e-2e7c07cc0424",
        "42434445-4647-4849-4a4b-4c4d4e4f5051", "x", "党支部书记",
        "\xff\xfe\x80", "\xE4", "\xF0\x9F\x98\x80笑",
        "12345678901234567890123456789012345678901234567890", "支部\n委员",
    };
    size_t len = 0;

    if (roll(3) > 0)
        return bytes_text(texts[roll(sizeof texts / sizeof texts[0])]);
    for (size_t want = 1 + roll(roll(20) ? 40 : (uint32_t)room - 1);
         len < want; len++)
        out[len] = (char)(roll(4) ? '0' + roll(10) : 1 + roll(255));
    return bytes_of(out, len);
}

static inline void some_change(uint64_t n, struct change *change, char *room)
{
    sample_change(n, change);
    if (roll(2))
        change->record = known[roll(KNOWN)].record;
    for (int i = 0; i < ID_SIZE && roll(4) == 0; i++)
        change->record.b[i] = (uint8_t)roll(256);
    if (roll(3) == 0) {
        change->record.b[6] = (uint8_t)(0x70 | roll(16));
        change->record.b[8] = (uint8_t)(0x80 | roll(64));
    }
    change->kind = roll(9) ? 1 + roll(3) : (uint64_t)UINT32_MAX << roll(32);
    change->cell = roll(9) ? roll(20) : (uint64_t)UINT32_MAX << roll(32);
    change->base = roll(2) ? 0 : roll(2) ? 7 + roll(4) : UINT64_MAX - roll(5);
    change->stamp.wall_ms += (int64_t)roll(100000) * (roll(9) ? 1 : -99999999);
    change->stamp.mono_ms =
        roll(3) ? change->stamp.wall_ms - hello.last.drift
                : (roll(9) ? (int64_t)roll(1000000) : INT64_MIN);
    change->stamp.boot[3] = (uint8_t)roll(2);
    change->has_at = roll(4) == 0;
    change->at_ms = change->has_at ? (roll(9) ? 5 : INT64_MAX) : 0;
    if (roll(5) == 0)
        change->key = some_text(room, KEY_MAX);
    if (roll(5) == 0)
        change->author = bytes_text(roll(2) ? "" : "李四");
    change->body.count = 0;
    change->removal = roll(6) == 0;
    for (uint32_t i = 0; i < roll(12) && !change->removal; i++)
        body_set(&change->body, roll(9) ? 1 + roll(30) : 70000 + i,
                 some_text(room + 200 * (i + 1), 200));
}

/* ---- news ---- */

/* Where a drawn origin stands: changes of it mostly come one after the other. */
struct drawn {
    uint64_t n;
    struct hash hash;
};

static inline void some_state(struct drawn drawn[3], struct news_item *item,
                              struct buf *bytes, char *room)
{
    static const uint8_t of[3] = {0x10, 0x70, 0xB0};
    uint32_t which = roll(3);
    struct drawn *at = &drawn[which];
    struct change change;

    at->n += roll(3) ? 1 : 1 + roll(5);
    some_change(at->n, &change, room);
    change.name.origin = sample_id(of[which]);
    change_write(&change, bytes);
    if (roll(12) == 0)
        buf_put(bytes, "no change", 9);
    at->hash = roll(4) == 0 ? sample_hash((uint8_t)roll(256))
                            : change_hash(&at->hash, buf_view(bytes));
    item->change = buf_view(bytes);
    item->hash = at->hash;
}

static inline void some_why(struct news_item *item)
{
    static const char *const texts[] = {"", "name", "regular", "V10"};

    item->reason = (int)roll(3);
    if (item->reason == 0)
        return;
    snprintf(item->field, sizeof item->field, "%s", texts[roll(3)]);
    snprintf(item->rule, sizeof item->rule, "%s", texts[roll(4)]);
}

static inline void some_item(struct drawn drawn[3], struct news_item *item,
                             struct buf *bytes, char *room)
{
    uint64_t seq = item->seq;

    memset(item, 0, sizeof *item);
    item->what = (enum news_what)(roll(3) ? NEWS_STATE : roll(4));
    item->seq = seq + 1 + (roll(5) ? 0 : roll(1000));
    item->number = roll(5) ? item->seq - 100 : 1 + roll(9000);
    if (item->what == NEWS_STATE || item->what == NEWS_CASE)
        some_state(drawn, item, bytes, room);
    if (item->what == NEWS_CASE || item->what == NEWS_VERDICT)
        some_why(item);
    if (item->what == NEWS_CASE && roll(5) == 0)
        item->change = bytes_of("", 0);
    item->open = item->what == NEWS_CASE && roll(2);
    item->settled_by = (struct name){sample_id((uint8_t)roll(4)), roll(3)};
    item->has_base = item->what == NEWS_CASE && roll(3) > 0;
    item->base_body = item->has_base
                          ? bytes_text(roll(2) ? "\x01\x04\x02\xE5\x9F" : "")
                          : item->base_body;
    item->record = roll(2) ? known[roll(KNOWN)].record : sample_id(0x33);
    item->name = (struct name){sample_id(roll(2) ? 0x10 : 0x71), roll(300)};
    item->verdict = (int)roll(8);
}

static inline void some_news(struct news_writer *out, uint32_t many,
                             char *room)
{
    struct drawn drawn[3] = {{roll(2) ? 99 : 0, sample_hash(0x20)},
                             {roll(2) ? 101 : 0, sample_hash(0x20 + 14)},
                             {0, {{0}}}};
    struct news_item item = {.seq = 4000 + roll(2) * 50};
    struct buf bytes;

    news_open(out, "520527001", item.seq);
    for (uint32_t i = 0; i < many; i++) {
        buf_init(&bytes, 2 * CHANGE_MAX);
        some_item(drawn, &item, &bytes, room);
        news_add(out, &item);
        buf_done(&bytes);
    }
    out->head.to = item.seq + roll(3);
    out->head.more = roll(2);
    out->head.as_of = roll(2) ? 4000 + roll(2000) : 0;
}

#endif
