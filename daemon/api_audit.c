/*
 * GET /api/audit: the audit trail as NDJSON, as `yizhan audit --json` prints it,
 * read as it goes out.
 */
#include "daemon/api.h"
#include "store/audit.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    uint64_t n;                 /* done through here */
    int64_t since_ms;
    struct audited row;
};

/* What was altered may be no text any more; then it is null. */
static json_t *text(const char *text)
{
    return json_from_bytes(bytes_text(text));
}

static json_t *from_row(const struct audited *row)
{
    json_t *out = json_object();

    json_object_set_new(out, "n", json_integer((json_int_t)row->n));
    json_object_set_new(out, "time", json_from_time(row->wall_ms));
    json_object_set_new(out, "trusted", json_boolean(row->trusted));
    json_object_set_new(out, "person", text(row->person));
    json_object_set_new(out, "device", text(row->device));
    json_object_set_new(out, "act", text(row->act));
    json_object_set_new(out, "object", text(row->object));
    json_object_set_new(out, "hash", json_from_hash(&row->hash));
    return out;
}

static int audit_fill(struct request *request)
{
    struct walk *walk = request->state;
    struct buf *out = &request->reply.body;
    size_t start = out->len;

    while (out->len - start < REPLY_STEP) {
        int rc = store_audit_next(node_store(request->node), walk->n,
                                  walk->since_ms, &walk->row);

        if (rc <= 0)
            return rc;
        if (walk->row.n <= walk->n)
            return ERR_CORRUPT; /* else it might go round for ever */
        walk->n = walk->row.n;
        json_print_line(from_row(&walk->row), out);
    }
    return 0;
}

int api_audit(struct request *request, struct fault *fault)
{
    struct walk *walk = xmalloc(sizeof(*walk));

    memset(walk, 0, sizeof(*walk));
    request->state = walk;
    request->reply.type = NDJSON_TYPE;
    request->reply.fill = audit_fill;
    return api_time(request, "since", &walk->since_ms, fault);
}

void api_audit_drop(struct request *request)
{
    free(request->state);
}
