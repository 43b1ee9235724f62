/*
 * Text character by character, and the steps of cleaning a value: the private
 * half of value.h. What text_* and set_* are given was found valid before.
 */
#ifndef YZ_TEXT_H
#define YZ_TEXT_H

#include "proto/value.h"

/* Take the first character off `text`, which is not empty. What is not UTF-8
 * goes byte by byte as U+FFFD. */
uint32_t text_next(struct bytes *text);
void text_put(struct buf *out, uint32_t point);

/* ASCII blanks, U+3000, and those that come along unseen from web pages and
 * sheets: U+00A0, U+200B, U+FEFF. */
bool text_blank(uint32_t point);
/* Without the blanks at both ends. */
struct bytes text_trim(struct bytes text);
/* Is it the paper form's way of saying that there is nothing? */
bool text_says_none(struct bytes text);
/* Append with full-width ASCII made half-width. */
void text_halve(struct bytes in, struct buf *out);
/* Append as `how` says; trimmed before. */
void text_clean(enum clean how, struct bytes in, struct buf *out);

/* From here on `in` is trimmed and half-width, and never empty. The value is
 * appended, or ERR_VALUE. */
bool date_exists(int year, int month, int day);
int date_clean(const struct field *field, struct bytes in, struct buf *out,
               struct fault *fault);
int id18_clean(const struct field *field, struct bytes in, struct buf *out,
               struct fault *fault);

#endif
