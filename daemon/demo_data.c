/*
 * The made-up register of 云岭县 (990001), a county that does not exist, as
 * lines for /api/import. Nobody in it lives: names are put together at random,
 * id numbers begin with a code that is assigned to no place, phones with 12,
 * which no mobile number does. The same call gives the same lines.
 */
#include "daemon/demo.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SHARES = 3 };            /* stations that have a share of it */

static const struct share {
    int node;                   /* of demo->node */
    const char *org, *town, *villages[3];
    int first_branch;           /* villages are numbered on in a township */
    int members, flows;
    const char *host;           /* township where some flow to */
} shares[SHARES] = {
    {2, "990001001", "青石镇", {"石桥村", "柳溪村", "大坪村"}, 1, 110, 14,
     "990001002"},
    {3, "990001001", "青石镇", {"松林村", "老街社区", "云峰村"}, 4, 70, 6,
     "990001002"},
    {4, "990001002", "黑水乡", {"河口村", "梨园村", "新寨村"}, 1, 100, 12,
     "990001001"},
};

static const char *const surnames[] = {
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙",
    "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢",
};
static const char *const given[2][12] = {
    {"秀", "英", "芳", "兰", "梅", "霞", "燕", "玲", "红", "珍", "琴", "丽"},
    {"国", "明", "建", "华", "文", "军", "平", "志", "德", "强", "忠", "林"},
};
static const char *const ethnics[] = {"汉族", "汉族", "汉族", "彝族", "苗族"};
static const char *const educations[] = {"小学", "初中", "初中", "高中", "中专",
                                         "大学专科", "大学本科"};
static const char *const posts[] = {"村民小组长", "支部委员", "组织委员",
                                    "纪检委员", "党支部书记"};
static const char *const cities[][2] = {
    {"广东省", "东莞市"}, {"广东省", "深圳市"}, {"浙江省", "宁波市"},
    {"福建省", "泉州市"}, {"江苏省", "苏州市"},
};
static const char *const reasons[] = {"务工", "务工", "经商", "陪读", "就学"};

#define PICK(dice, list) \
    (list)[roll(dice, (uint32_t)(sizeof(list) / sizeof((list)[0])))]

/* xorshift: small, and the same everywhere. */
static uint32_t roll(uint32_t *dice, uint32_t sides)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 17;
    *dice ^= *dice << 5;
    return *dice % sides;
}

/* UUIDs of version 7 in order of their making. */
static void make_id(int kind, int index, int i, char *out)
{
    snprintf(out, 37, "0190%04x-%04x-7000-8%03x-%012x",
             (unsigned)(kind * 16 + index) & 0xFFFFu, (unsigned)i & 0xFFFFu,
             (unsigned)index & 0xFFFu, (unsigned)(i * 7919 + kind));
}

void demo_member_id(int index, int i, char *out)
{
    make_id(1, index, i, out);
}

/* GB 11643: ISO 7064 MOD 11-2 over the first 17 digits. */
static char check_digit(const char *digits)
{
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6,
                                    3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;

    for (int i = 0; i < 17; i++)
        sum += (digits[i] - '0') * weights[i];
    return "10X98765432"[sum % 11];
}

static void put_line(json_t *data, const char *kind, const char *id,
                     const char *site, struct buf *out)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "op", "insert",
                             "kind", kind, "id", id, "at",
                             "2026-01-05T09:00:00+08:00", "site", site, "data",
                             data);
    char *text = json_dumps(line, JSON_COMPACT);

    buf_put(out, text, strlen(text));
    buf_u8(out, '\n');
    free(text);
    json_decref(line);
}

static void set(json_t *data, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set(json_t *data, const char *name, const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_object_set_new(data, name, json_string(text));
}

static void branch_names(const struct share *share, int village, json_t *data,
                         const char *code, const char *name)
{
    set(data, code, "%s%03d", share->org, share->first_branch + village);
    set(data, name, "中共%s%s支部委员会", share->town,
        share->villages[village]);
    set(data, "village", "%s", share->villages[village]);
}

static void put_branch(const struct share *share, int village,
                       struct buf *out)
{
    json_t *data = json_object();
    char id[40];

    make_id(3, share->node, village, id);
    set(data, "org", "%s", share->org);
    branch_names(share, village, data, "org_code", "full_name");
    set(data, "org_type", "党支部");
    put_line(data, "org_unit", id, share->org, out);
}

/* Dates, and the number that must agree with them. Everybody is in for years:
 * joined at 20 at least, and one year later for good. */
static void set_dates(json_t *data, uint32_t *dice, int serial, bool male)
{
    unsigned born = 1946 + roll(dice, 55), month = 1 + roll(dice, 12);
    unsigned day = 1 + roll(dice, 28), joined = born + 20 + roll(dice, 15);
    char digits[24];

    if (joined > 2022)
        joined = 2022;
    snprintf(digits, sizeof(digits), "990001%04u%02u%02u%03u", born % 10000u,
             month % 100u, day % 100u,
             (unsigned)(serial * 2 + (male ? 1 : 0)) % 1000u);
    set(data, "id_number", "%s%c", digits, check_digit(digits));
    set(data, "birth", "%04u-%02u-%02u", born, month, day);
    set(data, "joined", "%04u-06-30", joined);
    set(data, "regular", "%04u-07-01", joined + 1);
}

static void put_member(const struct share *share, int i, uint32_t *dice,
                       struct buf *out, char *name_out)
{
    json_t *data = json_object();
    bool male = roll(dice, 3) > 0;
    int village = (int)roll(dice, 3);
    char id[40];

    demo_member_id(share->node, i, id);
    snprintf(name_out, 40, "%s%s%s", PICK(dice, surnames),
             PICK(dice, given[male]), PICK(dice, given[male]));
    set(data, "org", "%s", share->org);
    set(data, "name", "%s", name_out);
    set(data, "gender", "%s", male ? "男" : "女");
    set(data, "ethnic", "%s", PICK(dice, ethnics));
    set_dates(data, dice, (share->node - 2) * 160 + i, male);
    set(data, "status", "正式党员");
    set(data, "education", "%s", PICK(dice, educations));
    branch_names(share, village, data, "branch_id", "branch");
    set(data, "phone", "12%09u", roll(dice, 1000000000u));
    set(data, "address", "云岭县%s%s%u组", share->town,
        share->villages[village], 1 + roll(dice, 12));
    set(data, "fee_to", "2025-%02u", 6 + roll(dice, 7));
    if (roll(dice, 6) == 0)
        json_object_set_new(data, "posts",
                            json_pack("[s]", PICK(dice, posts)));
    put_line(data, "member", id, share->org, out);
}

static void put_flow(const struct share *share, int i, const char *name,
                     uint32_t *dice, struct buf *out)
{
    json_t *data = json_object();
    uint32_t place = roll(dice, 5);
    bool host = i < 2;          /* these stay inside the county */
    char id[40], member[40];

    make_id(2, share->node, i, id);
    demo_member_id(share->node, i, member);
    set(data, "org", "%s", share->org);
    set(data, "member_id", "%s", member);
    set(data, "name", "%s", name);
    set(data, "direction", "流出");
    set(data, "host_org", "%s", host ? share->host : "");
    set(data, "province", "%s", host ? "云岭省" : cities[place][0]);
    set(data, "city", "%s", host ? "云岭市" : cities[place][1]);
    set(data, "employer", "演示第%u电子厂", 1 + roll(dice, 9));
    set(data, "reason", "%s", PICK(dice, reasons));
    set(data, "since", "2024-%02u-%02u", 1 + roll(dice, 12),
        1 + roll(dice, 28));
    set(data, "contact", "12%09u", roll(dice, 1000000000u));
    set(data, "last_contact", "2025-%02u-15", 7 + roll(dice, 6));
    put_line(data, "flow_member", id, share->org, out);
}

void demo_register(int index, struct buf *out)
{
    uint32_t dice = 20260105u + (uint32_t)index * 7919u;

    for (int s = 0; s < SHARES; s++) {
        const struct share *share = &shares[s];
        char names[16][40] = {""}, name[40] = "";

        if (share->node != index)
            continue;
        for (int i = 0; i < 3; i++)
            put_branch(share, i, out);
        for (int i = 0; i < share->members; i++)
            put_member(share, i, &dice, out, i < 16 ? names[i] : name);
        for (int i = 0; i < share->flows; i++)
            put_flow(share, i, names[i], &dice, out);
    }
}
