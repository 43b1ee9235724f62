/*
 * Clerks. They open pages, think, save what they thought, settle cases, and ask
 * again with the same token when the machine died under them. What they do
 * comes from the seed and from what the pages of their own station show.
 */
#ifndef YZ_SIM_WORK_H
#define YZ_SIM_WORK_H

#include "tests/sim/machine.h"

enum {
    OP_SETS = 6,
    OP_KEYS = 4,
    OP_BASES = 40,
    OP_NAMES = 24,
    TEXT_ROOM = 64,
    WORD_ROOM = 16,             /* names of fields and cells */
    DESK = 4,                   /* pages open and saves in doubt, of a clerk */
    WAITING = 8                 /* saves of one turn */
};

/* One save, as its clerk meant it. */
struct op {
    int record;                 /* in work->record */
    struct id id;
    const char *kind;
    bool create, force, has_base, imported;
    bool listed;                /* the page sent what it showed: `seen` */
    enum ending ending;
    char reason[TEXT_ROOM];
    uint64_t base;
    struct {
        char field[WORD_ROOM];
        char text[TEXT_ROOM];
    } set[OP_SETS];
    int sets;
    struct {
        char cell[WORD_ROOM];
        char text[TEXT_ROOM];
        bool present;
    } key[OP_KEYS];
    int keys;
    struct {
        char cell[WORD_ROOM];
        char key[TEXT_ROOM];
        uint64_t number;
    } seen[OP_BASES];
    int seens;
    struct name settles;
    bool settling;
    uint8_t token[16];
    struct stamp stamp;
    /* What came of it: */
    bool repeated;              /* the token was used before */
    struct name name[OP_NAMES];
    int names;
};

struct record {                 /* as all clerks together know it */
    struct id id;
    const char *kind;
    uint64_t orgs;              /* stations that may ever have seen it */
    uint64_t writers;           /* machines whose clerks saved it */
    bool foreign;               /* somebody who is no clerk wrote it, too */
};

struct desk {                   /* of one machine */
    struct rng hand;
    struct op page[DESK];       /* opened, not yet saved */
    int pages;
    struct op doubt[DESK];      /* the machine died: was it saved? */
    int doubts;
    struct op waiting[WAITING]; /* put, not yet on disk */
    int waits;
    int *mine;                  /* records it may see */
    int mines, mine_cap;
    bool writing;               /* its clerks come to work */
};

struct work {
    struct record *record;
    int records, cap;
    int *slot;                  /* of each id, in a table of a power of 2 */
    int slots;
    struct desk desk[MACHINES];
    /* Large, and of nobody: */
    struct shown shown;
    struct shown_case shown_case;
    struct edit edit;
    struct receipt receipt;
};

struct work *work_new(struct sim *sim);
void work_free(struct work *work);
/* Its clerks begin. */
void work_begin(struct machine *machine);
void work_clerk(struct machine *machine);
/* A copy of a machine goes to work, with its records before it. */
void work_clone(const struct machine *machine, struct machine *twin);
/* What waited is on disk and told; or the machine died before. */
void work_committed(struct machine *machine);
void work_crashed(struct machine *machine);
/* One save: 0 when it was put, and waits for the commit. */
int work_save(struct machine *machine, struct op *op);
/* A record that this organisation's stations may see from now on. */
void work_seen_by(struct sim *sim, int record, const char *org);
int work_record(struct sim *sim, const struct id *id, const char *kind);
/* NULL, or -1, when no clerk made it. */
struct record *work_find(const struct work *work, const struct id *id);
int work_at(const struct work *work, const struct id *id);

/* ---- think.c: what a clerk wants ---- */
/* False when there is nothing to do. */
bool think(struct machine *machine, struct op *out);

#endif
