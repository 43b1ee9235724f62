/* yz-sim: run counties by their seeds; --help says how. */
#include "tests/sim/runs.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wish {
    struct runs runs;
    const char *replay;
    bool marks, require_marks, table, draw;
};

static const char usage[] =
    "yz-sim [--seed S | --seeds A-B | --replay FILE]\n"
    "  --days D --stations N --saves N --every MS   else the seed draws them\n"
    "  --without F,F  --only F,F    kinds of fault\n"
    "  --clock-shift MS   all clocks go so wrong   --even   bytes take no time\n"
    "  --twice   each seed again under other clocks: the same register\n"
    "  --jobs N  --all  --minutes M: no new seed after so long\n"
    "  --save FILE: the first failure, shrunk   --commit TEXT\n"
    "  --marks  --require-marks  --table  --trace  --draw\n";

enum { OPT_SEED = 256, OPT_SEEDS, OPT_REPLAY, OPT_DAYS, OPT_STATIONS,
       OPT_SAVES, OPT_EVERY, OPT_WITHOUT, OPT_ONLY, OPT_SHIFT, OPT_EVEN,
       OPT_TWICE, OPT_JOBS, OPT_ALL, OPT_SAVE, OPT_COMMIT, OPT_MARKS, OPT_REQUIRE,
       OPT_TRACE, OPT_DRAW, OPT_MINUTES, OPT_TABLE };

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
    {"minutes", required_argument, NULL, OPT_MINUTES},
    {"table", no_argument, NULL, OPT_TABLE},
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
    case OPT_MINUTES:
        runs->until = host_seconds() + 60 * atof(optarg);
        return true;
    case OPT_TABLE:
        wish->table = true;
        return true;
    default:
        return false;
    }
}

/* ---- one schedule ---- */

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
    double began = host_seconds();
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
        table_counts(&wish.runs);
    if (wish.table)
        table_page(&wish.runs, host_seconds() - began);
    table_line(&wish.runs, host_seconds() - began);
    if (wish.require_marks && !table_all_reached(&wish.runs))
        good = false;
    return good ? 0 : 1;
}
