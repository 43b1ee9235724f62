/* Which form a value has, and how the forms are written. */
#include "proto/kind.h"
#include "proto/mind_parts.h"
#include "proto/value.h"

#include <string.h>

enum { DIGITS_MOST = 31, ID_TEXT = 36 };

static bool all_digits(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

int64_t digits_read(const uint8_t *at, int len)
{
    int64_t out = 0;

    for (int i = 0; i < len; i++)
        out = out * 10 + at[i] - '0';
    return out;
}

void digits_put(uint8_t *at, int len, int64_t value)
{
    for (int i = len - 1; i >= 0; i--, value /= 10)
        at[i] = (uint8_t)('0' + value % 10);
}

static bool is_month(struct bytes text, int64_t *months)
{
    int64_t month;

    if (text.len != 7 || text.data[4] != '-' || !all_digits(text.data, 4) ||
        !all_digits(text.data + 5, 2))
        return false;
    month = digits_read(text.data + 5, 2);
    *months = digits_read(text.data, 4) * 12 + month - 1;
    return month >= 1 && month <= 12;
}

uint8_t id18_sign(const uint8_t *first17)
{
    int sum = 0, weight = 1;

    for (int i = ID18 - 2; i >= 0; i--) {
        weight = weight * 2 % 11;
        sum += (first17[i] - '0') * weight;
    }
    return (uint8_t) "10X98765432"[sum % 11];
}

void date_put(uint8_t out[10], const uint8_t *ymd)
{
    memcpy(out, ymd, 4);
    memcpy(out + 5, ymd + 4, 2);
    memcpy(out + 8, ymd + 6, 2);
    out[4] = out[7] = '-';
}

/* A number whose birth date and last sign are what they must be. */
static bool is_id18(struct bytes text, int64_t *days)
{
    uint8_t date[10];

    if (text.len != ID18 || !all_digits(text.data, ID18 - 1) ||
        text.data[ID18 - 1] != id18_sign(text.data))
        return false;
    date_put(date, text.data + 6);
    return date_days(bytes_of(date, sizeof date), days);
}

static bool is_id(struct bytes text, struct id *id)
{
    char said[ID_TEXT + 1], again[ID_TEXT + 1];

    if (text.len != ID_TEXT)
        return false;
    memcpy(said, text.data, ID_TEXT);
    said[ID_TEXT] = '\0';
    if (!id_parse(said, id))
        return false;
    id_text(id, again);
    return memcmp(said, again, ID_TEXT) == 0;
}

enum form form_of(struct bytes text, int64_t *number, struct id *id)
{
    if (date_days(text, number))
        return FORM_DATE;
    if (is_month(text, number))
        return FORM_MONTH;
    if (is_id18(text, number))
        return FORM_ID18;
    if (text.len <= DIGITS_MOST && all_digits(text.data, text.len))
        return FORM_DIGITS;
    return is_id(text, id) ? FORM_ID : FORM_TEXT;
}

/* The days as eight digits; false when it is no date. Inverse of date_days. */
bool days_put(int64_t days, uint8_t out[8])
{
    int64_t day, era, year;
    int month;

    if (days < -719162 || days > 2932896)
        return false;
    day = days + 719468; /* since 1 March of the year 0 */
    era = day / 146097;
    day %= 146097;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    month = (int)(5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;
    digits_put(out, 4, year + era * 400 + (month <= 2));
    digits_put(out + 4, 2, month);
    digits_put(out + 6, 2, day + 1);
    return true;
}
