#include "proto/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
    int err, code;
    const char *en, *zh;
};

static const struct row rows[] = {
    {ERR_OK, 0, "no error", "正常"},
#define ERR_ROW(name, code, en, zh) {name, code, en, zh},
    ERR_LIST(ERR_ROW)
#undef ERR_ROW
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct row *find_row(int err)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].err == err)
            return &rows[i];
    return NULL;
}

int err_code(int err)
{
    const struct row *row = find_row(err);

    return row ? row->code : 0;
}

const char *err_text(int err, int chinese)
{
    const struct row *row = find_row(err);

    if (!row)
        return chinese ? "未知错误" : "unknown error";
    return chinese ? row->zh : row->en;
}

int err_of_code(int code)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].code == code)
            return rows[i].err;
    return 0;
}

/* snprintf cuts between bytes; half a character would make the whole message
 * invalid UTF-8 and with it the JSON reply that carries it. */
static void trim_tail(char *text)
{
    size_t len = strlen(text), start = len;
    unsigned char lead;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    lead = (unsigned char)text[start - 1];
    if ((lead >= 0xF0 && len - start < 3) ||
        (lead >= 0xE0 && len - start < 2) || (lead >= 0xC0 && len == start))
        text[start - 1] = '\0';
}

int fault_set(struct fault *fault, int err, const char *field,
              const char *why, ...)
{
    /* Built aside, because the arguments may point into the old fault. */
    struct fault fresh = {.err = err};
    va_list args;

    if (!fault)
        return err;
    snprintf(fresh.field, sizeof(fresh.field), "%s", field ? field : "");
    va_start(args, why);
    vsnprintf(fresh.why, sizeof(fresh.why), why, args);
    va_end(args);
    trim_tail(fresh.field);
    trim_tail(fresh.why);
    *fault = fresh;
    return err;
}

int fault_file(struct fault *fault, int err, const char *file,
               const char *why)
{
    fault_set(fault, err, "", "%s", why);
    if (fault)
        snprintf(fault->where, sizeof(fault->where), "%.190s", file);
    return err;
}

void fault_place(struct fault *fault, const char *file, int line)
{
    size_t len = strlen(file), room = sizeof(fault->where) - 16;

    if (!fault)
        return;
    if (len > room) {
        file += len - room;
        while (((unsigned char)*file & 0xC0) == 0x80)
            file++;
    }
    snprintf(fault->where, sizeof(fault->where), "%s:%d", file, line);
}
