/* How far a file has gone to the daemon, on a terminal. */
#ifndef YZ_BAR_H
#define YZ_BAR_H

#include "daemon/command.h"

struct bar {
    const char *what;
    bool shown;
    int percent;
};

/* Shown where a person looks on and the size is known. */
struct bar bar_new(const struct cli *cli, const char *what, uint64_t size);
/* The client's `sent`; `bar` is its user. */
void bar_sent(void *bar, uint64_t sent, uint64_t size);

#endif
