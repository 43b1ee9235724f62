/* Part of test_hostile.c: the county that is attacked. */

uint64_t dice(struct foe *foe, uint64_t below)
{
    uint64_t z = foe->dice += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return below == 0 ? z : z % below;
}

static const char other_kind[] =
    "[kind]\nid = 2\nname = other\nlabel = 他\nend = any\n"
    "[cell identity]\nid = 1\nlabel = 身份\nwriter = owner\n"
    "[field org]\nid = 1\ncell = identity\nlabel = 组织\ntype = org\n"
    "role = org\nrequired = yes\n"
    "[field mark]\nid = 2\ncell = identity\nlabel = 编号\ntype = text\n";

/* As in the shipped files, only its owner gives a record away; and there are
 * kinds to mistake one for the other. */
static void more_kinds(struct world *w)
{
    const char *label = strstr(world_kinds, "label = 身份\n");
    char text[sizeof world_kinds + 40];
    struct kind_file files[] = {{"other.conf", bytes_text(other_kind)},
                                {"thing.conf", {NULL, 0}}};

    snprintf(text, sizeof text, "%.*swriter = owner\n%s",
             (int)(label - world_kinds), world_kinds, label);
    files[1].text = bytes_text(text);
    kinds_free(w->kinds);
    assert_int_equal(kinds_read(files, 2, &w->kinds, &w->fault), 0);
    restart_hub(w);
}

/* As say(), by an author whose name is not for b either. */
static void hush(struct world *w, const char *name, int record,
                 const char *what)
{
    struct edit *edit = edit_of(w, name, record, what);

    edit->author = bytes_text("作者" MARKER);
    assert_int_equal(put(w, name, edit), 0);
    assert_int_equal(store_commit(town_of(w, name)->store, NULL), 0);
}

/* The frames of an ask. */
static void keep_frames(struct bytes ask, const uint8_t key[32],
                        struct frame *list, int *count)
{
    struct wire wire = {.frames = 0};
    char name[STATION_MAX + 1];
    struct bytes payload;
    int type;

    assert_int_equal(wire_head_read(&wire, &ask, name), 1);
    memcpy(wire.key, key, sizeof wire.key);
    while (*count < HEARD_MAX &&
           wire_frame_read(&wire, &ask, &type, &payload) == 1) {
        list[*count].type = type;
        buf_init(&list[*count].payload, FRAME_MAX);
        buf_put(&list[(*count)++].payload, payload.data, payload.len);
    }
}

static void sync_overheard(struct foe *foe, const char *name)
{
    struct world *w = foe->w;
    int i = 0;

    do {
        struct talk *talk = talk_ask(w, name, ALL);
        struct buf *whole = &foe->whole[name[0] == 'c'];

        keep_frames(buf_view(&talk->ask), talk->town->speaker.key,
                    foe->heard, &foe->nheard);
        buf_clear(whole);
        buf_put(whole, talk->ask.data, talk->ask.len);
        assert_int_equal(w->hub_rc, 0);
        assert_int_equal(talk_settle(talk, ALL), 0);
        talk_free(talk);
        assert_true(++i < 20);
    } while (w->asked.more);
}

/* What its own program would say next; nothing of it is sent. */
static void own_ask(struct foe *foe, bool alone)
{
    struct asking_plan plan = {
        .hello_only = alone,
        .batch_size = 64 * 1024,
        .batches = 4,
        .room = 256 * 1024,
        .brief = true,
    };
    struct id id = {{7}};
    struct asking *asking = asking_new(foe->me->store, "b",
                                       foe->me->speaker.key, &id, &plan, NULL,
                                       foe->w->clock);
    struct buf ask;
    uint8_t piece[4096];
    long got;

    buf_init(&ask, 1u << 20);
    while ((got = asking_read(asking, piece, sizeof piece)) > 0)
        buf_put(&ask, piece, (size_t)got);
    assert_int_equal(got, 0);
    asking_free(asking);
    for (int i = 0; i < foe->nown; i++)
        buf_done(&foe->own[i].payload);
    foe->nown = 0;
    keep_frames(buf_view(&ask), foe->me->speaker.key, foe->own, &foe->nown);
    buf_done(&ask);
}

/* ---- the county ---- */

static void outside(struct world *w)
{
    hush(w, "a", 1, "mark=1 name=" MARKER "甲 alias=" MARKER " rank=" MARKER
                    " tags+" MARKER "红 state=起草 born=1970-01-01");
    hush(w, "a", 2, "mark=2 name=" MARKER "乙");
    hush(w, "c", 3, "mark=3 name=" MARKER "丙 host=520527001");
    hush(w, "county", 8, "org=520527003 mark=8 name=" MARKER "辛");
    hush(w, "a", SECRET + 1, "mark=" MARKER "1 name=" MARKER);
    hush(w, "c", SECRET + 2, "mark=" MARKER "2 name=" MARKER
                             " host=520527001 visit=" MARKER);
    hush(w, "county", SECRET + 3, "org=520527 mark=" MARKER "3");
    sync_all(w);
    hush(w, "a", 2, "end=" MARKER);
    hush(w, "a", 1, "rank=" MARKER "2 born=1971-01-01");        /* cases */
    hush(w, "county", 1, "name=" MARKER "子");
    hush(w, "a", 1, "name=" MARKER "丑");
    hush(w, "a", SECRET + 1, "born=1980-01-01");
    sync_all(w);
    hush(w, "a", SECRET + 1, "born=1981-01-01");
    sync_all(w);
}

/* What b sees, saw once, and of what it sees may not see. */
static void beside(struct world *w)
{
    say(w, "a", 4, "mark=4 name=丁 host=520527002 rank=一 born=1960-01-01");
    say(w, "a", 5, "mark=5 name=戊 host=520527002");
    say(w, "b", 6, "mark=6 name=己 host=520527003");
    say(w, "b", 7, "mark=7 name=庚 tags+绿");
    say(w, "b", 9, "mark=9 name=壬");
    sync_all(w);
    say(w, "a", 5, "host=");
    say(w, "county", 9, "org=520527003");
    sync_all(w);
    hush(w, "a", 4, "rank=" MARKER "级");       /* a proposal to the county */
    hush(w, "a", 5, "name=" MARKER "戊");
    hush(w, "c", 9, "name=" MARKER "壬 visit=" MARKER);
    sync_all(w);
    say(w, "b", 6, "name=已");
    say(w, "c", 6, "name=以");
    sync_all(w);
}

/* Days that the hub loses: a brings its own back, c comes late. */
static void lost_days(struct foe *foe)
{
    struct world *w = foe->w;
    char kept[PATH_ROOM + 8];

    snprintf(kept, sizeof kept, "%s/kept", w->dir);
    files_copy(w->hub_path, kept);
    hush(w, "a", 20, "mark=20 name=" MARKER);
    say(w, "b", 21, "mark=21 name=癸");
    hush(w, "c", 22, "mark=22 name=" MARKER);
    hush(w, "a", 1, "alias=" MARKER "3");
    sync_all(w);
    store_close(w->hub);
    files_copy(kept, w->hub_path);
    hub_open(w);
    sync_overheard(foe, "a");
    hush(w, "a", 1, "state=送审");
    sync_overheard(foe, "a");
    say(w, "b", 7, "alias=未");
    assert_int_equal(exchange(w, "b", ALL, ALL), 0);    /* heals it */
    own_ask(foe, false);
}

void foe_begin(struct foe *foe, uint64_t seed)
{
    struct world *w = world_new();

    memset(foe->heard, 0, sizeof foe->heard);
    memset(foe->own, 0, sizeof foe->own);
    foe->nheard = foe->nown = 0;
    foe->heard_seq = 0;
    foe->w = w;
    foe->dice = seed;
    foe->me = town_of(w, "b");
    for (int i = 0; i < 2; i++)
        buf_init(&foe->whole[i], 1u << 20);
    buf_init(&foe->ask, 4u << 20);
    buf_init(&foe->batch, 4u << 20);
    buf_init(&foe->answer, 64u << 20);
    more_kinds(w);
    sync_all(w);
    outside(w);
    beside(w);
    lost_days(foe);
    for (int i = 0; i < ID_SIZE; i++)
        foe->line.b[i] = (uint8_t)dice(foe, 256);
}

/* Every record of `one` that this organisation sees is the same in `other`, but
 * for the foe's own: with these it may do as it likes, and what it wrote in the
 * lost days nobody brings back. */
static void agree(struct store *one, struct store *other, const char *org,
                  const char *who)
{
    struct shown *mine = xmalloc(sizeof *mine), *theirs;
    struct id after, *from = NULL, lost = record_id(21);
    char line[2][4096];

    theirs = xmalloc(sizeof *theirs);
    shown_init(mine);
    shown_init(theirs);
    while (store_next(one, thing(one), from, mine) == 1) {
        after = mine->record;
        from = &after;
        if ((!begins(mine->org, org) && !begins(mine->host, org)) ||
            begins(mine->org, "520527002") || id_equal(&after, &lost))
            continue;
        line[1][0] = '\0';
        shown_text(mine, line[0], sizeof line[0]);
        if (store_show(other, &after, theirs) == 0)
            shown_text(theirs, line[1], sizeof line[1]);
        if (strcmp(line[0], line[1]) != 0)
            fail_msg("%s: '%s' and '%s'", who, line[0], line[1]);
    }
    shown_done(mine);
    shown_done(theirs);
    free(mine);
    free(theirs);
}

/* The others go on, the late one comes back, and all is as it must be. */
void foe_end(struct foe *foe)
{
    struct world *w = foe->w;
    static const char *const others[] = {"a", "c", "county"};

    for (int i = 0; i < 6; i++)
        sync_with(w, others[i % 3]);
    for (int i = 0; i < 3; i++) {
        const struct town *town = town_of(w, others[i]);

        agree(w->hub, town->store, town->org, town->name);
        agree(town->store, w->hub, town->org, town->name);
        check_store(w, town->name, town->store);
    }
    check_store(w, "hub", w->hub);
    for (int i = 0; i < foe->nheard; i++)
        buf_done(&foe->heard[i].payload);
    for (int i = 0; i < foe->nown; i++)
        buf_done(&foe->own[i].payload);
    for (int i = 0; i < 2; i++)
        buf_done(&foe->whole[i]);
    buf_done(&foe->ask);
    buf_done(&foe->batch);
    buf_done(&foe->answer);
    world_free(w);
}

void others_work(struct foe *foe, int turn)
{
    struct world *w = foe->w;
    const char *who = turn % 2 ? "county" : "a";
    char what[80];

    snprintf(what, sizeof what, "name=" MARKER "%d", turn);
    hush(w, who, turn % 3 ? 1 : SECRET + 1, what);
    if (turn % 4 == 0)
        hush(w, "a", 40 + turn, "mark=" MARKER);        /* duplicates */
    sync_with(w, who);
}
