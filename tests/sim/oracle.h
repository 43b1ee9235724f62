/*
 * The oracle: what callers were told, and what must follow from it. It looks at
 * a store only as a page, a status or an answer does; at the very end it reads
 * the journals of closed stores.
 */
#ifndef YZ_SIM_ORACLE_H
#define YZ_SIM_ORACLE_H

#include "tests/sim/machine.h"

struct op;

/* A change somebody was told to be saved. */
struct told {
    struct name name;
    uint64_t content;           /* hash of all but its name */
    int machine, record;
    unsigned lineage;           /* of that machine's disk */
    int64_t at;
    int64_t sure_at;            /* an answer had confirmed it; -1: not yet */
    bool off_disk;              /* its machine's disk was set back before it */
    bool lost;                  /* ... and nobody else had it */
    int seen;                   /* how often at the hub, in the end */
    bool decided;               /* there it has a verdict */
    bool again;                 /* there it was said once more, to no effect */
};

/* What is known of one machine's store. */
struct watch {
    uint64_t sure, maybe;       /* changes it must have, and may have */
    bool unsure;                /* set back: count from the next start */
    bool uncounted;             /* it could not tell since its start */
    uint64_t life, number, seq; /* newest met, never to go back */
    uint64_t begun;             /* exchanges in this hour */
    int64_t hour;
    int in_vain;                /* in a row: more to do, and nothing moved */
    bool more;                  /* the last answer said so */
    int unsent;                 /* first of `told` not confirmed, as an index */
    bool rotted;                /* its disk changed bits by itself */
    bool spoiled;               /* its disk may refuse */
};

struct oracle {
    struct told *told;
    int count, cap;
    int *slot;                  /* of each name, in a table of a power of 2 */
    int slots;
    struct watch watch[MACHINES];
    bool hub_was_back;          /* a backup of the hub was put back */
    bool numbers_back;          /* and its file of numbers, too */
    bool poisoned;              /* there are changes nobody could send again */
};

struct oracle *oracle_new(void);
void oracle_free(struct oracle *oracle);

/* ---- what happens ---- */
void oracle_started(struct machine *machine);
/* Whether the service manager should try again; else an operator must come. */
bool oracle_start_failed(struct machine *machine, int err);
void oracle_crashed(struct machine *machine);
void oracle_committed(struct machine *machine);
/* Likewise. */
bool oracle_commit_failed(struct machine *machine, int err);
/* A save that was put: its changes are in `op`. */
void oracle_told(struct machine *machine, const struct op *op);
/* The same token a second time: the same answer. */
void oracle_again(struct machine *machine, const struct op *first,
                  const struct op *second);
void oracle_in_doubt(struct machine *machine, const struct op *op);
void oracle_refused(struct machine *machine, const struct fault *fault,
                    int err);
void oracle_begins(struct machine *machine);
void oracle_exchanged(struct machine *machine, const struct asked *asked,
                      bool good);
/* Refused what the other side said; `garbled`: a bit of it was changed. */
void oracle_refused_talk(struct machine *by, struct machine *station, int err,
                         const struct fault *fault, bool garbled);
/* A machine's disk is as it was at `then`; -1: as new. `noticed`: the hub kept
 * its file of numbers. */
void oracle_set_back(struct machine *machine, int64_t then, bool noticed);

/* ---- ends ---- */
/* Who lost his disk, or is gone, cannot fill a hub that was set back; then others
 * hold states that the hub has not. */
bool oracle_bereft(const struct sim *sim);
/* Does it count in the end? */
bool oracle_takes_part(const struct machine *machine);
/* Has everything converged? */
bool oracle_settled(struct sim *sim);
/* Who says that its store is damaged, and does not come along, gets a new PC. */
void oracle_impatient(struct sim *sim);
/* It took too long: fail, and say who. */
void oracle_unsettled(struct sim *sim);
/* All that must hold in the end: of the registers, the cases, the journals. */
void oracle_end(struct sim *sim);
void end_cases(struct machine *machine);
void end_journals(struct sim *sim);
/* How a machine shows a record otherwise than the hub does. */
void differ_say(struct machine *machine, const struct id *record);
void differ_text(struct machine *machine, const struct id *record, char *out,
                 size_t size);

/* ---- book.c ---- */
/* Hash of all but its name. */
uint64_t oracle_content(const struct change *change);
/* `content` NULL: any of that name. NULL when nobody was told. */
struct told *oracle_find(const struct oracle *oracle, const struct name *name,
                         const uint64_t *content);
/* Once, however often it is told. */
void oracle_book(struct machine *machine, const struct told *told);

/* look.c: the journal of a store that is closed. */
struct look {
    struct name name;
    const struct change *change;        /* NULL: it cannot be read */
    enum state state;
    enum reason reason;
};
typedef void (*look_fn)(void *user, const struct look *look);
int look_journal(struct machine *machine, look_fn each, void *user);

#endif
