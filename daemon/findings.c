#include "daemon/findings.h"
#include "daemon/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MB     1000000
#define DAY    ((int64_t)24 * 3600 * 1000) /* in ms */
#define MINUTE ((int64_t)60 * 1000)

/* Amber and red, as on the county's list of devices. */
enum {
    QUIET_DAYS = 3,
    SILENT_DAYS = 7,
    OLD_BACKUP_DAYS = 2,
    CLOCK_MINUTES = 10,
    LITTLE_MB = 500,
    NOTHING_MB = 64,
    LOG_BOUND = 16 * 1024 * 1024
};
/* A clock before this program was written is none. */
#define YEAR_2025 INT64_C(1735689600000)

static const struct row {
    const char *name;
    int code;
} rows[FINDINGS_NAMES] = {
    [FIND_CONFIG] = {"config", 1101},   [FIND_DIRECTORY] = {"directory", 8101},
    [FIND_SECRET] = {"secret", 8102},   [FIND_DAEMON] = {"daemon", 1102},
    [FIND_STORE] = {"store", 6101},     [FIND_DATABASE] = {"database", 6102},
    [FIND_LOG] = {"log", 6103},         [FIND_DISK] = {"disk", 6104},
    [FIND_BACKUP] = {"backup", 6105},   [FIND_CLOCK] = {"clock", 7111},
    [FIND_CONTACT] = {"contact", 7112}, [FIND_QUEUE] = {"queue", 2111},
    [FIND_KINDS] = {"kinds", 2112},     [FIND_SERVICE] = {"service", 1103},
    [FIND_VERSION] = {"version", 9101},
};

const char *finding_text(enum finding_name name)
{
    return name < FINDINGS_NAMES ? rows[name].name : "";
}

int finding_code(enum finding_name name)
{
    return name < FINDINGS_NAMES ? rows[name].code : 0;
}

const char *level_text(enum finding_level level)
{
    static const char *const text[] = {"ok", "warn", "bad"};

    return text[level];
}

enum finding_name finding_of(const char *name)
{
    int i = 0;

    while (i < FINDINGS_NAMES && strcmp(rows[i].name, name) != 0)
        i++;
    return (enum finding_name)i;
}

void find_add(struct findings *out, enum finding_name name,
              enum finding_level level, const char *en, const char *zh, ...)
{
    struct finding *to = &out->list[out->count];
    va_list args, again;

    if (out->count == FINDINGS_MAX)
        return;
    out->count++;
    to->name = name;
    to->level = level;
    va_start(args, zh);
    va_copy(again, args);
    vsnprintf(to->en, sizeof(to->en), en, args);
    vsnprintf(to->zh, sizeof(to->zh), zh, again);
    va_end(again);
    va_end(args);
}

void find_fault(struct findings *out, enum finding_name name,
                const struct fault *fault)
{
    static const struct {
        const char *en, *zh;
    } good[FINDINGS_NAMES] = {
        [FIND_CONFIG] = {"The configuration and the files it names can be "
                         "read.",
                         "配置和它所指的文件都读得到。"},
        [FIND_SECRET] = {"The secret is there, for its owner alone.",
                         "密钥在，只有主人能读。"},
        [FIND_STORE] = {"The files of the store are there.", "数据文件都在。"},
        [FIND_DATABASE] = {"The database is whole: pages, chains and sums.",
                           "数据完好：页、流水链、合计都对。"},
        [FIND_DIRECTORY] = {"The data directory is this account's alone.",
                            "数据目录只归本账户。"},
        [FIND_DAEMON] = {"yizhan is running.", "驿站在运行。"},
    };

    char en[900], zh[900];

    if (fault == NULL) {
        find_add(out, name, LEVEL_OK, good[name].en, good[name].zh);
        return;
    }
    snprintf(en, sizeof(en), "%s%s%s%s%s. %s [YZ%04d]", fault->where,
             fault->where[0] ? ": " : "", err_text(fault->err, 0),
             fault->why[0] ? ": " : "", fault->why,
             words_advice(fault->err, false), err_code(fault->err));
    snprintf(zh, sizeof(zh), "%s%s%s%s%s。%s [YZ%04d]", fault->where,
             fault->where[0] ? "：" : "", err_text(fault->err, 1),
             fault->why[0] ? "：" : "", fault->why,
             words_advice(fault->err, true), err_code(fault->err));
    find_add(out, name, LEVEL_BAD, "%s%.0s", "%.0s%s", en, zh);
}

void find_disk(struct findings *out, int64_t room, int64_t db_bytes)
{
    long long mb = (long long)room / MB;

    if (room == INT64_MAX)
        find_add(
            out, FIND_DISK, LEVEL_WARN,
            "The room on the disk is not known; look at the data directory.",
            "不知道磁盘还有多少空间，请看看数据目录。");
    else if (mb < NOTHING_MB)
        find_add(
            out, FIND_DISK, LEVEL_BAD,
            "Only %lld MB are free: soon nothing can be saved any more. Make "
            "room now.",
            "磁盘只剩 %lld MB，很快就存不进去了。请马上腾出空间。", mb);
    else if (mb < LITTLE_MB || room < db_bytes)
        find_add(
            out, FIND_DISK, LEVEL_WARN,
            "Only %lld MB are free, and the register has %lld MB. Make room "
            "soon.",
            "磁盘只剩 %lld MB，数据有 %lld MB。请尽快腾出空间。", mb,
            (long long)db_bytes / MB);
    else
        find_add(out, FIND_DISK, LEVEL_OK, "%lld MB are free.",
                 "磁盘还有 %lld MB。", mb);
}

void find_log(struct findings *out, int64_t log_bytes)
{
    if (log_bytes > LOG_BOUND)
        find_add(
            out, FIND_LOG, LEVEL_WARN,
            "The log has %lld MB, more than 16: the disk refuses to take it "
            "into the database. Check the disk.",
            "数据日志有 %lld MB，超过 16 "
            "MB：磁盘没有把它并入数据。请检查磁盘。",
            (long long)log_bytes / MB);
    else
        find_add(out, FIND_LOG, LEVEL_OK,
                 "The log has %lld KB, within its bound.",
                 "数据日志 %lld KB，没有超限。",
                 (long long)(log_bytes < 0 ? 0 : log_bytes) / 1000);
}

void find_clock(struct findings *out, bool measured, int64_t offset_ms,
                int64_t last_known_ms, int64_t now_ms)
{
    long long minutes = (long long)(offset_ms / MINUTE);
    bool off = minutes >= CLOCK_MINUTES || minutes <= -CLOCK_MINUTES;

    if (now_ms < YEAR_2025 || now_ms < last_known_ms - CLOCK_MINUTES * MINUTE)
        find_add(
            out, FIND_CLOCK, LEVEL_BAD,
            "The clock stands at a time that has passed already; set it, and "
            "replace the battery. Work goes on: no clock decides.",
            "时钟停在过去的时间，请校准（多半是主板电池没电）。不影响录入和上报"
            "。");
    else if (measured && off)
        find_add(
            out, FIND_CLOCK,
            offset_ms > DAY || offset_ms < -DAY ? LEVEL_BAD : LEVEL_WARN,
            "The clock is %lld minutes off the county's; set it. Work goes "
            "on: no clock decides.",
            "时钟与县里差 %lld 分钟，请校准。不影响录入和上报。", minutes);
    else if (measured)
        find_add(out, FIND_CLOCK, LEVEL_OK,
                 "The clock agrees with the county's.", "时钟与县里一致。");
    else
        find_add(out, FIND_CLOCK, LEVEL_OK,
                 "The clock is plausible; it was compared with nobody's.",
                 "时钟看来正常，没有比对过。");
}

void find_contact(struct findings *out, int64_t last_ms, int cause,
                  int64_t now_ms)
{
    int64_t days =
        last_ms == 0 || now_ms < last_ms ? 0 : (now_ms - last_ms) / DAY;
    enum finding_level level = days >= SILENT_DAYS                ? LEVEL_BAD
                               : days >= QUIET_DAYS || cause != 0 ? LEVEL_WARN
                                                                  : LEVEL_OK;

    if (last_ms == 0 && cause == 0)
        find_add(out, FIND_CONTACT, LEVEL_WARN,
                 "There was no contact with the county yet; try: yizhan sync",
                 "还没有联系过县里，可以试试：yizhan sync");
    else if (cause != 0)
        find_add(
            out, FIND_CONTACT, level,
            "The county was not reached at the last try: %s%.0s. Nothing is "
            "lost; the last contact was %lld days ago.",
            "上次没有联系上县里：%.0s%s。数据都在本机，不会丢；上次联系在 %lld "
            "天前。",
            err_text(cause, 0), err_text(cause, 1), (long long)days);
    else if (level != LEVEL_OK)
        find_add(
            out, FIND_CONTACT, level,
            "The last contact with the county was %lld days ago; check the "
            "line, then: yizhan sync",
            "上次联系县里在 %lld 天前，请看看网络，再试：yizhan sync",
            (long long)days);
    else
        find_add(out, FIND_CONTACT, LEVEL_OK, "The county was reached lately.",
                 "最近联系过县里。");
}

void find_queue(struct findings *out, uint64_t queued, int64_t since_ms,
                int64_t now_ms)
{
    int64_t days =
        since_ms <= 0 || now_ms < since_ms ? 0 : (now_ms - since_ms) / DAY;

    if (queued == 0)
        find_add(out, FIND_QUEUE, LEVEL_OK, "Nothing waits to be sent.",
                 "没有待上报的。");
    else
        find_add(
            out, FIND_QUEUE,
            days >= SILENT_DAYS  ? LEVEL_BAD
            : days >= QUIET_DAYS ? LEVEL_WARN
                                 : LEVEL_OK,
            "%llu changes wait to be sent, the oldest for %lld days; they are "
            "safe here, and go with the next contact.",
            "%llu 条变更待上报，最早的等了 %lld "
            "天；都在本机，联系上县里就会上报。",
            (unsigned long long)queued, (long long)days);
}

void find_kinds(struct findings *out, bool hub, bool same, const char *dir)
{
    if (same)
        find_add(out, FIND_KINDS, LEVEL_OK,
                 "The kind files in %s are in force.",
                 "类别定义（%s）就是在用的。", dir);
    else if (hub)
        find_add(
            out, FIND_KINDS, LEVEL_WARN,
            "The kind files in %s are not those in force; restart yizhan to "
            "put them in force, and to send them to the stations.",
            "%s 里的类别定义改过，还没有生效；重启驿站后生效，并下发各站。",
            dir);
    else
        find_add(out, FIND_KINDS, LEVEL_OK,
                 "The county's kinds are in force; the files in %s are others, "
                 "and are not used.",
                 "在用的是县里下发的类别定义，%s 里的没有用。", dir);
}

static void find_backup_age(struct findings *out,
                            const struct backup_state *state, int64_t now_ms)
{
    int64_t days =
        now_ms < state->last_ms ? 0 : (now_ms - state->last_ms) / DAY;

    if (state->last_ms == 0)
        find_add(out, FIND_BACKUP, LEVEL_WARN,
                 "There is no copy in %s yet; make one: yizhan backup",
                 "%s 里还没有备份，请做一份：yizhan backup", state->dir);
    else if (days >= OLD_BACKUP_DAYS)
        find_add(
            out, FIND_BACKUP, days >= SILENT_DAYS ? LEVEL_BAD : LEVEL_WARN,
            "The newest copy in %s is %lld days old; see why: yizhan log "
            "--code 6016",
            "%s 里最新的备份是 %lld 天前的，原因见：yizhan log --code 6016",
            state->dir, (long long)days);
    else if (state->same_disk)
        find_add(
            out, FIND_BACKUP, LEVEL_WARN,
            "The copies in %s lie on the same disk as the data, and would go "
            "with it; name a directory on another machine.",
            "%s 和数据在同一块磁盘上，磁盘坏了一起丢；请改到别的机器上。",
            state->dir);
    else
        find_add(out, FIND_BACKUP, LEVEL_OK, "The copy in %s is of late.",
                 "%s 里的备份是最近的。", state->dir);
}

void find_backup(struct findings *out, const struct backup_state *state,
                 int64_t now_ms)
{
    if (state->dir[0] == '\0' && state->hub)
        find_add(out, FIND_BACKUP, LEVEL_WARN,
                 "No off-box copy is configured: if this machine is lost, what "
                 "only it has is lost. Set backup in [store].",
                 "没有配置异地备份，这台机器坏了，只存在它上面的就丢了。请在 "
                 "[store] "
                 "里设置 backup。");
    else if (state->dir[0] == '\0')
        find_add(out, FIND_BACKUP, LEVEL_OK,
                 "No backup of this PC is configured; what was sent is at the "
                 "county.",
                 "没有配置本机备份；已上报的县里都有。");
    else if (!state->there)
        find_add(out, FIND_BACKUP, LEVEL_BAD,
                 "The directory for backups, %s, is not there or cannot be "
                 "written; is its disk mounted?",
                 "备份目录 %s 不在或写不进去，磁盘接上了吗？", state->dir);
    else
        find_backup_age(out, state, now_ms);
}

void find_version(struct findings *out, const char *daemon, const char *asker)
{
    if (asker[0] == '\0' || strcmp(daemon, asker) == 0)
        find_add(out, FIND_VERSION, LEVEL_OK, "yizhan %s is running.",
                 "在运行的是驿站 %s。", daemon);
    else
        find_add(out, FIND_VERSION, LEVEL_WARN,
                 "yizhan %s is running, and this program is %s: restart it.",
                 "在运行的是驿站 %s，这个程序是 %s：请重启驿站。", daemon,
                 asker);
}
