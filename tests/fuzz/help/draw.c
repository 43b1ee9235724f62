#include "tests/fuzz/help/draw.h"
#include "tests/fuzz/help/must.h"

#include <string.h>

enum { SAMPLES = 6, RECORDS = 24 };

/* Of each type: proper, improper, and what two people might both say. */
static const char *const sample[][SAMPLES] = {
    [FIELD_TEXT] = {"甲", "乙", "1", "2", "8", " 甲"},
    [FIELD_DATE] = {"2020-01-01", "2021-01-01", "1970-01-01", "2024-02-29",
                    "2023-02-29", "2020-05"},
    [FIELD_MONTH] = {"2020-01", "2020-13", "2021-12", "1970-01", "", "x"},
    [FIELD_INT] = {"0", "1", "15", "-1", "007", "999999999999999"},
    [FIELD_BOOL] = {"true", "false", "是", "1", "", "x"},
    [FIELD_CODE] = {"起草", "送审", "批准", "none", "1", "退回"},
    [FIELD_ID18] = {"520527198706010017", "52052719870601001X", "1", "", "x",
                    "520527870601001"},
    [FIELD_ORG] = {"520527001", "520527002", "520527003", "520527",
                   "520528001", "52"},
    [FIELD_SET] = {"红", "蓝", "黄", "绿", " 红", "x"},
};

static sqlite3_stmt *nth(struct draw *draw, const char *sql, uint8_t at)
{
    sqlite3_stmt *stmt = db_stmt(draw->store, sql);

    db_int(stmt, 1, at);
    return stmt;
}

void draw_origin(struct draw *draw, struct id *out)
{
    uint8_t pick = cut_u8(&draw->in);
    sqlite3_stmt *stmt;

    memset(out, 0, sizeof *out);
    if (pick == 0) {
        cut_copy(&draw->in, out->b, ID_SIZE);
        return;
    }
    stmt = nth(draw, "SELECT origin FROM origin ORDER BY id LIMIT 1 OFFSET "
                     "?1 % (SELECT count(*) FROM origin)", pick);
    if (db_step(draw->store, stmt) == 1)
        db_column_id(stmt, 0, out);
    sqlite3_reset(stmt);
}

uint64_t draw_number(struct draw *draw, uint64_t known)
{
    uint8_t pick = cut_u8(&draw->in);

    if (pick == 0)
        return known;
    if (pick == 1)
        return take_number(&draw->in);
    return pick < 128 ? (uint64_t)pick - 2 : known + 128u - pick;
}

void draw_name(struct draw *draw, struct name *out)
{
    struct origin_row row = {.n = 0};

    draw_origin(draw, &out->origin);
    origin_find(draw->store, &out->origin, &row);
    out->n = draw_number(draw, row.n);
}

struct hash draw_hash(struct draw *draw, const struct name *name)
{
    struct hash hash = {{0}};

    journal_hash(draw->store, place_of(draw->store, name), &hash);
    return hash;
}

void draw_text(struct draw *draw, const struct field *field,
               struct bytes *out)
{
    uint8_t pick = cut_u8(&draw->in);

    *out = pick < SAMPLES ? bytes_text(sample[field->type][pick])
                          : take_sized(&draw->in);
}

/* One of the cases there are, or any name. */
static void draw_case(struct draw *draw, struct name *out)
{
    uint8_t pick = cut_u8(&draw->in);
    struct place_id at = {0, 0};
    sqlite3_stmt *stmt;

    if (pick == 0) {
        draw_name(draw, out);
        return;
    }
    stmt = nth(draw, "SELECT origin, n FROM cases ORDER BY id DESC LIMIT 1 "
                     "OFFSET ?1 % (SELECT count(*) FROM cases)", pick);
    if (db_step(draw->store, stmt) == 1)
        at = (struct place_id){sqlite3_column_int64(stmt, 0),
                               db_column_num(stmt, 1)};
    sqlite3_reset(stmt);
    place_name(draw->store, at, out);
}

/* As tests/world.c numbers its records. */
static struct id record_id_of(int record)
{
    struct id id = {{0x52}};

    id.b[15] = (uint8_t)record;
    return id;
}

/* ---- a change made from its parts ---- */

enum { ADD_REMOVAL = 1, ADD_AT = 2, ADD_SETTLES = 4, ADD_WAS = 8,
       ADD_FIELD = 16, ADD_KEY = 32 };

static const struct kind *draw_kind(struct draw *draw, struct change *out)
{
    const struct kinds *kinds = draw->store->kinds;

    out->kind = draw_number(draw, (uint64_t)kinds->list[0].id);
    return kinds_by_id(kinds, out->kind);
}

static void draw_fields(struct draw *draw, const struct kind *kind, int cell,
                        struct change *out)
{
    static const struct field text = {.type = FIELD_TEXT};
    struct bytes value;

    for (int i = 0; kind != NULL && i < kind->nfields; i++) {
        const struct field *field = &kind->fields[i];

        if (cell < 0 || field->cell != cell)
            continue;
        draw_text(draw, field, &value);
        if (field->type == FIELD_SET)
            out->key = bytes_of(value.data,
                                value.len < KEY_MAX ? value.len : KEY_MAX);
        else
            body_set(&out->body, (uint64_t)field->id, value);
    }
    if (cell != 0)
        return;
    draw_text(draw, &text, &value);
    body_set(&out->body, END_REASON, value);
}

static void draw_extras(struct draw *draw, uint8_t add, struct change *out)
{
    if (add & ADD_AT) {
        out->has_at = true;
        out->at_ms = (int64_t)take_number(&draw->in);
    }
    if (add & ADD_SETTLES)
        out->nsettles = cut_u8(&draw->in) % 4 + 1;
    for (int i = 0; i < out->nsettles; i++)
        draw_case(draw, &out->settles[i]);
    if (add & ADD_WAS) {
        out->has_was = true;
        draw_name(draw, &out->was);
        out->was_hash = draw_hash(draw, &out->was);
    }
    if (add & ADD_FIELD) {
        uint64_t field = take_number(&draw->in);

        body_set(&out->body, field, take_sized(&draw->in));
    }
    if (add & ADD_KEY)
        out->key = take_some(&draw->in, cut_u8(&draw->in) % (KEY_MAX + 1));
    if (add & ADD_REMOVAL)
        out->body.count = 0;
    out->removal = (add & ADD_REMOVAL) != 0;
}

static void make_change(struct draw *draw, const struct name *name,
                        struct buf *out)
{
    static struct change change;
    const struct kind *kind;
    uint8_t add = cut_u8(&draw->in);

    memset(&change, 0, sizeof change);
    change.name = *name;
    change.record = record_id_of(cut_u8(&draw->in) % RECORDS);
    kind = draw_kind(draw, &change);
    change.cell = draw_number(draw, 2);
    change.base = draw_number(draw, draw->store->number);
    change.author = bytes_text("经办人");
    change.stamp.wall_ms = 1700000000000;
    draw_fields(draw, kind,
                kind == NULL ? -1 : kind_cell_by_id(kind, change.cell),
                &change);
    draw_extras(draw, add, &change);
    change_write(&change, out);
}

/* As it came, but under this name: a change's name is the one thing in it that
 * a batch ties to the place it stands in. */
static void rename_change(struct bytes bytes, const struct name *name,
                          struct buf *out)
{
    struct cut cut = cut_of(bytes);
    struct name old;

    buf_u8(out, cut_u8(&cut));
    name_read(&cut, &old);
    name_write(name, out);
    buf_put(out, cut.at, cut_left(&cut));
}

enum { HOW_ALIEN, HOW_BYTES, HOW_AGAIN, HOWS = 8 };

void draw_change(struct draw *draw, const struct name *name, struct buf *out)
{
    struct name other;
    struct entry entry;
    struct bytes bytes;

    switch (cut_u8(&draw->in) % HOWS) {
    case HOW_ALIEN:
        bytes = take_sized(&draw->in);
        buf_put(out, bytes.data, bytes.len);
        break;
    case HOW_BYTES:
        rename_change(take_sized(&draw->in), name, out);
        break;
    case HOW_AGAIN:
        draw_name(draw, &other);
        entry_init(&entry);
        if (journal_load(draw->store, place_of(draw->store, &other),
                         &entry) == 1)
            buf_put(out, entry.bytes.data, entry.bytes.len);
        entry_done(&entry);
        break;
    default:
        make_change(draw, name, out);
    }
}
