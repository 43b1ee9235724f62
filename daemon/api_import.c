/*
 * POST /api/import: lines come in as the body does, and are committed with the
 * turn they came in; the counts go out after the last commit. Wrong lines are
 * kept in a nameless temporary file, so their number is no matter of memory:
 * they hold names of fields and rules, never a value.
 *
 * Query: mode, dry_run, author, name (of the file); with report=1 "lines" has
 * every wrong line, else the first LINES_MAX.
 */
#include "daemon/api.h"
#include "daemon/audit.h"
#include "daemon/import.h"
#include "daemon/log.h"
#include "daemon/room.h"
#include "proto/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINES_MAX = 100 };

static const char *const modes[] = {"both", "add", "update"};

struct upload {
    struct import *import;
    struct import_counts counts;
    bool dry_run, all;          /* all: wrong lines without a limit */
    bool noted;                 /* that it began, and not yet how it ended */
    uint64_t told;              /* of them, in the file */
    FILE *spool;
    struct timespec start;
};

static void on_wrong(void *user, uint64_t line, const struct fault *fault)
{
    struct upload *upload = user;
    json_t *wrong;

    if (!upload->all && upload->told == LINES_MAX)
        return;
    wrong = json_from_wrong(line, fault);
    if (upload->told++ > 0)
        fputs(",\n", upload->spool);
    json_dumpf(wrong, upload->spool, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(wrong);
}

static int take_query(const struct request *request, struct upload *upload,
                      struct import_options *out, struct fault *fault)
{
    struct bytes author = {0};

    out->author = request_query(request, "author");
    if (out->author)
        author = bytes_text(out->author);
    if (author.len > AUTHOR_MAX || !text_valid(author))
        return fault_set(fault, ERR_VALUE, "author", "at most %d bytes of text",
                         AUTHOR_MAX);
    if (!import_mode_parse(request_query(request, "mode"), &out->mode))
        return fault_set(fault, ERR_VALUE, "mode", "add, update or both");
    upload->dry_run = out->dry_run = request_asks(request, "dry_run") ||
                                     request_asks(request, "dry-run");
    upload->all = request_asks(request, "report");
    return 0;
}

int api_import_begin(struct request *request, struct fault *fault)
{
    struct upload *upload = xmalloc(sizeof(*upload));
    struct import_options options = {
        .store = node_store(request->node),
        .org = node_config(request->node)->org,
        .stamp = node_stamp(request->node),
        .wrong = on_wrong,
        .user = upload,
    };
    char name[AUDIT_FILE];
    int rc;

    *upload = (struct upload){.spool = NULL};
    request->state = upload;
    clock_gettime(CLOCK_MONOTONIC, &upload->start);
    rc = take_query(request, upload, &options, fault);
    if (rc < 0)
        return rc;
    upload->spool = tmpfile();
    if (!upload->spool)
        return fault_set(fault, ERR_IO, "", "no temporary file");
    audit_file(request_query(request, "name") ? request_query(request, "name")
                                              : "-", name);
    rc = audit_asked(request, fault, "import", "begun %s mode=%s dry=%d", name,
                     modes[options.mode], upload->dry_run);
    if (rc < 0)
        return rc;
    upload->noted = true;
    log_event(LOG_I, 5010, "import.start", "dry=%d", upload->dry_run);
    return import_new(&options, &upload->import, fault);
}

int api_import_piece(struct request *request, struct bytes data,
                     struct fault *fault)
{
    struct upload *upload = request->state;
    int rc = room_check(node_config(request->node), ROOM_TO_SAVE, fault);

    if (rc == 0)
        rc = import_feed(upload->import, data, fault);
    reached(node_store(request->node), REACH_IMPORT);
    return rc;
}

int api_import_end(struct request *request, struct fault *fault)
{
    struct upload *upload = request->state;
    int rc = import_end(upload->import, &upload->counts, fault);

    /* The core hears of it once, at the end: an exchange in the middle would
     * compete with the import for the disk. */
    if (rc == 0 && !upload->dry_run)
        node_saved(request->node);
    return rc;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) +
           (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static json_t *from_counts(const struct upload *upload)
{
    const struct import_counts *counts = &upload->counts;
    double seconds = seconds_since(&upload->start);
    json_t *out = json_object();
    struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"read", counts->read},       {"new", counts->new},
        {"changed", counts->changed}, {"same", counts->same},
        {"wrong", counts->wrong},     {"duplicate", counts->duplicate},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        json_object_set_new(out, rows[i].name,
                            json_integer((json_int_t)rows[i].count));
    json_object_set_new(out, "seconds",
                        json_real((double)(int64_t)(seconds * 1000) / 1000));
    return out;
}

static int spool_fill(struct request *request)
{
    struct upload *upload = request->state;
    uint8_t *room = buf_room(&request->reply.body, REPLY_STEP);
    size_t got = room ? fread(room, 1, REPLY_STEP, upload->spool) : 0;

    if (!room || ferror(upload->spool))
        return ERR_IO;
    request->reply.body.len -= REPLY_STEP - got;
    if (got < REPLY_STEP) {
        buf_put(&request->reply.body, "]}\n", 3);
        request->reply.fill = NULL;
    }
    return 0;
}

/* In the log and in the audit trail; of one that was cut the journal tells how
 * many lines it took. */
static void tell_counts(struct request *request)
{
    struct upload *upload = request->state;
    const struct import_counts *counts = &upload->counts;
    char text[200];

    snprintf(text, sizeof(text),
             "read=%llu new=%llu changed=%llu same=%llu wrong=%llu "
             "duplicate=%llu",
             (unsigned long long)counts->read,
             (unsigned long long)counts->new,
             (unsigned long long)counts->changed,
             (unsigned long long)counts->same,
             (unsigned long long)counts->wrong,
             (unsigned long long)counts->duplicate);
    log_event(LOG_I, 5011, "import.done", "%s", text);
    audit_ended(request, "import", "done %s", text);
    upload->noted = false;
}

/* One object, although its lines come from the file: the counts, their closing
 * brace taken off again, and then the lines. */
int api_import_ready(struct request *request, struct fault *fault)
{
    static const char lines[] = ",\"lines\":[";
    struct upload *upload = request->state;
    struct buf *body = &request->reply.body;

    tell_counts(request);
    if (fflush(upload->spool) != 0 || fseek(upload->spool, 0, SEEK_SET) != 0)
        return fault_set(fault, ERR_IO, "", "the temporary file is full");
    json_print(from_counts(upload), body);
    body->len--;
    buf_put(body, lines, strlen(lines));
    request->reply.fill = spool_fill;
    return 0;
}

void api_import_drop(struct request *request)
{
    struct upload *upload = request->state;

    if (!upload)
        return;
    if (upload->noted)
        audit_ended(request, "import", "%s", "cut");
    import_free(upload->import);
    if (upload->spool)
        fclose(upload->spool);
    free(upload);
}
