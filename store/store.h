/*
 * The store: journal, cells, cases, news. What is true is here. This is the
 * face for the people of this machine; peer.h is the one for the exchange.
 *
 * One store has one SQLite connection and belongs to one thread. Writes gather
 * in one transaction until store_commit; nothing may be told "saved" before
 * that returned 0. A failed commit is an unknown outcome: every later call
 * fails with ERR_UNKNOWN and the process must end.
 *
 * Functions return 0 or a negative ERR_*; what a person needs to know is in the
 * struct fault. Pointers in results point into the result's own buffer unless
 * it says otherwise.
 */
#ifndef YZ_STORE_H
#define YZ_STORE_H

#include "proto/change.h"
#include "proto/kind.h"
#include "store/reach.h"
#include "store/view.h"

struct store;

/* What the store needs of the world. All must outlive the store. */
struct store_world {
    void *user;
    void (*random)(void *user, void *out, size_t len);
    /* Hub only: move the reserve of numbers (and of seqs) and the life, kept
     * outside the database, up to at least these, durably, before it returns
     * 0. */
    int (*reserve)(void *user, uint64_t life, uint64_t upto);
    /* A place of reach.h was reached; NULL when nobody wants to know. */
    void (*reach)(void *user, enum reach mark);
};

struct store_options {
    const char *path;           /* of the database file */
    const char *vfs;            /* SQLite VFS, NULL for the system's */
    bool hub;
    const char *org;            /* the station's or the hub's organisation */
    const struct kinds *kinds;  /* from the kind files; copied by text */
    struct id hub_id;           /* hub only */
    uint8_t key[32];            /* hub only: signs receipts */
    uint64_t life;              /* hub only: raised at each start */
    uint64_t floor;             /* hub only: numbers and seqs begin above */
    struct store_world world;
};

/* Create or open. ERR_BUSY another process holds it, ERR_SCHEMA it is of a
 * newer version (nothing was touched), ERR_CORRUPT, ERR_IO. */
int store_open(const struct store_options *options, struct store **out,
               struct fault *fault);
void store_close(struct store *store);
/* Make everything since the last commit durable; cheap when there is nothing.
 * `fault` may be NULL. */
int store_commit(struct store *store, struct fault *fault);
/* Rows written since the last commit; 0: nothing waits for one. */
uint64_t store_pending(const struct store *store);
/* Is it time to commit, lest the log grow past its bound? */
bool store_heavy(const struct store *store);
const struct kinds *store_kinds(const struct store *store);

/* Save one edit of one person: all of it or nothing. A token already used for
 * the same edit gives its first receipt again (receipt->repeated). */
int store_put(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault);
/* The same, without changing anything. */
int store_try(struct store *store, const struct edit *edit,
              struct receipt *out, struct fault *fault);
/* While an import runs, the store remembers what number each cell had when it
 * began (edits with `imported` take their base from there). */
int store_import_begin(struct store *store, struct fault *fault);
int store_import_end(struct store *store);

/* Kind of a record that is shown here. ERR_RECORD. */
int store_kind_of(struct store *store, const struct id *record,
                  const struct kind **out);
/* One record as this machine shows it. ERR_RECORD. */
int store_show(struct store *store, const struct id *record,
               struct shown *out);
/* The first record of `kind` after `after` (NULL: from the start) in order of
 * id. Returns 1 with a record, 0 at the end. Hidden ones are passed over. */
int store_next(struct store *store, const struct kind *kind,
               const struct id *after, struct shown *out);
/* The changes of one record, oldest first, until `each` returns non-zero. */
int store_history(struct store *store, const struct id *record,
                  int (*each)(void *user, const struct past *past),
                  void *user);
/* Cases still open, oldest first, from row `after` on (0 at first). Returns 1
 * with a case, 0 at the end. */
int store_next_case(struct store *store, int64_t after, struct shown_case *out);
/* One case by the name of its change, open or closed. ERR_CASE. */
int store_case(struct store *store, const struct name *name,
               struct shown_case *out);
int store_status(struct store *store, struct store_status *out);

/* A fact of this machine's own, like when it last met the hub: evidence for
 * people, nothing is decided by it. 0 when it was never kept. */
int store_remember(struct store *store, const char *name, int64_t value);
int64_t store_recall(struct store *store, const char *name);

/* Fold the journal into the cells again; ERR_CORRUPT when they differed. */
int store_rebuild(struct store *store, struct fault *fault);
int store_verify(struct store *store, struct fault *fault);

#endif
