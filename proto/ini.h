/*
 * Strict INI over libinih, for kind files and configuration.
 *
 * libinih as packaged cuts lines at 200 bytes and takes " ;" as the start of
 * a comment, both without a word. Here either is an error with its line.
 */
#ifndef YZ_INI_H
#define YZ_INI_H

#include "proto/err.h"

#include <stddef.h>

struct ini_item {
    const char *section, *name, *value; /* NUL-terminated, valid in the call */
    int line;                           /* from 1 */
};

/* Return 0, or an error after filling `fault` (its `where` is filled in by
 * ini_read when empty). */
typedef int (*ini_item_fn)(void *user, const struct ini_item *item,
                           struct fault *fault);

/* Read `len` bytes of INI text called `file` in messages. Calls `item` for each
 * "name = value". Refused, with file and line: text that is not UTF-8, NUL, a
 * line over 198 bytes, a section or name over 49, " ;", a line of no known
 * form, a name outside any section, an indented line (it would be a
 * continuation). Reading ends at the first error. A name given twice and a
 * section given twice are the caller's to judge. */
int ini_read(const char *file, const char *text, size_t len, ini_item_fn item,
             void *user, struct fault *fault);
/* The same, and `item` is called for each "[section]" as well, with name and
 * value NULL: so a section without a line in it is seen too. */
int ini_read_sections(const char *file, const char *text, size_t len,
                      ini_item_fn item, void *user, struct fault *fault);

#endif
