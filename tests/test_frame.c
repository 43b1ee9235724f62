/* Heads and frames: only what this station and this hub said in this exchange,
 * whole and in order, is ever handed on. */
#include "proto/message.h"
#include "tests/golden/golden.h"

static const char secret[] = "a secret of the station at the gate";

static void wire_init(struct wire *wire, bool answer)
{
    struct id ask = sample_id(0x70);

    memset(wire, 0, sizeof *wire);
    wire_key(bytes_text(secret), wire->key);
    memcpy(wire->ask_id, ask.b, ID_SIZE);
    wire->answer = answer;
}

/* ---- heads ---- */

/* Read a head as a hub does that has not met it, or as a station its answer. */
static int read_head(struct bytes in, bool answer, char *station)
{
    struct wire wire;
    int rc;

    wire_init(&wire, answer);
    if (!answer)
        memset(wire.ask_id, 0, ID_SIZE);
    rc = wire_head_read(&wire, &in, station);
    if (rc == 1) {
        struct id ask = sample_id(0x70);

        assert_int_equal(in.len, 0);
        assert_memory_equal(wire.ask_id, ask.b, ID_SIZE);
    }
    return rc;
}

static int read_name(const void *name, size_t len)
{
    char station[STATION_MAX + 1];
    struct wire wire;
    struct buf head;
    int rc;

    wire_init(&wire, false);
    buf_init(&head, 1000);
    wire_head_write(&wire, "", &head);
    head.len--;
    buf_bytes(&head, bytes_of(name, len));
    rc = read_head(buf_view(&head), false, station);
    if (rc == 1) {
        assert_int_equal(strlen(station), len);
        assert_memory_equal(station, name, len);
    }
    buf_done(&head);
    return rc;
}

static void test_names_of_stations(void **state)
{
    static char name[STATION_MAX + 2];

    (void)state;
    memset(name, 'n', sizeof name);
    assert_int_equal(read_name("城关镇", 9), 1);
    assert_int_equal(read_name(name, 1), 1);
    assert_int_equal(read_name(name, STATION_MAX), 1);
    assert_int_equal(read_name(name, STATION_MAX + 1), ERR_FORMAT);
    assert_int_equal(read_name(name, 0), ERR_FORMAT);
    assert_int_equal(read_name("a\0b", 3), ERR_FORMAT);
    assert_int_equal(read_name("\xff", 1), ERR_FORMAT);
    assert_int_equal(read_name("\xe5\x9f", 2), ERR_FORMAT);
}

static void test_head_comes_byte_by_byte(void **state)
{
    char station[STATION_MAX + 1];
    struct wire wire;
    struct buf head;

    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        wire_init(&wire, answer);
        buf_init(&head, 1000);
        wire_head_write(&wire, "gate", &head);
        for (size_t len = 0; len < head.len; len++)
            assert_int_equal(read_head(bytes_of(head.data, len), answer,
                                       station), 0);
        assert_int_equal(read_head(buf_view(&head), answer, station), 1);
        assert_int_equal(read_head(buf_view(&head), !answer, station),
                         ERR_FORMAT);
        buf_done(&head);
    }
    assert_string_equal(station, "gate");
}

/* A login page must be known for one by its first two bytes. */
static void test_strangers_are_refused_early(void **state)
{
    static const char page[] = "<!DOCTYPE html>";
    uint8_t head[4] = {'Y', 'Z', WIRE_VERSION, 'R'};
    char station[STATION_MAX + 1];

    (void)state;
    assert_int_equal(read_head(bytes_of(page, 2), true, NULL), ERR_FORMAT);
    assert_int_equal(read_head(bytes_of(page, 15), false, station),
                     ERR_FORMAT);
    head[2] = WIRE_VERSION + 1;
    assert_int_equal(read_head(bytes_of(head, 3), true, NULL), ERR_VERSION);
    assert_int_equal(read_head(bytes_of(head, 3), false, station),
                     ERR_VERSION);
}

static void test_answer_names_its_ask(void **state)
{
    struct wire wire;
    struct buf head;

    (void)state;
    wire_init(&wire, true);
    buf_init(&head, 100);
    wire_head_write(&wire, NULL, &head);
    for (int at = 4; at < 4 + ID_SIZE; at++) {
        head.data[at] ^= 1;
        assert_int_equal(read_head(buf_view(&head), true, NULL), ERR_MAC);
        head.data[at] ^= 1;
    }
    assert_int_equal(read_head(buf_view(&head), true, NULL), 1);
    buf_done(&head);
}

/* ---- frames ---- */

enum { FRAMES = 4 };

static const char *const said[FRAMES] = {"one", "", "three", "four"};

/* Each frame by itself. */
static void make(struct buf out[FRAMES], bool answer)
{
    struct wire wire;

    wire_init(&wire, answer);
    for (int i = 0; i < FRAMES; i++) {
        buf_init(&out[i], 1000);
        wire_frame_write(&wire, (enum frame_type)(i + 1), bytes_text(said[i]),
                         &out[i]);
    }
    assert_int_equal(wire.frames, FRAMES);
}

static void done(struct buf frames[FRAMES])
{
    for (int i = 0; i < FRAMES; i++)
        buf_done(&frames[i]);
}

static int read_one(struct wire *wire, struct bytes in, int frame)
{
    struct bytes payload;
    int type, rc = wire_frame_read(wire, &in, &type, &payload);

    if (rc != 1)
        return rc;
    assert_int_equal(in.len, 0);
    assert_int_equal(type, frame + 1);
    assert_true(bytes_equal(payload, bytes_text(said[frame])));
    return 1;
}

static void test_frames_come_back_in_order(void **state)
{
    struct buf frames[FRAMES];
    struct wire wire;

    (void)state;
    make(frames, true);
    wire_init(&wire, true);
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(read_one(&wire, buf_view(&frames[i]), i), 1);
    done(frames);
}

/* At each place every frame but its own is refused: so none can be swapped,
 * repeated or left out. */
static void test_frame_has_one_place(void **state)
{
    struct buf frames[FRAMES];
    struct wire wire, now;

    (void)state;
    make(frames, false);
    wire_init(&wire, false);
    for (int place = 0; place < FRAMES; place++) {
        for (int i = 0; i < FRAMES; i++) {
            now = wire;
            assert_int_equal(read_one(&now, buf_view(&frames[i]), i),
                             i == place ? 1 : ERR_MAC);
            if (i != place)
                assert_int_equal(now.frames, wire.frames);
        }
        assert_int_equal(read_one(&wire, buf_view(&frames[place]), place), 1);
    }
    done(frames);
}

static void test_frame_of_another_exchange(void **state)
{
    struct buf frames[FRAMES];
    struct wire wire;

    (void)state;
    make(frames, false);
    wire_init(&wire, false);
    wire.ask_id[15] ^= 1;
    assert_int_equal(read_one(&wire, buf_view(&frames[0]), 0), ERR_MAC);
    wire_init(&wire, true);             /* an ask sent back as its answer */
    assert_int_equal(read_one(&wire, buf_view(&frames[0]), 0), ERR_MAC);
    wire_init(&wire, false);
    wire_key(bytes_text("another secret"), wire.key);
    assert_int_equal(read_one(&wire, buf_view(&frames[0]), 0), ERR_MAC);
    wire_init(&wire, false);
    for (int bit = 0; bit < 256; bit++) {
        wire.key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(read_one(&wire, buf_view(&frames[0]), 0), ERR_MAC);
        wire.key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    done(frames);
}

static void test_flipped_bit_is_refused(void **state)
{
    struct buf frames[FRAMES];
    struct bytes payload;
    struct wire wire;
    int type;

    (void)state;
    make(frames, true);
    for (size_t bit = 0; bit < frames[0].len * 8; bit++) {
        struct bytes in = buf_view(&frames[0]);

        wire_init(&wire, true);
        frames[0].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        /* 0: the length says that more is to come. */
        assert_true(wire_frame_read(&wire, &in, &type, &payload) <= 0);
        assert_int_equal(wire.frames, 0);
        frames[0].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    done(frames);
}

static void test_cut_frame_waits(void **state)
{
    struct buf frames[FRAMES];
    struct wire wire;

    (void)state;
    make(frames, true);
    wire_init(&wire, true);
    for (size_t len = 0; len < frames[0].len; len++)
        assert_int_equal(read_one(&wire, bytes_of(frames[0].data, len), 0),
                         0);
    assert_int_equal(read_one(&wire, buf_view(&frames[0]), 0), 1);
    done(frames);
}

static void test_unknown_type_is_handed_on(void **state)
{
    struct bytes payload, in;
    struct wire wire;
    struct buf frame;
    int type;

    (void)state;
    wire_init(&wire, true);
    buf_init(&frame, 1000);
    wire_frame_write(&wire, (enum frame_type)200, bytes_text("new"), &frame);
    wire_frame_write(&wire, FRAME_END, bytes_text(""), &frame);
    wire_init(&wire, true);
    in = buf_view(&frame);
    assert_int_equal(wire_frame_read(&wire, &in, &type, &payload), 1);
    assert_int_equal(type, 200);
    assert_int_equal(wire_frame_read(&wire, &in, &type, &payload), 1);
    assert_int_equal(type, FRAME_END);
    assert_int_equal(payload.len, 0);
    buf_done(&frame);
}

/* The length is judged before anybody waits for so many bytes. */
static void test_length_is_judged_first(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int rc;
    } rows[] = {
        {"\x02\x80\x80\x80\x80\x01", 6, ERR_SIZE},
        {"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, ERR_SIZE},
        {"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, ERR_FORMAT},
        {"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10, 0},
        {"\x02\x83\x00\x61\x62\x63\x64\x65\x66\x67\x68", 11, ERR_FORMAT},
        {"\x02", 1, 0},
        {"", 0, 0},
    };
    struct bytes payload;
    struct wire wire;
    struct buf head;
    int type;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes in = bytes_of(rows[i].bytes, rows[i].len);

        wire_init(&wire, false);
        assert_int_equal(wire_frame_read(&wire, &in, &type, &payload),
                         rows[i].rc);
        assert_int_equal(in.len, rows[i].len);
    }
    for (uint64_t more = 0; more < 2; more++) {
        struct bytes in;

        buf_init(&head, 100);
        buf_u8(&head, FRAME_BATCH);
        buf_varint(&head, FRAME_MAX + more);
        in = buf_view(&head);
        assert_int_equal(wire_frame_read(&wire, &in, &type, &payload),
                         more ? ERR_SIZE : 0);
        buf_done(&head);
    }
}

static void test_largest_frame(void **state)
{
    static uint8_t bytes[FRAME_MAX];
    struct bytes payload, in;
    struct wire wire;
    struct buf frame;
    int type;

    (void)state;
    wire_init(&wire, false);
    buf_init(&frame, FRAME_MAX + 64);
    wire_frame_write(&wire, FRAME_NEWS, bytes_of(bytes, sizeof bytes),
                     &frame);
    assert_false(frame.full);
    wire_init(&wire, false);
    in = buf_view(&frame);
    assert_int_equal(wire_frame_read(&wire, &in, &type, &payload), 1);
    assert_int_equal(payload.len, FRAME_MAX);
    buf_done(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_stations),
        cmocka_unit_test(test_head_comes_byte_by_byte),
        cmocka_unit_test(test_strangers_are_refused_early),
        cmocka_unit_test(test_answer_names_its_ask),
        cmocka_unit_test(test_frames_come_back_in_order),
        cmocka_unit_test(test_frame_has_one_place),
        cmocka_unit_test(test_frame_of_another_exchange),
        cmocka_unit_test(test_flipped_bit_is_refused),
        cmocka_unit_test(test_cut_frame_waits),
        cmocka_unit_test(test_unknown_type_is_handed_on),
        cmocka_unit_test(test_length_is_judged_first),
        cmocka_unit_test(test_largest_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
