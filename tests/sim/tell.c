/* The hub's end of an exchange: daemon/gate.c without a door. */
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"

#include <stdlib.h>
#include <string.h>

static int64_t latency(const struct talk *talk)
{
    return talk->station->sim->net->link[talk->station->at].latency_ms;
}

static void hang_up(struct talk *talk)
{
    answer_free(talk->answer);
    talk->answer = NULL;
}

/* The station is told that it ends here. */
static void refuse(struct talk *talk)
{
    struct sim *sim = talk->station->sim;

    hang_up(talk);
    talk->refused = true;
    if (talk->ghost)
        talk_free(talk);
    else if (!talk->up.lost)
        sim_after(sim, latency(talk), talk->station, WHEN_OVER, talk->id);
}

static bool hub_hears(struct talk *talk)
{
    struct machine *hub = sim_hub(talk->station->sim);

    if (talk->refused)
        return false;
    if (!talk->heard)
        talk->hub_run = hub->run;
    if (hub->store == NULL || talk->hub_run != hub->run) {
        refuse(talk);
        return false;
    }
    if (talk->answer == NULL && !talk->heard)
        talk->answer = answer_new(hub->store, hub_speaker, hub,
                                  clock_wall(&hub->clock, hub->sim->now));
    talk->heard = true;
    return talk->answer != NULL;
}

void tell_heard(struct talk *talk)
{
    struct machine *hub = sim_hub(talk->station->sim);
    struct fault fault = {.err = 0};
    struct piece *piece = lane_take(&talk->up);
    int rc;

    if (piece == NULL || !hub_hears(talk)) {
        free(piece);
        return;
    }
    rc = answer_feed(talk->answer, piece->data, piece->len, &fault);
    free(piece);
    if (!machine_turn(hub, false))
        return;
    if (rc < 0) {
        oracle_refused_talk(hub, talk->station, rc, &fault, talk->garbled);
        refuse(talk);
    } else if (talk->up.broken && talk->up.first == NULL) {
        hang_up(talk);
    }
}

/* One exchange of a station at a time: a whole ask cuts off an older one. */
static void replace(struct talk *talk)
{
    struct talk *next;

    for (struct talk *at = talk->station->sim->net->talks; at != NULL;
         at = next) {
        next = at->next;
        if (at != talk && at->answer != NULL &&
            strcmp(at->station->name, talk->station->name) == 0)
            refuse(at);
    }
}

void tell_asked(struct talk *talk)
{
    struct machine *hub = sim_hub(talk->station->sim);

    if (!hub_hears(talk))
        return;
    if (!answer_whole(talk->answer)) {
        refuse(talk);
        return;
    }
    replace(talk);
    if (machine_turn(hub, true))
        sim_after(hub->sim, 0, hub, WHEN_TELL, talk->id);
}

static void told_all(struct talk *talk)
{
    struct sim *sim = talk->station->sim;

    hang_up(talk);
    if (talk->ghost)
        talk_free(talk);
    else if (!talk->down.lost && talk->late_ms == 0)
        sim_after(sim, talk->down.clear_at - sim->now + 1, talk->station,
                  WHEN_OVER, talk->id);
}

static void tell_on(struct talk *talk, const void *data, size_t len)
{
    struct sim *sim = talk->station->sim;
    int64_t gone, under_way = lane_send(talk, &talk->down, data, len, &gone);

    if (under_way >= 0)
        sim_after(sim, under_way, talk->station, WHEN_TOLD, talk->id);
    if (!talk->down.broken) {
        sim_after(sim, gone, sim_hub(sim), WHEN_TELL, talk->id);
        return;
    }
    hang_up(talk);
    if (rng_chance(&sim->net->dice, 500))
        sim_after(sim, under_way + 2, talk->station, WHEN_OVER, talk->id);
}

void tell_piece(struct talk *talk)
{
    struct machine *hub = sim_hub(talk->station->sim);
    uint8_t piece[64 * 1024];
    long got;

    if (talk->answer == NULL || hub->store == NULL ||
        talk->hub_run != hub->run)
        return;
    got = answer_read(talk->answer, piece, lane_piece(talk));
    if (!machine_lives(hub))
        return;
    if (got < 0) {
        refuse(talk);
        machine_turn(hub, false);
    } else if (got == 0) {
        told_all(talk);
    } else if (talk->ghost) {
        sim_after(hub->sim, 1, hub, WHEN_TELL, talk->id);
    } else {
        tell_on(talk, piece, (size_t)got);
    }
}
