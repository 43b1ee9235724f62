/* The journal and the origins in it: guts of store/. */
#ifndef YZ_STORE_JOURNAL_H
#define YZ_STORE_JOURNAL_H

#include "store/db.h"

/* A change's short name in this file. */
struct place_id {
    int64_t origin;             /* origin.id, 0 for none */
    uint64_t n;
};

struct origin_row {
    int64_t id;
    struct id origin;
    bool own;
    int64_t parent;
    uint64_t parent_n;
    struct hash parent_hash;
    bool has_parent;
    uint64_t n, confirmed;
    struct hash hash;           /* of n; of the parent while n is 0 */
};

/* One row, with its change if it can be read. */
struct entry {
    struct place_id at;
    int64_t record;             /* record.id, 0 if unknown */
    uint64_t cell;
    char key[KEY_MAX + 1];
    enum state state;
    uint64_t number;
    enum reason reason;
    char field[40], rule[16];
    struct hash hash;
    int64_t kinds;
    struct place_id past;       /* origin 0: the first of its cell */
    bool readable;
    struct change change;       /* views into `bytes` */
    struct buf bytes;
};

void entry_init(struct entry *entry);
void entry_done(struct entry *entry);
/* 1 found, 0 not there, or an error. */
int journal_load(struct store *store, struct place_id at, struct entry *out);
/* Only the hash of a row: 1 found, 0 not there, or an error. */
int journal_hash(struct store *store, struct place_id at, struct hash *out);
/* Copy a cell's key, which has at most KEY_MAX bytes. */
void entry_set_key(struct entry *entry, struct bytes key);
/* Insert a row. `entry->bytes` empty: an empty place. */
int journal_add(struct store *store, const struct entry *entry);
/* Write entry->past of a row that is there. */
int journal_chain(struct store *store, const struct entry *entry);
/* A row that was kept without a record gets its place, chain and verdict; one
 * that has a record stays as it is. */
int journal_place(struct store *store, const struct entry *entry);
/* Give it a verdict, and count. Own changes only are counted on a station. */
int journal_decide(struct store *store, struct place_id at, enum state from,
                   enum state to, uint64_t number, enum reason reason,
                   const char *field, const char *rule);

/* 1 found, 0 not there. */
/* Of a row just read: its end as it is by now, and nothing confirmed behind that. */
void origin_newest(const struct store *store, int64_t id, uint64_t *n,
                   struct hash *hash, uint64_t *confirmed);
int origin_find(struct store *store, const struct id *origin,
                struct origin_row *out);
int origin_by_row(struct store *store, int64_t id, struct origin_row *out);
/* The row of this origin, made if it is new. Returns its id or an error. */
int64_t origin_row_of(struct store *store, const struct id *origin);
/* Is this row of the journal counted as this machine's own? */
bool place_is_own(struct store *store, struct place_id at);
/* Station: how far the last origin came is not written with each save, as the
 * journal tells it: a page less in every commit. Write it now. */
void origin_ready(struct store *store);
/* Before that: can be read what it will need? */
void origin_look(struct store *store);
/* Full name of a place. */
int place_name(struct store *store, struct place_id at, struct name *out);
/* The place of a name; origin 0 if that origin was never met here. */
struct place_id place_of(struct store *store, const struct name *name);

/* Does `line` (a change, by its place) come after `earlier` in one line of
 * work: the same origin later, or an origin that went on from it? */
bool line_follows(struct store *store, struct place_id line,
                  struct place_id earlier);

/* A line of work walked up once, for many questions: every origin it went
 * through, and how far. */
struct line {
    struct place_id *place;     /* sorted by origin; n is past the end */
    int places;
};
void line_open(struct store *store, struct place_id end, struct line *out);
void line_done(struct line *line);
/* It does not reach beyond `end` in that origin. */
void line_cut(struct line *line, struct place_id end);
/* line_follows for a line that is open. */
bool line_has(const struct line *line, struct place_id earlier);

/* Draw an origin for them, going on from `parent`, or from nothing. */
int origin_renew(struct store *store, const struct origin_row *parent);
/* The origin new changes of this machine are written under; drawn now if this
 * is the first write since the store was opened. */
int journal_self(struct store *store);
/* Append an own change: fills its name, hash chain and bytes. `past` is the
 * last one of its cell; `*at` gets its place. */
int journal_write(struct store *store, struct change *change, int64_t record,
                  struct place_id past, struct place_id *at);

/* Every change of the cells of record ?1 whose id is ?2, or of all when ?2 is
 * NULL: a table `past (origin, n)` to select from. */
#define PAST_OF_RECORD \
    "WITH RECURSIVE past (origin, n) AS (" \
    "SELECT last_origin, last_n FROM cell WHERE record = ?1 AND " \
    "cell = ifnull(?2, cell) AND last_n IS NOT NULL UNION " \
    "SELECT j.past_origin, j.past_n FROM past p JOIN journal j " \
    "ON j.origin = p.origin AND j.n = p.n WHERE j.past_n IS NOT NULL) "

/* Chain all changes of every cell anew. (In rebuild.c, like the next.) */
int chain_again(struct store *store);
/* Count the changes that are counted here, by state. */
void count_journal(struct store *store, int64_t count[STATES]);

#endif
