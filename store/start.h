/* What a start of the store goes through, for open.c: first everything that may
 * refuse it is read, then the log is settled, then the first turn is written. */
#ifndef YZ_STORE_START_H
#define YZ_STORE_START_H

#include "store/db.h"

/* What could not be read must not pass for what is not there: tells what failed,
 * and returns it. (In open.c.) */
int start_unread(struct store *store, struct fault *fault);

/* ---- running.c: how the last run ended ---- */

/* Is there something in the log of the database at `path`? To be asked before it
 * is opened. */
bool log_there(const char *path, const char *vfs);
/* Before anybody has asked: whatever fails now leaves the log, if it is `there`,
 * as it is. */
void running_unknown(struct store *store, bool there);
/* Was it stopped cleanly (else store->was_running)? ERR_MISSING: it was not, and
 * there is no log. */
int running_look(struct store *store, bool there, struct fault *fault);
/* Brings what is in the log into the database. */
int running_settle(struct store *store, struct fault *fault);
/* Note that it runs, and commit. */
int running_begin(struct store *store, struct fault *fault);
/* Note that it ends. */
void running_end(struct store *store);

/* ---- kind_sets.c: the kinds it runs with ---- */

/* The hub's files are the law; a station keeps what the hub last sent, and
 * starts from its own files only while it has never met the hub. `there`: the
 * database has tables. */
int kinds_look(struct store *store, const struct kinds *files, bool there,
               struct fault *fault);
/* Their row, in the first turn. */
int kinds_begin(struct store *store);

/* ---- upgrade.c ---- */

/* Bring a store of this older version up to SCHEMA_VERSION. */
int store_upgrade(struct store *store, int64_t version);

#endif
