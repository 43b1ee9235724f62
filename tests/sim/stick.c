/*
 * A stick: what a station asks is packed now, carried to the hub, taken in
 * there, and the answer is carried back; each end may take it in twice, and
 * somebody waits where nobody is up. Meanwhile the line does what it does, and
 * disks and machines as well: a stick that comes to a machine of the same name
 * that is not what it was must do no harm.
 */
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/sim/strike.h"

#include "daemon/bundle.h"

enum { STICK_MAX = 8 * 1024 * 1024, AGAIN_MS = 30 * MINUTE };
enum { AT_HUB, AT_STATION, GONE };

void stick_done(struct stick *stick)
{
    buf_done(&stick->file);
    stick->stage = GONE;
}

/* All of it into the file; 0, an error, or 1 when the process did not outlive
 * it. */
static int draw(struct machine *machine, struct packing *packing,
                struct buf *file)
{
    size_t before;
    int rc;

    buf_done(file);
    buf_init(file, STICK_MAX);
    do {
        before = file->len;
        rc = packing_fill(packing, file);
        if (!machine_lives(machine))
            return 1;
    } while (rc == 0 && file->len > before);
    return rc;
}

void stick_pack(struct machine *station, const struct fault_line *line, int at,
                struct stick *stick)
{
    struct sim *sim = station->sim;
    struct packing *packing;
    struct id ask_id;
    int rc;

    stick->stage = GONE;
    if (station->store == NULL || !machine_turn(station, true))
        return;
    rng_fill(&sim->net->dice, ask_id.b, ID_SIZE);
    packing = packing_ask(station->store, station->name, station->key,
                          &ask_id, 1, BUNDLE_ROOM,
                          clock_wall(&station->clock, sim->now));
    rc = draw(station, packing, &stick->file);
    packing_free(packing);
    if (rc == 1)
        return;
    machine_turn(station, false);
    if (rc < 0)
        return;
    sim_say(sim, station, "packs a stick of %zu bytes", stick->file.len);
    stick->stage = AT_HUB;
    sim_after(sim, line->arg[0], NULL, WHEN_FAULT_ENDS, (uint64_t)at);
}

static int take_in(struct machine *machine, struct unpacking *unpacking,
                   struct bytes file, struct fault *fault)
{
    bool ended = false;
    int rc;

    fault->err = 0;
    do {
        size_t step = unpacking_hold(unpacking, file);

        file = bytes_of(file.data + step, file.len - step);
        ended = file.len == 0;
        do {
            rc = unpacking_step(unpacking, ended, fault);
            if (!machine_lives(machine))
                return 1;
        } while (rc == 1);
    } while (rc == 0 && !ended);
    return rc;
}

/* False when it has to be tried again. */
static bool at_hub(struct machine *station, struct stick *stick, bool last)
{
    struct machine *hub = sim_hub(station->sim);
    struct unpacking *unpacking;
    struct packing *packing;
    struct fault fault;
    struct buf answer = {.data = NULL};
    int rc;

    if (hub->store == NULL)
        return false;
    unpacking = unpacking_ask(hub->store, hub_speaker, hub,
                              clock_wall(&hub->clock, hub->sim->now));
    rc = take_in(hub, unpacking, buf_view(&stick->file), &fault);
    if (rc < 0)
        oracle_refused_talk(hub, station, rc, &fault, false);
    if (rc == 0 && machine_turn(hub, true)) {
        packing = unpacking_reply(unpacking);
        rc = draw(hub, packing, &answer);
        packing_free(packing);
    } else if (rc == 0) {
        rc = 1;
    }
    unpacking_free(unpacking);
    if (rc < 0)
        machine_turn(hub, false);
    sim_trace(hub->sim, answer.len);
    if (rc == 0 && last) {
        buf_done(&stick->file);
        stick->file = answer;
    } else {
        buf_done(&answer);
    }
    return rc == 0;
}

static bool at_station(struct machine *station, const struct stick *stick)
{
    struct unpacking *unpacking;
    struct asked asked;
    struct fault fault;
    int rc;

    if (station->store == NULL)
        return false;
    unpacking = unpacking_answer(station->store, station->name, station->key,
                                 clock_wall(&station->clock,
                                            station->sim->now));
    rc = take_in(station, unpacking, buf_view(&stick->file), &fault);
    if (rc == 1) {
        unpacking_free(unpacking);
        return false;
    }
    if (rc < 0)
        oracle_refused_talk(station, station, rc, &fault, false);
    unpacking_asked(unpacking, &asked);
    unpacking_free(unpacking);
    sim_trace(station->sim, asked.confirmed + asked.down);
    if (!machine_turn(station, true))
        return false;
    if (asked.more)
        station_saved(station);
    return true;
}

/* One more place is reached. */
void stick_comes(struct machine *station, const struct fault_line *line, int at,
                 struct stick *stick)
{
    struct sim *sim = station->sim;
    bool good;

    if (stick->stage == GONE)
        return;
    if (stick->stage == AT_HUB) {
        good = (line->arg[2] & 1) == 0 || at_hub(station, stick, false);
        good = good && at_hub(station, stick, true);
    } else {
        good = (line->arg[2] & 2) == 0 || at_station(station, stick);
        good = good && at_station(station, stick);
    }
    sim_say(sim, station, "stick: %s %s", good ? "done" : "not now",
            stick->stage == AT_HUB ? "at the hub" : "at the station");
    if (!good && ++stick->tries > 20) {
        stick_done(stick);
        return;
    }
    if (good && stick->stage++ == AT_STATION) {
        stick_done(stick);
        return;
    }
    sim_after(sim, good ? line->arg[1] : AGAIN_MS, NULL, WHEN_FAULT_ENDS,
              (uint64_t)at);
}
