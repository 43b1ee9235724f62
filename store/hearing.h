/* News as they are taken in: guts of hear.c, which has their order, and
 * hear_item.c, which has what one says. */
#ifndef YZ_STORE_HEARING_H
#define YZ_STORE_HEARING_H

#include "store/journal.h"

struct hearing {
    struct store *store;
    struct settled *out;
    struct entry entry;
};

/* ERR_FORKED: it is another change under a name of ours. */
int hear_item(struct hearing *on, const struct news_item *item);

#endif
