/* For bundle.c: messages to be sealed, and files that are refused. */
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/seed.h"

#include <stdio.h>
#include <string.h>

static void seed_file(const char *name, const char *bytes, size_t len,
                      struct buf *out)
{
    buf_put(out, "\0\5", 2);
    buf_put(out, bytes, len);
    seed_write("bundle", name, out);
}

void seed_bundles(void)
{
    static const char head[] = "YZB\1A\4gate\254\2";
    static const char text[] = "YZ\1Aan ask, as it were, of the station gate";
    struct buf out;
    char name[40];

    buf_init(&out, SEED_MAX);
    /* Asks and answers, small and of several chunks, hurt here and there. */
    for (uint8_t form = 1; form < 8; form += 2)
        for (uint8_t at = 3; at < 120; at += 29) {
            buf_u8(&out, form);
            buf_u8(&out, at);
            buf_u8(&out, at);
            put_number(&out, form < 4 ? at : at * 1117u);
            put_number(&out, 300);
            put_number(&out, 1000);
            put_number(&out, at % 2 * 70000u);
            buf_put(&out, text, sizeof text - 1);
            snprintf(name, sizeof name, "sealed-%d-%d", form, at);
            seed_write("bundle", name, &out);
        }
    seed_file("head", head, sizeof head - 1, &out);
    seed_file("head-cut", head, 7, &out);
    seed_file("newer", "YZB\2A\4gate\1", 11, &out);
    seed_file("zip", "PK\3\4 and so on", 14, &out);
    buf_put(&out, "\0\100", 2);
    buf_put(&out, head, sizeof head - 1);
    memset(buf_room(&out, 200), 'x', 200);
    buf_put(&out, "YZBE\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    seed_write("bundle", "unsealed", &out);
    buf_done(&out);
}
