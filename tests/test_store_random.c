/* Drawn at random: backups put back, cuts, boots; YZ_SEED repeats one. */
#include "tests/disaster.c"

static uint64_t draw_state;

static unsigned draw(unsigned below)
{
    draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(draw_state >> 33) % below;
}

static void random_story(struct world *w, bool many, bool moves)
{
    static const char *const name[] = {"a", "b", "c", "county"};
    static const char *const org[] = {"520527001", "520527002", "520527003",
                                      "520527001"};
    struct backup old[3];
    int backups = 0, restores = 0;
    char words[80];

    for (int i = 0; i < 4; i++)
        say(w, name[i], i + 1, i == 3 ? "org=520527001 mark=4" : "mark=9");
    sync_all(w);
    for (int i = 0; i < 120; i++) {
        const char *who = name[draw(4)];
        int record = 1 + (int)draw(4);

        switch (draw(12)) {
        case 0:
            snprintf(words, sizeof words, "b%d", backups % 3);
            backup(w, &old[backups % 3], words);
            backups++;
            if (getenv("YZ_TRACE"))
                print_message("%d backup %s\n", i, words);
            break;
        case 1:
            if (backups > 0 && restores < (many ? 4 : 1) && draw(3) == 0) {
                restore(w, &old[draw(backups < 3 ? (unsigned)backups : 3)]);
                restores++;
                if (getenv("YZ_TRACE"))
                    print_message("%d restore\n", i);
            }
            break;
        case 2:
            restart(w, who);
            break;
        case 3:
            restart_hub(w);
            break;
        case 4: case 5: case 6:
            exchange(w, who, draw(3) == 0 ? (long)draw(900) : ALL,
                     draw(3) == 0 ? (long)draw(900) : ALL);
            if (getenv("YZ_TRACE"))
                print_message("%d exchange %s whole %d healed %d\n", i, who,
                              w->asked.whole, w->asked.healed);
            break;
        default:
            if (line_of(w, town_of(w, who)->store, record)[0] == '\0')
                break;          /* ids are drawn: nobody makes it twice */
            switch (draw(7)) {
            case 6:
                snprintf(words, sizeof words, "%s=%s",
                         moves ? "org" : "alias", org[draw(3)]);
                break;
            case 0:
                snprintf(words, sizeof words, "host=%s", org[draw(4)]);
                break;
            case 1:
                snprintf(words, sizeof words, "tags%c红", draw(2) ? '+' : '-');
                break;
            case 2:
                snprintf(words, sizeof words, "visit=走%d", i);
                break;
            default:
                snprintf(words, sizeof words, "name=名%d", i);
            }
            if (getenv("YZ_TRACE"))
                print_message("%d %s %d %s: %d\n", i, who, record, words,
                              try_say(w, who, record, words));
            else
                try_say(w, who, record, words);
        }
    }
}

static const char *story_wrong(struct world *w)
{
    static char why[2500];

    for (int i = 0; i < w->towns; i++)
        w->town[i].cut = false;
    for (int round = 0; round < 6; round++)
        for (int i = 0; i < w->towns; i++)
            for (int j = 0; j < 30; j++) {
                int rc = exchange(w, w->town[i].name, ALL, ALL);

                if (rc < 0 || w->hub_rc < 0) {
                    snprintf(why, sizeof why, "%s YZ%04d hub YZ%04d %s",
                             w->town[i].name, err_code(rc),
                             err_code(w->hub_rc), w->fault.why);
                    return why;
                }
                if (!w->asked.more)
                    break;
                if (j == 29)
                    return "always more";
            }
    for (int i = 0; i < w->towns; i++) {
        struct town *t = &w->town[i];

        if (count_of(t->store, STATE_QUEUED) > 0)
            return "something stays queued";
        if (store_verify(t->store, &w->fault) < 0 ||
            store_rebuild(t->store, &w->fault) < 0) {
            snprintf(why, sizeof why, "%s verify/rebuild: %s %s", t->name,
                     w->fault.field, w->fault.why);
            return why;
        }
        for (int r = 1; r <= 4; r++) {
            const char *hub = line_of(w, w->hub, r);
            const char *here = line_of(w, t->store, r);
            bool sees = strncmp(hub, t->org, strlen(t->org)) == 0 ||
                        (strchr(hub, '>') != NULL &&
                         strncmp(strchr(hub, '>') + 1, t->org,
                                 strlen(t->org)) == 0);

            if (strcmp(sees ? hub : "", here) != 0) {
                snprintf(why, sizeof why, "%s shows '%s', hub '%s'", t->name,
                         here, hub);
                return why;
            }
        }
    }
    if (store_verify(w->hub, &w->fault) < 0 ||
        store_rebuild(w->hub, &w->fault) < 0) {
        snprintf(why, sizeof why, "hub verify/rebuild: %s %s", w->fault.field,
                 w->fault.why);
        return why;
    }
    return NULL;
}

static void random_stories(bool many, bool moves)
{
    const char *given = getenv("YZ_SEED");
    unsigned from = given ? (unsigned)atoi(given) : 1;
    unsigned upto = given ? from : 50;
    int wrong = 0;

    for (unsigned seed = from; seed <= upto; seed++) {
        struct world *w = world_new();
        const char *why;

        draw_state = seed * 7919u;
        random_story(w, many, moves);
        why = story_wrong(w);
        if (why != NULL) {
            wrong++;
            print_message("seed %u: %s\n", seed, why);
        }
        world_free(w);
    }
    if (wrong > 0)
        fail_msg("%d stories", wrong);
}

TEST(random_stories_with_one_restore)
{
    (void)state;
    random_stories(false, false);
}

TEST(random_stories_with_restores)
{
    (void)state;
    random_stories(true, false);
}

TEST(random_stories_with_one_restore_and_moves)
{
    (void)state;
    random_stories(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_stories_with_one_restore),
        cmocka_unit_test(random_stories_with_restores),
        cmocka_unit_test(random_stories_with_one_restore_and_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
