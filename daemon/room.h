/*
 * Room on the disk. A commit that finds the disk full ends the process, and a
 * station that is down can not even be read; so a save is refused while there
 * still is room for what was promised: the log on disk at its longest, and what
 * moving it into the database may add there. An exchange may use half of that,
 * so that what is saved goes out as long as it can.
 */
#ifndef YZ_ROOM_H
#define YZ_ROOM_H

#include "daemon/config.h"

enum {
    ROOM_TO_SAVE = 32 * 1024 * 1024,
    ROOM_TO_TALK = ROOM_TO_SAVE / 2
};

/* At a start: even that writes a little. So there is a file that only takes
 * room; when the disk is full it is given up, and made again at a start that
 * finds room enough. */
void room_spare(const struct config *config);
/* ERR_FULL when less than `least` bytes are left where the data is. */
int room_check(const struct config *config, int least, struct fault *fault);

#endif
