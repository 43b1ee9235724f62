/* The ways in at a hub's public door: POST /exchange, and POST /enroll for who
 * has a code. */
#ifndef YZ_GATE_H
#define YZ_GATE_H

#include "daemon/exchange.h"
#include "daemon/request.h"

extern const struct route gate_routes[];

/* When this station last came by the line, the hub's clock; 0: not known. */
int64_t gate_line_ms(struct store *store, const char *station);

/* The handler of POST /enroll. (In api_devices.c.) */
int gate_enrol(struct request *request, struct fault *fault);

#endif
