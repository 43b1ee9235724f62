#include "daemon/later.h"
#include "proto/facts.h"

#include <stdlib.h>
#include <string.h>

enum {
    LATER_CHANGES = 512,        /* fewer are settled as fast as they are kept */
    LATER_MAX = 128             /* an answer of 64 batches has fewer */
};

struct kept {
    struct id origin;
    uint64_t through;           /* how far it confirms */
    uint64_t life;              /* of the hub that said it */
    struct buf payload;
};

struct later {
    struct store *store;
    int first, waiting;
    bool off;
    struct kept kept[LATER_MAX];        /* a ring */
    struct confirm confirm;     /* scratch: large */
};

struct later *later_new(struct store *store)
{
    struct later *later = xmalloc(sizeof *later);

    memset(later, 0, sizeof *later);
    later->store = store;
    return later;
}

void later_free(struct later *later)
{
    if (later == NULL)
        return;
    for (int i = 0; i < LATER_MAX; i++)
        buf_done(&later->kept[i].payload);
    free(later);
}

bool later_waits(const struct later *later)
{
    return later->waiting > 0;
}

static struct kept *kept_at(struct later *later, int i)
{
    return &later->kept[(later->first + i) % LATER_MAX];
}

int later_settle(struct later *later, struct fault *fault)
{
    struct kept *oldest = kept_at(later, 0);
    bool applied, healed;
    int rc = confirm_read(buf_view(&oldest->payload), &later->confirm);

    later->confirm.life = oldest->life;
    later->first = (later->first + 1) % LATER_MAX;
    later->waiting--;
    if (rc == 0)
        rc = store_settle_confirm(later->store, &later->confirm, &applied,
                                  &healed, fault);
    buf_done(&oldest->payload);
    if (rc < 0) {
        later->off = true;
        later->waiting = 0;
    }
    return rc;
}

static uint64_t told(struct later *later, const struct id *origin)
{
    for (int i = later->waiting - 1; i >= 0; i--)
        if (id_equal(&kept_at(later, i)->origin, origin))
            return kept_at(later, i)->through;
    return store_confirmed(later->store, origin);
}

bool later_keep(struct later *later, const struct confirm *confirm,
                struct bytes payload)
{
    uint64_t count = confirm_count(confirm);
    bool keep = count >= LATER_CHANGES && count <= BATCH_RAW_MAX &&
                confirm->standing == STANDING_GOOD &&
                confirm->from == told(later, &confirm->origin) + 1;
    struct fault fault;
    struct kept *to;

    while (later->waiting > (keep ? LATER_MAX - 1 : 0) &&
           later_settle(later, &fault) == 0)
        ;
    if (!keep || later->off)
        return false;
    to = kept_at(later, later->waiting++);
    to->origin = confirm->origin;
    to->life = confirm->life;
    to->through = confirm->from + count - 1;
    buf_init(&to->payload, FRAME_MAX);
    buf_put(&to->payload, payload.data, payload.len);
    return true;
}

void later_tell(struct later *later, struct hello *hello)
{
    for (int i = 0; i < hello->heads; i++)
        hello->head[i].confirmed = told(later, &hello->head[i].origin);
}
