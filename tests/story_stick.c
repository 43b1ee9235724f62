/* What tests of bundles share: a stick between a station and the hub of a
 * world. Included behind tests/world.c. */
#include "daemon/bundle.h"
#include "tests/story_outcome.c"

enum { STICK_ROOM = 8 * 1024 * 1024 };

static void draw_all(struct packing *packing, struct buf *out)
{
    size_t before;

    buf_init(out, STICK_ROOM);
    do {
        before = out->len;
        assert_int_equal(packing_fill(packing, out), 0);
    } while (out->len > before);
}

static void pack_at(struct world *w, const char *name, size_t bytes,
                    uint64_t number, struct buf *out)
{
    struct town *town = town_of(w, name);
    struct packing *packing;
    struct id id;

    world_random(town, id.b, ID_SIZE);
    assert_int_equal(store_commit(town->store, &w->fault), 0);
    packing = packing_ask(town->store, town->name, town->speaker.key, &id,
                          number, bytes, w->clock);
    draw_all(packing, out);
    packing_free(packing);
}

static int feed_file(struct unpacking *unpacking, struct bytes file,
                     struct fault *fault)
{
    size_t at = 0;
    int rc;

    memset(fault, 0, sizeof *fault);
    do {
        size_t left = file.len - at;

        at += unpacking_hold(unpacking,
                             bytes_of(file.data + at, left < 999 ? left : 999));
        while ((rc = unpacking_step(unpacking, at == file.len, fault)) == 1)
            ;
    } while (rc == 0 && at < file.len);
    return rc;
}

/* The hub takes an ask in; `answer` may be NULL. */
static int hub_unpacks(struct world *w, struct bytes ask, struct buf *answer)
{
    struct unpacking *unpacking =
        unpacking_ask(w->hub, world_speaker, w, w->clock);
    int rc = feed_file(unpacking, ask, &w->fault);
    struct packing *packing;

    assert_int_equal(store_commit(w->hub, NULL), 0);
    if (rc == 0 && answer != NULL) {
        packing = unpacking_reply(unpacking);
        draw_all(packing, answer);
        packing_free(packing);
    }
    unpacking_free(unpacking);
    return rc;
}

/* 1: it counts, 0: a newer life of the hub is known, or an error. */
static int unpack_at(struct world *w, const char *name, struct bytes answer)
{
    struct town *town = town_of(w, name);
    struct unpacking *unpacking = unpacking_answer(
        town->store, town->name, town->speaker.key, w->clock);
    int rc = feed_file(unpacking, answer, &w->fault);

    if (unpacking_asked(unpacking, &w->asked) && rc == 0)
        rc = 1;
    assert_int_equal(store_commit(town->store, NULL), 0);
    unpacking_free(unpacking);
    return rc;
}

/* There and back once; is there more? */
static bool carry(struct world *w, const char *name, size_t bytes)
{
    struct buf ask, answer;

    pack_at(w, name, bytes, 1, &ask);
    assert_int_equal(hub_unpacks(w, buf_view(&ask), &answer), 0);
    assert_int_equal(unpack_at(w, name, buf_view(&answer)), 1);
    assert_true(w->asked.whole);
    buf_done(&ask);
    buf_done(&answer);
    return w->asked.more ||
           count_of(town_of(w, name)->store, STATE_QUEUED) > 0;
}

static void by_line(struct outcome *out)
{
    finish(prepared(), out);
}
