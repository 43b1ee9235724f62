/*
 * Values: from what a person or a sheet wrote to the one form the register
 * keeps. Cleaning is announced and safe: it never guesses a digit or a year.
 */
#ifndef YZ_VALUE_H
#define YZ_VALUE_H

#include "proto/kind.h"

/* Bring `in` into the form of `field` and append it to `out` (nothing for an
 * empty value: blank, and the paper form's 无, —, -, ／, 暂无, are empty for
 * every type but FIELD_TEXT, where only blank is; a code list's own 无 counts).
 * Done for every type: trimming, CR LF to LF; for every type but text and set:
 * full-width ASCII to half-width.
 *  date   1987-06-01, 1987.6.1, 1987/6/1, 19870601, 1987年6月1日; a month
 *         likewise, but not 1987.1, which may have been 1987.10 in a sheet
 *  int    at most 15 digits, leading zeros dropped
 *  bool   true 是 1 yes y √, false 否 0 no n ×
 *  code   code, label or other way to write it, becomes the label
 *  id18   spaces and hyphens dropped, x to X, 15 digits upgraded; the form only
 *         (17 digits and digit or X), as the check digit is a rule's to judge,
 *         but a number that a spreadsheet has rounded is refused
 *  set    one key, cleaned as text
 * Fails with ERR_TEXT, ERR_LONG, ERR_VALUE; `fault` then says what is allowed
 * and never holds the value. `out` is then as it was. */
int value_clean(const struct field *field, struct bytes in, struct buf *out,
                struct fault *fault);

/* Strict UTF-8 without NUL and other C0 controls than \n and \t. */
bool text_valid(struct bytes text);
size_t text_count(struct bytes text);           /* code points */

/* `text` with its middle hidden, appended to `out`: id numbers keep 6 and 4,
 * phones (what is all digits and hyphens) 3 and 4, other texts the first
 * character. */
void value_mask(const struct field *field, struct bytes text, struct buf *out);

/* Days since 1970-01-01 of "YYYY-MM-DD"; false if it is no such date. */
bool date_days(struct bytes text, int64_t *days);
/* Whole years from one date to another, as birthdays count. Where a date is but
 * YYYY-MM the unknown day is taken in favour of more years. -1 when either is
 * no date. */
int date_years(struct bytes from, struct bytes to);
/* Right length, digits, date and check digit (GB 11643, ISO 7064 MOD 11-2). */
bool id18_valid(struct bytes text);
/* Does all of `text` fit `pattern`? A pattern is a row of literal characters,
 * '.', or [sets] ([a-z], [^0-9]), each with an optional {m} or {m,n}; greedy,
 * without going back. Of the signs that mean something elsewhere, * + ? ( ) |
 * \ ^ $ { } stand in a set ([*]) to mean themselves. */
bool pattern_fits(const char *pattern, struct bytes text);
/* Is it such a pattern? */
bool pattern_valid(const char *pattern);

#endif
