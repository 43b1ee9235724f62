/*
 * Put before the program's libraries: when its loop first waits, tries what a
 * daemon that is up must not be able to do, and writes "name errno" for each
 * into the file YZ_PROBE names; 0: it could.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *out;

static void told(const char *name, int could)
{
    fprintf(out, "%s %d\n", name, could ? 0 : errno);
    errno = 0;
}

static int talks(int port, int (*how)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int rc = how(fd, (struct sockaddr *)&at, sizeof at), err = errno;

    close(fd);
    errno = err;
    return rc == 0;
}

static int spawns(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, NULL, 0);
    return child > 0;
}

static int executes(void)
{
    static char *const argv[] = {"/bin/true", NULL};

    return execve(argv[0], argv, NULL) == 0;    /* if it can, nothing is told */
}

static void try_all(void)
{
    struct rlimit core = {1, 1};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const char *shadow = getenv("YZ_PROBE_FILE");

    told("read", open(shadow, O_RDONLY) >= 0);
    told("map", mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    told("protect", mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    told("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
    told("packet", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
    told("signal", kill(getppid(), 0) == 0);
    told("fork", spawns());
    told("mount", syscall(SYS_unshare, 0x20000) == 0);
    told("bind", talks(atoi(getenv("YZ_PROBE_PORT")), bind));
    told("connect", talks(atoi(getenv("YZ_PROBE_PORT")), connect));
    getrlimit(RLIMIT_CORE, &core);
    errno = EPERM;
    told("core", core.rlim_max > 0);
    fflush(out);
    told("exec", executes());
    fclose(out);
}

static void once(void)
{
    const char *path = getenv("YZ_PROBE");

    if (path != NULL && out == NULL && (out = fopen(path, "w")) != NULL)
        try_all();
}

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    once();
    return epoll_pwait(epfd, events, max, timeout, NULL);
}

int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
                const sigset_t *mask)
{
    static int (*real)(int, struct epoll_event *, int, int, const sigset_t *);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "epoll_pwait");
    once();
    return real(epfd, events, max, timeout, mask);
}
