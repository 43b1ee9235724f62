/*
 * What `doctor` finds: named findings with codes, each a sentence in both
 * languages that says what is and what to do. Pure: the facts are handed in, by
 * the daemon or, where it does not run, by the command line.
 */
#ifndef YZ_FINDINGS_H
#define YZ_FINDINGS_H

#include "proto/err.h"

#include <stdbool.h>
#include <stdint.h>

enum finding_name {
    FIND_CONFIG,
    FIND_DIRECTORY,
    FIND_SECRET,
    FIND_DAEMON,
    FIND_STORE,    /* the files are there */
    FIND_DATABASE, /* and whole */
    FIND_LOG,
    FIND_DISK,
    FIND_BACKUP,
    FIND_CLOCK,
    FIND_CONTACT,
    FIND_QUEUE,
    FIND_KINDS,
    FIND_SERVICE,
    FIND_VERSION,
    FINDINGS_NAMES
};

enum finding_level { LEVEL_OK, LEVEL_WARN, LEVEL_BAD };

struct finding {
    enum finding_name name;
    enum finding_level level;
    char en[900], zh[900];
};

enum { FINDINGS_MAX = 24 };

struct findings {
    struct finding list[FINDINGS_MAX];
    int count;
};

const char *finding_text(enum finding_name name); /* "disk" */
int finding_code(enum finding_name name);         /* 6102, of YZ6102 */
const char *level_text(enum finding_level level); /* "ok" */
/* FINDINGS_NAMES when it is none of ours. */
enum finding_name finding_of(const char *name);

/* Both formats take the same arguments in the same order. */
void find_add(struct findings *out, enum finding_name name,
              enum finding_level level, const char *en, const char *zh, ...);

/* Good when `fault` is NULL, else bad with what it says. */
void find_fault(struct findings *out, enum finding_name name,
                const struct fault *fault);
/* Bytes; room INT64_MAX: not known. */
void find_disk(struct findings *out, int64_t room, int64_t db_bytes);
void find_log(struct findings *out, int64_t log_bytes);
/* Wall times in ms, 0 for never. `measured`: the offset is of this run. */
void find_clock(struct findings *out, bool measured, int64_t offset_ms,
                int64_t last_known_ms, int64_t now_ms);
/* `cause`: ERR_* of the last failure, or 0. */
void find_contact(struct findings *out, int64_t last_ms, int cause,
                  int64_t now_ms);
void find_queue(struct findings *out, uint64_t queued, int64_t since_ms,
                int64_t now_ms);
void find_kinds(struct findings *out, bool hub, bool same, const char *dir);
/* `asker`: the version of the program that asks, "": not told. */
void find_version(struct findings *out, const char *daemon, const char *asker);
/* `dir` "": none is configured. */
struct backup_state {
    const char *dir;
    bool hub, there, same_disk;
    int64_t last_ms;
};
void find_backup(struct findings *out, const struct backup_state *state,
                 int64_t now_ms);

#endif
