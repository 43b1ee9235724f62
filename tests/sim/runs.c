#include "tests/sim/runs.h"
#include "tests/sim/machine.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 16, HANG_SECONDS = 900 };

struct job {
    pid_t pid;
    int from;                   /* read end of its pipe */
    struct result result;
    struct schedule schedule;
};

/* ---- one ---- */

static void run_here(struct schedule *schedule, struct result *out)
{
    struct sim *sim = xmalloc(sizeof *sim);

    memset(out, 0, sizeof *out);
    sim_run(sim, &schedule->setup, schedule);
    out->seed = schedule->setup.seed;
    out->setup = schedule->setup;
    out->failed = sim->failed;
    memcpy(out->invariant, sim->invariant, sizeof out->invariant);
    memcpy(out->why, sim->why, sizeof out->why);
    out->at = sim->now;
    out->trace = sim->trace;
    out->register_hash = sim->register_hash;
    out->count = sim->count;
    memcpy(out->reach, sim->reach, sizeof out->reach);
    memcpy(out->struck, schedule->struck, sizeof out->struck);
    sim_done(sim);
    free(sim);
}

/* The same history under clocks that are years off. */
static void run_again(struct schedule *schedule, struct result *first)
{
    struct result second;

    schedule->setup.clock_shift_ms =
        (int64_t)(rng_mix(first->seed, 15) % 40 + 1) * 366 * DAY -
        INT64_C(20) * 366 * DAY;
    run_here(schedule, &second);
    if (second.failed)
        *first = second;
    if (second.failed || second.register_hash == first->register_hash)
        return;
    first->failed = true;
    snprintf(first->invariant, sizeof first->invariant, "V15");
    snprintf(first->why, sizeof first->why,
             "clocks %lld days off make another register",
             (long long)(schedule->setup.clock_shift_ms / DAY));
}

static void run_job(struct schedule *schedule, struct result *out)
{
    run_here(schedule, out);
    if (schedule->setup.twice && !out->failed)
        run_again(schedule, out);
}

static void job_start(struct job *job)
{
    int pipes[2];

    fflush(stdout);
    if (pipe(pipes) != 0)
        abort();
    job->pid = fork();
    if (job->pid < 0)
        abort();
    if (job->pid == 0) {
        close(pipes[0]);
        alarm(HANG_SECONDS);
        run_job(&job->schedule, &job->result);
        fflush(stdout);
        if (write(pipes[1], &job->result, sizeof job->result) !=
            (ssize_t)sizeof job->result)
            _exit(1);
        _exit(0);
    }
    close(pipes[1]);
    job->from = pipes[0];
}

static bool read_whole(int from, void *out, size_t len)
{
    uint8_t *to = out;

    while (len > 0) {
        ssize_t got = read(from, to, len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

static void job_end(struct job *job)
{
    struct result *result = &job->result;
    int status;
    bool told = read_whole(job->from, result, sizeof *result);

    close(job->from);
    waitpid(job->pid, &status, 0);
    job->pid = 0;
    if (told)
        return;
    memset(result, 0, sizeof *result);
    result->seed = job->schedule.setup.seed;
    result->setup = job->schedule.setup;
    result->failed = true;
    snprintf(result->invariant, sizeof result->invariant, "signal %d",
             WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    snprintf(result->why, sizeof result->why, "the run did not come back");
}

void run_one(struct schedule *schedule, bool apart, struct result *out)
{
    struct job job = {.schedule = *schedule};

    if (!apart) {
        run_job(schedule, out);
        return;
    }
    job_start(&job);
    job_end(&job);
    *out = job.result;
}

/* ---- many ---- */

static void add(struct runs *runs, const struct result *result)
{
    struct result *total = &runs->total;
    const uint64_t *from = (const uint64_t *)&result->count;
    uint64_t *to = (uint64_t *)&total->count;

    for (size_t i = 0; i < sizeof total->count / sizeof *to; i++)
        to[i] += from[i];
    for (int i = 0; i < REACHES; i++)
        total->reach[i] += result->reach[i];
    for (int i = 0; i < FAULTS; i++)
        total->struck[i] += result->struck[i];
    runs->runs++;
    runs->station_hours += (uint64_t)(result->at / HOUR) *
                           (uint64_t)result->setup.stations;
    /* The order in which processes end is the host's. */
    runs->traces += rng_mix(result->seed, result->trace);
}

void result_say(const struct runs *runs, const struct result *result)
{
    char at[TIME_ROOM];

    time_text(result->at, at);
    printf("FAIL commit %s seed %llu invariant %s at %s: %s\n",
           runs->commit, (unsigned long long)result->seed, result->invariant,
           at, result->why);
}

enum { LINES_SHOWN = 16 };      /* of the setup and the faults */

static void say_lines(const char *text, size_t len, const char *file)
{
    FILE *to = file == NULL ? NULL : fopen(file, "w");
    size_t at = 0;

    for (int lines = 0; at < len && lines < LINES_SHOWN; at++)
        lines += text[at] == '\n';
    printf("%.*s%s", (int)at, text, at < len ? "# ...\n" : "");
    if (to != NULL) {
        fwrite(text, 1, len, to);
        fclose(to);
        printf("# saved in %s: --replay %s\n", file, file);
    }
}

/* The shortest schedule that still breaks the same invariant. */
static void shrink_and_say(struct runs *runs, const struct job *job)
{
    struct schedule schedule;
    struct buf text;
    int took;

    schedule_copy(&schedule, &job->schedule);
    took = shrink(&schedule, job->result.invariant);
    buf_init(&text, 1 << 20);
    schedule_write(&schedule, &text);
    printf("# %d lines of %d, after %d runs:\n", schedule.count,
           job->schedule.count, took);
    say_lines((const char *)text.data, text.len, runs->save);
    buf_done(&text);
    schedule_done(&schedule);
}

static void done(struct runs *runs, struct job *job)
{
    job_end(job);
    add(runs, &job->result);
    if (job->result.failed) {
        result_say(runs, &job->result);
        if (runs->failures++ == 0 && runs->save != NULL)
            shrink_and_say(runs, job);
    }
    schedule_done(&job->schedule);
}

static void wait_any(struct runs *runs, struct job *jobs)
{
    struct pollfd fds[JOBS_MAX];
    int at[JOBS_MAX], count = 0;

    for (int i = 0; i < runs->jobs; i++)
        if (jobs[i].pid != 0) {
            at[count] = i;
            fds[count++] = (struct pollfd){jobs[i].from, POLLIN, 0};
        }
    while (poll(fds, (nfds_t)count, -1) < 0 && errno == EINTR)
        ;
    for (int i = 0; i < count; i++)
        if (fds[i].revents != 0)
            done(runs, &jobs[at[i]]);
}

static bool start_one(struct runs *runs, struct job *jobs, uint64_t seed)
{
    struct setup setup = runs->setup;

    for (int i = 0; i < runs->jobs; i++) {
        if (jobs[i].pid != 0)
            continue;
        setup.seed = seed;
        schedule_draw(&jobs[i].schedule, &setup, runs->without);
        job_start(&jobs[i]);
        return true;
    }
    return false;
}

static bool busy(const struct runs *runs, const struct job *jobs)
{
    for (int i = 0; i < runs->jobs; i++)
        if (jobs[i].pid != 0)
            return true;
    return false;
}

double host_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool runs_all(struct runs *runs)
{
    struct job *jobs = xmalloc(sizeof *jobs * JOBS_MAX);
    uint64_t seed = runs->from;

    memset(jobs, 0, sizeof *jobs * JOBS_MAX);
    if (runs->jobs < 1 || runs->jobs > JOBS_MAX)
        runs->jobs = 1;
    for (int set = 0; set < KINDS_SETS; set++)
        sim_kinds(set);         /* read once, before the processes part */
    while (seed <= runs->to && (runs->all || runs->failures == 0) &&
           (runs->until == 0 || host_seconds() < runs->until))
        if (start_one(runs, jobs, seed))
            seed++;
        else
            wait_any(runs, jobs);
    while (busy(runs, jobs))
        wait_any(runs, jobs);
    free(jobs);
    return runs->failures == 0;
}
