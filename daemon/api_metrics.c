/*
 * GET /metrics in Prometheus' text format, version 0.0.4. Counts only: a name
 * or a number of a person has no business in a monitoring system.
 */
#include "daemon/api.h"
#include "daemon/backup.h"

#include <stdio.h>
#include <string.h>

static void put(struct buf *out, const char *name, const char *label,
                double value)
{
    char line[160];

    snprintf(line, sizeof(line), "yizhan_%s%s %.17g\n", name, label, value);
    buf_put(out, line, strlen(line));
}

/* A measure with its kind and its help, as Prometheus wants them once. */
static void head(struct buf *out, const char *name, const char *type,
                 const char *help)
{
    char line[240];

    snprintf(line, sizeof(line), "# HELP yizhan_%s %s\n# TYPE yizhan_%s %s\n",
             name, help, name, type);
    buf_put(out, line, strlen(line));
}

static void put_states(struct buf *out, const struct store_status *status)
{
    char label[40];

    head(out, "changes", "gauge", "Changes by state; their sum is written.");
    for (int i = 0; i < STATES; i++) {
        snprintf(label, sizeof(label), "{state=\"%s\"}",
                 state_text((enum state)i));
        put(out, "changes", label, (double)status->count[i]);
    }
}

int api_metrics(struct request *request, struct fault *fault)
{
    struct buf *out = &request->reply.body;
    struct node_progress progress;
    struct store_status status;
    int rc = store_status(node_store(request->node), &status);

    if (rc < 0)
        return fault_set(fault, rc, "", "no status");
    node_progress(request->node, &progress);
    put_states(out, &status);
    struct {
        const char *name, *type, *help;
        double value;
    } rows[] = {
        {"written", "gauge", "Changes written.", (double)status.written},
        {"records", "gauge", "Living records.", (double)status.records},
        {"cases", "gauge", "Open cases.", (double)status.cases},
        {"number", "gauge", "Newest number known.", (double)status.number},
        {"life", "gauge", "Newest life of the hub known.",
         (double)status.life},
        {"secured_number", "gauge",
         "Number through which the hub has an off-box copy, 0 for none.",
         (double)status.secured},
        {"backup_last_seconds", "gauge",
         "Unix time of the last copy in the configured directory, 0 for none.",
         (double)store_recall(node_store(request->node), BACKUP_MS) / 1000},
        {"db_bytes", "gauge", "Size of the database.",
         (double)status.db_bytes},
        {"wal_bytes", "gauge", "Size of its write-ahead log.",
         (double)status.wal_bytes},
        {"exchanges_total", "counter", "Exchanges done since the start.",
         (double)progress.done},
        {"exchanges_failed_total", "counter", "Exchanges that failed.",
         (double)progress.failed},
        {"changes_up_total", "counter", "Changes sent.", (double)progress.up},
        {"news_down_total", "counter", "News taken in.",
         (double)progress.down},
        {"bytes_up_total", "counter", "Bytes sent.",
         (double)progress.bytes_up},
        {"bytes_down_total", "counter", "Bytes received.",
         (double)progress.bytes_down},
        {"last_contact_seconds", "gauge",
         "Unix time of the last proven answer, 0 for never.",
         (double)progress.last_contact / 1000},
        {"last_complete_seconds", "gauge",
         "Unix time when nothing was left to send or to take in.",
         (double)progress.last_complete / 1000},
        {"clock_offset_seconds", "gauge", "This clock minus the hub's.",
         (double)progress.clock_offset_ms / 1000},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        head(out, rows[i].name, rows[i].type, rows[i].help);
        put(out, rows[i].name, "", rows[i].value);
    }
    request->reply.type = "text/plain; version=0.0.4; charset=utf-8";
    return 0;
}
