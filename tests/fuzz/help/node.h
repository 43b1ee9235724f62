/* A node without a loop, so that the API's handlers run as they are. */
#ifndef YZ_FUZZ_NODE_H
#define YZ_FUZZ_NODE_H

#include "daemon/node.h"

struct desk {                   /* what the node's functions give */
    struct store *store;
    struct config config;
    struct fault fault;         /* of the job that was done last */
};
extern struct desk desk;

/* Do the job that a request began, to its end. */
void node_do_job(struct fault *out);
/* Between two inputs. */
void node_forget_all(void);

#endif
