#include "store/view.h"

#include <stddef.h>
#include <string.h>

void edit_clear(struct edit *edit)
{
    memset(edit, 0, offsetof(struct edit, set));
}

const char *state_text(enum state state)
{
    static const char *const text[STATES] = {
        "queued", "received", "taken", "same",
        "parked", "returned", "aside", "settled"};

    return state < STATES ? text[state] : "";
}

const char *reason_text(enum reason reason)
{
    static const char *const text[] = {
        "",     "clash", "proposal",   "ended",     "fixed", "step",
        "rule", "scope", "unreadable", "duplicate", "value",
        "copied", "restored"};

    if (reason == REASON_LOST)
        return "lost";
    return (size_t)reason < sizeof text / sizeof text[0] ? text[reason] : "";
}
