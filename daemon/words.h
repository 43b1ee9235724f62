/*
 * The words people read, Chinese and English, and how they are laid out. The
 * words of states and reasons are those of design.md and nothing else.
 */
#ifndef YZ_WORDS_H
#define YZ_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `lang` as given by --lang, or NULL: then the environment's locale decides. */
bool words_chinese(const char *lang);

/* Of a state or reason as JSON names it ("queued", "clash"); the name itself
 * when it is not known, as a newer daemon may have more of them. */
const char *words_state(const char *state, bool zh);
const char *words_reason(const char *reason, bool zh);
/* What to do about an error, one sentence; never NULL. */
const char *words_advice(int err, bool zh);

enum { WORDS_TIME = 40 };
/* "09:14", "yesterday 17:02", "2026-03-02 17:02"; "never" for 0. */
void words_time(int64_t ms, int64_t now_ms, bool zh, char out[WORDS_TIME]);
/* "812 B", "12 KB", "3.4 MB" */
void words_bytes(uint64_t bytes, char out[WORDS_TIME]);
/* "40 s", "11 min", "3 h", "2 days" */
void words_span(int64_t ms, bool zh, char out[WORDS_TIME]);

/* Columns a text takes on a terminal: most Chinese characters take two. */
int words_width(const char *text);
/* Print `text` and fill up to `width` columns, cut with … if it is longer. */
void words_column(FILE *out, const char *text, int width);

#endif
