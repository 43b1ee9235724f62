/*
 * The bytes of one file in pages that are counted and shared: a copy of a file
 * costs a pointer a page, and a page is doubled only when one of its owners
 * writes. The two layers of a disk and all its copies are made of these.
 */
#ifndef YZ_SIM_PAGES_H
#define YZ_SIM_PAGES_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE_SIZE = 4096 };

struct page;                    /* NULL: zeros */

struct pages {
    struct page **at;
    size_t count, room;
    int64_t size;               /* in bytes */
};

void pages_init(struct pages *pages);
void pages_done(struct pages *pages);
/* Bytes read, fewer than `len` at the end of the file. */
size_t pages_read(const struct pages *pages, int64_t at, void *out, size_t len);
/* Writing behind the end fills up with zeros. */
void pages_write(struct pages *pages, int64_t at, const void *data, size_t len);
/* Shorter or, with zeros, longer. */
void pages_resize(struct pages *pages, int64_t size);
/* `to` becomes a copy of `from`: all of it, or of the pages that these bytes
 * touch, and the size. */
void pages_share(struct pages *to, const struct pages *from);
void pages_share_part(struct pages *to, const struct pages *from, int64_t at,
                      size_t len);
/* One bit, the same in both; bytes that `other` has not got are passed over. */
void pages_flip(struct pages *pages, struct pages *other, int64_t at, int bit);

#endif
