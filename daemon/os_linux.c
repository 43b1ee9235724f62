#include "daemon/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BOOT_DIGITS = 18 };

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t os_mono_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

int64_t os_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

void os_boot(uint8_t out[8])
{
    char text[40] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    memset(out, 0, 8);
    if (file == NULL)
        return;
    if (fgets(text, sizeof text, file) == NULL ||
        sodium_hex2bin(out, 8, text, BOOT_DIGITS, "-", NULL, NULL) != 0)
        memset(out, 0, 8);
    fclose(file);
}

void os_random(void *user, void *out, size_t len)
{
    uint8_t *at = out;

    (void)user;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno != EINTR)
            abort();            /* no names without chance */
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

bool os_is_service(void)
{
    return getenv("INVOCATION_ID") != NULL;
}

bool os_has_services(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

/* The protocol of sd_notify(3): one datagram, a leading '@' is an abstract
 * name. Ten lines instead of a library. */
void os_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path == NULL ? 0 : strlen(path);
    int fd;

    if (len == 0 || len >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

/* Half of what is asked for, as sd_watchdog_enabled(3) advises. */
int64_t os_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");

    return usec == NULL ? 0 : strtoll(usec, NULL, 10) / 2000;
}

bool os_never_sent(int socket)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           len >= offsetof(struct tcp_info, tcpi_bytes_received) +
                      sizeof info.tcpi_bytes_received &&
           info.tcpi_bytes_received == 0;
}

uint64_t os_unsent(int socket)
{
    int bytes = 0;

    return ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0
               ? (uint64_t)bytes : 0;
}

void os_small_packets(int socket, int bytes)
{
    setsockopt(socket, IPPROTO_TCP, TCP_MAXSEG, &bytes, sizeof(bytes));
}

int os_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return INT_MAX;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur > INT_MAX ? INT_MAX : (int)files.rlim_cur;
}

void os_keep_private(void)
{
    struct rlimit none = {0, 0};

    umask(077);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}
