/* Files and directories: os.h's part for Linux. What must survive a power cut is
 * synced, and its directory too. */
#include "daemon/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PATH_ROOM = 512 };

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

/* What an older version, or a person, left open in it. That it can be helped is
 * not asked: nobody comes as far as that. */
static void close_files(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    struct stat info;

    /* cppcheck-suppress readdirCalled ; there is one thread */
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (fstatat(dirfd(folder), entry->d_name, &info,
                    AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode) && (info.st_mode & 077) != 0 &&
            fchmodat(dirfd(folder), entry->d_name, info.st_mode & 0700, 0) < 0)
            break;
    if (folder != NULL)
        closedir(folder);
}

/* Nothing else lies in it: it is empty, or a register does. */
static bool is_for_data(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool empty = true, ours = false;

    /* cppcheck-suppress readdirCalled ; there is one thread */
    while (folder != NULL && !ours && (entry = readdir(folder)) != NULL) {
        ours = strcmp(entry->d_name, "yizhan.db") == 0;
        empty = empty && (strcmp(entry->d_name, ".") == 0 ||
                          strcmp(entry->d_name, "..") == 0);
    }
    if (folder != NULL)
        closedir(folder);
    return folder != NULL && (empty || ours);
}

int os_directory(const char *path, struct fault *fault)
{
    struct stat info;

    if ((mkdir(path, 0700) < 0 && errno != EEXIST) || stat(path, &info) < 0)
        return os_fault(fault, "mkdir", path);
    if (S_ISDIR(info.st_mode) && (info.st_mode & 077) != 0 &&
        !(is_for_data(path) && chmod(path, 0700) == 0))
        return fault_set(fault, ERR_CONFIG, "data",
                         "others may look into it: chmod 700 %s", path);
    close_files(path);
    return 0;
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
