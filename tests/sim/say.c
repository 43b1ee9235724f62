/* The station's end of an exchange: daemon/uplink.c without curl. */
#include "daemon/reconcile.h"
#include "tests/sim/fault.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"

#include <stdlib.h>
#include <string.h>

static const char login_page[] =
    "<!DOCTYPE html><html><head><title>WiFi</title></head>"
    "<body><form action=/login><input name=phone></form></body></html>";

static bool here(const struct talk *talk)
{
    return !talk->given_up && talk->run == talk->station->run &&
           talk->station->store != NULL;
}

/* ---- begin ---- */

/* One line of the schedule spoils one exchange. */
static void spoil(struct talk *talk)
{
    struct machine *station = talk->station;
    struct line_fault fault;
    struct lane *lane;

    if (station->lines == 0)
        return;
    fault = station->line[0];
    station->lines--;
    memmove(station->line, station->line + 1,
            sizeof fault * (size_t)station->lines);
    lane = fault.a == 0 ? &talk->up : &talk->down;
    switch ((enum fault_kind)fault.kind) {
    case FAULT_CUT:
        lane->cut = fault.b;
        break;
    case FAULT_CLOG:
        lane->clog = fault.b;
        lane->clog_ms = fault.c;
        break;
    case FAULT_GARBLE:
        lane->garble = fault.b;
        lane->garble_by = (uint8_t)(1u << (fault.c & 7));
        talk->garbled = true;
        break;
    case FAULT_TWICE:
        talk->twice = true;
        talk->twice_ms = fault.a;
        break;
    case FAULT_LATE:
        talk->late_ms = fault.a;
        break;
    case FAULT_STALE:
        talk->stale = true;
        break;
    default:
        break;
    }
}

void net_begin(struct machine *station)
{
    struct sim *sim = station->sim;
    struct talk *talk = talk_new(station);
    struct id ask_id;
    /* What is compared must be settled: nothing may wait for later. */
    bool compares = reconcile_runs(station->reconcile) &&
                    !later_waits(station->later);

    sim->count.exchanges++;
    talk->keep = sim->count.exchanges % 8 == 0;
    rng_fill(&station->shell, ask_id.b, ID_SIZE);
    talk->asking = asking_new(station->store, station->name, station->key,
                              &ask_id, &station->plan,
                              compares ? NULL : station->later,
                              clock_wall(&station->clock, sim->now));
    if (compares)
        asking_compare(talk->asking, station->reconcile);
    station->talk = talk;
    spoil(talk);
    oracle_begins(station);
    sim_after(sim, 2 * sim->net->link[station->at].latency_ms, station,
              WHEN_CONNECT, talk->id);
    sim_after(sim, STALL_MS, station, WHEN_STALL, talk->id);
}

/* Something answers with status 200 and our media type, and is not the hub. */
static void hear_other(struct talk *talk, struct bytes page)
{
    struct machine *station = talk->station;
    struct fault fault;
    int rc = settle_feed(talk->asking, page.data, page.len, &fault);

    if (rc != ERR_PORTAL)
        sim_fail(station->sim, "portal", "%s took another's answer: YZ%04d",
                 station->name, err_code(rc));
    say_fail(talk);
}

void say_connect(struct talk *talk)
{
    struct sim *sim = talk->station->sim;
    struct net *net = sim->net;
    struct link *link = &net->link[talk->station->at];
    struct buf *old = &net->answer[talk->station->at];

    if (!here(talk))
        return;
    if (link->portal_until > sim->now)
        hear_other(talk, bytes_text(login_page));
    else if (talk->stale && old->len > 0)
        hear_other(talk, buf_view(old));
    else if (link->none_until > sim->now ||
             (net->away_until > sim->now && !net->away_silent) ||
             sim_hub(sim)->store == NULL)
        say_fail(talk);
    else
        say_piece(talk);
}

/* ---- the ask ---- */

static void record(struct talk *talk)
{
    struct machine *station = talk->station;
    struct net *net = station->sim->net;
    unsigned at = net->recorded[station->at]++ % RECORDED;

    if (talk->twice)
        net_ghost(station, buf_view(&talk->ask),
                  talk->twice_ms + talk->up.clear_at - station->sim->now,
                  talk->garbled);
    if (talk->ask.full)
        return;
    buf_done(&net->record[station->at][at]);
    net->record[station->at][at] = talk->ask;
    buf_init(&talk->ask, RECORD_MAX);
}

static void said_all(struct talk *talk)
{
    struct sim *sim = talk->station->sim;

    record(talk);
    if (!talk->up.lost)
        sim_after(sim, talk->up.clear_at - sim->now + 1, sim_hub(sim),
                  WHEN_ASKED, talk->id);
}

void say_piece(struct talk *talk)
{
    struct machine *station = talk->station;
    struct sim *sim = station->sim;
    uint8_t piece[64 * 1024];
    int64_t under_way, gone;
    long got;

    if (!here(talk) || talk->up.broken)
        return;
    got = asking_read(talk->asking, piece, lane_piece(talk));
    if (!machine_lives(station))
        return;
    if (got == 0) {
        said_all(talk);
        return;
    }
    if (got < 0) {
        say_fail(talk);
        machine_turn(station, false);
        return;
    }
    talk->moved_at = sim->now;
    buf_put(&talk->ask, piece, (size_t)got);
    under_way = lane_send(talk, &talk->up, piece, (size_t)got, &gone);
    if (under_way >= 0)
        sim_after(sim, under_way, sim_hub(sim), WHEN_HEARD, talk->id);
    if (!talk->up.broken)
        sim_after(sim, gone, station, WHEN_SAY, talk->id);
    else if (rng_chance(&sim->net->dice, 500))  /* else it finds out later */
        sim_after(sim, under_way + 2, station, WHEN_OVER, talk->id);
}

/* ---- the answer ---- */

static int take_in(struct talk *talk, const struct piece *piece,
                   struct fault *fault)
{
    if (talk->keep)
        buf_put(&talk->answer_bytes, piece->data, piece->len);
    return settle_feed(talk->asking, piece->data, piece->len, fault);
}

void say_told(struct talk *talk)
{
    struct machine *station = talk->station;
    struct piece *piece;
    struct fault fault = {.err = 0};
    int rc;

    if (talk->late_ms > 0 || !here(talk))
        return;
    piece = lane_take(&talk->down);
    if (piece == NULL)
        return;
    talk->moved_at = station->sim->now;
    rc = take_in(talk, piece, &fault);
    free(piece);
    if (!machine_lives(station))
        return;
    if (rc < 0) {
        oracle_refused_talk(station, station, rc, &fault,
                            talk->garbled);
        say_fail(talk);
    }
    machine_turn(station, false);
}

/* ---- the end ---- */

static void remember(struct machine *station, const struct asked *asked)
{
    if (asked->proven)
        store_remember(station->store, "last_contact",
                       clock_wall(&station->clock, station->sim->now));
}

static void finish(struct talk *talk, bool good)
{
    struct machine *station = talk->station;
    struct sim *sim = station->sim;
    struct asked asked;
    bool next;

    settle_end(talk->asking, &asked);
    asking_free(talk->asking);
    talk->asking = NULL;
    talk->given_up = true;
    station->talk = NULL;
    good = good && asked.whole;
    sim->count.whole += good;
    if (good && talk->keep && !talk->answer_bytes.full) {
        buf_done(&sim->net->answer[station->at]);
        sim->net->answer[station->at] = talk->answer_bytes;
        buf_init(&talk->answer_bytes, RECORD_MAX);
    }
    if (good || rng_chance(&sim->net->dice, 500))
        talk_free(talk);
    else                        /* the hub has not noticed yet */
        sim_after(sim, 2 * STALL_MS, sim_hub(sim), WHEN_STALL, talk->id);
    remember(station, &asked);
    if (!machine_lives(station))
        return;
    oracle_exchanged(station, &asked, good);
    next = station->store != NULL && mends_on(station, &asked, good);
    if (station->store != NULL)
        station_done(station, &asked, good);
    if (next && station->store != NULL)
        station_now(station);
    if (station->store != NULL)
        machine_turn(station, false);
}

void say_fail(struct talk *talk)
{
    finish(talk, false);
}

/* The station went on long ago; now the answer comes after all. */
static void too_late(struct talk *talk)
{
    struct machine *station = talk->station;
    struct fault fault;
    struct piece *piece;
    int rc = 0;

    while (station->store != NULL && talk->run == station->run &&
           talk->asking != NULL && rc == 0 &&
           (piece = lane_take(&talk->down)) != NULL) {
        rc = settle_feed(talk->asking, piece->data, piece->len, &fault);
        free(piece);
        if (!machine_lives(station))
            break;
    }
    talk_free(talk);
    if (station->store != NULL)
        machine_turn(station, true);
}

void say_over(struct talk *talk)
{
    if (talk->late_ms > 0 && talk->given_up)
        too_late(talk);
    else if (here(talk))
        finish(talk, !talk->refused && !talk->up.broken &&
                         !talk->down.broken);
}

static void give_up(struct talk *talk)
{
    struct machine *station = talk->station;
    struct asked nothing = {.whole = false};

    if (talk->late_ms == 0) {
        say_fail(talk);
        return;
    }
    talk->given_up = true;
    station->talk = NULL;
    sim_after(station->sim, talk->late_ms, station, WHEN_OVER, talk->id);
    station_done(station, &nothing, false);
}

/* Nothing has moved for a minute: the station gives up; or the hub finds that
 * the other end is gone. */
void say_stall(struct talk *talk)
{
    struct sim *sim = talk->station->sim;
    int64_t idle = sim->now - talk->moved_at;

    if (here(talk) && idle >= STALL_MS)
        give_up(talk);
    else if (here(talk))
        sim_after(sim, STALL_MS - idle, talk->station, WHEN_STALL, talk->id);
    else if (talk->late_ms == 0)
        talk_free(talk);
}
