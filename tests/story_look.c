/* Part of world.c: what a store shows, and what must agree. */

static void body_text(const struct body *body, char *out, size_t size)
{
    size_t at = strlen(out);

    for (int i = 0; i < body->count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%.*s",
                               i > 0 ? "/" : "",
                               (int)body->value[i].text.len,
                               (const char *)body->value[i].text.data);
}

static void shown_text(const struct shown *shown, char *out, size_t size)
{
    size_t at;

    snprintf(out, size, "%.*s>%.*s%s:", (int)shown->org.len,
             (const char *)shown->org.data, (int)shown->host.len,
             (const char *)shown->host.data, shown->ended ? " ended" : "");
    for (int i = 0; i < shown->cells; i++) {
        const struct shown_cell *cell = &shown->cell[i];

        at = strlen(out);
        snprintf(out + at, size - at, " %s%.*s=%s",
                 shown->kind->cells[cell->cell].name, (int)cell->key.len,
                 (const char *)cell->key.data, cell->present ? "" : "-");
        if (cell->present)
            body_text(&cell->body, out, size);
    }
}

const char *line_of(struct world *world, struct store *store, int record)
{
    static char line[2][4096];
    static int turn;
    struct shown *shown = xmalloc(sizeof *shown);
    struct id id = record_id(record);
    char *out = line[turn = !turn];

    (void)world;
    out[0] = '\0';
    shown_init(shown);
    if (store_show(store, &id, shown) == 0)
        shown_text(shown, out, sizeof line[0]);
    shown_done(shown);
    free(shown);
    return out;
}

const char *cell_of(struct world *world, const char *name, int record,
                    const char *cell)
{
    static char text[1024];
    struct store *store = strcmp(name, "hub") == 0
                              ? world->hub : town_of(world, name)->store;
    struct shown *shown = xmalloc(sizeof *shown);
    struct id id = record_id(record);
    const char *out = NULL;

    shown_init(shown);
    text[0] = '\0';
    if (store_show(store, &id, shown) == 0)
        for (int i = 0; i < shown->cells; i++)
            if (strcmp(shown->kind->cells[shown->cell[i].cell].name, cell) ==
                    0 && shown->cell[i].present) {
                body_text(&shown->cell[i].body, text, sizeof text);
                out = text;
            }
    shown_done(shown);
    free(shown);
    return out;
}

void assert_cell(struct world *world, const char *name, int record,
                 const char *cell, const char *text)
{
    const char *is = cell_of(world, name, record, cell);

    if (is == NULL || text == NULL) {
        if (is != text)
            fail_msg("%s shows %s of %d as %s, not %s", name, cell, record,
                     is == NULL ? "nothing" : is,
                     text == NULL ? "nothing" : text);
        return;
    }
    if (strcmp(is, text) != 0)
        fail_msg("%s shows %s of %d as %s, not %s", name, cell, record, is,
                 text);
}

static bool begins(struct bytes text, const char *with)
{
    return text.len >= strlen(with) &&
           memcmp(text.data, with, strlen(with)) == 0;
}

static const struct kind *thing(struct store *store)
{
    return kinds_find(store_kinds(store), "thing");
}

/* Everything of `one` that an organisation sees, in `other`. */
static void assert_within(struct world *world, struct store *one,
                          struct store *other, const char *org,
                          const char *who)
{
    struct shown *shown = xmalloc(sizeof *shown);
    struct id after, *from = NULL;
    char mine[4096];
    const char *theirs;

    shown_init(shown);
    while (store_next(one, thing(one), from, shown) == 1) {
        after = shown->record;
        from = &after;
        shown_text(shown, mine, sizeof mine);
        if (!begins(shown->org, org) && !begins(shown->host, org)) {
            if (one != world->hub)
                fail_msg("%s shows %s", who, mine);
            continue;
        }
        theirs = line_of(world, other, after.b[14] * 256 + after.b[15]);
        if (strcmp(mine, theirs) != 0)
            fail_msg("%s: '%s' and '%s' (%s)", who, mine, theirs,
                     one == world->hub ? "hub first" : "hub second");
    }
    shown_done(shown);
    free(shown);
}

void assert_agree(struct world *world)
{
    for (int i = 0; i < world->towns; i++) {
        const struct town *town = &world->town[i];

        assert_within(world, world->hub, town->store, town->org, town->name);
        assert_within(world, town->store, world->hub, town->org, town->name);
    }
}

uint64_t number_of(struct world *world, const char *name, int record,
                   const char *cell)
{
    bool hub = strcmp(name, "hub") == 0;
    struct store *store = hub ? world->hub : town_of(world, name)->store;
    struct shown *shown = xmalloc(sizeof *shown);
    struct id id = record_id(record);
    uint64_t number = 0;

    shown_init(shown);
    if (store_show(store, &id, shown) == 0)
        for (int i = 0; i < shown->cells; i++)
            if (strcmp(shown->kind->cells[shown->cell[i].cell].name, cell) ==
                0)
                number = shown->cell[i].base;
    shown_done(shown);
    free(shown);
    return number;
}

int open_cases(struct store *store)
{
    struct store_status status;

    assert_int_equal(store_status(store, &status), 0);
    return (int)status.cases;
}

int reason_of(struct world *world, const char *name, int record,
              const char *cell)
{
    struct store *store = strcmp(name, "hub") == 0
                              ? world->hub : town_of(world, name)->store;
    struct shown_case *shown = xmalloc(sizeof *shown);
    int reason = -1;

    shown_case_init(shown);
    if (find_case(store, record, cell, shown) == 0)
        reason = (int)shown->reason;
    shown_case_done(shown);
    free(shown);
    return reason;
}

uint64_t count_of(struct store *store, enum state state)
{
    struct store_status status;

    assert_int_equal(store_status(store, &status), 0);
    return status.count[state];
}

static bool holds(struct bytes in, const char *text)
{
    return text != NULL && in.len > 0 &&
           memmem(in.data, in.len, text, strlen(text)) != NULL;
}

static bool item_tells(const struct news_item *item, int record,
                       const char *text)
{
    struct id id = record_id(record);
    struct change change;

    if (item->what == NEWS_GONE || item->what == NEWS_VERDICT)
        return false;           /* an id and no content */
    if (text != NULL)
        return holds(item->change, text) ||
               (item->has_base && holds(item->base_body, text));
    return change_read(item->change, &change) == 0 &&
           id_equal(&change.record, &id);
}

static bool stream_tells(struct world *world, const struct town *town,
                         const char *stream, int record, const char *text)
{
    struct station station = {town->name, town->org, world->clock};
    struct hello hello = {0};   /* a new PC: nothing known, nothing written */
    struct buf out;
    struct news news;
    struct news_item item;
    uint64_t to = 0;
    bool more = true, told = false;

    while (more) {
        buf_init(&out, FRAME_MAX);
        assert_int_equal(store_news(world->hub, &station, &hello, stream, to,
                                    BATCH_SIZE_MAX, &out, &more, &to), 0);
        assert_int_equal(news_read(buf_view(&out), &news), 0);
        while (news_next(&news, &item) == 1)
            told = told || item_tells(&item, record, text);
        news_done(&news);
        buf_done(&out);
    }
    return told;
}

bool news_tell(struct world *world, const char *name, int record,
               const char *text)
{
    const struct town *town = town_of(world, name);
    char own[32];

    snprintf(own, sizeof own, "@%s", town->name);
    return stream_tells(world, town, town->org, record, text) ||
           stream_tells(world, town, own, record, text);
}
