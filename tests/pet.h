/* A kind file with something of everything, for test_kind and test_kindfile. */
#ifndef YZ_TEST_PET_H
#define YZ_TEST_PET_H

static const char base[] =
    "[kind]\n"                                  /* 1 */
    "id = 7\n"
    "name = pet\n"
    "label = 宠物\n"
    "end = owner\n"                             /* 5 */
    "[codes state]\n"
    "1 alive = 在\n"
    "2 = 亡\n"
    "[numbers county]\n"
    "52 = 0502 0521-0524\n"                     /* 10 */
    "52 = 0527\n"
    "[cell identity]\n"
    "id = 1\n"
    "label = 身份\n"
    "clash = fixed\n"                           /* 15 */
    "[field org]\n"
    "id = 1\n"
    "cell = identity\n"
    "label = 组织\n"
    "type = org\n"                              /* 20 */
    "role = org\n"
    "required = yes\n"
    "[field tag_no]\n"
    "id = 2\n"
    "cell = identity\n"                         /* 25 */
    "label = 编号\n"
    "alias = 号码\n"
    "alias = 牌号\n"
    "type = text\n"
    "lookup = yes\n"                            /* 30 */
    "[cell life]\n"
    "id = 2\n"
    "label = 生命\n"
    "writer = county\n"
    "first = any\n"                             /* 35 */
    "steps = state\n"
    "step = none>在\n"
    "step = 在>亡 host\n"
    "[field state]\n"
    "id = 3\n"                                  /* 40 */
    "cell = life\n"
    "label = 状态\n"
    "type = code\n"
    "codes = state\n"
    "[field born]\n"                            /* 45 */
    "id = 4\n"
    "cell = life\n"
    "label = 出生\n"
    "type = date\n"
    "[field died]\n"                            /* 50 */
    "id = 5\n"
    "cell = life\n"
    "label = 死亡\n"
    "type = date\n"
    "rough = yes\n"                             /* 55 */
    "[cell toys]\n"
    "id = 3\n"
    "label = 玩具\n"
    "keyed = yes\n"
    "[field toys]\n"                            /* 60 */
    "id = 6\n"
    "cell = toys\n"
    "label = 玩具\n"
    "type = set\n"
    "max = 9\n"                                 /* 65 */
    "[cell place]\n"
    "id = 4\n"
    "label = 地点\n"
    "writer = host\n"
    "[field host]\n"                            /* 70 */
    "id = 7\n"
    "cell = place\n"
    "label = 寄养\n"
    "type = org\n"
    "role = host\n"                             /* 75 */
    "[field lost]\n"
    "id = 8\n"
    "cell = place\n"
    "label = 走失\n"
    "type = bool\n"                             /* 80 */
    "[field keeper]\n"
    "id = 9\n"
    "cell = place\n"
    "label = 主人证号\n"
    "type = id18\n"                             /* 85 */
    "[rules]\n"
    "R1 = error: state is 亡 needs died\n"
    "R1.says = 死亡须有日期\n"
    "R2 = warning: ref tag_no pet.tag_no unless lost\n";

enum { BASE_LINES = 89 };

#endif
