#include "daemon/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Four numbers and nothing else: inet_aton would take "127.1" and "0x7f.1",
 * and a check for loopback must not be fooled by other spellings. */
static bool ipv4_valid(const char *text)
{
    for (int part = 0; part < 4; part++) {
        int value = 0, digits = 0;

        if (part > 0 && *text++ != '.')
            return false;
        while (*text >= '0' && *text <= '9' && digits < 3) {
            value = value * 10 + (*text++ - '0');
            digits++;
        }
        if (digits == 0 || value > 255)
            return false;
    }
    return *text == '\0';
}

static bool ipv6_valid(const char *text)
{
    return strchr(text, ':') &&
           strspn(text, "0123456789abcdefABCDEF:.") == strlen(text);
}

static bool port_parse(const char *text, uint16_t *out)
{
    size_t len = strlen(text);
    long value;

    if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
        return false;
    value = strtol(text, NULL, 10);
    if (value < 1 || value > 65535)
        return false;
    *out = (uint16_t)value;
    return true;
}

bool listen_parse(const char *text, struct listen *out)
{
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[';
    struct listen listen = {.port = 0};
    size_t len;

    if (!colon || !port_parse(colon + 1, &listen.port))
        return false;
    len = (size_t)(colon - text);
    if (brackets) {
        if (len < 3 || text[len - 1] != ']')
            return false;
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(listen.host))
        return false;
    memcpy(listen.host, text, len);
    if (!brackets && strcmp(listen.host, "localhost") == 0)
        strcpy(listen.host, "127.0.0.1");
    if (brackets ? !ipv6_valid(listen.host) : !ipv4_valid(listen.host))
        return false;
    *out = listen;
    return true;
}

void listen_text(const struct listen *listen, char *out, size_t size)
{
    bool ipv6 = strchr(listen->host, ':') != NULL;

    snprintf(out, size, "%s%s%s:%u", ipv6 ? "[" : "", listen->host,
             ipv6 ? "]" : "", listen->port);
}

bool host_loopback(const char *host)
{
    if (strcmp(host, "::1") == 0)
        return true;
    return ipv4_valid(host) && strncmp(host, "127.", 4) == 0;
}

/* "hub.example:7443" */
static bool name_parse(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t len = strspn(text, allowed);
    uint16_t port;

    return len > 0 && len < 100 && text[len] == ':' &&
           port_parse(text + len + 1, &port);
}

const char *url_objection(const char *url)
{
    struct listen at;

    if (strncmp(url, "https://", 8) == 0)
        return name_parse(url + 8) || listen_parse(url + 8, &at)
                   ? NULL : "allowed: https://HOST:PORT and nothing after it";
    if (strncmp(url, "http://", 7) != 0 || !listen_parse(url + 7, &at))
        return "allowed: https://HOST:PORT and nothing after it";
    if (!host_loopback(at.host))
        return "plain http:// is allowed for loopback addresses only "
               "(127.0.0.0/8, [::1], localhost): the line could be read";
    return NULL;
}

int url_port(const char *url)
{
    const char *at = strrchr(url, ':');
    char *end;
    long port = at == NULL ? 0 : strtol(at + 1, &end, 10);

    return port > 0 && port < 65536 && *end == '\0' ? (int)port : -1;
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {
    {"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1},
};

enum { UNITS = sizeof(units) / sizeof(units[0]) };

bool span_parse(const char *text, int64_t *ms)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9)
        return false;
    for (int i = 0; i < UNITS; i++)
        if (strcmp(text + digits, units[i].name) == 0) {
            *ms = strtoll(text, NULL, 10) * units[i].ms;
            return true;
        }
    return false;
}

void span_text(int64_t ms, char *out)
{
    int unit = 0;

    while (unit < UNITS - 1 && (ms == 0 || ms % units[unit].ms != 0))
        unit++;
    snprintf(out, 32, "%lld%s", (long long)(ms / units[unit].ms),
             units[unit].name);
}

bool org_valid(const char *text)
{
    size_t len = strlen(text);

    return len >= 6 && len <= 12 && strspn(text, "0123456789") == len;
}

bool station_name_valid(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(text);

    return len >= 1 && len <= 60 && strspn(text, allowed) == len;
}

bool path_whole(const char *text)
{
    bool drive = ((text[0] | 32) >= 'a' && (text[0] | 32) <= 'z') &&
                 text[1] == ':' && (text[2] == '\\' || text[2] == '/');

    return text[0] == '/' || drive;
}
