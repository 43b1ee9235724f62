#include "proto/text.h"

#include <string.h>

enum { LONG = 18, SHORT = 15, BIRTH = 6 };

static bool all_digits(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

/* GB 11643, ISO 7064 MOD 11-2. */
static uint8_t check_digit(const uint8_t *first17)
{
    static const int weight[] = {7, 9, 10, 5, 8, 4, 2, 1, 6,
                                 3, 7, 9,  10, 5, 8, 4, 2};
    int sum = 0;

    for (int i = 0; i < LONG - 1; i++)
        sum += (first17[i] - '0') * weight[i];
    return (uint8_t)"10X98765432"[sum % 11];
}

static int two(const uint8_t *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

static bool form_ok(struct bytes text)
{
    return text.len == LONG && all_digits(text.data, LONG - 1) &&
           (all_digits(text.data + LONG - 1, 1) || text.data[LONG - 1] == 'X');
}

bool id18_valid(struct bytes text)
{
    const uint8_t *birth;

    if (!form_ok(text))
        return false;
    birth = text.data + BIRTH;
    return date_exists(two(birth) * 100 + two(birth + 2), two(birth + 4),
                       two(birth + 6)) &&
           text.data[LONG - 1] == check_digit(text.data);
}

/* Excel keeps 15 digits of a number: the rest are zeros, or it shows
 * 1.10105E+17. */
static bool rounded(struct bytes in, struct bytes number)
{
    for (size_t i = 0; i + 1 < in.len; i++)
        if ((in.data[i] == 'E' || in.data[i] == 'e') && in.data[i + 1] == '+')
            return true;
    return form_ok(number) &&
           memcmp(number.data + LONG - 3, "000", 3) == 0 &&
           !id18_valid(number);
}

/* The old number lacks the century and the check digit; all of its bearers
 * were born in the twentieth. */
static bool upgrade(uint8_t *text)
{
    memmove(text + BIRTH + 2, text + BIRTH, SHORT - BIRTH);
    text[BIRTH] = '1';
    text[BIRTH + 1] = '9';
    text[LONG - 1] = check_digit(text);
    return id18_valid(bytes_of(text, LONG));
}

/* The characters that count, in `text`; 0 if more than fit or not ASCII. */
static size_t gather(struct bytes in, uint8_t *text)
{
    size_t len = 0;

    while (in.len > 0) {
        uint32_t point = text_next(&in);

        if (point == '-' || text_blank(point))
            continue;
        if (len == LONG || point > 0x7F)
            return 0;
        text[len++] = point == 'x' ? 'X' : (uint8_t)point;
    }
    return len;
}

int id18_clean(const struct field *field, struct bytes in, struct buf *out,
               struct fault *fault)
{
    uint8_t text[LONG];
    size_t len = gather(in, text);

    if (len == SHORT && all_digits(text, SHORT) && upgrade(text))
        len = LONG;
    if (rounded(in, bytes_of(text, len)))
        return fault_set(fault, ERR_VALUE, field->name,
                         "号码被表格软件改坏，请把身份证号列设为文本后重填 "
                         "(damaged by a spreadsheet: make the column text)");
    if (!form_ok(bytes_of(text, len)))
        return fault_set(fault, ERR_VALUE, field->name,
                         "应为 18 位身份证号：17 位数字加数字或 X "
                         "(17 digits and a digit or X)");
    buf_put(out, text, len);
    return 0;
}
