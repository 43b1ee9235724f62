/* Part of tests that let one conversation go many ways: it must come to the same. */

/* A small conversation with something of everything in both directions: a has
 * said two things, one of which will wait, and there is news of two kinds. */
static struct world *prepared(void)
{
    struct world *w = world_new();

    say(w, "a", 1, "mark=1 name=甲 host=520527002");
    say(w, "a", 2, "mark=2 name=乙 host=520527002");
    sync_all(w);
    say(w, "b", 1, "name=丙 alias=三");
    say(w, "b", 2, "visit=来过");
    sync_with(w, "b");
    say(w, "a", 1, "name=丁");
    say(w, "a", 2, "host=520527003 tags+红");
    return w;
}

struct outcome {
    char line[3][600];          /* of records 1 and 2 at the hub, 1 at a */
    uint64_t count[2][STATES];  /* hub, a */
    int cases[3];
};

static void outcome_of(struct world *w, struct outcome *out)
{
    struct store *a = town_of(w, "a")->store;

    memset(out, 0, sizeof *out);
    snprintf(out->line[0], sizeof out->line[0], "%s", line_of(w, w->hub, 1));
    snprintf(out->line[1], sizeof out->line[1], "%s", line_of(w, w->hub, 2));
    snprintf(out->line[2], sizeof out->line[2], "%s", line_of(w, a, 1));
    for (int i = 0; i < STATES; i++) {
        out->count[0][i] = count_of(w->hub, (enum state)i);
        out->count[1][i] = count_of(a, (enum state)i);
    }
    out->cases[0] = open_cases(w->hub);
    out->cases[1] = open_cases(a);
    out->cases[2] = open_cases(town_of(w, "county")->store);
}

static void finish(struct world *w, struct outcome *out)
{
    sync_all(w);
    assert_agree(w);
    outcome_of(w, out);
    world_end(w);
}
