/*
 * Lines to edits. The hot path of the daemon: per line it parses once, fills
 * one edit that is used over and over, and allocates nothing of its own.
 *
 * Happy path: import_feed cuts lines out of pieces -> on_line -> take_line
 * parses, take_parts and fill_edit make the edit, save stores it under the
 * line's fingerprint -> the receipt says what it counts as.
 * What can fail: the line (counted and told, the next one goes on), the store
 * (everything stops, as the next line would fail the same way).
 */
#include "daemon/import.h"
#include "daemon/json.h"
#include "proto/message.h"
#include "proto/value.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    EDIT_TEXT = 4 * IMPORT_LINE,        /* cleaned texts of one line; codes
                                         * grow when they become labels */
    FINGERPRINT = 32,
    SITE_MIN = 6
};

struct import {
    struct import_options options;
    char author[AUTHOR_MAX + 1];
    struct import_counts counts;
    struct buf line;            /* the part of a line that has come */
    bool begun;                 /* the first line has come */
    bool skipping;              /* the rest of a line that is too long */
    struct json_edit edit;
    struct receipt receipt;
};

bool import_mode_parse(const char *text, enum import_mode *out)
{
    *out = IMPORT_BOTH;
    if (!text || strcmp(text, "both") == 0)
        return true;
    *out = strcmp(text, "add") == 0 ? IMPORT_ADD : IMPORT_UPDATE;
    return *out == IMPORT_ADD || strcmp(text, "update") == 0;
}

int import_new(const struct import_options *options, struct import **out,
               struct fault *fault)
{
    struct import *import;
    int rc = store_import_begin(options->store, fault);

    *out = NULL;
    if (rc < 0)
        return rc;
    import = xmalloc(sizeof(*import));
    import->options = *options;
    import->counts = (struct import_counts){0};
    import->begun = import->skipping = false;
    import->author[0] = '\0';
    if (options->author)
        strncat(import->author, options->author, AUTHOR_MAX);
    buf_init(&import->line, IMPORT_LINE);
    json_edit_init(&import->edit, EDIT_TEXT);
    *out = import;
    return 0;
}

void import_free(struct import *import)
{
    if (!import)
        return;
    store_import_end(import->options.store);
    buf_done(&import->line);
    json_edit_done(&import->edit);
    free(import);
}

/* Two or three digits at `at`, -1 if they are none. */
static int digits(const uint8_t *at, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* "Z" or "+08:00" in minutes. */
static bool read_offset(const uint8_t *at, size_t len, int *minutes)
{
    int hour, minute;

    *minutes = 0;
    if (len == 1 && (*at == 'Z' || *at == 'z'))
        return true;
    if (len != 6 || (*at != '+' && *at != '-') || at[3] != ':')
        return false;
    hour = digits(at + 1, 2);
    minute = digits(at + 4, 2);
    *minutes = (hour * 60 + minute) * (*at == '-' ? -1 : 1);
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

bool import_time(struct bytes text, int64_t *out)
{
    const uint8_t *at = text.data;
    int hour, minute, second, milli = 0, offset;
    size_t len = 19;
    int64_t days;

    if (text.len < 20 || (at[10] != 'T' && at[10] != ' ') || at[13] != ':' ||
        at[16] != ':' || !date_days(bytes_of(at, 10), &days))
        return false;
    hour = digits(at + 11, 2);
    minute = digits(at + 14, 2);
    second = digits(at + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 60)
        return false;
    if (at[19] == '.') {
        len = 20;
        for (int scale = 100; len < text.len && digits(at + len, 1) >= 0;
             len++, scale /= 10)
            milli += scale * digits(at + len, 1);
    }
    if (!read_offset(at + len, text.len - len, &offset))
        return false;
    *out = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 +
           milli;
    return true;
}

/* The parts of one line. */
struct parts {
    const char *op, *id;
    const struct kind *kind;
    struct bytes site;
    const json_t *data;
    size_t names;               /* found, of those the line has */
};

static const char *take_text(const json_t *line, const char *name,
                             struct parts *parts)
{
    const char *text = json_string_value(json_object_get(line, name));

    parts->names += text != NULL;
    return text ? text : "";
}

static int take_parts(struct import *import, const json_t *line,
                      struct parts *parts, struct fault *fault)
{
    const struct kinds *kinds = store_kinds(import->options.store);
    struct edit *edit = &import->edit.edit;
    const char *org = import->options.org, *kind;

    *parts = (struct parts){.data = json_object_get(line, "data")};
    parts->names = parts->data != NULL;
    parts->op = take_text(line, "op", parts);
    kind = take_text(line, "kind", parts);
    parts->kind = kinds_find(kinds, kind);
    if (!parts->kind)
        return fault_set(fault, ERR_KIND, "kind", "no such kind");
    if (!id_parse(take_text(line, "id", parts), &edit->record))
        return fault_set(fault, ERR_LINE, "id", "a record id is expected");
    if (!import_time(bytes_text(take_text(line, "at", parts)), &edit->at_ms))
        return fault_set(fault, ERR_LINE, "at",
                         "a time like 2024-12-26T13:08:00+08:00");
    parts->site = bytes_text(take_text(line, "site", parts));
    if (parts->names != json_object_size(line))
        return fault_set(fault, ERR_LINE, "",
                         "only op, kind, id, at, site and data");
    if (parts->site.len < SITE_MIN || parts->site.len > ORG_MAX ||
        strspn((const char *)parts->site.data, "0123456789") !=
            parts->site.len)
        return fault_set(fault, ERR_LINE, "site", "6 to 12 digits");
    if (strncmp((const char *)parts->site.data, org, strlen(org)) != 0)
        return fault_set(fault, ERR_SCOPE, "site", "not below %s", org);
    return 0;
}

/* What the line asks for, as an edit. */
static int fill_edit(struct import *import, const struct parts *parts,
                     struct fault *fault)
{
    struct edit *edit = &import->edit.edit;
    enum import_mode mode = import->options.mode;
    bool insert = strcmp(parts->op, "insert") == 0;

    edit->kind = parts->kind;
    edit->has_at = true;
    edit->imported = true;
    edit->author = bytes_text(import->author);
    edit->stamp = import->options.stamp;
    if (strcmp(parts->op, "delete") == 0 && mode != IMPORT_ADD) {
        if (parts->data)
            return fault_set(fault, ERR_LINE, "data", "none with delete");
        edit->ending = ENDING_END;
        edit->reason = bytes_text("删除");
        return 0;
    }
    if (!insert && (strcmp(parts->op, "update") != 0 || mode == IMPORT_ADD))
        return fault_set(fault, ERR_LINE, "op", "%s",
                         mode == IMPORT_ADD ? "only insert is asked for"
                                            : "insert, update or delete");
    if (!parts->data)
        return fault_set(fault, ERR_LINE, "data", "the fields are missing");
    edit->create = insert && mode != IMPORT_UPDATE;
    /* Asked to add only, a record that is here already is a wrong line. */
    edit->imported = mode != IMPORT_ADD;
    return json_to_fields(parts->data, parts->kind, -1, &import->edit, fault);
}

/* The fingerprint is of the bytes as they came, not of what they mean: only
 * the same line is a line taken before. */
static int save(struct import *import, struct bytes text, struct fault *fault)
{
    uint8_t print[FINGERPRINT];
    int rc;

    crypto_generichash(print, sizeof(print), text.data, text.len, NULL, 0);
    import->edit.edit.token = bytes_of(print, sizeof(print));
    rc = import->options.dry_run
             ? store_try(import->options.store, &import->edit.edit,
                         &import->receipt, fault)
             : store_put(import->options.store, &import->edit.edit,
                         &import->receipt, fault);
    return rc;
}

static int take_line(struct import *import, struct bytes text,
                     struct fault *fault)
{
    struct parts parts;
    json_t *line;
    int rc = json_parse(text, &line, fault);

    if (rc < 0)
        return rc;
    json_edit_clear(&import->edit);
    rc = take_parts(import, line, &parts, fault);
    if (rc == 0)
        rc = fill_edit(import, &parts, fault);
    if (rc == 0)
        rc = save(import, text, fault);
    json_decref(line);
    return rc;
}

/* The store cannot go on: not the line's fault. */
static bool is_fatal(int err)
{
    return err == ERR_IO || err == ERR_FULL || err == ERR_CORRUPT ||
           err == ERR_BUSY || err == ERR_UNKNOWN || err == ERR_FAULT ||
           err == ERR_SCHEMA || err == ERR_NUMBERS;
}

static void count_wrong(struct import *import, const struct fault *fault)
{
    import->counts.wrong++;
    if (import->options.wrong)
        import->options.wrong(import->options.user, import->counts.read,
                              fault);
}

static int on_line(struct import *import, struct bytes text,
                   struct fault *fault)
{
    struct import_counts *counts = &import->counts;
    const struct receipt *receipt = &import->receipt;
    struct fault why = {0};
    int rc;

    /* A file that went through Windows has the same lines. */
    if (text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    counts->read++;
    rc = take_line(import, text, &why);
    why.err = rc;
    if (is_fatal(rc)) {
        *fault = why;
        return rc;
    }
    if (rc < 0)
        count_wrong(import, &why);
    else if (receipt->repeated)
        counts->duplicate++;
    else if (receipt->changes == 0)
        counts->same++;
    else if (import->edit.edit.create && !receipt->existed)
        counts->new++;
    else
        counts->changed++;
    return 0;
}

static bool is_blank(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == 0 || !strchr(" \t\r", text.data[i]))
            return false;
    return true;
}

/* `text` ends a line: what is kept of it stands before. */
static int end_line(struct import *import, struct bytes text,
                    struct fault *fault)
{
    struct fault why;
    int rc = 0;

    if (import->line.len > 0) {
        buf_put(&import->line, text.data, text.len);
        text = buf_view(&import->line);
    }
    /* The mark some programs write before the first line is not part of it. */
    if (!import->begun && text.len >= 3 &&
        memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = bytes_of(text.data + 3, text.len - 3);
    import->begun = true;
    if (import->skipping || import->line.full || text.len > IMPORT_LINE) {
        import->counts.read++;
        fault_set(&why, ERR_LONG, "", "at most %d bytes", IMPORT_LINE);
        count_wrong(import, &why);
    } else if (!is_blank(text)) {
        rc = on_line(import, text, fault);
    }
    buf_clear(&import->line);
    import->skipping = false;
    return rc;
}

int import_feed(struct import *import, struct bytes piece,
                struct fault *fault)
{
    while (piece.len > 0) {
        const uint8_t *feed = memchr(piece.data, '\n', piece.len);
        size_t len = feed ? (size_t)(feed - piece.data) : piece.len;
        int rc = 0;

        if (feed) {
            rc = end_line(import, bytes_of(piece.data, len), fault);
            len++;
        } else if (!import->skipping) {
            buf_put(&import->line, piece.data, len);
            import->skipping = import->line.full;
        }
        if (rc < 0)
            return rc;
        piece = bytes_of(piece.data + len, piece.len - len);
    }
    return 0;
}

int import_end(struct import *import, struct import_counts *out,
               struct fault *fault)
{
    int rc = 0;

    if (import->line.len > 0 || import->skipping)
        rc = end_line(import, bytes_of("", 0), fault);
    *out = import->counts;
    return rc;
}
