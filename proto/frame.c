#include "proto/message.h"
#include "proto/value.h"

#include <sodium.h>
#include <string.h>

static const uint8_t magic[2] = {'Y', 'Z'};

void wire_key(struct bytes secret, uint8_t key[32])
{
    crypto_generichash(key, 32, secret.data, secret.len, NULL, 0);
}

void wire_head_write(const struct wire *wire, const char *station,
                     struct buf *out)
{
    buf_put(out, magic, sizeof magic);
    buf_u8(out, WIRE_VERSION);
    buf_u8(out, wire->answer ? 'R' : 'A');
    buf_put(out, wire->ask_id, ID_SIZE);
    if (!wire->answer)
        buf_bytes(out, bytes_text(station));
}

static int head_check(struct bytes in, bool answer)
{
    if (in.len >= 2 && memcmp(in.data, magic, 2) != 0)
        return ERR_FORMAT;
    if (in.len >= 3 && in.data[2] != WIRE_VERSION)
        return ERR_VERSION;
    if (in.len >= 4 && in.data[3] != (answer ? 'R' : 'A'))
        return ERR_FORMAT;
    return 0;
}

int wire_head_read(struct wire *wire, struct bytes *in, char *station)
{
    struct cut cut = cut_of(*in);
    struct bytes name;
    int rc = head_check(*in, wire->answer);

    if (rc < 0)
        return rc;
    if (in->len < 4 + ID_SIZE + (wire->answer ? 0u : 1u))
        return 0;
    cut_take(&cut, 4);
    if (wire->answer) {
        if (memcmp(cut.at, wire->ask_id, ID_SIZE) != 0)
            return ERR_MAC;
        cut_take(&cut, ID_SIZE);
    } else {
        cut_copy(&cut, wire->ask_id, ID_SIZE);
        if (*cut.at == 0 || *cut.at > STATION_MAX)
            return ERR_FORMAT;
        name = cut_bytes(&cut, STATION_MAX);
        if (cut.bad)
            return 0;
        if (!text_valid(name))
            return ERR_FORMAT;
        memcpy(station, name.data, name.len);
        station[name.len] = '\0';
    }
    *in = bytes_of(cut.at, cut_left(&cut));
    return 1;
}

/* The MAC covers the exchange, the version and direction of the head, the place
 * of the frame behind it and its content, so that nothing can be repeated,
 * swapped, left out or read as another version. The key says who speaks. */
static void frame_mac(const struct wire *wire, uint8_t type,
                      struct bytes payload, uint8_t out[MAC_SIZE])
{
    crypto_generichash_state state;
    uint8_t place[11];

    place[0] = WIRE_VERSION;
    place[1] = wire->answer;
    place[2] = type;
    for (int i = 0; i < 8; i++)
        place[3 + i] = (uint8_t)(wire->frames >> (8 * i));
    crypto_generichash_init(&state, wire->key, sizeof wire->key, MAC_SIZE);
    crypto_generichash_update(&state, wire->ask_id, ID_SIZE);
    crypto_generichash_update(&state, place, sizeof place);
    crypto_generichash_update(&state, payload.data, payload.len);
    crypto_generichash_final(&state, out, MAC_SIZE);
}

void wire_frame_write(struct wire *wire, enum frame_type type,
                      struct bytes payload, struct buf *out)
{
    uint8_t mac[MAC_SIZE];

    frame_mac(wire, (uint8_t)type, payload, mac);
    buf_u8(out, (uint8_t)type);
    buf_bytes(out, payload);
    buf_put(out, mac, MAC_SIZE);
    wire->frames++;
}

int wire_frame_read(struct wire *wire, struct bytes *in, int *type,
                    struct bytes *payload)
{
    struct cut cut = cut_of(*in);
    uint8_t kind = cut_u8(&cut), mac[MAC_SIZE];
    uint64_t len = cut_varint(&cut);
    struct bytes sent;

    if (cut.bad)                /* ten bytes always hold a whole varint */
        return in->len < 11 ? 0 : ERR_FORMAT;
    if (len > FRAME_MAX)
        return ERR_SIZE;
    *payload = cut_take(&cut, (size_t)len);
    sent = cut_take(&cut, MAC_SIZE);
    if (cut.bad)
        return 0;
    frame_mac(wire, kind, *payload, mac);
    if (sodium_memcmp(mac, sent.data, MAC_SIZE) != 0)
        return ERR_MAC;
    wire->frames++;
    *type = kind;
    *in = bytes_of(cut.at, cut_left(&cut));
    return 1;
}
