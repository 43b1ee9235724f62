/*
 * What a hub keeps outside its database, so that a restored copy of that can
 * never use a number or a life twice: the life, how far numbers and seqs are
 * reserved, its id and the key that signs receipts.
 */
#ifndef YZ_NUMBERS_H
#define YZ_NUMBERS_H

#include "daemon/config.h"
#include "store/store.h"

struct numbers {
    char path[CONFIG_PATH + 64];
    struct id hub;
    uint8_t key[32];
    uint64_t life;
    uint64_t reserved;
};

/* Read DATA/numbers and raise the life, durably; make it for a hub that has no
 * database yet. ERR_NUMBERS when there is a database but no such file: to go
 * on with new numbers must be a person's decision. */
int numbers_open(const struct config *config, bool have_store,
                 struct numbers *out, struct fault *fault);
/* The `reserve` of struct store_world; `user` is a struct numbers. */
int numbers_reserve(void *user, uint64_t life, uint64_t upto);

#endif
