/* One exchange or one call in which each step of SQLite fails once. Part of a
 * test that includes world.c and failing.c. */
#include "store/care.h"

enum { RECORDS = 9, TOLD = 8 * 4096 };

struct scene {
    void (*before)(struct world *w);
    int (*act)(struct world *w);
    const char *where;          /* whose steps fail */
    void (*after)(struct world *w);     /* NULL: the same act, and sync_all */
    bool apart;                 /* two machines that are one do not agree */
    bool otherwise;             /* what waited may be decided otherwise */
};

static struct store *store_named(struct world *w, const char *name)
{
    return strcmp(name, "hub") == 0 ? w->hub : town_of(w, name)->store;
}

/* One exchange, as far as it goes: 0, or the first thing that failed. */
static int attempt(struct world *w, const char *name)
{
    struct town *town = town_of(w, name);
    struct asking_plan plan = {town->cut, 64 * 1024, 4, 256 * 1024, true};
    struct talk talk = {.world = w, .town = town};
    struct answer *answer;
    struct id id;
    uint8_t piece[1500];
    long got = store_commit(town->store, &w->fault);

    if (got < 0)
        return (int)got;
    buf_init(&talk.ask, 64u << 20);
    buf_init(&talk.answer, 64u << 20);
    world_random(town, id.b, ID_SIZE);
    talk.asking = asking_new(town->store, town->name, town->speaker.key, &id,
                             &plan, town->later, w->clock);
    asking_compare(talk.asking, town->reconcile);
    answer = answer_new(w->hub, world_speaker, w, w->clock);
    while ((got = asking_read(talk.asking, piece, sizeof piece)) > 0)
        buf_put(&talk.ask, piece, (size_t)got);
    if (got == 0)
        got = answer_feed(answer, talk.ask.data, talk.ask.len, &w->fault);
    if (got == 0)
        got = store_commit(w->hub, &w->fault);
    while (got == 0 &&
           (got = answer_read(answer, piece, sizeof piece)) > 0) {
        buf_put(&talk.answer, piece, (size_t)got);
        got = 0;
    }
    if (got == 0)
        got = settle_feed(talk.asking, talk.answer.data, talk.answer.len,
                          &w->fault);
    /* What failed is told, and what stood before it is kept. */
    if (store_commit(town->store, NULL) < 0 && got == 0)
        got = ERR_UNKNOWN;
    settle_end(talk.asking, &w->asked);
    town->cut = !w->asked.whole;
    answer_free(answer);
    asking_free(talk.asking);
    buf_done(&talk.ask);
    buf_done(&talk.answer);
    return (int)got;
}

/* ---- what everybody shows ---- */

static void tell_store(struct world *w, const char *name, char *out)
{
    struct store *store = store_named(w, name);
    struct store_status status;
    size_t at = strlen(out);

    assert_int_equal(store_status(store, &status), 0);
    at += (size_t)snprintf(out + at, TOLD - at, "%s:", name);
    for (int i = 0; i < STATES; i++)
        at += (size_t)snprintf(out + at, TOLD - at, " %d",
                               (int)status.count[i]);
    at += (size_t)snprintf(out + at, TOLD - at, " cases %d\n",
                           (int)status.cases);
    for (int i = 1; i <= RECORDS; i++)
        at += (size_t)snprintf(out + at, TOLD - at, " %d %s\n", i,
                               line_of(w, store, i));
}

static void tell_all(struct world *w, char *out)
{
    out[0] = '\0';
    tell_store(w, "hub", out);
    for (int i = 0; i < w->towns; i++)
        tell_store(w, w->town[i].name, out);
}

/* As after the end of a process that met such an error. */
static void start_again(struct world *w, const char *name)
{
    for (int i = 0; i < w->towns; i++)
        w->town[i].cut = true;
    if (strcmp(name, "hub") == 0)
        restart_hub(w);
    else
        restart(w, name);
}

static void assert_sound(struct world *w, const char *name)
{
    struct store *store = store_named(w, name);

    if (store_commit(store, &w->fault) < 0 ||
        store_verify(store, &w->fault) < 0 ||
        store_rebuild(store, &w->fault) < 0)
        fail_msg("%s, step %d, %s: YZ%04d %s", name, steps.fail_at,
                 steps.sql, err_code(w->fault.err), w->fault.why);
}

/* The k-th step fails; false when there were fewer. What comes of it is `out`. */
static bool scene_run(const struct scene *scene, int k, int code, char *out)
{
    struct world *w = world_new();
    bool failed;
    int rc;

    scene->before(w);
    steps_from(store_named(w, scene->where), k, code);
    rc = scene->act(w);
    failed = steps_end();
    if (failed && getenv("YZ_STEPS") != NULL)
        print_message("%s %d: %s: YZ%04d\n", scene->where, k, steps.sql,
                      err_code(rc));
    if (!failed && rc < 0)
        fail_msg("YZ%04d %s %s", err_code(rc), w->fault.field, w->fault.why);
    start_again(w, scene->where);
    if (scene->after != NULL) {
        scene->after(w);
    } else {
        assert_int_equal(scene->act(w), 0);
        sync_all(w);
    }
    assert_sound(w, scene->where);
    if (!scene->apart)
        assert_agree(w);
    tell_all(w, out);
    world_free(w);
    return failed;
}

/* The first line in which they differ, or NULL. */
static const char *differs(const char *is, const char *right)
{
    static char line[1000];
    const char *from = is;
    size_t i;

    if (strcmp(is, right) == 0)
        return NULL;
    for (i = 0; is[i] == right[i]; i++)
        if (is[i] == '\n')
            from = is + i + 1;
    right += from - is;
    snprintf(line, sizeof line, "%.*s, not %.*s", (int)strcspn(from, "\n"),
             from, (int)strcspn(right, "\n"), right);
    return line;
}

static void every(const struct scene *scene, int code, int from, int stride)
{
    char *right = xmalloc(TOLD), *is = xmalloc(TOLD);
    int k = from;

    scene_run(scene, 0, 0, right);
    for (; scene_run(scene, k, code, is); k += stride)
        if (!scene->otherwise && differs(is, right) != NULL)
            fail_msg("step %d of %s, %s:\n%s", k, scene->where, steps.sql,
                     differs(is, right));
    if (k == from)
        fail_msg("no step was counted");
    free(right);
    free(is);
}

/* Each third step, with YZ_STRIDE=1 each. Behind a disk that cannot be read
 * nothing more is done in that turn, so fewer of those are enough. */
static void play(const struct scene *scene)
{
    const char *wish = getenv("YZ_STRIDE");
    int stride = wish == NULL ? 3 : atoi(wish);

    every(scene, SQLITE_CORRUPT, 1, stride < 1 ? 1 : stride);
    every(scene, SQLITE_IOERR_READ, 1, 7 * (stride < 1 ? 1 : stride));
}
