/*
 * What the tests put between the program and its system (LD_PRELOAD): clocks
 * that are wrong, a disk that is slow or refuses, memory that runs out. It is
 * told through a small file, mapped by both sides, whose name is in YZ_SHIM;
 * shim.py is the other side.
 *
 * Without that file nothing is changed. Counters only ever go through atomics:
 * a library may have a thread of its own.
 */
#include <errno.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* In the order of shim.py's FIELDS. */
struct control {
    int64_t wall_ms;            /* added to the clock on the wall */
    int64_t mono_ms;            /* added to those that count from the boot */
    int64_t sleep_ms;           /* added to the one that counts sleep, too */
    int64_t sync_delay_ms;      /* of each fsync */
    int64_t sync_fail;          /* so many fsyncs fail from now on */
    int64_t syncs;              /* counted */
    int64_t alloc_left;         /* so many succeed before the first fails */
    int64_t alloc_fail;         /* so many fail then */
    int64_t allocs;             /* counted */
    int64_t sync_gate;          /* set: an fsync waits for its turn, which is ... */
    int64_t sync_passes;        /* ... when so many have begun */
    int64_t synced;             /* counted: those that came to their end */
};

static struct control none, *control = &none;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

__attribute__((constructor)) static void shim_start(void)
{
    const char *path = getenv("YZ_SHIM");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED
                       : mmap(NULL, sizeof none, PROT_READ | PROT_WRITE,
                              MAP_SHARED, fd, 0);

    if (map != MAP_FAILED)
        control = map;
    if (fd >= 0)
        close(fd);
}

static int64_t told(const int64_t *field)
{
    return __atomic_load_n(field, __ATOMIC_SEQ_CST);
}

static int64_t count(int64_t *field, int64_t by)
{
    return __atomic_add_fetch(field, by, __ATOMIC_SEQ_CST);
}

/* ---- clocks ---- */

static void move(struct timespec *at, int64_t ms)
{
    int64_t nsec = at->tv_nsec + ms % 1000 * 1000000;

    at->tv_sec += ms / 1000 + (nsec < 0 ? -1 : nsec / 1000000000);
    at->tv_nsec = nsec < 0 ? nsec + 1000000000 : nsec % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    int rc;

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT,
                                                           "clock_gettime");
    rc = real(clock, out);
    if (rc != 0)
        return rc;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        move(out, told(&control->wall_ms));
    else if (clock == CLOCK_BOOTTIME)
        move(out, told(&control->mono_ms) + told(&control->sleep_ms));
    else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
             clock == CLOCK_MONOTONIC_RAW)
        move(out, told(&control->mono_ms));
    return rc;
}

int gettimeofday(struct timeval *out, void *zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* ---- the disk ---- */

static int refused(void)
{
    int64_t ms = told(&control->sync_delay_ms);
    int64_t mine = count(&control->syncs, 1);

    if (ms > 0)
        usleep((useconds_t)(ms * 1000));
    while (told(&control->sync_gate) && told(&control->sync_passes) < mine)
        usleep(500);
    if (told(&control->sync_fail) <= 0)
        return 0;
    count(&control->sync_fail, -1);
    errno = EIO;
    return 1;
}

int fsync(int fd)
{
    static int (*real)(int);
    int rc;

    if (real == NULL)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    rc = refused() ? -1 : real(fd);
    count(&control->synced, 1);
    return rc;
}

int fdatasync(int fd)
{
    static int (*real)(int);
    int rc;

    if (real == NULL)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    rc = refused() ? -1 : real(fd);
    count(&control->synced, 1);
    return rc;
}

/* ---- memory ---- */

static int empty(void)
{
    count(&control->allocs, 1);
    if (told(&control->alloc_fail) <= 0)
        return 0;
    if (count(&control->alloc_left, -1) >= 0)
        return 0;
    count(&control->alloc_fail, -1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return empty() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return empty() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return empty() ? NULL : __libc_realloc(old, size);
}
