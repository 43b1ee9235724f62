#include "tests/sim/pages.h"
#include "proto/buf.h"

#include <stdlib.h>
#include <string.h>

struct page {
    size_t owners;
    uint8_t bytes[PAGE_SIZE];
};

void pages_init(struct pages *pages)
{
    memset(pages, 0, sizeof *pages);
}

static void page_drop(struct page *page)
{
    if (page != NULL && --page->owners == 0)
        free(page);
}

void pages_done(struct pages *pages)
{
    for (size_t i = 0; i < pages->count; i++)
        page_drop(pages->at[i]);
    free(pages->at);
    pages_init(pages);
}

static void pages_count(struct pages *pages, size_t count)
{
    while (pages->count > count)
        page_drop(pages->at[--pages->count]);
    if (count > pages->room) {
        pages->room = count < 16 ? 16 : count + count / 2;
        pages->at = xrealloc(pages->at, pages->room * sizeof *pages->at);
    }
    while (pages->count < count)
        pages->at[pages->count++] = NULL;
}

static size_t pages_for(int64_t size)
{
    return (size_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* The page for writing: this file's alone. What it held is kept, unless all of
 * it will be written over. */
static struct page *page_own(struct pages *pages, size_t i, size_t written)
{
    struct page *old = pages->at[i], *page;

    if (old != NULL && old->owners == 1)
        return old;
    page = xmalloc(sizeof *page);
    page->owners = 1;
    if (written < PAGE_SIZE) {
        if (old == NULL)
            memset(page->bytes, 0, PAGE_SIZE);
        else
            memcpy(page->bytes, old->bytes, PAGE_SIZE);
    }
    page_drop(old);
    return pages->at[i] = page;
}

size_t pages_read(const struct pages *pages, int64_t at, void *out, size_t len)
{
    uint8_t *to = out;
    size_t done = 0;

    if (at >= pages->size)
        return 0;
    if ((int64_t)len > pages->size - at)
        len = (size_t)(pages->size - at);
    while (done < len) {
        const struct page *page = pages->at[at / PAGE_SIZE];
        size_t from = (size_t)(at % PAGE_SIZE), n = PAGE_SIZE - from;

        if (n > len - done)
            n = len - done;
        if (page == NULL)
            memset(to + done, 0, n);
        else
            memcpy(to + done, page->bytes + from, n);
        done += n;
        at += (int64_t)n;
    }
    return len;
}

void pages_write(struct pages *pages, int64_t at, const void *data, size_t len)
{
    const uint8_t *from = data;

    if (len > 0 && at + (int64_t)len > pages->size)
        pages_resize(pages, at + (int64_t)len);
    while (len > 0) {
        size_t to = (size_t)(at % PAGE_SIZE), n = PAGE_SIZE - to;

        if (n > len)
            n = len;
        memcpy(page_own(pages, (size_t)(at / PAGE_SIZE), n)->bytes + to, from,
               n);
        from += n;
        at += (int64_t)n;
        len -= n;
    }
}

void pages_resize(struct pages *pages, int64_t size)
{
    size_t tail = (size_t)(size % PAGE_SIZE), last = (size_t)(size / PAGE_SIZE);

    pages_count(pages, pages_for(size));
    /* What is cut off must read as zeros when the file grows again. */
    if (size < pages->size && tail > 0 && pages->at[last] != NULL)
        memset(page_own(pages, last, 0)->bytes + tail, 0, PAGE_SIZE - tail);
    pages->size = size;
}

static void page_share(struct pages *to, const struct pages *from, size_t i)
{
    if (to->at[i] == from->at[i])
        return;
    page_drop(to->at[i]);
    to->at[i] = from->at[i];
    if (to->at[i] != NULL)
        to->at[i]->owners++;
}

void pages_share_part(struct pages *to, const struct pages *from, int64_t at,
                      size_t len)
{
    size_t end = pages_for(at + (int64_t)len);

    pages_resize(to, from->size);
    if (end > from->count)
        end = from->count;
    for (size_t i = (size_t)(at / PAGE_SIZE); i < end; i++)
        page_share(to, from, i);
}

void pages_share(struct pages *to, const struct pages *from)
{
    pages_share_part(to, from, 0, (size_t)from->size);
}

void pages_flip(struct pages *pages, struct pages *other, int64_t at, int bit)
{
    size_t i = (size_t)(at / PAGE_SIZE), to = (size_t)(at % PAGE_SIZE);
    uint8_t mask = (uint8_t)(1u << bit);
    bool same = i < other->count && other->at[i] == pages->at[i];

    page_own(pages, i, 0)->bytes[to] ^= mask;
    if (same)
        page_share(other, pages, i);
    else if (at < other->size)
        page_own(other, i, 0)->bytes[to] ^= mask;
}
