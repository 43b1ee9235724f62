/* The ways in at a hub's public door: POST /exchange, and POST /enroll for who
 * has a code. */
#ifndef YZ_GATE_H
#define YZ_GATE_H

#include "daemon/exchange.h"
#include "daemon/request.h"

extern const struct route gate_routes[];

/* When a station's whole ask last came by the line or on a stick, the hub's
 * clock, 0: not known. Kept beside the register. */
#define BY_LINE "line"
#define BY_STICK "stick"
int gate_came(struct store *store, const char *by, const char *station,
              int64_t wall_ms);
int64_t gate_came_ms(struct store *store, const char *by,
                     const char *station);

/* The handler of POST /enroll. (In api_devices.c.) */
int gate_enrol(struct request *request, struct fault *fault);

#endif
