/* The book of what was told: every change by its name and content. */
#include "tests/sim/oracle.h"

#include <stdlib.h>
#include <string.h>

/* Two machines that draw the same dice may give one name to two changes: the
 * content tells them apart. `content` NULL: any. */
static int slot_of(const struct oracle *oracle, const struct name *name,
                   const uint64_t *content)
{
    uint64_t hash;
    int at;

    memcpy(&hash, name->origin.b, sizeof hash);
    at = (int)(rng_mix(hash, name->n) & (uint64_t)(oracle->slots - 1));
    while (oracle->slot[at] != 0) {
        const struct told *told = &oracle->told[oracle->slot[at] - 1];

        if (name_equal(&told->name, name) &&
            (content == NULL || told->content == 0 ||
             told->content == *content))
            break;
        at = (at + 1) & (oracle->slots - 1);
    }
    return at;
}

struct told *oracle_find(const struct oracle *oracle, const struct name *name,
                         const uint64_t *content)
{
    int at;

    if (oracle->slots == 0)
        return NULL;
    at = oracle->slot[slot_of(oracle, name, content)];
    return at == 0 ? NULL : &oracle->told[at - 1];
}

static void book_grow(struct oracle *oracle)
{
    oracle->cap = oracle->cap == 0 ? 1024 : oracle->cap * 2;
    oracle->told =
        xrealloc(oracle->told, sizeof *oracle->told * (size_t)oracle->cap);
    oracle->slots = oracle->cap * 2;
    free(oracle->slot);
    oracle->slot = xmalloc(sizeof *oracle->slot * (size_t)oracle->slots);
    memset(oracle->slot, 0, sizeof *oracle->slot * (size_t)oracle->slots);
    for (int i = 0; i < oracle->count; i++)
        oracle->slot[slot_of(oracle, &oracle->told[i].name,
                             &oracle->told[i].content)] = i + 1;
}

void oracle_book(struct machine *machine, const struct told *told)
{
    struct oracle *oracle = machine->sim->oracle;

    if (oracle_find(oracle, &told->name, &told->content) != NULL)
        return;                 /* told again */
    if (oracle->count == oracle->cap)
        book_grow(oracle);
    oracle->told[oracle->count++] = *told;
    oracle->slot[slot_of(oracle, &told->name, &told->content)] =
        oracle->count;
    machine->sim->count.told++;
}

uint64_t oracle_content(const struct change *change)
{
    struct change bare = *change;
    struct buf bytes;
    uint64_t hash = 0;

    memset(&bare.name, 0, sizeof bare.name);
    bare.has_was = false;
    buf_init(&bytes, 2 * CHANGE_MAX);
    change_write(&bare, &bytes);
    for (size_t at = 0; at < bytes.len; at += 8) {
        uint64_t word = 0;

        memcpy(&word, bytes.data + at,
               bytes.len - at < 8 ? bytes.len - at : 8);
        hash = rng_mix(hash, word);
    }
    buf_done(&bytes);
    return hash;
}
