/* Cases: what waits for a person. Guts of store/. */
#ifndef YZ_STORE_CASE_H
#define YZ_STORE_CASE_H

#include "store/cell.h"

struct case_row {
    int64_t id;
    struct place_id at;         /* the change that waits */
    int64_t record;             /* 0 when unreadable */
    uint64_t cell;
    char key[KEY_MAX + 1];
    enum reason reason;
    char field[40], rule[16];
    bool open;
    uint64_t seq;
};

/* 1 found, 0 not there. */
int case_find(struct store *store, struct place_id at, struct case_row *out);
int case_by_row(struct store *store, int64_t id, struct case_row *out);
/* Open a case for `entry` with its reason; one there already is left alone, but
 * that of an unreadable change which was released. `base` is the body in force
 * at the change's base, or empty. */
int case_add(struct store *store, const struct entry *entry,
             enum reason reason, struct bytes base);
int case_set_seq(struct store *store, int64_t id, uint64_t seq);
/* Close it: its change becomes settled. Nothing happens if it is not open. */
int case_close(struct store *store, struct place_id at,
               const struct name *by);
/* It is over, and nobody settled it: a verdict did. */
int case_shut(struct store *store, struct place_id at);
/* What others have waiting goes with the record: when it comes back, whatever
 * is open then is told again. */
int cases_forget(struct store *store, int64_t record);
/* Remember who settled `named` first; may come before the case itself. */
int settles_keep(struct store *store, const struct name *named,
                 const struct name *by);
/* Who settled it? 1 known, 0 nobody yet. */
int settles_find(struct store *store, const struct name *named,
                 struct name *by);

#endif
