/*
 * The kinds of the simulated county, with something of every form that merge
 * and check know: a fixed cell, steps with writers, a receiver, keyed sets, a
 * unique field, a first writer, rules within and between cells.
 *
 * Three ages of the same files: the old ones lack what came later, the new ones
 * have a cell and a rule more. Ids mean the same in all of them.
 */
#include "tests/sim/machine.h"

#include <stdio.h>
#include <stdlib.h>

#define UNIT \
    "[kind]\nid = 1\nname = unit\nlabel = 支部\nend = owner\n" \
    "[cell identity]\nid = 1\nlabel = 身份\nwriter = owner\n" \
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n" \
    "role = org\nrequired = yes\n" \
    "[field mark]\nid = 2\ncell = identity\nlabel = 代码\ntype = text\n" \
    "unique = yes\nlookup = yes\n" \
    "[cell title]\nid = 2\nlabel = 名称\nwriter = owner\n" \
    "[field title]\nid = 3\ncell = title\nlabel = 全称\ntype = text\n" \
    "[cell post]\nid = 3\nlabel = 委员\nkeyed = yes\nwriter = owner\n" \
    "[field post]\nid = 4\ncell = post\nlabel = 职务\ntype = set\n"

#define PERSON \
    "[kind]\nid = 2\nname = person\nlabel = 人员\nend = any\n" \
    "[codes state]\n1 = 发展\n2 = 预备\n3 = 正式\n" \
    "[cell identity]\nid = 1\nlabel = 身份\n" \
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n" \
    "role = org\nrequired = yes\n" \
    "[field no]\nid = 2\ncell = identity\nlabel = 证号\ntype = text\n" \
    "unique = yes\nlookup = yes\n" \
    "[cell name]\nid = 2\nlabel = 名\n" \
    "[field name]\nid = 3\ncell = name\nlabel = 姓名\ntype = text\n" \
    "[field alias]\nid = 4\ncell = name\nlabel = 曾用名\ntype = text\n" \
    "[cell place]\nid = 3\nlabel = 去向\nwriter = owner\n" \
    "[field host]\nid = 5\ncell = place\nlabel = 流入地\ntype = org\n" \
    "role = host\n" \
    "[cell visit]\nid = 4\nlabel = 走访\nwriter = host\n" \
    "[field visit]\nid = 6\ncell = visit\nlabel = 走访记录\ntype = text\n" \
    "[cell state]\nid = 5\nlabel = 状态\nsteps = state\n" \
    "step = none>发展\nstep = 发展>预备\nstep = 预备>正式 county\n" \
    "[field state]\nid = 7\ncell = state\nlabel = 人员状态\ntype = code\n" \
    "codes = state\n" \
    "[cell born]\nid = 6\nlabel = 出生\nclash = fixed\n" \
    "[field born]\nid = 8\ncell = born\nlabel = 出生日期\ntype = date\n" \
    "[cell tags]\nid = 7\nlabel = 标签组\nkeyed = yes\n" \
    "[field tags]\nid = 9\ncell = tags\nlabel = 标签\ntype = set\n" \
    "[cell span]\nid = 9\nlabel = 期间\n" \
    "[field since]\nid = 11\ncell = span\nlabel = 起\ntype = date\n" \
    "[field until]\nid = 12\ncell = span\nlabel = 止\ntype = date\n" \
    "[cell close]\nid = 10\nlabel = 办结\n" \
    "[field closed]\nid = 13\ncell = close\nlabel = 结束\ntype = date\n"

#define RANK \
    "[cell rank]\nid = 8\nlabel = 级\nwriter = county\nfirst = owner\n" \
    "[field rank]\nid = 10\ncell = rank\nlabel = 级别\ntype = text\n"

#define MAIL \
    "[cell mail]\nid = 11\nlabel = 邮箱\n" \
    "[field mail]\nid = 14\ncell = mail\nlabel = 邮件地址\ntype = text\n"

#define RULES \
    "[rules]\nR1 = error: before since until\n" \
    "R2 = error: before until closed\n"

#define RULE_OF_MAIL "R3 = error: pattern mail [^@]{1,60}[@][^@]{1,60}\n"

#define EVENT \
    "[kind]\nid = 3\nname = event\nlabel = 活动\nend = county\n" \
    "[cell identity]\nid = 1\nlabel = 身份\nclash = fixed\n" \
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n" \
    "role = org\nrequired = yes\n" \
    "[field day]\nid = 2\ncell = identity\nlabel = 日期\ntype = date\n" \
    "[cell topic]\nid = 2\nlabel = 主题\nclash = fixed\n" \
    "[field topic]\nid = 3\ncell = topic\nlabel = 内容\ntype = text\n" \
    "[cell here]\nid = 3\nlabel = 到会\nkeyed = yes\n" \
    "[field here]\nid = 4\ncell = here\nlabel = 到会人\ntype = set\n"

static const char *const texts[KINDS_SETS][3] = {
    [KINDS_OLD] = {UNIT, PERSON RULES, EVENT},
    [KINDS_NOW] = {UNIT, PERSON RANK RULES, EVENT},
    [KINDS_NEW] = {UNIT, PERSON RANK MAIL RULES RULE_OF_MAIL, EVENT},
};

const struct kinds *sim_kinds(int set)
{
    static struct kinds *ready[KINDS_SETS];     /* read once a process */
    static const char *const name[] = {"unit.conf", "person.conf",
                                       "event.conf"};
    struct kind_file file[3];
    struct fault fault = {.err = 0};

    if (ready[set] != NULL)
        return ready[set];
    for (int i = 0; i < 3; i++)
        file[i] = (struct kind_file){name[i], bytes_text(texts[set][i])};
    if (kinds_read(file, 3, &ready[set], &fault) < 0) {
        fprintf(stderr, "%s: %s %s\n", fault.where, fault.field, fault.why);
        abort();
    }
    return ready[set];
}
