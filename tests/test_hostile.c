/*
 * A hostile station: --seed S, --tries N, --every N (tries between two looks at
 * what others have). The seed is printed; YZ_SEED repeats it, too.
 */
#include "tests/hostile.h"
#include "store/journal.h"
#include "store/news.h"
#include "tests/fuzz/help/hold.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/world.c"
#include "tests/fuzz/help/hold.c"
#include "tests/fuzz/help/must.c"
#include "tests/hostile_world.c"
#include "tests/hostile_say.c"
#include "tests/hostile_ask.c"
#include "tests/hostile_hear.c"

#ifdef YZ_SANITIZED
enum { ROUND = 1000, TURN = 125, TRIES_EACH = 1000 };
#else
enum { ROUND = 1000, TURN = 125, TRIES_EACH = 4000 };
#endif

/* A test of cmocka is handed nothing. */
static struct {
    uint64_t seed, tries, every;
    uint64_t round;             /* the seed of this one alone */
} wish = {0, TRIES_EACH, 50, 0};

const char *const try_words[] = {
#define TRY_WORDS(name, text) text,
    TRIES(TRY_WORDS)
};

/* ---- what others have ---- */

static struct hold_outside outside_was;
static bool cleared;            /* numbers moved, as a receipt proved */

static void on_reach(struct world *world, enum reach mark)
{
    (void)world;
    cleared = cleared || mark == REACH_CLEARED;
}

/* Besides: their numbers, who settled their cases, what they are told of it, and
 * what the foe may see and may not write. */
enum { BESIDE = 4 };
static const char *const beside_words[BESIDE] = {
    "a number", "who settled a case", "what is told",
    "what only its owner may write"};
static uint64_t beside_was[BESIDE];

static void beside_now(struct store *hub, uint64_t out[BESIDE])
{
    static const char *const sql[BESIDE] = {
        "SELECT origin, n, number FROM journal WHERE " OTHERS("origin")
        " ORDER BY origin, n",
        "SELECT s.* FROM settles s JOIN origin o ON o.origin = s.origin "
        "JOIN cases c ON c.origin = o.id AND c.n = s.n WHERE " OTHERS("o.id")
        " AND " OUTSIDE("c.record") " ORDER BY 1, 2",
        "SELECT s.name, n.what, n.a, n.b, n.key, n.origin, n.n FROM news n "
        "JOIN stream s ON s.id = n.stream WHERE n.what < 2 AND "
        OUTSIDE("n.a") " ORDER BY 1, 2, 3, 4, 5, n.seq",
        "SELECT c.origin, c.n FROM cell c JOIN record r ON r.id = c.record "
        "WHERE r.record = x'52000000000000000000000000000004' AND "
        "c.cell IN (1, 3, 6, 8) AND ?1 = ?1 ORDER BY c.cell",
    };

    for (int i = 0; i < BESIDE; i++) {
        sqlite3_stmt *stmt = db_stmt(hub, sql[i]);

        db_text(stmt, 1, bytes_text("b"));
        out[i] = hold_hash(stmt, HASH_BEGIN);
    }
}

static void note_others(struct foe *foe)
{
    struct store *hub = foe->w->hub;

    sqlite3_exec(hub->db, "DELETE FROM outside; DELETE FROM others", NULL,
                 NULL, NULL);
    hold_note(hub, "b", foe->me->org);
    outside_was = hold_outside(hub, "b");
    beside_now(hub, beside_was);
    cleared = false;
}

static void keep_others(struct foe *foe)
{
    struct hold_outside is = hold_outside(foe->w->hub, "b");
    const char *moved = hold_moved(&outside_was, &is);
    uint64_t beside[BESIDE];

    beside_now(foe->w->hub, beside);
    for (int i = 0; i < BESIDE && moved == NULL; i++)
        if (beside[i] != beside_was[i] && (i > 0 || !cleared))
            moved = beside_words[i];
    if (moved != NULL)
        fail_msg("by try %llu, %s: %s of others has changed",
                 (unsigned long long)foe->nth, try_words[foe->what], moved);
    memcpy(beside_was, beside, sizeof beside);
    cleared = false;
}

/* ---- the run ---- */

static void one_try(struct foe *foe, uint64_t nth)
{
    enum try what = (enum try)dice(foe, TRY_KINDS_OF);

    foe->nth = nth;
    foe->what = what;
    foe_try(foe);
    foe_say(foe);
    foe_hear(foe);
    foe->tried[what]++;
    foe->deep[what] += foe->passed;
    if (nth % wish.every == 0)
        keep_others(foe);
}

static void table(const struct foe *foe)
{
    printf("%-34s %9s %9s\n", "tried", "times", "heard");
    for (int i = 0; i < TRY_KINDS_OF; i++)
        printf("%-34s %9llu %9llu\n", try_words[i],
               (unsigned long long)foe->tried[i],
               (unsigned long long)foe->deep[i]);
    printf("answers: %llu bytes, %llu frames of terse news, %llu of them "
           "unread\n", (unsigned long long)foe->bytes,
           (unsigned long long)foe->terse, (unsigned long long)foe->unread);
}

static void a_hostile_station_reads_and_changes_nothing_of_others(void **state)
{
    static struct foe foe;
    uint64_t dice_of = wish.seed;

    (void)state;
    for (uint64_t nth = 1; nth <= wish.tries;) {
        foe_begin(&foe, wish.round = dice_of);
        foe.w->reach = on_reach;
        note_others(&foe);
        do {
            one_try(&foe, nth);
            if (nth % TURN == 0) {
                keep_others(&foe);
                others_work(&foe, (int)(nth % ROUND / TURN));
                note_others(&foe);
            }
        } while (nth++ % ROUND != 0 && nth <= wish.tries);
        keep_others(&foe);
        dice_of = dice(&foe, 0);
        foe_end(&foe);
    }
    table(&foe);
    for (int i = 0; i < TRY_KINDS_OF; i++)
        if (foe.tried[i] == 0 || foe.deep[i] == 0)
            fail_msg("%s: never tried, or never heard", try_words[i]);
    assert_true(foe.terse > foe.unread);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},
        {"tries", required_argument, NULL, 't'},
        {"every", required_argument, NULL, 'e'},
        {0},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_hostile_station_reads_and_changes_nothing_of_others),
    };
    const char *seed = getenv("YZ_SEED");
    int option;

    wish.seed = seed != NULL ? strtoull(seed, NULL, 10)
                             : (uint64_t)time(NULL);
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        uint64_t *to = option == 's'   ? &wish.seed
                       : option == 't' ? &wish.tries
                       : option == 'e' ? &wish.every
                                       : NULL;

        if (to == NULL)
            return 64;
        *to = strtoull(optarg, NULL, 10);
    }
    printf("seed %llu\n", (unsigned long long)wish.seed);
    option = cmocka_run_group_tests(tests, NULL, NULL);
    if (option != 0)
        fprintf(stderr, "this round alone: --seed %llu --tries %d\n",
                (unsigned long long)wish.round, ROUND);
    return option;
}
