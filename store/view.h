/*
 * What goes into the store and comes out of it, as plain data: copying these
 * structs is their use. Whoever fills an edit keeps it; a receipt, shown or
 * shown_case owns its buffer and is released with *_done.
 */
#ifndef YZ_VIEW_H
#define YZ_VIEW_H

#include "proto/change.h"
#include "proto/kind.h"

/* The state of a change (design: verdict, before and after). */
enum state {
    STATE_QUEUED,
    STATE_RECEIVED,
    STATE_TAKEN,
    STATE_SAME,
    STATE_PARKED,
    STATE_RETURNED,
    STATE_ASIDE,
    STATE_SETTLED,
    STATES
};

/* Why a change is not plainly taken. Kept in the journal: never renumber. */
enum reason {
    REASON_NONE = 0,
    REASON_CLASH = 1,
    REASON_PROPOSAL = 2,
    REASON_ENDED = 3,
    REASON_FIXED = 4,
    REASON_STEP = 5,
    REASON_RULE = 6,
    REASON_SCOPE = 7,
    REASON_UNREADABLE = 8,
    REASON_DUPLICATE = 9,
    REASON_VALUE = 10,
    REASON_COPIED = 11,         /* its disk was copied or set back */
    REASON_RESTORED = 12,       /* the hub was; what is in force did not know */
    REASON_LOST = 100           /* of a station alone: taken in a life that the
                                 * hub has lost, and not in force */
};

const char *state_text(enum state state);       /* "queued" ... */
const char *reason_text(enum reason reason);    /* "clash" ... */

enum {
    EDIT_FIELDS = 96,           /* fields one save may touch */
    EDIT_KEYS = 256,            /* keys of keyed cells one save may touch */
    RECEIPT_CHANGES = 320,
    WARNINGS = 16
};

enum ending { ENDING_NONE, ENDING_END, ENDING_UNDO };

struct edit {
    bool create;                /* the record must not exist yet, unless
                                 * `imported` */
    const struct kind *kind;    /* needed with create; else may be NULL */
    struct id record;
    enum ending ending;
    struct bytes reason;        /* of the ending */
    struct id survivor;         /* record this one was joined to, or zeros */
    struct bytes author;
    struct stamp stamp;
    bool has_at;
    int64_t at_ms;
    bool imported;              /* base: what was here when the import began;
                                 * create of a known id compares instead */
    bool force;                 /* write also cells that do not differ: a
                                 * settling change may say the same */
    bool has_base;
    uint64_t base;              /* for every cell of this edit, or `bases` */
    struct bytes token;         /* the requester's, any bytes; empty: none */
    int nset, nkeys, nwhole, nbases, nsettles;
    /* From here on edit_clear leaves it as it is. */
    struct {
        int field;              /* index into kind->fields; not of type set */
        struct bytes text;      /* cleaned; empty clears */
    } set[EDIT_FIELDS];
    /* Keyed cells. With `whole` every key of that cell not listed is removed. */
    struct {
        int cell;               /* index into kind->cells */
        struct bytes key;
        bool present;
    } key[EDIT_KEYS];
    int whole[EDIT_FIELDS];     /* cell indexes of keyed cells given whole */
    struct {
        int cell;
        struct bytes key;
        uint64_t number;
    } bases[EDIT_KEYS];         /* one by one; wins over `base`. A page lists
                                 * all it showed: what is not here was empty */
    struct name settles[SETTLES_MAX];
};

/* Make it an edit of nothing. Its long lists are not touched: an import clears
 * one for each line. */
void edit_clear(struct edit *edit);

struct receipt {
    struct id record;
    bool repeated;              /* the token was used before */
    bool existed;               /* the record was here before */
    struct {
        struct name name;
        int cell;               /* index */
        char key[KEY_MAX + 1];
        enum state state;
    } change[RECEIPT_CHANGES];
    int changes;
    struct {
        char rule[16];
        char field[40];
    } warning[WARNINGS];
    int warnings;
};

/* One cell of one record, as shown. */
struct shown_cell {
    int cell;                   /* index into kind->cells */
    struct bytes key;
    bool present;               /* false: emptied */
    struct body body;
    uint64_t base;              /* number of what is shown */
    enum state state;           /* of the change that is shown */
    bool news;                  /* an own undecided value hides newer news */
    struct bytes author;
    int64_t wall_ms;
    int64_t last_origin;        /* guts: what came last to this cell */
    uint64_t last_n;
};

enum { SHOWN_CELLS = 512 };

struct shown {
    struct id record;
    const struct kind *kind;
    bool ended;
    uint64_t end_base;
    int cells;                  /* in order of cell, then key; the ending is
                                 * not among them */
    struct shown_cell cell[SHOWN_CELLS];
    struct bytes org, host;     /* empty if none */
    struct bytes end_reason;
    enum state state;           /* the most urgent of its cells */
    struct buf text;            /* what the views point into */
};

struct past {                   /* one change of a record's history */
    struct change change;       /* valid during the call */
    enum state state;
    uint64_t number;
    enum reason reason;
    const struct kind *kind;
};

struct shown_case {
    int64_t row;                /* for store_next_case */
    struct name name;           /* the change that waits, which names the case */
    const struct kind *kind;
    struct id record;
    int cell;                   /* index, -1 if this kind is not known here */
    struct bytes key;
    enum reason reason;
    char field[40], rule[16];
    bool open;
    bool readable;              /* `parked` could be read */
    struct change parked;
    struct name settled_by;
    uint64_t number;            /* of the state in force, the base to settle on */
    bool in_force_present;
    struct body in_force;
    struct bytes in_force_author;
    int64_t in_force_wall_ms;
    bool base_present;
    struct body base_value;
    bool own;                   /* the parked change is this machine's */
    struct buf text;
};

struct store_status {
    uint64_t count[STATES];     /* own changes; at the hub all changes */
    uint64_t written;           /* their sum */
    uint64_t records;           /* living, shown here */
    uint64_t cases;             /* open */
    bool loading;               /* the first load has begun, and not ended */
    uint64_t life, number, seq; /* newest known */
    uint64_t secured;           /* number through which an off-box copy of the
                                 * hub goes, 0: none */
    uint64_t secured_taken;     /* station: own taken changes in it */
    int64_t db_bytes, wal_bytes;
};

/* Result of taking in news: how much of it was new here. */
struct settled {
    uint64_t states, gone, cases, verdicts;
    uint64_t kept;              /* own undecided values that news did not hide */
};

void shown_init(struct shown *shown);
void shown_done(struct shown *shown);
void shown_case_init(struct shown_case *shown);
void shown_case_done(struct shown_case *shown);

#endif
