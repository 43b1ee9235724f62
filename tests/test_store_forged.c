/* Changes that no station of ours would write: each costs itself. */
#include "store/journal.h"
#include "tests/disaster.c"

/* One change alone in a batch of an origin of its own; its verdict. */
static enum state forged(struct world *w, struct change *change, int nth,
                         const struct name *said)
{
    struct station station = {"a", "520527001", 0};
    struct hello *hello = xmalloc(sizeof *hello);
    struct hash none = {{0}};
    struct batch_writer writer;
    struct batch batch;
    struct taken taken;
    struct buf bytes, out;
    uint64_t before[STATES];

    memset(hello, 0, sizeof *hello);
    hello->heads = 1;
    hello->head[0].origin.b[0] = (uint8_t)(100 + nth);
    hello->head[0].n = 1;
    change->name = said == NULL ? (struct name){hello->head[0].origin, 1}
                                : *said;
    change->author = bytes_text("外人");
    buf_init(&bytes, CHANGE_MAX);
    buf_init(&out, BATCH_MAX);
    change_write(change, &bytes);
    hello->head[0].hash = change_hash(&none, buf_view(&bytes));
    batch_open(&writer, w->kinds->hash, &hello->head[0].origin, 1, &none);
    batch_add(&writer, buf_view(&bytes), &hello->head[0].hash,
              BATCH_SIZE_MAX);
    assert_int_equal(batch_close(&writer, &out), 0);
    assert_int_equal(batch_read(buf_view(&out), &batch, NULL), 0);
    for (int i = 0; i < STATES; i++)
        before[i] = count_of(w->hub, (enum state)i);
    assert_int_equal(store_take_hello(w->hub, &station, hello, NULL), 0);
    assert_int_equal(store_take(w->hub, &station, &batch, &taken, &w->fault),
                     0);
    assert_int_equal(store_commit(w->hub, NULL), 0);
    batch_done(&batch);
    buf_done(&bytes);
    buf_done(&out);
    free(hello);
    for (int i = 0; i < STATES; i++)
        if (count_of(w->hub, (enum state)i) > before[i])
            return (enum state)i;
    return STATES;
}

static struct change strange(uint64_t cell, uint64_t field, const char *text)
{
    struct change change = {.kind = 1, .cell = cell};

    change.record = record_id(1);
    if (text != NULL)
        body_set(&change.body, field, bytes_text(text));
    return change;
}

TEST(a_change_that_is_none_of_ours_is_set_aside_or_returned)
{
    const struct name other = {{{1, 2}}, 1}, fifth = {{{103}}, 5};
    struct change change;
    int nth = 0;
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    change = strange(2, 3, "乙");
    assert_int_equal(forged(w, &change, nth++, &other), STATE_ASIDE);
    assert_int_equal(forged(w, &change, nth++, &fifth), STATE_ASIDE);
    change.key = bytes_text("红");              /* a cell without keys */
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_ASIDE);
    change = strange(7, 0, NULL);               /* a keyed one without */
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_ASIDE);
    change.key = bytes_text(" 红");
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_RETURNED);
    change = strange(2, 5, "520527001");        /* of another cell */
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_ASIDE);
    change = strange(2, 3, " 乙 ");
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_RETURNED);
    change = strange(0, 77, "x");               /* an ending knows two */
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_ASIDE);
    change = strange(99, 3, "乙");
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_ASIDE);
    change = strange(2, 3, "乙");
    change.kind = 9;
    assert_int_equal(forged(w, &change, nth++, NULL), STATE_ASIDE);
    assert_cell(w, "hub", 1, "name", "甲");
    sync_all(w);
    say(w, "a", 1, "name=丙");
    sync_all(w);
    assert_cell(w, "county", 1, "name", "丙");
    assert_agree(w);
    world_end(w);
}

/* BUG found: the hub looked at the value first, and the case of what was refused
 * told its author what is in force in a record he may not see. */
TEST(a_stranger_who_writes_what_is_no_value_is_told_nothing)
{
    struct change change = strange(2, 3, " 乙");
    W;

    say(w, "c", 1, "mark=1 name=甲");
    sync_all(w);
    change.base = w->hub->number;
    assert_int_equal(forged(w, &change, 0, NULL), STATE_RETURNED);
    assert_false(news_tell(w, "a", 1, "甲"));
    assert_false(news_tell(w, "c", 1, "乙"));
    assert_true(news_tell(w, "a", 1, "乙"));
    assert_int_equal(reason_of(w, "c", 1, "name"), -1);
    sync_all(w);
    assert_agree(w);
    world_end(w);
}

/* BUG found: who said that a removal was an empty value once had known that value,
 * as far as the hub went, and its journal told another tale. */
TEST(what_was_said_before_is_the_same_only_if_it_is)
{
    struct change change = strange(3, 5, NULL);
    W;

    say(w, "a", 1, "mark=1 name=甲");
    sync_all(w);
    assert_int_equal(forged(w, &change, 0, NULL), STATE_TAKEN);
    change.removal = true;
    change.has_was = true;
    change.was = change.name;
    assert_int_equal(journal_hash(w->hub, place_of(w->hub, &change.was),
                                  &change.was_hash), 1);
    assert_int_equal(forged(w, &change, 1, NULL), STATE_SAME);
    world_end(w);               /* what is derived can be made again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_change_that_is_none_of_ours_is_set_aside_or_returned),
        cmocka_unit_test(
            a_stranger_who_writes_what_is_no_value_is_told_nothing),
        cmocka_unit_test(what_was_said_before_is_the_same_only_if_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
