/*
 * The load: many clients on kept connections, each with one request on the way.
 *
 *   load PORT FILE CLIENTS SECONDS
 *
 * FILE has whole HTTP requests, each behind its length in four bytes, little
 * end first; a client that has its answer sends the next one of the file. Made
 * before, so that the load takes little of the machine: one thread, epoll, no
 * allocation per request. Ends when the time is over or the file is, and waits
 * for what is on the way. Prints one JSON object: how many were answered, in
 * how many seconds, how many not with 200, percentiles of the answer's time in
 * microseconds, and processor time of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 512, ANSWER = 64 * 1024, PATIENCE_MS = 30000 };

struct client {
    int fd;
    double sent;
    size_t len;                 /* of the answer so far */
    char answer[ANSWER + 1];
};

struct load {
    const unsigned char *at, *end;      /* requests not sent yet */
    struct client *client;
    int epoll, busy;
    double until;
    long done, wrong, room;
    unsigned *took;             /* microseconds of each */
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void hang_up(struct load *load, struct client *client)
{
    close(client->fd);
    client->fd = -1;
    load->busy--;
}

/* Small against a socket's buffer, so one call takes it whole. */
static void send_next(struct load *load, struct client *client)
{
    const unsigned char *at = load->at;
    size_t len;

    client->sent = now();
    if (load->end - at < 4 || client->sent >= load->until) {
        hang_up(load, client);
        return;
    }
    len = at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 |
          (size_t)at[3] << 24;
    load->at = at + 4 + len;
    client->len = 0;
    if (send(client->fd, at + 4, len, MSG_NOSIGNAL) != (ssize_t)len)
        die("send");
}

static bool is_chunked(const char *head)
{
    return strcasestr(head, "\r\ntransfer-encoding: chunked") != NULL;
}

/* All of it is there: by its length, or by the last chunk. */
static bool is_whole(struct client *client)
{
    char *body, *length;

    client->answer[client->len] = '\0';
    body = strstr(client->answer, "\r\n\r\n");
    if (!body)
        return false;
    if (is_chunked(client->answer))
        return client->len >= 5 &&
               memcmp(client->answer + client->len - 5, "0\r\n\r\n", 5) == 0;
    length = strcasestr(client->answer, "\r\ncontent-length:");
    return length && (size_t)(body + 4 - client->answer) +
                             strtoul(length + 17, NULL, 10) <= client->len;
}

static void note(struct load *load, const struct client *client)
{
    if (strncmp(client->answer, "HTTP/1.1 200 ", 13) != 0) {
        if (load->wrong++ == 0)
            fprintf(stderr, "load: first wrong answer: %.600s\n",
                    client->answer);
        return;
    }
    if (load->done < load->room)
        load->took[load->done] = (unsigned)((now() - client->sent) * 1e6);
    load->done++;
}

static void on_answer(struct load *load, struct client *client)
{
    ssize_t got = recv(client->fd, client->answer + client->len,
                       ANSWER - client->len, 0);

    if (got <= 0)
        die("the daemon hung up");
    client->len += (size_t)got;
    if (!is_whole(client)) {
        if (client->len == ANSWER)
            die("the answer is too long");
        return;
    }
    note(load, client);
    send_next(load, client);
}

static void dial(struct load *load, struct client *client, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int one = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        die("epoll");
    load->busy++;
}

static void map(struct load *load, const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat stat;

    if (fd < 0 || fstat(fd, &stat) != 0)
        die(name);
    load->at = mmap(NULL, (size_t)stat.st_size, PROT_READ,
                    MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (load->at == MAP_FAILED)
        die("mmap");
    load->end = load->at + stat.st_size;
    load->room = stat.st_size / 64 + 1;
    load->took = calloc((size_t)load->room, sizeof(*load->took));
    if (!load->took)
        die("memory");
    close(fd);
}

static void run(struct load *load)
{
    struct epoll_event event[64];

    while (load->busy > 0) {
        int n = epoll_wait(load->epoll, event, 64, PATIENCE_MS);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = ETIMEDOUT;
            die("no answer");
        }
        for (int i = 0; i < n; i++)
            on_answer(load, event[i].data.ptr);
    }
}

static int compare(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return x < y ? -1 : x > y;
}

static unsigned percentile(struct load *load, int share)
{
    return load->done ? load->took[(load->done - 1) * share / 100] : 0;
}

static void report(struct load *load, double seconds)
{
    struct rusage use;

    qsort(load->took, (size_t)load->done, sizeof(*load->took), compare);
    getrusage(RUSAGE_SELF, &use);
    printf("{\"count\":%ld,\"wrong\":%ld,\"seconds\":%.6f,\"p50_us\":%u,"
           "\"p99_us\":%u,\"cpu\":%.6f}\n",
           load->done, load->wrong, seconds, percentile(load, 50),
           percentile(load, 99),
           (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
               (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
}

int main(int argc, char **argv)
{
    struct load load = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    int clients = argc == 5 ? atoi(argv[3]) : 0;
    double start;

    if (clients < 1 || clients > CLIENTS_MAX) {
        fprintf(stderr, "usage: load PORT FILE CLIENTS SECONDS\n");
        return 64;
    }
    load.client = calloc((size_t)clients, sizeof(*load.client));
    if (!load.client)
        die("memory");
    map(&load, argv[2]);
    for (int i = 0; i < clients; i++)
        dial(&load, &load.client[i], atoi(argv[1]));
    start = now();
    load.until = start + atof(argv[4]);
    for (int i = 0; i < clients; i++)
        send_next(&load, &load.client[i]);
    run(&load);
    report(&load, now() - start);
    return load.wrong > 0;
}
