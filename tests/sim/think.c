/* What a clerk wants: chosen by dice among what the pages show. */
#include "tests/sim/work.h"

#include <stdio.h>
#include <string.h>

enum { HOT = 12 };

struct thinking {
    struct machine *machine;
    struct sim *sim;
    struct work *work;
    struct desk *desk;
    struct rng *hand;
    const struct shown *shown;
    struct op *op;
};

/* ---- words ---- */

static const char *const words[] = {"甲", "乙", "丙", "丁", "戊", "己", "庚",
                                    "辛", "壬", "癸"};
static const char *const dates[] = {"2019-03-01", "2020-01-05", "2020-06-30",
                                    "2021-09-09", "2022-12-31", "2023-05-04"};
static const char *const states[] = {"发展", "预备", "正式"};
static const char *const tags[] = {"红", "蓝", "绿", "青", "紫"};

#define PICK(on, list) \
    ((list)[rng_below((on)->hand, sizeof(list) / sizeof((list)[0]))])

static void set(struct thinking *on, const char *field, const char *text)
{
    struct op *op = on->op;

    if (op->sets == OP_SETS)
        return;
    snprintf(op->set[op->sets].field, WORD_ROOM, "%s", field);
    snprintf(op->set[op->sets++].text, TEXT_ROOM, "%s", text);
}

static void set_number(struct thinking *on, const char *field, uint64_t below)
{
    char text[32];

    snprintf(text, sizeof text, "%llu",
             (unsigned long long)rng_below(on->hand, below));
    set(on, field, text);
}

/* Some organisation of the county, often this machine's own. */
static const char *any_org(struct thinking *on)
{
    const struct sim *sim = on->sim;

    if (rng_chance(on->hand, 400))
        return on->machine->org;
    return sim->machine[rng_below(on->hand, (uint64_t)sim->hub)]->org;
}

static void frame(struct thinking *on)
{
    struct op *op = on->op;

    memset(op, 0, sizeof *op);
    op->record = -1;
    op->stamp = clock_stamp(&on->machine->clock, on->sim->now);
    rng_fill(on->hand, op->token, sizeof op->token);
}

/* ---- new ones ---- */

static void create(struct thinking *on)
{
    struct op *op = on->op;
    uint64_t dice = rng_below(on->hand, 10);

    op->create = true;
    rng_fill(on->hand, op->id.b, ID_SIZE);
    set(on, "org", on->machine->org);
    if (dice < 1) {
        op->kind = "unit";
        set_number(on, "mark", 200);
        set(on, "title", PICK(on, words));
    } else if (dice < 2) {
        op->kind = "event";
        set(on, "day", PICK(on, dates));
        set(on, "topic", PICK(on, words));
    } else {
        op->kind = "person";
        set_number(on, "no", 100000);
        set(on, "name", PICK(on, words));
        set(on, "state", states[0]);
        if (rng_chance(on->hand, 300))
            set(on, "rank", PICK(on, words));
        if (rng_chance(on->hand, 350))
            set(on, "host", any_org(on));
    }
}

/* ---- old ones ---- */

/* A record this station may have; false when it does not show it. */
static bool open_page(struct thinking *on)
{
    struct desk *desk = on->desk;
    int at, from = 0;

    if (desk->mines == 0)
        return false;
    if (desk->mines > HOT && rng_chance(on->hand, 700))
        from = desk->mines - HOT;       /* what all speak of these days */
    at = desk->mine[from + (int)rng_below(on->hand,
                                          (uint64_t)(desk->mines - from))];
    on->op->record = at;
    on->op->id = on->work->record[at].id;
    on->op->kind = on->work->record[at].kind;
    return store_show(on->machine->store, &on->op->id, &on->work->shown) == 0;
}

static void seen_add(struct op *op, const char *cell, struct bytes key,
                     uint64_t number)
{
    if (op->seens == OP_BASES || key.len >= TEXT_ROOM) {
        op->listed = false;     /* too long a page for this clerk */
        return;
    }
    snprintf(op->seen[op->seens].cell, WORD_ROOM, "%s", cell);
    snprintf(op->seen[op->seens].key, TEXT_ROOM, "%.*s", (int)key.len,
             key.len > 0 ? (const char *)key.data : "");
    op->seen[op->seens++].number = number;
}

/* The page sends what numbers it showed. */
static void note_seen(struct thinking *on)
{
    const struct shown *shown = on->shown;
    struct op *op = on->op;

    op->listed = true;
    for (int i = 0; i < shown->cells; i++)
        seen_add(op, shown->kind->cells[shown->cell[i].cell].name,
                 shown->cell[i].key, shown->cell[i].base);
    seen_add(op, "end", bytes_of(NULL, 0), shown->end_base);
    if (!op->listed)
        op->seens = 0;
}

static void edit_person(struct thinking *on)
{
    switch (rng_below(on->hand, 12)) {
    case 0:
        set(on, "state", PICK(on, states));
        break;
    case 1:
        set(on, "born", PICK(on, dates));
        break;
    case 2:
        set(on, "visit", PICK(on, words));
        break;
    case 3:
        set(on, "rank", PICK(on, words));
        break;
    case 4:
        set(on, "since", PICK(on, dates));
        set(on, "until", PICK(on, dates));
        break;
    case 5:
        set(on, "closed", PICK(on, dates));
        set(on, "until", PICK(on, dates));
        break;
    case 6:
        set(on, "mail", rng_chance(on->hand, 800) ? "a@b.cn" : "甲");
        break;
    case 7:
        set(on, "host", rng_chance(on->hand, 300) ? "" : any_org(on));
        break;
    case 8:
        set(on, "alias", PICK(on, words));
        break;
    case 9:
        set_number(on, "no", 300);
        break;
    default:
        set(on, "name", rng_chance(on->hand, 50) ? "" : PICK(on, words));
        break;
    }
}

static void edit_key(struct thinking *on, const char *cell)
{
    struct op *op = on->op;

    snprintf(op->key[op->keys].cell, WORD_ROOM, "%s", cell);
    snprintf(op->key[op->keys].text, TEXT_ROOM, "%s", PICK(on, tags));
    op->key[op->keys++].present = rng_chance(on->hand, 650);
}

static void edit(struct thinking *on)
{
    if (strcmp(on->op->kind, "unit") == 0) {
        if (rng_chance(on->hand, 500))
            edit_key(on, "post");
        else
            set(on, "title", PICK(on, words));
    } else if (strcmp(on->op->kind, "event") == 0) {
        if (rng_chance(on->hand, 800))
            edit_key(on, "here");
        else
            set(on, "topic", PICK(on, words));
    } else if (rng_chance(on->hand, 250)) {
        edit_key(on, "tags");
    } else {
        edit_person(on);
    }
    if (rng_chance(on->hand, 800))
        note_seen(on);
}

static void move(struct thinking *on)
{
    set(on, "org", any_org(on));
    note_seen(on);
}

static void finish(struct thinking *on)
{
    struct op *op = on->op;

    op->ending = on->shown->ended ? ENDING_UNDO : ENDING_END;
    snprintf(op->reason, sizeof op->reason, "迁出");
    if (rng_chance(on->hand, 500))
        note_seen(on);
}

/* ---- cases ---- */

static bool find_case(struct thinking *on)
{
    struct shown_case *shown = &on->work->shown_case;
    uint64_t pass = rng_below(on->hand, 5);
    int64_t row = 0;
    bool found = false;
    int rc;

    while ((rc = store_next_case(on->machine->store, row, shown)) == 1) {
        row = shown->row;
        found = true;
        if (pass-- == 0)
            break;
    }
    return rc >= 0 && found && shown->kind != NULL && shown->cell >= 0;
}

static void take_body(struct thinking *on, const struct shown_case *shown,
                      bool present, const struct body *body)
{
    const struct kind *kind = shown->kind;
    char text[TEXT_ROOM];

    if (shown->cell == 0) {
        on->op->ending = present ? ENDING_END : ENDING_UNDO;
        snprintf(on->op->reason, sizeof on->op->reason, "迁出");
        return;
    }
    if (kind->cells[shown->cell].keyed) {
        snprintf(on->op->key[0].cell, WORD_ROOM, "%s",
                 kind->cells[shown->cell].name);
        snprintf(on->op->key[0].text, TEXT_ROOM, "%.*s", (int)shown->key.len,
                 (const char *)shown->key.data);
        on->op->key[0].present = present;
        on->op->keys = 1;
        return;
    }
    for (int i = 0; i < kind->nfields; i++) {
        struct bytes value = {NULL, 0};

        if (kind->fields[i].cell != shown->cell)
            continue;
        if (present)
            value = body_get(body, (uint64_t)kind->fields[i].id);
        snprintf(text, sizeof text, "%.*s", (int)value.len,
                 value.len > 0 ? (const char *)value.data : "");
        set(on, kind->fields[i].name, text);
    }
}

static bool settle(struct thinking *on)
{
    const struct shown_case *shown = &on->work->shown_case;
    struct op *op = on->op;
    uint64_t dice = rng_below(on->hand, 10);

    if (!find_case(on))
        return false;
    op->record = work_at(on->work, &shown->record);
    if (op->record < 0)
        return false;
    op->id = shown->record;
    op->kind = on->work->record[op->record].kind;
    op->settling = op->force = op->has_base = true;
    op->settles = shown->name;
    op->base = shown->number;
    if (dice < 4)
        take_body(on, shown, shown->in_force_present, &shown->in_force);
    else if (dice < 8 && shown->readable)
        take_body(on, shown, !shown->parked.removal, &shown->parked.body);
    else if (strcmp(op->kind, "person") == 0)
        edit_person(on);
    else
        return false;
    return true;
}

bool think(struct machine *machine, struct op *out)
{
    struct work *work = machine->sim->work;
    struct thinking on = {
        .machine = machine,
        .sim = machine->sim,
        .work = work,
        .desk = &work->desk[machine->at],
        .hand = &work->desk[machine->at].hand,
        .shown = &work->shown,
        .op = out,
    };
    uint64_t dice = rng_below(on.hand, 100);

    frame(&on);
    if (dice < 14 && settle(&on))
        return true;
    frame(&on);
    if (dice < 34 || !open_page(&on)) {
        frame(&on);
        create(&on);
    } else if (dice < 90) {
        edit(&on);
    } else if (dice < 95) {
        move(&on);
    } else {
        finish(&on);
    }
    return true;
}
