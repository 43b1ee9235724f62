#include "tests/sim/net.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MIN = 600, PIECE_MAX = 64 * 1024, FAST = 100 * 1024 * 1024 };

/* ---- lines ---- */

struct net *net_new(struct sim *sim)
{
    struct net *net = xmalloc(sizeof *net);

    memset(net, 0, sizeof *net);
    rng_seed(&net->dice, sim->setup.seed, 10);
    return net;
}

void net_link(struct sim *sim, struct machine *machine)
{
    struct link *link = &sim->net->link[machine->at];
    struct rng dice;

    rng_seed(&dice, sim->setup.seed, 4000 + (uint64_t)machine->at);
    link->latency_ms = rng_scale(&dice, 5, 800);
    link->rate = rng_scale(&dice, 200, 2 * 1024 * 1024);
    if (sim->setup.even)
        link->rate = FAST;
}

void net_heal(struct sim *sim)
{
    struct net *net = sim->net;

    net->away_until = 0;
    for (int i = 0; i < sim->machines; i++) {
        struct link *link = &net->link[i];

        link->none_until = link->deaf_until = link->mute_until = 0;
        link->portal_until = link->slow_until = 0;
        sim->machine[i]->lines = 0;
    }
}

/* ---- lanes ---- */

static const struct link *link_of(const struct talk *talk)
{
    return &talk->station->sim->net->link[talk->station->at];
}

static int64_t rate_of(const struct talk *talk)
{
    const struct link *link = link_of(talk);

    return link->slow_until > talk->station->sim->now ? link->slow_rate
                                                       : link->rate;
}

size_t lane_piece(const struct talk *talk)
{
    int64_t size = rate_of(talk) * 2;

    return (size_t)(size < PIECE_MIN   ? PIECE_MIN
                    : size > PIECE_MAX ? PIECE_MAX
                                       : size);
}

static void lane_put(struct lane *lane, const void *data, size_t len)
{
    struct piece *piece = xmalloc(sizeof *piece + len);

    piece->next = NULL;
    piece->len = len;
    memcpy(piece->data, data, len);
    if (lane->garble >= lane->sent &&
        lane->garble < lane->sent + (int64_t)len) {
        piece->data[lane->garble - lane->sent] ^= lane->garble_by;
        lane->garble = -1;
    }
    *lane->last = piece;
    lane->last = &piece->next;
}

static bool is_lost(const struct talk *talk, const struct lane *lane)
{
    const struct sim *sim = talk->station->sim;
    const struct link *link = link_of(talk);

    return sim->net->away_until > sim->now || link->none_until > sim->now ||
           (lane == &talk->up ? link->deaf_until : link->mute_until) >
               sim->now;
}

/* How long the piece is under way, after those before it. */
static int64_t way(struct talk *talk, struct lane *lane, size_t len,
                   int64_t take)
{
    int64_t now = talk->station->sim->now;
    int64_t arrives = now + take + link_of(talk)->latency_ms;

    if (lane->clog >= 0 && lane->sent + (int64_t)len > lane->clog) {
        arrives += lane->clog_ms;
        lane->clog = -1;
    }
    if (arrives < lane->clear_at)
        arrives = lane->clear_at;
    lane->clear_at = arrives;
    return arrives - now;
}

int64_t lane_send(struct talk *talk, struct lane *lane, const void *data,
                  size_t len, int64_t *gone)
{
    struct sim *sim = talk->station->sim;
    int64_t take = (int64_t)len * 1000 / rate_of(talk), under_way;

    if (lane->cut >= 0 && lane->sent + (int64_t)len > lane->cut) {
        len = (size_t)(lane->cut - lane->sent);
        lane->broken = true;
    }
    under_way = way(talk, lane, len, take);
    *gone = take;
    sim_trace_bytes(sim, data, len);
    sim->count.bytes += len;
    lane->lost = lane->lost || is_lost(talk, lane);
    if (!lane->lost)
        lane_put(lane, data, len);
    lane->sent += (int64_t)len;
    return lane->lost ? -1 : under_way;
}

struct piece *lane_take(struct lane *lane)
{
    struct piece *piece = lane->first;

    if (piece == NULL)
        return NULL;
    lane->first = piece->next;
    if (lane->first == NULL)
        lane->last = &lane->first;
    return piece;
}

static void lane_init(struct lane *lane)
{
    lane->last = &lane->first;
    lane->cut = lane->clog = lane->garble = -1;
}

static void lane_done(struct lane *lane)
{
    struct piece *piece;

    while ((piece = lane_take(lane)) != NULL)
        free(piece);
}

/* ---- exchanges ---- */

struct talk *talk_new(struct machine *station)
{
    struct net *net = station->sim->net;
    struct talk *talk = xmalloc(sizeof *talk);

    memset(talk, 0, sizeof *talk);
    talk->id = ++net->next_id;
    talk->station = station;
    talk->run = station->run;
    talk->hub_run = sim_hub(station->sim)->run;
    talk->moved_at = station->sim->now;
    lane_init(&talk->up);
    lane_init(&talk->down);
    buf_init(&talk->ask, RECORD_MAX);
    buf_init(&talk->answer_bytes, RECORD_MAX);
    talk->next = net->talks;
    net->talks = talk;
    return talk;
}

void talk_free(struct talk *talk)
{
    struct net *net = talk->station->sim->net;
    struct talk **at = &net->talks;

    while (*at != talk)
        at = &(*at)->next;
    *at = talk->next;
    if (talk->station->talk == talk)
        talk->station->talk = NULL;
    asking_free(talk->asking);
    answer_free(talk->answer);
    lane_done(&talk->up);
    lane_done(&talk->down);
    buf_done(&talk->ask);
    buf_done(&talk->answer_bytes);
    free(talk);
}

void net_lost(struct machine *machine)
{
    struct net *net = machine->sim->net;
    struct talk *next;

    for (struct talk *talk = net->talks; talk != NULL; talk = next) {
        next = talk->next;
        if (machine->hub) {
            answer_free(talk->answer);
            talk->answer = NULL;
        } else if (talk->station == machine && talk->asking != NULL) {
            asking_free(talk->asking);
            talk->asking = NULL;
            talk->given_up = true;
            sim_after(machine->sim, 2 * STALL_MS, sim_hub(machine->sim),
                      WHEN_STALL, talk->id);
        }
    }
    machine->talk = NULL;
}

static struct talk *talk_by_id(struct net *net, uint64_t id)
{
    for (struct talk *talk = net->talks; talk != NULL; talk = talk->next)
        if (talk->id == id)
            return talk;
    return NULL;
}

void net_happens(struct machine *machine, const struct due *due)
{
    struct talk *talk = talk_by_id(machine->sim->net, due->of);

    if (talk == NULL)
        return;
    switch (due->what) {
    case WHEN_CONNECT:
        say_connect(talk);
        break;
    case WHEN_SAY:
        say_piece(talk);
        break;
    case WHEN_HEARD:
        tell_heard(talk);
        break;
    case WHEN_ASKED:
        tell_asked(talk);
        break;
    case WHEN_TELL:
        tell_piece(talk);
        break;
    case WHEN_TOLD:
        say_told(talk);
        break;
    case WHEN_OVER:
        say_over(talk);
        break;
    case WHEN_STALL:
        say_stall(talk);
        break;
    default:
        break;
    }
}

/* ---- again ---- */

void net_ghost(struct machine *station, struct bytes ask, int64_t wait,
               bool odd)
{
    struct talk *talk = talk_new(station);
    struct sim *sim = station->sim;

    talk->ghost = talk->given_up = true;
    talk->garbled = odd;
    lane_put(&talk->up, ask.data, ask.len);
    sim_after(sim, wait, sim_hub(sim), WHEN_HEARD, talk->id);
    sim_after(sim, wait + 1, sim_hub(sim), WHEN_ASKED, talk->id);
}

void net_replay(struct machine *station, int64_t back, int64_t wait)
{
    struct net *net = station->sim->net;
    unsigned count = net->recorded[station->at];
    const struct buf *ask;

    if (count == 0)
        return;
    if (count > RECORDED)
        count = RECORDED;
    ask = &net->record[station->at][(uint64_t)back % count];
    if (ask->len > 0)
        net_ghost(station, buf_view(ask), wait, false);
}

void net_free(struct net *net)
{
    if (net == NULL)
        return;
    while (net->talks != NULL)
        talk_free(net->talks);
    for (int i = 0; i < MACHINES; i++) {
        for (int k = 0; k < RECORDED; k++)
            buf_done(&net->record[i][k]);
        buf_done(&net->answer[i]);
    }
    free(net);
}
