/*
 * The checks, each with its status. Framing first: a message whose end is in
 * doubt must not even be routed. Then who asks, then with what right.
 */
#include "daemon/guard.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The characters of a header's name (RFC 9110, 5.6.2). */
static bool is_token(struct bytes text)
{
    static const char signs[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
            !(c >= 'A' && c <= 'Z') && !(c > 0 && strchr(signs, c)))
            return false;
    }
    return text.len > 0;
}

static bool is_clean(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] < 0x20 && text.data[i] != '\t') ||
            text.data[i] == 0x7F)
            return false;
    return true;
}

void guard_see(struct guard *guard, struct bytes name, struct bytes value)
{
    const char *text = (const char *)value.data;
    struct {
        const char *name, **value;
        int *count;
    } wanted[] = {
        {"Host", &guard->host, &guard->hosts},
        {"Origin", &guard->origin, &guard->origins},
        {"Sec-Fetch-Site", &guard->site, NULL},
        {"Content-Type", &guard->type, &guard->types},
        {"Content-Length", &guard->length, &guard->lengths},
        {"Transfer-Encoding", &guard->coding, &guard->codings},
        {"Authorization", &guard->authorization, &guard->authorizations},
    };

    guard->size += name.len + value.len + 4;
    if (!is_token(name) || !is_clean(value))
        guard->malformed = true;
    if (guard->malformed)
        return;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strcasecmp((const char *)name.data, wanted[i].name) != 0)
            continue;
        *wanted[i].value = text ? text : "";
        if (wanted[i].count)
            ++*wanted[i].count;
    }
}

static int refuse(struct fault *fault, int status, int err, const char *field,
                  const char *why)
{
    fault_set(fault, err, field, "%s", why);
    return status;
}

static bool read_length(const char *text, uint64_t *out)
{
    char *end;

    if (strspn(text, "0123456789") != strlen(text) || strlen(text) < 1 ||
        strlen(text) > 18)
        return false;
    *out = strtoull(text, &end, 10);
    return true;
}

int guard_framing(struct guard *guard, struct fault *fault)
{
    if (guard->size > HEAD_MAX)
        return refuse(fault, 431, ERR_SIZE, "", "the head is too large");
    if (guard->malformed)
        return refuse(fault, 400, ERR_FORMAT, "", "a malformed header");
    if (guard->hosts != 1)
        return refuse(fault, 400, ERR_FORMAT, "Host", "exactly one Host");
    if (guard->lengths > 1 || guard->codings > 1)
        return refuse(fault, 400, ERR_FORMAT, "Content-Length",
                      "the body's length is stated twice");
    if (guard->lengths > 0 && guard->codings > 0)
        return refuse(fault, 400, ERR_FORMAT, "Content-Length",
                      "either Content-Length or Transfer-Encoding");
    if (guard->types > 1 || guard->authorizations > 1 || guard->origins > 1)
        return refuse(fault, 400, ERR_FORMAT, "", "a header is given twice");
    if (guard->codings > 0 && strcasecmp(guard->coding, "chunked") != 0)
        return refuse(fault, 400, ERR_FORMAT, "Transfer-Encoding",
                      "only chunked");
    if (guard->lengths > 0 && !read_length(guard->length, &guard->bytes))
        return refuse(fault, 400, ERR_FORMAT, "Content-Length",
                      "a decimal number");
    guard->chunked = guard->codings > 0;
    return 0;
}

/* Is `host` this machine's own name for `where`, with its port or none? */
static bool is_own(const char *host, const struct listen *where)
{
    const char *const names[] = {"localhost", "127.0.0.1", "[::1]",
                                 where->host};
    char with_port[96];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(with_port, sizeof(with_port), "%s:%u", names[i],
                 (unsigned)where->port);
        if (strcasecmp(host, names[i]) == 0 ||
            strcasecmp(host, with_port) == 0)
            return true;
    }
    return false;
}

int guard_local(const struct guard *guard, const struct listen *where,
                struct fault *fault)
{
    if (!is_own(guard->host, where))
        return refuse(fault, 403, ERR_DENIED, "Host",
                      "only localhost or 127.0.0.1 with the door's port");
    if (guard->origin && (strncmp(guard->origin, "http://", 7) != 0 ||
                          strcasecmp(guard->origin + 7, guard->host) != 0))
        return refuse(fault, 403, ERR_DENIED, "Origin",
                      "no other page may ask here");
    if (guard->site && strcmp(guard->site, "same-origin") != 0 &&
        strcmp(guard->site, "none") != 0)
        return refuse(fault, 403, ERR_DENIED, "Sec-Fetch-Site",
                      "no other page may ask here");
    return 0;
}

int guard_token(const struct guard *guard, const char *token,
                struct fault *fault)
{
    const char *text = guard->authorization;

    if (text && strncasecmp(text, "Bearer ", 7) == 0 &&
        strlen(text + 7) == TOKEN_TEXT &&
        sodium_memcmp(text + 7, token, TOKEN_TEXT) == 0)
        return 0;
    return refuse(fault, 401, ERR_DENIED, "Authorization",
                  "Bearer and the text of the file token in the data folder");
}

int guard_type(const struct guard *guard, const char *type,
               struct fault *fault)
{
    size_t len = strlen(type);

    if (guard->type && strncasecmp(guard->type, type, len) == 0 &&
        (guard->type[len] == '\0' || guard->type[len] == ';' ||
         guard->type[len] == ' '))
        return 0;
    return refuse(fault, 415, ERR_FORMAT, "Content-Type", type);
}
