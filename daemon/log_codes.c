/* What the codes of events say. Codes never change their meaning; those of
 * errors stand in proto/err.h, with their texts. */
#include "daemon/log.h"
#include "proto/err.h"

static const struct row {
    int code;
    const char *en, *zh;
} rows[] = {
    {1010, "started", "已启动"},
    {1011, "stopped", "已停止"},
    {1012, "the last run was not stopped cleanly; recovered",
     "上次没有正常关闭，已自动恢复"},
    {1013, "ready", "可以使用"},
    {1014, "the last stop was clean", "上次正常关闭"},
    {2001, "sending begins", "开始上报"},
    {2002, "sent", "上报完成"},
    {2003, "a station's changes were decided", "已处理一个站的上报"},
    {2031, "a change was returned", "有变更被退回"},
    {2032, "a change was set aside", "有变更被搁置"},
    {2033, "a station was told to draw a new origin", "已要求该站另起流水"},
    {2034, "a change that was set aside was decided anew",
     "已重新处理一条搁置的变更"},
    {3001, "asking for news", "开始接收"},
    {3002, "news taken in", "接收完成"},
    {3003, "new kinds taken in", "类别定义已更新"},
    {4010, "a case was opened", "新增一件待办"},
    {4011, "a case was settled", "一件待办已了结"},
    {5010, "import begins", "开始导入"},
    {5011, "import done", "导入完成"},
    {5012, "full personal numbers told", "给出了完整的个人号码"},
    {5013, "export", "已导出"},
    {6010, "folding the journal again", "开始按流水重算"},
    {6011, "the journal gives the same register", "重算一致"},
    {6012, "checked: whole", "校验通过"},
    {6020, "comparing with the county", "开始与县里核对"},
    {6021, "compared with the county: nothing is left that differs",
     "与县里核对完毕，没有留下不一致"},
    {6022, "compared with the county: something differs",
     "与县里核对完毕，有不一致"},
    {6013, "the disk was slow", "磁盘写入缓慢"},
    {6014, "the log on disk is checkpointed late", "数据日志偏大"},
    {6015, "a backup was made", "已备份"},
    {6016, "no backup was made", "备份没有做成"},
    {6017, "examined", "已体检"},
    {6033, "a bundle was packed", "已生成离线同步包"},
    {6034, "a bundle was taken in", "已读入离线同步包"},
    {6035, "a bundle was refused", "拒收了一个离线同步包"},
    {7104, "no exchange with the hub; nothing is lost",
     "没能与县里交换，数据都在本机"},
    {7105, "the line is back", "又连上县里了"},
    {7113, "large packets do not come through: small ones are used",
     "线路不通大包，已改用小包"},
    {7301, "this machine's clock is off", "本机时钟不准"},
    {7302, "this machine's clock jumped", "本机时钟有跳变"},
    {7401, "a request at the door was refused", "拒绝了一次本机访问"},
    {8010, "a station was refused", "拒绝了一个站的访问"},
    {8020, "a code was given out", "发出了一个启用码"},
    {8021, "a PC was let in", "一台电脑已启用"},
    {8022, "a PC was not let in", "没有启用一台电脑"},
    {8023, "a PC's access was withdrawn", "停用了一台电脑"},
    {8024, "this PC is enrolled", "本机已启用"},
    {8025, "the hub's key was turned", "县里的密钥已更换"},
    {8026, "the county has turned its key; this PC knows the next one",
     "县里更换了密钥，本机已记下下一个"},
};

const char *log_text(int code, bool chinese)
{
    int err = err_of_code(code);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].code == code)
            return chinese ? rows[i].zh : rows[i].en;
    return code > 0 && err ? err_text(err, chinese) : "";
}
