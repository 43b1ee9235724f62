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

enum { NUMBERS_MAX = 1024 };    /* bytes of the file, at most */

/* Read DATA/numbers and raise the life, durably; make it for a hub that has no
 * database yet. ERR_NUMBERS when there is a database but no such file: to go
 * on with new numbers must be a person's decision. ERR_MISSING when it is the
 * database that is not there. */
int numbers_open(const struct config *config, bool have_store,
                 struct numbers *out, struct fault *fault);
/* The file as it is, without raising anything: 1, 0 when it is not there, or
 * ERR_NUMBERS. */
int numbers_read(const struct config *config, struct numbers *out,
                 struct fault *fault);
/* To numbers->path, durably. */
int numbers_write(const struct numbers *numbers, struct fault *fault);
/* What stands in such a file, for a copy of it, and back; the path is left as
 * it is. */
void numbers_text(const struct numbers *numbers, char out[NUMBERS_MAX]);
bool numbers_parse(const char *text, struct numbers *out);
/* The `reserve` of struct store_world; `user` is a struct numbers. */
int numbers_reserve(void *user, uint64_t life, uint64_t upto);

#endif
