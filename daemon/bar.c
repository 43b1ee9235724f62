#include "daemon/bar.h"

struct bar bar_new(const struct cli *cli, const char *what, uint64_t size)
{
    return (struct bar){
        .what = what,
        .shown = size > 0 && cli_terminal(stderr) && !cli->json,
        .percent = -1,
    };
}

void bar_sent(void *user, uint64_t sent, uint64_t size)
{
    struct bar *bar = user;
    int percent = size ? (int)(sent * 100 / size) : 0;

    if (!bar->shown || percent == bar->percent)
        return;
    bar->percent = percent;
    fprintf(stderr, "\r%s [%-50.*s] %3d%%", bar->what, percent / 2,
            "##################################################", percent);
    if (percent >= 100)
        fputc('\n', stderr);
}
