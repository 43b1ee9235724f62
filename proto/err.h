/*
 * Every way in which something can be refused, in one table.
 *
 * A function returns 0 or one of these negative numbers. The YZ code and the
 * two texts are what people see; a code never changes its meaning. Text with
 * the details (which field, which line) travels beside it in struct fault.
 */
#ifndef YZ_ERR_H
#define YZ_ERR_H

#define ERR_LIST(X) \
    X(ERR_IO, 6001, "the disk refused to write", "磁盘写不进去") \
    X(ERR_FULL, 6002, "the disk is full", "磁盘已满") \
    X(ERR_CORRUPT, 6003, "the store is damaged", "数据文件已损坏") \
    X(ERR_BUSY, 6004, "another program holds the data", "数据正被别的程序占用") \
    X(ERR_SCHEMA, 6005, "the store is of another version", "数据版本不符") \
    X(ERR_NUMBERS, 6006, "the file of numbers is missing", "编号文件不见了") \
    X(ERR_MISSING, 6008, "a file of the store is missing", "数据文件缺失") \
    X(ERR_RESTORING, 6009, "a restore did not end", "恢复没有做完") \
    X(ERR_COPY, 6020, "not a copy that this machine can take back", \
      "不是本机可用的备份") \
    X(ERR_UNKNOWN, 6007, "it is not known whether the disk kept it", \
      "不知道磁盘存没存住") \
    X(ERR_BUNDLE, 6030, "not a bundle of yizhan", "不是离线同步包") \
    X(ERR_TORN, 6031, "the bundle is damaged or cut short", \
      "离线同步包损坏或不完整") \
    X(ERR_ASTRAY, 6032, "the bundle is for another machine", \
      "离线同步包不是给这台机器的") \
    X(ERR_CONFIG, 1001, "the configuration has a mistake", "配置有误") \
    X(ERR_USAGE, 1002, "wrong usage", "用法不对") \
    X(ERR_FAULT, 1003, "a fault of our own", "程序自身出错") \
    X(ERR_FORMAT, 2101, "the bytes are not a message of ours", "不是驿站的报文") \
    X(ERR_VERSION, 2102, "a version this program does not know", "版本不认识") \
    X(ERR_CHECKSUM, 2103, "the bytes were altered on the way", "传输途中被改动") \
    X(ERR_SIZE, 2104, "larger than allowed", "超过允许的大小") \
    X(ERR_MAC, 2105, "the secret does not match", "密钥不符") \
    X(ERR_STATION, 2106, "the hub does not know this station", "县里没有登记这台机器") \
    X(ERR_FORKED, 2107, "the same change number was used twice", "同一编号用了两次") \
    X(ERR_GAP, 2108, "changes are missing before this one", "前面缺了变更") \
    X(ERR_KINDS, 2109, "written under kinds that are not known here", \
      "所用类别定义不认识") \
    X(ERR_AGAIN, 2110, "not now, it will be asked again", "稍后会自动再来") \
    X(ERR_RULE, 2201, "a rule forbids it", "不合规则") \
    X(ERR_VALUE, 2202, "not an allowed value", "取值不对") \
    X(ERR_FIELD, 2203, "no such field", "没有这个字段") \
    X(ERR_KIND, 2204, "no such kind", "没有这个类别") \
    X(ERR_TEXT, 2205, "not proper UTF-8 text", "不是正确的文字编码") \
    X(ERR_LONG, 2206, "too long", "太长") \
    X(ERR_RECORD, 2207, "no such record here", "本机没有这条记录") \
    X(ERR_SCOPE, 2208, "outside what this station may write", "不归本机管") \
    X(ERR_UNREADABLE, 2209, "the change cannot be read", "变更读不懂") \
    X(ERR_TOKEN, 2210, "the token was used for something else", \
      "同一请求号已用于别的内容") \
    X(ERR_CASE, 4001, "no such case is open", "没有这件待办") \
    X(ERR_JSON, 5001, "not proper JSON", "不是正确的 JSON") \
    X(ERR_LINE, 5002, "the line has another form", "这一行格式不对") \
    X(ERR_RUNNING, 5003, "it is under way already", "已经在进行") \
    X(ERR_NET, 7101, "the hub did not answer", "县里电脑没有应答") \
    X(ERR_PORTAL, 7102, "something answered, but not the hub", \
      "应答的不是县里电脑") \
    X(ERR_REFUSED, 7103, "the hub refused", "县里拒绝了") \
    X(ERR_STALL, 7110, "the line stood still", "线路不动了") \
    X(ERR_DOOR, 7201, "yizhan is not running", "驿站没有运行") \
    X(ERR_KEY, 7106, "what answers does not have the county's key", \
      "应答的电脑没有县里的密钥") \
    X(ERR_DENIED, 8001, "not allowed", "没有权限") \
    X(ERR_CODE, 8002, "the code does not let this PC in", "启用码不能用") \
    X(ERR_ENROL, 8003, "this PC is not enrolled", "本机还没有启用") \
    X(ERR_REVOKED, 8004, "the county has withdrawn this PC's access", \
      "县里已停用这台电脑") \
    X(ERR_AUDIT, 6040, "the audit trail was altered", "审计记录被改动过")

enum err {
    ERR_OK = 0,
    ERR_BEFORE_FIRST = -1000,
#define ERR_ENUM(name, code, en, zh) name,
    ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
};

/* The four digits after YZ; 0 for a number that is no error. */
int err_code(int err);
/* One clause without a full stop, never NULL. */
const char *err_text(int err, int chinese);
/* The error with these four digits, 0 when there is none. */
int err_of_code(int code);

/* Which, where and why of one refusal. Owns its text; holds no personal value:
 * names of fields, rules and files only. */
struct fault {
    int err;            /* ERR_* */
    char field[40];     /* field or key concerned, "" if none */
    char rule[16];      /* rule broken, "" if none */
    char where[200];    /* "file:line", "" if none */
    char why[240];      /* what is allowed, in plain words; "" if none */
};

/* Fill a fault (rule and where are emptied) and return `err`, so that
 * `return fault_set(...)` reads well. `fault` and `field` may be NULL. `why` is
 * a printf format; what does not fit is cut between two characters. */
int fault_set(struct fault *fault, int err, const char *field,
              const char *why, ...) __attribute__((format(printf, 4, 5)));
/* The same of a whole file, as it is named. Returns `err`. */
int fault_file(struct fault *fault, int err, const char *file,
               const char *why);
/* Set `where` to "file:line"; of a long path the end is kept. */
void fault_place(struct fault *fault, const char *file, int line);

#endif
