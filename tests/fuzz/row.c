/*
 * Rows that no store of ours wrote: a damaged page whose checksum nobody has,
 * or a hand in the file. The input is the form (u8): what is done with the
 * store, at the hub or on a station, opened anew or not; then changes of
 * single values: table and column (u8), row (u8), how (u8), and what `how`
 * wants. Whatever was changed, nothing is read or written outside its bounds,
 * and everything ends.
 */
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/image.h"
#include "tests/fuzz/help/stage.h"
#include "tests/fuzz/help/story.h"
#include "tests/fuzz/help/walk.h"

#include <stdlib.h>
#include <string.h>

/* The rest says what is done. Opening anew costs as much as ten other inputs,
 * so only one in eight has its bits set by chance. */
enum { FORM_HUB = 1, FORM_OPEN = 14, FORM_WHAT = 16 };

static struct world *county;
static struct town *town;
static struct talk *said;       /* a's ask and the hub's answer to it */
static struct stage stage[2];   /* station, hub */
static struct image image[2];
static struct id ask_id;

static struct store *store_at(int hub)
{
    return hub ? county->hub : town->store;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    county = story_county(false);
    town = town_of(county, "a");
    for (int hub = 0; hub < 2; hub++)
        image_keep(&image[hub], store_at(hub)->db);
    said = talk_ask(county, "a", ALL);
    memcpy(ask_id.b, said->ask.data + 4, ID_SIZE);
    story_unlink(county);
    for (int hub = 0; hub < 2; hub++)
        stage_open(&stage[hub], store_at(hub));
    return 0;
}

/* ---- what is done ---- */

/* A form filled in long ago, and a new one. */
static void put_some(struct store *store)
{
    static struct edit edit;
    static struct receipt receipt;
    const struct kind *kind = kinds_find(store_kinds(store), "thing");
    struct fault fault;

    memset(&edit, 0, sizeof edit);
    edit.kind = kind;
    edit.author = bytes_text("经办人");
    edit.token = bytes_text("t");
    if (kind == NULL || store->hub)
        return;
    for (int i = 1; i < 10; i++) {
        edit.record = record_id(i);
        edit.create = i == 9;
        edit.has_base = i % 2;
        edit.nset = 2;
        edit.set[0].field = kind_field(kind, "name");
        edit.set[0].text = bytes_text("新");
        edit.set[1].field = kind_field(kind, "host");
        edit.set[1].text = bytes_text("520527003");
        edit.token.len = i == 3;
        store_put(store, &edit, &receipt, &fault);
    }
    store_import_begin(store, &fault);
    edit.imported = edit.create = true;
    store_try(store, &edit, &receipt, &fault);
    store_put(store, &edit, &receipt, &fault);
    store_import_end(store);
}

static void hear_ask(struct store *store)
{
    struct answer *answer = answer_new(store, story_speaker, county,
                                       county->clock);
    struct fault fault;
    uint8_t piece[1400];

    if (answer_feed(answer, said->ask.data, said->ask.len, &fault) == 0)
        while (answer_read(answer, piece, sizeof piece) > 0)
            ;
    answer_free(answer);
}

static void hear_answer(struct store *store)
{
    static const struct asking_plan plan = {.hello_only = true};
    struct asking *asking = asking_new(store, town->name, town->speaker.key,
                                       &ask_id, &plan, NULL, county->clock);
    struct fault fault;
    uint8_t piece[1400];

    while (asking_read(asking, piece, sizeof piece) > 0)
        ;
    settle_feed(asking, said->answer.data, said->answer.len, &fault);
    asking_free(asking);
}

static void do_what(struct store *store, int what)
{
    struct fault fault;

    switch (what) {
    case WALK_PARTS:
        walk_ask(store, town->name, true);
        break;
    case WALK_PARTS + 1:
        put_some(store);
        break;
    case WALK_PARTS + 2:
        if (store->hub)
            hear_ask(store);
        else
            hear_answer(store);
        break;
    case WALK_PARTS + 3:
        store_verify(store, &fault);
        break;
    case WALK_PARTS + 4:
        store_rebuild(store, &fault);
        break;
    default:
        walk_one(store, (enum walk_part)what);
    }
    store_commit(store, &fault);
}

/* ---- opened anew ---- */

static void open_anew(int hub, struct cut *in, int what)
{
    struct store_options options = {
        .path = image_write(&image[hub], in),
        .hub = hub,
        .org = hub ? "520527" : town->org,
        .kinds = county->kinds,
        .hub_id = {{1}},
        .life = county->life + 1,
        .floor = county->reserved,
        .world = stage[hub].was.world,
    };
    struct station list[] = {{"a", "520527001", 0}, {"b", "520527002", 0}};
    struct store *store;
    struct fault fault;
    int rc = store_open(&options, &store, &fault);

    image_unlink();
    if (rc < 0)
        return;
    if (hub)
        store_stations(store, list, 2, &fault);
    do_what(store, what);
    store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut in = cut_of(bytes_of(data, size));
    uint8_t form = cut_u8(&in);
    int hub = form & FORM_HUB;
    int what = form / FORM_WHAT % (WALK_PARTS + 5);
    uint64_t reserved = county->reserved, life = county->life;

    if ((form & FORM_OPEN) == FORM_OPEN) {
        open_anew(hub, &in, what);
    } else {
        image_change(&image[hub], store_at(hub)->db, &in);
        do_what(store_at(hub), what);
        stage_back(&stage[hub]);
    }
    county->reserved = reserved;
    county->life = life;
    return 0;
}
