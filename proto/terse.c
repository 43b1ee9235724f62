#include "proto/mind.h"

#include <sodium.h>
#include <string.h>

enum { CHECK_SIZE = 8, ANCHOR_SIZE = 4, FLAG_KINDS = 1 };

/* Over the meaning, like that of the rows, so that a name which is another's
 * over there is found. What stands before is compared by itself: it is right
 * that a line which parts can be read. */
static void terse_checksum(const struct batch *head, struct bytes rows,
                           uint8_t out[CHECK_SIZE])
{
    crypto_generichash_state state;
    uint8_t full[16], numbers[16];

    for (int i = 0; i < 8; i++) {
        numbers[i] = (uint8_t)(head->first >> (8 * i));
        numbers[8 + i] = (uint8_t)(head->count >> (8 * i));
    }
    crypto_generichash_init(&state, NULL, 0, sizeof full);
    crypto_generichash_update(&state, head->kinds, HASH_SIZE);
    crypto_generichash_update(&state, head->origin.b, ID_SIZE);
    crypto_generichash_update(&state, numbers, sizeof numbers);
    crypto_generichash_update(&state, rows.data, rows.len);
    crypto_generichash_final(&state, full, sizeof full);
    memcpy(out, full, CHECK_SIZE);
}

static int head_of(const struct hello *hello, const struct id *origin)
{
    int at = 0;

    while (at < hello->heads && !id_equal(&hello->head[at].origin, origin))
        at++;
    return at < hello->heads ? at : -1;
}

int terse_write(const struct setting *setting,
                const struct batch_writer *writer, struct buf *out)
{
    const struct hello *hello = setting->hello;
    const struct batch *head = &writer->head;
    bool kinds = memcmp(head->kinds, hello->kinds, HASH_SIZE) != 0;
    int at = head_of(hello, &head->origin);
    uint8_t check[CHECK_SIZE];

    if (at < 0 || head->first <= hello->head[at].confirmed ||
        writer->raw.full || !hello->last.told)
        return ERR_FORMAT;
    terse_checksum(head, buf_view(&writer->raw), check);
    buf_u8(out, TERSE_VERSION);
    buf_u8(out, kinds ? FLAG_KINDS : 0);
    if (kinds)
        buf_put(out, head->kinds, HASH_SIZE);
    buf_varint(out, (uint64_t)at);
    buf_varint(out, head->first - hello->head[at].confirmed - 1);
    buf_put(out, head->before.b, ANCHOR_SIZE);
    buf_varint(out, head->count);
    buf_put(out, check, CHECK_SIZE);
    return mind_write(setting, head, buf_view(&writer->raw), out);
}

bool batch_terse(struct bytes batch)
{
    return batch.len > 0 && batch.data[0] == TERSE_VERSION;
}

/* What stands before is known here, or is something else there. */
static bool read_before(const struct setting *setting, struct bytes anchor,
                        struct batch *out)
{
    struct name before = {out->origin, out->first - 1};

    if (!setting->names->hash(setting->names->user, &before, &out->before))
        return false;
    if (memcmp(out->before.b, anchor.data, ANCHOR_SIZE) == 0)
        return true;
    memset(&out->before, 0, sizeof out->before);
    memcpy(out->before.b, anchor.data, ANCHOR_SIZE);
    return true;
}

static int read_head(const struct setting *setting, struct cut *cut,
                     uint8_t check[CHECK_SIZE], struct batch *out,
                     struct fault *fault)
{
    const struct hello *hello = setting->hello;
    uint64_t at, from;
    struct bytes anchor;
    uint8_t flags;

    cut_u8(cut);
    flags = cut_u8(cut);
    if (flags & FLAG_KINDS)
        cut_copy(cut, out->kinds, HASH_SIZE);
    else
        memcpy(out->kinds, hello->kinds, HASH_SIZE);
    at = cut_varint(cut);
    from = number_read(cut);
    anchor = cut_take(cut, ANCHOR_SIZE);
    out->count = cut_varint(cut);
    cut_copy(cut, check, CHECK_SIZE);
    if (cut->bad || flags > FLAG_KINDS || at >= (uint64_t)hello->heads ||
        out->count == 0)
        return fault_set(fault, ERR_FORMAT, "batch", "its head is cut off");
    if (out->count > TERSE_PLACES)
        return fault_set(fault, ERR_SIZE, "batch", "at most %d places",
                         TERSE_PLACES);
    out->origin = hello->head[at].origin;
    if (from > INT64_MAX - out->count - hello->head[at].confirmed)
        return fault_set(fault, ERR_FORMAT, "batch", "n beyond all bounds");
    out->first = hello->head[at].confirmed + 1 + from;
    if (!read_before(setting, anchor, out))
        return fault_set(fault, ERR_GAP, "batch", "nothing stands before it");
    return 0;
}

/* Is it told by the dictionary that is here? */
static bool is_known(const struct setting *setting)
{
    const struct last_said *last = &setting->hello->last;

    return setting->mind != NULL && last->told &&
           memcmp(last->dictionary, setting->mind->name, DICTIONARY_NAME) == 0;
}

int terse_read(const struct setting *setting, struct bytes in,
               struct batch *out, struct fault *fault)
{
    struct cut cut = cut_of(in);
    uint8_t check[CHECK_SIZE], stated[CHECK_SIZE];
    int rc;

    if (!batch_terse(in))
        return batch_read(in, out, fault);
    memset(out, 0, sizeof *out);
    if (!is_known(setting))
        return fault_set(fault, ERR_VERSION, "batch",
                         "told by a dictionary that is not here");
    rc = read_head(setting, &cut, stated, out, fault);
    if (rc < 0)
        return rc;
    buf_init(&out->raw, BATCH_RAW_MAX);
    rc = mind_read(setting, bytes_of(cut.at, cut_left(&cut)), out, &out->raw);
    if (rc == 0) {
        terse_checksum(out, buf_view(&out->raw), check);
        rc = memcmp(check, stated, CHECK_SIZE) == 0 ? 0 : ERR_CHECKSUM;
    }
    if (rc < 0) {
        batch_done(out);
        return fault_set(fault, rc, "batch", "it is sent again in full");
    }
    out->rest = cut_of(buf_view(&out->raw));
    out->at = out->before;
    return 0;
}
