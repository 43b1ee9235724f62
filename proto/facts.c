#include "proto/facts.h"

#include <sodium.h>
#include <string.h>

void facts_write(uint64_t life, struct bytes confirm, struct bytes batch,
                 struct buf *out)
{
    buf_varint(out, life);
    buf_bytes(out, confirm);
    buf_put(out, batch.data, batch.len);
}

int facts_read(struct bytes in, struct facts *out)
{
    struct cut cut = cut_of(in);
    struct bytes confirm;

    out->life = cut_varint(&cut);
    confirm = cut_bytes(&cut, FRAME_MAX);
    out->batch = bytes_of(cut.at, cut_left(&cut));
    return cut.bad ? ERR_FORMAT : confirm_read(confirm, &out->confirm);
}

uint64_t confirm_count(const struct confirm *confirm)
{
    uint64_t count = 0;

    for (int i = 0; i < confirm->runs; i++)
        count += confirm->run[i].count;
    return count;
}

void confirm_mac(const struct confirm *confirm, const struct id *hub,
                 uint64_t life, const uint8_t key[32], uint8_t out[HASH_SIZE])
{
    struct buf said;
    struct bytes view;

    buf_init(&said, FRAME_MAX);
    confirm_signed(confirm, hub, life, &said);
    view = buf_view(&said);
    crypto_generichash(out, HASH_SIZE, view.data, view.len, key, 32);
    buf_done(&said);
}

/* Every change's hash covers the one before it: when the last is right, all
 * are. */
int facts_check(const struct facts *facts, const struct batch *batch,
                const struct id *hub, const uint8_t key[32])
{
    const struct confirm *confirm = &facts->confirm;
    struct batch reading = *batch;
    struct place place;
    uint8_t mac[HASH_SIZE];
    int rc;

    confirm_mac(confirm, hub, facts->life, key, mac);
    if (sodium_memcmp(mac, confirm->receipt, HASH_SIZE) != 0)
        return ERR_MAC;
    if (!id_equal(&confirm->origin, &batch->origin) ||
        confirm->from != batch->first || confirm_count(confirm) != batch->count)
        return ERR_FORMAT;
    while ((rc = batch_next(&reading, &place)) == 1)
        ;
    if (rc < 0 || memcmp(reading.at.b, confirm->hash.b, HASH_SIZE) != 0)
        return ERR_FORMAT;
    return 0;
}
