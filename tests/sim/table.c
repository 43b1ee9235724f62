/* What came of many runs: a line, all counts, or a table for a page. */
#include "tests/sim/runs.h"
#include "tests/sim/machine.h"

#include <stdio.h>
#include <string.h>

enum { YEAR_HOURS = 365 * 24 };

typedef unsigned long long count;       /* as printf wants it */

void table_counts(const struct runs *runs)
{
    const struct result *total = &runs->total;

    for (int i = 0; i < FAULTS; i++)
        printf("fault %-20s %llu\n", fault_text((enum fault_kind)i),
               (count)total->struck[i]);
    for (int i = 0; i < REACHES; i++)
        printf("mark  %-20s %llu%s\n", reach_text((enum reach)i),
               (count)total->reach[i],
               beyond((enum reach)i) == NULL ? "" : " (beyond)");
}

/* Places that this simulator cannot come by, or hardly ever, and why. */
const char *beyond(enum reach mark)
{
    switch (mark) {
    case REACH_COPY_PAGES:
    case REACH_COPY_ENDED:
    case REACH_COPY_NAMED:
    case REACH_COPY_SECURED:
    case REACH_RESTORE_COPIED:
    case REACH_RESTORE_MARKED:
    case REACH_RESTORE_KEPT:
    case REACH_RESTORE_PLACED:
        return "backup and restore are the daemon's; here disks are put back";
    case REACH_RELEASED:
        return "no operator releases anything";
    case REACH_ADMITTED:
    case REACH_ENROL:
    case REACH_ENROLLED:
    case REACH_IMPORT:
    case REACH_ANSWER_GONE:
    case REACH_STOP:
    case REACH_STOPPED:
        return "in the daemon's shell, which is not part of a run";
    case REACH_DEADLY:
        return "the same change must kill the hub twice";
    case REACH_MOVED_KNOWN:
        return "a disk must go back behind a fork that was healed";
    default:
        return NULL;
    }
}

bool table_all_reached(const struct runs *runs)
{
    bool all = true;

    for (int i = 0; i < REACHES; i++) {
        if (runs->total.reach[i] > 0 || beyond((enum reach)i) != NULL)
            continue;
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

void table_line(const struct runs *runs, double took)
{
    const struct sim_count *of = &runs->total.count;

    printf("%llu runs, %llu failed: %llu station-hours in %.1f s (%.0f/s), "
           "%llu saves, %llu changes told, %llu exchanges, %llu crashes, "
           "%llu checks, %llu mended; traces %016llx\n",
           (count)runs->runs, (count)runs->failures,
           (count)runs->station_hours, took,
           (double)runs->station_hours / (took > 0 ? took : 1),
           (count)of->saves, (count)of->told, (count)of->exchanges,
           (count)of->crashes, (count)of->checks, (count)of->mended,
           (count)runs->traces);
}

static void faults_cell(const struct result *total)
{
    uint64_t sum = 0;

    for (int i = 0; i < FAULTS; i++)
        sum += total->struck[i];
    printf("| faults, by kind | %llu:", (count)sum);
    for (int i = 0; i < FAULTS; i++)
        printf("%s %s %llu", i == 0 ? "" : ",",
               fault_text((enum fault_kind)i), (count)total->struck[i]);
    printf(" |\n");
}

static void marks_cell(const struct result *total)
{
    int reached = 0, within = 0;

    for (int i = 0; i < REACHES; i++) {
        bool can = beyond((enum reach)i) == NULL;

        reached += can && total->reach[i] > 0;
        within += can;
    }
    printf("| reach marks | %d of %d that it can come by |\n", reached,
           within);
}

void table_page(const struct runs *runs, double took)
{
    const struct sim_count *of = &runs->total.count;
    double hours = (double)runs->station_hours;

    printf("| commit %s | |\n|---|---|\n", runs->commit);
    printf("| seeds | %llu, from %llu on |\n", (count)runs->runs,
           (count)runs->from);
    printf("| simulated station-years | %.1f |\n", hours / YEAR_HOURS);
    printf("| station-hours a second | %.0f with %d at a time |\n",
           hours / (took > 0 ? took : 1), runs->jobs);
    printf("| crashes; starts | %llu; %llu |\n", (count)of->crashes,
           (count)of->opens);
    printf("| acknowledged changes checked | %llu |\n", (count)of->told);
    printf("| exchanges | %llu |\n", (count)of->exchanges);
    faults_cell(&runs->total);
    marks_cell(&runs->total);
    printf("| registers compared behind a mending | %llu |\n",
           (count)of->mended);
    printf("| failed | %llu |\n", (count)runs->failures);
}
