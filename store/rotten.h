/* A log that rotted, told from one that a power cut tore. */
#ifndef YZ_STORE_ROTTEN_H
#define YZ_STORE_ROTTEN_H

#include "store/db.h"

/* To be asked after the log was read and before anything is written into it.
 * ERR_CORRUPT: what was saved behind some place of it is not shown any more;
 * the fault names the file and the place. */
int log_rotten(struct store *store, struct fault *fault);

#endif
