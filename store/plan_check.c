/* Does the record keep its rules with this save on top? */
#include "store/plan.h"
#include "store/check.h"

#include <stdio.h>
#include <string.h>

static bool exists(void *user, const char *kind_name, const char *field_name,
                   struct bytes value)
{
    struct store *store = user;
    const struct kind *kind = kinds_find(store->kinds, kind_name);
    int field = kind == NULL ? -1 : kind_field(kind, field_name);

    return field >= 0 && lookup_other(store, kind, field, value, 0) != 0;
}

static void values_of(const struct kind *kind, int cell,
                      const struct body *body, struct bytes *value)
{
    for (int i = 0; i < kind->nfields; i++) {
        const struct field *field = &kind->fields[i];

        if (field->cell != cell)
            continue;
        if (field->type == FIELD_SET)
            value[i] = bytes_text("+");
        else
            value[i] = body_get(body, (uint64_t)field->id);
    }
}

/* The record as it would be: what is shown, with the plan on top. */
static void record_values(const struct plan *plan, struct bytes *value)
{
    static const struct body empty;

    for (int i = 0; i < plan->shown.cells; i++)
        if (plan->shown.cell[i].present)
            values_of(plan->kind, plan->shown.cell[i].cell,
                      &plan->shown.cell[i].body, value);
    for (int i = 0; i < plan->cells; i++)
        if (!plan->cell[i].removal)
            values_of(plan->kind, plan->cell[i].cell, &plan->cell[i].body,
                      value);
        else if (!plan->kind->cells[plan->cell[i].cell].keyed)
            values_of(plan->kind, plan->cell[i].cell, &empty, value);
}

static void warn(struct receipt *out, const char *rule, const char *field)
{
    for (int i = 0; i < out->warnings; i++)
        if (strcmp(out->warning[i].rule, rule) == 0 &&
            strcmp(out->warning[i].field, field) == 0)
            return;
    if (out->warnings == WARNINGS)
        return;
    snprintf(out->warning[out->warnings].rule, sizeof out->warning[0].rule,
             "%s", rule);
    snprintf(out->warning[out->warnings].field, sizeof out->warning[0].field,
             "%s", field);
    out->warnings++;
}

static int broken_rule(const struct plan *plan, const struct finding *found,
                       struct fault *fault)
{
    const struct rule *rule = found->rule;
    const char *field = plan->kind->fields[found->field].name;
    int rc = fault_set(fault, ERR_RULE, field, "%s",
                       rule == NULL ? "it must be filled in"
                       : rule->says != NULL ? rule->says
                                            : "see the rules of this kind");

    if (fault != NULL)
        snprintf(fault->rule, sizeof fault->rule, "%s",
                 rule == NULL ? "required" : rule->id);
    return rc;
}

static int check_once(struct store *store, const struct plan *plan,
                      struct check_in *in, struct receipt *out,
                      struct fault *fault)
{
    struct finding errors[FINDINGS], warnings[FINDINGS];
    int nwarnings, nerrors;

    in->exists = exists;
    in->user = store;
    nerrors = check(in, errors, warnings, &nwarnings);
    for (int i = 0; i < nwarnings; i++)
        warn(out, warnings[i].rule->id,
             plan->kind->fields[warnings[i].field].name);
    return nerrors > 0 ? broken_rule(plan, &errors[0], fault) : 0;
}

static void warn_duplicates(struct store *store, const struct plan *plan,
                            const struct check_in *in, struct receipt *out)
{
    for (int i = 0; i < plan->kind->nfields; i++)
        if (plan->kind->fields[i].unique && in->value[i].len > 0 &&
            lookup_other(store, plan->kind, i, in->value[i],
                         plan->row.id) != 0)
            warn(out, "unique", plan->kind->fields[i].name);
}

int plan_check(struct store *store, const struct plan *plan,
               struct receipt *out, struct fault *fault)
{
    struct check_in in;
    int rc = 0;

    check_init(&in, plan->kind, CHECK_ALL);
    record_values(plan, in.value);
    if (!plan->existed) {
        rc = check_once(store, plan, &in, out, fault);
        warn_duplicates(store, plan, &in, out);
        return rc;
    }
    for (int i = 0; i < plan->cells && rc == 0; i++) {
        in.only_cell = plan->cell[i].cell;
        if (in.only_cell > 0)
            rc = check_once(store, plan, &in, out, fault);
        if (in.only_cell == 1)
            warn_duplicates(store, plan, &in, out);
    }
    return rc;
}
