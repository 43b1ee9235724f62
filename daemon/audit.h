/* What the doors do is noted in the store's audit trail before it is told
 * (store/audit.h): who, on what, never a value. */
#ifndef YZ_AUDIT_H
#define YZ_AUDIT_H

#include "daemon/node.h"
#include "daemon/request.h"

enum { AUDIT_FILE = 100 };

/* Who asks, as the door is told: "author" in the query, "" without. ERR_VALUE. */
int audit_person(const struct request *request, const char **out,
                 struct fault *fault);
/* Note that whoever asks ("author" in the query) does this, on the disk when it
 * is 0; an error refuses what was to be done. `object` is a printf format. */
int audit_asked(struct request *request, struct fault *fault, const char *act,
                const char *object, ...)
    __attribute__((format(printf, 4, 5)));
/* The same by name, or by nobody (""). */
int audit_by(struct node *node, const char *person, struct fault *fault,
             const char *act, const char *object, ...)
    __attribute__((format(printf, 5, 6)));
/* How it ended: what was done cannot be refused any more, so a failure is only
 * logged. */
void audit_ended(struct request *request, const char *act, const char *object,
                 ...) __attribute__((format(printf, 3, 4)));
/* A start: were the configuration or the kinds replaced since the last one? */
void audit_started(struct node *node);

/* The name of a file without its folders; what may be a personal number in it is
 * one star. */
void audit_file(const char *path, char out[AUDIT_FILE]);
/* May this clock be believed? At a station, if it was compared with the hub's
 * and agreed; at a hub, if it does not stand in the past. */
bool audit_clock(struct node *node);

#endif
