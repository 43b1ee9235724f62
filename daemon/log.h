/*
 * The log: one line an event, `key=value`, English keys and codes, the Chinese
 * sentence last. No names, no id numbers: only what an admin greps for.
 *
 *   2026-03-02T09:14:07+08:00 lv=I ev=YZ2001 push.start try=1 queued=5 msg=...
 *
 * One process has one log. Until it is opened, events go nowhere.
 */
#ifndef YZ_LOG_H
#define YZ_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_I = 'I', LOG_W = 'W', LOG_E = 'E' };

enum {
    LOG_FILES = 10,             /* of them: x, x.1 ... x.9, oldest last */
    LOG_BYTES = 5 * 1000 * 1000,        /* in each */
    LOG_LINE = 1200             /* bytes of one line */
};

/* Below the data directory. */
#define LOG_FILE "yizhan.log"

/* `path` NULL: no file. A file that cannot be written ends nothing: the log is
 * never a reason to stop work. */
void log_open(const char *path, bool to_stderr);
/* Also tells how often events still held back were repeated. */
void log_close(void);
/* Where the time comes from, in ms of Unix time; NULL: the system's clock. */
void log_clock(int64_t (*now_ms)(void));

/* `event` is a short English name like push.start; `format` the key=value
 * pairs, NULL for none. The same code comes at most once a minute, then with
 * repeated=N; contacts (2xxx, 3xxx at level I) are never held back. */
void log_event(int level, int code, const char *event, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* The sentence that goes with a code: of the events' table, or else of the
 * errors'. "" if there is none. */
const char *log_text(int code, bool chinese);

/* One line, read back. Texts live during the call. */
struct log_line {
    int64_t at_ms;
    char level;
    int code;
    const char *time, *event;
    const char *rest;           /* key=value pairs without msg */
};
typedef int (*log_each_fn)(void *user, const struct log_line *line);

/* All lines of all files, oldest first, not older than `since_ms` and of a
 * code like "2031", "YZ2031" or "YZ2xxx" (NULL: any), until `each` returns
 * non-zero. 0, or ERR_IO when there is no such log. */
int log_read(const char *path, int64_t since_ms, const char *code,
             log_each_fn each, void *user);
/* New lines as they come, until `each` returns non-zero; `line` is NULL twice
 * a second, when there was none. */
int log_follow(const char *path, const char *code, log_each_fn each,
               void *user);
bool log_code_fits(int code, const char *pattern);

/* "2026-03-02T09:14:07+08:00" in local time; `out` holds 32 bytes. */
void log_time(int64_t ms, char *out);
/* The way back, also without offset (local) or time (midnight). */
bool log_time_parse(const char *text, int64_t *ms);

#endif
