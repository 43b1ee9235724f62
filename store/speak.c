/*
 * Terse batches: what a station and its hub both have, and by what name.
 *
 * A change is named that the hub surely has: one it has decided, or one of the
 * same origin that goes before it. Should the hub not have it after all (it was
 * set back), or have another under that name, it takes nothing of the batch,
 * and the station says it again in full.
 */
#include "store/speak.h"
#include "store/cell.h"
#include "store/peer.h"

#include <string.h>

/* ---- station ---- */

static bool name_of(struct store *store, struct place_id at, uint64_t number,
                    struct known *out)
{
    out->number = number;
    if (at.origin != store->saying)
        return at.origin != 0 && place_name(store, at, &out->name) == 0;
    out->name = (struct name){store->saying_origin, at.n};
    return true;
}

/* The state its author looked at, if that is still the one in force here. */
static bool find_base(struct store *store, const struct change *of,
                      int64_t record, struct known *out)
{
    struct cell_row cell;

    return of != NULL && of->base != 0 &&
           cell_find(store, record, of->cell, of->key, &cell) == 1 &&
           cell.number == of->base &&
           name_of(store, cell.force, cell.number, out);
}

static bool find_identity(struct store *store, const struct record_row *row,
                          struct known *out)
{
    const struct kind *kind = kinds_by_id(store->kinds, row->kind);
    struct cell_row cell;

    if (kind == NULL || cell_find(store, row->id, (uint64_t)kind->cells[1].id,
                                  bytes_of("", 0), &cell) != 1)
        return false;
    if (cell.number > 0)
        return name_of(store, cell.force, cell.number, out);
    /* Undecided: the hub has it if it goes before what is told now. */
    return cell.own.origin == store->saying && name_of(store, cell.own, 0, out);
}

static bool on_find(void *user, const struct id *record,
                    const struct change *of, struct known *out)
{
    struct store *store = user;
    struct record_row row;

    if (record_find(store, record, &row) != 1)
        return false;
    out->record = *record;
    return find_base(store, of, row.id, out) || find_identity(store, &row, out);
}

/* What the last welcome said of dictionaries; kept, so that the first ask behind
 * a restart is terse too. */
#define HUB_READS "hub_reads"
/* And whether it reads brief asks. */
#define HUB_BRIEF "hub_brief"

static int64_t dictionary_number(const uint8_t name[DICTIONARY_NAME])
{
    uint64_t out = 0;

    for (int i = 0; i < DICTIONARY_NAME; i++)
        out = out << 8 | name[i];
    return (int64_t)out;
}

static bool hub_reads(struct store *store)
{
    uint8_t name[DICTIONARY_NAME];

    if (mind_built() == NULL)
        return false;
    mind_name(mind_built(), name);
    return meta_get(store, HUB_READS, 0) == dictionary_number(name);
}

bool terse_say(struct store *store, const struct hello *hello,
               const struct batch_writer *writer, struct buf *out)
{
    const struct names names = {.user = store, .find = on_find};
    struct setting setting = {NULL, &names, hello, NULL};
    struct origin_row origin;
    size_t start = out->len;

    if (hello == NULL || !hello->last.told || !hub_reads(store) ||
        origin_find(store, &writer->head.origin, &origin) != 1)
        return false;
    store->saying = origin.id;
    store->saying_origin = origin.origin;
    setting.mind = mind_built();
    if (setting.mind != NULL && terse_write(&setting, writer, out) == 0)
        return true;
    out->len = start;
    out->full = false;
    return false;
}

void terse_hello(struct store *store, struct hello *out)
{
    struct last_said *last = &out->last;
    const struct change *change;
    struct place_id at;
    struct entry entry;

    if (store->in_full || mind_built() == NULL) {
        store->in_full = false;
        return;
    }
    mind_name(mind_built(), last->dictionary);
    last->told = true;
    if (out->heads == 0)
        return;                 /* it wrote nothing yet, but can be told news */
    at = place_of(store, &(struct name){out->head[0].origin, out->head[0].n});
    entry_init(&entry);
    if (at.n > 0 && journal_load(store, at, &entry) == 1 && entry.readable) {
        change = &entry.change;
        memcpy(last->author, change->author.data, change->author.len);
        memcpy(last->boot, change->stamp.boot, sizeof last->boot);
        last->drift = (int64_t)((uint64_t)change->stamp.wall_ms -
                                (uint64_t)change->stamp.mono_ms);
    }
    entry_done(&entry);
}

int terse_heard(struct store *store, const struct welcome *welcome)
{
    int64_t reads =
        welcome->terse ? dictionary_number(welcome->dictionary) : 0;
    int rc = 0;

    if (meta_get(store, HUB_BRIEF, 0) != welcome->brief)
        rc = meta_set(store, HUB_BRIEF, welcome->brief);
    if (rc == 0 && meta_get(store, HUB_READS, 0) != reads)
        rc = meta_set(store, HUB_READS, reads);
    return rc;
}

bool store_speaks_briefly(struct store *store)
{
    return meta_get(store, HUB_BRIEF, 0) != 0;
}

void store_speak_in_full(struct store *store)
{
    store->in_full = true;
}

/* ---- both ---- */

const struct mind *terse_named(const uint8_t dictionary[DICTIONARY_NAME])
{
    uint8_t name[DICTIONARY_NAME];

    if (mind_built() == NULL)
        return NULL;
    mind_name(mind_built(), name);
    return memcmp(name, dictionary, sizeof name) == 0 ? mind_built() : NULL;
}

const struct mind *terse_mind(const struct hello *hello)
{
    return hello->last.told ? terse_named(hello->last.dictionary) : NULL;
}

/* ---- hub ---- */

/* Nearly all names are of one origin: it is looked up once a batch. */
static struct place_id place_known(struct store *store, const struct name *name)
{
    struct place_id at = {store->saying, name->n};

    if (at.origin != 0 && id_equal(&store->saying_origin, &name->origin))
        return at;
    at = place_of(store, name);
    store->saying = at.origin;
    store->saying_origin = name->origin;
    return at;
}

bool terse_look(struct store *store, struct known *out)
{
    struct place_id at = place_known(store, &out->name);
    sqlite3_stmt *stmt =
        db_stmt(store, "SELECT r.record, ifnull(j.number, 0) FROM journal j "
                       "JOIN record r ON r.id = j.record "
                       "WHERE j.origin = ?1 AND j.n = ?2");
    bool found;

    db_int(stmt, 1, at.origin);
    db_num(stmt, 2, at.n);
    found = db_step(store, stmt) == 1 && db_column_id(stmt, 0, &out->record);
    if (found)
        out->number = db_column_num(stmt, 1);
    sqlite3_reset(stmt);
    return found;
}

static bool on_look(void *user, struct known *out)
{
    return terse_look(user, out);
}

static bool on_hash(void *user, const struct name *name, struct hash *out)
{
    struct store *store = user;
    struct origin_row origin;

    if (origin_find(store, &name->origin, &origin) != 1)
        return false;
    if (name->n == 0)
        *out = origin.parent_hash;
    else if (name->n == origin.n)
        *out = origin.hash;
    else
        return journal_hash(store, (struct place_id){origin.id, name->n},
                            out) == 1;
    return true;
}

int store_read_batch(struct store *store, const struct hello *hello,
                     struct bytes payload, struct batch *out,
                     struct fault *fault)
{
    const struct names names = {
        .user = store, .look = on_look, .hash = on_hash};
    struct setting setting = {terse_mind(hello), &names, hello, NULL};
    int rc;

    store->saying = 0; /* a turn may have been lost since */
    rc = terse_read(&setting, payload, out, fault);
    if (rc == 0)
        out->life = hello->life;
    return rc;
}

void terse_welcome(struct welcome *out)
{
    out->terse = mind_built() != NULL;
    out->brief = out->terse;
    if (out->terse)
        mind_name(mind_built(), out->dictionary);
}
