/* Part of test_hostile.c: the hub's door, and what it answers. */

/* As the door has it: whoever is b may speak as b. */
static const struct speaker *door_speaker(void *user, const char *station)
{
    struct foe *foe = user;

    return strcmp(station, "b") == 0 ? &foe->me->speaker : NULL;
}

/* A refusal is the asker's fault, never the store's. */
static void refusal(int rc, const struct fault *fault)
{
    if (rc != 0 && rc != ERR_FORMAT && rc != ERR_SIZE && rc != ERR_MAC &&
        rc != ERR_VERSION && rc != ERR_STATION && rc != ERR_TORN &&
        rc != ERR_BUNDLE)
        fail_msg("the hub says YZ%04d: %s %s", err_code(rc), fault->field,
                 fault->why);
}

static void by_line(struct foe *foe)
{
    struct world *w = foe->w;
    struct fault fault = {.err = 0};
    struct answer *answer = answer_new(w->hub, door_speaker, foe, w->clock);
    uint8_t piece[4096];
    long got = 0;
    int rc = answer_feed(answer, foe->ask.data, foe->ask.len, &fault);

    refusal(rc, &fault);
    assert_int_equal(store_commit(w->hub, &fault), 0);
    foe->passed = answer->helloed;
    while (rc == 0 && answer_whole(answer) &&
           (got = answer_read(answer, piece, sizeof piece)) > 0)
        buf_put(&foe->answer, piece, (size_t)got);
    if (got < 0)
        fail_msg("the answer ends with YZ%04d", err_code((int)got));
    answer_free(answer);
}

/* The message in a bundle, as far as it opens. */
static void unseal(struct foe *foe, struct buf *file)
{
    struct bundle_reader reader;
    uint8_t key[32];
    size_t at = 0;
    int rc = 0;

    bundle_reader_init(&reader);
    bundle_key(foe->me->speaker.key, key);
    do {
        at += bundle_hold(&reader, bytes_of(file->data + at, file->len - at));
        rc = bundle_next(&reader);
        if (rc == BUNDLE_HEAD)
            bundle_unlock(&reader, key);
        if (rc == BUNDLE_MORE && at == file->len) {
            rc = bundle_last(&reader);
            buf_put(&foe->answer, reader.plain.data, reader.plain.len);
            break;
        }
        if (rc == BUNDLE_PLAIN)
            buf_put(&foe->answer, reader.plain.data, reader.plain.len);
    } while (rc >= 0);
    assert_true(rc >= 0);
    bundle_reader_done(&reader);
}

static void seal(struct foe *foe, struct buf *out)
{
    struct bundle_head head = {.number = any_number(foe, 3) & INT64_MAX};
    struct bundle_counts counts = {1, 0};
    struct bundle_writer writer;
    uint8_t key[32];

    snprintf(head.station, sizeof head.station, "%s",
             dice(foe, 8) == 0 ? "a" : "b");
    bundle_key(foe->me->speaker.key, key);
    bundle_open(&writer, &head, key, out);
    bundle_put(&writer, buf_view(&foe->ask), out);
    bundle_close(&writer, &counts, out);
    bundle_writer_done(&writer);
}

static void by_stick(struct foe *foe)
{
    struct fault fault = {.err = 0};
    struct unpacking *unpacking = unpacking_ask(foe->w->hub, door_speaker,
                                                foe, foe->w->clock);
    struct packing *packing;
    struct buf file;
    size_t at = 0, before;
    int rc;

    buf_init(&file, 8u << 20);
    seal(foe, &file);
    do {
        at += unpacking_hold(unpacking, bytes_of(file.data + at,
                                                 file.len - at));
        while ((rc = unpacking_step(unpacking, at == file.len, &fault)) == 1)
            ;
    } while (rc == 0 && at < file.len);
    refusal(rc, &fault);
    assert_int_equal(store_commit(foe->w->hub, NULL), 0);
    foe->passed = rc == 0;
    buf_clear(&file);
    if (rc == 0) {
        packing = unpacking_reply(unpacking);
        do {
            before = file.len;
            assert_int_equal(packing_fill(packing, &file), 0);
        } while (file.len > before);
        packing_free(packing);
        unseal(foe, &file);
    }
    unpacking_free(unpacking);
    buf_done(&file);
}

void foe_say(struct foe *foe)
{
    buf_clear(&foe->answer);
    foe->passed = false;
    if (foe->stick)
        by_stick(foe);
    else
        by_line(foe);
    foe->bytes += foe->answer.len;
}

/* ---- what it learned ---- */

static bool secret_in(struct bytes bytes)
{
    struct id first = record_id(SECRET);

    /* All but the last byte is the same in every secret id. */
    return bytes.len > 0 &&
           (memmem(bytes.data, bytes.len, MARKER, strlen(MARKER)) != NULL ||
            memmem(bytes.data, bytes.len, first.b, ID_SIZE - 1) != NULL);
}

static void no_secret(struct foe *foe, struct bytes bytes, const char *where)
{
    if (secret_in(bytes))
        fail_msg("try %llu, %s: %s tells what it may not see",
                 (unsigned long long)foe->nth, try_words[foe->what], where);
}

static void hear_news(struct foe *foe, struct news *news, bool word)
{
    static struct change change;
    struct bytes all = buf_view(&news->raw);
    struct news_item item;
    char id[37] = "-";

    if (!word && strcmp(news->stream, foe->me->org) != 0 &&
        strcmp(news->stream, "@b") != 0)
        fail_msg("try %llu, %s: news of %s", (unsigned long long)foe->nth,
                 try_words[foe->what], news->stream);
    if (!secret_in(all)) {
        news_done(news);
        return;
    }
    while (news_next(news, &item) == 1) {
        if (!secret_in(item.change) &&
            !(item.has_base && secret_in(item.base_body)))
            continue;
        if (change_read(item.change, &change) == 0)
            id_text(&change.record, id);
        print_message("an item of kind %d in %s: record %s cell %d, base %d, "
                      "number %llu, reason %d, open %d\n", (int)item.what,
                      news->stream, id, (int)change.cell, item.has_base,
                      (unsigned long long)item.number, item.reason,
                      item.open);
    }
    no_secret(foe, all, "news");
}

/* As news_read, but whoever names a cursor past all numbers is told from there,
 * and no station of ours would read that. */
static void inflate_news(struct bytes payload, struct news *out)
{
    struct cut cut = cut_of(payload);
    struct bytes stream = cut_bytes(&cut, STREAM_MAX);
    uint64_t size;

    memset(out, 0, sizeof *out);
    memcpy(out->stream, stream.data, stream.len);
    cut_varint(&cut);
    cut_varint(&cut);
    cut_varint(&cut);
    cut_u8(&cut);
    out->count = cut_varint(&cut);
    size = cut_varint(&cut);
    assert_false(cut.bad);
    buf_init(&out->raw, NEWS_RAW_MAX);
    assert_int_equal(inflate_bytes(bytes_of(cut.at, cut_left(&cut)),
                                   (size_t)size, &out->raw), 0);
    out->rest = cut_of(buf_view(&out->raw));
}

static void hear_frame(struct foe *foe, const struct welcome *welcome,
                       int type, struct bytes payload)
{
    struct news news;

    no_secret(foe, payload, "a frame");
    if (type == FRAME_NEWS || type == FRAME_MEND) {
        inflate_news(payload, &news);
        hear_news(foe, &news, type == FRAME_MEND);
    } else if (type == FRAME_TERSE_NEWS) {
        foe->terse++;
        if (store_read_news(foe->me->store, welcome, payload, &news) == 0)
            hear_news(foe, &news, false);
        else
            foe->unread++;
    }
}

void foe_hear(struct foe *foe)
{
    static struct welcome welcome;
    struct wire wire = foe->wire;
    struct bytes rest = buf_view(&foe->answer), payload;
    bool ended = false;
    int type;

    if (rest.len == 0)
        return;
    wire.frames = 0;
    wire.answer = true;
    assert_int_equal(wire_head_read(&wire, &rest, NULL), 1);
    while (wire_frame_read(&wire, &rest, &type, &payload) == 1) {
        if (type == FRAME_WELCOME)
            assert_int_equal(welcome_read(payload, &welcome), 0);
        hear_frame(foe, &welcome, type, payload);
        ended = type == FRAME_END;
    }
    assert_true(ended && rest.len == 0);
    if (foe->hello.room >= NEWS_ROOM)
        foe->heard_seq = welcome.seq;
}
