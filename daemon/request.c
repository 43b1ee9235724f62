/*
 * What every handler needs of a request, and how a refusal looks to the caller.
 */
#include "daemon/request.h"
#include "daemon/json.h"

#include <string.h>

const struct route *route_find(const struct route *routes, const char *method,
                               const char *path, bool *known)
{
    *known = false;
    for (; routes->method; routes++) {
        if (strcmp(routes->path, path) != 0)
            continue;
        *known = true;
        if (strcmp(routes->method, method) == 0)
            return routes;
    }
    return NULL;
}

bool name_among(const char *name, const char *names)
{
    size_t len = strlen(name);

    while (*names) {
        size_t next = strcspn(names, " ");

        if (next == len && memcmp(names, name, len) == 0)
            return true;
        names += next;
        names += strspn(names, " ");
    }
    return false;
}

bool route_takes(const struct route *route, const char *name)
{
    return strcmp(name, "author") == 0 ||
           name_among(name, route->query ? route->query : "");
}

const char *request_query(const struct request *request, const char *name)
{
    for (int i = 0; i < request->queries; i++)
        if (strcmp(request->query[i].name, name) == 0)
            return request->query[i].value;
    return NULL;
}

bool request_asks(const struct request *request, const char *name)
{
    const char *value = request_query(request, name);

    return value && strcmp(value, "") != 0 && strcmp(value, "0") != 0 &&
           strcmp(value, "false") != 0 && strcmp(value, "no") != 0;
}

/* Statuses are for machines in between; people and scripts read the code. So
 * 422 is everything a person has to correct, 5xx everything we have to. */
int http_status(int err)
{
    switch (err) {
    case 0:
        return 200;
    case ERR_JSON:
    case ERR_FORMAT:
    case ERR_VERSION:
    case ERR_CHECKSUM:
    case ERR_USAGE:
        return 400;
    case ERR_DENIED:
    case ERR_MAC:
    case ERR_STATION:
    case ERR_REVOKED:
    case ERR_CODE:
        return 403;
    case ERR_RECORD:
    case ERR_CASE:
        return 404;
    case ERR_RUNNING:           /* the same request may do later */
    case ERR_TOKEN:
        return 409;
    case ERR_SIZE:
        return 413;
    case ERR_AGAIN:
        return 429;
    case ERR_IO:
    case ERR_CORRUPT:
    case ERR_AUDIT:
    case ERR_UNKNOWN:
    case ERR_SCHEMA:
    case ERR_NUMBERS:
    case ERR_FAULT:
        return 500;
    case ERR_BUSY:
    case ERR_NET:
    case ERR_STALL:
        return 503;
    case ERR_FULL:
        return 507;
    default:
        return 422;
    }
}

void reply_fault(struct reply *reply, int status, const struct fault *fault)
{
    buf_clear(&reply->body);
    reply->status = status ? status : http_status(fault->err);
    reply->type = NULL;
    reply->fill = NULL;
    json_print_line(json_from_fault(fault), &reply->body);
}

void reply_text(struct reply *reply, const char *type, const char *text)
{
    reply->type = type;
    buf_put(&reply->body, text, strlen(text));
}
