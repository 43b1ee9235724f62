#include "daemon/quota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct share *share_of(struct quota *quota, const char *name,
                              int64_t now)
{
    for (int i = 0; i < quota->count; i++)
        if (strcmp(quota->share[i].name, name) == 0)
            return &quota->share[i];
    quota->share = xrealloc(quota->share, (size_t)(quota->count + 1) *
                                              sizeof *quota->share);
    snprintf(quota->share[quota->count].name, sizeof quota->share->name, "%s",
             name);
    quota->share[quota->count].paid = now;
    return &quota->share[quota->count++];
}

int64_t quota_take(struct quota *quota, const char *name, int64_t now)
{
    struct share *share = share_of(quota, name, now);
    int64_t ahead;

    if (share->paid < now)
        share->paid = now;
    ahead = share->paid + QUOTA_EACH_MS - now;
    if (ahead > (int64_t)QUOTA_EACH_MS * QUOTA_AT_ONCE)
        return ahead - (int64_t)QUOTA_EACH_MS * QUOTA_AT_ONCE;
    share->paid += QUOTA_EACH_MS;
    return 0;
}

void quota_done(struct quota *quota)
{
    free(quota->share);
    memset(quota, 0, sizeof *quota);
}
