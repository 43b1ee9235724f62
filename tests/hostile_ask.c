/* Part of test_hostile.c: whole asks. */

static struct frame *any_of(struct foe *foe, struct frame *list, int count,
                            int type)
{
    for (int tries = 0; tries < 40; tries++) {
        struct frame *frame = &list[dice(foe, (uint64_t)count)];

        if (frame->type == type)
            return frame;
    }
    return &list[dice(foe, (uint64_t)count)];
}

/* ---- facts ---- */

static void forge(struct foe *foe, struct buf *out)
{
    static struct confirm confirm;
    struct buf batch, said;
    uint8_t key[32];
    uint64_t first;

    memset(&confirm, 0, sizeof confirm);
    buf_init(&batch, BATCH_MAX);
    buf_init(&said, FRAME_MAX);
    first = foe->hello.head[0].n + 1;
    some_changes(foe, TRY_ALIEN, &foe->hello.head[0], &batch);
    confirm.origin = foe->hello.head[0].origin;
    confirm.from = first;
    confirm.through = foe->hello.head[0].n;
    confirm.hash = foe->hello.head[0].hash;
    confirm.runs = 1;
    confirm.run[0].count = foe->hello.head[0].n - first + 1;
    confirm.run[0].verdict = STATE_TAKEN;
    confirm.run[0].number = any_number(foe, foe->w->hub->number) &
                            (INT64_MAX >> 1);
    random_bytes(foe, key, sizeof key);
    if (dice(foe, 2) == 0)      /* its own key is the only one it knows */
        memcpy(key, foe->me->speaker.key, sizeof key);
    confirm_mac(&confirm, &foe->w->hub->hub_id, foe->w->hub->life, key,
                confirm.receipt);
    confirm_write(&confirm, &said);
    facts_write(any_number(foe, foe->w->hub->life) & INT64_MAX,
                buf_view(&said), buf_view(&batch), out);
    buf_done(&said);
    buf_done(&batch);
}

/* A receipt the hub gave once, on something else: `list` has the receipt. */
static void mix(struct foe *foe, struct frame *list, int count,
                struct buf *out)
{
    struct frame *frame = any_of(foe, list, count, FRAME_FACTS);
    struct facts facts;
    struct buf batch;
    struct cut cut = cut_of(buf_view(&frame->payload));
    uint64_t life = cut_varint(&cut);
    struct bytes confirm;

    if (facts_read(buf_view(&frame->payload), &facts) < 0) {
        forge(foe, out);
        return;
    }
    (void)life;
    confirm = cut_bytes(&cut, FRAME_MAX);
    buf_init(&batch, BATCH_MAX);
    some_changes(foe, TRY_ALIEN, &foe->hello.head[0], &batch);
    facts_write(dice(foe, 2) == 0 ? facts.life
                                  : any_number(foe, facts.life) & INT64_MAX,
                confirm, buf_view(&batch), out);
    buf_done(&batch);
}

/* ---- what it asks for ---- */

static const char *any_stream(struct foe *foe)
{
    static const char *const streams[] = {
        "@a", "@c", "@county", "520527001", "520527003", "520527", "",
        "52052700", "@", "@b", "520527002", "%", "520527002 "};

    return streams[dice(foe, 13)];
}

static void any_cursors(struct foe *foe)
{
    struct hello *hello = &foe->hello;

    hello->cursors = (int)dice(foe, 5);
    for (int i = 0; i < hello->cursors; i++) {
        snprintf(hello->cursor[i].stream, STREAM_MAX, "%s", any_stream(foe));
        hello->cursor[i].seq = any_number(foe, foe->w->hub->seq);
    }
}

static void any_range(struct foe *foe, struct range *out)
{
    memset(out->from.b, 0, ID_SIZE);
    memset(out->to.b, 255, ID_SIZE);
    if (dice(foe, 2) == 0)
        out->from = out->to = known_record(foe);
    else if (dice(foe, 2) == 0)
        random_bytes(foe, out->from.b, ID_SIZE);
}

static void compare_all(struct foe *foe)
{
    static struct digest_ask ask;

    memset(&ask, 0, sizeof ask);
    snprintf(ask.stream, sizeof ask.stream, "%s", any_stream(foe));
    ask.ranges = 1;
    any_range(foe, &ask.part[0].range);
    ask.part[0].grain = dice(foe, 2) == 0 ? 0 : 1 + dice(foe, 100);
    digest_ask_write(&ask, &foe->batch);
    foe->type = FRAME_DIGEST;
}

static void want_all(struct foe *foe)
{
    static struct want want;
    uint64_t count = 1 + dice(foe, 40);

    buf_bytes(&foe->batch, bytes_text(any_stream(foe)));
    buf_varint(&foe->batch, count);
    while (count-- > 0) {
        memset(&want, 0, sizeof want);
        want.record = dice(foe, 4) == 0 ? seen_record(foe)
                                        : known_record(foe);
        want.cell = dice(foe, 13);
        snprintf(want.key, sizeof want.key, "%s",
                 want.cell == 7 ? "红" : "");
        want.has = dice(foe, 2) == 0;
        if (want.has)
            others_name(foe, &want.name, &want.hash);
        want_write(&want, &foe->batch);
    }
    foe->type = FRAME_WANT;
}

/* ---- hello and frames ---- */

static void plain_hello(struct foe *foe, enum try what)
{
    struct hello *hello = &foe->hello;
    struct store *hub = foe->w->hub;

    memset(hello, 0, sizeof *hello);
    hello->life = hub->life;
    hello->number = hub->number;
    hello->seq = hub->seq;
    memcpy(hello->kinds, hub->kinds->hash, HASH_SIZE);
    hello->room = dice(foe, 4) == 0 ? any_number(foe, 1000) & INT64_MAX
                                    : NEWS_ROOM;
    hello->heads = 1;
    head_of(foe, what, &hello->head[0]);
    if (dice(foe, 32) > 0) {    /* else it is told all of its news again */
        hello->cursors = 2;
        snprintf(hello->cursor[0].stream, STREAM_MAX, "%s", foe->me->org);
        snprintf(hello->cursor[1].stream, STREAM_MAX, "@b");
        hello->cursor[0].seq = hello->cursor[1].seq = foe->heard_seq;
    }
    if (what == TRY_CURSOR)
        any_cursors(foe);
    if (what == TRY_NUMBERS) {
        hello->life = any_number(foe, hub->life);
        hello->number = any_number(foe, hub->number);
        hello->seq = any_number(foe, hub->seq);
        hello->written = any_number(foe, 5);
    }
}

static void copy_of(struct foe *foe, const struct frame *frame)
{
    foe->type = frame->type;
    buf_put(&foe->batch, frame->payload.data, frame->payload.len);
}

static void replay(struct foe *foe)
{
    copy_of(foe, any_of(foe, foe->heard, foe->nheard,
                        dice(foe, 2) == 0 ? FRAME_BATCH : FRAME_FACTS));
    if (foe->type == FRAME_END)
        foe->type = FRAME_BATCH;
    if (foe->type == FRAME_HELLO && hello_read(buf_view(&foe->batch),
                                               &foe->hello) == 0) {
        buf_clear(&foe->batch);         /* another's hello for its own */
        foe->type = 99;
    }
}

static void unknown(struct foe *foe)
{
    foe->type = (int)dice(foe, 24);
    if (dice(foe, 2) == 0) {
        copy_of(foe, &foe->own[dice(foe, (uint64_t)foe->nown)]);
        if (foe->batch.len > 0)
            foe->batch.data[dice(foe, foe->batch.len)] ^=
                (uint8_t)(1u << dice(foe, 8));
    } else {
        uint8_t bytes[300];

        random_bytes(foe, bytes, sizeof bytes);
        buf_put(&foe->batch, bytes, dice(foe, sizeof bytes));
    }
    if (foe->type == FRAME_END || foe->type == FRAME_HELLO)
        foe->type = FRAME_BATCH;
}

/* Its own program's hello, which lets itself be told tersely, from other
 * cursors on. */
static void terse(struct foe *foe)
{
    own_ask(foe, true);
    assert_int_equal(foe->own[0].type, FRAME_HELLO);
    assert_int_equal(hello_read(buf_view(&foe->own[0].payload), &foe->hello),
                     0);
    foe->hello.life = foe->w->hub->life;
    if (dice(foe, 2) == 0)
        any_cursors(foe);
    else
        foe->hello.cursors = (int)dice(foe, 2);
    foe->type = 99;
}

static void payload_of(struct foe *foe, enum try what)
{
    foe->type = FRAME_BATCH;
    switch (what) {
    case TRY_FORGED:
        foe->type = FRAME_FACTS;
        forge(foe, &foe->batch);
        break;
    case TRY_TAKEN_FACTS:
        copy_of(foe, any_of(foe, foe->heard, foe->nheard, FRAME_FACTS));
        foe->type = FRAME_FACTS;
        break;
    case TRY_MIXED:
        foe->type = FRAME_FACTS;
        if (dice(foe, 2) == 0)
            mix(foe, foe->own, foe->nown, &foe->batch);
        else
            mix(foe, foe->heard, foe->nheard, &foe->batch);
        break;
    case TRY_COMPARE:
        compare_all(foe);
        break;
    case TRY_WANT:
        want_all(foe);
        break;
    case TRY_REPLAY:
        replay(foe);
        break;
    case TRY_UNKNOWN:
        unknown(foe);
        break;
    case TRY_TERSE:
        terse(foe);
        break;
    default:
        some_changes(foe, what, &foe->hello.head[0], &foe->batch);
    }
}

static void write_ask(struct foe *foe)
{
    struct buf hello;

    buf_init(&hello, FRAME_MAX);
    hello_write(&foe->hello, &hello);
    wire_head_write(&foe->wire, foe->said, &foe->ask);
    wire_frame_write(&foe->wire, FRAME_HELLO, buf_view(&hello), &foe->ask);
    buf_done(&hello);
    wire_frame_write(&foe->wire, (enum frame_type)foe->type,
                     buf_view(&foe->batch), &foe->ask);
    wire_frame_write(&foe->wire, FRAME_END, bytes_of("", 0), &foe->ask);
}

void foe_try(struct foe *foe)
{
    enum try what = foe->what;
    static const char *const names[] = {"a", "c", "county", "", "B", "b ",
                                        "@b", "b"};

    buf_clear(&foe->ask);
    buf_clear(&foe->batch);
    memset(&foe->wire, 0, sizeof foe->wire);
    random_bytes(foe, foe->wire.ask_id, ID_SIZE);
    memcpy(foe->wire.key, foe->me->speaker.key, sizeof foe->wire.key);
    snprintf(foe->said, sizeof foe->said, "%s",
             what == TRY_NAME ? names[dice(foe, 8)] : "b");
    foe->stick = what == TRY_STICK;
    if (what == TRY_STICK)      /* anything may come so */
        what = (enum try)dice(foe, TRY_STICK);
    if ((what == TRY_REPLAY || what == TRY_NAME) && dice(foe, 4) == 0) {
        buf_put(&foe->ask, foe->whole[0].data, foe->whole[0].len);
        return;                 /* byte by byte as another said it */
    }
    plain_hello(foe, what);
    payload_of(foe, what);
    write_ask(foe);
}
