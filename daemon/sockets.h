/* curl's sockets and its timer, on a loop of libuv's. */
#ifndef YZ_SOCKETS_H
#define YZ_SOCKETS_H

#include <curl/curl.h>
#include <uv.h>

struct sockets;

/* `moved` is called after curl had a turn: look at its messages. */
struct sockets *sockets_open(uv_loop_t *loop, CURLM *multi,
                             void (*moved)(void *user), void *user);
/* After curl is gone. Freed by the loop. */
void sockets_close(struct sockets *sockets);
/* An exchange begins. */
void sockets_begin(struct sockets *sockets);
/* Bytes of it that this machine keeps, as the other end has not said that it has
 * them; of a connection that was closed those it kept at the end. */
uint64_t sockets_unsent(const struct sockets *sockets);

#endif
