/* How often a station may ask of the hub. Pure: the time is handed in, and one
 * number for each station is all that is kept. */
#ifndef YZ_QUOTA_H
#define YZ_QUOTA_H

#include "proto/message.h"

/* The hub's work for one exchange is some milliseconds. So often in the long
 * run, and so many at once after a pause, which is more than any station needs
 * that has months to tell. */
enum { QUOTA_EACH_MS = 50, QUOTA_AT_ONCE = 1000 };

struct share {
    char name[STATION_MAX + 1];
    int64_t paid;               /* until when its exchanges are used up, ms */
};

struct quota {                  /* zeros: nobody came yet */
    struct share *share;
    int count;
};

/* One exchange of the station with this name, which must be proven: what is kept
 * grows with the names. 0: it may; else in so many ms it will. */
int64_t quota_take(struct quota *quota, const char *name, int64_t now);
void quota_done(struct quota *quota);

#endif
