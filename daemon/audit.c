/*
 * Noting what people do at the doors. A row is committed alone, before the
 * reply: an export whose row cannot be written is refused, and one that was cut
 * has a row that tells so.
 */
#include "daemon/audit.h"
#include "daemon/backup.h"
#include "daemon/log.h"
#include "daemon/open.h"
#include "daemon/room.h"
#include "proto/value.h"
#include "store/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCK_OFF_MS = 10 * 60 * 1000 };

/* A clock before this program was written is none. */
#define YEAR_2025 INT64_C(1735689600000)

bool audit_clock(struct node *node)
{
    int64_t now = node_stamp(node).wall_ms;
    struct node_progress progress;

    node_progress(node, &progress);
    if (!node_config(node)->hub)
        return progress.clock_measured &&
               llabs(progress.clock_offset_ms) <= CLOCK_OFF_MS;
    return now >= YEAR_2025 &&
           now >= store_recall(node_store(node), BACKUP_MS) - CLOCK_OFF_MS;
}

__attribute__((format(printf, 5, 0)))
static int note(struct node *node, const char *person, struct fault *fault,
                const char *act, const char *object, va_list args)
{
    const struct opened *open = node_opened(node);
    char text[AUDIT_OBJECT + 1];
    struct audited row = {
        .wall_ms = node_stamp(node).wall_ms,
        .trusted = audit_clock(node),
        .person = person,
        .device = open->name[0] ? open->name : node_config(node)->name,
        .act = act,
        .object = text,
    };
    int rc = room_check(node_config(node), ROOM_TO_NOTE, fault);

    vsnprintf(text, sizeof(text), object, args);
    return rc < 0 ? rc : store_audit(node_store(node), &row, fault);
}

int audit_person(const struct request *request, const char **out,
                 struct fault *fault)
{
    const char *name = request_query(request, "author");
    struct bytes text = bytes_text(name ? name : "");

    *out = name ? name : "";
    return text.len <= AUTHOR_MAX && text_valid(text)
               ? 0
               : fault_set(fault, ERR_VALUE, "author",
                           "at most %d bytes of text", AUTHOR_MAX);
}

int audit_by(struct node *node, const char *person, struct fault *fault,
             const char *act, const char *object, ...)
{
    va_list args;
    int rc;

    va_start(args, object);
    rc = note(node, person, fault, act, object, args);
    va_end(args);
    return rc;
}

int audit_asked(struct request *request, struct fault *fault, const char *act,
                const char *object, ...)
{
    const char *person;
    va_list args;
    int rc = audit_person(request, &person, fault);

    va_start(args, object);
    if (rc == 0)
        rc = note(request->node, person, fault, act, object, args);
    va_end(args);
    return rc;
}

void audit_ended(struct request *request, const char *act, const char *object,
                 ...)
{
    struct fault fault = {.err = 0};
    const char *person;
    va_list args;
    int rc = audit_person(request, &person, &fault);

    va_start(args, object);
    if (rc == 0)
        rc = note(request->node, person, &fault, act, object, args);
    va_end(args);
    if (rc < 0)
        log_event(LOG_E, err_code(rc), "audit.end", "act=%s", act);
}

/* ---- names of files ---- */

enum { NUMBER_DIGITS = 11 };    /* of a phone; an id number has more */

void audit_file(const char *path, char out[AUDIT_FILE])
{
    size_t len = 0, digits;

    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            path = at + 1;
    for (; *path && len + 4 < AUDIT_FILE; path += digits) {
        digits = strspn(path, "0123456789");
        if (digits >= NUMBER_DIGITS) {
            out[len++] = '*';
        } else if (digits > 0) {
            len += (size_t)snprintf(out + len, AUDIT_FILE - len, "%.*s",
                                    (int)digits, path);
            len = len < AUDIT_FILE ? len : AUDIT_FILE - 1;
        } else {
            digits = 1;
            out[len++] = *path;
        }
    }
    out[len] = '\0';
}

/* ---- what a start runs with ---- */

/* Eight bytes of it, as the store remembers numbers. */
static int64_t digest(struct bytes text)
{
    struct hash none = {{0}}, hash = change_hash(&none, text);
    int64_t out;

    memcpy(&out, hash.b, sizeof(out));
    return out;
}

static int note_changed(struct node *node, const char *name, int64_t now,
                        const char *act, struct fault *fault)
{
    struct store *store = node_store(node);
    const struct config *config = node_config(node);
    int64_t before = store_recall(store, name);
    int rc;

    if (before == now)
        return 0;
    rc = audit_by(node, "", fault, act, "org=%s %s=%016llx before=%016llx",
                  config->org, name, (unsigned long long)now,
                  (unsigned long long)before);
    return rc < 0 ? rc : store_remember(store, name, now);
}

/* A disk that is full keeps nobody from reading, so a start is never refused for
 * this: the next one finds the same. */
void audit_started(struct node *node)
{
    const struct kinds *kinds = store_kinds(node_store(node));
    struct fault fault = {.err = 0};
    struct config_value value;
    struct buf text;
    int rc;

    buf_init(&text, CONFIG_KEYS * sizeof(value));
    for (int i = 0; config_value(node_config(node), i, &value); i++)
        buf_bytes(&text, bytes_text(value.text));
    rc = note_changed(node, "audit_config", digest(buf_view(&text)),
                      "config", &fault);
    buf_done(&text);
    if (rc == 0)
        rc = note_changed(node, "audit_kinds",
                          digest(bytes_of(kinds->hash, HASH_SIZE)), "kinds",
                          &fault);
    if (rc < 0)
        log_event(LOG_E, err_code(rc), "audit.start", NULL);
}
