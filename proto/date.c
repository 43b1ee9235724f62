#include "proto/text.h"

#include <stdio.h>
#include <string.h>

struct date {
    int year, month, day;       /* day 0 where it is unknown */
};

static bool digits(struct bytes text, size_t from, size_t len, int *out)
{
    int number = 0;

    if (from + len > text.len)
        return false;
    for (size_t i = from; i < from + len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (text.data[i] - '0');
    }
    *out = number;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (leap && month == 2);
}

bool date_exists(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 &&
           day >= 1 && day <= month_days(year, month);
}

/* "YYYY-MM-DD" or "YYYY-MM". */
static bool read_date(struct bytes text, struct date *out)
{
    bool rough = text.len == 7;

    *out = (struct date){0};
    if ((!rough && text.len != 10) || !digits(text, 0, 4, &out->year) ||
        text.data[4] != '-' || !digits(text, 5, 2, &out->month))
        return false;
    if (rough)
        return date_exists(out->year, out->month, 1);
    return text.data[7] == '-' && digits(text, 8, 2, &out->day) &&
           date_exists(out->year, out->month, out->day);
}

/* Days of a calendar whose years begin in March, so that the leap day is the
 * last of its year; after Howard Hinnant, "chrono-compatible low-level date
 * algorithms". */
bool date_days(struct bytes text, int64_t *days)
{
    struct date date;
    int64_t age;
    int year, day;

    if (!read_date(text, &date) || date.day == 0)
        return false;
    year = date.year - (date.month <= 2);
    age = year % 400;
    day = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
    *days = (int64_t)(year / 400) * 146097 + age * 365 + age / 4 - age / 100 +
            day - 719468;
    return true;
}

int date_years(struct bytes from, struct bytes to)
{
    struct date a, b;
    int years;

    if (!read_date(from, &a) || !read_date(to, &b))
        return -1;
    years = b.year - a.year;
    if (b.month < a.month ||
        (b.month == a.month && a.day && b.day && b.day < a.day))
        years--;
    return years;
}

static bool skip(struct bytes *in, const char *sign)
{
    struct bytes want = bytes_text(sign);

    while (in->len > 0 && in->data[0] == ' ')
        *in = bytes_of(in->data + 1, in->len - 1);
    if (in->len < want.len ||
        !bytes_equal(bytes_of(in->data, want.len), want))
        return false;
    *in = bytes_of(in->data + want.len, in->len - want.len);
    return true;
}

/* `least` to `most` digits and no digit after them. */
static bool number(struct bytes *in, size_t least, size_t most, int *out)
{
    size_t len = 0;

    skip(in, "");
    while (len < in->len && in->data[len] >= '0' && in->data[len] <= '9')
        len++;
    if (len < least || len > most || !digits(*in, 0, len, out))
        return false;
    *in = bytes_of(in->data + len, in->len - len);
    return true;
}

/* 1987.6.1 and the like; `signs` are what stands after each number. */
static bool read_signs(struct bytes in, const char *const signs[3],
                       struct date *out)
{
    *out = (struct date){0};
    if (!number(&in, 4, 4, &out->year) || !skip(&in, signs[0]) ||
        !number(&in, 1, 2, &out->month))
        return false;
    if (skip(&in, signs[1]) && in.len > 0) {
        if (!number(&in, 1, 2, &out->day))
            return false;
        skip(&in, signs[2]);
        return in.len == 0 && out->day > 0;
    }
    /* "1987-06-" is a date that lost its day, "1987年6月" is whole. */
    return in.len == 0 &&
           (signs[2][0] != '\0' || in.data[-1] != (uint8_t)signs[1][0]);
}

static bool read_digits(struct bytes in, struct date *out)
{
    *out = (struct date){0};
    if (in.len != 6 && in.len != 8)
        return false;
    return digits(in, 0, 4, &out->year) && digits(in, 4, 2, &out->month) &&
           (in.len == 6 || (digits(in, 6, 2, &out->day) && out->day > 0));
}

static bool read_any(struct bytes in, struct date *out)
{
    static const char *const signs[][3] = {
        {"-", "-", ""}, {".", ".", ""}, {"/", "/", ""}, {"年", "月", "日"},
    };

    if (read_digits(in, out))
        return true;
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (read_signs(in, signs[i], out))
            return true;
    return false;
}

/* A spreadsheet that took 1987.10 for a number shows 1987.1. */
static bool lost_zero(struct bytes in, const struct date *date)
{
    return in.len == 6 && in.data[4] == '.' && date->month == 1;
}

/* A year outside is a slip of the finger; nobody in a register is older. */
static bool sensible(const struct date *date)
{
    return date->year >= 1800 && date->year < 2200 &&
           date_exists(date->year, date->month, date->day ? date->day : 1);
}

int date_clean(const struct field *field, struct bytes in, struct buf *out,
               struct fault *fault)
{
    bool month = field->type == FIELD_MONTH;
    char text[32];
    struct date date;

    if (read_any(in, &date) && sensible(&date)) {
        if (!date.day && lost_zero(in, &date))
            return fault_set(fault, ERR_VALUE, field->name,
                             "1 月还是 10 月？请写成 1987-01 或 1987-10 "
                             "(January or October? write 1987-01)");
        if (date.day ? !month : month || field->rough) {
            snprintf(text, sizeof(text),
                     date.day ? "%04d-%02d-%02d" : "%04d-%02d", date.year,
                     date.month, date.day);
            buf_put(out, text, strlen(text));
            return 0;
        }
    }
    if (month)
        return fault_set(fault, ERR_VALUE, field->name,
                         "应为年月，如 1987-06 (a month such as 1987-06)");
    return fault_set(fault, ERR_VALUE, field->name,
                     "应为日期，如 1987-06-01%s (a date such as 1987-06-01)",
                     field->rough ? " 或 1987-06" : "");
}
