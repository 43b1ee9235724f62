#include "daemon/words.h"
#include "proto/err.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct word {
    const char *name, *en, *zh;
};

static const struct word states[] = {
    {"queued", "waiting to send", "待上报"},
    {"received", "received by county", "县里已收"},
    {"taken", "in the register", "已入册"},
    {"same", "no change", "无变化"},
    {"parked", "conflict", "有冲突"},
    {"returned", "returned", "被退回"},
    {"aside", "set aside", "已搁置"},
    {"settled", "settled", "已了结"},
    {NULL, NULL, NULL},
};

static const struct word reasons[] = {
    {"clash", "somebody else changed the same thing", "别人也改了同一项"},
    {"proposal", "a proposal: not ours to change", "建议变更：此项不由本机改"},
    {"ended", "the record has ended", "记录已结束"},
    {"fixed", "this never changes once in the register", "此项入册后不再改"},
    {"step", "not an allowed next step", "不能从现在的状态这样改"},
    {"rule", "against a rule", "不合规则"},
    {"scope", "outside what this station may write", "不归本机管"},
    {"unreadable", "cannot be read", "读不懂"},
    {"duplicate", "perhaps the same person twice", "疑似重复"},
    {"value", "not an allowed value", "取值不对"},
    {"copied", "this PC's disk was copied or set back", "这台电脑的数据被复制或还原过"},
    {"restored", "the county's store was restored meanwhile", "县里数据恢复过，两边没对上"},
    {"lost", "known here, not at the county", "本机有、县里没有"},
    {NULL, NULL, NULL},
};

static const struct advice {
    int err;
    const char *en, *zh;
} advices[] = {
    {ERR_DOOR, "Nothing is lost.", "数据都在本机，不会丢。"},
    {ERR_NET, "Nothing is lost; it will try again, do not enter it anew.",
     "数据都在本机，不会丢；会自动再试，不用重录。"},
    {ERR_STALL, "Nothing is lost; it will try again, do not enter it anew.",
     "数据都在本机，不会丢；会自动再试，不用重录。"},
    {ERR_PORTAL,
     "Nothing is lost. Log in to the network first, then try again.",
     "数据都在本机，不会丢。请先登录网络，再试。"},
    {ERR_REFUSED, "Nothing is lost. Ask the county.",
     "数据都在本机，不会丢。请联系县里。"},
    {ERR_STATION, "Nothing is lost. Ask the county to enter this station.",
     "数据都在本机，不会丢。请县里登记这台机器。"},
    {ERR_ENROL, "Nothing is lost. Ask the county for a code, then: yizhan enroll "
     "CODE --hub https://HOST:7443",
     "数据都在本机，不会丢。请向县里要启用码，然后：yizhan enroll 启用码 --hub "
     "https://县里地址:7443"},
    {ERR_REVOKED, "Nothing is lost. Ask the county.",
     "数据都在本机，不会丢。请联系县里。"},
    {ERR_CODE, "Nothing was changed. Check what was typed, or ask the county for "
     "a new code.",
     "什么都没有改动。请核对启用码，或向县里要一个新的。"},
    {ERR_KEY,
     "Nothing is lost, and nothing was told. It may be a network that wants a "
     "login, or one that looks into the line: tell the county. If the county has "
     "turned its key twice since this PC was last in contact: ask for a code, "
     "and yizhan enroll lets it in again.",
     "数据都在本机，不会丢，也没有泄露。可能是网络要先登录，或有设备在中间查看"
     "线路：请告诉县里。如果上次上报之后县里已两次更换密钥：请要一个启用码，用 "
     "yizhan enroll 重新启用。"},
    {ERR_MAC,
     "Nothing is lost. Check this PC's secret file; the county must list this "
     "station with the same.",
     "数据都在本机，不会丢。请核对这台电脑的密钥文件，县里须用同一密钥登记"
     "这台机器。"},
    {ERR_FULL, "What was saved is safe. Make room, then save again.",
     "已保存的都安全。请腾出磁盘空间后再存。"},
    {ERR_IO, "What was saved is safe. Check the disk.",
     "已保存的都安全。请检查磁盘。"},
    {ERR_BUSY, "Stop that process first.", "请先停止那个进程。"},
    {ERR_CORRUPT,
     "Copy the whole data folder first, and change nothing there. What the "
     "county has is safe; ask the county before you go on.",
     "请先原样复制整个数据文件夹，什么都不要删改。县里已收的都安全；处理之前请"
     "联系县里。"},
    {ERR_AUDIT,
     "The register itself is whole. Keep a copy of the data folder, and find out "
     "who was at this machine.",
     "数据本身完好。请保留一份数据文件夹的副本，并查清谁动过这台机器。"},
    {ERR_NUMBERS,
     "Do not go on without it: numbers might be used twice.",
     "没有它不要启动，以免编号重用。"},
    {ERR_MISSING,
     "Put it back, or take a backup: yizhan restore FILE. To begin with an empty "
     "register on purpose, move the whole data folder away.",
     "请放回，或用备份恢复：yizhan restore 备份文件。确实要从头开始，就把整个数据"
     "文件夹移走。"},
    {ERR_RESTORING,
     "Do it again: yizhan restore FILE. What was there before is kept beside "
     "it (replaced-*).",
     "请再恢复一次：yizhan restore 备份文件。原来的数据都留在旁边（replaced-*）。"},
    {ERR_BUNDLE, "Choose the file that yizhan pack or unpack has written.",
     "请选 yizhan pack 或 unpack 生成的那个文件。"},
    {ERR_TORN,
     "Copy the file once more; if that is no help, pack anew. Nothing is lost, "
     "and nothing is taken twice.",
     "请把文件重新复制一次；还不行就重新打包。不会丢，也不会重复。"},
    {ERR_ASTRAY, "Nothing was taken in.", "什么都没有读入。"},
    {ERR_COPY, "Nothing was changed.", "什么都没有改动。"},
    {ERR_SCHEMA, "Install the version that wrote it.",
     "请装写下它的那个版本。"},
    {ERR_DENIED, "Use the account yizhan runs under.",
     "请用运行驿站的账户操作。"},
    {ERR_CONFIG, "Correct it, then try: yizhan run --check",
     "改好后可以这样检查：yizhan run --check"},
    {ERR_USAGE, "See: yizhan help", "用法见：yizhan help"},
    {ERR_RULE, "Nothing was saved. Correct it and save again.",
     "没有存下。请改正后再存。"},
    {ERR_VALUE, "Nothing was saved. Correct it and save again.",
     "没有存下。请改正后再存。"},
    {ERR_FIELD, "Nothing was saved. Correct it and save again.",
     "没有存下。请改正后再存。"},
    {ERR_LONG, "Nothing was saved. Correct it and save again.",
     "没有存下。请改正后再存。"},
    {ERR_SCOPE, "Nothing was saved.", "没有存下。"},
    {ERR_UNKNOWN,
     "It may be saved or not: start it and look, or ask again with the same "
     "token (an import: give it the same file again, what is in is skipped).",
     "可能存了，也可能没存：请启动后看一看，或用同一请求号再来一次（导入："
     "同一文件再导一次，已有的会跳过）。"},
};

static const char *find(const struct word *words, const char *name, bool zh)
{
    for (; words->name; words++)
        if (strcmp(words->name, name) == 0)
            return zh ? words->zh : words->en;
    return name;
}

const char *words_state(const char *state, bool zh)
{
    return find(states, state, zh);
}

const char *words_reason(const char *reason, bool zh)
{
    return find(reasons, reason, zh);
}

const char *words_advice(int err, bool zh)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
        if (advices[i].err == err)
            return zh ? advices[i].zh : advices[i].en;
    return "";
}

bool words_chinese(const char *lang)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (int i = 0; !lang && i < 3; i++) {
        lang = getenv(names[i]);
        if (lang && lang[0] == '\0')
            lang = NULL;
    }
    return lang && strncmp(lang, "zh", 2) == 0;
}

static int day_of(int64_t ms, struct tm *out)
{
    time_t seconds = (time_t)(ms / 1000);

    if (!localtime_r(&seconds, out))
        memset(out, 0, sizeof(*out));
    return out->tm_year * 366 + out->tm_yday;
}

void words_time(int64_t ms, int64_t now_ms, bool zh, char out[WORDS_TIME])
{
    struct tm at, now, before;
    int day, today, yesterday;

    if (ms <= 0) {
        snprintf(out, WORDS_TIME, "%s", zh ? "从没有" : "never");
        return;
    }
    day = day_of(ms, &at);
    today = day_of(now_ms, &now);
    yesterday = day_of(now_ms - 86400000, &before);
    if (day == today)
        strftime(out, WORDS_TIME, "%H:%M", &at);
    else if (day == yesterday)
        strftime(out, WORDS_TIME, zh ? "昨天 %H:%M" : "yesterday %H:%M", &at);
    else
        strftime(out, WORDS_TIME, "%Y-%m-%d %H:%M", &at);
}

void words_bytes(uint64_t bytes, char out[WORDS_TIME])
{
    if (bytes < 1000)
        snprintf(out, WORDS_TIME, "%u B", (unsigned)bytes);
    else if (bytes < 1000000)
        snprintf(out, WORDS_TIME, "%.1f KB", (double)bytes / 1e3);
    else
        snprintf(out, WORDS_TIME, "%.1f MB", (double)bytes / 1e6);
}

void words_span(int64_t ms, bool zh, char out[WORDS_TIME])
{
    long long seconds = ms < 0 ? -ms / 1000 : ms / 1000;

    if (seconds < 120)
        snprintf(out, WORDS_TIME, zh ? "%lld 秒" : "%lld s", seconds);
    else if (seconds < 7200)
        snprintf(out, WORDS_TIME, zh ? "%lld 分钟" : "%lld min", seconds / 60);
    else if (seconds < 172800)
        snprintf(out, WORDS_TIME, zh ? "%lld 小时" : "%lld h", seconds / 3600);
    else
        snprintf(out, WORDS_TIME, zh ? "%lld 天" : "%lld days",
                 seconds / 86400);
}

/* One character: its code point, and how many bytes it has. */
static unsigned take(const char *text, int *bytes)
{
    unsigned char lead = (unsigned char)text[0];
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    unsigned point = more == 3 ? lead & 7u : more == 2 ? lead & 15u
                   : more == 1 ? lead & 31u : lead;

    *bytes = 1;
    while (more-- > 0 && ((unsigned char)text[*bytes] & 0xC0) == 0x80)
        point = point << 6 | ((unsigned char)text[(*bytes)++] & 63u);
    return point;
}

/* Wide by Unicode's East Asian Width, as far as it concerns names and forms. */
static int columns(unsigned point)
{
    if ((point >= 0x1100 && point <= 0x115F) ||
        (point >= 0x2E80 && point <= 0xA4CF) ||
        (point >= 0xAC00 && point <= 0xD7A3) ||
        (point >= 0xF900 && point <= 0xFAFF) ||
        (point >= 0xFE30 && point <= 0xFE6F) ||
        (point >= 0xFF01 && point <= 0xFF60) ||
        (point >= 0xFFE0 && point <= 0xFFE6) || point >= 0x1F300)
        return 2;
    return 1;
}

int words_width(const char *text)
{
    int width = 0, bytes;

    for (; *text; text += bytes)
        width += columns(take(text, &bytes));
    return width;
}

void words_column(FILE *out, const char *text, int width)
{
    bool fits = words_width(text) <= width;
    int left = fits ? width : width - 1, bytes;

    while (*text) {
        int one = columns(take(text, &bytes));

        if (one > left)
            break;
        fwrite(text, 1, (size_t)bytes, out);
        text += bytes;
        left -= one;
    }
    if (!fits)
        fputs("…", out);
    for (; left > 0; left--)
        fputc(' ', out);
}
