/*
 * Room on the disk. A commit that finds the disk full ends the process, and a
 * station that is down can not even be read; so a save is refused while there
 * still is room for what was promised: the log on disk at its longest, and what
 * moving it into the database may add there. An exchange may use half of that,
 * so that what is saved goes out as long as it can, and what must be noted before
 * it is shown an eighth.
 */
#ifndef YZ_ROOM_H
#define YZ_ROOM_H

#include "daemon/config.h"

enum {
    ROOM_TO_SAVE = 32 * 1024 * 1024,
    ROOM_TO_TALK = ROOM_TO_SAVE / 2,
    ROOM_TO_NOTE = ROOM_TO_SAVE / 8 /* some rows of the audit trail */
};

/* Before a start even reads, the log of the last run is brought into the
 * database, which grows by it. So there is a file that only takes that room: a
 * start that has too little gives it up, and takes it again, or what there is of
 * it, when the log is empty. What is missing of it counts as taken. */
void room_spare_give(const struct config *config);
void room_spare_take(const struct config *config);
/* A start found the disk full: how much it wants, if it is that. */
void room_refused(const struct config *config, struct fault *fault);
/* ERR_FULL when less than `least` bytes are left where the data is. */
int room_check(const struct config *config, int least, struct fault *fault);

#endif
