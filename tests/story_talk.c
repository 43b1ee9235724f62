/* Part of world.c: bytes between a station and the hub. */

static void ask_read(struct talk *talk)
{
    uint8_t piece[1500];
    long got;

    buf_init(&talk->ask, 64u << 20);
    while ((got = asking_read(talk->asking, piece, sizeof piece)) > 0)
        buf_put(&talk->ask, piece, (size_t)got);
    assert_int_equal(got, 0);
}

static void hub_answers(struct talk *talk, long ask)
{
    struct world *world = talk->world;
    struct answer *answer = answer_new(world->hub, world_speaker, world,
                                       world->clock);
    size_t len = ask == ALL || (size_t)ask > talk->ask.len ? talk->ask.len
                                                           : (size_t)ask;
    uint8_t piece[1400];
    long got = 0;

    buf_init(&talk->answer, 64u << 20);
    world->hub_rc = 0;
    for (size_t at = 0; at < len && world->hub_rc == 0; at += 777)
        world->hub_rc = answer_feed(answer, talk->ask.data + at,
                                    len - at < 777 ? len - at : 777,
                                    &world->fault);
    if (world->reserve_fails) {
        answer_free(answer);
        return;
    }
    assert_int_equal(store_commit(world->hub, &world->fault), 0);
    while (world->hub_rc == 0 && answer_whole(answer) &&
           (got = answer_read(answer, piece, sizeof piece)) > 0)
        buf_put(&talk->answer, piece, (size_t)got);
    if (got < 0)
        world->hub_rc = (int)got;
    answer_free(answer);
}

struct talk *talk_ask(struct world *world, const char *name, long ask)
{
    struct town *town = town_of(world, name);
    struct asking_plan plan = {town->cut, 64 * 1024, 4,
                               town->room > 0 ? town->room : 256 * 1024,
                               true};
    struct talk *talk = xmalloc(sizeof *talk);
    struct id id;

    memset(talk, 0, sizeof *talk);
    talk->world = world;
    talk->town = town;
    world_random(town, id.b, ID_SIZE);
    assert_int_equal(store_commit(town->store, &world->fault), 0);
    talk->asking = asking_new(town->store, town->name, town->speaker.key, &id,
                              &plan, town->later, world->clock);
    asking_compare(talk->asking, town->reconcile);
    ask_read(talk);
    hub_answers(talk, ask);
    return talk;
}

int talk_settle(struct talk *talk, long answer)
{
    struct world *world = talk->world;
    size_t len = answer == ALL || (size_t)answer > talk->answer.len
                     ? talk->answer.len : (size_t)answer;
    int rc = 0;

    for (size_t at = 0; at < len && rc == 0; at += 512)
        rc = settle_feed(talk->asking, talk->answer.data + at,
                         len - at < 512 ? len - at : 512, &world->fault);
    assert_int_equal(store_commit(talk->town->store, NULL), 0);
    settle_end(talk->asking, &world->asked);
    talk->town->cut = !world->asked.whole;
    return rc;
}

void talk_free(struct talk *talk)
{
    asking_free(talk->asking);
    buf_done(&talk->ask);
    buf_done(&talk->answer);
    free(talk);
}

int exchange(struct world *world, const char *name, long ask, long answer)
{
    struct talk *talk = talk_ask(world, name, ask);
    int rc = talk_settle(talk, answer);

    talk_free(talk);
    return rc;
}

void sync_with(struct world *world, const char *name)
{
    for (int i = 0; i < 20; i++) {
        int rc = exchange(world, name, ALL, ALL);

        if (rc < 0 || world->hub_rc < 0)
            fail_msg("%s: YZ%04d, hub YZ%04d: %s %s", name, err_code(rc),
                     err_code(world->hub_rc), world->fault.field,
                     world->fault.why);
        assert_true(world->asked.whole);
        if (!world->asked.more)
            return;
    }
    fail_msg("%s: there is always more", name);
}

/* Twice: the second brings each what the others said. */
void sync_all(struct world *world)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < world->towns; i++)
            if (world->town[i].store != NULL)
                sync_with(world, world->town[i].name);
}
