#include "daemon/reconciling.h"

#include <stdlib.h>
#include <string.h>

enum {
    GRAIN = 8192,               /* cells of a chunk of the walk */
    LISTED_MAX = 2000,
    FRAMES_MAX = 1024 * 1024,   /* of one answer */
    PASSES = 3,
    FAILS_MAX = 3,              /* exchanges in a row that failed, */
    VAIN_MAX = 5,               /* that told nothing, */
    MOVING_MAX = 200            /* whose news had overtaken them */
};

struct reconcile *reconcile_new(struct store *store)
{
    struct reconcile *reconcile = xmalloc(sizeof *reconcile);

    memset(reconcile, 0, sizeof *reconcile);
    reconcile->store = store;
    buf_init(&reconcile->frames, FRAMES_MAX);
    return reconcile;
}

static void let_go(struct reconcile *reconcile)
{
    free(reconcile->span);
    free(reconcile->queue);
    buf_done(&reconcile->frames);
    buf_init(&reconcile->frames, FRAMES_MAX);
    reconcile->worked = 0;
    reconcile->ended = false;
    reconcile->span = NULL;
    reconcile->queue = NULL;
    reconcile->spans = reconcile->span_room = reconcile->asks = 0;
    reconcile->queued = reconcile->queue_room = 0;
    reconcile->wanted = reconcile->told = 0;
}

void reconcile_free(struct reconcile *reconcile)
{
    if (reconcile == NULL)
        return;
    let_go(reconcile);
    buf_done(&reconcile->frames);
    sums_done(&reconcile->sums);
    free(reconcile->list);
    free(reconcile);
}

void reconcile_push(struct reconcile *reconcile, const struct range *range,
                    uint64_t grain)
{
    if (reconcile->spans == reconcile->span_room) {
        reconcile->span_room = reconcile->span_room * 2 + 16;
        reconcile->span =
            xrealloc(reconcile->span,
                     sizeof *reconcile->span * (size_t)reconcile->span_room);
    }
    reconcile->span[reconcile->spans++] = (struct grained){*range, grain};
}

static void begin_pass(struct reconcile *reconcile)
{
    struct range all;

    memset(&all.from, 0, sizeof all.from);
    memset(&all.to, 0xff, sizeof all.to);
    reconcile_push(reconcile, &all, GRAIN);
    sums_done(&reconcile->sums);
    reconcile->view.passes++;
    reconcile->view.cells = reconcile->view.left = 0;
    reconcile->done = 0;
}

int reconcile_start(struct reconcile *reconcile, bool repair)
{
    uint64_t run = reconcile->view.run;

    if (reconcile->view.state == RECONCILE_RUNNING)
        return ERR_RUNNING;
    let_go(reconcile);
    free(reconcile->list);
    reconcile->list = NULL;
    memset(&reconcile->view, 0, sizeof reconcile->view);
    reconcile->view.state = RECONCILE_RUNNING;
    reconcile->view.repair = repair;
    reconcile->view.run = run + 1;
    reconcile->behind = reconcile->spoke = reconcile->moving = false;
    reconcile->heard = 0;
    reconcile->fails = reconcile->vain = 0;
    begin_pass(reconcile);
    return 0;
}

bool reconcile_runs(const struct reconcile *reconcile)
{
    return reconcile != NULL && reconcile->view.state == RECONCILE_RUNNING;
}

void reconcile_view(const struct reconcile *reconcile,
                    struct reconcile_view *out)
{
    *out = reconcile->view;
    out->sums = &reconcile->sums;
    out->list = reconcile->list;
}

/* ---- what differs ---- */

static void list_add(struct reconcile *reconcile, const struct mending *cell,
                     bool mended)
{
    struct reconcile_view *view = &reconcile->view;

    if (view->listed == LISTED_MAX)
        return;
    if (reconcile->list == NULL)
        reconcile->list = xmalloc(sizeof *reconcile->list * LISTED_MAX);
    reconcile->list[view->listed++] = (struct found){*cell, mended};
}

void reconcile_differs(void *user, const struct differing *one)
{
    struct reconcile *reconcile = user;
    struct mending cell = {.on = *one};

    if (reconcile->view.passes == 1)
        reconcile->view.found[one->what]++;
    if (!reconcile->view.repair) {
        reconcile->view.left++;
        list_add(reconcile, &cell, false);
        return;
    }
    if (reconcile->queued == reconcile->queue_room) {
        reconcile->queue_room = reconcile->queue_room * 2 + 16;
        reconcile->queue = xrealloc(reconcile->queue,
                                    sizeof cell *
                                        (size_t)reconcile->queue_room);
    }
    reconcile->queue[reconcile->queued++] = cell;
}

void reconcile_mended(struct reconcile *reconcile,
                      const struct mending *cell)
{
    struct reconcile_view *view = &reconcile->view;

    view->damaged += cell->damaged;
    view->mended += cell->outcome == MENDED_NEWS ||
                    cell->outcome == MENDED_CASE;
    view->cases += cell->outcome == MENDED_CASE;
    /* What agrees by now is seen to agree in the next walk, or is left. */
    view->left += cell->outcome == MENDED_NOT ||
                  cell->outcome == MENDED_ALIKE;
    reconcile->done += cell->outcome != MENDED_NOT;
    if (cell->outcome == MENDED_NEWS || cell->outcome == MENDED_CASE ||
        view->passes == 1)
        list_add(reconcile, cell, true);
}

/* ---- the end of an exchange ---- */

void reconcile_fail(struct reconcile *reconcile, int err)
{
    reconcile->view.state = RECONCILE_FAILED;
    reconcile->view.cause = err;
    let_go(reconcile);
}

/* Rows that rotted may have led others astray: what is derived is made again
 * from the journal. */
static int fold_again(struct reconcile *reconcile)
{
    struct store *store = reconcile->store;
    int rc;

    if (store_recall(store, MEND_DAMAGE) == 0)
        return 0;
    rc = store_rebuild(store, NULL);
    return rc < 0 && rc != ERR_CORRUPT
               ? rc
               : store_remember(store, MEND_DAMAGE, 0);
}

/* Until a walk finds nothing more to mend. */
static void end_pass(struct reconcile *reconcile)
{
    struct reconcile_view *view = &reconcile->view;
    int rc = view->repair ? fold_again(reconcile) : 0;

    if (rc < 0) {
        reconcile_fail(reconcile, rc);
    } else if (reconcile->done > 0 && view->passes < PASSES) {
        begin_pass(reconcile);
    } else {
        view->state = RECONCILE_DONE;
        let_go(reconcile);
    }
}

/* What was asked and not answered is asked again. */
static void take_back(struct reconcile *reconcile)
{
    for (int i = 0; i < reconcile->asks; i++)
        reconcile_push(reconcile, &reconcile->asked[i].range,
             reconcile->asked[i].grain);
    reconcile->queued -= reconcile->told;
    if (reconcile->told > 0 && reconcile->queued > 0)
        memmove(reconcile->queue, reconcile->queue + reconcile->told,
                sizeof *reconcile->queue * (size_t)reconcile->queued);
    reconcile->asks = reconcile->wanted = reconcile->told = 0;
}

/* An exchange that brought nothing: how many of them are enough? */
static void in_vain(struct reconcile *reconcile, int err, bool asked)
{
    if (err < 0 && ++reconcile->fails >= FAILS_MAX) {
        reconcile_fail(reconcile, err);
    } else if (err == 0 && asked) {
        reconcile->vain++;
        if (reconcile->moving ? reconcile->vain >= MOVING_MAX
                              : reconcile->vain >= VAIN_MAX)
            reconcile_fail(reconcile,
                           reconcile->spoke ? ERR_AGAIN : ERR_VERSION);
    }
}

void reconcile_ended(struct reconcile *reconcile, int err,
                     const struct asked *asked)
{
    struct reconcile_view *view = &reconcile->view;

    if (!reconcile_runs(reconcile))
        return;
    view->exchanges++;
    view->bytes_up += asked->gone_up;
    view->bytes_down += asked->came_down;
    reconcile->ended = true;
    reconcile->err = err;
    reconcile->more = asked->more;
}

bool reconcile_next(struct reconcile *reconcile)
{
    bool asked = reconcile->asks > 0 || reconcile->wanted > 0;

    if (!reconcile_runs(reconcile) || !reconcile->ended)
        return false;
    reconcile->ended = false;
    buf_clear(&reconcile->frames);
    reconcile->worked = 0;
    take_back(reconcile);
    if (reconcile->heard > 0)
        reconcile->fails = reconcile->vain = 0;
    else
        in_vain(reconcile, reconcile->err, asked);
    reconcile->heard = 0;
    reconcile->moving = false;
    if (reconcile->err == 0)
        reconcile->behind = reconcile->more;
    if (reconcile_runs(reconcile) && reconcile->spans == 0 &&
        reconcile->queued == 0)
        end_pass(reconcile);
    return reconcile_runs(reconcile);
}
