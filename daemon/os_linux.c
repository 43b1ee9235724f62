#include "daemon/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 512, BOOT_DIGITS = 18 };

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

static int os_fault(struct fault *fault, const char *what, const char *path)
{
    int err = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;

    return fault_set(fault, err, "", "%s %s: %s", what, path,
                     strerror(errno));
}

int os_lock(const char *data, struct fault *fault)
{
    char path[PATH_ROOM], pid[24] = "";
    int fd;

    snprintf(path, sizeof path, "%s/lock", data);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return os_fault(fault, "open", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        ssize_t got = read(fd, pid, sizeof pid - 1);

        close(fd);
        return fault_set(fault, ERR_BUSY, "data",
                         "%s, 进程 (process) %ld",
                         data, got > 0 ? strtol(pid, NULL, 10) : 0L);
    }
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* The lock is what counts; on a full disk the number may be missing. */
    if (ftruncate(fd, 0) == 0 && write(fd, pid, strlen(pid)) < 0)
        pid[0] = '\0';
    /* cppcheck-suppress resourceLeak ; held until the process ends */
    return 0;
}

int os_directory(const char *path, struct fault *fault)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    return os_fault(fault, "mkdir", path);
}

static int sync_parent(const char *path)
{
    char parent[PATH_ROOM];
    const char *slash = strrchr(path, '/');
    int fd, rc;

    snprintf(parent, sizeof parent, "%.*s",
             slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

static int write_all(int fd, struct bytes content)
{
    while (content.len > 0) {
        ssize_t done = write(fd, content.data, content.len);

        if (done < 0 && errno != EINTR)
            return -1;
        if (done > 0) {
            content.data += done;
            content.len -= (size_t)done;
        }
    }
    return 0;
}

int os_write_file(const char *path, struct bytes content, struct fault *fault)
{
    char fresh[PATH_ROOM];
    int fd, rc;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return os_fault(fault, "open", fresh);
    rc = write_all(fd, content);
    if (rc == 0)
        rc = fsync(fd);
    if (close(fd) < 0 || rc < 0 || rename(fresh, path) < 0 ||
        sync_parent(path) < 0)
        return os_fault(fault, "write", path);
    return 0;
}

int os_remove_file(const char *path, struct fault *fault)
{
    if ((unlink(path) < 0 && errno != ENOENT) || sync_parent(path) < 0)
        return os_fault(fault, "remove", path);
    return 0;
}

bool os_file_there(const char *path)
{
    return access(path, F_OK) == 0;
}

int os_take_room(const char *path, int64_t bytes, struct fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int rc = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);

    if (fd >= 0)
        close(fd);
    if (rc != 0)
        unlink(path);
    errno = rc;
    return rc == 0 ? 0 : os_fault(fault, "write", path);
}

int64_t os_room(const char *path)
{
    struct statvfs disk;

    if (statvfs(path, &disk) < 0)
        return INT64_MAX;
    return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

int os_read_file(const char *path, size_t max, struct buf *out,
                 struct fault *fault)
{
    uint8_t part[4096];
    FILE *file = fopen(path, "rbe");
    size_t got;

    if (file == NULL)
        return errno == ENOENT ? 0 : os_fault(fault, "open", path);
    while ((got = fread(part, 1, sizeof part, file)) > 0 && out->len <= max)
        buf_put(out, part, got);
    if (ferror(file)) {
        fclose(file);
        return os_fault(fault, "read", path);
    }
    fclose(file);
    if (out->full || out->len > max)
        return fault_set(fault, ERR_SIZE, "", "%s: at most %zu bytes", path,
                         max);
    return 1;
}

int64_t os_size(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size
                                                           : -1;
}

static int copy_all(int from, int to)
{
    uint8_t part[64 * 1024];
    ssize_t got;

    while ((got = read(from, part, sizeof part)) != 0)
        if (got > 0 ? write_all(to, bytes_of(part, (size_t)got)) < 0
                    : errno != EINTR)
            return -1;
    return fsync(to);
}

int os_copy(const char *from, const char *to, struct fault *fault)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out, rc;

    if (in < 0)
        return os_fault(fault, "open", from);
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) {
        rc = os_fault(fault, "open", to);
        close(in);
        return rc;
    }
    rc = copy_all(in, out);
    if (close(out) < 0 || rc < 0 || sync_parent(to) < 0) {
        rc = os_fault(fault, "copy to", to);
        unlink(to);
    }
    close(in);
    return rc;
}

int os_rename(const char *from, const char *to, struct fault *fault)
{
    if (rename(from, to) < 0 || sync_parent(to) < 0)
        return os_fault(fault, "rename to", to);
    return 0;
}

int os_own_directory(const char *path, struct fault *fault)
{
    struct stat info;

    if (stat(path, &info) < 0)
        return os_fault(fault, "open", path);
    if (!S_ISDIR(info.st_mode))
        return fault_set(fault, ERR_IO, "", "%s is no directory", path);
    if ((info.st_mode & 077) != 0)
        return fault_set(fault, ERR_DENIED, "",
                         "others may look into %s: chmod 700 it", path);
    if (info.st_uid != geteuid() && geteuid() != 0)
        return fault_set(fault, ERR_DENIED, "",
                         "%s belongs to another account: run this as that one",
                         path);
    return os_may_write(path) ? 0
                              : fault_set(fault, ERR_DENIED, "",
                                          "%s cannot be written", path);
}

bool os_may_write(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}

bool os_is_service(void)
{
    return getenv("INVOCATION_ID") != NULL;
}

bool os_has_services(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

void os_own_like(const char *path, const char *like)
{
    struct stat info;

    /* Who may not has no need to: the files are its own. */
    if (geteuid() == 0 && stat(like, &info) == 0 &&
        lchown(path, info.st_uid, info.st_gid) < 0)
        return;
}

bool os_same_disk(const char *one, const char *other)
{
    struct stat a, b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 &&
           a.st_dev == b.st_dev;
}

static bool ends_so(const char *name, const char *ending)
{
    size_t len = strlen(name), end = strlen(ending);

    return name[0] != '.' && len > end &&
           strcmp(name + len - end, ending) == 0;
}

int os_list(const char *path, const char *ending, struct buf *out,
            struct fault *fault)
{
    struct dirent **list = NULL;
    int count = scandir(path, &list, NULL, alphasort);

    if (count < 0)
        return os_fault(fault, "list", path);
    for (int i = 0; i < count; i++) {
        if (ends_so(list[i]->d_name, ending))
            buf_put(out, list[i]->d_name, strlen(list[i]->d_name) + 1);
        free(list[i]);
    }
    free(list);
    return 0;
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

void os_no_core(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}
