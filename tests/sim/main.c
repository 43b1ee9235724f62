/* yz-sim: run counties by their seeds; --help says how. */
#include "tests/sim/runs.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct wish {
    struct runs runs;
    const char *replay;
    bool marks, require_marks, trace, draw;
};

static const char usage[] =
    "yz-sim [--seed S | --seeds A-B | --replay FILE]\n"
    "  --days D --stations N --saves N --every MS   else the seed draws them\n"
    "  --without F,F  --only F,F    kinds of fault\n"
    "  --clock-shift MS   all clocks go so wrong   --even   bytes take no time\n"
    "  --twice   each seed again under other clocks: the same register\n"
    "  --jobs N  --all  --save FILE  --commit TEXT\n"
    "  --marks  --require-marks  --trace  --draw\n";

enum { OPT_SEED = 256, OPT_SEEDS, OPT_REPLAY, OPT_DAYS, OPT_STATIONS,
       OPT_SAVES, OPT_EVERY, OPT_WITHOUT, OPT_ONLY, OPT_SHIFT, OPT_EVEN,
       OPT_TWICE, OPT_JOBS, OPT_ALL, OPT_SAVE, OPT_COMMIT, OPT_MARKS, OPT_REQUIRE,
       OPT_TRACE, OPT_DRAW };

static const struct option options[] = {
    {"seed", required_argument, NULL, OPT_SEED},
    {"seeds", required_argument, NULL, OPT_SEEDS},
    {"replay", required_argument, NULL, OPT_REPLAY},
    {"days", required_argument, NULL, OPT_DAYS},
    {"stations", required_argument, NULL, OPT_STATIONS},
    {"saves", required_argument, NULL, OPT_SAVES},
    {"every", required_argument, NULL, OPT_EVERY},
    {"without", required_argument, NULL, OPT_WITHOUT},
    {"only", required_argument, NULL, OPT_ONLY},
    {"clock-shift", required_argument, NULL, OPT_SHIFT},
    {"even", no_argument, NULL, OPT_EVEN},
    {"twice", no_argument, NULL, OPT_TWICE},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"all", no_argument, NULL, OPT_ALL},
    {"save", required_argument, NULL, OPT_SAVE},
    {"commit", required_argument, NULL, OPT_COMMIT},
    {"marks", no_argument, NULL, OPT_MARKS},
    {"require-marks", no_argument, NULL, OPT_REQUIRE},
    {"trace", no_argument, NULL, OPT_TRACE},
    {"draw", no_argument, NULL, OPT_DRAW},
    {0},
};

/* "cut,late" as bits; ends the program when there is no such kind. */
static uint64_t kinds_of(const char *text)
{
    char words[400];
    uint64_t out = 0;

    snprintf(words, sizeof words, "%s", text);
    for (char *word = strtok(words, ","); word != NULL;
         word = strtok(NULL, ",")) {
        enum fault_kind kind = fault_find(word);

        if (kind == FAULTS) {
            fprintf(stderr, "no fault is called %s\n", word);
            exit(64);
        }
        out |= (uint64_t)1 << kind;
    }
    return out;
}

static void seeds_of(const char *text, struct runs *runs)
{
    char *rest;

    runs->from = strtoull(text, &rest, 10);
    runs->to = *rest == '-' ? strtoull(rest + 1, NULL, 10) : runs->from;
}

static bool setup_option(int c, struct setup *setup)
{
    switch (c) {
    case OPT_DAYS:
        setup->days = atoi(optarg);
        return true;
    case OPT_STATIONS:
        setup->stations = atoi(optarg);
        return true;
    case OPT_SAVES:
        setup->saves = atoi(optarg);
        return true;
    case OPT_EVERY:
        setup->every_ms = atoll(optarg);
        return true;
    case OPT_SHIFT:
        setup->clock_shift_ms = atoll(optarg);
        return true;
    case OPT_EVEN:
        setup->even = true;
        return true;
    case OPT_TWICE:
        setup->twice = setup->even = true;
        return true;
    case OPT_TRACE:
        setup->trace = true;
        return true;
    default:
        return false;
    }
}

static bool run_option(int c, struct wish *wish)
{
    struct runs *runs = &wish->runs;

    switch (c) {
    case OPT_SEED:
    case OPT_SEEDS:
        seeds_of(optarg, runs);
        return true;
    case OPT_REPLAY:
        wish->replay = optarg;
        return true;
    case OPT_WITHOUT:
        runs->without |= kinds_of(optarg);
        return true;
    case OPT_ONLY:
        runs->without = ~kinds_of(optarg);
        return true;
    case OPT_JOBS:
        runs->jobs = atoi(optarg);
        return true;
    case OPT_ALL:
        runs->all = true;
        return true;
    case OPT_SAVE:
        runs->save = optarg;
        return true;
    case OPT_COMMIT:
        runs->commit = optarg;
        return true;
    case OPT_MARKS:
        wish->marks = true;
        return true;
    case OPT_REQUIRE:
        wish->marks = wish->require_marks = true;
        return true;
    case OPT_DRAW:
        wish->draw = true;
        return true;
    default:
        return false;
    }
}

/* ---- what came of it ---- */

static void say_counts(const struct result *total)
{
    for (int i = 0; i < FAULTS; i++)
        printf("fault %-20s %llu\n", fault_text((enum fault_kind)i),
               (unsigned long long)total->struck[i]);
    for (int i = 0; i < REACHES; i++)
        printf("mark  %-20s %llu\n", reach_text((enum reach)i),
               (unsigned long long)total->reach[i]);
}

static bool all_reached(const struct runs *runs)
{
    bool all = true;

    for (int i = 0; i < REACHES; i++)
        if (runs->total.reach[i] == 0) {
            printf("never reached: %s\n", reach_text((enum reach)i));
            all = false;
        }
    for (int i = 0; i < FAULTS; i++)
        if (runs->total.struck[i] == 0 && (runs->without >> i & 1) == 0) {
            printf("never struck: %s\n", fault_text((enum fault_kind)i));
            all = false;
        }
    return all;
}

/* The one place where the host's clock is read: how fast it went. */
static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say_total(const struct runs *runs, double took)
{
    const struct sim_count *count = &runs->total.count;

    printf("%llu runs, %llu failed: %llu station-hours in %.1f s (%.0f/s), "
           "%llu saves, %llu changes told, %llu exchanges, %llu crashes, "
           "%llu checks, %llu not compared; traces %016llx\n",
           (unsigned long long)runs->runs,
           (unsigned long long)runs->failures,
           (unsigned long long)runs->station_hours, took,
           (double)runs->station_hours / (took > 0 ? took : 1),
           (unsigned long long)count->saves, (unsigned long long)count->told,
           (unsigned long long)count->exchanges,
           (unsigned long long)count->crashes,
           (unsigned long long)count->checks,
           (unsigned long long)count->not_compared,
           (unsigned long long)runs->traces);
}

static int replay(struct wish *wish)
{
    struct schedule schedule;
    struct result result;
    struct buf text;
    char piece[4096];
    size_t got;
    FILE *file = fopen(wish->replay, "r");
    int wrong;

    if (file == NULL) {
        perror(wish->replay);
        return 64;
    }
    buf_init(&text, 1 << 20);
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        buf_put(&text, piece, got);
    fclose(file);
    wrong = schedule_read(buf_view(&text), &schedule);
    buf_done(&text);
    if (wrong != 0) {
        fprintf(stderr, "%s:%d: not a line of a schedule\n", wish->replay,
                wrong);
        schedule_done(&schedule);
        return 64;
    }
    schedule.setup.trace = wish->runs.setup.trace;
    run_one(&schedule, false, &result);
    schedule_done(&schedule);
    if (result.failed)
        result_say(&wish->runs, &result);
    else
        printf("it holds\n");
    return result.failed;
}

static int draw(const struct wish *wish)
{
    struct setup setup = wish->runs.setup;
    struct schedule schedule;
    struct buf text;

    setup.seed = wish->runs.from;
    schedule_draw(&schedule, &setup, wish->runs.without);
    buf_init(&text, 1 << 20);
    schedule_write(&schedule, &text);
    fwrite(text.data, 1, text.len, stdout);
    buf_done(&text);
    schedule_done(&schedule);
    return 0;
}

int main(int argc, char **argv)
{
    struct wish wish = {
        .runs = {.from = 1, .to = 1, .jobs = 1, .commit = "unknown"}};
    double began = seconds();
    bool good;
    int c;

    if (sodium_init() < 0)
        return 70;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!setup_option(c, &wish.runs.setup) && !run_option(c, &wish)) {
            fputs(usage, stderr);
            return 64;
        }
    /* What counts bytes or pages may strike elsewhere under other clocks. */
    if (wish.runs.setup.twice)
        wish.runs.without |= kinds_of("cut,clog,garble,slow,disk,full,lie,"
                                      "rot,misdirect");
    if (wish.replay != NULL)
        return replay(&wish);
    if (wish.draw)
        return draw(&wish);
    good = runs_all(&wish.runs);
    if (wish.marks)
        say_counts(&wish.runs.total);
    say_total(&wish.runs, seconds() - began);
    if (wish.require_marks && !all_reached(&wish.runs))
        good = false;
    return good ? 0 : 1;
}
