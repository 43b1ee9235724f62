/*
 * What the process gives up once it is up: it reads, writes and talks, and never
 * starts another program, looks into another process, or makes code.
 *
 * Happy path: no core dumps; Landlock: nothing is executed, and connections go to
 * one port; seccomp: only the calls that are on the list.
 * What can fail: a kernel without the one or the other. The unit files ask for
 * the same and more; this is for whoever runs without them.
 *
 * Landlock has no rule for paths here: `backup DIR` takes any folder its caller
 * names, also one that is mounted tomorrow, and what Landlock once denied it
 * never allows again.
 */
#include "daemon/os.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* ---- Landlock ---- */

/* Newer than the system's headers (landlock(7)): TCP from ABI 4 on. */
struct net_ruleset {
    uint64_t files, net;
};

struct net_port {
    uint64_t allowed, port;
};

enum {
    NET_ABI = 4,
    RULE_NET_PORT = 2,
    NET_BIND = 1,
    NET_CONNECT = 2,
    DNS_PORT = 53               /* of answers too long for a datagram */
};

static bool allow_port(int rules, int port)
{
    struct net_port rule = {NET_CONNECT, (uint64_t)port};

    return port == 0 || syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT,
                                &rule, 0) == 0;
}

static bool landlock(int port)
{
    struct net_ruleset ruleset = {
        .files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                 LANDLOCK_ACCESS_FS_MAKE_BLOCK,
        .net = NET_BIND | NET_CONNECT,
    };
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
                       LANDLOCK_CREATE_RULESET_VERSION);
    bool net = abi >= NET_ABI && port >= 0, done;
    int rules;

    if (abi < 1)
        return false;
    rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset,
                         net ? sizeof ruleset : sizeof ruleset.files, 0);
    if (rules < 0)
        return false;
    done = !net || (allow_port(rules, port) &&
                    (port == 0 || allow_port(rules, DNS_PORT)));
    done = done && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return done;
}

/* ---- seccomp ---- */

/* Files, the loop, lines, memory, threads of the resolver, signals to itself. */
static const char *const calls[] = {
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64",
    "pwritev", "open", "openat", "close", "close_range", "stat", "fstat",
    "lstat", "newfstatat", "fstatat64", "stat64", "fstat64", "lstat64",
    "statx", "statfs", "fstatfs", "statfs64", "fstatfs64", "lseek", "_llseek",
    "access", "faccessat", "faccessat2", "fcntl", "fcntl64", "flock", "fsync",
    "fdatasync", "sync_file_range", "fadvise64", "ftruncate", "ftruncate64",
    "fallocate", "getdents64", "getcwd", "mkdir", "mkdirat", "rename",
    "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "readlink",
    "readlinkat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat",
    "lchown", "utimensat", "umask", "copy_file_range", "dup", "dup2", "dup3",
    "pipe", "pipe2", "eventfd2", "poll", "ppoll", "select", "pselect6",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "connect", "bind", "listen", "accept", "accept4", "getsockname",
    "getpeername", "setsockopt", "getsockopt", "send", "sendto", "sendmsg",
    "sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
    "brk", "munmap", "mremap", "madvise", "mlock", "munlock", "mincore",
    "futex", "futex_time64", "set_robust_list", "get_robust_list", "rseq",
    "membarrier", "sched_yield", "sched_getaffinity", "gettid", "getpid",
    "getppid", "getuid", "geteuid", "getgid", "getegid", "getuid32",
    "geteuid32", "getgid32", "getegid32", "exit", "exit_group",
    "set_tid_address", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigtimedwait", "sigaltstack", "sigreturn", "restart_syscall",
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_nanosleep",
    "clock_nanosleep_time64", "nanosleep", "gettimeofday", "time", "times",
    "getrandom", "getrusage", "getrlimit", "ugetrlimit", "setrlimit",
    "prlimit64", "uname", "sysinfo",
};

static int allow(scmp_filter_ctx filter, const char *call, unsigned count,
                 const struct scmp_arg_cmp *with)
{
    int number = seccomp_syscall_resolve_name(call);

    return number == __NR_SCMP_ERROR
               ? 0              /* of another machine */
               : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count,
                                        with);
}

/* Where one argument, under a mask, has this value. */
static int allow_if(scmp_filter_ctx filter, const char *call, unsigned at,
                    uint64_t mask, uint64_t value)
{
    struct scmp_arg_cmp with = {at, SCMP_CMP_MASKED_EQ, mask, value};

    return allow(filter, call, 1, &with);
}

/* Memory is written or run, never both; a thread is no process. */
static int allow_memory_and_threads(scmp_filter_ctx filter)
{
    const uint64_t both = PROT_WRITE | PROT_EXEC;
    static const char *const maps[] = {"mmap", "mmap2"};
    int rc = 0;

    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        rc |= allow_if(filter, maps[i], 2, both, 0);
        rc |= allow_if(filter, maps[i], 2, both, PROT_WRITE);
        rc |= allow_if(filter, maps[i], 2, both, PROT_EXEC);
    }
    rc |= allow_if(filter, "mprotect", 2, PROT_EXEC, 0);
    rc |= allow_if(filter, "clone", 0, CLONE_THREAD, CLONE_THREAD);
    /* Its flags lie in memory, where a filter cannot look: the C library then
     * takes clone. */
    return rc | seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
                                 SCMP_SYS(clone3), 0);
}

static int allow_some(scmp_filter_ctx filter)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    static const uint64_t requests[] = {FIONBIO, FIOCLEX, FIONCLEX, FIONREAD,
                                        TCGETS};
    static const char *const kills[] = {"kill", "tgkill"};
    const uint64_t whole = UINT32_MAX;          /* of an int */
    int rc = 0;

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        rc |= allow_if(filter, "socket", 0, whole, (uint64_t)families[i]);
        rc |= allow_if(filter, "socketpair", 0, whole, (uint64_t)families[i]);
    }
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        rc |= allow_if(filter, "ioctl", 1, whole, requests[i]);
    for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++)
        rc |= allow_if(filter, kills[i], 0, whole, (uint64_t)getpid());
    return rc | allow_if(filter, "prctl", 0, whole, PR_SET_NAME);
}

static bool filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = filter == NULL ? -1 : 0;

    for (size_t i = 0; rc == 0 && i < sizeof calls / sizeof calls[0]; i++)
        rc = allow(filter, calls[i], 0, NULL);
    if (rc == 0)
        rc = allow_memory_and_threads(filter) | allow_some(filter);
    /* Threads that a library may have begun, too. */
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    return rc == 0;
}

/* What the sanitizers do at their end is not on the list. */
#ifdef YZ_SANITIZED
enum { FILTERED = false };
#else
enum { FILTERED = true };
#endif

const char *os_confine(int port)
{
    bool landed, filtered;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return "none";
    landed = landlock(port);
    filtered = FILTERED && filter_calls();
    return landed ? filtered ? "landlock,seccomp" : "landlock"
                  : filtered ? "seccomp" : "none";
}
