/* Addresses and spans as they stand in the configuration. */
#ifndef YZ_ADDRESS_H
#define YZ_ADDRESS_H

#include "daemon/config.h"

/* "127.0.0.1:7070" or "[::1]:7070"; "localhost" is 127.0.0.1. False if it is
 * no such thing. */
bool listen_parse(const char *text, struct listen *out);
void listen_text(const struct listen *listen, char *out, size_t size);
bool host_loopback(const char *host);

/* What speaks against this as the hub's address: NULL if nothing does. */
const char *url_objection(const char *url);
/* -1 if it names none. */
int url_port(const char *url);

#endif
