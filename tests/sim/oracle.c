#include "tests/sim/oracle.h"
#include "tests/sim/work.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAL_MAX = 16 << 20,
    HOURLY_MAX = 2000,          /* exchanges; one a second while there is more
                                 * is well below */
    VAIN_MAX = 3
};

struct oracle *oracle_new(void)
{
    struct oracle *oracle = xmalloc(sizeof *oracle);

    memset(oracle, 0, sizeof *oracle);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    if (oracle == NULL)
        return;
    free(oracle->told);
    free(oracle->slot);
    free(oracle);
}

static struct watch *watch_of(const struct machine *machine)
{
    return &machine->sim->oracle->watch[machine->at];
}

/* ---- what was told ---- */

struct telling {
    struct machine *machine;
    const struct op *op;
    struct told told;
    int found;
};

/* What number did the page show in this cell? It speaks of nothing it did not
 * show. */
static bool page_number(const struct op *op, const struct past *past,
                        uint64_t *number)
{
    if (!op->listed || op->settling)
        return false;
    *number = 0;
    for (int i = 0; i < op->seens; i++) {
        int cell = kind_cell(past->kind, op->seen[i].cell);

        if (cell >= 0 &&
            (uint64_t)past->kind->cells[cell].id == past->change.cell &&
            bytes_equal(bytes_text(op->seen[i].key), past->change.key))
            *number = op->seen[i].number;
    }
    return true;
}

/* Is it what the clerk typed, on the page the clerk saw? */
static void typed(struct telling *on, const struct past *past)
{
    const struct op *op = on->op;
    struct sim *sim = on->machine->sim;
    int cell = kind_cell_by_id(past->kind, past->change.cell);
    uint64_t number;

    for (int i = 0; i < op->sets && cell > 0; i++) {
        int field = kind_field(past->kind, op->set[i].field);
        struct bytes is;

        if (field < 0 || past->kind->fields[field].cell != cell)
            continue;
        is = body_get(&past->change.body,
                      (uint64_t)past->kind->fields[field].id);
        if (!bytes_equal(is, bytes_text(op->set[i].text)))
            sim_fail(sim, "V1", "%s saved other words than '%s'",
                     on->machine->name, op->set[i].text);
    }
    if (page_number(op, past, &number) && past->change.base > number)
        sim_fail(sim, "base", "%s: an edit of cell %llu speaks of number %llu, "
                 "and its page showed %llu", on->machine->name,
                 (unsigned long long)past->change.cell,
                 (unsigned long long)past->change.base,
                 (unsigned long long)number);
}

static int each_past(void *user, const struct past *past)
{
    struct telling *on = user;

    for (int i = 0; i < on->op->names; i++)
        if (name_equal(&past->change.name, &on->op->name[i])) {
            on->found++;
            typed(on, past);
            on->told.name = past->change.name;
            on->told.content = oracle_content(&past->change);
            oracle_book(on->machine, &on->told);
        }
    return 0;
}

void oracle_told(struct machine *machine, const struct op *op)
{
    struct sim *sim = machine->sim;
    struct telling on = {.machine = machine, .op = op};
    int rc;

    on.told.machine = machine->at;
    on.told.record = op->record;
    on.told.lineage = machine->lineage;
    on.told.at = sim->now;
    on.told.sure_at = -1;
    sim_trace(sim, (uint64_t)op->names);
    if (!op->repeated)
        watch_of(machine)->sure += (uint64_t)op->names;
    rc = store_history(machine->store, &op->id, each_past, &on);
    if (machine->dying)
        return;
    if (rc == ERR_RECORD) {     /* it left this station's view meanwhile */
        for (int i = 0; i < op->names; i++) {
            if (op->repeated && oracle_find(sim->oracle, &op->name[i], NULL))
                continue;       /* and its words were seen the first time */
            on.told.name = op->name[i];
            on.told.content = 0;
            oracle_book(machine, &on.told);
        }
    } else if (rc == 0 && on.found != op->names &&
               !watch_of(machine)->rotted) {
        sim_fail(sim, "V1", "%s: %d of %d changes just saved are in the "
                 "history", machine->name, on.found, op->names);
    }
}

void oracle_again(struct machine *machine, const struct op *first,
                  const struct op *second)
{
    bool same = second->repeated && second->names == first->names &&
                id_equal(&second->id, &first->id);

    for (int i = 0; same && i < first->names; i++)
        same = name_equal(&first->name[i], &second->name[i]);
    /* A token that rotted is another one. */
    if (!same && !watch_of(machine)->rotted)
        sim_fail(machine->sim, "V4", "%s: the same token twice gave two "
                 "answers", machine->name);
}

void oracle_in_doubt(struct machine *machine, const struct op *op)
{
    if (!op->repeated)
        watch_of(machine)->maybe += (uint64_t)op->names;
}

void oracle_refused(struct machine *machine, const struct fault *fault,
                    int err)
{
    switch (err) {
    case ERR_RULE:
    case ERR_SCOPE:
    case ERR_VALUE:
    case ERR_RECORD:
    case ERR_KIND:
    case ERR_CASE:
        return;
    case ERR_IO:
    case ERR_FULL:
    case ERR_UNKNOWN:
    case ERR_CORRUPT:
        if (watch_of(machine)->spoiled)
            return;
        break;
    case ERR_FAULT:             /* a row where there should be none */
    case ERR_TOKEN:             /* a row of tokens that differs now */
        if (watch_of(machine)->rotted)
            return;
        break;
    }
    sim_fail(machine->sim, "V16", "%s refuses a save with YZ%04d %s",
             machine->name, err_code(err), fault->why);
}

/* ---- sums and numbers ---- */

static void forward(struct machine *machine, const char *what, uint64_t *known,
                    uint64_t now)
{
    if (now < *known)
        sim_fail(machine->sim, "V9", "%s: %s went from %llu to %llu",
                 machine->name, what, (unsigned long long)*known,
                 (unsigned long long)now);
    *known = now;
}

/* What it comes up with, asked as soon as its disk lets it tell: a start may be
 * followed by reads that fail. What was saved since then counts on both sides. */
static void came_up(struct machine *machine, const struct store_status *status)
{
    struct watch *watch = watch_of(machine);

    if (!machine->hub && !watch->unsure && !watch->rotted &&
        (status->written < watch->sure ||
         status->written > watch->sure + watch->maybe))
        sim_fail(machine->sim, "V1", "%s comes up with %llu changes; %llu "
                 "were told, %llu in doubt", machine->name,
                 (unsigned long long)status->written,
                 (unsigned long long)watch->sure,
                 (unsigned long long)watch->maybe);
    watch->sure = status->written;
    watch->maybe = 0;
    watch->unsure = watch->uncounted = false;
}

static void check_status(struct machine *machine,
                         const struct store_status *status)
{
    struct sim *sim = machine->sim;
    struct watch *watch = watch_of(machine);
    uint64_t sum = 0;

    sim->count.checks++;
    if (watch->uncounted)
        came_up(machine, status);
    for (int i = 0; i < STATES; i++)
        sum += status->count[i];
    if (sum != status->written)
        sim_fail(sim, "sum", "%s: the states are %llu of %llu", machine->name,
                 (unsigned long long)sum, (unsigned long long)status->written);
    if (!machine->hub && !watch->rotted && sum != watch->sure)
        sim_fail(sim, "sum", "%s counts %llu changes, and has told of %llu",
                 machine->name, (unsigned long long)sum,
                 (unsigned long long)watch->sure);
    if (status->wal_bytes > WAL_MAX)
        sim_fail(sim, "V11", "%s: a log of %lld bytes", machine->name,
                 (long long)status->wal_bytes);
    if (store_pending(machine->store) > 0 || watch->rotted)
        return;                 /* it may still be undone */
    forward(machine, "life", &watch->life, status->life);
    forward(machine, "number", &watch->number, status->number);
    forward(machine, "seq", &watch->seq, status->seq);
}

static bool status_of(struct machine *machine, struct store_status *status)
{
    int rc = store_status(machine->store, status);

    if (machine->dying)
        return false;
    if (rc < 0 && !watch_of(machine)->spoiled)
        sim_fail(machine->sim, "V16", "%s: no status, YZ%04d", machine->name,
                 err_code(rc));
    return rc == 0;
}

/* ---- up and down ---- */

void oracle_started(struct machine *machine)
{
    struct store_status status;

    watch_of(machine)->uncounted = true;
    if (status_of(machine, &status))
        check_status(machine, &status);
}

bool oracle_start_failed(struct machine *machine, int err)
{
    if (watch_of(machine)->rotted)
        return false;           /* whatever it says, it will not do */
    if (err != ERR_IO && err != ERR_FULL && err != ERR_UNKNOWN &&
        err != ERR_CORRUPT && err != ERR_MISSING)
        sim_fail(machine->sim, "start", "%s: YZ%04d", machine->name,
                 err_code(err));
    else if (!watch_of(machine)->spoiled)
        sim_fail(machine->sim, "start", "%s: YZ%04d with a good disk",
                 machine->name, err_code(err));
    return err != ERR_CORRUPT && err != ERR_MISSING;
}

void oracle_crashed(struct machine *machine)
{
    work_crashed(machine);
}

void oracle_committed(struct machine *machine)
{
    work_committed(machine);
}

bool oracle_commit_failed(struct machine *machine, int err)
{
    if (!watch_of(machine)->spoiled)
        sim_fail(machine->sim, "V16", "%s: a commit failed with YZ%04d and a "
                 "good disk", machine->name, err_code(err));
    return err != ERR_CORRUPT;
}

/* ---- exchanges ---- */

void oracle_begins(struct machine *machine)
{
    struct watch *watch = watch_of(machine);
    int64_t hour = machine->sim->now / HOUR;

    if (watch->hour != hour)
        watch->begun = 0;
    watch->hour = hour;
    if (++watch->begun > HOURLY_MAX)
        sim_fail(machine->sim, "V12", "%s began %d exchanges in an hour",
                 machine->name, HOURLY_MAX);
}

static void confirmed(struct machine *machine)
{
    struct oracle *oracle = machine->sim->oracle;
    struct watch *watch = watch_of(machine);

    for (; watch->unsent < oracle->count; watch->unsent++) {
        struct told *told = &oracle->told[watch->unsent];

        if (told->machine == machine->at && told->sure_at < 0 &&
            told->lineage == machine->lineage)
            told->sure_at = machine->sim->now;
    }
}

void oracle_exchanged(struct machine *machine, const struct asked *asked,
                      bool good)
{
    struct sim *sim = machine->sim;
    struct watch *watch = watch_of(machine);
    struct store_status status;
    bool moved = asked->confirmed > 0 || asked->down > 0 || asked->healed;

    sim_trace(sim, asked->confirmed << 32 | asked->down << 8 |
                       (uint64_t)good << 1 | asked->more);
    sim_say(sim, machine, "%s: up %llu confirmed %llu down %llu%s",
            good ? "has exchanged" : "was cut off",
            (unsigned long long)asked->up,
            (unsigned long long)asked->confirmed,
            (unsigned long long)asked->down, asked->more ? ", more" : "");
    watch->more = !good || asked->more;
    watch->in_vain = good && asked->more && !moved ? watch->in_vain + 1 : 0;
    if (watch->in_vain > VAIN_MAX && !watch->rotted)    /* each waits longer */
        sim_fail(sim, "V12", "%s asks for more again and again, and nothing "
                 "moves", machine->name);
    if (!status_of(machine, &status))
        return;
    check_status(machine, &status);
    sim_trace(sim, status.number ^ status.seq << 20 ^ status.cases << 40);
    /* What a rotten disk counts as queued tells nothing. */
    if (good && !asked->more && status.count[STATE_QUEUED] == 0 &&
        !watch->rotted)
        confirmed(machine);
}

void oracle_refused_talk(struct machine *by, struct machine *station, int err,
                         const struct fault *fault, bool garbled)
{
    struct sim *sim = by->sim;

    sim_trace(sim, (uint64_t)(int64_t)err);
    sim_say(sim, by, "refuses what %s: YZ%04d %s %s",
            by == station ? "the hub says" : station->name, err_code(err),
            fault->field, fault->why);
    if (err_code(err) == 0)
        sim_fail(sim, "V16", "%s refuses without a code", by->name);
    if (garbled || err == ERR_AGAIN || watch_of(by)->spoiled)
        return;
    if (err == ERR_STATION && hub_speaker(sim_hub(sim), station->name) == NULL)
        return;
    if (err == ERR_FORKED && station->clone)
        return;                 /* the hub has its twin's under this name */
    if (err == ERR_VERSION && sim->oracle->hub_was_back)
        return;                 /* an answer of a lost life */
    sim_fail(sim, "talk", "%s refuses what %s says: YZ%04d %s %s", by->name,
             by == station ? "the hub" : station->name, err_code(err),
             fault->field, fault->why);
}
