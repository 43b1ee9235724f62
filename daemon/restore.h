/*
 * Putting a backup in the place of the store, while no daemon runs. The store
 * that was there is kept under a name with the date. Cut at any place, the data
 * directory holds the old store or the new one, or is refused at the next start
 * until the restore was done again.
 */
#ifndef YZ_RESTORE_H
#define YZ_RESTORE_H

#include "daemon/config.h"
#include "store/care.h"

enum { KEPT_NAME = 48 };

enum restored_numbers {
    NUMBERS_NONE,               /* a station has none */
    NUMBERS_PRESENT,            /* its own went on */
    NUMBERS_OF_COPY             /* its own were gone, or another hub's */
};

struct restored {
    struct copy_facts facts;
    char kept[KEPT_NAME];       /* names of the old files begin so; "" if there
                                 * was nothing */
    enum restored_numbers numbers;
    uint64_t reserved, life;    /* hub: what comes next is above */
    bool altered;               /* the copy's audit trail was */
};

/* ERR_BUSY a daemon runs, ERR_COPY not a copy for this machine, ERR_CORRUPT it
 * is damaged, ERR_FULL, ERR_IO. */
int restore(const struct config *config, const char *file, const char *person,
            struct restored *out, struct fault *fault);

#endif
