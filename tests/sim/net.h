/*
 * The line between stations and hub, and the exchanges on it.
 *
 * Happy path: net_begin -> CONNECT -> the station SAYs its ask piece by piece ->
 * the hub HEARs each -> ASKED when all came, committed -> the hub TELLs piece
 * by piece -> the station takes each in (TOLD) -> OVER. Pieces take their time:
 * latency, and what the line's rate needs. Both bodies are drawn from the
 * store only as the line takes them, as the daemon does it.
 *
 * What can fail: there is no way through; the line breaks at a byte; bytes go
 * missing in silence, and whoever waits gives up after a minute; a machine
 * ends; what answers is not the hub; a bit is another; the ask is heard again,
 * at once or months later; the answer comes when nobody expects it any more.
 */
#ifndef YZ_SIM_NET_H
#define YZ_SIM_NET_H

#include "tests/sim/machine.h"

enum { RECORDED = 6, RECORD_MAX = 64 * 1024, STALL_MS = 60 * SECOND };

struct piece {
    struct piece *next;
    size_t len;
    uint8_t data[];
};

/* One direction of one exchange. */
struct lane {
    struct piece *first, **last;
    int64_t clear_at;           /* when the last piece on it arrives */
    int64_t sent;               /* bytes */
    int64_t cut;                /* it breaks behind so many; -1: it does not */
    int64_t clog, clog_ms;      /* behind so many it stands still for so long */
    int64_t garble;             /* this byte comes as another; -1: none */
    uint8_t garble_by;
    bool broken;                /* cut behind its last piece */
    bool lost;                  /* nothing arrives any more */
};

struct talk {
    uint64_t id;
    struct talk *next;
    struct machine *station;    /* whose ask it is */
    unsigned run;               /* of the station; */
    unsigned hub_run;
    bool ghost;                 /* an ask heard again: nobody waits */
    bool given_up;              /* the station no longer waits */
    struct asking *asking;      /* NULL for a ghost */
    struct answer *answer;      /* NULL before the hub heard, and afterwards */
    bool heard;                 /* the hub has heard something */
    bool refused;
    struct lane up, down;
    int64_t moved_at;           /* something last moved, as the station sees */
    int64_t late_ms;            /* the answer is kept back; 0: no */
    bool twice;
    int64_t twice_ms;
    bool stale;
    bool garbled;
    struct buf ask;             /* a copy, to be heard again */
    bool keep;                  /* the answer, to give it again */
    struct buf answer_bytes;
};

struct link {                   /* a station's line */
    int64_t latency_ms, rate;   /* ms one way; bytes a second */
    int64_t none_until;         /* no way through */
    int64_t deaf_until;         /* what the station says is lost */
    int64_t mute_until;         /* what the hub says is lost */
    int64_t portal_until;       /* something else answers */
    int64_t slow_until, slow_rate;
};

struct net {
    struct link link[MACHINES];
    int64_t away_until;         /* the hub cannot be reached */
    bool away_silent;
    struct talk *talks;
    uint64_t next_id;
    struct rng dice;
    struct buf record[MACHINES][RECORDED];      /* asks of old */
    unsigned recorded[MACHINES];
    struct buf answer[MACHINES];        /* an old answer */
};

struct net *net_new(struct sim *sim);
void net_free(struct net *net);
/* A new line for a machine, as the seed draws it. */
void net_link(struct sim *sim, struct machine *machine);
/* Everything goes well from now on. */
void net_heal(struct sim *sim);

/* A station begins an exchange, now. */
void net_begin(struct machine *station);
/* A process is gone: so are its ends of all exchanges. */
void net_lost(struct machine *machine);
/* Something due of one exchange; the exchange may be over long ago. */
void net_happens(struct machine *machine, const struct due *due);
/* The hub hears an ask of old again. */
void net_replay(struct machine *station, int64_t back, int64_t wait);
/* The hub hears these bytes as an ask of this station, and nobody waits for
 * what it answers. `odd`: it may refuse them. */
void net_ghost(struct machine *station, struct bytes ask, int64_t wait,
               bool odd);

/* ---- lanes (net.c) ---- */
/* Returns how long a piece that is sent now is under way, or -1 when it never
 * arrives; in *gone, how long until the next can be sent. */
int64_t lane_send(struct talk *talk, struct lane *lane, const void *data,
                  size_t len, int64_t *gone);
struct piece *lane_take(struct lane *lane);
size_t lane_piece(const struct talk *talk);
struct talk *talk_new(struct machine *station);
void talk_free(struct talk *talk);

/* ---- the station's end (say.c) ---- */
void say_connect(struct talk *talk);
void say_piece(struct talk *talk);
void say_told(struct talk *talk);
void say_over(struct talk *talk);
void say_stall(struct talk *talk);
/* It ends as a failure, now. */
void say_fail(struct talk *talk);

/* ---- the hub's end (tell.c) ---- */
void tell_heard(struct talk *talk);
void tell_asked(struct talk *talk);
void tell_piece(struct talk *talk);

#endif
