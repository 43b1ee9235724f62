/* Packing: an ask, or the answer to one, is drawn piece by piece and sealed. */
#include "daemon/bundling.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 16 * 1024 };      /* of the message sealed at a time */

struct packing *packing_new(const struct bundle_head *head,
                            const uint8_t key[32])
{
    struct packing *packing = xmalloc(sizeof *packing);

    memset(packing, 0, sizeof *packing);
    packing->head = *head;
    bundle_key(key, packing->key);
    return packing;
}

/* How many changes no answer has confirmed. */
static uint64_t unconfirmed(const struct hello *hello)
{
    uint64_t all = 0;

    for (int i = 0; i < hello->heads; i++)
        all += hello->head[i].n - hello->head[i].confirmed;
    return all;
}

struct packing *packing_ask(struct store *store, const char *station,
                            const uint8_t key[32], const struct id *ask_id,
                            uint64_t number, size_t bytes, int64_t wall_ms)
{
    const struct asking_plan plan = {
        .batch_size = BATCH_SIZE_MAX,
        .batches = INT_MAX,
        .room = BUNDLE_ROOM,
    };
    struct bundle_head head = {.number = number};
    struct hello *hello = xmalloc(sizeof *hello);
    struct packing *packing;

    memcpy(head.station, station, strnlen(station, STATION_MAX));
    packing = packing_new(&head, key);
    packing->asking = asking_new(store, station, key, ask_id, &plan, NULL,
                                 wall_ms);
    asking_bound(packing->asking, bytes);
    /* That this fails the asking finds out, too. */
    packing->waiting = store_hello(store, hello) == 0 ? unconfirmed(hello) : 0;
    free(hello);
    return packing;
}

void packing_free(struct packing *packing)
{
    if (packing == NULL)
        return;
    asking_free(packing->asking);
    bundle_writer_done(&packing->writer);
    sodium_memzero(packing->key, sizeof packing->key);
    free(packing);
}

const struct bundle_head *packing_head(const struct packing *packing)
{
    return &packing->head;
}

const struct bundle_counts *packing_counts(const struct packing *packing)
{
    return &packing->counts;
}

static void finish(struct packing *packing, struct buf *out)
{
    struct asked asked;

    if (packing->asking != NULL) {
        settle_end(packing->asking, &asked);
        packing->counts.changes = asked.up;
        packing->counts.left = packing->waiting > asked.up
                                   ? packing->waiting - asked.up : 0;
    } else {
        packing->counts.changes = answer_taken(packing->answer);
    }
    bundle_close(&packing->writer, &packing->counts, out);
    packing->stage = PACKED;
}

static int pack_piece(struct packing *packing, struct buf *out)
{
    uint8_t piece[STEP];
    long got = packing->asking != NULL
                   ? asking_read(packing->asking, piece, sizeof piece)
                   : answer_read(packing->answer, piece, sizeof piece);

    if (got < 0)
        return (int)got;
    bundle_put(&packing->writer, bytes_of(piece, (size_t)got), out);
    if (got == 0)
        finish(packing, out);
    return out->full ? ERR_SIZE : 0;
}

/* A chunk is sealed when it is full, so most pieces append nothing. */
int packing_fill(struct packing *packing, struct buf *out)
{
    size_t before = out->len;
    int rc = 0;

    if (packing->stage == PACK_HEAD) {
        bundle_open(&packing->writer, &packing->head, packing->key, out);
        packing->stage = PACK_MESSAGE;
    }
    while (rc == 0 && packing->stage != PACKED && out->len == before)
        rc = pack_piece(packing, out);
    return rc;
}
