/* What is to happen, soonest first. Two things due in the same millisecond go
 * by a tie-break drawn from the seed, so that no order is by accident always
 * the same. */
#ifndef YZ_SIM_HEAP_H
#define YZ_SIM_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due {
    int64_t at;                 /* virtual ms */
    uint32_t tie;
    int machine;
    int what;                   /* enum happening */
    unsigned run;               /* of the machine: void once it restarted */
    uint64_t of;                /* which exchange, which line of the schedule */
    uint64_t serial;            /* order of pushing, the last tie-break */
};

struct heap {
    struct due *list;
    size_t len, cap;
    uint64_t serial;
};

void heap_push(struct heap *heap, struct due due);
/* False when it is empty. */
bool heap_pop(struct heap *heap, struct due *out);
void heap_done(struct heap *heap);

#endif
