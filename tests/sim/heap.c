#include "tests/sim/heap.h"
#include "proto/buf.h"

#include <stdlib.h>

static bool before(const struct due *a, const struct due *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->tie != b->tie)
        return a->tie < b->tie;
    if (a->machine != b->machine)
        return a->machine < b->machine;
    return a->serial < b->serial;
}

static void swap(struct due *a, struct due *b)
{
    struct due keep = *a;

    *a = *b;
    *b = keep;
}

void heap_push(struct heap *heap, struct due due)
{
    size_t at = heap->len++;

    if (heap->len > heap->cap) {
        heap->cap = heap->cap == 0 ? 256 : heap->cap * 2;
        heap->list = xrealloc(heap->list, heap->cap * sizeof *heap->list);
    }
    due.serial = heap->serial++;
    heap->list[at] = due;
    while (at > 0 && before(&heap->list[at], &heap->list[(at - 1) / 2])) {
        swap(&heap->list[at], &heap->list[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static size_t least_child(const struct heap *heap, size_t at)
{
    size_t child = 2 * at + 1;

    if (child + 1 < heap->len &&
        before(&heap->list[child + 1], &heap->list[child]))
        child++;
    return child;
}

bool heap_pop(struct heap *heap, struct due *out)
{
    size_t at = 0, child;

    if (heap->len == 0)
        return false;
    *out = heap->list[0];
    heap->list[0] = heap->list[--heap->len];
    while ((child = least_child(heap, at)) < heap->len &&
           before(&heap->list[child], &heap->list[at])) {
        swap(&heap->list[at], &heap->list[child]);
        at = child;
    }
    return true;
}

void heap_done(struct heap *heap)
{
    free(heap->list);
}
