/* Part of test_hostile.c: changes that no program of ours would write. */

static void random_bytes(struct foe *foe, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)dice(foe, 256);
}

static uint64_t any_number(struct foe *foe, uint64_t known)
{
    static const uint64_t ends[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1,
                                    UINT64_MAX, (uint64_t)1 << 62};

    switch (dice(foe, 8)) {
    case 0:
        return ends[dice(foe, sizeof ends / sizeof ends[0])];
    case 1:
        return dice(foe, 0) >> dice(foe, 64);
    case 2:
        return known + dice(foe, (uint64_t)1 << 27);
    case 3:
        return known == 0 ? 0 : dice(foe, known);
    default:
        return known;
    }
}

/* The n-th row of a statement that counts them itself. */
static sqlite3_stmt *any_row(struct foe *foe, const char *sql)
{
    sqlite3_stmt *stmt = db_stmt(foe->w->hub, sql);

    db_int(stmt, 1, (int64_t)dice(foe, 1u << 30));
    return db_step(foe->w->hub, stmt) == 1 ? stmt : NULL;
}

#define OTHERS_ORIGINS "FROM origin WHERE ifnull(station, '') <> 'b'"

static void others_origin(struct foe *foe, struct id *out)
{
    sqlite3_stmt *stmt = any_row(
        foe, "SELECT origin " OTHERS_ORIGINS " ORDER BY id LIMIT 1 OFFSET "
             "?1 % (SELECT count(*) " OTHERS_ORIGINS ")");

    assert_non_null(stmt);
    db_column_id(stmt, 0, out);
    sqlite3_reset(stmt);
}

/* A change of others, with its hash, or one that nobody wrote yet. */
static void others_name(struct foe *foe, struct name *out, struct hash *hash)
{
    struct origin_row row;

    others_origin(foe, &out->origin);
    assert_int_equal(origin_find(foe->w->hub, &out->origin, &row), 1);
    out->n = dice(foe, 8) == 0 ? any_number(foe, row.n)
                               : dice(foe, row.n + 2);
    out->n &= INT64_MAX;
    memset(hash, 0, sizeof *hash);
    journal_hash(foe->w->hub, place_of(foe->w->hub, out), hash);
}

static void others_case(struct foe *foe, struct name *out)
{
    sqlite3_stmt *stmt = any_row(
        foe, "SELECT o.origin, c.n FROM cases c JOIN origin o ON "
             "o.id = c.origin WHERE o.station <> 'b' ORDER BY c.id LIMIT 1 "
             "OFFSET ?1 % (SELECT count(*) FROM cases c JOIN origin o ON "
             "o.id = c.origin WHERE o.station <> 'b')");
    struct hash hash;

    if (stmt == NULL || dice(foe, 4) == 0) {
        if (stmt != NULL)
            sqlite3_reset(stmt);
        others_name(foe, out, &hash);
        return;
    }
    db_column_id(stmt, 0, &out->origin);
    out->n = db_column_num(stmt, 1);
    sqlite3_reset(stmt);
}

/* ---- one change ---- */

static const char *any_text(struct foe *foe, enum field_type type)
{
    static const char *const orgs[] = {
        "520527002", "520527001", "520527003", "520527", "5205270021",
        "520528001", "999999999999", "52"};
    static const char *const texts[] = {"甲", "1", "2", "3", "4", "8", "20",
                                        "起草", "批准", "%", "'", " x"};
    static const char *const dates[] = {"1970-01-01", "2020-02-29", "2023-13"};

    if (type == FIELD_ORG)
        return orgs[dice(foe, 8)];
    if (type == FIELD_DATE)
        return dates[dice(foe, 3)];
    if (type == FIELD_CODE)
        return texts[7 + dice(foe, 2)];
    return texts[dice(foe, 12)];
}

static void any_fields(struct foe *foe, struct change *out)
{
    const struct kind *kind = kinds_by_id(foe->w->hub->kinds, out->kind);
    int cell = kind == NULL ? -1 : kind_cell_by_id(kind, out->cell);

    for (int i = 0; kind != NULL && i < kind->nfields; i++) {
        const struct field *field = &kind->fields[i];
        struct bytes text = bytes_text(any_text(foe, field->type));

        if (cell < 0 || field->cell != cell)
            continue;
        if (field->type == FIELD_SET)
            out->key = text;
        else
            body_set(&out->body, (uint64_t)field->id, text);
    }
    if (cell == 0)
        body_set(&out->body, END_REASON, bytes_text("走"));
}

static void any_change(struct foe *foe, struct id record, struct change *out)
{
    memset(out, 0, sizeof *out);
    /* Whoever knows the id of a record that the hub lost, and comes first, says
     * what kind it is: what its author brings back is set aside then. */
    out->kind = record.b[15] < 20 && dice(foe, 8) == 0 ? dice(foe, 4) : 1;
    out->record = record;
    out->cell = dice(foe, 30) == 0 ? any_number(foe, 5) : dice(foe, 13);
    out->base = any_number(foe, foe->w->hub->number) & INT64_MAX;
    out->author = bytes_text("外人");
    any_fields(foe, out);
    if (dice(foe, 10) == 0) {
        out->removal = true;
        out->body.count = 0;
    }
}

static struct id known_record(struct foe *foe)
{
    static const int alien[] = {1, 1, 1, 2, 3, 5, 8, 9, 20, 22};

    return record_id(alien[dice(foe, 10)]);
}

static struct id seen_record(struct foe *foe)
{
    static const int seen[] = {4, 4, 6, 7};

    return record_id(seen[dice(foe, 4)]);
}

/* Other words for the cell of the case it names, as its settler would. */
static void settle_as(struct foe *foe, struct change *out)
{
    struct entry entry;

    out->nsettles = 1 + (int)dice(foe, 3);
    for (int i = 0; i < out->nsettles; i++)
        others_case(foe, &out->settles[i]);
    entry_init(&entry);
    if (dice(foe, 2) == 0 &&
        journal_load(foe->w->hub, place_of(foe->w->hub, &out->settles[0]),
                     &entry) == 1 && entry.readable &&
        entry.change.record.b[14] == 0 /* no secret one */) {
        out->record = entry.change.record;
        out->cell = entry.change.cell;
        out->key = bytes_of(NULL, 0);
        out->body.count = 0;
        any_fields(foe, out);
    }
    entry_done(&entry);
    if (dice(foe, 3) == 0) {
        out->removal = true;
        out->body.count = 0;
    }
}

/* Its name takes over what another wrote. */
static void was_other(struct foe *foe, struct change *out)
{
    out->has_was = true;
    others_name(foe, &out->was, &out->was_hash);
    if (dice(foe, 4) == 0)
        random_bytes(foe, out->was_hash.b, HASH_SIZE);
}

static void pull_in(struct foe *foe, struct change *out)
{
    static const char *const into[] = {"520527002", "520527", "5205270", ""};

    out->cell = dice(foe, 2) == 0 ? 1 : 3;
    out->key = bytes_of(NULL, 0);
    out->removal = false;
    out->body.count = 0;
    if (out->cell == 1)
        body_set(&out->body, 2, bytes_text(any_text(foe, FIELD_TEXT)));
    body_set(&out->body, out->cell == 1 ? 1 : 5,
             bytes_text(dice(foe, 2) == 0 ? into[dice(foe, 4)]
                                          : any_text(foe, FIELD_ORG)));
}

static void make_change(struct foe *foe, enum try what, struct change *out)
{
    struct id record = known_record(foe);

    if (what == TRY_GUESSED)
        random_bytes(foe, record.b, ID_SIZE);
    if (what == TRY_LOST)
        record = record_id(20 + (int)dice(foe, 3));
    if (what == TRY_KINDS || what == TRY_TERSE || what == TRY_UNKNOWN)
        record = seen_record(foe);
    if ((what == TRY_SCOPE || what == TRY_CASES) && dice(foe, 2) == 0)
        record = seen_record(foe);
    if (what == TRY_DUPLICATE)
        random_bytes(foe, record.b, 8);
    any_change(foe, record, out);
    if (what == TRY_CASES)
        settle_as(foe, out);
    if (what == TRY_WAS)
        was_other(foe, out);
    if (what == TRY_SCOPE)
        pull_in(foe, out);
    if (what != TRY_DUPLICATE)
        return;
    out->cell = 1;
    out->removal = false;
    out->key = bytes_of(NULL, 0);
    out->body.count = 0;
    body_set(&out->body, 1, bytes_text("520527002"));
    body_set(&out->body, 2, bytes_text(any_text(foe, FIELD_TEXT)));
}

/* ---- a batch ---- */

static void head_of(struct foe *foe, enum try what, struct head *out)
{
    struct origin_row row;

    memset(out, 0, sizeof *out);
    out->origin = foe->line;
    if (what == TRY_ORIGIN)
        others_origin(foe, &out->origin);
    else if (what == TRY_PARENT || dice(foe, 4) == 0)
        random_bytes(foe, out->origin.b, ID_SIZE);
    if (origin_find(foe->w->hub, &out->origin, &row) == 1) {
        out->n = row.n;
        out->hash = row.hash;
    }
    if (what == TRY_PARENT) {
        out->has_parent = true;
        others_name(foe, &out->parent, &out->parent_hash);
        out->hash = out->parent_hash;
    }
    if (dice(foe, 20) == 0)
        out->n = any_number(foe, out->n) & (INT64_MAX >> 1);
    if (dice(foe, 20) == 0)
        random_bytes(foe, out->hash.b, HASH_SIZE);
}

/* Some changes behind `head`, which moves. */
static void some_changes(struct foe *foe, enum try what, struct head *head,
                         struct buf *out)
{
    static struct change change;
    uint8_t kinds[HASH_SIZE];
    struct batch_writer writer;
    struct buf bytes;
    int count = 1 + (int)dice(foe, 3);

    memcpy(kinds, foe->w->hub->kinds->hash, HASH_SIZE);
    if (what == TRY_KINDS)
        random_bytes(foe, kinds, HASH_SIZE);
    batch_open(&writer, kinds, &head->origin, head->n + 1, &head->hash);
    buf_init(&bytes, CHANGE_MAX);
    while (count-- > 0) {
        make_change(foe, what, &change);
        change.name = (struct name){head->origin, ++head->n};
        if (dice(foe, 50) == 0) {
            struct hash hash;

            others_name(foe, &change.name, &hash);
        }
        buf_clear(&bytes);
        change_write(&change, &bytes);
        head->hash = change_hash(&head->hash, buf_view(&bytes));
        batch_add(&writer, buf_view(&bytes), &head->hash, BATCH_SIZE_MAX);
    }
    assert_int_equal(batch_close(&writer, out), 0);
    buf_done(&bytes);
}
