/* For row.c: what is done with a store, and one value of it that is wrong. */
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/seed.h"

#include <stdio.h>

/* As row.c and image.c number them. */
enum { WHATS = 9, HOWS = 9 };

void seed_rows(void)
{
    struct buf out;
    char name[40];

    buf_init(&out, SEED_MAX);
    for (uint8_t what = 0; what < WHATS; what++)
        for (uint8_t how = 0; how < HOWS; how += 2) {
            buf_u8(&out, (uint8_t)(what * 16 + (how < 3 ? 14 : 0) + how % 2));
            for (uint8_t i = 0; i < 4; i++) {
                buf_u8(&out, (uint8_t)((what * 4 + i) * 3 + how));
                buf_u8(&out, (uint8_t)(i * 5));     /* row */
                buf_u8(&out, (uint8_t)(how + i));
                buf_put(&out, "\3abc", 4);
            }
            snprintf(name, sizeof name, "what-%d-%d", what, how);
            seed_write("row", name, &out);
        }
    buf_done(&out);
}
